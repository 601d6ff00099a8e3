"""The subcommands of ``python -m pytest_humaneval``; each returns an exit status."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset.asked import dataset_named, recorded_names
from pytest_humaneval.dataset.foreign import is_inspect
from pytest_humaneval.dataset.kinds import Dataset
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.engine.protocol import Identity
from pytest_humaneval.engine.replay import place_of, read_samples
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plain import from_plain
from pytest_humaneval.plugin.options import DEFAULT_KS
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.printable import counted, one_line
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.report.analysis import Analysis, Looked, analyse, judge_gates
from pytest_humaneval.report.gates import OK, Gates, answer, check_baseline, least_pass_at_1
from pytest_humaneval.report.markdown import markdown_results
from pytest_humaneval.report.page import write_page
from pytest_humaneval.report.partial import partial_notes
from pytest_humaneval.report.rejected import rejected_lines, told_rejected
from pytest_humaneval.report.terminal import (
    analysis_lines,
    check_lines,
    dataset_line,
    engine_lines,
    identity_line,
    part_lines,
    remark_lines,
    table,
)
from pytest_humaneval.report.texttable import wrapped
from pytest_humaneval.results import interchange
from pytest_humaneval.results.parts import is_pooled, shown_of
from pytest_humaneval.results.preregistration import recorded
from pytest_humaneval.results.publication import RECORDS
from pytest_humaneval.results.read import UNNAMED, Results, read_results
from pytest_humaneval.results.rows import context_of, ranked, rows_of
from pytest_humaneval.results.sampling import REPLAY, is_replay, sampling_told
from pytest_humaneval.whole_file import write_whole
from pytest_humaneval.wording import context_text, short_digest

FORMATS = interchange.FORMATS
RAW = "post_v1"  # what takes code out of a chat model's answers
EXPORTS = (*FORMATS, *RECORDS)

ODD = (InputError, TypeError, KeyError, ValueError, AttributeError, OverflowError)  # what odd values lead to
MOST_KS, MOST_SAMPLES = 20, 1_000_000  # columns; and draws of a problem


def evaluate(samples: Path, options: Sequence[str]) -> int:
    """Judge samples under pytest: replaces this process, so that signals and the exit status are pytest's own.

    Raises:
        InputError: the file cannot be read.
    """
    command = [sys.executable, "-m", "pytest", *evaluate_arguments(samples, options)]
    sys.stdout.flush()
    os.execv(command[0], command)


def evaluate_arguments(samples: Path, options: Sequence[str]) -> list[str]:
    """What pytest is called with: the strategies, problems and number of samples that the file has.

    Raises:
        DatasetError: the file cannot be read.
    """
    keys = read_samples(samples).keys()
    given = {option.split("=")[0] for option in options}
    arguments = [f"--humaneval-replay={samples}"]
    if "--strategy" not in given:
        arguments.append(f"--strategy={','.join(sorted({strategy or UNNAMED for _, strategy, _ in keys}))}")
    if (count := 1 + max(index for _, _, index in keys)) > 1:
        arguments.append(f"--humaneval-num-samples={count}")
    task_ids = list(dict.fromkeys(task_id for task_id, _, _ in keys))
    known = {problem.task_id for problem in read_dataset().problems}
    if "--humaneval-dataset" not in given and (foreign := [one for one in task_ids if one not in known]):
        raise DatasetError(
            f"{place_of(samples, foreign[0])}: {foreign[0]} is not one of HumanEval's problems; name the file "
            "that has it with --humaneval-dataset=FILE"
        )
    if is_inspect(samples) and "--humaneval-postprocess" not in given:
        arguments.append(f"--humaneval-postprocess={RAW}")  # as they came, with fences and prose
    if set(task_ids) != known:
        arguments += [f"--humaneval-task={task_id}" for task_id in task_ids]
    return [*arguments, *options]


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``report`` and ``compare`` are asked for besides a look: files, and gates as a run has them."""

    html: Path | None = None
    markdown: Path | None = None
    dataset: str | None = None
    pool: bool = False
    least: Sequence[tuple[str, float]] = ()
    on_regression: bool = False
    max_drop: float | None = None
    gate_on: str = "figure"


def compare(before: Path, now: Path, **asked: Any) -> int:
    """Print fixed, broken and unchanged problems, and whether the difference is more than chance.

    Raises:
        InputError: results that cannot be read, or a file that cannot be written.
    """
    of_before, of_now = read_results(before), read_results(now)
    analysis, status = analysed(of_now, of_before, Asked(**asked), pairs=False)
    lines = [f"run       {now}", *(f"note: {note}" for note in of_now.notes)]
    for name, part in analysis.parts.items():
        lines += ["", name, *analysis_lines(part, terminal_columns(), kept=False)]
    show([*lines, *analysis_lines(analysis, terminal_columns(), kept=False)])
    publish(of_now, of_before, analysis, Asked(**asked))
    return status


def report(results: Path, baseline: Path | None, **asked: Any) -> int:
    """Print the summary of a finished run, write its page and its Markdown, and judge gates.

    Raises:
        InputError: something that cannot be read or written.
    """
    run = read_results(results)
    before = read_results(baseline) if baseline is not None else None
    analysis, status = analysed(run, before, Asked(**asked), pairs=True)
    show(results_lines(run, analysis, terminal_columns()))
    publish(run, before, analysis, Asked(**asked))
    return status


def results_lines(run: Results, analysis: Analysis, width: int) -> list[str]:
    """The summary of a finished run, as far as its files tell of it."""
    ks = _ks(run)
    rows = ranked(rows_of(run.outcomes, ks))
    generated = any(row.tokens for row in rows) or (bool(run.run.get("engine")) and not is_replay(run.run))
    held = context_text(context_of(run.outcomes))
    lines = [
        f"results   {run.source}",
        *_settings_lines(run.run, width, held),
        *(f"note: {note}" for note in run.notes),
        "",
    ]
    if analysis.parts:
        shown = shown_of(run.run)
        parts = part_lines(run.outcomes, ks, analysis, width, generated=generated, shown=shown)[1:]
        parts += rejected_lines(run.outcomes, told_rejected, width)
        return [*lines, *parts, *_partial(run, width), *analysis_lines(analysis, width, True)]
    lines += table(rows, ks, width, generated=generated, shown=run.run.get("dataset", {}).get("shown", 0))
    if remarks := [
        *remark_lines(rows, width),
        *rejected_lines(run.outcomes, told_rejected, width),
        *_partial(run, width),
    ]:
        lines += ["", *remarks]
    return [*lines, *analysis_lines(analysis, width, True)]


def analysed(
    run: Results, before: Results | None, asked: Asked, *, pairs: bool, status: int = OK
) -> tuple[Analysis, int]:
    """Comparisons, the gates' answers and the exit status, which is ``status`` without gates.

    Raises:
        InputError: a gate that asks about what is not there.
    """
    least = least_pass_at_1(asked.least, run.strategies)
    gates = Gates(least, asked.on_regression, asked.max_drop, on_bound=asked.gate_on == "bound")
    check_baseline(gates, run.strategies, before.strategies if before is not None else None, "--")
    pool = asked.pool or is_pooled(run.run)
    analysis = analyse(run, before, Looked(_ks(run), asked.max_drop, pool, pairs))
    analysis = replace(analysis, registration=recorded(run.run.get("plan")))
    if not gates:
        return analysis, status
    errors, missing = sum(one.error for one in run.outcomes), _missing(run)
    whole = not errors and not missing
    verdicts = judge_gates(gates, run.outcomes, analysis, pool=pool) if whole else []
    status, told = answer(OK, verdicts, errors, missing, 0)
    return replace(analysis, gates=verdicts, answer=told), status


def _missing(run: Results) -> int:
    """How many items of the run's plan have no outcome, as far as run.json tells what the plan was."""
    if run.run.get("lacking"):  # joined of parts that are not all
        return 1
    with contextlib.suppress(*ODD):
        planned = run.run["dataset"]["problems"] * sum(one["num_samples"] for one in run.run["experiments"])
        return max(0, int(planned) - len(run.outcomes)) if run.run["engine"]["name"] != REPLAY else 0
    return 0


def publish(run: Results, before: Results | None, analysis: Analysis, asked: Asked) -> None:
    """Write the page and the Markdown that are asked for.

    Raises:
        InputError: one cannot be written, or the problems of the page are not known.
    """
    if asked.html is not None:
        problems = problems_of(run, asked.dataset)
        try:
            write_page(asked.html, run, problems, before)
        except OSError as error:
            raise InputError(f"--html: {asked.html} cannot be written ({error.strerror or error})") from error
        print(f"\nthe page is {asked.html}")
    if asked.markdown is not None:
        held = context_text(context_of(run.outcomes))
        facts = [line[10:] for line in _settings_lines(run.run, 10_000, held)] or [run.source]
        notes = [*(f"note: {note}" for note in run.notes), *_partial(run, 10_000)]
        try:
            write_whole(asked.markdown, [markdown_results(run, facts, _ks(run), notes, analysis)])
        except OSError as error:
            raise InputError(f"--markdown: {asked.markdown} cannot be written ({error.strerror or error})") from error
        print(f"\nthe summary is in {asked.markdown}")


def export(style: str, results: Path, out: Path, strategy: str | None, dataset: str | None) -> int:
    """Write one strategy's samples in another format, or the figures of all as others record them.

    Raises:
        InputError: results that cannot be read, several strategies, or a file that cannot be written.
    """
    run = read_results(results)
    if style in RECORDS:
        return _record(RECORDS[style](run, _ks(run), strategy), out)
    chosen = interchange.one_strategy(run, strategy)
    problems = problems_of(run, dataset)
    kept = interchange.judged(chosen)
    interchange.write_rows(out, FORMATS[style].export(kept, problems))
    left_out = f"; {len(chosen) - len(kept)} without a verdict were left out" if len(chosen) > len(kept) else ""
    print(f"{counted(len(kept), 'sample is', 'samples are')} in {out}{left_out}")
    return 0


def _record(text: str, out: Path) -> int:
    try:
        write_whole(out, [text])
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    print(f"the figures are in {out}")
    return OK


def take_in(style: str, file: Path, out: Path, strategy: str | None, dataset: str | None) -> int:
    """Read another format: samples.jsonl, and where the file has verdicts, results.jsonl.

    Raises:
        InputError: a file that cannot be read or written.
    """
    problems = {problem.task_id: problem for problem in _dataset(dataset).problems}
    imported = interchange.READERS[style](file, list(problems.values()), strategy or UNNAMED)
    if raw := is_inspect(file):
        imported = replace(imported, outcomes=tuple(_taken_out(one, problems) for one in imported.outcomes))
    samples, judged = interchange.write_folder(out, imported)
    print(
        f"{counted(samples, 'sample is', 'samples are')} in {out}"
        + (f", taken out of the answers by {RAW}" if raw else "")
        + (", with verdicts" if judged else "; judge with the command evaluate")
    )
    return 0


def _taken_out(outcome: Outcome, problems: Mapping[str, Problem]) -> Outcome:
    """A sample with the code of an answer, which is what it has."""
    if (problem := problems.get(outcome.task_id)) is None:
        return outcome
    made = postprocess(RAW, problem.visible(), completion_prompt(problem.prompt), outcome.completion)
    return replace(outcome, completion=made.text)


def _settings_lines(run: dict[str, Any], width: int, held: str = "") -> list[str]:
    """What was evaluated and how. Where run.json tells other things, as another version's may, less is printed.

    ``held`` stands behind the sampling.
    """
    lines: list[str] = []
    with contextlib.suppress(*ODD):
        who = from_plain(Identity, run["identity"], "run.json")
        lines += wrapped(identity_line(who), width, "model     ")
        lines += wrapped(who.precision, width, "precision ") if who.precision else []
    with contextlib.suppress(*ODD):
        lines += wrapped(sampling_told(run) + held, width, "sampling  ")
    with contextlib.suppress(*ODD):
        dataset = run["dataset"]
        told = dataset_line(dataset["problems"], dataset["name"], dataset["sha256"], dataset.get("shown", 0))
        lines += wrapped(told, width, "problems  ")
    with contextlib.suppress(*ODD):
        memory, layers = run["sandbox"]["memory_mb"], map(tuple, run["layers"])
        lines += check_lines(run["timeout"], memory, layers, width, _from_store(run))
    with contextlib.suppress(*ODD):
        lines += [] if run["engine"]["name"] == REPLAY else engine_lines(run["engine_process"], width)
    return lines


def _from_store(run: Mapping[str, Any]) -> int:
    return int(run.get("items", {}).get("verdicts_from_store", 0))


def _partial(run: Results, width: int) -> list[str]:
    """Lines where the results are not of everything."""
    return [line for note in partial_notes(run) for line in wrapped(note, width)]


def _ks(run: Results) -> Sequence[int]:
    told = run.run.get("k")
    if isinstance(told, list) and told and all(type(k) is int and 0 < k <= MOST_SAMPLES for k in told[:MOST_KS]):
        return told[:MOST_KS]
    counts = Counter((one.strategy, one.task_id) for one in run.outcomes)
    return [k for k in DEFAULT_KS if k <= min(counts.values())]


def problems_of(run: Results, named: str | None) -> list[Problem]:
    """The problems that the results are about, in the order of the dataset that is named, else of what the run says.

    Raises:
        DatasetError: there is no such dataset, or it lacks one; InputError: it is another one.
    """
    dataset = _dataset(named or recorded_names(run.run))
    asked = {outcome.task_id for outcome in run.outcomes}
    found = [problem for problem in dataset.problems if problem.task_id in asked]
    if missing := asked - {problem.task_id for problem in found}:
        example = next(one.task_id for one in run.outcomes if one.task_id in missing)
        raise DatasetError(f"{run.source}: {example} is not in {dataset.name}; name its file with --dataset")
    recorded = run.run.get("dataset", {}).get("sha256", dataset.sha256)
    if recorded != dataset.sha256:
        raise InputError(
            f"{run.source}: its problems came from a file other than {dataset.name} "
            f"(sha256 {short_digest(str(recorded))}, not {short_digest(dataset.sha256)}); name it with --dataset"
        )
    return found


def _dataset(named: str | None) -> Dataset:
    from pytest_humaneval.models.find import default_cache_directory

    return dataset_named(named, default_cache_directory())


def show(lines: Iterable[str]) -> None:
    """Print what may quote a foreign file."""
    print("\n".join(map(one_line, lines)))


def terminal_columns() -> int:
    """The width of what is printed."""
    return shutil.get_terminal_size().columns
