"""The transformers engine on a tiny random model, and soft prompts in it and in vLLM."""

from __future__ import annotations

import base64
import io
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from model_engine import QUESTION, Ask, ModelEngineContract
from openai_server import FakeServer, Reply
from tiny_model import VOCABULARY, make_tiny_model

from pytest_humaneval import Generation, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import EngineProcess
from pytest_humaneval.engine.openai import OpenAIEngine
from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.engine.store_options import NO_STORE
from pytest_humaneval.engine.transformers import TransformersEngine, transformers_identity
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.models.find import find_model
from pytest_humaneval.models.lora_checkpoint import read_lora
from pytest_humaneval.models.soft_checkpoint import read_checkpoint
from pytest_humaneval.prompt import Adapter, Prompt, VirtualTokens
from pytest_humaneval.sample import Request
from pytest_humaneval.testing import collect

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="transformers is not installed")

CONTEXT = 256
SHORT = Sampling(max_tokens=12)
HIDDEN, LAYERS, KV_HEADS, HEAD = 128, 2, 2, 32  # tiny_model's
DEEP_WIDTH = LAYERS * 2 * KV_HEADS * HEAD


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that says printable ASCII only, so that a text stands for its tokens one to one."""
    directory = make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", context=CONTEXT)
    from safetensors.numpy import load_file, save_file

    weights = load_file(directory / "model.safetensors")
    silent = [token for token in range(VOCABULARY) if not 32 <= token < 127]
    weights["lm_head.weight"][silent] = 0  # a logit of 0 is far below the best of a hundred random ones
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    return directory


def opened(model: Path, **engine_args: str) -> TransformersEngine:
    options = EngineOptions("transformers", str(model), cache_dir=str(model.parent / "cache"), engine_args=engine_args)
    engine = TransformersEngine(options, find_model(str(model), model.parent / "cache"), lambda message: None)
    engine.start()
    return engine


@pytest.fixture(scope="module")
def engine(model: Path) -> Iterator[TransformersEngine]:
    with closing(opened(model, dtype="float32")) as engine:
        yield engine


def answers(engine: TransformersEngine | OpenAIEngine, requests: Sequence[Request]) -> list[Generation]:
    engine.submit([(str(number), request) for number, request in enumerate(requests)])
    found: dict[str, Any] = {}
    while len(found) < len(requests):
        found |= dict(engine.poll())
    for answer in found.values():
        if isinstance(answer, EngineError):
            raise answer
    return [found[str(number)] for number in range(len(requests))]


def ask(engine: TransformersEngine, *prompts: Prompt, how: Sampling = SHORT, index: int = 0) -> list[Generation]:
    return answers(engine, [Request(prompt, how, index) for prompt in prompts])


class TestTransformers(ModelEngineContract):
    context = CONTEXT

    @pytest.fixture
    def ask(self, engine: TransformersEngine) -> Ask:
        def ask(requests: Sequence[Request]) -> list[Generation | EngineError]:
            engine.submit([(str(number), request) for number, request in enumerate(requests)])
            answers = dict(collect(engine, len(requests)))
            return [answers[str(number)] for number in range(len(requests))]

        return ask


def test_a_batch_answers_as_one_prompt_at_a_time_does(engine: TransformersEngine) -> None:
    prompts = [completion_prompt(f"def f{'x' * number}(a):\n", stop=()) for number in (0, 1, 7, 30, 3)]
    together = [one.text for one in ask(engine, *prompts)]
    assert together == [one.text for prompt in prompts for one in ask(engine, prompt)]


def test_more_requests_than_a_batch_holds_are_all_answered(model: Path) -> None:
    requests = [Request(completion_prompt("x" * (1 + n % 5)), Sampling(max_tokens=1 + n % 4), 0) for n in range(11)]
    with closing(opened(model, **{"max-num-seqs": "3"})) as engine:
        for request, generation in zip(requests, answers(engine, requests), strict=True):
            assert generation.prompt_tokens == len(request.prompt.text)
            assert generation.completion_tokens == request.sampling.max_tokens


def test_what_waits_for_a_batch_can_be_dropped(model: Path) -> None:
    with closing(opened(model, **{"max-num-seqs": "2"})) as engine:
        engine.submit([(str(number), Request(QUESTION, SHORT, number)) for number in range(6)])
        engine.poll()  # two of them are in a batch now
        dropped = engine.drop([str(number) for number in range(6)])
        assert len(dropped) == 4
        answered = {key for key, _ in collect(engine, 2)}
    assert answered | set(dropped) == {str(number) for number in range(6)}


def test_a_small_top_p_is_greedy(engine: TransformersEngine) -> None:
    (greedy,) = ask(engine, QUESTION)
    (narrow,) = ask(engine, QUESTION, how=Sampling(temperature=2.0, top_p=1e-6, max_tokens=12))
    assert narrow.text == greedy.text


def test_an_end_token_ends_a_text_and_counts(model: Path, tmp_path: Path) -> None:
    # The character that the model says third, declared an end.
    with closing(opened(model, dtype="float32")) as engine:
        (whole,) = ask(engine, QUESTION)
    ending = make_tiny_model(tmp_path / "ending", context=CONTEXT)
    for name in ("model.safetensors", "config.json"):
        (ending / name).write_bytes((model / name).read_bytes())
    third = whole.text[2]
    (ending / "generation_config.json").write_text(json.dumps({"eos_token_id": [256, ord(third)]}))
    with closing(opened(ending, dtype="float32")) as engine:
        (ended,) = ask(engine, QUESTION)
    assert ended.text == whole.text.partition(third)[0]
    assert (ended.finish_reason, ended.completion_tokens) == ("stop", len(ended.text) + 1)


def test_without_a_chat_template_only_conversations_are_errors(tmp_path: Path) -> None:
    bare = make_tiny_model(tmp_path / "bare", chat_template=False, context=CONTEXT)
    with closing(opened(bare, dtype="float32")) as engine:
        with pytest.raises(EngineError, match=r"bare cannot be asked in chat form: .*chat.template.* completes text"):
            ask(engine, chat_prompt("hello"))
        assert ask(engine, QUESTION)[0].completion_tokens == 12


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"max-num-seq": "2"}, "no argument 'max-num-seq'; did you mean max-num-seqs"),
        ({"dtype": "int8"}, "dtype must be one of float32, bfloat16, float16, not 'int8'"),
        ({"max-num-seqs": "0"}, "max-num-seqs must be a whole number from 1, not '0'"),
    ],
)
def test_an_argument_that_it_does_not_take_is_named(argument: dict[str, str], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        transformers_identity(EngineOptions("transformers", engine_args=argument))


def test_its_precision_is_part_of_who_answers() -> None:
    assert transformers_identity(EngineOptions(engine_args={"dtype": "bfloat16"})).engine.endswith(" bfloat16")


def test_what_is_submitted_later_is_answered_too(model: Path) -> None:
    with closing(opened(model, dtype="float32")) as engine:
        (alone,) = ask(engine, QUESTION)
        engine.submit([("first", Request(completion_prompt("x" * 20, stop=()), SHORT, 0))])
        engine.poll()
        engine.submit([])
        (later,) = [one for key, one in polled(engine, "second", QUESTION) if key == "second"]
        assert isinstance(later, Generation)
        assert later.text == alone.text
        begun = time.monotonic()
        assert list(engine.poll()) == []
        assert 0.05 < time.monotonic() - begun < 30  # of a busy machine


def polled(engine: TransformersEngine, key: str, prompt: Prompt) -> list[Answer]:
    """What comes until the answer to one more request is there."""
    engine.submit([(key, Request(prompt, SHORT, 0))])
    found: list[Answer] = []
    while key not in dict(found):
        found += engine.poll()
    return found


def test_weights_that_do_not_fit_their_configuration_are_an_error(model: Path, tmp_path: Path) -> None:
    broken = make_tiny_model(tmp_path / "broken", context=CONTEXT)
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(EngineError, match="transformers cannot load broken: "):
        opened(broken)


def soft_prompt(folder: Path, rows: Any, **config: Any) -> VirtualTokens:
    """A checkpoint of these rows."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file({"prompt_embeddings": rows.contiguous()}, folder / "adapter_model.safetensors")
    adapter = {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": len(rows)} | config
    (folder / "adapter_config.json").write_text(json.dumps(adapter))
    return VirtualTokens(str(folder), read_checkpoint(folder).digest)


def lora(folder: Path, rank: int = 4, layers: int = LAYERS, hidden: int = HIDDEN, seed: int = 0) -> Adapter:
    """A LoRA of random factors in PEFT's format, whose change is as large as the weights."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    chance = torch.Generator().manual_seed(seed)
    tensors = {
        f"base_model.model.model.layers.{layer}.self_attn.{module}.lora_{factor}.weight": torch.randn(
            *((rank, hidden) if factor == "A" else (rows, rank)), generator=chance
        )
        * 0.2
        for layer in range(layers)
        for module, rows in (("q_proj", hidden), ("v_proj", KV_HEADS * HEAD))
        for factor in "AB"
    }
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "target_modules": ["q_proj", "v_proj"]}
    config |= {"task_type": "CAUSAL_LM", "base_model_name_or_path": "other/model"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return Adapter(str(folder), read_lora(folder).digest, folder.name)


def of_question(folder: Path, peft_type: str, **broken: Any) -> VirtualTokens:
    """A checkpoint of a prompt that depends on the question; ``broken`` tensors take the place of its own."""
    import torch
    from safetensors.torch import save_file

    prompts, few, down = random_rows(6).view(2, 3, HIDDEN), random_rows(3), random_rows(4)
    tensors = {
        "PROMPT_ATTENTION": {
            "prompt_embeddings": few, "prompts": prompts, "down": down, "up": random_rows(4).T,
            "gate": torch.tensor(1.0),
        },
        "PROMPT_PROTOTYPES": {"prompts": prompts, "prototypes": random_rows(2, seed=1)},
        "PROMPT_NETWORK": {
            "prompt_embeddings": few, "down": down, "bias": torch.zeros(4), "up": random_rows(12).view(3, HIDDEN, 4)
        },
    }[peft_type] | broken  # fmt: skip
    folder.mkdir(parents=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": peft_type, "num_virtual_tokens": 3}))
    return VirtualTokens(str(folder), read_checkpoint(folder).digest)


OF_QUESTION = ("PROMPT_ATTENTION", "PROMPT_PROTOTYPES", "PROMPT_NETWORK")


def embeddings(model: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(model / "model.safetensors")["model.embed_tokens.weight"]


def rows_of(model: Path, text: str) -> Any:
    return embeddings(model)[list(text.encode())]


def test_a_text_s_own_embeddings_in_front_are_that_text(
    engine: TransformersEngine, model: Path, tmp_path: Path
) -> None:
    soft = soft_prompt(tmp_path / "soft", rows_of(model, "def "))
    written = completion_prompt("def f(x):\n", stop=())
    virtual = replace(completion_prompt("f(x):\n", stop=()), virtual_tokens=soft)
    plain = completion_prompt("f(x):\n", stop=())
    first, second, third = ask(engine, written, virtual, plain)
    assert first.text == second.text != third.text
    assert first.prompt_tokens == second.prompt_tokens == 10


def random_rows(count: int, width: int = HIDDEN, seed: int = 0) -> Any:
    import torch

    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed)) * 0.2


def test_a_deep_prompt_is_alone_in_its_batches_and_the_others_do_not_mind(
    engine: TransformersEngine, tmp_path: Path
) -> None:
    rows = random_rows(3, DEEP_WIDTH)
    soft = soft_prompt(tmp_path / "deep", rows, peft_type="PREFIX_TUNING")
    deep = replace(QUESTION, virtual_tokens=soft)
    plain, with_deep, again = ask(engine, QUESTION, deep, replace(QUESTION, stop=("\x00",)))
    assert plain.text == again.text != with_deep.text
    assert with_deep.prompt_tokens == 10  # keys and values are no tokens
    assert ask(engine, deep)[0].text == with_deep.text


def test_a_soft_prompt_of_another_size_is_refused_with_both_named(engine: TransformersEngine, tmp_path: Path) -> None:
    soft = soft_prompt(tmp_path / "soft", random_rows(3, 64), base_model_name_or_path="other/model")
    with pytest.raises(
        EngineError, match=r"was made for other/model: its 3 virtual tokens have 64 .*, model takes 3 of"
    ):
        ask(engine, replace(QUESTION, virtual_tokens=soft))


@pytest.mark.parametrize(
    ("peft_type", "broken", "message"),
    [
        ("PROMPT_ATTENTION", {"up": (HIDDEN, 5)}, r"up has the shape \(128, 5\), which does not fit the other tensors"),
        ("PROMPT_PROTOTYPES", {"prototypes": (3, HIDDEN)}, "prompts has the shape"),
        ("PROMPT_NETWORK", {"bias": (4, 1)}, "bias has the shape"),
        ("PROMPT_NETWORK", {"down": (4, 64)}, "down has the shape"),
        ("PROMPT_PROTOTYPES", {"prototypes": (2, 64), "prompts": (2, 3, 64)}, "3 virtual tokens have 64 numbers"),
        ("PROMPT_PROTOTYPES", {"prototypes": (0, HIDDEN), "prompts": (0, 3, HIDDEN)}, "prototypes is empty"),
    ],
)
def test_a_prompt_of_the_question_that_cannot_be_is_refused(
    engine: TransformersEngine, tmp_path: Path, peft_type: str, broken: dict[str, Any], message: str
) -> None:
    import torch

    shapes = {name: torch.zeros(shape) for name, shape in broken.items()}
    soft = of_question(tmp_path / "soft", peft_type, **shapes)
    with pytest.raises(EngineError, match=message):
        ask(engine, replace(QUESTION, virtual_tokens=soft))


def test_a_checkpoint_that_changed_during_the_run_is_an_error(engine: TransformersEngine, tmp_path: Path) -> None:
    soft = soft_prompt(tmp_path / "soft", random_rows(3))
    stale = replace(soft, digest="0" * 64)
    with pytest.raises(EngineError, match="has changed since this run began"):
        ask(engine, replace(QUESTION, virtual_tokens=stale))


@pytest.mark.skipif(find_spec("peft") is None, reason="PEFT is not installed")
def test_a_lora_is_in_force_for_its_own_requests_alone(model: Path, tmp_path: Path) -> None:
    first, second = lora(tmp_path / "first"), lora(tmp_path / "second", seed=1)
    prompts = [QUESTION, *(replace(QUESTION, adapter=adapter) for adapter in (first, second))]
    with closing(opened(model, dtype="float32")) as engine:
        before, *_ = ask(engine, QUESTION)
        plain, with_first, with_second = ask(engine, *prompts)
        assert len({plain.text, with_first.text, with_second.text}) == 3
        again, scored = answers(
            engine, [Request(prompts[1], SHORT, 0), Request(QUESTION, Sampling(max_tokens=1), 0, scored="pass")]
        )
        assert (before.text, again.text) == (plain.text, with_first.text)
        (alone,) = answers(engine, [Request(QUESTION, Sampling(max_tokens=1), 0, scored="pass")])
        assert scored.score == alone.score
        merged = merged_weights(model, tmp_path / "first", tmp_path / "merged")
    with closing(opened(merged, dtype="float32")) as engine:
        assert ask(engine, QUESTION)[0].text == with_first.text


def merged_weights(model: Path, adapter: Path, into: Path) -> Path:
    """The model with a LoRA's product, scaled by 2, in its weights."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, into)
    weights, factors = load_file(model / "model.safetensors"), load_file(adapter / "adapter_model.safetensors")
    for name, tensor in factors.items():
        if "lora_A" in name:
            place = name.removeprefix("base_model.model.").replace(".lora_A", "")
            weights[place] = weights[place] + 2 * factors[name.replace("lora_A", "lora_B")] @ tensor
    save_file(weights, into / "model.safetensors", metadata={"format": "pt"})
    return into


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden": 64}, r"was made for other/model: its hidden states have 64 numbers, model has 128"),
        ({"layers": 3}, r"was made for other/model: it has a layer 2, model has 2 layers"),
    ],
)
def test_a_lora_of_another_size_is_refused_with_both_named(
    engine: TransformersEngine, tmp_path: Path, change: dict[str, int], message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        ask(engine, replace(QUESTION, adapter=lora(tmp_path / "lora", **change)))


def test_a_lora_that_changed_during_the_run_is_an_error(engine: TransformersEngine, tmp_path: Path) -> None:
    stale = replace(lora(tmp_path / "lora"), digest="0" * 64)
    with pytest.raises(EngineError, match="has changed since this run began"):
        ask(engine, replace(QUESTION, adapter=stale))


def test_a_server_is_asked_for_a_lora_by_its_name(tmp_path: Path) -> None:
    adapter = lora(tmp_path / "mine")
    page = json.dumps({"data": [{"id": "tiny", "parent": None}, {"id": "mine", "parent": "tiny"}]}).encode()
    requests = [Request(QUESTION, SHORT, 0), Request(replace(QUESTION, adapter=adapter), SHORT, 0)]
    with FakeServer(lambda body: Reply("text"), models=("tiny", "mine"), models_page=page) as server:
        options = EngineOptions("openai", urls=(server.url,), cache_dir=str(tmp_path / "cache"))
        with closing(OpenAIEngine(options, lambda message: None)) as engine:
            engine.start()
            answers(engine, requests)
            assert {body["model"] for body in server.requests} == {"tiny", "mine"}
            other = replace(QUESTION, adapter=replace(adapter, name="other"))
            with pytest.raises(EngineError, match=r"does not have the LoRA 'other' .*--enable-lora --lora-modules oth"):
                answers(engine, [Request(other, SHORT, 0)])


def test_a_server_gets_the_embeddings_of_the_whole_prompt(model: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    from pytest_humaneval.engine.conditioned import virtual_tokens

    soft = soft_prompt(tmp_path / "soft", random_rows(3))
    conditioned = of_question(tmp_path / "conditioned", "PROMPT_NETWORK")
    manifest = {"model": "model", "model_spec": str(model), "strategy": "chat"}
    for name in ("soft", "conditioned"):
        (tmp_path / name / "soft_prompt.json").write_text(json.dumps(manifest))
    prompts = [replace(QUESTION, virtual_tokens=soft), QUESTION, replace(QUESTION, virtual_tokens=conditioned)]
    options = EngineOptions("openai", cache_dir=str(tmp_path / "cache"))
    with FakeServer(lambda body: Reply("text")) as server:
        with closing(OpenAIEngine(replace(options, urls=(server.url,)), lambda message: None)) as engine:
            engine.start()
            first, *_ = answers(engine, [Request(prompt, SHORT, 0) for prompt in prompts])
        (plain,) = (body for body in server.requests if not body.get("prompt_embeds"))
        others = [body for body in server.requests if body.get("prompt_embeds")]
    assert first.text == "text"
    assert plain["prompt"] == QUESTION.text
    assert [body["prompt"] for body in others] == [None, None]
    sent = [torch.load(io.BytesIO(base64.b64decode(body["prompt_embeds"])), weights_only=True) for body in others]
    text = rows_of(model, QUESTION.text)
    network = load_file(tmp_path / "conditioned" / "adapter_model.safetensors")
    in_front = (random_rows(3), virtual_tokens("PROMPT_NETWORK", network, text.mean(dim=0, keepdim=True))[0])
    for given, virtual in zip(
        sorted(sent, key=lambda rows: not torch.equal(rows[:3], random_rows(3))), in_front, strict=True
    ):
        torch.testing.assert_close(given, torch.cat([virtual, text]))


def test_a_server_is_not_asked_for_a_soft_prompt_of_unknown_weights(tmp_path: Path) -> None:
    soft = soft_prompt(tmp_path / "soft", random_rows(3))
    with FakeServer() as server:
        options = EngineOptions("openai", urls=(server.url,), cache_dir=str(tmp_path / "cache"))
        with closing(OpenAIEngine(options, lambda message: None)) as engine:
            engine.start()
            with pytest.raises(EngineError, match="does not say which weights it is for"):
                answers(engine, [Request(replace(QUESTION, virtual_tokens=soft), SHORT, 0)])


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra cpu or gpu)")
def test_vllm_and_transformers_agree_token_by_token(engine: TransformersEngine, model: Path, tmp_path: Path) -> None:
    soft = soft_prompt(tmp_path / "soft", random_rows(8))
    own = soft_prompt(tmp_path / "own", rows_of(model, "def "))
    deep_3, deep_40 = (  # less than a block of vLLM's cache, and more
        soft_prompt(tmp_path / f"deep-{count}", random_rows(count, DEEP_WIDTH), peft_type="PREFIX_TUNING")
        for count in (3, 40)
    )
    long = completion_prompt(
        "def longer_than_two_blocks_of_the_cache(first, second, third):\n    return first + ", stop=()
    )
    prompts = [
        QUESTION,
        replace(QUESTION, virtual_tokens=soft),
        replace(completion_prompt("f(x):\n", stop=()), virtual_tokens=own),
        replace(completion_prompt("class A:\n    ", stop=("\ndef ",)), virtual_tokens=soft),
        replace(chat_prompt("hello", prefill="```"), virtual_tokens=soft),
        *(replace(prompt, virtual_tokens=deep) for deep in (deep_3, deep_40) for prompt in (QUESTION, long)),
        *(replace(QUESTION, virtual_tokens=of_question(tmp_path / name, name)) for name in OF_QUESTION),
    ]
    if find_spec("peft"):  # in one batch with what has none, which vLLM's CPU kernels get wrong without a spare place
        prompts += [replace(QUESTION, adapter=lora(tmp_path / f"lora-{seed}", seed=seed)) for seed in (1, 2)]
    requests = [Request(prompt, Sampling(max_tokens=24), 0) for prompt in prompts]
    ours = answers(engine, requests)
    options = EngineOptions(
        "vllm", str(model), cache_dir=str(tmp_path / "cache"), engine_args={"dtype": "float32"}, virtual_tokens=True,
        deep_prompts=True, lora_ranks=(4, 4),
    )  # fmt: skip
    process = EngineProcess(options, find_model(str(model), tmp_path / "cache"), NO_STORE)
    try:
        client = process.client()
        theirs = in_one_batch(client, requests)
        shorter = [replace(request, sampling=replace(request.sampling, max_tokens=23)) for request in requests]
        again = in_one_batch(client, shorter)  # of whose prompts vLLM has whole blocks now
        client.close()
    finally:
        process.close()
    assert [other.text for other in again] == [other.text[:23] for other in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
        assert (one.prompt_tokens, one.completion_tokens) == (other.prompt_tokens, other.completion_tokens)
    assert theirs[-1].text != theirs[0].text
    assert theirs[0].text == theirs[2].text != theirs[1].text  # the third is the first, its "def " as embeddings


def in_one_batch(client: EngineClient, requests: Sequence[Request]) -> list[Generation]:
    keyed = [(f"{number} of {request.sampling.max_tokens}", request) for number, request in enumerate(requests)]
    client.submit(keyed)
    return [client.generation(key, request) for key, request in keyed]
