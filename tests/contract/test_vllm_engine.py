"""The vLLM engine in its own process, as a run uses it, on tiny random models."""

from __future__ import annotations

import getpass
import json
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest
from model_engine import QUESTION, Ask, ModelEngineContract
from tiny_model import gguf_weights, make_tiny_gguf, make_tiny_model

from pytest_humaneval import Generation, Sampling, chat_prompt, completion_prompt
from pytest_humaneval.engine import engine_process as starting
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import EngineProcess, start_listening
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.speculation import GUESSED
from pytest_humaneval.engine.store_options import NO_STORE
from pytest_humaneval.exceptions import EngineError, StoppedError
from pytest_humaneval.models.find import find_model
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.sample import Request

pytestmark = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra cpu or gpu)")

CONTEXT = 512
BLOCK = 128  # tokens of a prompt that vLLM keeps together on a CPU
ARGUMENTS = (  # that cannot be had, the last two where deep prompts are asked for
    "max-num-seq=2",
    "data-parallel-size=2",
    "max-num-seqs=many",
    "tensor-parallel-size=2",
    'kv-transfer-config={"kv_connector":"ExampleConnector","kv_role":"kv_both"}',
)


@contextmanager
def engine_process(spec: Path, cache: Path, **engine_args: str) -> Iterator[EngineClient]:
    """An engine that leaves nothing in the folder for temporary files, where vLLM makes a file at every start."""
    options = EngineOptions(model=str(spec), cache_dir=str(cache), engine_args=engine_args)
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, TMPDIR=folder):
        process = EngineProcess(options, find_model(str(spec), cache), NO_STORE)
        try:
            client = process.client()
            yield client
            client.close()
        finally:
            process.close()
        # PyTorch makes a folder for what it compiles, one for each user; nothing is compiled.
        assert [path for path in Path(folder).rglob("*") if path.name != f"torchinductor_{getpass.getuser()}"] == []


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_gguf(tmp_path_factory.mktemp("tiny") / "tiny-q8_0.gguf", context=2 * CONTEXT)


@pytest.fixture(scope="module")
def engine(gguf: Path) -> Iterator[EngineClient]:
    """One for all tests that do not need another: loading it takes most of their time."""
    with engine_process(gguf, gguf.parent / "cache", max_model_len=str(CONTEXT), dtype="float32") as client:
        yield client


@pytest.fixture(scope="module")
def prepared(engine: EngineClient, gguf: Path) -> Path:
    """The folder that the GGUF was dequantised into: the same weights."""
    ask(engine, QUESTION)
    (folder,) = (path for path in (gguf.parent / "cache" / "models").iterdir() if path.is_dir())
    return folder


@contextmanager
def reading_arguments_first(said: Path) -> Iterator[None]:
    """Engine processes that first read ARGUMENTS, and write what came of it to ``said``."""
    environment = {"ARGUMENTS": " ".join(ARGUMENTS), "SAID": str(said), "PYTHONPATH": str(Path(__file__).parent)}

    def start(module: str, config: dict[str, Any], log: Path) -> subprocess.Popen[bytes]:
        return start_listening("engine_reading_arguments", config, log)

    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(starting, "start_listening", start),
        mock.patch.object(starting, "START_SECONDS", 600.0),  # it listens when vLLM is imported
    ):
        yield


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the process of ``without_guesses`` said of ARGUMENTS before it became an engine, a line each."""
    return tmp_path_factory.mktemp("arguments") / "said"


@pytest.fixture(scope="module")
def without_guesses(prepared: Path, said: Path) -> Iterator[EngineClient]:
    """The same weights, and no speculation."""
    settings = {"max_model_len": "256", "speculative_config": "None", "dtype": "float32"}
    with ExitStack() as running:
        with reading_arguments_first(said):
            client = running.enter_context(engine_process(prepared, said.parent / "cache", **settings))
        yield client


def ask(engine: EngineClient, *prompts: Prompt, how: Sampling | None = None, index: int = 0) -> list[Generation]:
    how = how or Sampling(max_tokens=16)
    return answers(engine, [Request(prompt, how, index) for prompt in prompts])


def answers(engine: EngineClient, requests: Sequence[Request]) -> list[Generation]:
    keyed = [(request.key("tiny"), request) for request in requests]
    engine.submit(keyed)
    return [engine.generation(key, request) for key, request in keyed]


class TestVllm(ModelEngineContract):
    context = CONTEXT

    @pytest.fixture
    def ask(self, engine: EngineClient) -> Ask:
        def answer(key: str, request: Request) -> Generation | EngineError:
            try:
                return engine.generation(key, request)
            except EngineError as error:
                return error

        def ask(requests: Sequence[Request]) -> list[Generation | EngineError]:
            keyed = [(request.key("tiny"), request) for request in requests]
            engine.submit(keyed)
            return [answer(key, request) for key, request in keyed]

        return ask


def test_what_a_stopped_strategy_asks_is_not_made(engine: EngineClient) -> None:
    sampling = Sampling(max_tokens=400)
    requests = [Request(completion_prompt(f"# {number}\n"), sampling, 0, f"T/{number}", "slow") for number in range(60)]
    keyed = [(request.key("dropped"), request) for request in requests]
    before = engine.progress()
    engine.submit(keyed)
    engine.stop({"slow": "worse"}, [keyed[0][0]])
    with pytest.raises(StoppedError, match="worse"):
        engine.generation(*keyed[1])
    shared = replace(requests[0], strategy="other")  # the same question, by who goes on
    assert engine.generation(keyed[0][0], shared).completion_tokens > 0
    other = replace(requests[2], strategy="other")  # one that was dropped already is made after all
    assert engine.generation(keyed[2][0], other).completion_tokens > 0
    after = engine.progress()
    assert after["dropped"] > 0  # how many is a matter of how soon the engine hears of it
    assert after["finished"] - before["finished"] + after["dropped"] == 60


def test_the_end_tokens_of_the_generation_config_end_a_text(engine: EngineClient) -> None:
    # Two of 260 tokens are ends, and hot sampling draws them about as often as others: nearly every text of 480 tokens
    # meets one. Were they not known as ends, none would stop.
    hot = Sampling(temperature=2.0, max_tokens=480)
    generations = answers(engine, [Request(QUESTION, hot, index) for index in range(16)])
    assert sum(generation.finish_reason == "stop" for generation in generations) > 8


def test_hundreds_of_requests_are_all_answered(engine: EngineClient) -> None:
    requests = [
        Request(completion_prompt(f"{n}" * (n % 50 + 1)), Sampling(max_tokens=1 + n % 7), 0) for n in range(300)
    ]
    generations = answers(engine, requests)
    for request, generation in zip(requests, generations, strict=True):
        assert generation.prompt_tokens == len(request.prompt.text)
        assert 1 <= generation.completion_tokens <= request.sampling.max_tokens


def test_seeded_samples_of_more_prompts_than_fit_into_a_step_are_drawn(engine: EngineClient) -> None:
    """A step takes 2,048 tokens or more; vLLM breaks on a CPU where a seeded request's prompt is cut by its end."""
    warm = Sampling(temperature=0.8, top_p=0.95, max_tokens=4, logprobs=True)
    prompts = [completion_prompt(f"{n:3} " * 100, stop=()) for n in range(48)]
    assert all(one.completion_tokens for one in ask(engine, *prompts, how=warm))


def test_samples_of_one_problem_share_their_prefill(engine: EngineClient) -> None:
    """Submitted side by side, all but the first take every whole block of the prompt from the cache."""
    prompt = completion_prompt("prefill " * 13, stop=())  # 104 tokens: three blocks of 32, and 8 tokens
    before = engine.progress()
    samples = [Request(prompt, Sampling(temperature=1.0, max_tokens=4), index) for index in range(6)]
    answers(engine, samples)
    after = engine.progress()
    assert after["prompt_tokens"] - before["prompt_tokens"] == 6 * 104
    assert after["cached_prompt_tokens"] - before["cached_prompt_tokens"] == 5 * 96


@pytest.mark.nightly  # by day with transformers
def test_without_a_chat_template_only_conversations_are_errors(tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "model", chat_template=False, context=CONTEXT)
    chat = Request(chat_prompt("hello"), Sampling(max_tokens=2), 0)
    with engine_process(model, tmp_path / "cache") as engine:
        engine.submit([("chat", chat)])
        with pytest.raises(EngineError, match=r"model cannot be asked in chat form: .*chat.template.* completes text"):
            engine.generation("chat", chat)
        assert ask(engine, QUESTION)[0].completion_tokens > 0


def test_guesses_change_no_answer(engine: EngineClient, without_guesses: EngineClient) -> None:
    # The model is a random one and does not go on with the loop: these guesses are made and do not stand.
    prompts = [completion_prompt(f"{letter} = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2,", stop=()) for letter in "abcdefgh"]
    requests = [Request(prompt, Sampling(max_tokens=80), 0) for prompt in prompts]
    with_guesses, without = answers(engine, requests), answers(without_guesses, requests)
    assert [one.text for one in with_guesses] == [one.text for one in without]
    assert [one.completion_tokens for one in with_guesses] == [one.completion_tokens for one in without]


def test_guesses_beside_them_change_no_seeded_sample(engine: EngineClient, without_guesses: EngineClient) -> None:
    looping = Request(completion_prompt("c = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2,", stop=()), Sampling(max_tokens=450), 0)
    warm = Sampling(temperature=0.7, top_p=0.9, max_tokens=40, seed=11)
    drawn = [Request(QUESTION, warm, index) for index in range(4)]
    key = looping.key("tiny")
    engine.submit([(key, looping)])  # gets guesses as long as it is alone
    beside, alone = answers(engine, drawn), answers(without_guesses, drawn)
    assert engine.generation(key, looping).completion_tokens > 4  # the first four still look like the prompt's loop
    assert [one.text for one in beside] == [one.text for one in alone]


@pytest.mark.parametrize(("drawn_for", "beside"), [(BLOCK + 1, 40), (40, CONTEXT - GUESSED // 2)])
def test_neither_a_kept_prompt_nor_the_contexts_end_changes_a_seeded_sample(
    drawn_for: int, beside: int, engine: EngineClient, without_guesses: EngineClient
) -> None:
    # vLLM would make guesses of its own: for a prompt that it has kept but for the last token, and for all sequences
    # while one is near the end.
    greedy = Request(completion_prompt("ab" * (beside // 2), stop=()), Sampling(max_tokens=CONTEXT), 0)
    prompt = completion_prompt("cd" * (drawn_for // 2) + "c" * (drawn_for % 2), stop=())
    ask(engine, prompt)
    warm = Sampling(temperature=0.7, top_p=0.9, max_tokens=30, seed=7)
    drawn = [Request(prompt, warm, index) for index in range(4)]
    neighbour, *with_guesses = answers(engine, [greedy, *drawn])
    assert neighbour.completion_tokens > 1
    assert [one.text for one in with_guesses] == [one.text for one in answers(without_guesses, drawn)]


def test_engine_arguments_reach_vllm(without_guesses: EngineClient) -> None:
    long = Request(completion_prompt("x" * 300), Sampling(), 0)
    with pytest.raises(EngineError, match="the prompt has 300 tokens; the engine takes 256, answer included"):
        without_guesses.generation("long", long)


@pytest.mark.nightly
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="each part of the model wants a core of its own")
def test_a_model_is_split_by_vllm_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cores = sorted(os.sched_getaffinity(0))[:2]
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "|".join(map(str, cores)))
    model, how = make_tiny_model(tmp_path / "model"), Sampling(max_tokens=4)
    with engine_process(model, tmp_path / "cache", tensor_parallel_size="2", max_model_len="128") as engine:
        (split,) = ask(engine, QUESTION, how=how)
    with engine_process(model, tmp_path / "cache", speculative_config="None", max_model_len="128") as engine:
        assert split.text == ask(engine, QUESTION, how=how)[0].text


def test_an_engine_argument_that_cannot_be_had_is_answered_with_what_can(
    without_guesses: EngineClient, said: Path
) -> None:
    unknown, parallel, number, split, taken = said.read_text().splitlines()
    assert "vLLM has no argument 'max-num-seq'; did you mean max_num_seqs" in unknown
    assert "data-parallel-size=2 is for vLLM's server" in parallel
    assert "service start --engine-arg=data-parallel-size=2" in parallel
    assert "max-num-seqs: invalid int value: 'many'" in number
    assert "tensor-parallel-size=2 gives each process some of the heads, and a deep prompt has keys" in split
    assert "kv-transfer-config is what brings deep prompts into vLLM's cache; leave it out" in taken


@pytest.mark.nightly  # by day with transformers
def test_weights_that_do_not_fit_their_configuration_are_an_error(tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "model")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))
    request = Request(QUESTION, Sampling(), 0)
    with (
        engine_process(model, tmp_path / "cache") as engine,
        pytest.raises(EngineError, match="vLLM cannot load model: "),
    ):
        engine.generation("key", request)


def test_a_gguf_is_dequantised_and_generates(engine: EngineClient, prepared: Path) -> None:
    completion, chat = ask(engine, QUESTION, chat_prompt("hello"))
    assert completion.prompt_tokens == len(QUESTION.text)
    assert chat.prompt_tokens == 1 + len("user\nhello") + 1 + len("\n") + 1 + len("assistant\n")
    assert json.loads((prepared / "generation_config.json").read_text())["eos_token_id"] == [258, 256]
    weights = read_bfloat16(prepared / "model.safetensors")
    assert len(weights) == len(gguf_weights(0))
    assert_as_quantised(weights["model.layers.1.self_attn.k_proj.weight"], gguf_weights(0)["blk.1.attn_k.weight"])
    assert_as_quantised(weights["lm_head.weight"], gguf_weights(0)["output.weight"])


def assert_as_quantised(ours: npt.NDArray[np.float32], original: npt.NDArray[np.float32]) -> None:
    """Q8_0 by hand: blocks of 32 share a half-precision scale of their largest magnitude over 127."""
    blocks = original.reshape(-1, 32)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    dequantised = np.round(blocks / scale) * scale.astype(np.float16).astype(np.float32)
    # bfloat16 keeps 8 bits: half a step of 2**-8; a rounding that falls the other way is one scale off.
    np.testing.assert_allclose(ours.reshape(-1, 32), dequantised, rtol=2**-8, atol=float(scale.max()) * 1.01)
    assert np.mean(np.isclose(ours.reshape(-1, 32), dequantised, rtol=2**-8, atol=1e-6)) > 0.99


def read_bfloat16(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """A safetensors file of bfloat16, which numpy lacks: the upper half of a float32."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = memoryview(content)[8 + length :]
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "BF16"
            start, end = entry["data_offsets"]
            upper = np.frombuffer(data[start:end], np.uint16).astype(np.uint32) << 16
            arrays[name] = upper.view(np.float32).reshape(entry["shape"])
    return arrays
