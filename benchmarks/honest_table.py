"""Every strategy on the default model: pass@1 with interval, cost, and exact McNemar against ``minimal``.

    python -m benchmarks.honest_table                  # runs the groups that have no results yet, then writes the table
    python -m benchmarks.honest_table --group chat     # runs this group, also where it has results
    python -m benchmarks.honest_table --only-table

Each group is one pytest run over all 164 problems, greedy but for what the guided strategies draw; its raw results stay
in benchmarks/results/table/GROUP. A run that is cut off resumes: finished generations are in the store. Time is that
of the group as a whole: its strategies share one batch, so none has a time of its own.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine_measure import read_result
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.prompts import PROMPTS_FILE
from pytest_humaneval.results.read import Results, read_results
from pytest_humaneval.statistics.metrics import wilson_interval
from pytest_humaneval.statistics.paired import holm, mcnemar
from pytest_humaneval.text.wording import p_text

REPOSITORY = Path(__file__).parents[1]
ABSOLUTE_FOLDER = re.compile(r"(?<![\w:/.])/(?:[\w.+@-]+/)+")
FOLDER = Path(__file__).parent / "results" / "table"
REFERENCE = "minimal"
# What shares most of its prompts stands together: equal requests are one generation, equal beginnings one prefill.
GROUPS = {
    "first": ("minimal", "expert_v00", "chat", "qwen_instruct"),
    "guided": ("best_of", "vote", "repair"),
    "published": ("qwen_base", "evalplus_chat", "lm_eval_instruct"),
    "chat": ("chat_fewshot", "chat_cot"),
    "minimal": ("minimal_v2", "minimal_v3", "minimal_v4", "minimal_v5", "minimal_v6", "minimal_v7", "infilling", "cot"),
    "expert": ("expert", "expert_v0", "expert_v1", "expert_v2", "minimal_v0"),
    "instructions": ("instructional", "datadriven", "helper", "opt1"),
    "examples": ("fewshot", "example_v0", "optimized_v1", "optimized_v2", "optimized_v3"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One strategy's outcomes beside the reference's."""

    strategy: str
    outcomes: tuple[Outcome, ...]
    better: int
    worse: int

    @property
    def judged(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.error]

    @property
    def passed(self) -> int:
        return sum(outcome.passed for outcome in self.outcomes)

    @property
    def share(self) -> float:
        return self.passed / len(self.judged)

    @property
    def p_value(self) -> float:
        return mcnemar(self.better, self.worse)


def main() -> None:
    run_missing(__doc__, FOLDER, GROUPS)
    results = finished()
    text = f"{table(results.values())}\n{sharing(results)}\n\n{batches(results)}"
    (FOLDER / "table.md").write_text(text, encoding="utf-8")
    print(text)


def run_missing(
    description: str | None, folder: Path, groups: Mapping[str, Sequence[str]], fixed_options: Sequence[str] = ()
) -> None:
    """What the command line asks for: the groups that ``folder`` has no results of, or those that are named."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", action="append", choices=groups, default=[])
    parser.add_argument("--only-table", action="store_true")
    options, pytest_options = parser.parse_known_args()
    if options.only_table:
        return
    for group in options.group or [group for group in groups if not (folder / group / "run.json").exists()]:
        run(groups[group], folder / group, (*fixed_options, *pytest_options))


def write_table(
    description: str | None, folder: Path, groups: Mapping[str, Sequence[str]], fixed_options: Sequence[str] = ()
) -> None:
    """Run what the command line asks for, and write the table of what has been run, with what each group took."""
    run_missing(description, folder, groups, fixed_options)
    results = finished(folder, groups)
    text = f"{table(results.values())}\n{batches(results, folder.name)}"
    (folder / "table.md").write_text(text, encoding="utf-8")
    print(text)


def finished(folder: Path = FOLDER, groups: Iterable[str] = GROUPS) -> dict[str, Results]:
    """The results of the groups that have been run, in their order."""
    return {group: read_results(folder / group) for group in groups if (folder / group / "run.json").exists()}


def run(strategies: Sequence[str], output: Path, pytest_options: Sequence[str]) -> None:
    """One group, as a user would; problems that fail are no failure of the run."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        f"--strategy={','.join(strategies)}",
        "-q",
        "--no-summary",
        "-n",
        "auto",
    ]
    ended = subprocess.run([*command, f"--humaneval-output={output}", *pytest_options], check=False)
    if ended.returncode not in (0, 1):
        sys.exit(f"{output.name}: pytest ended with status {ended.returncode}")
    run_json = output / "run.json"
    run_json.write_text(without_folders(run_json.read_text(encoding="utf-8")), encoding="utf-8")


def without_folders(text: str) -> str:
    """The same without where things lay on the machine that ran it, which is nobody's business.

    Of an absolute path its last part is left, of one inside the repository all from there.
    """
    return ABSOLUTE_FOLDER.sub("", text.replace(f"{REPOSITORY}/", ""))


def table(runs: Iterable[Results]) -> str:
    """Markdown: one row a strategy, the best first; those that see the examples apart."""
    outcomes: dict[str, dict[str, Outcome]] = {}
    for results in runs:
        for outcome in results.outcomes:
            outcomes.setdefault(outcome.strategy, {})[outcome.task_id] = outcome
    reference = outcomes[REFERENCE]
    lines = [_line(name, mine, reference) for name, mine in outcomes.items()]
    compared = [line for line in lines if line.strategy != REFERENCE]
    corrected = dict(zip((line.strategy for line in compared), holm([line.p_value for line in compared]), strict=True))
    guided = {line.strategy for line in lines if any(outcome.guided for outcome in line.outcomes)}
    rows = [
        "| strategy | sees | pass@1 | 95 % interval | better / worse than `minimal` | p | p, Holm | tokens "
        "| timed out | errors |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for line in sorted(lines, key=lambda each: (each.strategy in guided, -each.share, each.strategy)):
        rows.append(_row(line, "examples" if line.strategy in guided else "prompt", corrected.get(line.strategy)))
    return "\n".join(rows) + "\n"


def sharing(runs: Mapping[str, Results]) -> str:
    """Two sentences: what one session with many strategies generates, over the sum of sessions with one each.

    Requests of equal prompt and stop strings are one generation. What guided strategies ask is not kept, as it may
    depend on former answers; their group's run tells what they generated beyond what was in the store, which were the
    answers to ``lm_eval_instruct``.
    """
    alone: list[int] = []
    together: dict[str, int] = {}
    draws, drawn = 0, 0
    for group, results in runs.items():
        if guided := [outcome.completion_tokens for outcome in results.outcomes if outcome.guided]:
            draws += sum(guided)
            drawn += read_result("table", group, "run.json")["engine_process"]["tokens"]
        tokens = {
            (outcome.task_id, outcome.strategy): outcome.completion_tokens
            for outcome in results.outcomes
            if not outcome.guided
        }
        for row in (json.loads(line) for line in (FOLDER / group / PROMPTS_FILE).read_text().splitlines()):
            request = json.dumps([row[part] for part in ("mode", "text", "messages", "stop")])
            for task_id, strategy in row["items"]:
                if (task_id, strategy) in tokens:
                    alone.append(tokens[task_id, strategy])
                    together[request] = tokens[task_id, strategy]
    ours, theirs = sum(together.values()), sum(alone)
    return (
        f"Single-sample strategies alone: {len(alone):,} answers, {theirs:,} tokens; in one session {len(together):,} "
        f"answers, {ours:,} tokens: {ours / theirs:.2f}. With the guided ones, whose draws are the same too, "
        f"{ours + drawn:,} of {theirs + draws:,} tokens: {(ours + drawn) / (theirs + draws):.2f}."
    )


def batches(groups: Iterable[str], of_table: str = FOLDER.name) -> str:
    """Markdown: what each group's one batch took. A group that was finished in several goes has no time."""
    rows = [
        "| group | generated | from the store | tokens | prompt tokens | of these cached | seconds |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for group in groups:
        took = read_result(of_table, group, "run.json")["engine_process"]
        rows.append(
            f"| {group} | {took['total']:,} | {took['from_store']:,} | {took['tokens']:,} | {took['prompt_tokens']:,} "
            f"| {took['cached_prompt_tokens']:,} | {took['generating_seconds']:,.0f} |"
            if took["total"]
            else f"| {group} | | {took['from_store']:,} | | | | |"
        )
    return "\n".join(rows) + "\n"


def _line(strategy: str, mine: dict[str, Outcome], reference: dict[str, Outcome]) -> Line:
    shared = [(mine[task], reference[task]) for task in mine.keys() & reference.keys()]
    pairs = [(first.passed, other.passed) for first, other in shared if not first.error and not other.error]
    return Line(strategy, tuple(mine.values()), pairs.count((True, False)), pairs.count((False, True)))


def _row(line: Line, sees: str, corrected: float | None) -> str:
    low, high = wilson_interval(line.passed, len(line.judged))
    compared = ["", "", ""]
    if corrected is not None:
        compared = [f"{line.better} / {line.worse}", p_text(line.p_value), p_text(corrected)]
    cells = [
        f"`{line.strategy}`",
        sees,
        f"{line.share:.3f}",
        f"[{low:.3f}, {high:.3f}]",
        *compared,
        f"{sum(outcome.completion_tokens for outcome in line.outcomes):,}",
        str(sum(outcome.kind == "timed out" for outcome in line.outcomes)),
        str(sum(outcome.error for outcome in line.outcomes)),
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
