"""Whether every task of MBPP is judged right: its own code has to pass its own assertions in the sandbox.

    python benchmarks/mbpp_reference.py ../shared/data/mbpp.jsonl

Writes benchmarks/results/mbpp_reference.json: how many of the tasks pass in each shape, and why the others do not.
MBPP is not part of the repository.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset.mbpp import SHAPES, Task, shaped, tasks_of
from pytest_humaneval.dataset.places import read_rows
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.results.record import surroundings
from pytest_humaneval.sandbox import Sandbox, open_sandbox
from pytest_humaneval.sandbox.interface import SandboxOptions

TIMEOUT = 10.0  # seconds of CPU time; a few references take more than a check's usual three
RESULT = Path(__file__).parent / "results" / "mbpp_reference.json"


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    source = read_rows(options.file)
    tasks = list(tasks_of(source.rows))
    with open_sandbox(SandboxOptions()) as sandbox:
        made = {shape: measured(sandbox, tasks, shape) for shape in SHAPES if shape != "assertions"}
        layers = [sandbox.name, *sandbox.layers]
    result = {"sha256": source.sha256, "tasks": len(tasks), "sandbox": layers, "shapes": made, **surroundings()}
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    for shape, outcomes in made.items():
        passed = f"{outcomes['passed']} of {len(tasks)} references pass ({outcomes['seconds']} s)"
        print(f"{shape}: {passed}; others: {outcomes['others']}")


def measured(sandbox: Sandbox, tasks: Iterable[Task], shape: str) -> dict[str, Any]:
    """What became of each task's own code in one shape."""
    started, passed = time.perf_counter(), 0
    others: dict[str, str] = {}
    for task in tasks:
        if why := why_not(sandbox, task, shape):
            others[task.task_id] = why
        else:
            passed += 1
    return {"passed": passed, "others": others, "seconds": round(time.perf_counter() - started, 1)}


def why_not(sandbox: Sandbox, task: Task, shape: str) -> str:
    """Why a task's code does not pass; empty where it does."""
    problem, reason = shaped(task, shape)
    if problem is None:
        return f"not of this shape: {reason}"
    try:
        verdict = sandbox.check(problem, problem.canonical_solution, timeout=TIMEOUT)
    except SandboxError as error:
        return str(error)
    return "" if verdict.passed else f"{verdict.kind}: {verdict.detail}"


if __name__ == "__main__":
    main()
