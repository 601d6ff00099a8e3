"""The corpus of attacks, against every sandbox that can be had here.

Around the two base layers every entry is tried. In containers those that only run into the time limit are left out
here: that clock is the oracle's, which is the same everywhere, and they take long. ``benchmarks.sandbox_corpus`` tries
everything everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_available import CONTAINERS
from sandbox_corpus import Entry, read_corpus
from sandbox_trial import Trial

CORPUS = read_corpus()
QUICK = [entry for entry in CORPUS if entry.kinds != ("timed out",)]


def trial_of(name: str) -> Iterator[Trial]:
    with Trial(name) as trial:
        yield trial
    assert not trial.left_over()


@pytest.fixture(scope="module", params=["lockdown", "bubblewrap"])
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    yield from trial_of(request.param)


@pytest.fixture(scope="module", params=CONTAINERS)
def trial_in_container(request: pytest.FixtureRequest) -> Iterator[Trial]:
    yield from trial_of(request.param)


def name_of(entry: Entry) -> str:
    return f"{entry.file}-{entry.name}-{'_or_'.join(entry.kinds).replace(' ', '_')}"


@pytest.mark.parametrize("entry", CORPUS, ids=name_of)
def test_entry_of_the_corpus_meets_its_fate(trial: Trial, entry: Entry) -> None:
    assert trial.differences(entry) == []


@pytest.mark.parametrize("entry", QUICK, ids=name_of)
def test_entry_of_the_corpus_meets_its_fate_in_a_container(trial_in_container: Trial, entry: Entry) -> None:
    assert trial_in_container.differences(entry) == []


def test_names_in_the_corpus_are_unique() -> None:
    names = [(entry.file, entry.name) for entry in CORPUS]
    assert len(set(names)) == len(names)
