"""Where a published dataset is found: in a file that is named, under a usual name in a folder, or on the hub."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl, parquet
from pytest_humaneval.dataset.kinds import Row, Wanted, digest_of
from pytest_humaneval.exceptions import DatasetError


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a dataset, the SHA-256 of the text they were read from, and where that was."""

    rows: tuple[Row, ...]
    sha256: str
    source: str


@dataclass(frozen=True, slots=True)
class Hub:
    """A dataset of the hub: its id, its configuration, and the splits that are wanted, in their order."""

    name: str
    configuration: str | None
    splits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look for the dataset called ``name``: its file's usual names (patterns), further folders, the hub."""

    name: str
    files: tuple[str, ...]
    hub: Hub
    folders: tuple[Path, ...] = ()

    def find(self, wanted: Wanted) -> Found:
        """Its rows, from the first place that has it.

        Raises:
            DatasetError: a file cannot be read, or it is in none of them; names all ways.
        """
        if wanted.file is not None:
            return read_rows(wanted.file)
        for folder in (*wanted.folders, *self.folders):
            for pattern in self.files:
                if fitting := [path for path in folder.glob(pattern) if path.is_file()]:
                    return read_rows(max(fitting, key=_version))
        trouble = "not asked"
        if not wanted.only_look:
            try:
                return from_hub(self.hub)
            except DatasetError as error:
                trouble = str(error)
        folders = " or ".join(map(str, (*wanted.folders, *self.folders)))
        raise DatasetError(
            f"{self.name} was not found: no file {' or '.join(self.files)} in {folders}; the hub: {trouble}. Give its "
            f"file as {self.name}=FILE, or the folder that has it with --humaneval-data-dir or HUMANEVAL_DATA_DIR"
        )


def read_rows(path: Path) -> Found:
    """The rows of a file: JSON objects, one a line, or all in one array, plain or gzipped; or Parquet.

    Raises:
        DatasetError: it cannot be read, or holds something else; names file and line.
    """
    raw = jsonl.read_bytes(path)
    if raw[:4] == b"PAR1":
        return Found(tuple(parquet.rows(path, raw)), hashlib.sha256(raw).hexdigest(), str(path))
    text = jsonl.decoded(path, raw).removeprefix("\ufeff")
    return Found(tuple(jsonl.objects(path, text)), digest_of(text), str(path))


def _version(path: Path) -> tuple[list[int], str]:
    """Of several files the last is the newest: v0.1.10 comes after v0.1.9."""
    return [int(number) for number in re.findall(r"\d+", path.name)], path.name


def from_hub(hub: Hub, load: Callable[..., Any] | None = None) -> Found:
    """The rows of the hub's dataset, by the package datasets; ``load`` stands in for its ``load_dataset``.

    Raises:
        DatasetError: the package is missing, or the hub does not answer.
    """
    try:
        load = load or _load_dataset()
        splits = load(hub.name, hub.configuration)
        rows = tuple((f"{hub.name} {split}", dict(row)) for split in hub.splits for row in splits[split])
    except DatasetError:
        raise
    except Exception as error:  # the client's transport has a family of its own
        reason = " ".join(str(error).split())
        raise DatasetError(
            f"{hub.name} could not be fetched from the hub ({type(error).__name__}: {reason})"
        ) from error
    text = "".join(json.dumps(row, sort_keys=True) + "\n" for _, row in rows)
    return Found(rows, digest_of(text), f"the hub's {hub.name}")


def _load_dataset() -> Callable[..., Any]:
    try:
        from datasets import load_dataset
    except ImportError:
        raise DatasetError(
            "the hub needs the package datasets, which is not installed: pip install 'pytest-humaneval[soft-prompt]'"
        ) from None
    load: Callable[..., Any] = load_dataset
    return load
