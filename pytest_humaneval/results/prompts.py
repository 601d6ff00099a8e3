"""prompts.jsonl of --humaneval-output: what was asked, each prompt once, so that a page can be made later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.prompt import Prompt

PROMPTS_FILE = "prompts.jsonl"

PromptsByItem = Mapping[tuple[str, str], Prompt]
"""Prompts by task_id and strategy."""


def prompt_rows(prompts: PromptsByItem) -> Iterator[dict[str, Any]]:
    """A row for each prompt, with the items (task_id and strategy) that it was asked for."""
    items: dict[Prompt, list[list[str]]] = {}
    for place, prompt in prompts.items():
        items.setdefault(prompt, []).append(list(place))
    for prompt, places in items.items():
        yield {**to_plain(prompt), "items": places}


def read_prompts(source: str | Path) -> dict[tuple[str, str], Prompt]:
    """The prompts of a run, from its folder or from a file in it; empty where there is no prompts.jsonl.

    Raises:
        DatasetError: prompts.jsonl cannot be read; names the line.
    """
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    file = folder / PROMPTS_FILE
    if not file.is_file():
        return {}
    prompts = {}
    for number, line in jsonl.lines(jsonl.read_text(file)):
        where = f"{file}:{number}"
        row = jsonl.parse(where, line)
        try:
            items = row.pop("items")
            prompt = from_plain(Prompt, row, where, DatasetError)
            prompts.update({(str(task_id), str(strategy)): prompt for task_id, strategy in items})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"{where}: expected a prompt and its items, as --humaneval-output writes them"
            ) from error
    return prompts
