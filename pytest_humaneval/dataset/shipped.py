"""Datasets by name: HumanEval itself, and what this package ships."""

from __future__ import annotations

from pathlib import Path

from pytest_humaneval.exceptions import DatasetError

HUMANEVAL = "humaneval"
FOLDER = Path(__file__).parent / "static"
# The SHA-256 of each file's text, after decompression; docs/stronger-tests.md says how it was made.
SHIPPED = {"humaneval-strong": "05befc4ba7cf2840c46989709aad2ddfbc84dc4d1e2b107870697b0ca63bb2f5"}


def is_name(given: str) -> bool:
    """Whether this names a dataset, and not a file."""
    return given == HUMANEVAL or given in SHIPPED


def path_of(name: str) -> Path | None:
    """The file of a name; None for HumanEval, which is another package's."""
    return FOLDER / f"{name}.jsonl.gz" if name in SHIPPED else None


def check_digest(source: Path, sha256: str) -> None:
    """Make sure that a shipped file is what it was when its digest was noted.

    Raises:
        DatasetError: it is not.
    """
    name = source.name.removesuffix(".jsonl.gz")
    if source.parent == FOLDER and sha256 != SHIPPED.get(name):
        raise DatasetError(f"{source}: its sha256 is {sha256}, not {SHIPPED.get(name)}; install pytest-humaneval again")
