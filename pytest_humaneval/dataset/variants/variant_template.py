"""A template: HumanEval's problem with another rule, whose constants are drawn by a seed.

Its canonical solution changes with them. Examples and hidden test are calls that HumanEval's own test and examples
make, and near ones, with what the new solution returns for them.
"""

from __future__ import annotations

import ast
import random
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from string import Template
from typing import Any

from pytest_humaneval.dataset.examples import function_of, visible_examples
from pytest_humaneval.dataset.source_text import source_of
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.text.syntax import parse

NUM_SHOWN = 2  # examples in the docstring, which the hidden test leaves out
LEAST_CALLS = 4  # of the hidden test
MOST_CALLS = 40
LONGEST_SHOWN = 70  # characters of a call in an example
NEAR = 1e-6  # what floats are held to
MOST_DRAWS = 20  # of constants, until calls have different results
WIDTH = 110  # of a statement's lines

Case = tuple[str, str]
"""The arguments of a call, and what the solution returns, as source code."""

Answers = Callable[[Problem, Sequence[str]], Sequence[str]]
"""What a solution returns for calls, whose arguments are source code; empty where it returns no plain value."""


@dataclass(frozen=True, slots=True)
class VariantTemplate:
    """One problem's template.

    ``statement`` and ``solution`` have ``$names`` of ``choices``. Where the choices of a name are tuples, ``$name0``,
    ``$name1`` and so on are their elements: a word and the code that means it.
    """

    number: int  # of HumanEval's problem, whose arguments it has
    name: str
    statement: str
    solution: str
    choices: dict[str, Sequence[Any]] = field(default_factory=dict)

    def draw(self, chance: random.Random) -> dict[str, str]:
        """Constants for all names."""
        drawn: dict[str, str] = {}
        for name, values in self.choices.items():
            value = chance.choice(list(values))
            parts = (
                {f"{name}{at}": item for at, item in enumerate(value)} if isinstance(value, tuple) else {name: value}
            )
            drawn |= {key: str(value) for key, value in parts.items()}
        return drawn

    def make(self, original: Problem, seed: int, answers: Answers) -> Problem:
        """The problem with the constants of this seed.

        Raises:
            DatasetError: its solution answers too few calls, or all of them alike.
        """
        chance = random.Random(f"{seed} {self.number}")
        calls = list(dict.fromkeys(_calls(original)))[:MOST_CALLS]
        for _ in range(MOST_DRAWS):
            drawn = self.draw(chance)
            solution = Template(self.solution).substitute(drawn).strip("\n") + "\n"
            head = self._signature(original)
            bare = Problem(f"Variant-{seed}/{self.number}", f'{head}    """"""\n', self.name, solution, "")
            cases = [case for case in zip(calls, answers(bare, calls), strict=True) if case[1]]
            shown, hidden = _divided(cases, chance)
            if len(hidden) >= LEAST_CALLS and len({value for _, value in cases}) > 1:
                return self._whole(bare, head, drawn, shown, hidden)
        raise DatasetError(f"{bare.task_id}: its solution answers too few calls, or all of them alike")

    def _whole(
        self, bare: Problem, head: str, drawn: dict[str, str], shown: Sequence[Case], hidden: Sequence[Case]
    ) -> Problem:
        """With its statement, examples and test."""
        words = Template(self.statement).substitute(drawn)
        statement = textwrap.fill(words, WIDTH, initial_indent='    """', subsequent_indent="    ")
        examples = "".join(f"    >>> {self.name}({call})\n    {value}\n" for call, value in shown)
        lines = "".join(f"    assert {_right(call, value)}\n" for call, value in hidden)
        prompt = f'{head}{statement}\n{examples}    """\n'
        return replace(bare, prompt=prompt, test=f"def check(candidate):\n{lines}")

    def _signature(self, original: Problem) -> str:
        function = function_of(original)
        assert function is not None, "every problem of HumanEval begins its function"
        typed = any(isinstance(node, ast.Name) and node.id in ("List", "Any") for node in ast.walk(function.args))
        head = "from typing import Any, List\n\n\n" if typed else ""
        return f"{head}def {self.name}({ast.unparse(function.args)}):\n"


def _divided(cases: list[Case], chance: random.Random) -> tuple[list[Case], list[Case]]:
    """Examples with two results, if that can be, and all other calls."""
    short = [case for case in cases if len(case[0]) + len(case[1]) <= LONGEST_SHOWN and "\\" not in case[0] + case[1]]
    chance.shuffle(short)
    shown: list[Case] = []
    for other in (False, True):  # first those with another result than the first one
        for case in short:
            if len(shown) < NUM_SHOWN and case not in shown and (other or not shown or case[1] != shown[0][1]):
                shown.append(case)
    return shown, [case for case in cases if case not in shown]


def _right(call: str, value: str) -> str:
    result = ast.literal_eval(value)
    if isinstance(result, float):
        return f"abs(candidate({call}) - {value}) < {NEAR}"
    if isinstance(result, list) and any(isinstance(item, float) for item in result):
        near = f"all(abs(one - other) < {NEAR} for one, other in zip(candidate({call}), {value}))"
        return f"len(candidate({call})) == {len(result)} and {near}"
    return f"candidate({call}) == {value}"


def _calls(problem: Problem) -> Iterator[str]:
    """The arguments of all calls that test and examples make, and of near ones, as source code."""
    calls = [*(example.arguments for example in visible_examples(problem)), *_tested(problem.test)]
    for arguments in calls:
        yield _call_text(arguments)
    for arguments in calls:
        for place, value in enumerate(arguments):
            for other in _near(value):
                yield _call_text((*arguments[:place], other, *arguments[place + 1 :]))


def _call_text(arguments: Sequence[object]) -> str:
    return ", ".join(map(source_of, arguments))


def _tested(test: str) -> Iterator[tuple[object, ...]]:
    for node in ast.walk(parse(test)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "candidate":
            try:
                yield tuple(ast.literal_eval(argument) for argument in node.args)
            except (ValueError, TypeError, SyntaxError):
                continue


def _near(value: object) -> Iterator[object]:
    """Values of the same sort that are as much within what a problem means."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield from (value + 1, value + 2)
    elif isinstance(value, list) and len(value) > 2:
        yield from (value[1:], value[:-1], value[1:] + value[:1])
