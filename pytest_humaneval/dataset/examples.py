"""The examples that a problem's docstring shows: calls with literal arguments, and what they are to return.

Visible to the model and to the user alike, so that a strategy may check a completion against them. They are no hidden
test: few, simple, and in HumanEval/47 and /116 wrong. Which problem it is plays no part here, so those two mislead a
strategy as they mislead a reader.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from pytest_humaneval.dataset.literals import read_arguments, read_literal
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import last_function, tree_of

# What may stand between a call and its value. Doctest prompts put the value on the next line; a comment may be in
# between ("# =>").
LEADS_TO = re.compile(
    r"[ \t]*(#[ \t]*)?(==+>?|=+>|-+>|➞|→|➡|=|:|,?[ \t]*(should[ \t]+)?(returns?|be|is|outputs?|equals)\b:?)[ \t]*"
    r"|[ \t]*\n[ \t]*"
)
# Behind a value: the end of a line or of a sentence, a remark. An operator would make it a part of an expression.
ENDS = re.compile(r"[ \t]*($|\n|[.,;)#]|[ \t](?![ \t]*([+\-*/%<>=]|and\b|or\b|if\b)))")
CONTAINERS = (list, tuple, dict, set)


@dataclass(frozen=True, slots=True)
class Example:
    """One call that the docstring shows. ``expected`` is what it says the call returns."""

    arguments: tuple[object, ...]
    expected: object

    def call(self, name: str) -> str:
        """The call as source code."""
        return f"{name}({', '.join(map(repr, self.arguments))})"


@cache
def visible_examples(problem: Problem) -> tuple[Example, ...]:
    """The examples in the docstring of the problem's entry point and in its shown assertions, in order, each once.

    None where they contradict each other: some return a container and others a bare value, as in HumanEval/130 (terms
    of a sequence beside the list that is asked for) and /148 (a tuple of one name, written without its comma).
    """
    examples: dict[str, Example] = {}
    docstring = docstring_of(problem)
    for match in re.finditer(rf"\b{re.escape(problem.entry_point)}[ \t]*\(", docstring):
        if example := _example(docstring[match.end() :]):
            examples.setdefault(example.call(""), example)
    for text in problem.shown:
        if example := _asserted(text, problem.entry_point):
            examples.setdefault(example.call(""), example)
    shapes = {isinstance(each.expected, CONTAINERS) for each in examples.values() if each.expected is not None}
    return tuple(examples.values()) if len(shapes) <= 1 else ()


def _asserted(text: str, entry_point: str) -> Example | None:
    """The example of ``assert f(1) == 2``; None where that is anything else."""
    match = re.match(rf"assert[ \t]+{re.escape(entry_point)}[ \t]*\(", text)
    call = read_arguments(text[match.end() :]) if match else None
    if match is None or call is None:
        return None
    expected = re.fullmatch(r"\s*==(.*)", text[match.end() + call[1] :], re.DOTALL)
    value = read_literal(expected[1].strip()) if expected else None
    if expected is None or value is None or value[1] != len(expected[1].strip()):
        return None
    return Example(call[0], value[0])


def docstring_of(problem: Problem) -> str:
    """The first text in the entry point's body: an import in front of it, as in HumanEval/115, does not hide it.

    Where comments stand right above the function, they say with it what is wanted.
    """
    function = function_of(problem)
    if function is not None and (comments := _comments_above(problem.prompt, function)):
        return f"{comments}\n{_text_in(function)}"
    return _text_in(function)


def _comments_above(prompt: str, function: ast.FunctionDef) -> str:
    above = prompt.split("\n")[: function.lineno - 1]
    lines: list[str] = []
    while above and above[-1].startswith("#"):
        lines.insert(0, above.pop()[1:].removeprefix(" "))
    return "\n".join(lines)


def _text_in(function: ast.FunctionDef | None) -> str:
    for node in function.body if function is not None else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return node.value.value
    return ""


def function_of(problem: Problem) -> ast.FunctionDef | None:
    """The entry point as the prompt begins it; None where the prompt is no program."""
    return last_function(tree_of(problem.prompt), problem.entry_point)


def _example(text: str) -> Example | None:
    """The example that begins behind its call's opening bracket."""
    call = read_arguments(text)
    if call is None:
        return None
    arguments, end = call
    leads = LEADS_TO.match(text, end)
    value = read_literal(text[leads.end() :]) if leads else None
    if leads is None or value is None or not ENDS.match(text, leads.end() + value[1]):
        return None
    return Example(arguments, value[0])
