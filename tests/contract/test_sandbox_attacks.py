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
from sandbox_corpus import FILES, Entry, read_corpus
from sandbox_trial import Trial

CORPUS = read_corpus()
QUICK = [entry for entry in CORPUS if entry.kinds != ("timed out",)]
SAMPLE = QUICK[::8]
BY_DAY: dict[str, tuple[str, ...]] = {"lockdown": FILES, "bubblewrap": ("leaking", "escaping", "exhausting")}


@pytest.fixture(scope="module")
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A sandbox with surroundings, which is left as it was met."""
    with Trial(request.param) as trial:
        yield trial
    assert not trial.left_over()


def name_of(entry: Entry) -> str:
    return f"{entry.file}-{entry.name}-{'_or_'.join(entry.kinds).replace(' ', '_')}"


def tried(sandbox: str, entries: list[Entry]) -> Iterator[Any]:
    """The cases of a sandbox; those that are not tried by day are marked."""
    for entry in entries:
        marks = [] if entry.file in BY_DAY.get(sandbox, ()) else [pytest.mark.nightly]
        yield pytest.param(sandbox, entry, marks=marks, id=f"{sandbox}-{name_of(entry)}")


CASES = [case for name in BY_DAY for case in tried(name, CORPUS)]
CASES += [case for name in CONTAINERS for case in tried(name, QUICK)]


@pytest.mark.parametrize(("trial", "entry"), CASES, indirect=["trial"])
def test_entry_of_the_corpus_meets_its_fate(trial: Trial, entry: Entry) -> None:
    assert trial.differences(entry) == []


@pytest.mark.parametrize("trial", CONTAINERS, indirect=True)
def test_a_sample_of_the_corpus_meets_its_fate_in_a_container(trial: Trial) -> None:
    found = {name_of(entry): trial.differences(entry) for entry in SAMPLE}
    assert {name: differences for name, differences in found.items() if differences} == {}


def test_names_in_the_corpus_are_unique() -> None:
    names = [(entry.file, entry.name) for entry in CORPUS]
    assert len(set(names)) == len(names)
