"""``python -m pytest_humaneval strengthen``: a dataset with stronger tests, made once."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.dataset.requested import dataset_named
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT, Sandbox, SandboxOptions
from pytest_humaneval.sandbox.judgeable import broken_problems
from pytest_humaneval.sandbox.library import open_sandbox, self_check
from pytest_humaneval.strengthen.problems import Settings
from pytest_humaneval.strengthen.programs import read_programs
from pytest_humaneval.strengthen.workers import Made, Work, lines_of
from pytest_humaneval.strengthen.writing import made_from
from pytest_humaneval.text.printable import one_line
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import cannot_be_written

INSTALL = "strengthen draws inputs with hypothesis, which is not installed: pip install 'pytest-humaneval[strengthen]'"
RULES = 4  # to be raised when the same input would give another output: what an older release made is made again

Samples = Mapping[str, Sequence[tuple[str, str]]]


def strengthen(
    dataset: str | None,
    samples: Sequence[Path],
    output: Path,
    *,
    settings: Settings,
    leave_out: Sequence[str] = (),
    sandbox: str = "auto",
    skip_broken: bool = False,
    jobs: int = 1,
) -> int:
    """Make the dataset, problem by problem; what an interrupted call has left in ``output`` stays as it is.

    Raises:
        InputError: something cannot be read or written, hypothesis is missing, or a canonical solution fails.
        SandboxError: the sandbox cannot be had.
    """
    if importlib.util.find_spec("hypothesis") is None:
        raise InputError(INSTALL)
    source = dataset_named(dataset, default_cache_directory())
    _refuse_gaps(source)
    programs = read_programs(samples, leave_out, {problem.task_id for problem in source.problems})
    _check_samples(source, programs, samples)
    plain = [replace(problem, strong_test="") for problem in source.problems]
    with open_sandbox(SandboxOptions(sandbox)) as opened:
        self_check(opened, ())
        broken = _broken(opened, plain, skip=skip_broken)
    _write(Work(SandboxOptions(sandbox), settings, programs, broken), plain, output, jobs)
    made = read_dataset(output)
    count = sum(bool(problem.strong_test) for problem in made.problems)
    print(f"{output} (sha256 {made.sha256}): {count} of {len(made.problems)} problems have a stronger test")
    return 0


def _refuse_gaps(source: Dataset) -> None:
    if gap := next((problem for problem in source.problems if problem.has_gap), None):
        raise DatasetError(
            f"--dataset: {gap.task_id} is a gap in a program; strengthen the problems that the gaps were made in"
        )


def _check_samples(source: Dataset, programs: Samples, paths: Sequence[Path]) -> None:
    known = {problem.task_id for problem in source.problems}
    if programs and not known & programs.keys():
        example = next(iter(programs))
        raise DatasetError(
            f"--samples: {', '.join(map(str, paths))}: {source.name} has none of their problems, such as {example}"
        )


def _broken(sandbox: Sandbox, problems: Sequence[Problem], *, skip: bool) -> dict[str, str]:
    broken = broken_problems(sandbox, problems, DEFAULT_TIMEOUT)
    broken |= {problem.task_id: "there is none" for problem in problems if not problem.canonical_solution.strip()}
    if broken and not skip:
        task_id, why = next(iter(broken.items()))
        raise DatasetError(
            f"{len(broken)} of {len(problems)} problems cannot be strengthened, because their canonical solution "
            f"does not pass; the first is {task_id}: {why}\n--skip-broken-problems leaves them as they are"
        )
    return broken


def _write(work: Work, problems: Sequence[Problem], output: Path, jobs: int) -> None:
    """Append a line for each problem that has none yet; lines of other settings or samples are made again."""
    digests = {
        problem.task_id: _digest(problem, work.samples.get(problem.task_id, ()), work.settings) for problem in problems
    }
    try:
        kept = {task_id: line for task_id, line in _former(output) if digests.get(task_id) == made_from(line)[1]}
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, [kept[problem.task_id] for problem in problems if problem.task_id in kept])
        if kept:
            print(f"continuing after {len(kept)} of {len(problems)} problems already in {output}", file=sys.stderr)
        left = [(problem, digests[problem.task_id]) for problem in problems if problem.task_id not in kept]
        with output.open("a", encoding="utf-8") as file:
            for made in lines_of(work, left, jobs):
                kept[made.task_id] = made.line
                file.write(made.line)
                file.flush()
                _tell(len(kept), len(problems), made)
        write_whole(output, [kept[problem.task_id] for problem in problems])
    except OSError as error:
        raise InputError(cannot_be_written(f"--output: {output}", error)) from error


def _former(output: Path) -> Iterator[tuple[str, str]]:
    """The whole lines of a former output; a last one that was cut short is none."""
    if not output.exists():
        return
    for _, line in jsonl.lines(jsonl.read_text(output)):
        task_id, digest = made_from(line)
        if digest:
            yield task_id, line.rstrip("\n") + "\n"


def _digest(problem: Problem, samples: Iterable[tuple[str, str]], settings: Settings) -> str:
    """Of everything that a line depends on."""
    content = [RULES, version("hypothesis"), asdict(problem), sorted(samples), asdict(settings)]
    return hashlib.sha256(json.dumps(content).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _tell(number: int, of: int, made: Made) -> None:
    account, killed = made.account, made.account.mutants
    result = f"no stronger test: {account.why_none}"
    if not account.why_none:
        result = (
            f"{account.inputs} inputs, rejects {len(account.rejected)} of {account.programs} programs, "
            f"mutants {killed.killed} -> {killed.killed_strong} of {killed.count}"
        )
    print(one_line(f"[{number}/{of}] {made.task_id}: {result} ({made.seconds:.1f} s)"), file=sys.stderr, flush=True)
