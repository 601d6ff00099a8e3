"""Completions drawn by vLLM: the same as the decoding loop's, and of the prompt as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from test_distillation import DATA
from test_reward import CONFIG, MINIMAL, LikesCapitals, examples
from tiny_training import silent, trained_on

from pytest_humaneval import Sampling
from pytest_humaneval.engine.decoding import Continuation
from pytest_humaneval.exceptions import ConfigError, EngineError, ModelError
from soft_prompt import exclusions, samplers
from soft_prompt.checkpoint import load_prompt
from soft_prompt.config import Config
from soft_prompt.exclusions import check_exclusions
from soft_prompt.initial import make_prompt
from soft_prompt.model import FrozenModel
from soft_prompt.samplers import DecodingSampler, VllmSampler, make_sampler

GREEDY = Sampling(max_tokens=12)
VLLM = replace(CONFIG, sampler="vllm")


@pytest.fixture(scope="module")
def vllm() -> Iterator[LikesCapitals]:
    """One engine for most of the file: loading it takes most of the time."""
    yield from opened()


@pytest.fixture
def another() -> Iterator[LikesCapitals]:
    """For deep prompts, which vLLM has to be loaded for."""
    yield from opened()


def opened() -> Iterator[LikesCapitals]:
    if find_spec("vllm") is None:
        pytest.skip("vLLM is not installed (extra cpu or gpu)")
    with closing(LikesCapitals(DATA, MINIMAL, VLLM)) as objective:
        yield objective


@pytest.mark.parametrize(("kind", "engine"), [("plain", "vllm"), ("deep", "another")])
def test_vllm_draws_what_the_loop_draws_with_the_prompt_as_it_is_now(
    kind: str, engine: str, frozen: FrozenModel, request: pytest.FixtureRequest
) -> None:
    vllm: LikesCapitals = request.getfixturevalue(engine)
    given, prompt = examples(frozen).train, make_prompt(frozen, Config(**CONFIG.to_dict() | {"kind": kind}))
    loop = LikesCapitals(DATA, MINIMAL, CONFIG)
    texts = []
    for _ in range(2):
        begun = frozen.meter.tokens
        ours = loop.sample(prompt, frozen, given, GREEDY, seed=0)
        middle = frozen.meter.tokens
        theirs = vllm.sample(prompt, frozen, given, GREEDY, seed=0)
        assert frozen.meter.tokens - middle == middle - begun > 0, "a budget is the same for both"
        assert [row.new_tokens for row in ours] == [row.new_tokens for row in theirs]
        for row, other in zip(ours, theirs, strict=True):  # half a character at the end is shown by one of them alone
            assert (row.text.rstrip("\ufffd"), row.finish_reason) == (other.text.rstrip("\ufffd"), other.finish_reason)
        texts.append([row.text for row in theirs])
        with torch.no_grad():
            prompt.tensors()[""].add_(0.3)
    assert texts[0] != texts[1], "nothing was loaded anew, and yet it is another prompt"


def test_seeds_decide_what_vllm_draws(vllm: LikesCapitals, frozen: FrozenModel) -> None:
    given, prompt = examples(frozen).train[:1] * 6, make_prompt(frozen, CONFIG)
    warm = Sampling(temperature=1.0, max_tokens=12)
    first, again, other = (
        [row.text for row in vllm.sample(prompt, frozen, given, warm, seed=seed)] for seed in (5, 5, 50)
    )
    assert first == again != other
    assert len(set(first)) > 1, "one prompt's completions differ, as each has a seed of its own"


def test_what_vllm_draws_is_learned_from(vllm: LikesCapitals, frozen: FrozenModel, tmp_path: Path) -> None:
    trained_on(frozen, examples(frozen), vllm, replace(VLLM, max_steps=2), tmp_path)
    start = make_prompt(frozen, VLLM).tensors()[""]
    assert not torch.equal(load_prompt(tmp_path / "last", frozen).tensors()[""], start)


@pytest.mark.parametrize(
    ("settings", "there", "kind"),
    [
        ({"objective": "reward"}, True, VllmSampler),
        ({"objective": "reward"}, False, DecodingSampler),
        ({"objective": "reward", "kind": "lora"}, True, DecodingSampler),
        ({"objective": "likelihood"}, True, DecodingSampler),
        ({"objective": "reward", "sampler": "decoding"}, True, DecodingSampler),
    ],
)
def test_vllm_samples_where_that_is_possible_and_pays(
    settings: dict[str, Any], there: bool, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samplers, "find_spec", lambda name: there or None)
    assert isinstance(make_sampler(Config(**settings), silent), kind)


def test_a_kind_that_vllm_cannot_sample_with_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="vllm takes virtual tokens, not kind = 'lora'; leave sampler out"):
        check_exclusions(Config(sampler="vllm", kind="lora"))
    monkeypatch.setattr(exclusions, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="kind = 'lora' needs PEFT: pip install"):
        check_exclusions(Config(kind="lora"))
    with pytest.raises(ConfigError, match="vllm is not installed: pip install"):
        check_exclusions(Config(sampler="vllm"))


def test_what_breaks_in_vllm_s_process_ends_the_training_with_its_words(frozen: FrozenModel, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    gone = replace(frozen, spec=str(tmp_path))
    with (
        closing(VllmSampler(silent)) as sampler,
        pytest.raises((EngineError, ModelError), match=str(tmp_path)),
    ):
        sampler.fill(make_prompt(frozen, CONFIG), gone, [Continuation("0", [1, 2], GREEDY)])


def test_the_output_layer_gets_rows_that_lie_together(frozen: FrozenModel) -> None:
    """Otherwise PyTorch multiplies each with a copy of the layer: gigabytes, and a hundred times slower."""
    seen: list[bool] = []
    layer = frozen.model.get_output_embeddings()
    handle = layer.register_forward_pre_hook(lambda module, given: seen.append(given[0].is_contiguous()))
    try:
        rows = [Continuation(str(number), [1, 2, 3], GREEDY) for number in range(2)]
        DecodingSampler().fill(make_prompt(frozen, CONFIG), frozen, rows)
    finally:
        handle.remove()
    assert seen
    assert all(seen)
