"""The corpus of attacks, against every sandbox that can be had here.

Around lockdown every entry is tried, and around bubblewrap by day what wants out, to know or to use up: a forged
verdict meets the same oracle in both. In containers a sample is tried by day and by night all but those that only run
into the time limit: that clock is the oracle's, which is the same everywhere, and they take long.
``benchmarks.sandbox_corpus`` tries everything everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_available import CONTAINERS
from sandbox_corpus import Entry, read_corpus
from sandbox_trial import Trial

CORPUS = read_corpus()
QUICK = [entry for entry in CORPUS if entry.kinds != ("timed out",)]
SAMPLE = QUICK[::8]
WANT_OUT = ("leaking", "escaping", "exhausting")


@pytest.fixture(scope="module")
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A sandbox with surroundings, one for all entries, which is left as it was met."""
    assert request.scope == "module"  # only where parametrize names nothing beside it: else each entry starts one
    with Trial(request.param) as trial:
        yield trial
    assert not trial.left_over()


def name_of(entry: Entry) -> str:
    return f"{entry.file}-{entry.name}-{'_or_'.join(entry.kinds).replace(' ', '_')}"


def around(*sandboxes: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trial", sandboxes, indirect=True)


def each_of(entries: list[Entry]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries, ids=name_of)


@around("lockdown", "bubblewrap")
@each_of([entry for entry in CORPUS if entry.file in WANT_OUT])
def test_entry_that_wants_out_to_know_or_to_use_up_meets_its_fate(trial: Trial, entry: Entry) -> None:
    assert trial.differences(entry) == []


@around("lockdown", pytest.param("bubblewrap", marks=pytest.mark.nightly))
@each_of([entry for entry in CORPUS if entry.file not in WANT_OUT])
def test_entry_that_wants_a_verdict_gets_the_right_one(trial: Trial, entry: Entry) -> None:
    assert trial.differences(entry) == []


@pytest.mark.nightly
@around(*CONTAINERS)
@each_of(QUICK)
def test_entry_meets_its_fate_in_a_container(trial: Trial, entry: Entry) -> None:
    assert trial.differences(entry) == []


@around(*CONTAINERS)
def test_a_sample_of_the_corpus_meets_its_fate_in_a_container(trial: Trial) -> None:
    found = {name_of(entry): trial.differences(entry) for entry in SAMPLE}
    assert {name: differences for name, differences in found.items() if differences} == {}


def test_names_in_the_corpus_are_unique() -> None:
    names = [(entry.file, entry.name) for entry in CORPUS]
    assert len(set(names)) == len(names)
