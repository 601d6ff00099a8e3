"""How the adaptive strategies were chosen: every rule on the same draws of MBPP's validation split.

    python -m benchmarks.adaptive_choice --collect --data-dir DIR    # judges what the store has of the draws
    python -m benchmarks.adaptive_choice                             # writes the table from what was collected

The draws are ``best_of``'s: ``pytest --strategy=best_of --humaneval-dataset=mbpp:validation:docstring``
leaves the first five of every problem in the store. A rule is followed through many random orders of a problem's
draws, which are as good as any other draws: a mean over those says more than one order. Nothing here knows HumanEval.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

from benchmarks.engine_measure import read_result
from pytest_humaneval import Candidate, Completion, Generation, Problem, Trial
from pytest_humaneval.dataset.kinds import Wanted
from pytest_humaneval.dataset.mbpp import find_mbpp
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.engine.store import Store
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.prompting.trial import try_completion
from pytest_humaneval.sample import Request, Sampling
from pytest_humaneval.sandbox import open_sandbox
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT, Sandbox, SandboxOptions
from strategies.adaptive import MOST_DRAWS, NUM_INPUTS, Drawn, most_agreed, most_probable
from strategies.guided import NUM_SAMPLES, TEMPERATURE
from strategies.published import lm_eval_instruct

FILE = Path(__file__).parent / "results" / "adaptive_choice.jsonl"
PROCESSORS = ("post_v1", "post_v5")
RANKINGS = {"most probable": most_probable, "most agreed": most_agreed}
NEVER = 99  # so many never agree: all are drawn, as best_of does
RULES = [
    (NEVER, NUM_SAMPLES, NUM_SAMPLES),
    *(
        (agreeing, most, few)
        for agreeing in (1, 2, 3, 4)
        for most in (5, 8, 11, 14, 20)
        for few in sorted({5, 8, most})
    ),
]
ORDERS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One draw under one post-processor: what a strategy learns of it, and whether the hidden test passes."""

    task_id: str
    index: int
    processor: str
    code: str
    tokens: int
    logprob: float
    trial: dict[str, Any]
    passed: bool

    def candidate(self) -> Candidate:
        return Candidate(Generation("", completion_tokens=self.tokens, logprob=self.logprob), Completion(self.code))

    def tried(self) -> Trial:
        return Trial(**(self.trial | {"answers": tuple(self.trial["answers"])}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=Path())
    parser.add_argument("--store", type=Path, help="generations.sqlite of the run")
    parser.add_argument("--engine", default="", help="the run's engine, as its run.json names it")
    options = parser.parse_args()
    problems = find_mbpp(Wanted(("validation", "docstring"), folders=(options.data_dir,))).problems
    if options.collect:
        rows = [asdict(row) for row in collected(problems, options.store, options.engine)]
        FILE.write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = [Row(**json.loads(line)) for line in FILE.read_text().splitlines()]
    print(table(kept, {problem.task_id: problem.visible() for problem in problems}))


def collected(problems: Iterable[Problem], store: Path, engine: str) -> Iterator[Row]:
    """The draws that the store has, tried out and judged."""
    identity = Identity(engine, digest=read_result("table", "guided", "run.json")["identity"]["digest"])
    opened, _ = Store.open(store)
    how = Sampling(TEMPERATURE, logprobs=True)
    with open_sandbox(SandboxOptions()) as sandbox:
        for problem in problems:
            prompt = lm_eval_instruct.build_prompt(problem.visible())
            keys = [Request(prompt, how, index).key(identity.key) for index in range(MOST_DRAWS)]
            drawn = opened.get_many(keys)
            for index, key in enumerate(keys):
                for name in PROCESSORS if key in drawn else ():
                    made = postprocess(name, problem.visible(), prompt, drawn[key].text)
                    yield _row(sandbox, problem, index, name, made.text, drawn[key])
    opened.close()


def _row(sandbox: Sandbox, problem: Problem, index: int, name: str, code: str, drawn: Generation) -> Row:
    trial = try_completion(sandbox, problem.visible(), code, drawn_inputs=NUM_INPUTS)
    passed = sandbox.check(problem, code, timeout=DEFAULT_TIMEOUT).passed
    assert drawn.logprob is not None
    return Row(problem.task_id, index, name, code, drawn.completion_tokens, drawn.logprob, asdict(trial), passed)


def table(rows: Sequence[Row], problems: dict[str, Problem]) -> str:
    """Markdown: each rule's mean share of problems that pass, and its mean tokens for all of them."""
    lines = [
        "| takes | agreeing | draws at most | post-processing | pass@1 | tokens |",
        "|---|--:|--:|---|--:|--:|",
    ]
    for processor in PROCESSORS:
        drawn: dict[str, list[Row]] = {}
        for row in rows:
            if row.processor == processor:
                drawn.setdefault(row.task_id, []).append(row)
        most_there = max(map(len, drawn.values()))
        for takes in RANKINGS:
            for agreeing, most, few in RULES:
                if few <= most <= most_there:
                    share, tokens = followed(drawn, problems, takes, agreeing, most, few)
                    shown = "never" if agreeing > most else agreeing
                    lines.append(f"| {takes} | {shown} | {few} to {most} | {processor} | {share:.3f} | {tokens:,.0f} |")
    return "\n".join(lines) + "\n"


def followed(
    drawn: dict[str, list[Row]], problems: dict[str, Problem], takes: str, agreeing: int, most: int, few: int
) -> tuple[float, float]:
    """Mean share that passes and mean tokens over many orders of each problem's draws."""
    random, shares, tokens = Random(0), [], []
    for _ in range(ORDERS):
        ends = [_followed(random.sample(some, len(some)), problems[task], takes, agreeing, most, few)
                for task, some in drawn.items()]  # fmt: skip
        shares.append(mean(passed for passed, _ in ends))
        tokens.append(sum(count for _, count in ends))
    return mean(shares), mean(tokens)


def _followed(
    rows: Sequence[Row], problem: Problem, takes: str, agreeing: int, most: int, few: int
) -> tuple[bool, int]:
    """Whether what one problem's draws in this order lead to passes, and the tokens of those that were drawn."""
    state = Drawn(problem, agreeing, min(most, len(rows)), min(few, len(rows)))
    while wanted := state.wanted():
        done = len(state.candidates)
        for row in rows[done : done + wanted]:
            candidate, trial = _parts(row)
            state.candidates.append(candidate)
            state.trials.append(trial)
    taken = RANKINGS[takes](state)
    used = rows[: len(state.candidates)]
    return next(row.passed for row, one in zip(used, state.candidates, strict=True) if one is taken), sum(
        row.tokens for row in used
    )


@cache
def _cached(task_id: str, index: int, processor: str) -> dict[str, Any]:
    return {}


def _parts(row: Row) -> tuple[Candidate, Trial]:
    kept = _cached(row.task_id, row.index, row.processor)
    if not kept:
        kept["both"] = row.candidate(), row.tried()
    both: tuple[Candidate, Trial] = kept["both"]
    return both


if __name__ == "__main__":
    main()
