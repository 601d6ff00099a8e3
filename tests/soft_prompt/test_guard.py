"""No problem of HumanEval, and nothing near one, gets into a training: one guard, on every path that leads there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from test_data import LARGEST_DIVISOR, LENGTH, ROW
from test_self_play import NEAR_HUMANEVAL
from tiny_training import tiny_directory

from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from soft_prompt import contamination, self_play, training_data
from soft_prompt.__main__ import main
from soft_prompt.assertions import Judge

HUMANEVAL = read_problems()[23]  # strlen
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
Write = Callable[[Path], str]


def file(folder: Path, *rows: object) -> str:
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def as_row(problem: Problem, **others: object) -> dict[str, object]:
    return {name: getattr(problem, name) for name in FIELDS} | others


@pytest.mark.parametrize(
    ("command", "several"),
    [(name, False) for name in ("train", "search", "text-search", "self-play", "data", "bench")] + [("train", True)],
)
def test_no_command_takes_humaneval_s_problems(
    command: str, several: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna" if command == "search" else "torch")
    path = file(tmp_path, as_row(HUMANEVAL))
    (tmp_path / "good.jsonl").write_text(json.dumps(ROW) + "\n")
    keys = f"data = {[str(tmp_path / 'good.jsonl'), path] if several else path!r}\n"
    config = tmp_path / "config.toml"
    config.write_text(f"budget_tokens = 9\n[common]\n{keys}[methods.one]\n" if command == "bench" else keys)
    others = [f"--output={tmp_path / 'out'}", f"--model={tiny_directory()}", f"--config={config}"]
    assert main([command, *([path] if command == "data" else others)]) == 4
    assert "HumanEval/23 is what the result is measured on; nothing is trained on HumanEval" in capsys.readouterr().err


@pytest.mark.parametrize(
    "row",
    [
        LENGTH,  # its words, in MBPP's form
        LARGEST_DIVISOR,  # its solution, in MBPP's form
        as_row(HUMANEVAL, task_id="mine/1"),  # itself under another name
        as_row(HUMANEVAL, task_id="mine/1", prompt=HUMANEVAL.prompt.replace("strlen", "size"), entry_point="size"),
    ],
)
def test_what_is_near_one_is_left_out_of_any_form(row: dict[str, object], tmp_path: Path) -> None:
    read = training_data.read_training_data(file(tmp_path, row))
    assert (read.train, read.validation) == ((), ())
    assert list(read.near_duplicates.values()) in (["HumanEval/23"], ["HumanEval/24"])


def test_what_a_model_writes_near_one_is_not_kept() -> None:
    with closing(Judge()) as judge:
        assert self_play.judged("a", NEAR_HUMANEVAL, [], judge) == (None, "near a problem of HumanEval")


def test_the_guard_is_one_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever makes training problems asks it: without it the same rows get through, so nothing else decides."""
    for module in (training_data, self_play):
        assert module.near_humaneval is contamination.near_humaneval
        monkeypatch.setattr(module, "near_humaneval", lambda problem: "")
    assert len(training_data.read_training_data(file(tmp_path, LENGTH)).train) == 1
    with closing(Judge()) as judge:
        assert self_play.judged("a", NEAR_HUMANEVAL, [], judge)[1] == "kept"
