"""Reads files of one JSON object a line, plain or gzipped, and says where one is broken."""

from __future__ import annotations

import errno
import gzip
import json
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.text.wording import cannot_be_read


def read_bytes(path: Path) -> bytes:
    """The file as it is.

    Raises:
        DatasetError: it cannot be read.
    """
    try:
        with open(regular(path), "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise DatasetError(cannot_be_read(path, error)) from error


def regular(path: Path) -> Path:
    """``path``, which is not read where nobody might ever write: from a pipe, a socket or a device.

    Raises:
        OSError: it is none of a file, a folder (which says so when it is read), nothing, and a pipe of the shell's.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or str(path).startswith(("/dev/fd/", "/dev/stdin"))):
        raise OSError(errno.EINVAL, "not a regular file")
    return path


def read_text(path: Path) -> str:
    """The file's text, after decompression where it is gzipped.

    Raises:
        DatasetError: it cannot be read, is damaged, or is no UTF-8.
    """
    return decoded(path, read_bytes(path))


def decoded(path: Path, raw: bytes) -> str:
    """The text of a file that has been read: what comes through a pipe can be read only once.

    Raises:
        DatasetError: it is damaged, or is no UTF-8.
    """
    try:
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(f"{path}: truncated or damaged gzip data ({error})") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text (byte {error.start})") from error


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1.

    Not ``splitlines``: it also breaks at characters that JSON strings may hold as they are, such as U+2028.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def stream(path: Path) -> Iterator[tuple[int, str]]:
    """The same of a file that need not fit into memory, plain or gzipped.

    Raises:
        DatasetError: it cannot be read, is damaged, or is no UTF-8; names the file, and the line where there is one.
    """
    number = 0
    try:
        with regular(path).open("rb") as raw:
            packed = raw.peek(2)[:2] == b"\x1f\x8b"
            for number, line in enumerate(gzip.GzipFile(fileobj=raw) if packed else raw, start=1):
                if text := line.decode().strip():
                    yield number, text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(f"{path}: truncated or damaged gzip data ({error})") from error
    except OSError as error:
        raise DatasetError(cannot_be_read(path, error)) from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}:{number}: not UTF-8 text (byte {error.start} of the line)") from error


def is_json(line: str) -> bool:
    """Whether a line is whole."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def parse(where: str, line: str) -> Any:
    """The JSON value of a line.

    Raises:
        DatasetError: it is none; ``where`` is named.
    """
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: not JSON ({error})") from error


def objects(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file, with their places: one a line, or the elements of one array.

    Raises:
        DatasetError: something is no object; names file and line, and the element of an array.
    """
    if text.lstrip()[:1] == "[":
        values: Any = parse(str(path), text)
        placed = [(f"{path}, element {number}", value) for number, value in enumerate(values)]
    else:
        placed = [(f"{path}:{number}", parse(f"{path}:{number}", line)) for number, line in lines(text)]
    for where, value in placed:
        if not isinstance(value, dict):
            raise DatasetError(f"{where}: expected a JSON object, not {json.dumps(value)[:60]}")
        yield where, value
