"""What the tests of strategies that are folders share: folders in PEFT's format, and the strategies they stand on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_humaneval import Problem, Strategy, chat_prompt, completion_prompt
from pytest_humaneval.prompting.registry import register, select_strategies

KNOWN = register(
    [
        Strategy("minimal", "", lambda problem: completion_prompt(problem.prompt)),
        Strategy("chat", "", lambda problem: chat_prompt(problem.prompt), "chat", "post_v5"),
    ]
)
WORDS = Problem("T/0", 'def f(text: str) -> str:\n    """The text."""\n', "f", "", "")


def written(folder: Path, config: dict[str, Any], content: bytes, manifest: dict[str, Any]) -> Path:
    """A folder with this configuration, these tensors and, where it is not empty, our own file beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(content)
    if manifest:
        (folder / "soft_prompt.json").write_text(json.dumps(manifest))
    return folder


def selected(*names: str, folder: Path = Path()) -> tuple[Strategy, ...]:
    """The strategies of these names; folders are below ``folder``."""
    return select_strategies(KNOWN, names, folder)
