"""The datasets that have a name here."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_humaneval.dataset.kinds import DatasetKind
from pytest_humaneval.dataset.load import HUMANEVAL
from pytest_humaneval.dataset.mbpp import MBPP

BUNDLED: Mapping[str, DatasetKind] = {kind.name: kind for kind in (HUMANEVAL, MBPP)}
