"""Examples that a docstring states in words, where it shows no plain call: ``For lst = [1, 2] the output should be 3``.

For those who would rather have an uncertain example than none; ``visible_examples`` has only what is a call with its
value, and stays what it is. The forms were read off prompts, and no problem is told from another here:

    For s = "abcde", c = "ae", the result should be ('bcd', False)
    Input: arr = [4, -4, 4], k = 2          (or without names, or a line each)
    Output: [4, 4]
    f(8, 2) => true                          true and false as they are written elsewhere
    f("0 apples", 3) -> 3 - 0 = 3            the end of a sum
    grade([4.0, 3]) ==> ['A+', 'B']          a function of another name, where the right one is never called
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_humaneval.dataset.examples import CONTAINERS, ENDS, LEADS_TO, Example, docstring_of, function_of
from pytest_humaneval.dataset.literals import read_arguments, read_literal
from pytest_humaneval.problem import Problem

BEGINS = re.compile(r"\b(?:For|Input[ \t]*:)\s+", re.IGNORECASE)
NAME = re.compile(r"([A-Za-z_]\w*)[ \t]*[=:][ \t]*(?!=)")
BETWEEN = re.compile(r"[ \t]*,?\s*")
SAID = re.compile(
    r"(?!,?\s*\w+[ \t]*[=:][ \t]*\S)[ \t]*,?\s*"  # no further argument
    r"(?:[^\n]*?\b(?:output|result|answer)[ \t]+(?:should[ \t]+be|is)[ \t]*)"
    r"|\s*Output[ \t]*:[ \t]*",
    re.IGNORECASE,
)
CALL = re.compile(r"\b([A-Za-z_]\w*)[ \t]*\(")
TRUTH = re.compile(r"(true|false)\b")
SUM = re.compile(r"[\d \t+*/().-]+=[ \t]*")


def stated_examples(problem: Problem) -> tuple[Example, ...]:
    """The examples in words, in order, each once; none where some return a container and others do not."""
    docstring, names = docstring_of(problem), parameters(problem)
    examples: dict[str, Example] = {}
    for example in (*_in_words(docstring, names), *_as_calls(docstring, problem.entry_point, len(names))):
        examples.setdefault(example.call(""), example)
    shapes = {isinstance(each.expected, CONTAINERS) for each in examples.values() if each.expected is not None}
    return tuple(examples.values()) if len(shapes) <= 1 else ()


def shown_arguments(problem: Problem) -> list[tuple[object, ...]]:
    """The literal arguments of all calls in the docstring, whatever it says they return; each once."""
    docstring, count = docstring_of(problem), len(parameters(problem))
    begins = re.finditer(rf"\b{re.escape(problem.entry_point)}[ \t]*\(", docstring)
    calls = [call[0] for each in begins if (call := read_arguments(docstring[each.end() :])) is not None]
    return list({repr(each): each for each in calls if len(each) == count}.values())


def parameters(problem: Problem) -> tuple[str, ...]:
    """The names of the entry point's parameters; none where the prompt does not begin it."""
    function = function_of(problem)
    return () if function is None else tuple(each.arg for each in (*function.args.posonlyargs, *function.args.args))


def _in_words(docstring: str, names: tuple[str, ...]) -> Iterator[Example]:
    for begins in BEGINS.finditer(docstring):
        values, at = _assignments(docstring, begins.end(), len(names))
        said = SAID.match(docstring, at)
        expected = _value(docstring, said.end()) if said and len(values) == len(names) else None
        if expected is not None and values:
            yield Example(_in_order(values, names), expected[0])


def _assignments(text: str, at: int, most: int) -> tuple[list[tuple[str, object]], int]:
    """Up to ``most`` values with their names, which may be missing, and the place behind them."""
    values: list[tuple[str, object]] = []
    while len(values) < most:
        begins = BETWEEN.match(text, at).end() if values else at  # type: ignore[union-attr]  # it matches anything
        name = NAME.match(text, begins)
        value = read_literal(text[name.end() if name else begins :])
        if value is None:
            break
        values.append((name[1] if name else "", value[0]))
        at = (name.end() if name else begins) + value[1]
    return values, at


def _in_order(values: list[tuple[str, object]], names: tuple[str, ...]) -> tuple[object, ...]:
    """By name where they are the parameters', else as they come."""
    named = dict(values)
    return tuple(named[name] for name in names) if named.keys() == set(names) else tuple(value for _, value in values)


def _as_calls(docstring: str, entry_point: str, count: int) -> Iterator[Example]:
    own = re.search(rf"\b{re.escape(entry_point)}[ \t]*\(", docstring) is not None
    for begins in CALL.finditer(docstring):
        call = read_arguments(docstring[begins.end() :])
        if call is None or len(call[0]) != count or (own and begins[1] != entry_point):
            continue
        leads = LEADS_TO.match(docstring, begins.end() + call[1])
        expected = _value(docstring, leads.end()) if leads else None
        if expected is not None:
            yield Example(call[0], expected[0])


def _value(text: str, at: int) -> tuple[object] | None:
    """The value that stands there, behind a sum or not, in a tuple: it may be None."""
    if truth := TRUTH.match(text, at):
        return (truth[1] == "true",)
    for begins in (at, *((terms.end(),) if (terms := SUM.match(text, at)) else ())):
        value = read_literal(text[begins:])
        if value is not None and text[begins + value[1] - 1] == ".":  # of the sentence, not of the number
            value = read_literal(text[begins : begins + value[1] - 1])
        if value is not None and ENDS.match(text, begins + value[1]):
            return (value[0],)
    return None
