from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import SHORT, silent, trained_on

from pytest_humaneval import Problem, Prompt, chat_prompt, completion_prompt
from pytest_humaneval.exceptions import DatasetError
from soft_prompt import distillation
from soft_prompt.distillation import lessons, up_to_the_body
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.teacher import answered
from soft_prompt.training_data import TrainingData
from soft_prompt.watch import read_metrics

STRATEGIES = {one.name: one for one in importlib.import_module("pytest_humaneval.strategies").bundled()}
MINIMAL_AND_CHAT = (STRATEGIES["minimal"], STRATEGIES["chat"])


def problem(number: int) -> Problem:
    prompt = f"def f{number}(x):\n"
    return Problem(f"MBPP/{number}", prompt, f"f{number}", "    return x\n", "def check(candidate):\n    assert 1\n")


DATA = TrainingData(tuple(map(problem, range(6))), tuple(map(problem, range(6, 8))), {}, {})
BODY = "    return x\n"


def answers_of(output: Path, *numbers: int, body: str = BODY) -> None:
    output.mkdir(parents=True, exist_ok=True)
    rows = [{"task_id": f"MBPP/{number}", "body": body} for number in numbers]
    (output / "teacher.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_student_comes_nearer_to_its_teacher(frozen: FrozenModel, tmp_path: Path) -> None:
    answers_of(tmp_path, *range(8))
    config = replace(SHORT, objective="distillation", max_steps=12, eval_steps=12, learning_rate=0.05)
    student, teacher = STRATEGIES["minimal"], STRATEGIES["chat"]
    objective, examples = lessons(DATA, student, teacher, frozen, config, tmp_path, silent)
    trained_on(frozen, examples, objective, config, tmp_path)
    metrics = read_metrics(tmp_path)
    assert metrics[-1].loss < metrics[0].loss - 0.2


def test_a_student_that_sees_what_its_teacher_sees_has_nothing_to_learn_but_the_end(
    frozen: FrozenModel, tmp_path: Path
) -> None:
    answers_of(tmp_path, *range(8))
    # The virtual tokens are those of a text, and the teacher's prompt begins with that text.
    text = "# x\n"
    config = replace(SHORT, prompt_tuning_init="text", prompt_tuning_init_text=text, num_virtual_tokens=len(text))
    teacher = replace(STRATEGIES["minimal"], build_prompt=lambda one: completion_prompt(text + one.prompt))
    objective, examples = lessons(DATA, STRATEGIES["minimal"], teacher, frozen, config, tmp_path, silent)
    prompt = make_prompt(frozen, config)
    (work,) = objective.prepare(prompt, frozen, examples.train[:2], 0)
    loss = objective.loss(prompt, frozen, work).item()
    with torch.no_grad():
        logits = prompt.logits(frozen, work.batch).float()
    ends = work.batch.kept_labels == frozen.tokenizer.eos_token_id
    label = logits[ends].log_softmax(-1)[:, frozen.tokenizer.eos_token_id]
    assert loss == pytest.approx(float(-label.sum()), rel=1e-3)


def test_the_teacher_answers_what_it_has_not_yet(frozen: FrozenModel, tmp_path: Path) -> None:
    answers_of(tmp_path, 0, 1)
    with (tmp_path / "teacher.jsonl").open("a") as file:
        file.write('{"task_id": "MBPP/2", "bo')  # cut short by a kill
    config = replace(SHORT, max_completion_length=4)
    found = answered(DATA.train, STRATEGIES["minimal"], frozen, config, tmp_path, silent)
    assert set(found) == {f"MBPP/{number}" for number in range(6)}
    assert found["MBPP/0"] == BODY
    assert (tmp_path / "teacher.jsonl").read_text().count("\n") >= 6
    again = answered(DATA.train, STRATEGIES["minimal"], frozen, config, tmp_path, pytest.fail)
    assert again == found


def test_a_teacher_without_answers_is_an_error(frozen: FrozenModel, tmp_path: Path) -> None:
    answers_of(tmp_path, *range(8), body=" \n")
    message = r"teacher, chat, answered 0 of 8 problems: there is no training example\. .* another teacher"
    with pytest.raises(DatasetError, match=message):
        lessons(DATA, STRATEGIES["minimal"], STRATEGIES["chat"], frozen, SHORT, tmp_path, silent)


ONE = problem(0)


@pytest.mark.parametrize(
    ("prompt", "begun"),
    [
        (chat_prompt("write it"), "```python\ndef f0(x):\n"),
        (chat_prompt("write it", prefill="Sure:\n```python\n"), "Sure:\n```python\ndef f0(x):\n"),
        (chat_prompt("write it", prefill="```python\ndef f0(x):\n"), "```python\ndef f0(x):\n"),
    ],
)
def test_a_teacher_in_chat_form_has_begun_the_function(prompt: Prompt, begun: str) -> None:
    seen = up_to_the_body(prompt, ONE)
    assert [message.role for message in seen.messages] == ["user", "assistant"]
    assert seen.messages[-1].content == begun


def test_a_teacher_in_completion_form_is_asked_as_it_is() -> None:
    assert up_to_the_body(completion_prompt("x"), ONE) == completion_prompt("x")


def test_kept_distributions_lead_the_same_way_and_are_made_once(
    frozen: FrozenModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_of(tmp_path, *range(8))
    calls = []
    plain = distillation._teacher_logits

    def counted(*arguments: Any) -> torch.Tensor:
        calls.append(len(arguments[1]))
        return plain(*arguments)

    monkeypatch.setattr(distillation, "_teacher_logits", counted)
    size = len(frozen.embeddings)
    losses = []
    for top_k in (0, size - 1, 8):
        config = replace(SHORT, objective="distillation", teacher_top_k=top_k)
        objective, examples = lessons(DATA, STRATEGIES["minimal"], STRATEGIES["chat"], frozen, config, tmp_path, silent)
        prompt = make_prompt(frozen, config)
        calls.clear()
        for _ in range(2):
            (work,) = objective.prepare(prompt, frozen, examples.train[:3], 0)
            loss = objective.loss(prompt, frozen, work)
        loss.backward()
        losses.append((loss.item(), prompt.tensors()[""].grad))
        assert sum(calls) == (6 if top_k == 0 else 3), "the second time it is on the disk"
    assert losses[1][0] == pytest.approx(losses[0][0], rel=1e-3)
    torch.testing.assert_close(losses[1][1], losses[0][1], rtol=1e-2, atol=1e-5)
    assert 0 < losses[2][0] <= losses[0][0] + 1e-4
    cut = next((tmp_path / "teacher-logits").iterdir())
    cut.write_bytes(cut.read_bytes()[:20])
    assert objective.prepare(prompt, frozen, examples.train[:3], 0)[0].more[0].shape[1] == 8
