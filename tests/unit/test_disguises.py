"""Code that something has shown in another form: quoted, escaped, typeset, typed into a shell, or in several files."""

from __future__ import annotations

from typing import Any

import pytest
from loaded_answers import ADD, RIGHT, loaded, repairing

from pytest_humaneval import Problem, chat_prompt
from pytest_humaneval.postprocess import POSTPROCESSORS, postprocess

LESS = Problem("Test/54", 'def less(x: int, y: int):\n    """Whether x is less than y."""\n', "less", "", "")
COMPARED = "def less(x, y):\n    if x < y and y > x & 255:\n        return True\n    return 'a' == \"b\"\n"


def called(name: str, problem: Problem, answer: str) -> Any:
    return loaded(problem, postprocess(name, problem, chat_prompt("Complete this."), answer).text)


def quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())


def escaped(text: str) -> str:
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(mark, entity)
    return text


def typed(text: str) -> str:
    first, *rest = text.splitlines()
    return f">>> {first}\n" + "".join(f"... {line}\n" for line in rest) + "...\n"


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        quoted(f"```python\n{RIGHT}```"),
        f"Here:\n\n{quoted(f'```python{chr(10)}{RIGHT}```')}\nIt adds.",
        quoted(RIGHT),
        f"```python\n{quoted(RIGHT)}```",
        quoted('def add(x, y):\n    """Add.\n\n    >>> add(1, 2)\n    3\n    """\n\n    return x + y\n'),
        typed(RIGHT),
        f"{typed(RIGHT)}>>> add(1, 2)\n3\n",
        f"```python\n{typed(RIGHT)}>>> add(1, 2)\n3\n```",
        f"Try it:\n```pycon\n>>> import math\n{typed(RIGHT)}>>> print(add(1, 2))\n3\n>>> add(0, 0)\n0\n```\nDone.",
        quoted(f"```\n{typed(RIGHT)}```"),
        escaped(quoted(RIGHT)),
        "def add(x, y):\n    “””Add them.”””\n    return x + y\n",
        "```python\ndef add(x, y):\n    kind = “it's”\n    return x + y if kind else 0\n```",
    ],
)
def test_what_was_shown_is_taken_as_it_was(name: str, answer: str) -> None:
    assert called(name, ADD, answer)(2, 3) == 5


@repairing
@pytest.mark.parametrize(
    "answer", [escaped(COMPARED), f"So:\n```python\n{escaped(COMPARED)}```\nDone.", escaped(f"```\n{COMPARED}```")]
)
def test_what_a_page_escaped_is_taken_as_it_was(name: str, answer: str) -> None:
    less = called(name, LESS, answer)
    assert (less(1, 2), less(2, 1)) == (True, False)


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        f"```python\n{RIGHT}```\n> This adds “both”, if x &lt; y too.\n\n>>> add(1, 2)\n3\n",
        f"> def add(x, y):\n>     return x - y\n\nis wrong, write\n```python\n{RIGHT}```",
        f"```python\n{RIGHT}```\nTyped:\n```\n>>> def add(x, y):\n...     return 0\n```",
        "    return x + y\n\n> def add(x, y):\n>     return 0\n",
    ],
)
def test_beside_an_answer_that_needs_no_repair_nothing_is_repaired(name: str, answer: str) -> None:
    assert called(name, ADD, answer)(2, 3) == 5
    assert "disguises" not in postprocess(name, ADD, chat_prompt("?"), answer).steps


@repairing
@pytest.mark.parametrize(
    "body",
    ["    return '“' if x else '&lt;'\n", '    """\n    > quoted\n\n    >>> add(1, 2)\n    3\n    """\n    return x\n'],
)
def test_marks_in_the_texts_of_a_program_are_meant(name: str, body: str) -> None:
    assert POSTPROCESSORS[name](ADD, body).text == body


@repairing
def test_texts_between_straight_quotes_keep_their_curly_ones(name: str) -> None:
    answer = "```python\ndef add(x, y):\n    mark = “a”\n    return 'it’s ' + mark\n```"
    assert called(name, ADD, answer)(1, 2) == "it’s a"


HELPER = "```python\n# helpers.py\ndef plus(x, y):\n    return x + y\n```\n"


@repairing
@pytest.mark.parametrize(
    "imported", ["from helpers import plus", "from .helpers import plus", "from helpers import (\n    plus,\n)"]
)
@pytest.mark.parametrize("behind", [False, True])
def test_a_helper_that_is_imported_from_another_block_comes_along(name: str, imported: str, behind: bool) -> None:
    main = f"```python\n{imported}\n\ndef add(x, y):\n    return plus(x, y)\n```\n"
    assert called(name, ADD, f"{main}and\n{HELPER}" if behind else f"{HELPER}and\n{main}")(2, 3) == 5


@repairing
def test_an_import_of_python_s_own_stays_whatever_other_blocks_define(name: str) -> None:
    answer = (
        "```python\nfrom operator import add as plus, sub\n\ndef add(x, y):\n    return plus(x, y)\n```\n"
        "```python\ndef sub(x, y):\n    return 0\n```"
    )
    assert called(name, ADD, answer)(2, 3) == 5
