"""The sandbox that a run was settled with: where the same process judges, it goes on with that one.

Starting another costs about a tenth of a second of computing, and again where ``auto`` has to try several.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_humaneval
from pytest_humaneval.plugin.distributed import has_workers

if TYPE_CHECKING:
    from pytest_humaneval.sandbox.interface import Sandbox

OWN_FOLDER = str(Path(pytest_humaneval.__file__).parents[1])  # collecting the bundled test may add it to sys.path


@dataclass(frozen=True, slots=True)
class _Kept:
    sandbox: Sandbox
    path: frozenset[str]  # what was in sys.path: hidden tests of this sandbox can import from there only


KEPT: pytest.StashKey[_Kept] = pytest.StashKey()


def keep(config: pytest.Config, sandbox: Sandbox, opened: ExitStack) -> None:
    """Leave the sandbox open to the end of the session, unless other processes judge."""
    if has_workers(config):
        return
    config.stash[KEPT] = _Kept(sandbox, frozenset(sys.path))
    config.add_cleanup(opened.pop_all().close)


def kept_sandbox(config: pytest.Config) -> Sandbox | None:
    """The open sandbox; None without one, or where test files have brought folders that it cannot import from."""
    kept = config.stash.get(KEPT, None)
    return kept.sandbox if kept is not None and not {*sys.path} - kept.path - {OWN_FOLDER} else None
