from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import Problem, check_correctness
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.exceptions import ConfigError, DatasetError
from soft_prompt.training_data import read_training_data, shape, single_assertions

ROW: dict[str, Any] = {
    "task_id": 601,
    "text": "Write a function to shift every number by an offset and skip the negative ones.",
    "code": (
        "import math\r\ndef shift(nums, by=1):\r\n\tres = []\r\n\tfor n in nums: \r\n"
        "\t\tif n>=0: res.append(n+by)\r\n\treturn (res) "
    ),
    "test_list": ["assert shift([1, -2],2) == [3]", "assert shift([]) == []", "assert shift([0]) == [1]"],
    "test_setup_code": "",
}


def written_mbpp(folder: Path) -> None:
    """A little of MBPP's shape in a file: three tasks of the validation split, three to train on."""
    rows = [
        ROW | {"task_id": task_id, "code": ROW["code"].replace("res", f"r{task_id}")} for task_id in range(598, 604)
    ]
    (folder / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


LENGTH = ROW | {  # MBPP/813, which is HumanEval/23
    "task_id": 813,
    "text": "Write a function to find length of the string.",
    "code": "def string_length(str1):\n  count = 0\n  for char in str1:\n    count += 1\n  return count",
    "test_list": ["assert string_length('python') == 6"],
}
LARGEST_DIVISOR = ROW | {  # worded differently, yet with the solution of HumanEval/24
    "task_id": 602,
    "text": "Write a function that gives the greatest proper factor.",
    "code": "def factor(m):\n  for k in reversed(range(m)):\n    if m % k == 0:\n      return k",
    "test_list": ["assert factor(15) == 5"],
}


def written(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "mbpp.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_task_gets_humaneval_s_shape() -> None:
    problem, _ = shape(ROW)
    assert problem is not None
    assert problem.task_id == "MBPP/601"
    assert problem.prompt == (
        "import math\n\n\ndef shift(nums, by=1):\n"
        '    """ Write a function to shift every number by an offset and skip the negative ones.\n'
        '    >>> shift([1, -2], 2)\n    [3]\n    >>> shift([])\n    []\n    """\n'
    )
    assert problem.canonical_solution == (
        "    res = []\n    for n in nums:\n        if n >= 0:\n            res.append(n + by)\n    return res\n"
    )


def test_its_hidden_test_tells_right_from_wrong() -> None:
    problem, _ = shape(ROW)
    assert problem is not None
    assert check_correctness(problem, problem.canonical_solution).passed
    assert not check_correctness(problem, "    return nums\n").passed
    one_by_one = [check_correctness(one, "    return []\n").passed for one in single_assertions(problem)]
    assert one_by_one == [False, True, False]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "def shift(:"}, "does not parse"),
        ({"code": "def other(): pass"}, "its tests call 0 of its functions"),
        ({"code": ROW["code"] + "\nshift([1])"}, "code follows the function"),
        ({"test_list": ["assert shift([1])"]}, r"is not 'assert f\(...\) == value'"),
    ],
)
def test_what_has_another_shape_is_left_out_and_says_why(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    data = read_training_data(written(tmp_path, ROW | {"task_id": 700}, ROW | change))
    assert [problem.task_id for problem in data.train] == ["MBPP/700"]
    assert list(data.unusable) == ["MBPP/601"]
    assert re.search(reason, data.unusable["MBPP/601"])


def test_tasks_near_humaneval_are_removed_and_counted(tmp_path: Path) -> None:
    data = read_training_data(written(tmp_path, ROW, LENGTH, LARGEST_DIVISOR))
    assert data.near_duplicates == {"MBPP/813": "HumanEval/23", "MBPP/602": "HumanEval/24"}
    assert data.summary() == (
        "tasks: 1 to train on, 0 to validate on; removed: 2 too similar to HumanEval's, 0 that do not have its shape"
    )


def test_splits_are_mbpp_s_own(tmp_path: Path) -> None:
    rows = [ROW | {"task_id": task_id} for task_id in (1, 11, 510, 511, 600, 601, 974)]
    data = read_training_data(written(tmp_path, *rows))
    assert [problem.task_id for problem in data.validation] == ["MBPP/511", "MBPP/600"]
    assert [problem.task_id for problem in data.train] == ["MBPP/601", "MBPP/974"]


def test_humaneval_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="HumanEval/3 is what the result is measured on"):
        read_training_data(written(tmp_path, ROW, ROW | {"task_id": "HumanEval/3"}))


def test_what_is_no_mbpp_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"mbpp\.jsonl:2: field 'test_list' must be a list of texts"):
        read_training_data(written(tmp_path, ROW, ROW | {"test_list": "assert"}))
    with pytest.raises(DatasetError, match=r"missing\.jsonl: cannot be read \(No such file"):
        read_training_data(str(tmp_path / "missing.jsonl"))


def test_a_sample_is_drawn_by_the_seed_and_nothing_twice(tmp_path: Path) -> None:
    rows = [ROW | {"task_id": number} for number in range(601, 621)] + [ROW | {"task_id": 520}]
    data = read_training_data(written(tmp_path, *rows))
    drawn = data.sample(8, 0, seed=3)
    assert len({problem.task_id for problem in drawn.train}) == 8
    assert set(drawn.train) < set(data.train)
    assert drawn.validation == data.validation  # 0: all
    assert drawn == data.sample(8, 5, seed=3) != data.sample(8, 0, seed=4)


def own(number: int, **others: Any) -> dict[str, Any]:
    """A row of a user's own problems."""
    return {
        "task_id": f"mine/{number}", "prompt": f'def shelf{number}(books):\n    """Sort books, tallest first."""\n',
        "entry_point": f"shelf{number}", "canonical_solution": "    return sorted(books)[::-1]\n",
        "test": f"assert shelf{number}([1, 2]) == [2, 1]\nassert shelf{number}([]) == []\n", **others,
    }  # fmt: skip


def own_file(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_several_datasets_are_one_training_and_their_forms_are_recorded(tmp_path: Path) -> None:
    mine = own_file(tmp_path, *(own(number) for number in range(9)), own(9), own(10, split="validation"))
    data = read_training_data((written(tmp_path, ROW), mine), (1, 2.5))
    assert [problem.task_id for problem in data.validation] == ["mine/9", "mine/10"]
    assert len(data.train) == 1 + 9
    first, second = data.sources
    assert (first.form, first.train, first.validation, first.weight) == ("mbpp", 1, 0, 1)
    assert (second.form, second.train, second.validation, second.weight) == ("problems", 9, 2, 2.5)
    assert data.times("MBPP/601", 0) == 1
    drawn = [data.times(f"mine/{number}", seed) for number in range(9) for seed in range(40)]
    assert set(drawn) == {2, 3}
    assert 2.35 < sum(drawn) / len(drawn) < 2.65  # five standard deviations of 360 coins: 0.13
    assert "mine.jsonl: 9 and 2, weight 2.5 (problems)" in data.summary()
    with pytest.raises(ConfigError, match="data_weights: has 1 numbers for 2 datasets; give one for each"):
        read_training_data((mine, mine), (1,))
    with pytest.raises(DatasetError, match=r"mine/0 is in .*mine\.jsonl already"):
        read_training_data((mine, mine))


def test_humaneval_gets_in_by_no_file_of_one_s_own(tmp_path: Path) -> None:
    copied = read_problems()[23]
    renamed = {
        "task_id": "mine/1", "entry_point": "size", "prompt": copied.prompt.replace("strlen", "size"),
        "canonical_solution": copied.canonical_solution, "test": copied.test,
    }  # fmt: skip
    test_split = own(2, task_id="Mbpp/11")
    data = read_training_data(own_file(tmp_path, own(0), renamed, test_split))
    assert [problem.task_id for problem in data.train] == ["mine/0"]
    assert data.near_duplicates == {"mine/1": "HumanEval/23"}
    assert "MBPP's test split" in data.unusable["Mbpp/11"]
    with pytest.raises(DatasetError, match="HumanEval/23 is what the result is measured on"):
        read_training_data((written(tmp_path, ROW), own_file(tmp_path, renamed | {"task_id": "HumanEval/23"})))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (own(1, canonical_solution=" "), "has no canonical_solution"),
        (own(1, canonical_solution="    retrn 1\n"), "prompt and solution do not parse"),
    ],
)
def test_what_cannot_be_learned_of_one_s_own_says_why(row: dict[str, Any], reason: str, tmp_path: Path) -> None:
    assert read_training_data(own_file(tmp_path, own(0), row)).unusable == {"mine/1": reason}


def test_a_split_that_is_none_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"mine\.jsonl:2: field 'split' must be train or validation, not 'test'"):
        read_training_data(own_file(tmp_path, own(0), own(1, split="test")))


def test_a_check_that_is_no_row_of_assertions_counts_as_a_whole() -> None:
    loop = "def check(candidate):\n    assert candidate(1)\n    for x in (1, 2):\n        assert candidate(x)\n"
    problem = Problem("mine/1", "def f(x):\n", "f", "    return 1\n", loop)
    assert single_assertions(problem) == (problem,)
    asserts = "def check(candidate):\n    two = 2\n    assert candidate(\n        two)\n    assert candidate(1)\n"
    parts = single_assertions(replace(problem, test=asserts))
    assert [part.test.count("assert") for part in parts] == [1, 1]
    assert all("two = 2" in part.test for part in parts)


@pytest.mark.parametrize(
    ("head", "assertions", "asked"),
    [
        ("", ("candidate(1) == 1", "True, 'good for debugging'", "f(2)"), (0, 2)),
        ("    g = candidate\n", ("g(1)", "2 > 1"), (0,)),
        ("    x = candidate(1)\n    y = x + 1\n", ("y == 2", "2 > 1"), (0,)),
        ("    seen = []\n    for x in (1, 2): seen.append(candidate(x))\n", ("seen", "seen[0] == 1"), (0, 1)),
        ("", ("True",), ()),
    ],
)
def test_what_holds_whatever_the_function_does_is_no_reason_to_praise_it(
    head: str, assertions: tuple[str, ...], asked: tuple[int, ...]
) -> None:
    lines = [f"    assert {assertion}\n" for assertion in assertions]
    problem = Problem("mine/1", "def f(x):\n", "f", "    return x\n", f"def check(candidate):\n{head}{''.join(lines)}")
    parts = [f"def check(candidate):\n{head}{lines[number]}" for number in asked]
    assert [part.test for part in single_assertions(problem)] == (parts or [problem.test])
