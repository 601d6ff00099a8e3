"""Variants that a model writes: what is kept, what is not and why, and that a file of them can be learned from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_data import LENGTH, written, written_mbpp
from tiny_training import SHORT, silent, tiny_directory

from pytest_humaneval import Problem
from pytest_humaneval.exceptions import DatasetError
from soft_prompt import self_play
from soft_prompt.assertions import Judge
from soft_prompt.config import override
from soft_prompt.contamination import fingerprint
from soft_prompt.self_play import judged, kept_of, question, variant_in, write_variants
from soft_prompt.training_data import held_out, read_training_data, shape

GOOD = '''\
def every_third(items):
    """Give each third element of a sequence, beginning with its first."""
    return items[::3]

assert every_third([1, 2, 3, 4]) == [1, 4]
assert every_third([]) == []
assert every_third("abcdefg") == "adg"
'''
NEAR_HUMANEVAL = f'''\
def size(text):
    """{LENGTH["text"]}"""
    total = 0
    for letter in text:
        total += 1
    return total

assert size("ab") == 2
assert size("") == 0
'''
WRONG = GOOD.replace("[::3]", "[::4]")
VACUOUS = GOOD.replace("items[::3]", "None").replace("[1, 4]", "None").replace('[]) == []', "[]) == None").replace(
    '"adg"', "None"
)  # fmt: skip
FATES = [
    (GOOD, "kept"),
    (NEAR_HUMANEVAL, "near a problem of HumanEval"),
    (WRONG, "its solution fails its assertions"),
    (VACUOUS, "a function that returns nothing passes"),
    ("def f(:", "no function with a docstring and assertions that call it"),
    (GOOD.replace('"""', "#", 1).replace('"""', "", 1), "no function with a docstring and assertions that call it"),
    (GOOD.partition("assert")[0], "no function with a docstring and assertions that call it"),
    (GOOD.replace("every_third(", "other(").replace("def other", "def every_third"), "no function with a docstring"),
]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with closing(Judge()) as judge:
        yield judge


@pytest.mark.parametrize(("text", "fate"), FATES)
def test_what_becomes_of_an_answer(text: str, fate: str, judge: Judge) -> None:
    variant, said = judged("self-play/1", text, [], judge)
    assert said.startswith(fate)
    assert (variant is not None) == (fate == "kept")


def test_a_variant_has_the_shape_of_its_data() -> None:
    variant = variant_in(f"import math\n\n{GOOD}", "self-play/1")
    assert variant is not None
    assert variant.prompt == (
        'import math\n\n\ndef every_third(items):\n    """ Give each third element of a sequence, beginning with its '
        'first.\n    >>> every_third([1, 2, 3, 4])\n    [1, 4]\n    >>> every_third([])\n    []\n    """\n'
    )
    assert variant.canonical_solution == "    return items[::3]\n"
    assert variant.test.count("    assert ") == 3


def test_nothing_is_kept_twice_or_repeats_the_data(judge: Judge) -> None:
    renamed = GOOD.replace("every_third", "thirds").replace("items", "row")
    answers = [("a", GOOD), ("b", renamed)]
    written_ = kept_of(answers, [], judge)
    assert [variant.task_id for variant in written_.variants] == ["a"]
    assert written_.counts == {"kept": 1, "near a problem of the data, or another variant": 1}
    before, _ = judged("x", GOOD, [], judge)
    assert before is not None
    assert judged("b", renamed, [fingerprint(before)], judge)[0] is None


def test_the_question_shows_a_problem_whole() -> None:
    shown = variant_in(GOOD, "MBPP/1")
    assert shown is not None
    (message, begun) = question(shown).messages
    assert f"{shown.prompt}{shown.canonical_solution}\nassert every_third(" in message.content
    assert message.content.count("\nassert ") == 3
    assert begun.content == "```python\n"


class Scripted:
    """Answers from a list, over and over."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts_left, self.asked = list(texts), 0

    def __call__(self, *_: Any) -> Scripted:
        return self

    def texts(self, prompts: Sequence[Any], *_: Any) -> list[str]:
        self.asked += len(prompts)
        return [self.texts_left.pop(0) for _ in prompts]

    def close(self) -> None:
        """Nothing is held."""


def played(folder: Path, asker: Scripted, monkeypatch: pytest.MonkeyPatch, per_problem: int = 1) -> self_play.Written:
    monkeypatch.setattr(self_play, "Asker", asker)
    config = override(SHORT, data=str(folder / "mbpp.jsonl"))
    return write_variants(config, str(tiny_directory()), folder / "cache", folder / "out", per_problem, silent)


def test_variants_are_a_dataset_and_answers_are_not_asked_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_mbpp(tmp_path)  # three tasks to train on
    texts = [GOOD, WRONG, NEAR_HUMANEVAL]
    first = played(tmp_path, Scripted(texts), monkeypatch)
    assert first.counts.total() == 3
    data = read_training_data([str(tmp_path / "mbpp.jsonl"), str(tmp_path / "out" / "variants.jsonl")])
    assert [problem.task_id for problem in data.train][3:] == ["self-play/MBPP-601-0"]
    more = Scripted([GOOD] * 3)
    assert played(tmp_path, more, monkeypatch, per_problem=2).variants == first.variants
    assert more.asked == 3, "of the first round all answers are kept"


def test_where_nothing_is_left_it_says_what_became_of_the_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_mbpp(tmp_path)
    with pytest.raises(DatasetError, match=r"no variant is left of\n +2  its solution fails its assertions\n +1  near"):
        played(tmp_path, Scripted([WRONG, WRONG, NEAR_HUMANEVAL]), monkeypatch)
    assert not (tmp_path / "out" / "variants.jsonl").exists()


def test_a_variant_near_mbpp_s_test_split_is_not_kept(tmp_path: Path, judge: Judge) -> None:
    row = {
        "task_id": 11,
        "text": "Write a function that gives each third element of a sequence, beginning with its first.",
        "code": "def picked(row):\n    return row[::3]",
        "test_list": ["assert picked([1, 2, 3, 4]) == [1, 4]"],
    }
    path = written(tmp_path, row)
    (problem,) = held_out(path)
    assert isinstance(problem, Problem)
    assert shape(row)[0] == problem
    assert kept_of([("a", GOOD)], [problem], judge).variants == ()
    assert json.loads(Path(path).read_text())["task_id"] == 11
