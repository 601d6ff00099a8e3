"""Other people's files of problems: what their fields allow is read, and what is missing is named."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - a fixture

from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.exceptions import DatasetError

ROW: dict[str, Any] = {
    "task_id": "T/0",
    "prompt": 'def double(n):\n    """Twice n."""\n',
    "entry_point": "double",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
# The Python rows of others, with their fields and their way to test.
HUMANEVALPACK = {
    **ROW,
    "task_id": "Python/0",
    "declaration": "def double(n):\n",
    "buggy_solution": "    return n\n",
    "import": "",
    "test_setup": "",
    "test": "\n\n\n\n\ndef check(double):\n    assert double(2) == 4\n\ncheck(double)",
    "example_test": "",
    "instruction": "Write a Python function `double(n)` to solve the following problem:\nTwice n.",
}
HUMANEVAL_X = {
    "task_id": "Python/0",
    "prompt": ROW["prompt"],
    "declaration": "def double(n):\n",
    "canonical_solution": ROW["canonical_solution"],
    "test": "\n\nMETADATA = {'author': 'jt'}\n\n\ndef check(double):\n    assert double(2) == 4\n\ncheck(double)",
    "example_test": "",
}
MULTIPL_E = {
    "name": "HumanEval_0_double",
    "language": "py",
    "prompt": ROW["prompt"],
    "doctests": "transform",
    "tests": "def check(candidate):\n  assert candidate(2) == 4\n\ndef test_check():\n  check(double)\n\ntest_check()",
    "stop_tokens": ["\ndef"],
}
ASSERTS_ONLY = ROW | {"test": "import math\nassert double(2) == 4\nfor n in range(3):\n    assert double(n) == n * 2"}
SEVERAL = ROW | {"test": [ROW["test"], "assert double(0) == 0", "def check(f):\n    assert f(1) == 2\n\ncheck(double)"]}


def written(folder: Path, *rows: Any, name: str = "set.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def read(folder: Path, *rows: Any) -> tuple[Problem, ...]:
    return read_dataset(written(folder, *rows)).problems


@pytest.mark.parametrize(
    ("row", "task_id"),
    [
        (HUMANEVALPACK, "Python/0"), (HUMANEVAL_X, "Python/0"), (MULTIPL_E, "HumanEval_0_double"),
        (ASSERTS_ONLY, "T/0"), (SEVERAL, "T/0"), (ROW | {"suffix": " \n"}, "T/0"),
    ],
    ids=["HumanEvalPack", "HumanEval-X", "MultiPL-E", "assertions", "several tests", "infilling at the end"],
)  # fmt: skip
def test_what_the_fields_allow_is_judged(row: dict[str, Any], task_id: str, tmp_path: Path) -> None:
    (problem,) = read(tmp_path, row)
    assert (problem.task_id, problem.entry_point, problem.prompt) == (task_id, "double", ROW["prompt"])
    assert check_correctness(problem, ROW["canonical_solution"]).passed
    assert check_correctness(problem, "    return 4\n" if row is SEVERAL else "    return n\n").kind == "assertion"


def test_each_of_several_tests_counts(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, SEVERAL)
    for wrong in ("    return 2 * n if n != 2 else 0\n", "    return n or 1\n", "    return n * n\n"):
        assert check_correctness(problem, wrong).kind == "assertion"


@pytest.mark.parametrize(
    "test",
    [
        "def test_it():\n    assert double(2) == 4\n",
        "def test():\n    assert double(2) == 4\n\ntest()\n",
        "def told():\n    return double(2)\n\ndef test_it():\n    assert told() == 4\n",
        "if __name__ == '__main__':\n    assert double(2) == 4\n",
        "def check(candidate):\n    assert candidate(0) == 0\n\ndef more():\n    assert double(2) == 4\n\nmore()\n",
        "from math import *\nassert isclose(double(2), 4)\n",
    ],
    ids=["as pytest's", "called", "with a helper", "run as a program", "beside a check", "everything imported"],
)
def test_assertions_in_functions_are_run(test: str, tmp_path: Path) -> None:
    (problem,) = read(tmp_path, ROW | {"test": test})
    assert check_correctness(problem, ROW["canonical_solution"]).passed
    assert check_correctness(problem, "    return n\n").kind == "assertion"


def test_a_function_called_check_may_have_assertions_alone(tmp_path: Path) -> None:
    row = ROW | {"prompt": "def check(n):\n", "entry_point": "check", "test": "assert check(1) == 2"}
    (problem,) = read(tmp_path, row)
    assert check_correctness(problem, ROW["canonical_solution"]).passed
    assert not check_correctness(problem, "    return n\n").passed


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (HUMANEVALPACK | {"task_id": "CPP/0"}, "CPP/0 asks for cpp; only Python can be judged here"),
        (MULTIPL_E | {"language": "rs"}, "HumanEval_0_double asks for rs; only Python"),
        (ROW | {"suffix": ["    return n"]}, "field 'suffix' is list, not text"),
        ({key: ROW[key] for key in ROW if key != "entry_point"}, "field 'entry_point' is missing, and the test passes"),
        (ROW | {"entry_point": None}, "field 'entry_point' is NoneType, not text"),
        ({key: ROW[key] for key in ROW if key != "test"}, "field 'test' is missing"),
        (ROW | {"test": "print(1)"}, "field 'test' has neither a function check(candidate) nor an assertion"),
        (ROW | {"test": "assert double(2 =="}, "field 'test' is not Python: "),
        (ROW | {"test": []}, "field 'test' has no test"),
        (ROW | {"test": [1]}, "field 'test' must be a list of texts"),
        (ROW | {"canonical_solution": 1}, "field 'canonical_solution' is int, not text"),
        ([ROW], "expected a JSON object"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_line(row: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        read(tmp_path, ROW | {"task_id": "T/1"}, row)
    assert str(error.value).startswith(f"{tmp_path}/set.jsonl:2: {told}")


def test_an_array_is_read_as_lines_are(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"task_id": "T/1"}]
    (tmp_path / "array.json.gz").write_bytes(gzip.compress(json.dumps(rows, indent=2).encode()))
    dataset = read_dataset(tmp_path / "array.json.gz")
    assert (dataset.name, dataset.problems) == ("array", read(tmp_path, *rows))


def test_an_element_of_an_array_is_named(tmp_path: Path) -> None:
    (tmp_path / "array.json").write_text(json.dumps([ROW, ROW]))
    with pytest.raises(DatasetError, match=r"array.json, element 1: task_id 'T/0' already appears in .*element 0"):
        read_dataset(tmp_path / "array.json")


@pytest.mark.parametrize("end", ['{"task_id": "T/1", "prom', "[", '{"task_id": "T/1"} {"task_id": "T/2"}'])
def test_a_truncated_file_is_named(end: str, tmp_path: Path) -> None:
    file = written(tmp_path, ROW)
    file.write_text(file.read_text() + end)
    with pytest.raises(DatasetError, match=r"set\.jsonl:2: not JSON"):
        read_dataset(file)


def test_rows_of_mbpp_are_known_by_their_fields_and_not_mixed(tmp_path: Path) -> None:
    mbpp = {"task_id": 700, "text": "Double.", "code": "def f(n): return 2 * n", "test_list": ["assert f(1) == 2"]}
    assert [one.task_id for one in read(tmp_path, mbpp)] == ["MBPP/700"]
    with pytest.raises(DatasetError, match=r"set\.jsonl:2: a row of MBPP in a file that begins with rows of problems"):
        read(tmp_path, ROW, mbpp)


def test_a_solution_may_be_missing(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, {key: ROW[key] for key in ROW if key != "canonical_solution"})
    assert problem.canonical_solution == ""


def test_parquet_is_read(tmp_path: Path) -> None:
    rows = [ROW, SEVERAL | {"task_id": "T/1", "test": "assert double(2) == 4"}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "set.parquet")
    dataset = read_dataset(tmp_path / "set.parquet")
    assert (dataset.name, dataset.problems) == ("set", read(tmp_path, *rows))


def test_without_the_library_the_message_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "set.parquet").write_bytes(b"PAR1....PAR1")
    with pytest.raises(DatasetError, match=r"set\.parquet: Parquet needs the package pyarrow, .*: pip inst"):
        read_dataset(tmp_path / "set.parquet")


def test_a_damaged_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_bytes(b"PAR1....PAR1")
    with pytest.raises(DatasetError, match=r"set\.parquet: not a Parquet file, or damaged"):
        read_dataset(tmp_path / "set.parquet")
