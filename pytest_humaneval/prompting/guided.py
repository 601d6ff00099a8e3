"""Strategies that ask more than once, guided by what their code does on the docstring's own examples.

Such a strategy is a generator. It yields what it wants to know, receives the answer, and returns the candidate it
settles on; the run does the asking, for all problems at the same time, so that the engine's batch stays full::

    @guided_strategy("second_try", "asks again when the first answer fails an example")
    def second_try(problem):
        (first,) = yield from draw(completion_prompt(problem.prompt))
        (trial,) = yield from try_out([first])
        if trial.passed:
            return first
        (second,) = yield from draw(completion_prompt(problem.prompt), temperature=0.8)
        return second

It sees what any strategy sees, the problem without test and canonical solution, and what :func:`try_out` tells: how
the code does on the visible examples. The hidden test is out of its reach.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Completion, Generation
from pytest_humaneval.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of the model, and the code that is in it."""

    generation: Generation
    completion: Completion

    @property
    def code(self) -> str:
        """What goes right after the problem's prompt."""
        return self.completion.text

    @property
    def logprob(self) -> float:
        """The mean log-probability of its tokens; minus infinity where the engine does not tell."""
        return float("-inf") if self.generation.logprob is None else self.generation.logprob


@dataclass(frozen=True, slots=True)
class Draw:
    """A question: ``num_samples`` answers to ``prompt``. A temperature of 0 is greedy decoding."""

    prompt: Prompt
    num_samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0


@dataclass(frozen=True, slots=True)
class TryOut:
    """A question: what the candidates' code does, on the visible examples or on inputs derived from them.

    With ``drawn_inputs`` it is on so many inputs that are drawn from all that the prompt shows, and on the examples,
    those included that the docstring states in words.
    """

    candidates: tuple[Candidate, ...]
    derived_inputs: bool = False
    drawn_inputs: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What one candidate's code did in the sandbox.

    ``kind`` is ``passed`` where every call came to an end, else a verdict's kind (``timed out``, ``syntax error``).
    ``num_right`` of ``num_examples`` returned what the docstring says; ``failure`` tells of the first that did not.
    ``behaviour`` is a digest of everything that was returned and raised: equal for code that behaves equally.
    ``answers`` is a digest of each single answer, in the order of the inputs; the same for values that are equal, empty
    for one that raised.
    """

    kind: str
    num_right: int = 0
    num_examples: int = 0
    failure: str = ""
    behaviour: str = ""
    answers: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every example came out right; where there is none, whether the code can be loaded."""
        return self.kind == "passed" and self.num_right == self.num_examples


Question = Draw | TryOut
Questions = Generator[Question, Any, Candidate]
Solver = Callable[[Problem], Questions]


def draw(
    prompt: Prompt, num_samples: int = 1, *, temperature: float = 0.0, top_p: float = 1.0
) -> Generator[Question, Any, tuple[Candidate, ...]]:
    """``num_samples`` answers to ``prompt``, post-processed as the strategy says. To be used with ``yield from``."""
    candidates: tuple[Candidate, ...] = yield Draw(prompt, num_samples, temperature, top_p)
    return candidates


def try_out(
    candidates: Iterable[Candidate], *, derived_inputs: bool = False, drawn_inputs: int = 0
) -> Generator[Question, Any, tuple[Trial, ...]]:
    """Run each candidate in the sandbox on the visible examples. To be used with ``yield from``.

    With ``derived_inputs``, on arguments derived from the examples' (shorter, reversed, negated): what is right there
    nobody knows, but candidates can be compared by their behaviour. With ``drawn_inputs``, on the examples and on so
    many inputs like them, for which annotations and docstring will do where there is no example (visible_inputs.py).
    """
    trials: tuple[Trial, ...] = yield TryOut(tuple(candidates), derived_inputs, drawn_inputs)
    return trials


def guided_strategy(
    name: str, description: str, *, postprocess: str = "post_v1", runs_nothing: bool = False
) -> Callable[[Solver], Strategy]:
    """Turn a generator from problem to candidate into a strategy; see this module for an example.

    One that ``runs_nothing`` never asks what its code does: it sees the prompt, as any strategy, and its row says so.
    """

    def decorate(solve: Solver) -> Strategy:
        def opening(problem: Problem) -> Prompt:
            """The first question, for those who want to see a prompt."""
            question = next(solve(problem), None)
            if not isinstance(question, Draw):
                raise StrategyError(f"strategy {name!r} must begin with a draw, not {question!r}")
            return question.prompt

        return Strategy(name, description, opening, "guided", postprocess, solve=solve, runs_nothing=runs_nothing)

    return decorate
