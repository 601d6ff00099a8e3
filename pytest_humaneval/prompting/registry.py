"""Strategies by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.prompting.soft_strategy import PREFIX, soft_strategy
from pytest_humaneval.strategy import Strategy, StrategyMode
from pytest_humaneval.wording import unknown

ALL = "all"


def register(strategies: Iterable[Strategy]) -> dict[str, Strategy]:
    """Strategies in the order of their names, so that every worker collects the same items.

    Raises:
        StrategyError: something that is no strategy, or two of one name.
    """
    known: dict[str, Strategy] = {}
    for strategy in strategies:
        if not isinstance(strategy, Strategy):
            raise StrategyError(
                f"pytest_humaneval_strategies returned {strategy!r}, not a Strategy; decorate it with @strategy"
            )
        if strategy.mode not in get_args(StrategyMode):
            modes = get_args(StrategyMode)
            raise StrategyError(f"strategy {strategy.name!r}: {unknown('mode', str(strategy.mode), modes)}")
        if not can_name_a_strategy(strategy.name):
            raise StrategyError(
                f"{strategy.name!r} cannot be the name of a strategy, which has no space, comma, colon or bracket "
                f"and is not {ALL!r}"
            )
        if known.setdefault(strategy.name, strategy) is not strategy:
            raise StrategyError(f"two strategies are named {strategy.name!r}; give one of them another name")
    return dict(sorted(known.items()))


def can_name_a_strategy(name: str) -> bool:
    """Whether a name can stand in item ids and in lists by comma."""
    return bool(name) and name != ALL and not set(name) & set(", []:\n\t")


def select_strategies(
    known: Mapping[str, Strategy], names: Iterable[str], folder: Path = Path()
) -> tuple[Strategy, ...]:
    """The strategies of ``--strategy``: names, several by comma, or ``all``; each once, in the order of their names.

    A name ``soft:DIR`` is the soft prompt in that directory, relative to ``folder``.

    Raises:
        StrategyError: an unknown name; says near ones and the list.
    """
    asked = {name.strip() for value in names for name in value.split(",") if name.strip()}
    if not asked:
        raise StrategyError(f"--strategy: no name given; known: {', '.join(known)}")
    soft = _soft_strategies(known, sorted(name for name in asked if name.startswith(PREFIX)), folder)
    asked = {name for name in asked if not name.startswith(PREFIX)}
    for name in sorted(asked - known.keys() - {ALL}):
        raise StrategyError(f"--strategy: {unknown('strategy', name, known)}")
    chosen = known if ALL in asked else {name: known[name] for name in asked}
    return tuple(one for _, one in sorted({**chosen, **soft}.items()))


def _soft_strategies(known: Mapping[str, Strategy], names: Iterable[str], folder: Path) -> dict[str, Strategy]:
    found: dict[str, tuple[Path, Strategy]] = {}
    for name in names:
        directory = folder / Path(name.removeprefix(PREFIX)).expanduser()
        one = soft_strategy(directory, known)
        earlier, _ = found.setdefault(one.name, (directory, one))
        if earlier.resolve() != directory.resolve():
            raise StrategyError(
                f"--strategy: {earlier} and {directory} would both be named {one.name!r}; rename one of the folders"
            )
    return {name: one for name, (_, one) in found.items()}
