"""Tries learning rates, numbers of tokens and initialisations, judged by the validation loss on MBPP alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import ConfigError, TrainingError

from .config import Config


def search(config: Config, model: str, cache_dir: Path, output: Path, trials: int) -> str:
    """Train ``trials`` times, each into a folder of its own; returns what was best, as lines of TOML.

    Trials are kept in ``output``/search.log, so that a search that was stopped goes on.

    Raises:
        ConfigError: Optuna is not installed, or ``output`` cannot be written.
    """
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalStorage
    except ImportError:
        raise ConfigError("a search needs Optuna: pip install 'pytest-humaneval[soft-prompt-search]'") from None
    from .session import check_output, run_training

    def attempt(trial: Any) -> float:
        tried = suggestion(trial, config)
        try:
            trained = run_training(tried, model, cache_dir, output / f"trial-{trial.number:03d}")
        except TrainingError as error:  # it diverged, which says something about its configuration
            raise optuna.TrialPruned(str(error)) from error
        return trained.state.best_loss

    check_output(output)
    study = optuna.create_study(
        study_name="soft prompt",
        storage=JournalStorage(JournalFileBackend(str(output / "search.log"))),
        sampler=optuna.samplers.TPESampler(seed=config.seed),
        load_if_exists=True,
    )
    study.optimize(attempt, n_trials=max(0, trials - len(study.trials)))
    best = study.best_trial
    lines = [f"# trial {best.number}: validation loss {best.value:.4f}"]
    return "\n".join([*lines, *(f"{name} = {value!r}" for name, value in best.params.items())])


def suggestion(trial: Any, config: Config) -> Config:
    """``config`` with what a trial tries."""
    return replace(
        config,
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        num_virtual_tokens=trial.suggest_categorical("num_virtual_tokens", [5, 10, 20, 50, 100]),
        prompt_tuning_init=trial.suggest_categorical("prompt_tuning_init", ["random", "vocabulary", "text"]),
    )
