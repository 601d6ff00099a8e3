"""How other programs tell a problem: HumanEval_53, 53, "53"."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

DATASETS = "HumanEval|Mbpp|MBPP"  # as a pattern
ID = re.compile(rf"({DATASETS})[_-](\d+)")
"""A problem's id where a slash would not do, in a file's name for instance: its dataset and its number."""


def task_id_of(value: Any) -> Any:
    """``HumanEval/53`` for 53 and ``HumanEval_53``; anything else as it is: a dataset may have a problem "53"."""
    if type(value) is int and value >= 0:
        return f"HumanEval/{value}"
    match = ID.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}/{match[2]}" if match else value


def is_task_id(text: str) -> bool:
    """Whether ``text`` is an id in one of these ways, or as the datasets have it."""
    return bool(re.fullmatch(rf"\d+|({DATASETS})[/_-]\d+", text))


def known_as(task_id: str, known: Container[str]) -> str:
    """The id that ``task_id`` has in a dataset: "53" means its HumanEval/53 where no problem is called "53"."""
    if task_id in known or not (task_id.isascii() and task_id.isdecimal()):
        return task_id
    numbered = f"HumanEval/{int(task_id)}"
    return numbered if numbered in known else task_id


def also_called(task_id: str) -> str:
    """The number alone, as text; empty for a problem of another dataset."""
    return task_id.removeprefix("HumanEval/") if re.fullmatch(r"HumanEval/\d+", task_id) else ""
