"""What every run leaves in the cache folder: a line for each strategy, in an SQLite file that several runs may use."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.parts import is_pooled, parts_of
from pytest_humaneval.results.sampling import sampling_of_row
from pytest_humaneval.statistics.comparison import passes_of
from pytest_humaneval.text.wording import reason_of

FILE = "history.sqlite"
APPLICATION_ID = 0x48456868  # "HEhh"
SCHEMA_VERSION = 1
BUSY_TIMEOUT = 10.0  # seconds; another run holds the lock for milliseconds


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One strategy of one run, on one dataset or on several pooled ones.

    ``pass_at_k`` is JSON, by k; ``low`` and ``high`` are the 95 % interval of pass@1. ``passed`` is JSON too: of each
    problem, how many samples passed and how many have a verdict. ``seconds`` are those that an answer's tokens, of all
    draws, took at the speed of the whole batch, where the engine tells.
    """

    started: str
    git_commit: str | None
    engine: str
    model: str
    digest: str
    dataset: str
    dataset_sha256: str
    strategy: str
    sampling: str
    pass_at_1: float | None
    pass_at_k: str
    low: float | None
    high: float | None
    problems: int
    samples: int
    errors: int
    tokens: int
    seconds: float | None
    passed: str

    def passes(self) -> dict[str, dict[int, bool]]:
        """Whether each sample passed, as comparisons want it; which of a problem's samples did is not known."""
        counts: Mapping[str, list[int]] = json.loads(self.passed)
        return {task: {index: index < good for index in range(drawn)} for task, (good, drawn) in counts.items()}


COLUMNS = tuple(field.name for field in fields(HistoryLine))


def lines_of(run: Mapping[str, Any], outcomes: Iterable[Outcome]) -> list[HistoryLine]:
    """The lines of a run; ``run`` is what its run.json says. Of several datasets each has its own."""
    parts = parts_of(outcomes, pool=is_pooled(run))
    passes = {name: passes_of(some) for name, some in parts.items()}
    datasets = {dataset["name"]: dataset for dataset in run.get("datasets", ())}
    process = run["engine_process"]
    experiments = {experiment["name"]: experiment for experiment in run["experiments"]}
    lines = []
    for row in run["strategies"]:
        if row.get("stopped"):  # its figure is no other's equal
            continue
        name, part = row["strategy"], row.get("dataset", "")
        dataset = datasets.get(part, run["dataset"])  # also of what is pooled: those of all together
        if dataset.get("rewrite"):  # a trend is about problems as they are
            continue
        counts = {
            task: [sum(samples.values()), len(samples)] for task, samples in passes.get(part, {}).get(name, {}).items()
        }
        experiment = experiments[name]
        low, high = row["interval"] or (None, None)
        share = sum(good / drawn for good, drawn in counts.values()) / len(counts) if counts else None
        lines.append(
            HistoryLine(
                started=run["started"],
                git_commit=run["git_commit"],
                engine=run["identity"]["engine"],
                model=run["identity"]["model"],
                digest=run["identity"]["digest"],
                dataset=dataset["name"],
                dataset_sha256=dataset["sha256"],
                strategy=name,
                sampling=sampling_of_row(run, experiment),
                pass_at_1=share,
                pass_at_k=json.dumps(row["pass_at_k"]),
                low=low,
                high=high,
                problems=len(counts),
                samples=row["judged"],
                errors=row["errors"],
                tokens=row["tokens"],
                seconds=seconds_per_answer(process, row["tokens"] / row["judged"] if row["judged"] else 0),
                passed=json.dumps(counts, separators=(",", ":")),
            )
        )
    return lines


def seconds_per_answer(process: Mapping[str, Any], tokens: float) -> float | None:
    """What an answer of so many tokens took, at the speed of the whole batch; ``process`` is what run.json says of it.

    By tokens, as an answer of a guided strategy is made of several generations. None where nothing was generated.
    """
    seconds, generated = process.get("generating_seconds"), process.get("tokens")
    if not isinstance(seconds, (int, float)) or not isinstance(generated, int) or min(seconds, generated, tokens) <= 0:
        return None
    return tokens * seconds / generated


def append(directory: Path, lines: Iterable[HistoryLine]) -> str:
    """Add the lines; returns what kept them from being written, or nothing: a history is worth no failed run."""
    path = directory / FILE
    places = ", ".join("?" * len(COLUMNS))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")  # or a run that begins the same file would see half of a table
            _prepare(connection)
            connection.executemany(f"INSERT INTO runs VALUES ({places})", map(astuple, lines))
    except (OSError, sqlite3.Error) as error:
        return f"note: this run was not added to {path}: {reason_of(error)}"
    return ""


def read(directory: Path) -> list[HistoryLine]:
    """Every line, the oldest first.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    path = directory / FILE
    if not path.exists():
        raise InputError(f"{path}: there is no history yet; every run without --humaneval-no-history adds to it")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT)) as connection:
            _see_that_it_is_ours(connection)
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM runs ORDER BY started, rowid").fetchall()
        lines = [HistoryLine(*row) for row in rows]
        for line in lines:
            line.passes()
    except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
        busy = getattr(error, "sqlite_errorname", "") in ("SQLITE_BUSY", "SQLITE_LOCKED")
        hint = (
            "another program holds it; try again later" if busy else "move it away, and the next run starts a new one"
        )
        raise InputError(f"{path}: cannot be read as a history ({error}); {hint}") from error
    return lines


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table where there is none; a file of somebody else's is left alone."""
    if not _see_that_it_is_ours(connection):
        connection.execute(f"CREATE TABLE IF NOT EXISTS runs ({', '.join(COLUMNS)})")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _see_that_it_is_ours(connection: sqlite3.Connection) -> bool:
    """Whether there is anything in it; an error where that is somebody else's, or another version's."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and (owner, version) != (APPLICATION_ID, SCHEMA_VERSION):
        raise sqlite3.DatabaseError("it is not a history that this version can read")
    return bool(tables)
