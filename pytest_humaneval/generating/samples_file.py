"""A file of samples that grows, and that is continued where it ends, however it came to its end."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import json
import os
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from pytest_humaneval.cluster.totals import Marks
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.sample import ItemId
from pytest_humaneval.text.whole_file import write_whole
from pytest_humaneval.text.wording import output_cannot_be_written

BLOCK = 500  # rows that are written at once; of a gzipped file, a member of its own
READ_BYTES = 1 << 20
HINT = "; give another file, or the same options again"


class SamplesFile:
    """Rows that are appended in blocks. A context manager; a file whose name ends in ``.gz`` is gzipped.

    What a killed process left half written is cut off. Beside the file, ``NAME.made-with.json`` says what its rows are
    of: only the same is appended to them. ``has`` takes a byte for each sample.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Open or make the file, and read which samples it has.

        Raises:
            InputError: it is of something else, somebody else writes to it, or it cannot be written.
            DatasetError: it is damaged before its end.
        """
        self.path = path
        self._packed = path.suffix == ".gz"
        self._block: list[str] = []
        self._marks: dict[tuple[str, str], Marks] = defaultdict(Marks)
        self.count = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _agree(path, settings)
            with contextlib.ExitStack() as opening:
                mode = "r+b" if path.exists() else "x+b"
                self._file: BinaryIO = opening.enter_context(path.open(mode))  # type: ignore[assignment]
                _lock(self._file, path)
                self._file.truncate(self._scan())
                self._file.seek(0, os.SEEK_END)
                opening.pop_all()
        except OSError as error:
            raise InputError(output_cannot_be_written(path, error)) from error

    def has(self, item: ItemId) -> bool:
        """Whether the file has this sample."""
        return item.sample_index in self._marks[item.task_id, item.strategy]

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row, sooner or later.

        Raises:
            InputError: the file cannot be written.
        """
        self._mark(row)
        self._block.append(json.dumps(row) + "\n")
        if len(self._block) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what was added, so that it survives this process.

        Raises:
            InputError: the file cannot be written.
        """
        if not self._block:
            return
        text = "".join(self._block).encode()
        try:
            self._file.write(gzip.compress(text, compresslevel=6, mtime=0) if self._packed else text)
            self._file.flush()
        except OSError as error:
            raise InputError(output_cannot_be_written(self.path, error)) from error
        self._block.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            self._file.close()

    def _scan(self) -> int:
        """Mark what is there; where the last whole block ends."""
        end = 0
        for number, (block, end_of_block) in enumerate(_members(self._file) if self._packed else _lines(self._file), 1):
            for line in block.splitlines():
                try:
                    self._mark(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    what = "block" if self._packed else "line"
                    raise DatasetError(f"{self.path}: {what} {number} is not a sample; move the file away") from error
            end = end_of_block
        return end

    def _mark(self, row: Mapping[str, Any]) -> None:
        self._marks[row["task_id"], row["strategy"]].put(row["sample_index"], True)
        self.count += 1


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Whole lines, and where each ends."""
    end = 0
    for line in file:
        if not line.endswith(b"\n"):
            return
        end += len(line)
        yield line, end


def _members(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Whole members of a gzipped file, and where each ends. One that is cut short is the last."""
    end, pending = 0, b""
    while pending or (pending := file.read(READ_BYTES)):
        unpacking, parts, size = zlib.decompressobj(wbits=31), [], 0
        while not unpacking.eof:
            if not pending and not (pending := file.read(READ_BYTES)):
                return
            try:
                parts.append(unpacking.decompress(pending))
            except zlib.error as error:
                raise DatasetError(f"{file.name}: damaged gzip data from byte {end} on; move the file away") from error
            size += len(pending) - len(unpacking.unused_data)
            pending = unpacking.unused_data
        end += size
        yield b"".join(parts), end


def _agree(path: Path, settings: Mapping[str, Any]) -> None:
    """See that the file's rows are of the same settings; write these down where there is no file."""
    beside = path.with_name(f"{path.name}.made-with.json")
    if not path.exists():
        write_whole(beside, [json.dumps(settings, indent=2) + "\n"])
        return
    try:
        before = json.loads(beside.read_text(encoding="utf-8"))
        known = isinstance(before, dict)
    except (OSError, ValueError):
        known = False
    if not known:
        raise InputError(f"--output: {path} already exists, and no {beside.name} says where it comes from{HINT}")
    for name, value in settings.items():
        if before.get(name) != value:
            raise InputError(
                f"--output: the samples in {path} belong to another run: {name} is {before.get(name)!r} there and "
                f"{value!r} here{HINT}"
            )


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"--output: another process is writing to {path}; wait for it, or give another file") from None
