"""Options of the benchmarks that are tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """What a training of a soft prompt reads and writes."""
    group = parser.getgroup("soft prompts", "soft prompts (benchmarks/test_soft_prompt_training.py)")
    group.addoption("--soft-prompt-config", metavar="FILE", help="TOML configuration of the training")
    group.addoption("--soft-prompt-data", metavar="FILE", help="MBPP's .jsonl, instead of the configuration's data")
    group.addoption("--soft-prompt-output", metavar="DIR", help="where it goes (default: soft_prompts/<FILE's name>)")
