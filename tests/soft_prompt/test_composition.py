"""Prompts that depend on the question, on the tiny model: what their papers say, and that engines compute the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_training import END, EXAMPLES, SHORT, trained_on

from pytest_humaneval.engine.conditioned import attention, fault_in, nearest
from pytest_humaneval.engine.virtual_tokens import Shelf
from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.models.soft_checkpoint import find_checkpoints
from pytest_humaneval.prompt import VirtualTokens
from soft_prompt.batches import Example, collate
from soft_prompt.checkpoint import TrainerState, load_prompt, write_prompt
from soft_prompt.config import Config
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.objectives import Likelihood
from soft_prompt.prototypes import category_means
from soft_prompt.question_prompts import ConditionedPrompt, question_of, questions_of
from soft_prompt.train import Examples

CONFIG = replace(SHORT, num_virtual_tokens=2, max_steps=12, eval_steps=12, lr_scheduler_type="constant")
KINDS = ("attention", "prototypes", "network")


def example(number: int) -> Example:
    """A question of one category or the other, with an answer that is its category's."""
    category, question, answer = (("math", b"1234567890", b"aa"), ("string", b"qwertyuiop", b"zz"))[number % 2]
    return Example(f"T/{number}", category, (*b"f", 97 + number, *question), (*answer, END))


TWO_KINDS = Examples(tuple(map(example, range(8))), tuple(map(example, range(8, 12))))


@pytest.fixture(scope="module")
def losses(frozen: FrozenModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, Path]]:
    """The validation loss, and where the training is, of each kind."""
    results = {}
    for kind in ("plain", *KINDS):
        output = tmp_path_factory.mktemp(kind)
        state = trained_on(frozen, TWO_KINDS, Likelihood(), replace(CONFIG, kind=kind), output)  # type: ignore[arg-type]
        results[kind] = (state.best_loss, output)
    return results


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_that_sees_the_question_learns_more_than_one_for_all(
    kind: str, losses: dict[str, tuple[float, Path]]
) -> None:
    assert losses[kind][0] < losses["plain"][0] - 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_computes_what_the_training_did(
    kind: str, losses: dict[str, tuple[float, Path]], frozen: FrozenModel
) -> None:
    output = losses[kind][1]
    checkpoint = find_checkpoints(output)[""]
    shelf = Shelf(frozen.model.config, "tiny", lambda tokens: frozen.embed(torch.tensor(tokens)))
    prompt = load_prompt(output, frozen)
    examples = TWO_KINDS.validation[:2]
    of_engine = [
        shelf.get(VirtualTokens(str(checkpoint.directory), checkpoint.digest), each.prompt)[1] for each in examples
    ]
    assert isinstance(prompt, ConditionedPrompt)
    of_training = prompt.virtual(questions_of(frozen, collate(examples, pad=0))).detach()
    torch.testing.assert_close(torch.stack(of_engine), of_training, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(of_engine[0], prompt.in_front(frozen, examples[0]))
    assert not torch.allclose(of_engine[0], of_engine[1], atol=1e-3), "two questions, two prompts"


def test_a_gate_that_is_shut_opens_first(frozen: FrozenModel) -> None:
    """At zero no gradient reaches what is behind it (LLaMA-Adapter's zero-initialised attention)."""
    prompt, objective = make_prompt(frozen, replace(CONFIG, kind="attention")), Likelihood()
    (work,) = objective.prepare(prompt, frozen, EXAMPLES.train[:2], 0)
    objective.loss(prompt, frozen, work).backward()
    assert isinstance(prompt, ConditionedPrompt)
    gradients = {name: float(tensor.grad.abs().max()) for name, tensor in prompt.learned.items()}
    assert gradients["gate"] > 0
    assert gradients["prompts"] == gradients["down"] == gradients["up"] == 0
    shares = attention(prompt.tensors(), torch.randn(5, 128))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(5))
    assert shares.shape == (5, CONFIG.num_prompts)


def plain(folder: Path, frozen: FrozenModel, seed: int, count: int = 2) -> Path:
    """A checkpoint of a plain prompt before its first step."""
    config = replace(CONFIG, seed=seed, num_virtual_tokens=count)
    write_prompt(folder, make_prompt(frozen, config), frozen, config, TrainerState())
    return folder


def test_source_prompts_stay_as_they_are(frozen: FrozenModel, tmp_path: Path) -> None:
    folders = [str(plain(tmp_path / str(seed), frozen, seed)) for seed in (3, 4)]
    config = replace(CONFIG, kind="attention", source_prompts=folders, max_steps=3, eval_steps=3)
    trained_on(frozen, TWO_KINDS, Likelihood(), config, tmp_path / "out")
    learned = load_prompt(tmp_path / "out" / "last", frozen).tensors()
    sources = torch.stack([load_prompt(Path(folder), frozen).tensors()[""] for folder in folders])
    assert torch.equal(learned["prompts"], sources)
    assert float(learned["gate"].detach()) != 0


@pytest.mark.parametrize("kind", ["plain", "deep", "routed", "mixture", "attention", "prototypes", "network"])
def test_a_prompt_begins_with_what_another_one_came_to(kind: str, frozen: FrozenModel, tmp_path: Path) -> None:
    before = plain(tmp_path / "plain", frozen, 3)
    start = {"kind": kind, "prompt_tuning_init": "checkpoint", "prompt_tuning_init_checkpoint": str(before)}
    begun = Config(**CONFIG.to_dict() | start)
    batch = collate(EXAMPLES.train[:3], pad=0)
    with torch.no_grad():
        again, first = (
            each.logits(frozen, batch) for each in (make_prompt(frozen, begun), load_prompt(before, frozen))
        )
    torch.testing.assert_close(again, first, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("key", ["source_prompts", "prompt_tuning_init_checkpoint"])
def test_prompts_that_others_cannot_be_made_of_are_refused(key: str, frozen: FrozenModel, tmp_path: Path) -> None:
    def refused(folder: Path) -> Config:
        if key == "source_prompts":
            return replace(CONFIG, kind="attention", source_prompts=[str(folder)])
        return replace(CONFIG, prompt_tuning_init="checkpoint", prompt_tuning_init_checkpoint=str(folder))

    with pytest.raises(ConfigError, match=rf"{key}: .*long has 3 virtual tokens, num_virtual_tokens is 2"):
        make_prompt(frozen, refused(plain(tmp_path / "long", frozen, 0, count=3)))
    with pytest.raises(ConfigError, match=rf"{key}: .*nothing is not a soft prompt: the folder does not exist"):
        make_prompt(frozen, refused(tmp_path / "nothing"))
    config = replace(CONFIG, kind="deep")
    write_prompt(tmp_path / "deep", make_prompt(frozen, config), frozen, config, TrainerState())
    with pytest.raises(ConfigError, match=rf"{key}: .*deep is not a plain prompt"):
        make_prompt(frozen, refused(tmp_path / "deep"))


def test_a_question_gets_the_prompt_of_the_nearest_mean(frozen: FrozenModel) -> None:
    means = category_means(frozen, TWO_KINDS.train)
    assert list(means) == ["math", "string"], "a category without examples has no prototype"
    questions = torch.stack([question_of(frozen, each) for each in TWO_KINDS.validation])
    chosen = nearest(torch.stack(list(means.values())), questions)
    assert [list(means)[place] for place in chosen] == [each.category for each in TWO_KINDS.validation]


def test_prototypes_of_one_category_are_refused(frozen: FrozenModel) -> None:
    prompt = make_prompt(frozen, replace(CONFIG, kind="prototypes"))
    with pytest.raises(ConfigError, match="all training examples are of 'math'"):
        prompt.fit(frozen, TWO_KINDS.train[0::2])


def test_a_file_without_a_tensor_or_with_what_is_no_number_says_which() -> None:
    tensors = {"prompts": torch.zeros(2, 3, 4), "prototypes": torch.zeros(2, 4)}
    assert fault_in("PROMPT_PROTOTYPES", tensors, 3) == ""
    assert fault_in("PROMPT_PROTOTYPES", {"prompts": tensors["prompts"]}, 3) == "holds no tensor 'prototypes'"
    assert "does not fit the other tensors and num_virtual_tokens" in fault_in("PROMPT_PROTOTYPES", tensors, 5)
    broken = tensors | {"prototypes": torch.full((2, 4), torch.nan)}
    assert fault_in("PROMPT_PROTOTYPES", broken, 3) == "prototypes has numbers that are not finite"
