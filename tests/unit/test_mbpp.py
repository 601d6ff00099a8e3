"""MBPP's rows as problems, from Google's jsonl and the sanitized json; these rows are small and made up like them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - a fixture

from pytest_humaneval.dataset.examples import visible_examples
from pytest_humaneval.dataset.kinds import Dataset, Wanted
from pytest_humaneval.dataset.mbpp import MBPP, task_of
from pytest_humaneval.dataset.places import Hub, from_hub
from pytest_humaneval.exceptions import DatasetError

ROW: dict[str, Any] = {
    "text": "Write a function to double a number.",
    "code": "def double(n): \r\n\treturn n*2 ",
    "task_id": 11,
    "test_setup_code": "",
    "test_list": ["assert double(2) == 4", "assert double(0)==0", "assert double(-1) == -2"],
    "challenge_test_list": [],
}
# What is odd about tasks of MBPP, each by itself.
ODD: dict[str, dict[str, Any]] = {
    "several functions": {
        "code": "def one(): return 1\ndef double(n): return n + add(n)\ndef add(n): return n * one()"
    },
    "a function called check": {
        "code": "def check(n):\n  return n > 1",
        "test_list": ["assert check(2) == True", "assert not check(0)", "assert (check(5)) == True"],
    },
    "a set around the call": {
        "code": "def double(n): return [n, n]",
        "test_list": ["assert set(double([1][0])) == {1}", "assert double(2)[0] == 2", "assert len(double(1)) is 2"],
    },
    "a module of the code": {
        "code": "import sys, math\ndef double(n): return math.floor(n)",
        "test_list": ["assert double(1.5) == sys.maxsize % 2", "assert math.isclose(double(2.5), 2.0)"],
    },
    "a tuple on two lines": {"test_list": ["assert double(2) == (\r\n  4)"]},
    "an argument changed in place": {
        "code": "def double(rows):\n  for row in rows: del row[0]\n  return rows",
        "test_list": ["assert double([[1, 2], [3, 4]]) == [[2], [4]]"],
    },
    "set-up code": {"test_setup_code": "two = 2 \r\nfour = 4", "test_list": ["assert double(two) == four"]},
    "a text on several lines": {
        "code": "def double(n): return n * 2",
        "test_list": ["assert double('''a\n\n  b''') == 'a\\n\\n  ba\\n\\n  b'"],
    },
    "everything imported": {"test_setup_code": "from math import *", "test_list": ["assert double(2) == floor(4.5)"]},
    "an exception that is expected": {
        "code": "def double(n): return n / 0",
        "test_list": ["try:\n    double(1)\n    assert False\nexcept ZeroDivisionError:\n    pass"],
    },
}


def written(folder: Path, *rows: dict[str, Any], name: str = "mbpp.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def read(folder: Path, *parts: str) -> Dataset:
    return MBPP.dataset(Wanted(parts, folders=(folder,), only_look=True))


def test_the_description_and_one_assertion_are_asked(tmp_path: Path) -> None:
    dataset = read(written(tmp_path, ROW))
    (problem,) = dataset.problems
    assert dataset.name == "mbpp:test:assertion"
    assert problem.task_id == "MBPP/11"
    assert problem.prompt == '"""\nWrite a function to double a number.\nassert double(2) == 4\n"""\n'
    assert problem.entry_point == "double"
    assert problem.shown == ("assert double(2) == 4",)
    assert [(one.arguments, one.expected) for one in visible_examples(problem.visible())] == [((2,), 4)]


def test_the_hidden_test_has_every_assertion(tmp_path: Path) -> None:
    (problem,) = read(written(tmp_path, ROW)).problems
    assert check_correctness(problem, problem.canonical_solution).passed
    assert check_correctness(problem, "def double(n):\n    return 4\n").kind == "assertion"


def test_all_assertions_may_be_shown(tmp_path: Path) -> None:
    dataset = read(written(tmp_path, ROW), "assertions")
    assert dataset.name == "mbpp:test:assertions"
    assert dataset.problems[0].prompt.count("assert") == len(dataset.problems[0].shown) == 3


def test_humaneval_s_shape_has_two_examples(tmp_path: Path) -> None:
    (problem,) = read(written(tmp_path, ROW), "docstring").problems
    assert problem.prompt == (
        'def double(n):\n    """ Write a function to double a number.\n    >>> double(2)\n    4\n'
        '    >>> double(0)\n    0\n    """\n'
    )
    assert len(problem.shown) == 2
    assert check_correctness(problem, problem.canonical_solution).passed


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_judged_right(odd: str, tmp_path: Path) -> None:
    (problem,) = read(written(tmp_path, ROW | ODD[odd])).problems
    assert check_correctness(problem, problem.canonical_solution).passed
    wrong = f"def {problem.entry_point}(*given):\n    return 'wrong'\n"
    assert not check_correctness(problem, wrong).passed


def test_a_class_of_the_assertions_stands_in_the_prompt(tmp_path: Path) -> None:
    code = "class Pair(object): \r\n\tdef __init__(self, a): self.a = a \r\ndef double(pair): \r\n\treturn pair.a * 2"
    row = ROW | {"code": code, "test_list": ["assert double(Pair(2)) == 4"]}
    (problem,) = read(written(tmp_path, row)).problems
    assert problem.prompt.startswith("class Pair(object):\n")
    assert problem.entry_point == "double"
    assert "class" not in problem.test


def test_what_has_not_the_shape_is_named(tmp_path: Path) -> None:
    dataset = read(written(tmp_path, ROW, ROW | {"task_id": 12, "code": ROW["code"] + "\ndouble(1)"}), "docstring")
    assert [one.task_id for one in dataset.problems] == ["MBPP/11"]
    assert dataset.source.endswith("mbpp.jsonl; 1 task does not have this shape: MBPP/12")


def test_splits_are_its_makers(tmp_path: Path) -> None:
    rows = [ROW | {"task_id": number} for number in (1, 10, 11, 510, 511, 600, 601, 974)]
    folder = written(tmp_path, *rows)
    of = {split: [one.task_id for one in read(folder, split).problems] for split in ("test", "validation", "train")}
    assert of == {
        "test": ["MBPP/11", "MBPP/510"], "validation": ["MBPP/511", "MBPP/600"], "train": ["MBPP/601", "MBPP/974"],
    }  # fmt: skip


def test_the_sanitized_file_is_read(tmp_path: Path) -> None:
    row = {
        "source_file": "Benchmark Questions Verification V2.ipynb",
        "task_id": 11,
        "prompt": "Write a function that rounds down.",
        "code": "import math\ndef down(n):\n    return math.floor(n)",
        "test_imports": ["import math"],
        "test_list": ["assert down(1.5) == math.floor(1.5)"],
    }
    (tmp_path / "sanitized-mbpp.json").write_text(json.dumps([row], indent=1))
    dataset = read(tmp_path, "sanitized")
    assert dataset.name == "mbpp:sanitized:test:assertion"
    assert dataset.problems[0].prompt.startswith('"""\nWrite a function that rounds down.\n')
    assert check_correctness(dataset.problems[0], row["code"]).passed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"task_id": "11"}, "mbpp.jsonl:2: field 'task_id' must be a whole number"),
        ({"task_id": 11}, "mbpp.jsonl:2: task_id 11 was already given in "),
        ({"task_id": 12, "test_list": []}, "mbpp.jsonl:2: field 'test_list' has no assertion"),
        ({"task_id": 12, "test_list": ["double(2) == 4"]}, "mbpp.jsonl:2: field 'test_list' has no assertion"),
        ({"task_id": 12, "code": None}, "mbpp.jsonl:2: field 'code' is NoneType, not text"),
    ],
)
def test_a_row_that_is_none_is_named(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=told):
        read(written(tmp_path, ROW, ROW | change))


def test_parts_that_exclude_each_other_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="train and test exclude each other"):
        read(written(tmp_path, ROW), "train", "test")


def test_where_it_is_nowhere_every_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        read(tmp_path)
    for way in ("mbpp.jsonl", str(tmp_path), "the hub", "mbpp=FILE", "--humaneval-data-dir", "HUMANEVAL_DATA_DIR"):
        assert way in str(error.value)


def test_the_hub_gives_the_same_problems(tmp_path: Path) -> None:
    def load(name: str, configuration: str) -> dict[str, list[dict[str, Any]]]:
        assert (name, configuration) == ("google-research-datasets/mbpp", "full")
        return {"test": [ROW]}

    found = from_hub(Hub("google-research-datasets/mbpp", "full", ("test",)), load)
    (problem,) = read(written(tmp_path, ROW)).problems
    assert [task_of(*row).task_id for row in found.rows] == [problem.task_id]
    assert found.source == "the hub's google-research-datasets/mbpp"


def test_a_hub_that_does_not_answer_is_told_in_a_line() -> None:
    def load(name: str, configuration: str) -> None:
        raise ConnectionError("no route\nto host")

    with pytest.raises(
        DatasetError, match=r"a/b could not be fetched from the hub \(ConnectionError: no route to host\)"
    ):
        from_hub(Hub("a/b", "full", ("test",)), load)
