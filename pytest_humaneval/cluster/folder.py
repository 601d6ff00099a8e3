"""The output folder: results.jsonl, which only grows, and what is needed to go on with it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from pytest_humaneval.cluster.chunking import Sample
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.read import RESULTS_FILE, RUN_FILE, read_outcome
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import output_cannot_be_written

SETTINGS_FILE = "evaluation.json"  # what the results are of, and when they were begun


class Folder:
    """Results that are appended to in the order of the samples."""

    def __init__(self, directory: Path, settings: dict[str, Any]) -> None:
        """Open the folder, made where there is none. ``settings`` are everything that a verdict depends on.

        Raises:
            InputError: it holds results of something else, another run writes to it, or it cannot be written.
        """
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with contextlib.ExitStack() as opening:
                self._results = opening.enter_context((directory / RESULTS_FILE).open("a+b"))
                _lock(directory, self._results)
                self.started = _agree(directory, settings)
                opening.pop_all()
        except OSError as error:
            raise InputError(output_cannot_be_written(directory, error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # of a full disk: append has told
            self._results.close()

    def resume(self, samples: Iterator[Sample]) -> Iterator[Outcome]:
        """What was judged before; takes their samples from ``samples``. A last line that was torn is cut off.

        Raises:
            DatasetError: what is there are no results of these samples; names the line.
        """
        path = self.directory / RESULTS_FILE
        self._results.seek(0)
        end = 0
        for number, line in enumerate(self._results, start=1):
            if not line.endswith(b"\n"):
                break
            where = f"{path}:{number}"
            outcome, sample = read_outcome(where, line.decode(errors="replace")), next(samples, None)
            if sample is None or not _is_of(outcome, sample):
                raise DatasetError(f"{where}: not the result of the file's sample {number}; give another --output")
            end += len(line)
            yield outcome
        self._results.truncate(end)

    def append(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add results; what was added is kept also when this process is killed.

        Raises:
            InputError: they cannot be written.
        """
        try:
            self._results.write("".join(json.dumps(row) + "\n" for row in rows).encode())
            self._results.flush()
        except OSError as error:
            raise InputError(output_cannot_be_written(self.directory, error)) from error

    def finish(self, run: dict[str, Any]) -> None:
        """Write run.json.

        Raises:
            InputError: it cannot be written.
        """
        try:
            os.fsync(self._results.fileno())
            write_whole(self.directory / RUN_FILE, [json.dumps(run, indent=2) + "\n"])
        except OSError as error:
            raise InputError(output_cannot_be_written(self.directory, error)) from error


def _lock(directory: Path, results: BinaryIO) -> None:
    try:
        fcntl.flock(results, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(
            f"--output: another run is writing to {directory}; wait for it, or give another folder"
        ) from None


def _agree(directory: Path, settings: dict[str, Any]) -> str:
    """Write down the settings, or see that they are those written down before; when the first run started."""
    file = directory / SETTINGS_FILE
    before = _read(file)
    if before is None:
        if (directory / RESULTS_FILE).stat().st_size:
            raise InputError(f"--output: {directory} holds the results of something else; give another folder")
        before = {**settings, "started": datetime.now(UTC).isoformat(timespec="seconds")}
        write_whole(file, [json.dumps(before, indent=2) + "\n"])
    for name, value in settings.items():
        if before.get(name) != value:
            raise InputError(
                f"--output: the results in {directory} belong to another run: {name} is {before.get(name)!r} there and "
                f"{value!r} here; give another folder, or the same value again"
            )
    (directory / RUN_FILE).unlink(missing_ok=True)  # what is killed has none
    return str(before["started"])


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        content = None
    if not isinstance(content, dict) or "started" not in content:
        raise InputError(f"--output: {file} is damaged; give another folder")
    return content


def _is_of(outcome: Outcome, sample: Sample) -> bool:
    return (outcome.item, outcome.completion) == (sample.item, sample.completion)
