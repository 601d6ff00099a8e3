"""Reads ``humaneval.toml``, or ``[tool.pytest-humaneval]`` of a ``pyproject.toml``.

Its top level holds options of the run by their names; ``[experiments.NAME]`` tables name experiments::

    num-samples = 20
    output = "out"

    [experiments.warm]
    description = "a chat model, a little creative"
    strategy = "chat"
    temperature = 0.8
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.option import Option
from pytest_humaneval.postprocess import POSTPROCESSORS
from pytest_humaneval.prompting.experiment import Experiment
from pytest_humaneval.registration import ALL, AUTO, can_be_a_name
from pytest_humaneval.text.wording import cannot_be_read, known_ones, unknown

NAME = "humaneval.toml"
PYPROJECT = "pyproject.toml"
TABLE = ("tool", "pytest-humaneval")
EXPERIMENTS = "experiments"
SAMPLING = ("temperature", "top-p", "max-tokens", "seed")  # an experiment's options that are fields of Sampling
OPTIONS_OF_AN_EXPERIMENT = (*SAMPLING, "num-samples")
KEYS_OF_AN_EXPERIMENT = ("description", "strategy", "postprocess", "enabled", *OPTIONS_OF_AN_EXPERIMENT)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What the file says; without a file, nothing.

    ``settings`` are the texts of the run's options by name, as on the command line; a flag that is false has none.
    """

    path: str = ""
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    experiments: tuple[Experiment, ...] = ()

    def where(self, *keys: str) -> str:
        """File and line of a key, for messages about it."""
        return _where(Path(self.path), keys)


def has_table(path: Path) -> bool:
    """Whether a ``pyproject.toml`` is there and holds our table; one that cannot be read is not ours to complain of."""
    try:
        tool = tomllib.loads(path.read_text("utf-8")).get(TABLE[0])
    except (OSError, ValueError):
        return False
    return isinstance(tool, dict) and TABLE[1] in tool


def read_config_file(
    path: Path, options: Iterable[Option], flags: Iterable[str], postprocessors: Collection[str] = POSTPROCESSORS
) -> ConfigFile:
    """Read the file.

    ``options`` are those of the run that it may set, ``flags`` the names of those that are true or false, and
    ``postprocessors`` the names that an experiment's may have.

    Raises:
        InputError: the file cannot be read, or says something that cannot be; names file and line.
    """
    return _Reader(path, options, flags, postprocessors).read()


def line_of(text: str, keys: Sequence[str]) -> int:
    """The line where the statement begins that brings a key into being, counted from 1.

    tomllib tells no positions. But it tells which beginnings of the text are whole (the text up to there ends between
    two statements), and the first of these that has the key ends with the statement that is looked for.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    begin = 1
    for end in range(1, len(lines) + 1):
        try:
            value: Any = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # within a statement of several lines
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return begin
        begin = end + 1
    return len(lines)


class _Reader:
    """One file on its way to a :class:`ConfigFile`."""

    def __init__(
        self, path: Path, options: Iterable[Option], flags: Iterable[str], postprocessors: Collection[str]
    ) -> None:
        self._path = path
        self._postprocessors = (AUTO, *postprocessors)
        self._options = {option.name: option for option in options}
        self._flags = frozenset(flags)

    def read(self) -> ConfigFile:
        try:
            table: object = tomllib.loads(self._path.read_text("utf-8"))
        except OSError as error:
            raise InputError(cannot_be_read(self._path, error)) from error
        except ValueError as error:  # not TOML, or not UTF-8
            raise InputError(f"{self._path}: {error}") from error
        for key in _root(self._path):
            table = self._table(table, ()).get(key, {})
        ours = self._table(table, ())
        experiments = self._table(ours.pop(EXPERIMENTS, {}), (EXPERIMENTS,))
        settings = {name: self._setting(name, value) for name, value in ours.items()}
        return ConfigFile(
            str(self._path), settings, tuple(self._experiment(name, table) for name, table in experiments.items())
        )

    def _setting(self, name: str, value: object) -> tuple[str, ...]:
        if name in self._flags:
            if not isinstance(value, bool):
                self._refuse((name,), "must be true or false")
            return ("yes",) if value else ()
        if (option := self._options.get(name)) is None:
            self._unknown((name,), (*self._options, *self._flags, EXPERIMENTS))
        texts = self._texts((name,), value, listed=option.many or option.by_comma)
        if option.by_comma:
            texts = (",".join(texts),)
        if option.is_path:
            # As seen from the file: it may be used from any folder.
            texts = tuple(option.seen_from(self._path.parent, text) for text in texts)
        for text in texts:
            self._parse((name,), option, text)
        return texts

    def _experiment(self, name: str, value: object) -> Experiment:
        path = (EXPERIMENTS, name)
        table = self._table(value, path)
        if not can_be_a_name(name):
            why = "cannot be the name of an experiment, which has no space, comma, colon or bracket"
            self._refuse(path, f"{why} and is not {ALL!r}")
        for key in table:
            if key not in KEYS_OF_AN_EXPERIMENT:
                self._unknown((*path, key), KEYS_OF_AN_EXPERIMENT)
        drawn = {key: self._number((*path, key), table[key]) for key in OPTIONS_OF_AN_EXPERIMENT if key in table}
        num_samples = drawn.pop("num-samples", None)
        if not (strategy := self._string(path, table, "strategy")):
            self._refuse(path, 'needs a strategy, such as strategy = "minimal"')
        postprocess = self._string(path, table, "postprocess")
        if postprocess and postprocess not in self._postprocessors:
            self._refuse((*path, "postprocess"), unknown("post-processor", postprocess, self._postprocessors))
        if not isinstance(enabled := table.get("enabled", True), bool):
            self._refuse((*path, "enabled"), "must be true or false")
        return Experiment(
            name,
            strategy,
            description=" ".join((self._string(path, table, "description") or "").split()),
            enabled=enabled,
            postprocess=postprocess,
            sampling={key.replace("-", "_"): value for key, value in drawn.items()},
            num_samples=num_samples,
        )

    def _number(self, path: tuple[str, ...], value: object) -> Any:
        (text,) = self._texts(path, value, listed=False)
        return self._parse(path, self._options[path[-1]], text)

    def _string(self, path: tuple[str, ...], table: Mapping[str, object], key: str) -> str | None:
        value = table.get(key)
        if value is not None and not isinstance(value, str):
            self._refuse((*path, key), "must be a string, in quotation marks")
        return value

    def _texts(self, path: tuple[str, ...], value: object, *, listed: bool) -> tuple[str, ...]:
        values = value if listed and isinstance(value, list) else [value]
        if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
            self._refuse(path, f"must be a string or a number{', or a list of these' if listed else ''}")
        return tuple(map(str, values))

    def _parse(self, path: tuple[str, ...], option: Option, text: str) -> Any:
        try:
            return option.parse(text)
        except InputError as error:
            self._refuse(path, str(error))

    def _table(self, value: object, path: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse(path, f"must be a table, such as [{'.'.join((*_root(self._path), EXPERIMENTS))}.NAME]")
        return dict(value)

    def _refuse(self, path: tuple[str, ...], why: str) -> NoReturn:
        name = ".".join(path or _root(self._path))
        raise InputError(f"{_where(self._path, path)}: {name}: {why}")

    def _unknown(self, path: tuple[str, ...], known: Sequence[str]) -> NoReturn:
        self._refuse(path, f"unknown key; {known_ones(path[-1], known)}")


def _root(path: Path) -> tuple[str, ...]:
    return TABLE if path.name == PYPROJECT else ()


def _where(path: Path, keys: Sequence[str]) -> str:
    return f"{path}:{line_of(path.read_text('utf-8'), (*_root(path), *keys))}"
