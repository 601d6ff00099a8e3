"""Keeps HumanEval out of training data: what is HumanEval's, or too near to one of its problems, is refused.

Two measures, both on the careful side, as a training task is cheap and a doubt about a figure is not:

* wording: the words of the two descriptions, without those that every description has, overlap by half or more
  (Jaccard's index). "Write a function to find length of the string." is HumanEval/23.
* solution: the two functions have the same syntax tree when every name of their own is replaced by a number.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import tree_of

OVERLAP = 0.5  # Jaccard's index of the content words
SMALLEST_TREE = 12  # nodes; below that half of all functions look the same ("return a + b")

# Said by every description, so that agreeing on them means nothing.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as be by find following for from function given if in is it number of on or python return "
        "returns should task that the this to using value which whose with write you your",
    )
)
_DOCSTRING = re.compile(r'("""|\'\'\')(?P<prose>.*?)(>>>|\1|\bexamples?\b)', re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a problem is recognised by."""

    task_id: str
    words: frozenset[str]
    tree: str  # empty: too small to tell


def refuse_humaneval(task_ids: Iterable[object], source: str) -> None:
    """Stop when the data names problems of HumanEval.

    Raises:
        DatasetError: it does.
    """
    forbidden = [task_id for task_id in map(str, task_ids) if task_id.lower().startswith("humaneval")]
    if forbidden:
        raise DatasetError(
            f"{source}: {forbidden[0]} is what the result is measured on; nothing is trained on HumanEval. "
            "Train on MBPP, or on problems of your own"
        )


def fingerprint(problem: Problem) -> Fingerprint:
    """What ``problem`` is recognised by."""
    return Fingerprint(problem.task_id, _content_words(problem), _tree(problem))


def near_duplicate(task: Fingerprint, others: Sequence[Fingerprint]) -> str:
    """The id of the first of ``others`` that is too near; empty when none is."""
    return next((other.task_id for other in others if _is_near(task, other)), "")


def near_humaneval(problem: Problem) -> str:
    """The id of HumanEval's problem that ``problem`` is, or is too near to; empty when there is none.

    Whatever is trained on goes through here, wherever it comes from.
    """
    return near_duplicate(fingerprint(problem), humaneval_fingerprints())


@cache
def humaneval_fingerprints() -> tuple[Fingerprint, ...]:
    """All of HumanEval."""
    from pytest_humaneval.dataset.load import read_problems

    return tuple(map(fingerprint, read_problems()))


def _is_near(first: Fingerprint, second: Fingerprint) -> bool:
    union = first.words | second.words
    overlap = len(first.words & second.words) / len(union) if union else 0.0
    return overlap >= OVERLAP or bool(first.tree and first.tree == second.tree)


def _content_words(problem: Problem) -> frozenset[str]:
    body = problem.prompt.rpartition(f"def {problem.entry_point}(")[2]
    match = _DOCSTRING.search(body)
    prose = match["prose"] if match else body
    words = re.findall(r"[a-z0-9]+", prose.lower())
    return frozenset(word.rstrip("s") or word for word in words if word not in _COMMON and word != problem.entry_point)


def _tree(problem: Problem) -> str:
    """The last function's syntax tree without its docstring and its own names; empty where there is none."""
    module = tree_of(problem.prompt + problem.canonical_solution)
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)] if module else []
    if not functions:
        return ""
    function = functions[-1]
    function.body = [node for node in function.body if not _is_text(node)]
    function.returns = None
    renamed = _Renamed()
    tree = renamed.visit(function)
    return ast.dump(tree) if sum(1 for _ in ast.walk(tree)) >= SMALLEST_TREE else ""


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Renamed(ast.NodeTransformer):
    """Numbers names in the order in which they appear; those of the language stay."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self._number(node.name)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._number(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg, node.annotation = self._number(node.arg), None
        return node

    def _number(self, name: str) -> str:
        return name if hasattr(builtins, name) else self._numbers.setdefault(name, f"name{len(self._numbers)}")
