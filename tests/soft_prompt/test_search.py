from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import soft_prompt.session
from pytest_humaneval.exceptions import TrainingError
from soft_prompt.checkpoint import TrainerState
from soft_prompt.config import Config
from soft_prompt.search import search
from soft_prompt.session import Trained

pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("default")  # parts of Optuna are experimental


def test_a_search_finds_the_better_half_and_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[Config, Path]] = []

    def run_training(config: Config, model: str, cache_dir: Path, output: Path, **rest: Any) -> Trained:
        tried.append((config, output))
        if config.learning_rate > 0.05:
            raise TrainingError("diverged")
        return Trained(output, TrainerState(best_loss=config.learning_rate), "")

    monkeypatch.setattr(soft_prompt.session, "run_training", run_training)
    search(Config(seed=1), "tiny", tmp_path, tmp_path / "search", trials=3)
    said = search(Config(seed=1), "tiny", tmp_path, tmp_path / "search", trials=8)
    assert len(tried) == 8
    assert len({output for _, output in tried}) == 8
    best = min(config.learning_rate for config, _ in tried)
    assert f"learning_rate = {best!r}" in said
    assert "prompt_tuning_init = '" in said
