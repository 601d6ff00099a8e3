"""What the command generate takes for many samples: time and memory, scripted answers.

    python -m benchmarks.generate_scale                              # 1,000,000 samples
    python -m benchmarks.generate_scale --samples 30000 120000

164 problems, one strategy, answered by their canonical solutions. peak: the largest resident set of the command, and of
its engine process, in MiB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

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
        peaks: dict[int, float] = {}
        watching = threading.Thread(target=watch, args=(process, peaks))
        watching.start()
        printed, _ = process.communicate()
        watching.join()
        assert f"{each * len(problems):,} samples are in" in printed, printed
        return {
            "samples": each * len(problems),
            "seconds": round(time.monotonic() - start, 1),
            "peak_mib": round(peaks.pop(process.pid)),
            "peak_mib_of_engine": round(max(peaks.values())),
            "bytes": Path(folder, "samples.jsonl.gz").stat().st_size,
            "store_bytes": Path(folder, "cache", "generations.sqlite").stat().st_size,
        }


def watch(process: subprocess.Popen[str], peaks: dict[int, float]) -> None:
    """Note the peak of the process and of its children, until it ends."""
    while process.poll() is None:
        for pid in (process.pid, *children(process.pid)):
            if (kibibytes := peak(pid)) is not None:
                peaks[pid] = max(kibibytes, peaks.get(pid, 0.0))
        time.sleep(LOOK_SECONDS)


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def peak(pid: int) -> float | None:
    """MiB; None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


if __name__ == "__main__":
    main()
