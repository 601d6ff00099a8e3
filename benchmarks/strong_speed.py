"""What a check by plain and stronger tests costs beside a check by the plain test alone.

    python -m benchmarks.strong_speed

The canonical solution of every fourth problem is checked by both in turn, three times after one to warm up, in one
sandbox; the least of each counts. A program that fails the plain test costs the same in both.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.strong_table import DATASET, FOLDER
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.engine.machine import machine
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox import DEFAULT_TIMEOUT, Sandbox, SandboxOptions, open_sandbox

ROUNDS = 3
RESULT: Path = FOLDER / "speed.json"


def main() -> None:
    with open_sandbox(SandboxOptions()) as sandbox:
        pairs = [_measured(sandbox, problem) for problem in read_dataset(DATASET).problems[::4] if problem.strong_test]
    ratios = sorted(both / plain for plain, both in pairs)
    figures = {
        "problems": len(pairs),
        "plain_ms": round(1000 * median(plain for plain, _ in pairs), 2),
        "both_ms": round(1000 * median(both for _, both in pairs), 2),
        "ratio_median": round(median(ratios), 2),
        "ratio_90_percent": round(ratios[len(ratios) * 9 // 10], 2),
        "ratio_largest": round(ratios[-1], 2),
        "machine": machine(),
    }
    RESULT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def _measured(sandbox: Sandbox, problem: Problem) -> tuple[float, float]:
    """Seconds of a plain check and of one by both tests."""
    plain = replace(problem, strong_test="")
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS + 1):
        for variant in (plain, problem):
            started = time.perf_counter()
            sandbox.check(variant, variant.canonical_solution, timeout=DEFAULT_TIMEOUT)
            times[variant is problem].append(time.perf_counter() - started)
    return min(times[False][1:]), min(times[True][1:])


if __name__ == "__main__":
    main()
