"""What verdicts that are kept save: the same completions judged, and taken from the store.

    python -m benchmarks.verdict_store                   # 32,800 completions
    python -m benchmarks.verdict_store --items 3280 --runs

Of each problem, its canonical solution in so many spellings; five of 164 draw at random or have `eval`, and are judged
each time (can_be_kept counts the others). judged: seconds in the sandbox of one process, first time;
kept: the same completions again, by a new process's sandbox on the same store. cpu: their CPU time, which other load on
the machine does not lengthen as much. With --runs also two whole runs of pytest on them at -n 2, the second of which
judges nothing: what is left is what pytest itself costs.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.engine_measure import write_result
from benchmarks.run_repeat import run_pytest
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox
from pytest_humaneval.store.keeping_sandbox import KeepingSandbox
from pytest_humaneval.store.self_contained import is_self_contained


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=32_800)
    parser.add_argument("--runs", action="store_true")
    arguments = parser.parse_args()
    problems = read_problems()
    samples = [
        (problem, spelt(problem, number)) for number in range(arguments.items // len(problems)) for problem in problems
    ]
    settled = sum(is_self_contained(problem, completion) for problem, completion in samples)
    measured: dict[str, Any] = {"items": len(samples), "can_be_kept": settled}
    with tempfile.TemporaryDirectory() as name:
        store = Path(name, "verdicts.sqlite")
        for what in ("judged", "kept"):
            measured[f"{what}_seconds"], measured[f"{what}_cpu_seconds"], kept = judge(samples, store)
            assert kept == (measured["can_be_kept"] if what == "kept" else 0)
        measured["store_bytes"] = store.stat().st_size
        if arguments.runs:
            measured |= of_runs(Path(name), samples)
    for what in ("", "cpu_"):
        measured[f"times_as_fast_{what or 'seconds'}".rstrip("_")] = round(
            measured[f"judged_{what}seconds"] / measured[f"kept_{what}seconds"], 1
        )
    write_result("verdict_store", measured)


def spelt(problem: Problem, number: int) -> str:
    """A completion that is right and like no other."""
    return f"{problem.canonical_solution.rstrip()}\n    # spelling {number}\n"


def judge(samples: list[tuple[Problem, str]], store: Path) -> tuple[float, float, int]:
    """Seconds, CPU seconds with those of the sandbox, and how many verdicts came from the store."""
    options, kept = SandboxOptions(), 0
    start, cpu = time.monotonic(), cpu_seconds()
    with open_sandbox(options) as sandbox, KeepingSandbox(sandbox, options, store, read=True) as keeping:
        for problem, completion in samples:
            assert keeping.check(problem, completion, timeout=30.0).passed, problem.task_id
            kept += keeping.last_from_store
    return round(time.monotonic() - start, 2), round(cpu_seconds() - cpu, 2), kept


def cpu_seconds() -> float:
    """Of this process and of all that it has waited for."""
    return sum(os.times()[:4])


def of_runs(folder: Path, samples: list[tuple[Problem, str]]) -> dict[str, float]:
    """Seconds and CPU seconds of two runs of pytest on the samples of a file."""
    rows = [{"task_id": problem.task_id, "completion": completion} for problem, completion in samples]
    Path(folder, "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    count = len(samples) // len({problem.task_id for problem, _ in samples})
    took = {}
    for name in ("first", "repeated"):
        start, cpu = time.monotonic(), cpu_seconds()
        printed = run_pytest(
            folder, "--strategy=minimal", "--humaneval-replay=samples.jsonl", "--humaneval-cache-dir=cache",
            f"--humaneval-num-samples={count}", "--timeout=30", "-q", "-n2",
        )  # fmt: skip
        assert f"{len(samples)} passed" in printed, printed[-2000:]
        took[f"{name}_run_seconds"] = round(time.monotonic() - start, 1)
        took[f"{name}_run_cpu_seconds"] = round(cpu_seconds() - cpu, 1)
    return took


if __name__ == "__main__":
    main()
