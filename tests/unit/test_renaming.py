"""Renaming touches what means the function or its argument, in code and words, and nothing else."""

from __future__ import annotations

import pytest

from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.mentions import mentions
from pytest_humaneval.rewrite.renaming import is_free, names_of, renamed

PICK = Problem(
    task_id="Mine/0",
    prompt='''\
def pick(a, lst, numbers=3):
    """ Take a number from `numbers' of lst, where a is not 'a' but a < 3 and numbers[0] counts; pick is a word.
    >>> pick(1, lst=['a', 'lst', "pick(1)"])
    'a'
    """
''',
    entry_point="pick",
    canonical_solution="""\
    label = f"{a} of {lst}"
    inner = lambda a: a + 1
    if False:
        return pick(a, lst=lst, numbers=numbers)
    def helper(lst):
        return lst[0]
    return [a for a in [helper(lst)]][0] if label or inner(a) else other.pick
""",
    test="def check(candidate):\n    lst = ['a', 'lst']\n    assert candidate(1, lst=lst, numbers=2) == 'a'\n"
    "    assert pick(1, lst) == 'a'\n",
    shown=("assert pick(1, lst=['pick']) == 'pick'",),
)


def test_names_change_where_they_are_meant() -> None:
    made = renamed(PICK, {"pick": "choose_one", "a": "v1", "lst": "v2", "numbers": "v3"})
    assert made is not None
    assert made.entry_point == "choose_one"
    assert (
        made.prompt
        == '''\
def choose_one(v1, v2, v3=3):
    """ Take a number from `v3' of v2, where v1 is not 'a' but v1 < 3 and v3[0] counts; pick is a word.
    >>> choose_one(1, v2=['a', 'lst', "pick(1)"])
    'a'
    """
'''
    )
    assert (
        made.canonical_solution
        == """\
    label = f'{v1} of {v2}'
    inner = lambda a: a + 1
    if False:
        return choose_one(v1, v2=v2, v3=v3)
    def helper(lst):
        return lst[0]
    return [a for a in [helper(v2)]][0] if label or inner(v1) else other.pick
"""
    )
    assert "lst = ['a', 'lst']\n    assert candidate(1, v2=lst, v3=2) == 'a'\n" in made.test
    assert made.test.endswith("assert choose_one(1, lst) == 'a'\n")
    assert made.shown == ("assert choose_one(1, v2=['pick']) == 'pick'",)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a list of numbers", "numbers", 0),
        ("elements of input list `numbers'", "numbers", 1),
        ("the value numbers[i] and numbers.length", "numbers", 2),
        ("two strings a and b", "a", 1),
        ("return a string", "a", 0),
        ("an n-digit number n, i.e. n>0", "n", 3),
        ("the letter 'n' of \"n and m\"", "n", 0),
        ("given 'delimeter'", "delimeter", 1),
        ("don't call f, call f(x) or e.f", "f", 2),
    ],
)
def test_words_are_told_from_names(text: str, name: str, expected: int) -> None:
    assert len(list(mentions(text, name, "entry"))) == expected


def test_a_name_that_is_bound_otherwise_is_left_alone() -> None:
    assert renamed(Problem("Mine/1", "def f(x):\n    'Does.'\n", "f", "    import x\n", ""), {"x": "v"}) is None
    assert renamed(Problem("Mine/1", "def f(x):\n    'Does.'\n", "f", "    return 1\nf = 2\n", ""), {"f": "v"}) is None


def test_a_name_is_free_where_nothing_has_it() -> None:
    assert [is_free(PICK, name) for name in ("fresh", "label", "word", "sum", "class", "check")] == [True] + [False] * 5


def test_a_method_has_no_name_to_change() -> None:
    problem = Problem("Mine/2", 'class A:\n    def f(self):\n        """F."""\n', "A().f", "", "")
    assert names_of(problem) == ()
