from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from pytest_humaneval.dataset.load import read_dataset, read_problems, select_problems
from pytest_humaneval.exceptions import DatasetError

ROW = {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "canonical_solution": "    pass\n", "test": ""}


def test_humaneval_has_164_problems_in_its_own_order() -> None:
    problems = read_problems()
    assert [problem.task_id for problem in problems] == [f"HumanEval/{number}" for number in range(164)]


def test_gzip_and_plain_text_are_the_same_dataset(tmp_path: Path) -> None:
    text = (json.dumps(ROW) + "\n\n").encode()
    plain, packed = tmp_path / "set.jsonl", tmp_path / "set.jsonl.gz"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text))
    assert read_dataset(plain) == read_dataset(packed)
    assert read_dataset(plain).name == "set"


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(json.dumps({**ROW, "prompt": "# \u2028\x85"}, ensure_ascii=False) + "\n")
    assert read_problems(file)[0].prompt == "# \u2028\x85"


@pytest.mark.parametrize("cut", [10, 25, 60])
def test_a_truncated_gzip_file_is_named(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "set.jsonl.gz"
    file.write_bytes(gzip.compress((json.dumps(ROW) * 20).encode())[:cut])
    with pytest.raises(DatasetError, match=r"set\.jsonl\.gz"):
        read_dataset(file)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text("\n")
    with pytest.raises(DatasetError, match="holds no problem"):
        read_dataset(tmp_path / "set.jsonl")


def test_selection_is_exact_and_keeps_the_dataset_s_order() -> None:
    chosen = select_problems(read_dataset(), ["HumanEval/10", "HumanEval/1"], None)
    assert [problem.task_id for problem in chosen] == ["HumanEval/1", "HumanEval/10"]


def test_a_problem_that_is_not_there_is_named() -> None:
    with pytest.raises(
        DatasetError, match="unknown problem HumanEval/164; the dataset runs from HumanEval/0 to HumanEval/163"
    ):
        select_problems(read_dataset(), ["HumanEval/164"], None)


def test_the_visible_problem_has_neither_test_nor_solution() -> None:
    problem = read_problems()[0].visible()
    assert (problem.test, problem.canonical_solution) == ("", "")
    assert problem.prompt


def test_a_dataset_comes_through_a_pipe_of_the_shell() -> None:
    """``--humaneval-dataset=<(zcat x.jsonl.gz)``: it can be read only once."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(ROW).encode())
    os.close(writing)
    assert [problem.task_id for problem in read_dataset(Path(f"/dev/fd/{reading}")).problems] == ["T/0"]
    os.close(reading)
