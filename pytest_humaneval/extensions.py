"""What a run may choose from by name, bundled or the user's own, but for strategies (prompting/registry.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_humaneval.dataset import bundled
from pytest_humaneval.dataset.kinds import DatasetKind
from pytest_humaneval.engine import catalogue
from pytest_humaneval.engine.protocol import EngineKind
from pytest_humaneval.postprocess import POSTPROCESSORS, PostProcessor
from pytest_humaneval.rewrite import rewrite_catalogue
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.sandbox import library
from pytest_humaneval.sandbox.interface import SandboxKind


@dataclass(frozen=True, slots=True, eq=False)
class Extensions:
    """Each sort by name."""

    engines: Mapping[str, EngineKind]
    sandboxes: Mapping[str, SandboxKind]
    postprocessors: Mapping[str, PostProcessor]
    datasets: Mapping[str, DatasetKind]
    rewrites: Mapping[str, Rewrite]


BUNDLED = Extensions(catalogue.BUNDLED, library.BUNDLED, POSTPROCESSORS, bundled.BUNDLED, rewrite_catalogue.BUNDLED)
