"""Thinking before writing (chain of thought, Wei et al. 2022, arXiv:2201.11903), for models that plan in comments."""

from __future__ import annotations

from pytest_humaneval import Problem, Prompt, completion_prompt, strategy

FIRST_STEP = """\
    # Step by step:
    # 1."""


@strategy("cot", "reasoning steps as comments before the body")
def cot(problem: Problem) -> Prompt:
    """The first step is numbered but not written: the model says what it will do, then does it, in one function."""
    return completion_prompt(problem.prompt.rstrip() + "\n" + FIRST_STEP, completion_prefix=FIRST_STEP)
