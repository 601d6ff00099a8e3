"""Why a completion is wrong before it has done anything: there is no code in it, or its generation was ended."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace

from pytest_humaneval.finish_reasons import CONTEXT_FULL, LENGTH, TOLD, is_own
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.postprocess.thinking import is_thinking
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import tree_of

_FENCED = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)|\Z)", re.MULTILINE | re.DOTALL)

_LIMITS = {LENGTH: " and was cut at the token limit", CONTEXT_FULL: " and was cut as the context was full"}


def explained(outcome: Outcome, problem: Problem) -> Outcome:
    """The same with a detail that says why there is no code, and how the answer ended where that is unusual."""
    if outcome.passed or outcome.error:
        return outcome
    parts = [outcome.detail]
    if outcome.finish_reason == CONTEXT_FULL and outcome.kind == "empty" and _was_thinking(outcome):
        parts = [_cut_thinking(outcome)]
    elif not is_own(outcome.finish_reason):
        reason = TOLD.get(outcome.finish_reason, f"the server ended the answer with {outcome.finish_reason!r}")
        parts = [reason] if outcome.kind == "empty" else [*parts, reason]
    elif outcome.kind == "empty" and outcome.generation:
        parts = [_why_empty(outcome, problem)]
    elif outcome.kind == "empty" and outcome.reasoning:
        parts = [_cut_thinking(outcome)]
    detail = "\n".join(filter(None, parts))
    return outcome if detail == outcome.detail else replace(outcome, detail=detail)


def _why_empty(outcome: Outcome, problem: Problem) -> str:
    if is_thinking(outcome.generation):
        return _cut_thinking(outcome)
    text = outcome.generation.strip()
    if _is_json(text):
        return "the answer is JSON, not Python code"
    trees = list(_programs(text))
    if names := [name for tree in trees for name in _defined(tree)]:
        return f"the answer defines {', '.join(dict.fromkeys(names))}, but not {problem.entry_point}"
    statements = [node for tree in trees for node in tree.body]
    if statements and all(isinstance(node, ast.Import | ast.ImportFrom) for node in statements):
        return "the answer is only an import"
    if statements and not all(isinstance(node, ast.Expr) for node in statements):
        return f"the answer has code that does not define {problem.entry_point}"
    if all(not line.strip() or line.lstrip().startswith("#") for line in _inside(text).splitlines()):
        return "the answer is only a comment"
    return outcome.detail


def _was_thinking(outcome: Outcome) -> bool:
    return is_thinking(outcome.generation) if outcome.generation else bool(outcome.reasoning)


def _cut_thinking(outcome: Outcome) -> str:
    limit = _LIMITS.get(outcome.finish_reason, "")
    return f"the model was still thinking at the end{limit}; there is no answer"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(_inside(text)), dict | list)
    except (ValueError, RecursionError):
        return False


def _inside(text: str) -> str:
    """The code of the first fenced block; the whole text where there is none."""
    match = _FENCED.search(text)
    return match[1] if match else text


def _programs(text: str) -> Iterator[ast.Module]:
    """Every fenced block that is Python, or the whole text where that is."""
    for source in _FENCED.findall(text) or [text]:
        if (tree := tree_of(source)) is not None:
            yield tree


def _defined(tree: ast.Module) -> Iterator[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return (node.name for node in tree.body if isinstance(node, kinds))
