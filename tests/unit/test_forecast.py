"""The time that is left, in recorded runs: their lengths, on a model of their engine that meets their times."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_humaneval.engine.forecast import KEPT_LENGTHS, Forecast, Lengths, Underway, Work
from pytest_humaneval.engine.speculation import FEW

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
SLOTS = 128  # sequences at a time, as vLLM was told
STEP_TOKENS = 4096  # of prompts in one step
LIMIT = 768  # tokens of an answer


class RecordedRequest(NamedTuple):
    prompt_tokens: int
    tokens: int
    seconds: float  # from the start of the run until it was answered, as recorded


class Moment(NamedTuple):
    seconds: float
    underway: Underway
    answered: list[int]  # places of the requests that have ended by now


def recorded(run: str) -> list[RecordedRequest]:
    """The requests of a run in their order; equal ones were asked once."""
    rows = [json.loads(line) for line in (RESULTS / run / "results.jsonl").read_text().splitlines()]
    return [
        RecordedRequest(row["prompt_tokens"], max(1, row["completion_tokens"]), row["generation_seconds"])
        for row in rows
    ]


class Replay(NamedTuple):
    """A recorded run, and an engine that meets its times: seconds of a step, of an answer's and of a prompt's token."""

    run: str
    costs: Work
    error: float  # root mean square, over the length of the run
    step_tokens: int = STEP_TOKENS
    stride: int = 1  # tokens in a step of what repeats itself, in a small batch


def replayed(replay: Replay) -> Iterator[Moment]:
    """The run step by step."""
    requests, costs = recorded(replay.run), replay.costs
    seconds, steps, next_one = 0.0, 0, 0
    begun: dict[int, int] = {}
    answered: list[int] = []
    while len(answered) < len(requests):
        stride = {
            place: replay.stride if len(begun) <= FEW and requests[place].tokens == LIMIT else 1 for place in begun
        }
        prompts = 0
        while next_one < len(requests) and len(begun) < SLOTS:
            if prompts and prompts + requests[next_one].prompt_tokens > replay.step_tokens:
                break
            prompts += requests[next_one].prompt_tokens
            begun[next_one] = 0
            next_one += 1
        seconds += costs.steps + costs.tokens * sum(stride.values()) + costs.prompts * prompts
        steps += 1
        for place in list(begun):
            begun[place] += stride.get(place, 1)
            if begun[place] >= requests[place].tokens:
                del begun[place]
                answered.append(place)
        told = [(requests[place].prompt_tokens, tokens) for place, tokens in begun.items()]
        waiting = [one.prompt_tokens for one in requests[next_one:]]
        guessing = FEW if replay.stride > 1 else 0
        yield Moment(seconds, Underway(steps, told, waiting, guessing), list(answered))


# Seconds of a step, of an answer's token, of a prompt's: fitted to the recorded times by least squares on a grid.
CONTAINERS = Replay("containers", Work(0.234, 0.00731, 0.00877), error=0.01)
CHAT = Replay("table/chat", Work(0.187, 0.01168, 0.00234), error=0.01)
MAIN_JOB = Replay("main_job", Work(0.0308, 0.0154, 0.00154), error=0.11)
# Of 2026-11-28, on a quiet machine; its engine guesses (engine/speculation.py).
LATER = Replay("main_job_float32", Work(0.179, 0.00771, 0.00722), error=0.015, step_tokens=1024, stride=5)
# Of 2026-11-30, quiet, on a processor whose AVX-512 has bfloat16.
BFLOAT16 = Replay("main_job_bfloat16", Work(0.0256, 0.00156, 0.0009), error=0.02, step_tokens=1024, stride=7)
RECORDED = pytest.mark.parametrize(
    "replay", [CONTAINERS, CHAT, MAIN_JOB, LATER, BFLOAT16], ids=lambda replay: replay.run
)


@RECORDED
def test_the_replayed_engine_takes_the_recorded_times(replay: Replay) -> None:
    requests = recorded(replay.run)
    whole = max(one.seconds for one in requests)
    ended: dict[int, float] = {}
    for moment in replayed(replay):
        for place in moment.answered[len(ended) :]:
            ended[place] = moment.seconds
    squares = [((ended[place] - one.seconds) / whole) ** 2 for place, one in enumerate(requests)]
    assert math.sqrt(sum(squares) / len(squares)) < replay.error


@RECORDED
def test_what_is_shown_is_within_a_factor_of_two_from_a_tenth_of_the_way_on(replay: Replay) -> None:
    requests = recorded(replay.run)
    moments = list(replayed(replay))
    whole = moments[-1].seconds
    forecast = Forecast()
    forecast.expect(LIMIT)
    ratios, late = [], 0
    looked_at, known = -math.inf, 0
    for moment in moments[:-1]:
        if moment.seconds - looked_at < 2:
            continue
        for place in moment.answered[known:]:
            forecast.finish(moment.seconds, requests[place].prompt_tokens, requests[place].tokens)
        looked_at, known = moment.seconds, len(moment.answered)
        forecast.observe(moment.seconds, moment.underway)
        left, told = whole - moment.seconds, forecast.seconds_left(moment.seconds)
        late += moment.seconds > whole / 2
        if moment.seconds > whole / 10 and told is not None and left > 5:  # seconds; no less is ever said
            ratios.append(told / left)
    assert len(ratios) > late > 0  # it is shown for more than the second half
    assert min(ratios) >= 0.5
    assert max(ratios) <= 2.0


def test_nothing_is_said_before_some_answers_are_whole() -> None:
    forecast = Forecast()
    forecast.expect(100)
    forecast.observe(1.0, Underway(1, [(50, 1)] * 8, []))
    forecast.observe(2.0, Underway(2, [(50, 2)] * 8, []))
    assert forecast.seconds_left(2.0) is None


def test_an_engine_that_cannot_tell_gets_a_rate_and_no_forecast() -> None:
    forecast = Forecast()
    for second in range(1, 101):
        forecast.finish(float(second), 10, 3 if second <= 50 else 6)
        if second == 40:
            assert forecast.rate(40.0) == pytest.approx(3.0)
    assert forecast.rate(100.0) == pytest.approx(6.0)
    assert forecast.rate(130.0) == 0.0
    assert forecast.seconds_left(100.0) is None


def test_of_many_answers_all_count_for_the_rate_and_the_newest_for_the_lengths() -> None:
    forecast = Forecast()
    for second in range(3 * KEPT_LENGTHS):
        forecast.finish(second / 1000, 10, 2)
    assert forecast.rate(30.0) == pytest.approx(2000, rel=0.01)
    assert len(forecast._lengths) == KEPT_LENGTHS
    assert len(forecast._produced) < 310


def test_the_rate_counts_answers_that_are_not_whole() -> None:
    forecast = Forecast()
    forecast.observe(10.0, Underway(1, [(5, 100)], []))
    assert forecast.rate(10.0) == pytest.approx(10.0)  # 100 tokens in 10 s
    forecast.observe(40.0, Underway(2, [(5, 400)], []))
    assert forecast.rate(40.0) == pytest.approx(10.0)  # 300 in the last 30


def test_lengths_by_hand() -> None:
    # Whole: 10 and 20; begun: 15. At 10, one of 3 (+1) ends: 3/4 go on. At 20, one of 1 (+1): 3/8 go on.
    lengths = Lengths([10, 20], [15], longest=100)
    assert lengths.quantile(0, 0.2) == 10  # 0.8 > 0.75
    assert lengths.quantile(0, 0.5) == 20  # 0.375 < 0.5 <= 0.75
    assert lengths.quantile(15, 0.4) == 20  # of 0.75, 0.45 is above 0.375
    assert lengths.quantile(30, 0.5) == 60  # beyond the longest: twice as long with probability one half
    assert lengths.quantile(30, 0.9) == 100  # ten times as long, but no longer than it may be
    assert lengths.quantile(99, 0.1) == 100
