"""What a run leaves for people besides its table: the report page, and a summary in Markdown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.markdown import markdown_summary
from pytest_humaneval.report.page import need_page_extra, write_page
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.read import Results
from pytest_humaneval.text.whole_file import Written, write_whole
from pytest_humaneval.text.wording import cannot_be_written

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
STEP_SUMMARY_BYTES = 1024 * 1024  # of all that a step writes; GitHub drops more than that, and fails the upload


class Publisher:
    """The files of --humaneval-html and --humaneval-markdown, and GitHub's step summary where the run is a step."""

    def __init__(self, page: Path | None, markdown: Path | None) -> None:
        """Make sure that they can be written, before an hour of generating is spent on them.

        Raises:
            InputError: a file cannot be written, or the page's packages are missing.
        """
        self._page, self._markdown = page, markdown
        self._step = os.environ.get(STEP_SUMMARY, "")
        if page is not None:
            need_page_extra("--humaneval-html")
            _need_writable("--humaneval-html", page)
        if markdown is not None:
            _need_writable("--humaneval-markdown", markdown)

    def write(
        self, ledger: Ledger, run: dict[str, Any], baseline: Results | None, analysis: Analysis
    ) -> Iterator[Written]:
        """Write them; what became of each file that was asked for, and of a step's summary where that failed.

        ``run`` is the run's record, as run.json has it.
        """
        if self._markdown is not None:
            text = markdown_summary(ledger, analysis=analysis, run=run)
            yield _written(self._markdown, "summary", lambda path: write_whole(path, [text]))
        if self._step and (trouble := _append(Path(self._step), ledger, analysis, run)):
            yield Written(trouble)  # nobody asked for it
        if self._page is not None:
            results = Results(tuple(ledger.sorted()), run)
            plan = ledger.plan
            prompts = plan.prompts_of(ledger.outcomes.values())
            yield _written(
                self._page, "report page", lambda path: write_page(path, results, plan.problems, baseline, prompts)
            )


def _need_writable(option: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a"):  # a run that is killed leaves what was there
            pass
    except OSError as error:
        raise InputError(f"{cannot_be_written(f'{option}: {path}', error)}; choose another file") from error


def _written(path: Path, what: str, write: Callable[[Path], None]) -> Written:
    try:
        write(path)
    except OSError as error:
        return Written(f"warning: {cannot_be_written(path, error)}", whole=False)
    return Written(f"the {what} is in {path}")


def _append(path: Path, ledger: Ledger, analysis: Analysis, run: dict[str, Any]) -> str:
    """Append to the step's summary what room is left for; returns a warning, or nothing."""
    try:
        room = STEP_SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0)
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + markdown_summary(ledger, room - 1024, analysis, run))
    except OSError as error:
        return f"warning: {cannot_be_written(f'{STEP_SUMMARY}: {path}', error)}"
    return ""
