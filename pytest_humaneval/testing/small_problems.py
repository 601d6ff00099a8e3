"""Three small problems, and a run of pytest on them that needs no model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_humaneval.problem import Problem

ADD = Problem(
    task_id="Mini/0",
    prompt='def add(a: int, b: int) -> int:\n    """The sum of a and b.\n    >>> add(1, 2)\n    3\n    """\n',
    entry_point="add",
    canonical_solution="    return a + b\n",
    test="def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(-1, 1) == 0\n",
)
SHOUT = Problem(
    task_id="Mini/1",
    prompt='def shout(text: str) -> str:\n    """The text in capital letters."""\n',
    entry_point="shout",
    canonical_solution="    return text.upper()\n",
    test="def check(candidate):\n    assert candidate('a') == 'A'\n",
)
FIRST = Problem(
    task_id="Mini/10",
    prompt='def first(items: list) -> object:\n    """The first of the items, None when there is none."""\n',
    entry_point="first",
    canonical_solution="    return items[0] if items else None\n",
    test="def check(candidate):\n    assert candidate([]) is None\n    assert candidate([7, 8]) == 7\n",
)
PROBLEMS = (ADD, SHOUT, FIRST)


def scripted_run(
    folder: Path, answers: Mapping[str, Any] | None = None, problems: Iterable[Problem] = PROBLEMS
) -> list[str]:
    """The options with which pytest evaluates ``problems`` in a moment, all its files being in ``folder``.

    ``answers`` is a script of the scripted engine (docs/files.md). A task that it does not name is answered by its
    canonical solution.
    """
    rows = [asdict(problem) for problem in problems]
    dataset, script = folder / "problems.jsonl", folder / "script.json"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in rows))
    script.write_text(json.dumps({row["task_id"]: row["canonical_solution"] for row in rows} | dict(answers or {})))
    return [
        f"--humaneval-dataset={dataset}",
        f"--humaneval-script={script}",
        f"--humaneval-cache-dir={folder / 'cache'}",
    ]
