"""The rules that every post-processor keeps."""

from __future__ import annotations

from pytest_humaneval.postprocess import PostProcessor
from pytest_humaneval.problem import Problem

NAME = "renamed_function"


def check_postprocessor(processor: PostProcessor, problem: Problem, text: str) -> None:
    """Assert that ``processor`` repairs form only, on the answer ``text`` to ``problem``.

    Applied to its own output it changes nothing; the hidden test, the canonical solution and the task id change
    nothing; and if the entry point is renamed, nothing but that name changes. To be tried on many texts: hypothesis
    makes them.

    Raises:
        AssertionError: it breaks one of these rules.
    """
    once = processor(problem, text)
    again = processor(problem, once.text)
    assert again.text == once.text, f"{processor.name} changes its own output"
    assert not again.steps, f"{processor.name} says that it changes its own output: {', '.join(again.steps)}"
    blind = Problem("", problem.prompt, problem.entry_point, "", "")
    assert processor(blind, text) == once, f"{processor.name} looks at more than prompt and entry point"
    renamed = Problem("", _renamed(problem, problem.prompt), NAME, "", "")
    other = processor(renamed, _renamed(problem, text))
    assert other.text == _renamed(problem, once.text), f"{processor.name} depends on the name of the function"
    assert other.steps == once.steps, f"{processor.name} takes other steps where the function has another name"


def _renamed(problem: Problem, source: str) -> str:
    return source.replace(problem.entry_point, NAME)
