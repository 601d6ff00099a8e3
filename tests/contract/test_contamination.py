"""The probes flag a model that was trained on the problems, and no other one: a positive control and a negative one."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_model import make_tiny_model

from pytest_humaneval.__main__ import main
from pytest_humaneval.contamination.probe_report import probe_lines
from pytest_humaneval.contamination.probes import LIKELIHOOD, RANK, SOLUTION, STATEMENT, Finding, findings, read_probes
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.engine import text_reading
from pytest_humaneval.engine.text_reading import read_texts
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.problem import Problem

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="transformers is not installed")

LONGEST = 420  # bytes of a problem, which are tokens of the tiny model
EACH = 8  # problems of either set
EPOCHS = 150


def texts_of(problems: list[Problem]) -> list[str]:
    return [one.prompt + one.canonical_solution for one in problems]


@pytest.fixture(scope="module")
def sets() -> tuple[list[Problem], list[Problem]]:
    """Short problems of HumanEval: every other one is in question, the others are the control."""
    short = [one for one in read_problems() if len((one.prompt + one.canonical_solution).encode()) <= LONGEST]
    return short[: 2 * EACH : 2], short[1 : 2 * EACH : 2]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "untrained")


@pytest.fixture(scope="module")
def trained(untrained: Path, sets: tuple[list[Problem], list[Problem]]) -> Path:
    """The same, after it has read the problems in question again and again."""
    mark_broken_packages_absent()
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(untrained)
    model = transformers.AutoModelForCausalLM.from_pretrained(untrained)
    torch.manual_seed(0)
    encoded = tokenizer(texts_of(sets[0]), return_tensors="pt", padding=True)
    labels = encoded["input_ids"].masked_fill(encoded["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        model(**encoded, labels=labels).loss.backward()
        optimizer.step()
    directory = untrained.with_name("trained")
    make_tiny_model(directory)
    model.save_pretrained(directory)
    return directory


def found(model: Path, sets: tuple[list[Problem], list[Problem]]) -> list[Finding]:
    return findings(read_probes(*sets, partial(read_texts, model, say=print)).figures)


@pytest.mark.nightly
def test_a_model_that_was_trained_on_the_problems_is_flagged(
    trained: Path, sets: tuple[list[Problem], list[Problem]]
) -> None:
    made = {one.probe: one for one in found(trained, sets)}
    assert {name: one.flagged for name, one in made.items()} == dict.fromkeys(
        (STATEMENT, SOLUTION, LIKELIHOOD, RANK), True
    )
    assert made[STATEMENT].figure.first > 0.5 > 0.1 > made[STATEMENT].figure.second
    swapped = found(trained, (sets[1], sets[0]))
    assert not any(one.flagged for one in swapped)


def test_a_model_that_was_not_is_not(untrained: Path, sets: tuple[list[Problem], list[Problem]]) -> None:
    made = found(untrained, (sets[0][:4], sets[1][:4]))
    assert not any(one.flagged for one in made)
    told = "\n".join(probe_lines(made, "humaneval", "control", 120))
    assert "no probe shows more than the control: that proves nothing" in told
    assert "continued solution: a model that solves a problem as its author did" in told


def test_a_text_is_read_token_by_token(untrained: Path) -> None:
    (reading,) = read_texts(untrained, ["def f():"], print)
    assert reading.starts == tuple(range(1, 8))
    assert len(reading.logprobs) == len(reading.likeliest) == 7
    assert all(one < 0 for one in reading.logprobs)


def test_reading_says_how_far_it_is(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_reading, "TALK_EVERY", 0.0)
    lines: list[str] = []
    read_texts(untrained, ["def f():"] * 3, lines.append)
    assert lines == [f"{number} of 3 texts read, about 1 min left" for number in (1, 2)]


def test_what_is_no_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="transformers cannot read with"):
        read_texts(tmp_path, ["def"], print)


def test_the_command_needs_something_to_compare_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contamination"]) == 4
    assert "give --control=NAME" in capsys.readouterr().err
