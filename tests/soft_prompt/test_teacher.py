"""Where a teacher's answers come from: a server, a file, an engine; and what of them is learned."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openai_server import FakeServer, Reply
from test_distillation import BODY, DATA, MINIMAL_AND_CHAT, STRATEGIES
from tiny_training import SHORT, silent

from pytest_humaneval.exceptions import ConfigError, DatasetError, InfrastructureError
from soft_prompt import teacher
from soft_prompt.config import Config
from soft_prompt.distillation import Distillation, lessons
from soft_prompt.model import FrozenModel
from soft_prompt.objectives import Likelihood
from soft_prompt.teacher import answered, check_teacher, learns_text, usable

TAUGHT = replace(SHORT, objective="distillation")
CHAT = STRATEGIES["chat"]


def answers_file(folder: Path, *rows: dict[str, Any]) -> str:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def rows(*numbers: int, body: str = BODY) -> list[dict[str, Any]]:
    return [{"task_id": f"MBPP/{number}", "body": body} for number in numbers]


def solved(body: dict[str, Any]) -> Reply:
    signature = re.search(r"def f\d\(x\):", body["messages"][-1]["content"])
    assert signature is not None
    return Reply(f"```python\n{signature[0]}\n{BODY}```")


def test_a_larger_model_behind_a_url_teaches_its_text(
    frozen: FrozenModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUMANEVAL_CACHE_DIR", str(tmp_path / "cache"))
    with FakeServer(solved) as server:
        config = replace(TAUGHT, teacher_url=f"{server.url}/v1")
        objective, examples = lessons(DATA, *MINIMAL_AND_CHAT, frozen, config, tmp_path / "out", silent)
        questions = [json.dumps(body["messages"]) for body in server.requests]
    assert isinstance(objective, Likelihood)
    assert (len(examples.train), len(examples.validation)) == (6, 2)
    assert bytes(examples.train[0].solution[:-1]) == BODY.encode()
    assert len(questions) == 8, "only problems of the training are asked"
    assert all(any(f"def f{number}(" in question for number in range(8)) for question in questions)
    again = answered((*DATA.train, *DATA.validation), CHAT, frozen, config, tmp_path / "out", pytest.fail)
    assert len(again) == 8, "kept: the server is gone"
    with pytest.raises(InfrastructureError, match="generating its answers ended with status"):
        answered(DATA.train, CHAT, frozen, config, tmp_path / "other", silent)


def test_a_file_of_answers_is_taken_for_what_it_has(frozen: FrozenModel, tmp_path: Path) -> None:
    file = answers_file(tmp_path, *rows(0, 1, 6), *rows(99))
    config = replace(TAUGHT, teacher_file=file)
    objective, examples = lessons(DATA, *MINIMAL_AND_CHAT, frozen, config, tmp_path, silent)
    assert isinstance(objective, Distillation)
    assert [example.task_id for example in (*examples.train, *examples.validation)] == ["MBPP/0", "MBPP/1", "MBPP/6"]
    text, _ = lessons(DATA, *MINIMAL_AND_CHAT, frozen, replace(config, teacher_text=True), tmp_path, silent)
    assert isinstance(text, Likelihood)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"task_id": "HumanEval/3", "body": BODY}, "HumanEval/3 is what the result is measured on"),
        ({"task_id": "MBPP/1"}, r"answers\.jsonl:2: is damaged \('body'\); expected task_id and body"),
    ],
)
def test_a_file_with_answers_to_humaneval_or_damage_is_refused(
    row: dict[str, Any], message: str, frozen: FrozenModel, tmp_path: Path
) -> None:
    config = replace(TAUGHT, teacher_file=answers_file(tmp_path, *rows(0), row))
    with pytest.raises(DatasetError, match=message):
        answered(DATA.train, CHAT, frozen, config, tmp_path, silent)
    with pytest.raises(DatasetError, match=r"gone\.jsonl: cannot be read"):
        answered(DATA.train, CHAT, frozen, replace(config, teacher_file="gone.jsonl"), tmp_path, silent)


def test_only_what_passes_is_learned_where_that_is_wanted() -> None:
    tests = {one: f"def check(candidate):\n    assert {one.entry_point}(2) == 2\n" for one in DATA.train}
    judged = [replace(problem, test=test) for problem, test in tests.items()]
    answers = {problem.task_id: f"    return {number}\n" for number, problem in enumerate(judged)}
    said: list[str] = []
    config = replace(TAUGHT, teacher_passing=True)
    assert list(usable(judged, answers, CHAT, config, said.append)) == ["MBPP/2"]
    assert said == ["the teacher, chat, answered 6 of 6 problems, 1 of them rightly"]
    with pytest.raises(DatasetError, match="answered 1 of 1 problem, 0 of them rightly: there is no training example"):
        usable(judged[:1], answers, CHAT, config, said.append)


def test_vllm_answers_where_its_start_is_paid_back(monkeypatch: pytest.MonkeyPatch) -> None:
    guided = STRATEGIES["best_of"]
    for there, few, many, several in ((True, "loaded", "vllm", "vllm"), (False, "loaded", "loaded", "transformers")):
        monkeypatch.setattr(teacher, "find_spec", lambda name, there=there: there or None)
        assert teacher._engine(TAUGHT, CHAT, 10) == few
        assert teacher._engine(TAUGHT, CHAT, 300) == many
        assert teacher._engine(TAUGHT, guided, 10) == several
    assert learns_text(TAUGHT, guided)
    assert not learns_text(TAUGHT, CHAT)


@pytest.mark.parametrize(
    ("settings", "name", "message"),
    [
        ({"teacher_url": "localhost:8000"}, "chat", "teacher_url: 'localhost:8000' is not the URL of a server"),
        ({"teacher_url": "http://a", "teacher_file": "b"}, "chat", "teacher_url and teacher_file exclude each other"),
        ({"teacher_file": "b", "teacher_engine": "vllm"}, "chat", "teacher_file and teacher_engine exclude each other"),
        ({"teacher_model": "large"}, "chat", "give the server's teacher_url too"),
        ({"teacher_engine": "loaded"}, "best_of", "best_of asks more than once"),
    ],
)
def test_keys_that_exclude_each_other_are_named(settings: dict[str, Any], name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_teacher(Config(**settings), STRATEGIES[name])
