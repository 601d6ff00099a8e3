"""Strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import get_args

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompting.lora_strategy import LORA_PREFIX, lora_strategy
from pytest_humaneval.prompting.soft_strategy import PREFIX, soft_strategy
from pytest_humaneval.prompting.text_strategy import TEXT_PREFIX, text_strategy
from pytest_humaneval.registration import ALL, Offer, Sort
from pytest_humaneval.strategy import Strategy, StrategyMode
from pytest_humaneval.text.wording import unknown

LEARNED: Mapping[str, Callable[[Path, Mapping[str, Strategy]], Strategy]] = {
    PREFIX: soft_strategy,
    LORA_PREFIX: lora_strategy,
    TEXT_PREFIX: text_strategy,
}
"""What makes a strategy of a folder, by what stands in front of the folder."""

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

    A name ``soft:DIR`` is the soft prompt in that directory, relative to ``folder``; ``lora:DIR`` is the LoRA,
    ``text:DIR`` the text prompt.

    Raises:
        StrategyError: an unknown name; says near ones and the list.
    """
    requested = {name.strip() for value in names for name in value.split(",") if name.strip()}
    if not requested:
        raise StrategyError(f"--strategy: no name given; known: {', '.join(known)}")
    prefixes = tuple(LEARNED)
    learned = _learned_strategies(known, sorted(name for name in requested if name.startswith(prefixes)), folder)
    requested = {name for name in requested if not name.startswith(prefixes)}
    for name in sorted(requested - {ALL}):
        STRATEGY_SORT.find(name, known, "--strategy")
    chosen = known if ALL in requested else {name: known[name] for name in requested}
    return tuple(strategy for _, strategy in sorted({**chosen, **learned}.items()))


def refuse_those_that_fill_no_gap(strategies: Iterable[Strategy], problems: Iterable[Problem]) -> None:
    """Only a strategy that shows the code behind a gap can be asked to fill it.

    Raises:
        StrategyError: another one is asked to.
    """
    unfit = [strategy.name for strategy in strategies if not strategy.fills_gap]
    gap = next((problem for problem in problems if problem.has_gap), None)
    if unfit and gap is not None:
        raise StrategyError(
            f"--strategy: {', '.join(unfit)} would not show the model the code that follows the gap in {gap.task_id}; "
            "such problems take a strategy that does, as fim does, or one of your own with fills_gap=True"
        )


def _learned_strategies(known: Mapping[str, Strategy], names: Iterable[str], folder: Path) -> dict[str, Strategy]:
    by_name: dict[str, tuple[Path, Strategy]] = {}
    for name in names:
        prefix = next(prefix for prefix in LEARNED if name.startswith(prefix))
        directory = folder / Path(name.removeprefix(prefix)).expanduser()
        learned = LEARNED[prefix](directory, known)
        earlier, _ = by_name.setdefault(learned.name, (directory, learned))
        if earlier.resolve() != directory.resolve():
            raise StrategyError(
                f"--strategy: {earlier} and {directory} would both be named {learned.name!r}; rename one of the folders"
            )
    return {name: learned for name, (_, learned) in by_name.items()}
