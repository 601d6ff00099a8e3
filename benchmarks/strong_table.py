"""The honest table's samples judged anew by HumanEval with stronger tests: no generation is needed.

    python -m benchmarks.strong_table                 # judges, then writes the table
    python -m benchmarks.strong_table --only-table

Raw verdicts of the samples that pass the plain test stay in benchmarks/results/strong/verdicts.jsonl. Each verdict by
the plain test has to be the one that the table's results have.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.honest_table import REFERENCE, finished
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.headline import counterexample
from pytest_humaneval.sandbox import DEFAULT_TIMEOUT, SandboxOptions, open_sandbox
from pytest_humaneval.statistics.metrics import wilson_interval
from pytest_humaneval.statistics.paired import holm, mcnemar
from pytest_humaneval.text.wording import p_text
from pytest_humaneval.verdict import Verdict

FOLDER = Path(__file__).parent / "results" / "strong"
DATASET = Path("humaneval-strong")


@dataclass(frozen=True, slots=True)
class Line:
    """One strategy: how many problems it solves by each test, and how it does beside the reference by the stronger."""

    strategy: str
    sees: str
    passed: int
    strong: int
    better: int
    worse: int
    of: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only-table", action="store_true")
    parser.add_argument("--dataset", type=Path, default=DATASET)
    options = parser.parse_args()
    outcomes = [outcome for results in finished().values() for outcome in results.outcomes]
    FOLDER.mkdir(exist_ok=True)
    if not options.only_table:
        rows = judge(outcomes, options.dataset)
        (FOLDER / "verdicts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    text = table(lines_of(outcomes, read_rejected()))
    (FOLDER / "table.md").write_text(text, encoding="utf-8")
    print(text)


def judge(outcomes: Sequence[Outcome], dataset: Path) -> list[dict[str, Any]]:
    """The verdict by the stronger test on each sample that passes the plain one; equal completions are judged once."""
    problems = {problem.task_id: problem for problem in read_dataset(dataset).problems}
    verdicts: dict[tuple[str, str], Verdict] = {}
    rows = []
    with open_sandbox(SandboxOptions()) as sandbox:
        for outcome in outcomes:
            place, problem = (outcome.task_id, outcome.completion), problems[outcome.task_id]
            if place not in verdicts:
                verdicts[place] = sandbox.check(problem, outcome.completion, timeout=DEFAULT_TIMEOUT)
            verdict = verdicts[place]
            if verdict.passed != outcome.passed:
                sys.exit(f"{outcome.task_id} {outcome.strategy}: {verdict.kind} by the plain test, not {outcome.kind}")
            if verdict.passed and verdict.strong is not None:
                rows.append(_row(outcome, verdict.strong, problem.entry_point))
    return rows


def _row(outcome: Outcome, strong: Verdict, entry_point: str) -> dict[str, Any]:
    details = {} if strong.passed else {"counterexample": counterexample(strong.kind, strong.detail, entry_point)}
    return {"task_id": outcome.task_id, "strategy": outcome.strategy, "strong_kind": strong.kind, **details}


def read_rejected() -> set[tuple[str, str]]:
    """Problem and strategy of what only the stronger test rejects."""
    rows = map(json.loads, (FOLDER / "verdicts.jsonl").read_text(encoding="utf-8").splitlines())
    return {(row["task_id"], row["strategy"]) for row in rows if row["strong_kind"] != "passed"}


def lines_of(outcomes: Iterable[Outcome], rejected: set[tuple[str, str]]) -> list[Line]:
    """A line for each strategy, the best by the stronger test first; those that see the examples apart."""
    of_strategy: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        of_strategy.setdefault(outcome.strategy, {})[outcome.task_id] = outcome
    solved = {
        name: {task for task, verdict in mine.items() if verdict.passed and (task, name) not in rejected}
        for name, mine in of_strategy.items()
    }
    reference = solved[REFERENCE]
    lines = [
        Line(
            name,
            "examples" if any(verdict.guided for verdict in mine.values()) else "prompt",
            sum(verdict.passed for verdict in mine.values()),
            len(solved[name]),
            len(solved[name] - reference),
            len(reference - solved[name]),
            len(mine),
        )
        for name, mine in of_strategy.items()
    ]
    return sorted(lines, key=lambda line: (line.sees == "examples", -line.strong, line.strategy))


def table(lines: Sequence[Line]) -> str:
    """Markdown: both figures of each strategy, and its place among its kind by either."""
    compared = [line for line in lines if line.strategy != REFERENCE]
    p_values = [mcnemar(line.better, line.worse) for line in compared]
    corrected = dict(zip((line.strategy for line in compared), holm(p_values), strict=True))
    rows = [
        "| strategy | sees | pass@1 | strong@1 | 95 % interval | rejected | place | better / worse than `minimal` "
        "| p, Holm |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for line in lines:
        low, high = wilson_interval(line.strong, line.of)
        alike = [other for other in lines if other.sees == line.sees]
        before = 1 + sum(other.passed > line.passed for other in alike)
        now = 1 + sum(other.strong > line.strong for other in alike)
        moved = f"{now}" if before == now else f"{before} -> {now}"
        beside = ["", ""]
        if line.strategy != REFERENCE:
            beside = [f"{line.better} / {line.worse}", p_text(corrected[line.strategy])]
        cells = [
            f"`{line.strategy}`", line.sees, f"{line.passed / line.of:.3f}", f"{line.strong / line.of:.3f}",
            f"[{low:.3f}, {high:.3f}]", str(line.passed - line.strong), moved, *beside,
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
