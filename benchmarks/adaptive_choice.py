"""How the adaptive strategies were chosen: every rule on the same draws of MBPP's validation split.

    python -m benchmarks.adaptive_choice --data-dir DIR --store FILE --engine NAME   # judges the draws the store has
    python -m benchmarks.adaptive_choice                                             # the table, from what was judged

The draws are ``best_of``'s: ``pytest --strategy=best_of --humaneval-dataset=mbpp:validation:docstring`` leaves five of
every problem in the store. A rule is followed through many random orders of a problem's draws, which are as
good as any other draws: a mean over those says more than one order. Nothing here knows HumanEval.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import mean

from benchmarks.engine_measure import read_result
from pytest_humaneval import Candidate, Completion, Generation, Problem, Trial, undefined_names
from pytest_humaneval.dataset.kinds import Wanted
from pytest_humaneval.dataset.mbpp import find_mbpp
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.engine.store import Store
from pytest_humaneval.guiding.trial import try_completion
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.sample import Request, Sampling
from pytest_humaneval.sandbox import open_sandbox
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT, Sandbox, SandboxOptions
from strategies.adaptive import MOST_DRAWS, NUM_INPUTS, Drawn, most_agreed, most_probable
from strategies.execution_guided import NUM_SAMPLES, TEMPERATURE
from strategies.published import lm_eval_instruct

FILE = Path(__file__).parent / "results" / "adaptive_choice.jsonl"
PROCESSORS = ("post_v1", "post_v5")
RANKINGS = {"most probable": most_probable, "most agreed": most_agreed}
NEVER = 99  # so many never agree: all are drawn, as best_of does
AGREEING = (NEVER, 4, 3, 2, 1)
ORDERS = 20
DIGITS = 6  # of an answer's digest: enough to tell a problem's answers apart


@dataclass(frozen=True, slots=True)
class Row:
    """One draw under one post-processor: what a strategy learns of it, and whether the hidden test passes."""

    task_id: str
    index: int
    processor: str
    tokens: int
    logprob: float
    kind: str
    num_right: int
    num_examples: int
    answers: str  # by blanks; one that raised is -
    is_whole: bool  # no name is undefined
    passed: bool

    @property
    def trial(self) -> Trial:
        answers = tuple("" if each == "-" else each for each in self.answers.split())
        return Trial(self.kind, self.num_right, self.num_examples, answers=answers)

    def unseen(self) -> Row:
        """The same where the docstring had no example."""
        return replace(self, num_right=0, num_examples=0, answers=" ".join(self.answers.split()[self.num_examples :]))


@dataclass(slots=True)
class Replayed(Drawn):
    """The strategies' own state, fed with rows."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.candidates.append(Candidate(Generation("", logprob=row.logprob), Completion(str(row.index))))
        self.trials.append(row.trial)

    def _is_whole(self, number: int) -> bool:
        return self.rows[number].is_whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(), help="where mbpp.jsonl is")
    parser.add_argument("--store", type=Path, help="generations.sqlite of the run")
    parser.add_argument("--engine", default="", help="the run's engine, as its run.json names it")
    options = parser.parse_args()
    if options.store:
        problems = find_mbpp(Wanted(("validation", "docstring"), folders=(options.data_dir,))).problems
        rows = [json.dumps(asdict(row)) for row in collected(problems, options.store, options.engine)]
        FILE.write_text("".join(f"{row}\n" for row in rows))
    print(table(kept()))


def kept() -> list[Row]:
    """The draws that were judged, of problems of which all first five were."""
    rows = [Row(**json.loads(line)) for line in FILE.read_text().splitlines()]
    whole = {row.task_id for row in rows if row.index == NUM_SAMPLES - 1}
    first = [row for row in rows if row.index < NUM_SAMPLES]
    counts = {task: len({row.index for row in first if row.task_id == task}) for task in whole}
    return [row for row in first if counts.get(row.task_id, 0) == NUM_SAMPLES]


def collected(problems: Iterable[Problem], store: Path, engine: str) -> Iterator[Row]:
    """The draws that the store has, tried out and judged."""
    identity = Identity(engine, digest=read_result("table", "guided", "run.json")["identity"]["digest"])
    opened, _ = Store.open(store)
    sampling = Sampling(TEMPERATURE, logprobs=True)
    with open_sandbox(SandboxOptions()) as sandbox:
        for problem in problems:
            prompt = lm_eval_instruct.build_prompt(problem.visible())
            keys = [Request(prompt, sampling, index).key(identity.key) for index in range(MOST_DRAWS)]
            drawn = opened.get_many(keys)
            for index, key in enumerate(keys):
                for name in PROCESSORS if key in drawn else ():
                    code = postprocess(name, problem.visible(), prompt, drawn[key].text).text
                    yield _row(sandbox, problem, index, name, code, drawn[key])
    opened.close()


def _row(sandbox: Sandbox, problem: Problem, index: int, name: str, code: str, drawn: Generation) -> Row:
    trial = try_completion(sandbox, problem.visible(), code, drawn_inputs=NUM_INPUTS)
    assert drawn.logprob is not None, "the engine told no probabilities"
    return Row(
        problem.task_id,
        index,
        name,
        drawn.completion_tokens,
        round(drawn.logprob, 6),
        trial.kind,
        trial.num_right,
        trial.num_examples,
        " ".join(answer[:DIGITS] or "-" for answer in trial.answers),
        not undefined_names(problem.visible(), code),
        sandbox.check(problem, code, timeout=DEFAULT_TIMEOUT).passed,
    )


def table(rows: Sequence[Row]) -> str:
    """Markdown: each rule's mean share of problems that pass and its mean tokens, with and without the examples."""
    lines = [
        "| takes | agree | post-processing | pass@1 | tokens | without examples: pass@1 | tokens |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    rules = [(processor, takes, agreeing) for processor in PROCESSORS for takes in RANKINGS for agreeing in AGREEING]
    return "\n".join([*lines, *(line(rows, *rule) for rule in rules)]) + "\n"


def line(rows: Sequence[Row], processor: str, takes: str, agreeing: int) -> str:
    """The table's line for one rule."""
    mine = [row for row in rows if row.processor == processor]
    ends = followed(mine, takes, agreeing), followed([row.unseen() for row in mine], takes, agreeing)
    figures = " | ".join(f"{share:.3f} | {tokens:,.0f}" for share, tokens in ends)
    return f"| {takes} | {'never' if agreeing == NEVER else agreeing} | `{processor}` | {figures} |"


def followed(rows: Iterable[Row], takes: str, agreeing: int) -> tuple[float, float]:
    """Mean share that passes and mean tokens, over many orders of each problem's draws."""
    drawn: dict[str, list[Row]] = {}
    for row in rows:
        drawn.setdefault(row.task_id, []).append(row)
    random = Random(0)
    ends = [
        [_followed(random.sample(some, len(some)), takes, agreeing) for some in drawn.values()] for _ in range(ORDERS)
    ]
    shares = (mean(passed for passed, _ in end) for end in ends)
    return mean(shares), mean(sum(tokens for _, tokens in end) for end in ends)


def _followed(rows: Sequence[Row], takes: str, agreeing: int) -> tuple[bool, int]:
    """Whether what one problem's draws in this order lead to passes, and the tokens of those that were drawn."""
    state = Replayed(Problem("", "", "", "", ""), agreeing, (len(rows),) * 3)
    while wanted := state.wanted():
        for row in rows[len(state.rows) :][:wanted]:
            state.add(row)
    taken = RANKINGS[takes](state)
    chosen = next(row for row, candidate in zip(state.rows, state.candidates, strict=True) if candidate is taken)
    return chosen.passed, sum(row.tokens for row in state.rows)


if __name__ == "__main__":
    main()
