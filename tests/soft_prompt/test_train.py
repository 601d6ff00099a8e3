from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_training import EXAMPLES, SHORT, example, load_tiny, trained

from pytest_humaneval.exceptions import ModelError, TrainingError
from soft_prompt.batches import Example, by_length, collate, hardly_padded
from soft_prompt.checkpoint import load_prompt
from soft_prompt.config import Config
from soft_prompt.initial import initial_embedding, make_prompt
from soft_prompt.model import FrozenModel, SoftPrompt
from soft_prompt.objectives import Likelihood, Objective, Work
from soft_prompt.schedule import learning_rate
from soft_prompt.train import Examples, batches_of_step, num_steps, train
from soft_prompt.watch import read_metrics

KINDS = ["plain", "deep", "routed", "mixture", "attention", "prototypes", "network"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_falls_and_only_the_prompt_moves(kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    before = {name: weight.clone() for name, weight in frozen.model.named_parameters()}
    state = trained(frozen, tmp_path, kind=kind, max_steps=20, eval_steps=10)
    metrics = read_metrics(tmp_path)
    assert metrics[-1].loss < metrics[0].loss - 0.3
    assert state.best_loss < metrics[0].loss
    for name, weight in frozen.model.named_parameters():
        assert torch.equal(weight, before[name]), name
        assert weight.grad is None, name
    start = make_prompt(frozen, Config(**SHORT.to_dict() | {"kind": kind})).tensors()
    moved = load_prompt(tmp_path / "last", frozen).tensors()
    assert any(not torch.equal(moved[name], start[name]) for name in start)


def test_prompts_of_all_kinds_begin_as_the_plain_one(frozen: FrozenModel) -> None:
    batch = collate(EXAMPLES.train[:3], pad=0)
    plain, *others = (make_prompt(frozen, Config(**SHORT.to_dict() | {"kind": kind})) for kind in KINDS)
    with torch.no_grad():
        for other in others:
            torch.testing.assert_close(other.logits(frozen, batch), plain.logits(frozen, batch), atol=2e-4, rtol=1e-4)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(0, 120), min_size=1, max_size=6), size=st.integers(1, 6))
def test_no_batching_changes_losses_or_gradients(frozen: FrozenModel, numbers: list[int], size: int) -> None:
    """Sorted by length and padded, or each example alone: the same sums."""
    examples = [example(number, "x" * (number % 11)) for number in numbers]

    def sums(parts: list[list[Example]]) -> list[torch.Tensor]:
        prompt, objective = make_prompt(frozen, SHORT), Likelihood()
        works = [work for part in parts for work in objective.prepare(prompt, frozen, part, 0)]
        losses = [objective.loss(prompt, frozen, work) for work in works]
        torch.stack(losses).sum().backward()
        return [torch.stack(losses).sum().detach(), *(parameter.grad for parameter in prompt.parameters())]

    alone = sums([[each] for each in examples])
    for parts in (by_length(examples, size), hardly_padded(examples, size)):
        assert sorted(map(len, examples)) == [len(each) for part in parts for each in part]
        torch.testing.assert_close(sums(parts), alone, rtol=1e-3, atol=1e-3)


def test_accumulated_gradients_are_those_of_one_large_batch(frozen: FrozenModel, tmp_path: Path) -> None:
    examples = Examples(EXAMPLES.train[:6], EXAMPLES.validation)
    norms = []
    for accumulation in (1, 3):  # 6 examples a step, cut in different ways
        config = replace(SHORT, batch_size=6 // accumulation, gradient_accumulation_steps=accumulation, max_steps=1)
        train(frozen, examples, Likelihood(), config, tmp_path / str(accumulation), io.StringIO())
        norms.append(read_metrics(tmp_path / str(accumulation))[0].grad_norm)
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)


class Interrupted(Objective):
    """Plain, until it is killed in the middle of a step."""

    def __init__(self, at: int) -> None:
        self._at, self._plain = at, Likelihood()

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        if step == self._at:
            raise KeyboardInterrupt
        return self._plain.prepare(prompt, frozen, examples, step)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> torch.Tensor:
        return self._plain.loss(prompt, frozen, work)


@pytest.mark.parametrize(
    ("killed_at", "kind"), [(1, "plain"), (3, "plain"), (4, "plain"), (3, "mixture"), (3, "prototypes"), (3, "gated")]
)
def test_a_resumed_training_equals_an_uninterrupted_one(
    killed_at: int, kind: str, frozen: FrozenModel, tmp_path: Path
) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    trained(frozen, whole, kind=kind)
    with pytest.raises(KeyboardInterrupt):
        trained(frozen, halves, Interrupted(killed_at), kind=kind)
    assert load_state(halves) == killed_at, "what was done is kept at once"
    with (halves / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99, "lo')  # the line that the kill cut short
    state = trained(frozen, halves, kind=kind)
    assert state.step == 6
    curves = [[(one.step, one.loss, one.validation_loss) for one in read_metrics(path)] for path in (whole, halves)]
    assert curves[0] == curves[1]
    a, b = (load_prompt(path / "last", frozen).tensors() for path in (whole, halves))
    assert all(torch.equal(a[name], b[name]) for name in a.keys() | b.keys())


def load_state(output: Path) -> int:
    """How many steps the last checkpoint has."""
    saved = torch.load(output / "last" / "trainer.pt", weights_only=True)
    return int(saved["state"]["step"])


class InterruptedInValidation(Likelihood):
    """Plain, until Ctrl-C in its second validation."""

    validations = 0

    def validate(self, *arguments: Any) -> float:
        self.validations += 1
        if self.validations == 2:
            raise KeyboardInterrupt
        return super().validate(*arguments)


def test_a_validation_that_was_interrupted_is_made_up_for(frozen: FrozenModel, tmp_path: Path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    expected = trained(frozen, whole)
    said = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        train(frozen, EXAMPLES, InterruptedInValidation(), SHORT, halves, said)
    assert f"interrupted: {halves / 'last'} is the checkpoint of step 4; the same command continues" in said.getvalue()
    assert load_state(halves) == 4
    state = trained(frozen, halves)
    assert (state.step, state.best_step, state.best_loss) == (6, expected.best_step, expected.best_loss)
    curves = [[(one.step, one.loss, one.validation_loss) for one in read_metrics(path)] for path in (whole, halves)]
    assert curves[0] == curves[1]


def test_an_interruption_before_the_first_step_leaves_no_checkpoint(frozen: FrozenModel, tmp_path: Path) -> None:
    said = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        train(frozen, EXAMPLES, Interrupted(0), SHORT, tmp_path, said)
    assert "interrupted: no step was done yet" in said.getvalue()
    assert not (tmp_path / "last").exists()


def test_a_finished_training_is_not_done_again(frozen: FrozenModel, tmp_path: Path) -> None:
    first = trained(frozen, tmp_path)
    assert trained(frozen, tmp_path, Interrupted(0)) == first


def test_another_configuration_in_the_same_folder_is_refused(frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path)
    with pytest.raises(
        ModelError, match=r"holds a training with learning_rate = 0\.03, not 0\.5; give another --output"
    ):
        trained(frozen, tmp_path, learning_rate=0.5)


def test_best_and_last_are_kept_and_nothing_else(frozen: FrozenModel, tmp_path: Path) -> None:
    state = trained(frozen, tmp_path, learning_rate=1.0, lr_scheduler_type="constant", max_steps=8)
    kept = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {f"step-{state.best_step:06d}", "step-000008"}
    assert (tmp_path / "last").resolve().name == "step-000008"
    assert (tmp_path / "best").resolve().name == f"step-{state.best_step:06d}"


class NeverBetter(Likelihood):
    """Whose validation loss rises from the second evaluation on."""

    evaluations = 0

    def validate(self, prompt: SoftPrompt, frozen: FrozenModel, batches: Iterable[Sequence[Example]]) -> float:
        self.evaluations += 1
        return abs(self.evaluations - 1.5)


def test_training_stops_early_when_validation_does_not_improve(frozen: FrozenModel, tmp_path: Path) -> None:
    state = trained(frozen, tmp_path, NeverBetter(), max_steps=40, eval_steps=1, early_stopping_patience=2)
    # The losses are 0.5, 0.5, 1.5: the first was the best.
    assert (state.best_step, state.step, state.evaluations_since_best) == (1, 3, 2)


class Broken(Likelihood):
    """A loss that is none at one step."""

    def __init__(self, at: int) -> None:
        self._at, self._step = at, 0

    def prepare(self, prompt: SoftPrompt, frozen: FrozenModel, examples: Sequence[Example], step: int) -> list[Work]:
        self._step = step
        return super().prepare(prompt, frozen, examples, step)

    def loss(self, prompt: SoftPrompt, frozen: FrozenModel, work: Work) -> torch.Tensor:
        loss = super().loss(prompt, frozen, work)
        return loss * float("nan") if self._step == self._at else loss


def test_a_loss_that_is_not_finite_stops_with_step_batch_and_last_checkpoint(
    frozen: FrozenModel, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"the loss of step 4 is nan \(batch: T/\d(, T/\d)*\); .*/last") as caught:
        trained(frozen, tmp_path, Broken(3))
    assert "A lower learning_rate" in str(caught.value)
    assert bool(torch.isfinite(load_prompt(tmp_path / "last", frozen).tensors()[""]).all())
    assert (tmp_path / "last").resolve().name == "step-000002"


def test_a_prompt_that_overflows_is_not_kept(frozen: FrozenModel, tmp_path: Path) -> None:
    # Weight decay multiplies the prompt by -1e12 in every step: past float32 after the fourth, if nothing fails before.
    with pytest.raises(TrainingError, match=r"the (loss|gradient|prompt) of step \d is (nan|inf)"):
        trained(frozen, tmp_path, learning_rate=1e6, weight_decay=1e6, lr_scheduler_type="constant", save_steps=1)
    assert bool(torch.isfinite(load_prompt(tmp_path / "last", frozen).tensors()[""]).all())


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    learning_rate=st.floats(1e-6, 1e6),
    clip=st.floats(1e-6, 1e6),
    decay=st.floats(0, 100),
    init=st.sampled_from(["random", "vocabulary", "text"]),
    kind=st.sampled_from([*KINDS, "gated"]),
    seed=st.integers(0, 1000),
)
def test_no_setting_gets_a_nan_into_a_checkpoint(
    frozen: FrozenModel, tmp_path_factory: pytest.TempPathFactory, learning_rate: float, clip: float, decay: float,
    init: str, kind: str, seed: int,
) -> None:  # fmt: skip
    output = tmp_path_factory.mktemp("diverging")
    with contextlib.suppress(TrainingError):  # it says so, and what it had is kept
        trained(
            frozen, output, learning_rate=learning_rate, max_grad_norm=clip, weight_decay=decay, kind=kind, seed=seed,
            prompt_tuning_init=init, max_steps=4, save_steps=1,
        )  # fmt: skip
    if (output / "last").exists():
        for tensor in load_prompt(output / "last", frozen).tensors().values():
            assert bool(torch.isfinite(tensor).all())


@pytest.mark.parametrize("init", ["random", "vocabulary", "text"])
def test_every_initialisation_has_the_scale_of_the_embeddings(init: str, frozen: FrozenModel) -> None:
    config = Config(**SHORT.to_dict() | {"prompt_tuning_init": init, "num_virtual_tokens": 40})
    start = initial_embedding(frozen, config)
    assert start.shape == (40, 128)
    assert start.dtype is torch.float32
    assert float(start.std()) == pytest.approx(float(frozen.embeddings.std()), rel=0.1)
    assert torch.equal(start, initial_embedding(frozen, config))


def test_the_prompt_stays_in_float32_under_a_bfloat16_model() -> None:
    frozen = load_tiny()
    half = replace(frozen, model=frozen.model.bfloat16())
    prompt = make_prompt(half, SHORT)
    objective = Likelihood()
    (work,) = objective.prepare(prompt, half, EXAMPLES.train[:2], 0)
    loss = objective.loss(prompt, half, work)
    loss.backward()
    (embedding,) = prompt.parameters()
    assert embedding.dtype is embedding.grad.dtype is loss.dtype is torch.float32


def test_a_prompt_of_another_model_is_refused_with_both_named(frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path, max_steps=2)
    with pytest.raises(ModelError, match=r"was made for tiny-0 \(sha256:.*\), not for tiny-1 \(sha256:"):
        load_prompt(tmp_path / "last", load_tiny(seed=1))


def test_steps_cut_epochs_without_losing_an_example() -> None:
    config = replace(SHORT, max_steps=0, num_train_epochs=3)  # 7 examples: 4 batches an epoch, 12 in all, 2 a step
    assert num_steps(config, 7) == 6
    seen = [
        one.task_id for step in range(6) for batch in batches_of_step(EXAMPLES.train, config, step) for one in batch
    ]
    assert sorted(seen) == sorted([one.task_id for one in EXAMPLES.train] * 3)


def test_the_learning_rate_warms_up_and_decays() -> None:
    config = replace(SHORT, learning_rate=1.0, warmup_steps=3, lr_scheduler_type="linear")
    # 1/4, 2/4, 3/4 of the way up, then down by a quarter of the rest each step.
    assert [learning_rate(config, step, 7) for step in range(7)] == [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25]
    cosine = replace(config, lr_scheduler_type="cosine")
    assert learning_rate(cosine, 5, 7) == pytest.approx(0.5)  # half way down
    assert learning_rate(replace(config, lr_scheduler_type="constant"), 6, 7) == 1.0


def test_a_mixture_learns_weights_and_is_evaluated_as_their_product(frozen: FrozenModel, tmp_path: Path) -> None:
    trained(frozen, tmp_path, kind="mixture", num_mixed_tokens=16)
    saved = torch.load(tmp_path / "last" / "trainer.pt", weights_only=True)["prompt"]
    assert saved["weights"].shape == (4, 16)
    assert int((saved["weights"].abs() > 1e-6).sum()) > 16, "more than the start's own embedding is mixed"
    product = saved["weights"] @ saved["basis"]
    torch.testing.assert_close(load_prompt(tmp_path / "last", frozen).tensors()[""].detach(), product)
