from __future__ import annotations

import ast
import warnings
from dataclasses import replace

import pytest

from pytest_humaneval.outcome import Outcome
from pytest_humaneval.results.explanation import explained
from pytest_humaneval.store.self_contained import is_self_contained
from pytest_humaneval.testing import ADD
from pytest_humaneval.text.syntax import NOT_PYTHON, Names, last_function, names_in, parse, tree_of

ESCAPE = "import re\nPATTERN = re.compile('\\d')\n"  # warned of, as no such escape exists
HOSTILE = ["x = \x00", "x = '\ud800'", "(" * 5_000, "x = 1\n  y = 2", "-" * 100_000 + "1"]


@pytest.mark.parametrize("source", HOSTILE, ids=repr)
def test_what_is_no_python_has_no_tree(source: str) -> None:
    assert tree_of(source) is None
    with pytest.raises(NOT_PYTHON):
        parse(source)


def test_nobody_is_warned_of_what_a_model_wrote() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(tree_of(ESCAPE), ast.Module)
        assert is_self_contained(ADD, ESCAPE)
        explained(
            Outcome("T/0", "minimal", 0, "assertion", generation=ESCAPE, completion=ESCAPE), replace(ADD, test="")
        )


@pytest.mark.parametrize(
    ("source", "binds", "needs"),
    [
        ("x = y\nimport a.b as c", {"x", "c"}, {"y"}),
        ("def f(p):\n    q = p\n    return q + g(len(q))", {"f"}, {"g", "len"}),
        ("def f():\n    global n\n    n += 1", {"f", "n"}, {"n"}),
        ("def f():\n    global n\n    return n", {"f"}, {"n"}),
        ("class A:\n    k = w\n    def m(self):\n        return (lambda: v)()", {"A"}, {"v", "w"}),
    ],
)
def test_the_global_names_of_a_program_are_known(source: str, binds: set[str], needs: set[str]) -> None:
    assert names_in(source) == Names(frozenset(binds), frozenset(needs))
    assert names_in(source + "\n(") is None


def test_of_several_functions_of_a_name_the_last_one_counts() -> None:
    tree = tree_of("def f():\n    return 1\n\ndef g(): ...\n\ndef f():\n    return 2\n")
    function = last_function(tree, "f")
    assert function is not None
    assert function.lineno == 6
    assert last_function(tree, "h") is None
    assert last_function(None, "f") is None
