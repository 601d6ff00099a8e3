"""What it takes to read and collect 10 datasets of 1,000 problems.

    python -m benchmarks.scale_datasets

The problems are HumanEval's, again and again under other ids. read: seconds to read all files and put them together.
collection: seconds that pytest takes to make the items, alone (-n 0, collect-only). cpu: the same in CPU time. The
least of three rounds counts, each in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.engine_measure import write_result
from benchmarks.scale import CONFTEST, run
from pytest_humaneval.dataset.kinds import FIELDS
from pytest_humaneval.dataset.load import read_problems

DATASETS, PROBLEMS, ROUNDS = 10, 1_000, 3

READ = """
import json, sys, time
from pathlib import Path
from pytest_humaneval.dataset.asked import asked_for, read_together
asked = asked_for(sys.argv[1], {}, Path.cwd(), ())
start, cpu = time.monotonic(), time.process_time()
read_together(asked)
print(json.dumps({"read": time.monotonic() - start, "read_cpu": time.process_time() - cpu}))
"""


def main() -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = ",".join(_write(folder / f"set{number}.jsonl", number) for number in range(DATASETS))
        (folder / "conftest.py").write_text(CONFTEST)
        rounds = [_measured(folder, names) for _ in range(ROUNDS)]
    least = {key: round(min(figures[key] for figures in rounds), 2) for key in rounds[0]}
    write_result(
        "scale_datasets",
        {
            "datasets": DATASETS,
            "problems_of_each": PROBLEMS,
            **{f"{name}_seconds": least[name] for name in ("read", "collection")},
            **{f"{name}_cpu_seconds": least[f"{name}_cpu"] for name in ("read", "collection")},
        },
    )


def _write(path: Path, number: int) -> str:
    """A dataset; its file's name."""
    problems = read_problems()
    with path.open("w") as file:
        for index in range(PROBLEMS):
            row = asdict(replace(problems[index % len(problems)], task_id=f"Set{number}/{index}"))
            file.write(json.dumps({name: row[name] for name in FIELDS}) + "\n")
    return path.name


def _measured(folder: Path, names: str) -> dict[str, float]:
    read = subprocess.run([sys.executable, "-c", READ, names], cwd=folder, capture_output=True, text=True, check=True)
    evaluation = ("--strategy=minimal", f"--humaneval-dataset={names}", "--humaneval-cache-dir=cache")
    _, took = run(folder, f"test_humaneval.py: {DATASETS * PROBLEMS}", *evaluation, "--collect-only", "-q", "-q")
    return {
        **json.loads(read.stdout),
        **{name: took["controller"][name] for name in ("collection", "collection_cpu")},
    }


if __name__ == "__main__":
    main()
