"""Solved examples first (Brown et al. 2020, arXiv:2005.14165): for models that continue what they see.

The examples show form: where the body goes, how it ends, that it returns.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_humaneval import Category, Problem, Prompt, category, completion_prompt, strategy

from .worked_examples import LIST, MATH, SORTING, STRING, WorkedExample

BETWEEN = "\n\n"  # two blank lines, as between any functions


@strategy("fewshot", "three solved examples first")
def fewshot(problem: Problem) -> Prompt:
    """One each on strings, lists and numbers; the same for every problem, so that the engine caches them."""
    return _after((STRING, LIST, MATH), problem)


@strategy("example_v0", "the problem after one solved example of its kind (string, list or sorting)")
def example_v0(problem: Problem) -> Prompt:
    """A relevant example instead of many; other categories get the plain prompt."""
    relevant = {Category.STRING: STRING, Category.LIST: LIST, Category.SORTING: SORTING}.get(category(problem))
    return _after([relevant] if relevant else [], problem)


def _after(examples: Iterable[WorkedExample], problem: Problem) -> Prompt:
    return completion_prompt("".join(example.code + BETWEEN for example in examples) + problem.prompt)
