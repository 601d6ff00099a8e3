"""Results as others record them, and others' samples as ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pytest_humaneval.commands.evaluation import RAW
from pytest_humaneval.commands.recorded import dataset_of, ks_of, problems_of
from pytest_humaneval.dataset.foreign import is_raw
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import completion_prompt
from pytest_humaneval.report.gates import OK
from pytest_humaneval.results import interchange
from pytest_humaneval.results.publication import RECORDS
from pytest_humaneval.results.read import UNNAMED, read_results
from pytest_humaneval.results.rows import TAKE_OUT
from pytest_humaneval.text.fenced import are_chat_answers
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import cannot_be_written

FORMATS = interchange.FORMATS
EXPORTS = (*FORMATS, *RECORDS)


def export(style: str, results: Path, out: Path, strategy: str | None, dataset: str | None) -> int:
    """Write one strategy's samples in another format, or the figures of all as others record them.

    Raises:
        InputError: results that cannot be read, several strategies, or a file that cannot be written.
    """
    run = read_results(results)
    if style in RECORDS:
        return _record(RECORDS[style](run, ks_of(run), strategy), out)
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
        raise InputError(cannot_be_written(f"{out}:", error)) from error
    print(f"the figures are in {out}")
    return OK


def take_in(style: str, file: Path, out: Path, strategy: str | None, dataset: str | None) -> int:
    """Read another format: samples.jsonl, and where the file has verdicts, results.jsonl.

    Raises:
        InputError: a file that cannot be read or written.
    """
    problems = {problem.task_id: problem for problem in dataset_of(dataset).problems}
    imported = interchange.READERS[style](file, list(problems.values()), strategy or UNNAMED)
    if raw := is_raw(file):
        imported = replace(imported, outcomes=tuple(_taken_out(outcome, problems) for outcome in imported.outcomes))
    samples, judged = interchange.write_folder(out, imported)
    print(
        f"{counted(samples, 'sample is', 'samples are')} in {out}"
        + (f", taken out of the answers by {RAW}" if raw else "")
        + (", with verdicts" if judged else "; judge with the command evaluate")
    )
    if not raw and are_chat_answers(outcome.completion for outcome in imported.outcomes):
        print(f"note: most of them look like answers of a chat model; give evaluate an option: {TAKE_OUT}")
    return 0


def _taken_out(outcome: Outcome, problems: Mapping[str, Problem]) -> Outcome:
    """A sample with the code of an answer, which is what it has."""
    if (problem := problems.get(outcome.task_id)) is None:
        return outcome
    made = postprocess(RAW, problem.visible(), completion_prompt(problem.prompt), outcome.completion)
    return replace(outcome, completion=made.text)
