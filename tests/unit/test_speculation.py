from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.speculation import (
    FIRST_GUESS,
    GUESSED,
    ROWS,
    WINDOW,
    Guesser,
    guess,
    guess_only_what_is_guessed,
    speculates,
    speculative_config,
)

np = pytest.importorskip("numpy")

LONGEST = 100


@pytest.fixture
def guesser() -> Iterator[Guesser]:
    yield Guesser(SimpleNamespace(model_config=SimpleNamespace(max_model_len=LONGEST)))
    Guesser.paused = Guesser.has_guessed = False


def tokens(numbers: list[int]) -> Any:
    return np.array(numbers, dtype=np.int32)


def batch(*texts: list[int]) -> tuple[Any, Any]:
    """Lengths and texts as vLLM keeps them: one row a sequence, with whatever was there before behind its end."""
    kept = np.full((len(texts), LONGEST), 7, dtype=np.int32)
    for row, text in enumerate(texts):
        kept[row, : len(text)] = text
    return tokens([len(text) for text in texts]), kept


def counting(upto: int) -> list[int]:
    """A loop of nine tokens, two of which are the number of the round, as in ``if n == 1: return x == 1``."""
    return [token for number in range(upto) for token in (1, 2, 3, 100 + number, 4, 5, 6, 7, 100 + number)]


def test_what_repeats_itself_goes_on_as_it_did() -> None:
    assert guess(tokens([1, 2, 3, 4, 5] * 5), 7) == [1, 2, 3, 4, 5, 1, 2]


def test_a_loop_that_counts_goes_on_with_the_number_of_this_round() -> None:
    # The tenth round has begun with its number, 109: the rest of it is known, and it ends in 109 again. After that the
    # next round's number cannot be known.
    begun = [*counting(9), 1, 2, 3, 109]
    assert guess(tokens(begun), 5) == [4, 5, 6, 7, 109]
    assert guess(tokens(begun), 8) == [4, 5, 6, 7, 109, 1, 2, 3]


def test_a_text_like_nothing_before_it_is_left_alone() -> None:
    assert guess(tokens(list(range(60))), 4) == []
    assert guess(tokens([*range(40), *range(100, 110), 1, 2, 3]), 4) == []


@pytest.mark.parametrize("size", range(WINDOW + 1))
def test_a_text_no_longer_than_what_is_looked_for_is_left_alone(size: int) -> None:
    assert guess(tokens([1] * size), 4) == []


def test_no_guess_is_asked_for_none() -> None:
    assert guess(tokens([1, 2] * 20), 0) == guess(tokens([1, 2] * 20), -3) == []


def test_guesses_grow_with_those_that_stood(guesser: Guesser) -> None:
    lengths, texts = batch([1, 2] * 20)
    assert len(guesser.propose([[1]], lengths, texts)[0]) == FIRST_GUESS
    assert len(guesser.propose([[1] * 3], lengths, texts)[0]) == FIRST_GUESS + 4  # two of the three were guesses
    assert len(guesser.propose([[1] * 17], lengths, texts)[0]) == GUESSED


def test_what_is_behind_a_texts_end_is_not_read(guesser: Guesser) -> None:
    lengths, texts = batch([1, 2] * 20)
    assert guesser.propose([[2]], lengths, texts) == [[1, 2]]


def test_a_step_has_so_many_rows_at_most(guesser: Guesser) -> None:
    sequences = 6
    lengths, texts = batch(*[[1, 2] * 20] * sequences)
    guesses = guesser.propose([[1] * 17] * sequences, lengths, texts)
    assert [len(one) for one in guesses] == [ROWS // sequences - 1] * sequences


def test_only_sequences_that_repeat_themselves_share_the_rows(guesser: Guesser) -> None:
    lengths, texts = batch([1, 2] * 20, list(range(40)), [1, 2] * 20)
    guesses = guesser.propose([[1] * 17, [1], [1] * 17], lengths, texts)
    assert [len(one) for one in guesses] == [GUESSED, 0, GUESSED]


def test_a_large_batch_is_left_alone(guesser: Guesser) -> None:
    lengths, texts = batch(*[[1, 2] * 20] * (ROWS // 2 + 1))
    assert guesser.propose([[1]] * (ROWS // 2 + 1), lengths, texts) == [[]] * (ROWS // 2 + 1)


def test_a_sequence_that_got_no_token_gets_no_guess(guesser: Guesser) -> None:
    lengths, texts = batch([1, 2] * 20, [1, 2] * 20)
    assert guesser.propose([[], [1]], lengths, texts) == [[], [1, 2]]


@pytest.mark.parametrize(("room", "guessed"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2)])
def test_no_guess_goes_beyond_the_models_end(room: int, guessed: int, guesser: Guesser) -> None:
    text = ([1, 2] * LONGEST)[: LONGEST - room]
    lengths, texts = batch(text)
    assert len(guesser.propose([[1]], lengths, texts)[0]) == guessed


def test_nothing_is_guessed_while_something_is_sampled(guesser: Guesser) -> None:
    lengths, texts = batch([1, 2] * 20)
    Guesser.paused = True
    assert guesser.propose([[1]], lengths, texts) == [[]]
    assert not Guesser.has_guessed
    Guesser.paused = False
    assert guesser.propose([[1]], lengths, texts) != [[]]
    assert Guesser.has_guessed


@pytest.mark.parametrize(
    ("options", "cpu", "expected"),
    [
        (EngineOptions(), True, True),
        (EngineOptions(), False, False),
        (EngineOptions(engine_args={"dtype": "bfloat16", "max-num-seqs": "8"}), True, True),
        (EngineOptions(engine_args={"speculative-config": "None"}), True, False),
        (EngineOptions(engine_args={"speculative_config": "{}"}), True, False),
        (EngineOptions(engine_args={"tensor_parallel_size": "2"}), True, False),
        (EngineOptions(virtual_tokens=True), True, False),
        (EngineOptions(lora_ranks=(8,)), True, False),
    ],
)
def test_who_is_handed_guesses(
    options: EngineOptions, cpu: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VLLM_ENABLE_V1_MULTIPROCESSING", raising=False)
    monkeypatch.delenv("VLLM_BATCH_INVARIANT", raising=False)
    assert speculates(options, cpu=cpu) is expected


@pytest.mark.parametrize("name", ["VLLM_ENABLE_V1_MULTIPROCESSING", "VLLM_BATCH_INVARIANT"])
def test_an_engine_in_another_process_or_that_must_not_depend_on_the_batch_gets_none(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    assert not speculates(EngineOptions(), cpu=True)


def test_vllm_finds_the_guesser_by_its_name() -> None:
    module, _, name = speculative_config()["model"].rpartition(".")
    assert (module, name) == (Guesser.__module__, Guesser.__name__)


def test_vllm_works_for_nothing_that_was_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    class RejectionSampler:
        def __init__(self) -> None:
            self.sampler = lambda logits, sampling_metadata: ("plainly", logits, sampling_metadata)

        def forward(self, metadata: Any, draft_probs: Any, logits: Any, sampling_metadata: Any) -> Any:
            return "with guesses", draft_probs, logits, sampling_metadata

    class GPUModelRunner:
        pass

    for name, part in (
        ("v1.sample.rejection_sampler", RejectionSampler),
        ("v1.worker.gpu_model_runner", GPUModelRunner),
    ):
        monkeypatch.setitem(sys.modules, f"vllm.{name}", SimpleNamespace(**{part.__name__: part}))
    for _ in range(2):  # a process may load several models
        guess_only_what_is_guessed()
    sampler = RejectionSampler()
    assert sampler.forward(SimpleNamespace(max_spec_len=0), None, "logits", "how") == ("plainly", "logits", "how")
    assert sampler.forward(SimpleNamespace(max_spec_len=1), "p", "logits", "how") == (
        "with guesses", "p", "logits", "how",
    )  # fmt: skip
    runner: Any = GPUModelRunner()
    assert runner._input_fits_in_drafter(object())
    assert not runner._input_fits_in_drafter(None)
