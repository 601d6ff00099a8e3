"""Strategies by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.prompting.soft_strategy import PREFIX, soft_strategy
from pytest_humaneval.registration import ALL, Offer, Sort
from pytest_humaneval.strategy import Strategy, StrategyMode
from pytest_humaneval.wording import unknown

STRATEGY_SORT = Sort("strategy", "strategies", Strategy, "decorate it with @strategy", StrategyError)


def register(strategies: Iterable[Strategy]) -> dict[str, Strategy]:
    """:func:`register_offered`, wherever they come from."""
    return register_offered(("", strategy) for strategy in strategies)


def register_offered(offers: Iterable[Offer]) -> dict[str, Strategy]:
    """Strategies in the order of their names, so that every worker collects the same items.

    Raises:
        StrategyError: something that is no strategy, or two of one name.
    """
    known = STRATEGY_SORT.register(offers)
    for strategy in known.values():
        if strategy.mode not in get_args(StrategyMode):
            modes = get_args(StrategyMode)
            raise StrategyError(f"strategy {strategy.name!r}: {unknown('mode', str(strategy.mode), modes)}")
    return dict(sorted(known.items()))


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
    for name in sorted(asked - {ALL}):
        STRATEGY_SORT.find(name, known, "--strategy")
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
