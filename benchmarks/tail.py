"""The main job's last answers: how long they take after 95 % of all are there, with guesses and without.

    python -m benchmarks.tail [--strategy expert_v00] [--variant "" --variant speculative-config=None]

Each variant, arguments for vLLM as ``key=value`` separated by spaces, is a whole run from an empty folder, and nothing
of it comes from the store. The variants' answers are compared, to the letter and to the number of tokens.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.engine_measure import write_result

MOST = 0.95  # of the answers
Answers = dict[str, tuple[str, int]]  # text and tokens, by problem


def main() -> None:
    """Run the variants one after the other, and write what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategy", default="expert_v00")
    parser.add_argument("--variant", action="append", help="arguments for vLLM; the empty text is our defaults")
    options = parser.parse_args()
    measured = []
    first: Answers = {}
    for variant in options.variant or ["", "speculative-config=None"]:
        figures, answers = run(options.strategy, variant.split())
        first = first or answers
        figures["answers_unlike_the_first_variants"] = [task for task in first if first[task] != answers[task]]
        print(variant or "(defaults)", figures, flush=True)
        measured.append({"variant": variant, **figures})
    write_result("tail", {"strategy": options.strategy, "runs": measured})


def run(strategy: str, arguments: list[str]) -> tuple[dict[str, Any], Answers]:
    """One run's figures and answers."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", f"--strategy={strategy}", "-n", "auto", "-q", "--no-summary"]
        command += ["-p", "no:cacheprovider", "--humaneval-no-cache", "--humaneval-output=out"]
        command += [f"--humaneval-engine-arg={argument}" for argument in arguments]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
        record = json.loads(Path(folder, "out", "run.json").read_text())
        rows = [json.loads(line) for line in Path(folder, "out", "results.jsonl").read_text().splitlines()]
    answers = {row["task_id"]: (row["generation"], row["completion_tokens"]) for row in rows}
    return figures_of(record, [row["generation_seconds"] for row in rows]), answers


def figures_of(record: dict[str, Any], seconds: list[float]) -> dict[str, Any]:
    """Seconds of generating, until 95 % of the answers were there, and the rest's share; all were asked at once."""
    whole = record["engine_process"]["generating_seconds"]
    until_most = sorted(seconds)[math.ceil(MOST * len(seconds)) - 1]
    (row,) = record["strategies"]
    return {
        "engine": record["identity"]["engine"],
        "passed": row["passed"],
        "tokens": row["tokens"],
        "seconds_generating": round(whole, 1),
        "seconds_until_95_percent": round(until_most, 1),
        "share_of_the_rest": round(1 - until_most / whole, 3),
    }


if __name__ == "__main__":
    main()
