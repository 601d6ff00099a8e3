"""How the tokens of a run are said to have been drawn."""

from __future__ import annotations

from typing import Any

from pytest_humaneval import Sampling
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.plugin.junit_properties import suite_properties
from pytest_humaneval.results.sampling import NOT_KNOWN, sampling_of_row, sampling_told

ROW = {"name": "vote", "strategy": "vote", "sampling": to_plain(Sampling()), "num_samples": 1}
RUN: dict[str, Any] = {
    "sampling": to_plain(Sampling()),
    "num_samples": 1,
    "experiments": [ROW],
    "engine": {"name": "vllm"},
}


def test_a_guided_strategy_s_own_draws_stand_in_place_of_the_run_s() -> None:
    guided = RUN | {"engine_process": {"guided_sampling": {"vote": [[0.0, 1.0], [0.8, 0.95]]}}}
    assert sampling_of_row(RUN, ROW) == "greedy, up to 768 tokens"
    assert sampling_of_row(guided, ROW) == "greedy and temperature 0.8, top-p 0.95, seed 0, up to 768 tokens"
    assert sampling_told(guided) == f"vote: {sampling_of_row(guided, ROW)}"


def test_samples_of_a_file_were_drawn_nobody_knows_how() -> None:
    replayed = RUN | {"engine": {"name": "replay"}}
    assert sampling_told(replayed) == sampling_of_row(replayed, ROW) == NOT_KNOWN


def test_the_xml_does_not_tell_how_the_samples_of_a_file_were_drawn_either() -> None:
    sampling = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 768, "seed": 0, "logprobs": False}
    row = {"name": "chat", "strategy": "chat", "postprocess": "none", "sampling": sampling, "num_samples": 1}
    identity = {"engine": "replay", "model": "samples.jsonl", "digest": "0" * 64, "by_item": True, "precision": ""}
    run = row | {"engine": {"name": "replay"}, "identity": identity, "dataset": {"sha256": "1"}, "experiments": [row]}
    told = dict(suite_properties(run, []))
    assert told["humaneval.sampling"] == told["chat.sampling"] == NOT_KNOWN
