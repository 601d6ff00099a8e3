"""The datasets that ``--humaneval-dataset`` asks for: names and files, several by comma."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset.bundled import BUNDLED
from pytest_humaneval.dataset.kinds import Dataset, DatasetKind, Wanted
from pytest_humaneval.dataset.load import HUMANEVAL, read_wanted
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.option import comma_separated, names_a_file
from pytest_humaneval.text.wording import short_digest, unknown

OPTION = "--humaneval-dataset"
POOLED = "pooled"  # what all datasets of a run are called together
DATA_DIR = "HUMANEVAL_DATA_DIR"  # in the environment: where the files of datasets lie
BESIDE = "data"  # the folder beside a run in which they are looked for


@dataclass(frozen=True, slots=True)
class RequestedDataset:
    """One dataset: of a kind that is registered, or any file of problems (``kind`` is None then)."""

    text: str
    kind: DatasetKind | None
    wanted: Wanted

    def dataset(self) -> Dataset:
        """Its problems.

        Raises:
            DatasetError: they cannot be had.
        """
        return self.kind.dataset(self.wanted) if self.kind is not None else read_wanted(self.wanted)


def folders_of(directory: Path, given: Path | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the files of datasets are looked for: the folder that is given, else that of the run and its ``data``."""
    if given is None and (folder := environment.get(DATA_DIR)):
        given = directory / Path(folder).expanduser()
    return (given,) if given is not None else (directory, directory / BESIDE)


def requested_datasets(
    text: str,
    known: Mapping[str, DatasetKind],
    directory: Path,
    folders: tuple[Path, ...],
    keep: Path | None = None,
) -> tuple[RequestedDataset, ...]:
    """What a text means, such as ``humaneval,mbpp:train=FILE,mine.jsonl``; files are seen from ``directory``.

    ``keep`` is the cache folder.

    Raises:
        DatasetError: a name that nobody knows, or a part or file that its dataset does not take.
    """
    if (directory / Path(text).expanduser()).is_file():  # also one with a comma in its name
        pieces: Iterable[str] = [text]
    else:
        pieces = comma_separated(text)
    wanted = Wanted(folders=folders, keep=keep)
    return tuple(_requested(piece, known, directory, wanted) for piece in pieces)


def _requested(piece: str, known: Mapping[str, DatasetKind], directory: Path, wanted: Wanted) -> RequestedDataset:
    name, _, file = piece.partition("=")
    name, *parts = name.split(":")
    path = directory / Path(piece).expanduser()
    if (kind := known.get(name)) is None:
        if not names_a_file(piece) and not path.exists():
            raise DatasetError(f"{OPTION}: neither a file nor known: {unknown('dataset', name, known)}")
        return RequestedDataset(piece, None, replace(wanted, file=path))
    if file and kind.find is None:
        raise DatasetError(f"{OPTION}: {piece}: {name} is read by its own function and takes no file")
    if wrong := [part for part in parts if part not in kind.parts and not (kind.seeded and part.isdecimal())]:
        takes = f"it has {', '.join(kind.parts)}" if kind.parts else "it has none"
        takes = "it takes a seed, a whole number" if kind.seeded else takes
        raise DatasetError(f"{OPTION}: {piece}: {name} has no part {wrong[0]!r}; {takes}")
    path = directory / Path(file).expanduser()
    return RequestedDataset(piece, kind, replace(wanted, parts=tuple(parts), file=path if file else None))


def read_together(requested: Sequence[RequestedDataset]) -> Dataset:
    """One dataset by itself, or several as one whose parts they are.

    Raises:
        DatasetError: one cannot be had, or two have a problem of one task_id.
    """
    if len(requested) == 1:
        return requested[0].dataset()
    datasets = [(each.text, each.dataset()) for each in requested]
    names = Counter(dataset.name for _, dataset in datasets)
    taken = {name for name, count in names.items() if count > 1} | {POOLED}
    parts = tuple(replace(dataset, name=text) if dataset.name in taken else dataset for text, dataset in datasets)
    _refuse_doubled(parts)
    digest = hashlib.sha256("".join(part.sha256 for part in parts).encode()).hexdigest()
    problems = tuple(problem for part in parts for problem in part.problems)
    return Dataset(",".join(part.name for part in parts), digest, problems, parts=parts)


def dataset_named(text: str | None, keep: Path | None = None) -> Dataset:
    """What ``--dataset`` of the commands names among the bundled datasets and files; HumanEval where it is not given.

    ``keep`` is the cache folder.

    Raises:
        DatasetError: it cannot be had.
    """
    import os

    here = Path.cwd()
    return read_together(
        requested_datasets(text or HUMANEVAL.name, BUNDLED, here, folders_of(here, None, os.environ), keep)
    )


def recorded_names(run: Mapping[str, Any]) -> str | None:
    """The datasets that run.json tells of, as ``--dataset`` takes them; None where not all are known by their names."""
    rows = run.get("datasets") or [run.get("dataset", {})]
    names = [str(row.get("name")) for row in rows if isinstance(row, dict) and not row.get("rewrite")]
    names = [HUMANEVAL.name if name == "HumanEval" else name for name in names]  # as its file is called
    return ",".join(names) if names and all(name.split(":")[0] in BUNDLED for name in names) else None


def dataset_lines(known: Mapping[str, DatasetKind], folders: tuple[Path, ...]) -> Iterator[str]:
    """The lines of ``--humaneval-list-datasets``: what there is, how many problems, its digest, where it was found."""
    width = max(map(len, known), default=0)
    for name, kind in known.items():
        parts = f" (parts: {', '.join(f'{name}:{part}' for part in kind.parts)})" if kind.parts else ""
        yield f"{name.ljust(width)}  {kind.description}{parts}"
        yield f"{' ' * width}  {_where_found(kind, Wanted(folders=folders, only_look=True))}"


def _where_found(kind: DatasetKind, wanted: Wanted) -> str:
    try:
        dataset = kind.dataset(wanted)
    except DatasetError as error:
        return str(error)
    where = f" in {dataset.source}" if dataset.source else ""
    return f"{len(dataset.problems)} problems{where} (sha256 {short_digest(dataset.sha256)})"


def _refuse_doubled(parts: Sequence[Dataset]) -> None:
    of: dict[str, Dataset] = {}
    for part in parts:
        for problem in part.problems:
            other = of.setdefault(problem.task_id, part)
            if other is not part and other.name == part.name:
                raise DatasetError(f"{OPTION}: {part.name} is named twice")
            if other is not part:
                raise DatasetError(
                    f"{OPTION}: {other.name} and {part.name} both have a problem {problem.task_id}; "
                    "evaluate them in two runs, or give the problems of one of them other ids"
                )
