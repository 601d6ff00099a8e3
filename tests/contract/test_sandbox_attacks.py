"""The corpus of attacks, against every sandbox that can be had here.

Around the two base layers every entry is tried. In containers those that only run into the time limit are left out
here: that clock is the oracle's, which is the same everywhere, and they take long. ``benchmarks.sandbox_corpus`` tries
everything everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_available import CONFINING, CONTAINERS
from sandbox_corpus import Entry, read_corpus
from sandbox_trial import Trial


@pytest.fixture(scope="module")
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    with Trial(request.param) as trial:
        yield trial
    assert not trial.left_over()


def trials() -> Iterator[object]:
    for name in CONFINING:
        for entry in read_corpus():
            if name not in CONTAINERS or entry.kinds != ("timed out",):
                kinds = "_or_".join(entry.kinds).replace(" ", "_")
                yield pytest.param(name, entry, id=f"{name}-{entry.file}-{entry.name}-{kinds}")


@pytest.mark.parametrize(("trial", "entry"), [*trials()], indirect=["trial"])
def test_entry_of_the_corpus_meets_its_fate(trial: Trial, entry: Entry) -> None:
    assert trial.differences(entry) == []


def test_names_in_the_corpus_are_unique() -> None:
    names = [(entry.file, entry.name) for entry in read_corpus()]
    assert len(set(names)) == len(names)
