"""Mixup and contrast on the tiny model."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_training import END, EXAMPLES, SHORT, trained_on

from soft_prompt.batches import IGNORE_INDEX, Example, collate
from soft_prompt.checkpoint import load_prompt
from soft_prompt.contrast import Contrast, at_question_ends, last_states, supervised_contrastive
from soft_prompt.initial import make_prompt
from soft_prompt.mixup import Mixup, laid_over, mixed
from soft_prompt.model import FrozenModel, SoftPrompt
from soft_prompt.objectives import Likelihood, Objective, label_loss
from soft_prompt.train import Examples

PROMPT = replace(SHORT, num_virtual_tokens=2)
on_one_model = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.binary(min_size=1, max_size=6)


def example(question: bytes, answer: bytes, category: str = "math") -> Example:
    return Example(f"T/{question!r}", category, tuple(question), (*answer, END))


@on_one_model
@given(first=st.tuples(texts, texts), second=st.tuples(texts, texts))
def test_whole_shares_leave_examples_as_they_are(
    frozen: FrozenModel, first: tuple[bytes, bytes], second: tuple[bytes, bytes]
) -> None:
    prompt, pair = make_prompt(frozen, PROMPT), [example(*first), example(*second)]
    work = mixed(frozen, pair, pair[::-1], 1.0)
    (plain,) = Likelihood().prepare(prompt, frozen, pair, 0)
    with torch.no_grad():
        own = Mixup(1.0, 0).loss(prompt, frozen, work)
        torch.testing.assert_close(own, Likelihood().loss(prompt, frozen, plain), rtol=1e-4, atol=1e-4)
    assert work.weight == plain.weight


@on_one_model
@given(texts, texts, texts, texts)
def test_answers_begin_together(frozen: FrozenModel, q: bytes, a: bytes, other_q: bytes, other_a: bytes) -> None:
    first, second = example(q, a), example(other_q, other_a)
    batch = collate([first], pad=0)
    (over,) = laid_over(batch, [first], [second]).tolist()
    reach = min(len(q), len(other_q))
    end = min(len(first), len(q) + len(second.solution))
    assert over[len(q) : end] == list(second.solution[: end - len(q)])
    assert over[len(q) - reach : len(q)] == list(other_q[len(other_q) - reach :])
    assert all(token == -1 for token in [*over[: len(q) - reach], *over[end:]])


def test_what_is_mixed_is_embeddings_and_losses(frozen: FrozenModel) -> None:
    prompt, pair = make_prompt(frozen, PROMPT), [example(b"abc", b"xy"), example(b"defg", b"z")]
    work = mixed(frozen, pair, pair[::-1], 0.75)
    embeds = work.batch.inputs_embeds
    assert embeds is not None
    by_hand = 0.75 * frozen.embeddings[ord("a")] + 0.25 * frozen.embeddings[ord("e")]
    torch.testing.assert_close(embeds[0, 0], by_hand)
    torch.testing.assert_close(embeds[1, 0], frozen.embeddings[ord("d")])  # longer by one: it stands alone there
    assert work.more.labels[0].tolist() == [IGNORE_INDEX] * 3 + [ord("z"), END] + [IGNORE_INDEX]
    assert work.more.labels[1].tolist() == [IGNORE_INDEX] * 4 + [ord("x"), ord("y")]  # where its own answer is
    assert work.weight == 0.75 * 5 + 0.25 * 4
    with torch.no_grad():
        logits = prompt.logits(frozen, work.batch)
        others = work.more.labels[:, work.batch.kept]
        expected = 0.75 * label_loss(logits, work.batch.kept_labels) + 0.25 * label_loss(logits, others)
        torch.testing.assert_close(Mixup(1.0, 0).loss(prompt, frozen, work), expected)


def test_shares_are_of_the_step_and_at_least_a_half(frozen: FrozenModel) -> None:
    prompt, objective, examples = make_prompt(frozen, PROMPT), Mixup(0.5, 3), EXAMPLES.train[:3]
    shares = [objective.prepare(prompt, frozen, examples, step)[0].more.share for step in range(8)]
    assert shares == [objective.prepare(prompt, frozen, examples, step)[0].more.share for step in range(8)]
    assert len(set(shares)) == 8
    assert all(0.5 <= share <= 1.0 for share in shares)
    (alone,) = objective.prepare(prompt, frozen, examples[:1], 0)
    torch.testing.assert_close(alone.batch.inputs_embeds, frozen.embed(alone.batch.input_ids))


def categorised(number: int) -> Example:
    category, mark, answer = (("math", b"mmm", b"a"), ("string", b"sss", b"ab"))[number % 2]
    return example(b"def %d%s" % (number, mark), answer, category)


SIX = Examples(tuple(map(categorised, range(6))), tuple(map(categorised, range(6, 8))))
CONFIG = replace(PROMPT, batch_size=6, gradient_accumulation_steps=1, max_steps=12, eval_steps=12, learning_rate=0.02)


def learned(frozen: FrozenModel, output: Path, objective: Objective) -> SoftPrompt:
    trained_on(frozen, SIX, objective, CONFIG, output)
    return load_prompt(output / "last", frozen)


def test_mixup_prepares_for_what_lies_between(frozen: FrozenModel, tmp_path: Path) -> None:
    """The paper's claim: behaviour between examples comes nearer to the mixture of labels."""
    between = mixed(frozen, SIX.train, [*SIX.train[3:], *SIX.train[:3]], 0.5)

    def loss(objective: Objective, name: str) -> float:
        prompt = learned(frozen, tmp_path / name, objective)
        return float(Mixup(1.0, 0).loss(prompt, frozen, between).detach())

    assert loss(Mixup(8.0, 0), "mixup") < loss(Likelihood(), "plain")


def test_contrast_brings_problems_of_a_category_together(frozen: FrozenModel, tmp_path: Path) -> None:
    batch = collate(SIX.train, 0)

    def distance(objective: Objective, name: str) -> float:
        prompt = learned(frozen, tmp_path / name, objective)
        with torch.no_grad(), last_states(frozen) as states:
            prompt.logits(frozen, batch)
            return float(supervised_contrastive(at_question_ends(states[0], batch), batch.categories))

    assert distance(Contrast(Likelihood(), 1.0), "contrast") < distance(Likelihood(), "plain") - 0.1
    assert not frozen.model.base_model._forward_hooks


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.integers(0, 1000))
def test_the_contrastive_loss_is_the_paper_s(categories: list[str], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.nn.functional.normalize(torch.randn(len(categories), 4, generator=generator), dim=-1)
    scores = (vectors @ vectors.T / 0.1).tolist()
    losses = []
    for anchor, category in enumerate(categories):
        others = [number for number in range(len(categories)) if number != anchor]
        whole = math.log(sum(math.exp(scores[anchor][other]) for other in others)) if others else 0.0
        positives = [other for other in others if categories[other] == category]
        if positives:
            losses.append(sum(whole - scores[anchor][positive] for positive in positives) / len(positives))
    expected = sum(losses) / len(losses) if losses else 0.0
    assert float(supervised_contrastive(vectors, categories)) == pytest.approx(expected, rel=1e-3, abs=1e-4)
