"""What stronger tests made from some strategies' samples say of the others': whom do they reject, and why?

    python -m pytest_humaneval strengthen --samples benchmarks/results/table --output half.jsonl --leave-out chat ...
    python -m benchmarks.strong_validation half.jsonl --held-out chat ...

Judged are the held-out strategies' programs that pass the plain test and that no other strategy wrote, of the problems
that the file has: a part of it tells of its part. Each one that is rejected is printed, to be read by a person: the
stronger tests are right only if the program is wrong.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from benchmarks.strong_table import FOLDER
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.results.headline import counterexample
from pytest_humaneval.sandbox import DEFAULT_TIMEOUT, SandboxOptions, open_sandbox
from pytest_humaneval.strengthen.programs import independent, read_programs

SAMPLES = Path(__file__).parent / "results" / "table"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--held-out", nargs="+", required=True, metavar="NAME")
    options = parser.parse_args()
    condemned, passing = validate(options.dataset, set(options.held_out))
    summary = {
        "held_out": sorted(options.held_out),
        "problems": len(passing),
        "programs_that_pass": passing.total(),
        "rejected": condemned,
    }
    (FOLDER / "validation.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(f"{len(condemned)} of {passing.total()} held-out programs that pass the plain test are rejected")


def validate(path: Path, held_out: set[str]) -> tuple[list[dict[str, str]], Counter[str]]:
    """The rejected programs, and how many pass the plain test, by problem."""
    samples = read_programs([SAMPLES])
    condemned: list[dict[str, str]] = []
    passing: Counter[str] = Counter()
    with open_sandbox(SandboxOptions()) as sandbox:
        for problem in read_dataset(path).problems:
            for program in independent(problem, samples.get(problem.task_id, ())):
                if not set(program.strategies) <= held_out:
                    continue
                verdict = sandbox.check(problem, program.completion, timeout=DEFAULT_TIMEOUT)
                if verdict.passed:
                    passing[problem.task_id] += 1
                if verdict.passed and verdict.strong is not None and not verdict.strong.passed:
                    why = counterexample(verdict.strong.kind, verdict.strong.detail, problem.entry_point)
                    strategies = ", ".join(program.strategies)
                    print(f"\n{problem.task_id} {strategies}: {why}\n{program.completion.rstrip()}")
                    condemned.append({"task_id": problem.task_id, "strategies": strategies, "counterexample": why})
    return condemned, passing


if __name__ == "__main__":
    main()
