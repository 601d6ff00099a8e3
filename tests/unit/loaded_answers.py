"""A small problem, right and wrong answers to it, and whether what post-processing made of an answer is right.

Every answer is loaded and called: what counts is what the program does.
"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_humaneval import Problem, chat_prompt
from pytest_humaneval.postprocess import postprocess

PROMPT = 'def add(x: int, y: int):\n    """Add x and y."""\n'
ADD = Problem("Test/53", PROMPT, "add", "", "")
RIGHT = "def add(x: int, y: int):\n    return x + y\n"
WRONG = "def add(x: int, y: int):\n    return x - y\n"
BLOCK, DRAFT = f"```python\n{RIGHT}```\n", f"Draft:\n```python\n{WRONG}```\nNo, that subtracts.\n"

REPAIRING = ["post_v1", "post_v5"]
repairing = pytest.mark.parametrize("name", REPAIRING)


def loaded(problem: Problem, completion: str) -> Any:
    """The entry point of a whole program."""
    names: dict[str, Any] = {}
    exec(compile(problem.prompt + completion, "<completion>", "exec", dont_inherit=True), names)
    return names[problem.entry_point]


def adds(name: str, answer: str, **how: Any) -> bool:
    made = postprocess(name, ADD, chat_prompt("Complete this."), answer, **how)
    return bool(loaded(ADD, made.text)(2, 3) == 5)
