"""HumanEval with stronger tests made anew, beside the file that is shipped: inputs, mutants, and whom each rejects.

    python -m pytest_humaneval strengthen --samples benchmarks/results/table --output remade.jsonl
    python -m benchmarks.strong_remade remade.jsonl

The honest table's samples are judged by the remade file; the shipped one's verdicts are those of strong_table.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.honest_table import finished
from benchmarks.strong_table import FOLDER, judge, read_rejected
from pytest_humaneval.dataset import jsonl, shipped
from pytest_humaneval.dataset.load import read_dataset

RESULT = FOLDER / "remade.json"

Rows = Mapping[str, dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    dataset = parser.parse_args().dataset
    file = shipped.path_of("humaneval-strong")
    assert file is not None
    before, now = rows_of(file), rows_of(dataset)
    samples = [outcome for results in finished().values() for outcome in results.outcomes]
    verdicts = judge(samples, dataset)
    rejected = {(row["task_id"], row["strategy"]) for row in verdicts if row["strong_kind"] != "passed"}
    comparison = {
        "hypothesis": version("hypothesis"),
        "python": sys.version.split()[0],
        "sha256": read_dataset(dataset).sha256,
        "shipped": totals(before),
        "remade": totals(now),
        "inputs_in_both": sum(len(inputs(before[task]) & inputs(now[task])) for task in now),
        "samples_that_pass": len(verdicts),
        "rejected_by_both": len(rejected & read_rejected()),
        "rejected_by_shipped_alone": sorted(read_rejected() - rejected),
        "rejected_by_remade_alone": sorted(rejected - read_rejected()),
    }
    RESULT.write_text(json.dumps(comparison, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(comparison, indent=1))


def rows_of(file: Path) -> Rows:
    """The lines of a file that ``strengthen`` wrote, by task_id."""
    return {row["task_id"]: row for row in (json.loads(line) for _, line in jsonl.lines(jsonl.read_text(file)))}


def totals(rows: Rows) -> dict[str, int]:
    """How much a file has: problems with a stronger test, inputs, mutants of the solutions and rejected ones."""
    accounts = [row["strong"] for row in rows.values()]
    return {
        "problems": sum(bool(row["strong_test"]) for row in rows.values()),
        "inputs": sum(account["inputs"] for account in accounts),
        "mutants": sum(account["mutants"]["count"] for account in accounts),
        "mutants_rejected": sum(account["mutants"]["killed_strong"] for account in accounts),
    }


def inputs(row: Mapping[str, Any]) -> set[str]:
    """The assertions of a problem's stronger test."""
    return {line.strip() for line in row["strong_test"].splitlines() if line.startswith("    assert ")}


if __name__ == "__main__":
    main()
