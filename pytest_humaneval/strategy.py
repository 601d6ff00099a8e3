"""How a problem becomes a prompt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Mode, Prompt
from pytest_humaneval.sample import Sampling

PromptBuilder = Callable[[Problem], Prompt]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A named way to ask for a solution.

    ``build_prompt`` receives :meth:`Problem.visible`: neither the hidden test nor the canonical solution. It must not
    depend on which problem it is: renaming entry point and task changes nothing but those names.
    ``postprocess`` is what ``--humaneval-postprocess=auto`` means for it.

    An experiment is a strategy under another name: ``base`` is its strategy's own name, ``sampling`` and
    ``num_samples`` take the place of the run's.
    """

    name: str
    description: str
    build_prompt: PromptBuilder
    mode: Mode = "completion"
    postprocess: str = "post_v1"
    base: str = ""
    sampling: Sampling | None = None
    num_samples: int | None = None


def strategy(
    name: str, description: str, *, mode: Mode = "completion", postprocess: str = "post_v1"
) -> Callable[[PromptBuilder], Strategy]:
    r"""Turn a function from problem to prompt into a strategy.

    Example::

        @strategy("polite", "says please")
        def polite(problem):
            return completion_prompt("# Please complete this function.\n" + problem.prompt)
    """

    def decorate(build_prompt: PromptBuilder) -> Strategy:
        return Strategy(name, description, build_prompt, mode, postprocess)

    return decorate
