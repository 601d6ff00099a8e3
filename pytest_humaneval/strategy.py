"""How a problem becomes a prompt."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal

from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Mode, Prompt
from pytest_humaneval.sample import Sampling

StrategyMode = Literal["completion", "chat", "guided"]
PromptBuilder = Callable[[Problem], Prompt]
Solve = Callable[[Problem], Generator[Any, Any, Any]]


@dataclass(frozen=True, slots=True, eq=False)  # itself alone: its functions need not be hashable
class Strategy:
    """A named way to ask for a solution.

    ``build_prompt`` receives :meth:`Problem.visible`: neither the hidden test nor the canonical solution. It must not
    depend on which problem it is: renaming entry point and task changes nothing but those names.
    ``postprocess`` is what ``--humaneval-postprocess=auto`` means for it. ``solve`` is there for strategies that ask
    more than once (guided.py); their ``build_prompt`` is the first question alone. ``runs_nothing`` is true of those
    that do so without a look at what their code does. ``fills_gap`` is true of those that show the model the code
    behind a gap (:attr:`Problem.suffix`): no others are asked where there is one.

    An experiment is a strategy under another name: ``base`` is its strategy's own name, ``sampling`` and
    ``num_samples`` take the place of the run's.
    """

    name: str
    description: str
    build_prompt: PromptBuilder
    mode: StrategyMode = "completion"
    postprocess: str = "post_v1"
    base: str = ""
    sampling: Sampling | None = None
    num_samples: int | None = None
    solve: Solve | None = None
    runs_nothing: bool = False
    fills_gap: bool = False

    def __repr__(self) -> str:
        return f"Strategy({self.name!r})"

    @property
    def guided(self) -> bool:
        """Whether it asks more than once, and so is driven by the guide."""
        return self.solve is not None

    @property
    def sees_examples(self) -> bool:
        """Whether it runs code on the docstring's examples: its figures stand apart from those that do not."""
        return self.guided and not self.runs_nothing


def strategy(
    name: str, description: str, *, mode: Mode = "completion", postprocess: str = "post_v1", fills_gap: bool = False
) -> Callable[[PromptBuilder], Strategy]:
    r"""Turn a function from problem to prompt into a strategy.

    Example::

        @strategy("polite", "says please")
        def polite(problem):
            return completion_prompt("# Please complete this function.\n" + problem.prompt)
    """

    def decorate(build_prompt: PromptBuilder) -> Strategy:
        return Strategy(name, description, build_prompt, mode, postprocess, fills_gap=fills_gap)

    return decorate
