from __future__ import annotations

from typing import Any

import pytest

from pytest_humaneval.engine.desk import Progress
from pytest_humaneval.statusline import describe


def progress(**fields: Any) -> dict[str, Any]:
    return {**vars(Progress()), **fields}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, ""),
        ({"phase": "loading", "message": "hashing 40 %"}, "engine: hashing 40 %"),
        ({"phase": "generating", "total": 4}, "engine: 0/4 generated"),
        (
            {"phase": "generating", "total": 40, "finished": 10, "tokens": 600, "generating_seconds": 30.0},
            "engine: 10/40 generated, 20 tok/s, about 1 min 30 s left",
        ),
        (
            {"phase": "generating", "total": 4, "finished": 2, "tokens": 9, "generating_seconds": 3.0, "from_store": 7},
            "engine: 2/4 generated, 3 tok/s, about 3 s left, 7 more from the store",
        ),
        ({"phase": "generating", "total": 4, "finished": 4}, ""),
        ({"phase": "failed", "message": "broken"}, ""),
    ],
)
def test_the_line_says_what_the_engine_is_doing(fields: dict[str, Any], line: str) -> None:
    assert describe(progress(**fields)) == line
