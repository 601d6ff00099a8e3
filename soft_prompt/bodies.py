"""A completion as the body of the function that a problem begins.

A teacher in chat form writes the function anew, and post-processing puts that behind the prompt: as a program it is
right, yet a student that completes the function would have to begin it a second time, where it stops.
"""

from __future__ import annotations

import ast

from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import tree_of

STUB = "..."  # what post-processing leaves of a function without a docstring


def as_body(problem: Problem, completion: str) -> str:
    """The body that does what ``completion`` does; the completion itself where it is one, or cannot be made one.

    What the completion defines or imports beside the function goes into its body.
    """
    tree, begun = tree_of(problem.prompt + completion), tree_of(f"{problem.prompt}    {STUB}\n")
    if tree is None or begun is None:
        return completion
    ahead = len(begun.body)
    added = tree.body[ahead:]
    functions = [node for node in added if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point]
    first = begun.body[-1]
    if not functions or functions[-1] is not added[-1] or not isinstance(first, ast.FunctionDef):
        return completion
    function = functions[-1]
    if _names(function) != _names(first) or function.decorator_list:
        return completion
    others = [node for node in added if node not in functions]
    statements = [*others, *_without_docstring(function)]
    text = "\n".join(ast.unparse(statement) for statement in statements)
    return "".join(f"    {line}\n" if line else "\n" for line in text.split("\n"))


def _names(function: ast.FunctionDef) -> str:
    """The arguments without their annotations."""
    bare = ast.parse(f"def f({ast.unparse(function.args)}): pass").body[0]
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(bare)


def _without_docstring(function: ast.FunctionDef) -> list[ast.stmt]:
    documented = ast.get_docstring(function, clean=False) is not None and len(function.body) > 1
    return function.body[1:] if documented else function.body
