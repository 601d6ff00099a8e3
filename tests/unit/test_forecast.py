"""The time that is left, in recorded runs: their lengths, on a model of their engine that meets their times."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_humaneval.engine.forecast import Forecast, Lengths, Underway, Work

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
SLOTS = 128  # sequences at a time, as vLLM was told
STEP_TOKENS = 4096  # of prompts in one step


class Asked(NamedTuple):
    prompt_tokens: int
    tokens: int
    seconds: float  # from the start of the run until it was answered, as recorded


class Moment(NamedTuple):
    seconds: float
    underway: Underway
    answered: list[int]  # places of the requests that have ended by now


def recorded(run: str) -> list[Asked]:
    """The requests of a run in their order; equal ones were asked once."""
    rows = [json.loads(line) for line in (RESULTS / run / "results.jsonl").read_text().splitlines()]
    return [Asked(row["prompt_tokens"], max(1, row["completion_tokens"]), row["generation_seconds"]) for row in rows]


def replayed(requests: list[Asked], costs: Work) -> Iterator[Moment]:
    """The run step by step, on an engine where work costs so much."""
    seconds, steps, next_one = 0.0, 0, 0
    begun: dict[int, int] = {}
    answered: list[int] = []
    while len(answered) < len(requests):
        width, prompts = len(begun), 0
        while next_one < len(requests) and len(begun) < SLOTS:
            if prompts and prompts + requests[next_one].prompt_tokens > STEP_TOKENS:
                break
            prompts += requests[next_one].prompt_tokens
            begun[next_one] = 0
            next_one += 1
        seconds += costs.steps + costs.tokens * width + costs.prompts * prompts
        steps += 1
        for place in list(begun):
            begun[place] += 1
            if begun[place] == requests[place].tokens:
                del begun[place]
                answered.append(place)
        told = [(requests[place].prompt_tokens, tokens) for place, tokens in begun.items()]
        yield Moment(seconds, Underway(steps, told, [one.prompt_tokens for one in requests[next_one:]]), list(answered))


# Seconds of a step, of an answer's token, of a prompt's: fitted to the recorded times by least squares on a grid.
CONTAINERS = ("containers", Work(0.234, 0.00731, 0.00877))
CHAT = ("table/chat", Work(0.187, 0.01168, 0.00234))
MAIN_JOB = ("main_job", Work(0.0308, 0.0154, 0.00154))


@pytest.mark.parametrize(("run", "costs", "error"), [(*CONTAINERS, 0.01), (*CHAT, 0.01), (*MAIN_JOB, 0.11)])
def test_the_replayed_engine_takes_the_recorded_times(run: str, costs: Work, error: float) -> None:
    requests = recorded(run)
    whole = max(one.seconds for one in requests)
    ended: dict[int, float] = {}
    for moment in replayed(requests, costs):
        for place in moment.answered[len(ended) :]:
            ended[place] = moment.seconds
    squares = [((ended[place] - one.seconds) / whole) ** 2 for place, one in enumerate(requests)]
    assert math.sqrt(sum(squares) / len(squares)) < error


@pytest.mark.parametrize(("run", "costs"), [CONTAINERS, CHAT, MAIN_JOB])
def test_what_is_shown_is_within_a_factor_of_two_from_a_tenth_of_the_way_on(run: str, costs: Work) -> None:
    requests = recorded(run)
    moments = list(replayed(requests, costs))
    whole = moments[-1].seconds
    forecast = Forecast()
    forecast.expect(768)
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
