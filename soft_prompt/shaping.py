"""What a reward may take into account besides assertions: whether it compiles, what a linter says, how long it is.

Each part has a weight of its own in the configuration, 0 unless asked for. They are of use together with tests only:
alone, the shortest text that compiles is the best one. The count of a linter's findings as a part of the reward is from
arXiv:2605.30478; here it is ruff's, with its default rules.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pytest_humaneval.exceptions import ConfigError
from pytest_humaneval.postprocess.source import compiles

from .config import Config

MANY_FINDINGS = 10  # so many or more cost the whole weight
LONG = 1_000  # characters, likewise
PATIENCE = 30.0  # seconds for ruff, on a busy machine
# No configuration of the folder's, and no comment of the completion's that silences it.
OPTIONS = ("--isolated", "--ignore-noqa", "--no-cache", "--output-format=json", "--stdin-filename=completion.py")


@dataclass(frozen=True, slots=True)
class Judged:
    """A whole program, the share of assertions that hold for it, and how many characters of it the model wrote."""

    program: str
    share: float
    length: int


def shaped(judged: Judged, config: Config) -> float:
    """The reward: the share of assertions, plus what compiles, minus findings and length, each by its weight."""
    reward = judged.share
    if config.reward_compile:
        reward += config.reward_compile * compiles(judged.program)
    if config.reward_lint:
        reward -= config.reward_lint * min(1.0, findings(judged.program) / MANY_FINDINGS)
    if config.reward_length:
        reward -= config.reward_length * min(1.0, judged.length / LONG)
    return reward


@lru_cache(maxsize=4096)
def findings(program: str) -> int:
    """How many findings ruff has, with its default rules and no configuration of the folder's.

    Raises:
        ConfigError: ruff is not here, or does not answer.
    """
    command = [_ruff(), "check", *OPTIONS, "-"]
    code = program.encode(errors="replace")
    try:
        answered = subprocess.run(command, input=code, capture_output=True, timeout=PATIENCE, check=False)
        return len(json.loads(answered.stdout))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ConfigError(f"reward_lint: ruff does not answer ({error})") from error


def _ruff() -> str:
    beside_python = str(Path(sys.executable).parent)
    if path := shutil.which("ruff", path=beside_python) or shutil.which("ruff"):
        return path
    raise ConfigError("reward_lint: ruff is not installed; pip install ruff, or leave reward_lint out")
