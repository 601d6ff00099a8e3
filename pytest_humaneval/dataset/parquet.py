"""Rows of Parquet files, by pyarrow, which nothing else here needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import DatasetError

INSTALL = "Parquet needs the package pyarrow, which is not installed: pip install 'pytest-humaneval[parquet]'"


def rows(path: Path, content: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Every row, with its place.

    Raises:
        DatasetError: pyarrow is missing, or the file is damaged.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DatasetError(f"{path}: {INSTALL}") from None
    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DatasetError(f"{path}: not a Parquet file, or damaged ({error})") from error
    return [(f"{path}, row {number}", row) for number, row in enumerate(table.to_pylist())]
