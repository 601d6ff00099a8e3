from __future__ import annotations

import importlib
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import END, EXAMPLES, example

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from soft_prompt.batches import (
    IGNORE_INDEX,
    Example,
    collate,
    encode,
    epoch_batches,
    fitting,
    hardly_padded,
    padding_share,
)
from soft_prompt.model import FrozenModel

STRATEGIES = {one.name: one for one in importlib.import_module("pytest_humaneval.strategies").bundled()}
ADD = Problem("MBPP/601", 'def add(a, b):\n    """ Add. """\n', "add", "    return a + b\n", "")


def test_only_the_solution_has_labels() -> None:
    batch = collate([example(0), example(2)], pad=0)  # 11 + 3 and 11 + 5 tokens
    assert batch.input_ids.shape == (2, 16)
    assert batch.attention_mask.sum(dim=1).tolist() == [14, 16]
    assert batch.labels[0].tolist() == [IGNORE_INDEX] * 11 + [*b"  ", END] + [IGNORE_INDEX] * 2
    assert batch.labels[1].tolist() == [IGNORE_INDEX] * 11 + [*b"  x\n", END]
    assert batch.kept.tolist() == [11, 12, 13, 14, 15]
    assert batch.num_labels == 8


def test_a_completion_is_the_body_and_the_end_token(frozen: FrozenModel) -> None:
    one = encode(ADD, STRATEGIES["minimal"], frozen.tokenizer, "tiny")
    assert bytes(one.prompt).decode() == ADD.prompt
    assert bytes(one.solution[:-1]).decode() == ADD.canonical_solution
    assert one.solution[-1] == frozen.tokenizer.eos_token_id


def test_what_the_prompt_already_begins_is_not_said_again(frozen: FrozenModel) -> None:
    one = encode(ADD, STRATEGIES["minimal_v4"], frozen.tokenizer, "tiny")
    assert bytes(one.prompt).decode().endswith('"""\n    ')
    assert bytes(one.solution[:-1]).decode() == "return a + b\n"


def test_a_chat_answer_is_the_whole_function_in_a_block(frozen: FrozenModel) -> None:
    one = encode(ADD, STRATEGIES["chat"], frozen.tokenizer, "tiny")
    assert frozen.tokenizer.decode(one.prompt).endswith("<|im_start|>assistant\n")
    assert bytes(one.solution[:-1]).decode() == f"```python\n{ADD.prompt}{ADD.canonical_solution}```"


def test_an_epoch_has_every_example_once_and_depends_on_seed_and_number_alone() -> None:
    examples = EXAMPLES.train * 5
    first = epoch_batches(examples, 2, seed=1, epoch=0)
    assert sorted(one.task_id for batch in first for one in batch) == sorted(one.task_id for one in examples)
    assert first == epoch_batches(examples, 2, seed=1, epoch=0)
    assert first != epoch_batches(examples, 2, seed=1, epoch=1) != epoch_batches(examples, 2, seed=2, epoch=1)


@pytest.mark.parametrize("batch_size", [2, 4, 8])
def test_less_than_a_tenth_is_padding(batch_size: int) -> None:
    """Of lengths like MBPP's, whose median is 127 tokens and whose middle half is from 100 to 177."""
    chance = random.Random(0)
    lengths = [round(127 * math.exp(0.4 * chance.gauss(0, 1))) for _ in range(360)]
    examples = [Example(f"T/{number}", "math", (1,) * length, (2,)) for number, length in enumerate(lengths)]
    for epoch in range(3):
        assert padding_share(epoch_batches(examples, batch_size, seed=0, epoch=epoch)) < 0.1
    assert padding_share([[examples[0], examples[0]]]) == 0.0
    short = Example("T", "math", (1,), (2,))  # 2 tokens beside 6: 4 of 12 are padding
    assert padding_share([[short, Example("T", "math", (1,) * 5, (2,))]]) == pytest.approx(1 / 3)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 20))
def test_parts_of_completions_are_hardly_padded_whatever_their_lengths(lengths: list[int], size: int) -> None:
    examples = [Example("T", "math", (1,) * (length - 1), (2,)) for length in lengths]
    parts = hardly_padded(examples, size)
    assert [len(each) for part in parts for each in part] == sorted(lengths)
    assert all(len(part) <= size and padding_share([part]) <= 0.1 + 1e-9 for part in parts)
    assert hardly_padded([], size) == []


def test_a_curriculum_begins_with_the_short_ones() -> None:
    batches = epoch_batches(EXAMPLES.train, 2, seed=0, epoch=0, curriculum=True)
    lengths = [len(one) for batch in batches for one in batch]
    assert lengths == sorted(lengths)
    shuffled = epoch_batches(EXAMPLES.train, 2, seed=0, epoch=1, curriculum=True)
    assert shuffled == epoch_batches(EXAMPLES.train, 2, seed=0, epoch=1)


def test_examples_that_are_too_long_are_left_out() -> None:
    assert [one.task_id for one in fitting([example(0), example(2)], 14)] == ["T/0"]
    with pytest.raises(DatasetError, match="no training example has at most 5 tokens"):
        fitting([example(0)], 5)
