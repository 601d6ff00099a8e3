"""The problem, bare or nearly so: what a base model was trained to continue.

Each differs from the next by a few bytes, which is the point: a trailing newline alone can move a score a lot.
"""

from __future__ import annotations

from pytest_humaneval import Problem, Prompt, completion_prompt, strategy


@strategy("minimal", "the problem as it is")
def minimal(problem: Problem) -> Prompt:
    """HumanEval as it was published (Chen et al. 2021): the prompt is continued to the byte. The yardstick."""
    return completion_prompt(problem.prompt)
