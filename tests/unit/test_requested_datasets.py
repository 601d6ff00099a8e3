"""What ``--humaneval-dataset`` means: names and files, several by comma."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval import DatasetKind, Problem
from pytest_humaneval.dataset.kinds import Dataset, Wanted
from pytest_humaneval.dataset.load import HUMANEVAL
from pytest_humaneval.dataset.requested import (
    dataset_lines,
    folders_of,
    read_together,
    recorded_names,
    requested_datasets,
)
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.option import NAMES_OR_FILES, Option
from pytest_humaneval.testing import ADD, PROBLEMS


def of_parts(wanted: Wanted) -> Dataset:
    return Dataset.of(":".join(("split", *wanted.parts)), [replace(ADD, task_id=f"Split/{len(wanted.parts)}")])


KNOWN = {
    "humaneval": HUMANEVAL,
    "own": DatasetKind("own", "made up", lambda: PROBLEMS),
    "split": DatasetKind("split", "has parts", parts=("train", "test"), find=of_parts),
}


def written(file: Path, problems: Sequence[Problem] = PROBLEMS) -> Path:
    file.write_text("".join(json.dumps(asdict(problem)) + "\n" for problem in problems))
    return file


def read(text: str, folder: Path) -> Dataset:
    return read_together(requested_datasets(text, KNOWN, folder, (folder,)))


def test_names_and_files_are_one_dataset_with_parts(tmp_path: Path) -> None:
    written(tmp_path / "mine.jsonl", [replace(ADD, task_id="Mine/0")])
    together = read("own, split:train ,mine.jsonl", tmp_path)
    assert together.name == "own,split:train,mine"
    assert [part.name for part in together.parts] == ["own", "split:train", "mine"]
    assert [one.task_id for one in together.problems] == ["Mini/0", "Mini/1", "Mini/10", "Split/1", "Mine/0"]
    assert len({together.sha256, *(part.sha256 for part in together.parts)}) == 4


def test_one_dataset_is_what_it_is_alone(tmp_path: Path) -> None:
    alone = read("own", tmp_path)
    assert (alone, alone.parts) == (KNOWN["own"].dataset(), ())


def test_a_file_may_have_a_comma_in_its_name(tmp_path: Path) -> None:
    written(tmp_path / "a,b.jsonl")
    assert read("a,b.jsonl", tmp_path).name == "a,b"


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "set.jsonl", [replace(ADD, task_id=f"{folder}/0")])
    assert [part.name for part in read("a/set.jsonl,b/set.jsonl", tmp_path).parts] == ["a/set.jsonl", "b/set.jsonl"]


def test_a_name_takes_the_file_behind_it(tmp_path: Path) -> None:
    written(tmp_path / "mine.jsonl")
    assert read("humaneval=mine.jsonl", tmp_path).source == str(tmp_path / "mine.jsonl")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("own,humanevil", "neither a file nor known: unknown dataset 'humanevil'; did you mean 'humaneval'?"),
        ("split:trian", "split:trian: split has no part 'trian'; it has train, test"),
        ("own:train", "own has no part 'train'; it has none"),
        ("own=mine.jsonl", "own is read by its own function and takes no file"),
        ("own,mine.jsonl", "own and mine both have a problem Mini/0"),
        ("own,own", "own is named twice"),
        ("gone.jsonl", "gone.jsonl: cannot be read"),
    ],
)
def test_what_cannot_be_is_named(text: str, told: str, tmp_path: Path) -> None:
    written(tmp_path / "mine.jsonl")
    with pytest.raises(DatasetError) as error:
        read(text, tmp_path)
    assert told in str(error.value)


def test_files_are_looked_for_where_the_option_the_environment_or_the_run_says(tmp_path: Path) -> None:
    assert folders_of(tmp_path, None, {}) == (tmp_path, tmp_path / "data")
    assert folders_of(tmp_path, None, {"HUMANEVAL_DATA_DIR": "sets"}) == (tmp_path / "sets",)
    assert folders_of(tmp_path, tmp_path / "given", {"HUMANEVAL_DATA_DIR": "sets"}) == (tmp_path / "given",)


def test_the_list_says_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    def gone(wanted: Wanted) -> Dataset:
        assert wanted.only_look
        raise DatasetError("it is nowhere")

    lines = list(dataset_lines({**KNOWN, "gone": DatasetKind("gone", "was here", find=gone)}, (tmp_path,)))
    assert lines[0].startswith("humaneval  OpenAI's HumanEval")
    assert "164 problems in /" in lines[1]
    assert lines[1].endswith("HumanEval.jsonl.gz (sha256 1d49078ba3e2)")
    assert lines[3].strip().startswith("3 problems (sha256 ")
    assert lines[4] == "split      has parts (parts: split:train, split:test)"
    assert lines[-1].strip() == "it is nowhere"


def test_paths_of_a_configuration_file_are_seen_from_its_folder(tmp_path: Path) -> None:
    option = Option("dataset", "", NAMES_OR_FILES, by_comma=True)
    written(tmp_path / "bare")
    seen = option.seen_from(tmp_path, "humaneval,sets/a.jsonl,mbpp:train=b.jsonl,bare")
    assert seen == f"humaneval,{tmp_path}/sets/a.jsonl,mbpp:train={tmp_path}/b.jsonl,{tmp_path}/bare"


@pytest.mark.parametrize(
    ("run", "named"),
    [
        ({"dataset": {"name": "HumanEval"}}, "humaneval"),
        ({"dataset": {"name": "mbpp:test:assertion"}}, "mbpp:test:assertion"),
        ({"dataset": {"name": "a,b"}, "datasets": [{"name": "HumanEval"}, {"name": "mbpp+"}]}, "humaneval,mbpp+"),
        ({"dataset": {"name": "mine"}}, None),
        ({"datasets": [{"name": "HumanEval"}, {"name": "mine"}]}, None),
        ({}, None),
    ],
)
def test_a_finished_run_says_which_datasets_it_was_on(run: dict[str, Any], named: str | None) -> None:
    assert recorded_names(run) == named
