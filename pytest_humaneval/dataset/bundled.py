"""The datasets that have a name here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pytest_humaneval.dataset.kinds import Dataset, DatasetKind, Wanted
from pytest_humaneval.dataset.load import HUMANEVAL, read_dataset
from pytest_humaneval.dataset.mbpp import MBPP
from pytest_humaneval.dataset.shipped import SHIPPED, path_of


def _shipped(name: str, wanted: Wanted) -> Dataset:
    return read_dataset(path_of(name))


_KINDS = (
    HUMANEVAL,
    MBPP,
    *(
        DatasetKind(name, "HumanEval with stronger tests of our own", find=partial(_shipped, name))
        for name in SHIPPED
        if name != HUMANEVAL.name
    ),
)
BUNDLED: Mapping[str, DatasetKind] = {kind.name: kind for kind in _KINDS}
