"""The subcommand that joins the results of a run's parts, and then says all that one run would have said."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_humaneval.commands.finished import ReportOptions, analysed, gates_of, publish, results_lines
from pytest_humaneval.commands.recorded import problems_of
from pytest_humaneval.exceptions import InputError
from pytest_humaneval.models.find import default_cache_directory
from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.console import show, terminal_width
from pytest_humaneval.report.gates import INTERNAL_ERROR, OK, TESTS_FAILED
from pytest_humaneval.results import history
from pytest_humaneval.results.joining import Joined, join, read_part
from pytest_humaneval.results.parts import is_pooled, row_records
from pytest_humaneval.results.preregistration import Checked, Registration, read_registration
from pytest_humaneval.results.preregistration_check import check_registration, judged_problems
from pytest_humaneval.results.prompts import PROMPTS_FILE, prompt_rows
from pytest_humaneval.results.read import RESULTS_FILE, RUN_FILE, Results, read_results
from pytest_humaneval.results.record import SAMPLES_FILE, result_row, sample_rows
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import cannot_be_written

OF_PARTS = (
    "pairs",
    "with_reference",
    "reliability",
    "baseline",
    "by_dataset",
    "gates",
    "plan",
    "robustness",
    "excess_drops",
)
"""What a part's run.json may say of its own figures, which are not those of the whole."""


def merge(
    parts: Sequence[Path],
    output: Path,
    partial: bool,
    baseline: Path | None,
    plan: Path | None,
    junitxml: Path | None,
    no_history: bool,
    cache_dir: Path | None,
    **given: Any,
) -> int:
    """Join the parts into a new folder, print the summary, write page, Markdown and XML, and judge gates.

    The exit status is that of one run: 1 where a sample did not pass, 3 with errors, or the gates' answer.

    Raises:
        InputError: parts that do not belong together, or lack something; or a file that cannot be read or written.
    """
    _need_new(output)
    registration = read_registration(plan) if plan is not None else None
    before = read_results(baseline) if baseline is not None else None
    joined = join([read_part(folder) for folder in parts])
    if joined.lacking and not partial:
        raise InputError(f"{'; '.join(joined.lacking)}; nothing was written (--partial joins what is there)")
    results = Results(tuple(joined.outcomes), joined.run, str(output))
    if not results.outcomes:
        raise InputError("none of the parts has a result")
    wanted = ReportOptions(**given)
    analysis, status = analysed(results, before, wanted, pairs=True, status=_status(joined))
    analysis = replace(analysis, registration=_checked(registration, results, before, wanted))
    run = _record(joined, analysis, status)
    problems = problems_of(results, wanted.dataset) if junitxml is not None else []
    _write(output, joined, run)
    results = replace(results, run=json.loads(json.dumps(run)))  # as it is read from the file
    show([*results_lines(results, analysis, terminal_width()), "", f"results and run.json are in {output}"])
    if junitxml is not None:
        from pytest_humaneval.plugin.junit_file import write_junit_file

        write_junit_file(junitxml, results, {problem.task_id: problem for problem in problems})
    publish(results, before, analysis, wanted)
    lines = history.lines_of(results.run, results.outcomes)
    if not no_history and (trouble := history.append(cache_dir or default_cache_directory(), lines)):
        show([trouble])
    return status


def _need_new(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"--output: {output} already exists and stays as it is; give a new folder")


def _status(joined: Joined) -> int:
    """What one run without gates would end with."""
    if any(outcome.error for outcome in joined.outcomes):
        return INTERNAL_ERROR
    return OK if all(outcome.passed for outcome in joined.outcomes) else TESTS_FAILED


def _checked(
    registration: Registration | None, results: Results, before: Results | None, options: ReportOptions
) -> Checked | None:
    if registration is None:
        return None
    asked = gates_of(results, before, options).asked()
    return check_registration(registration, results.run, judged_problems(results.outcomes), asked)


def _record(joined: Joined, analysis: Analysis, status: int) -> dict[str, Any]:
    run = joined.run
    rows = row_records(joined.outcomes, run["k"], pool=is_pooled(run))
    kept = {name: value for name, value in run.items() if name not in OF_PARTS}
    return kept | {"exit_status": status, "arguments": sys.argv[1:], "strategies": rows, **analysis.to_json()}


def _write(output: Path, joined: Joined, run: dict[str, Any]) -> None:
    """Write the folder; run.json comes last, so that what was killed half-way is no whole."""

    def lines(rows: Any) -> Any:
        return (json.dumps(row) + "\n" for row in rows)

    try:
        output.mkdir(parents=True, exist_ok=True)
        write_whole(output / SAMPLES_FILE, lines(sample_rows(joined.outcomes)))
        write_whole(output / RESULTS_FILE, lines(map(result_row, joined.outcomes)))
        write_whole(output / PROMPTS_FILE, lines(prompt_rows(joined.prompts)))
        write_whole(output / RUN_FILE, [json.dumps(run, indent=2) + "\n"])
    except OSError as error:
        raise InputError(cannot_be_written(f"--output: {output}", error)) from error
