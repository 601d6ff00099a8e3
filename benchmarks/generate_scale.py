"""What the command generate takes for many samples: time and memory, scripted answers.

    python -m benchmarks.generate_scale                              # 1,000,000 samples
    python -m benchmarks.generate_scale --samples 30000 120000

164 problems, one strategy, answered by their canonical solutions. peak: the largest resident set of the command, and of
its engine process, in MiB; cpu_seconds: what each took of a core, start included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.engine_measure import write_result
from pytest_humaneval.dataset.load import read_problems

LOOK_SECONDS = 0.2


def main() -> None:
    """Measure each number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--print", action="store_true", help="print the rows, and keep none")
    arguments = parser.parse_args()
    rows = [measure(samples) for samples in arguments.samples]
    if arguments.print:
        print(json.dumps(rows))
    else:
        write_result("generate_scale", {"rows": rows})


def measure(samples: int) -> dict[str, Any]:
    """One row."""
    problems = read_problems()
    each = -(-samples // len(problems))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = {problem.task_id: problem.canonical_solution for problem in problems}
        Path(folder, "script.json").write_text(json.dumps(script))
        start = time.monotonic()
        process = subprocess.Popen(
            [
                sys.executable, "-m", "pytest_humaneval", "generate", "--strategy=minimal", "--script=script.json",
                "--cache-dir=cache", f"--num-samples={each}", "--temperature=0.8", "--output=samples.jsonl.gz",
            ],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        taken: dict[int, Taken] = {}
        watching = threading.Thread(target=watch, args=(process, taken))
        watching.start()
        printed, _ = process.communicate()
        watching.join()
        assert f"{each * len(problems):,} samples are in" in printed, printed
        command, engine = taken.pop(process.pid), max(taken.values())
        return {
            "samples": each * len(problems),
            "seconds": round(time.monotonic() - start, 1),
            "cpu_seconds": round(command.cpu_seconds, 1),
            "cpu_seconds_of_engine": round(engine.cpu_seconds, 1),
            "peak_mib": round(command.peak_mib),
            "peak_mib_of_engine": round(engine.peak_mib),
            "bytes": Path(folder, "samples.jsonl.gz").stat().st_size,
            "store_bytes": Path(folder, "cache", "generations.sqlite").stat().st_size,
        }


class Taken(NamedTuple):
    """What a process has taken so far."""

    cpu_seconds: float
    peak_mib: float


def watch(process: subprocess.Popen[str], taken: dict[int, Taken]) -> None:
    """Note what the process and its children have taken, until it ends."""
    while process.poll() is None:
        for pid in (process.pid, *children(process.pid)):
            if (now := taken_by(pid)) is not None:
                taken[pid] = now
        time.sleep(LOOK_SECONDS)


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def taken_by(pid: int) -> Taken | None:
    """None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]  # utime, stime
    except OSError:
        return None
    peak = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)
    return Taken(sum(map(int, times)) / os.sysconf("SC_CLK_TCK"), peak) if peak is not None else None


if __name__ == "__main__":
    main()
