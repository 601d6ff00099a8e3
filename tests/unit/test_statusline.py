from __future__ import annotations

from typing import Any

import pytest

from pytest_humaneval.engine.engine_progress import EngineProgress
from pytest_humaneval.plugin.statusline import describe


def progress(**fields: Any) -> dict[str, Any]:
    return {**vars(EngineProgress()), **fields}


BUSY = {"phase": "generating", "total": 40, "finished": 10, "rate": 20.4, "seconds_left": 93.0, "share": 0.5}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, ""),
        ({"phase": "loading", "message": "hashing 40 %"}, "engine: hashing 40 %"),
        ({"phase": "generating", "total": 4}, "engine: 0/4 generated"),
        (BUSY, "engine: 10/40 generated, 20 tok/s, about 1 min 30 s left"),
        (BUSY | {"seconds_left": None}, "engine: 10/40 generated, 20 tok/s"),
        (BUSY | {"seconds_left": 0.2, "rate": 0.4}, "engine: 10/40 generated, about 5 s left"),
        (BUSY | {"seconds_left": 3950.0}, "engine: 10/40 generated, 20 tok/s, about 1 h 06 min left"),
        (BUSY | {"from_store": 7}, "engine: 10/40 generated, 20 tok/s, about 1 min 30 s left, 7 more from the store"),
        ({"phase": "generating", "total": 4, "finished": 4}, ""),
        ({"phase": "failed", "message": "broken"}, ""),
    ],
)
def test_the_line_says_what_the_engine_is_doing(fields: dict[str, Any], line: str) -> None:
    assert describe(progress(**fields)) == line


def test_a_bar_shows_the_share_of_the_work() -> None:
    assert describe(progress(**BUSY), bar=True).startswith("engine [#####.....] 10/40, 20 tok/s")
    assert describe(progress(**BUSY | {"share": 0.0}), bar=True).startswith("engine [..........] 10/40,")


def test_what_is_least_telling_goes_first_where_there_is_little_room() -> None:
    told = progress(**BUSY | {"from_store": 7})
    begin = "engine [#####.....] 10/40"
    assert describe(told, 79, bar=True) == f"{begin}, 20 tok/s, about 1 min 30 s left"
    assert describe(told, 59, bar=True) == f"{begin}, 20 tok/s, about 1 min 30 s left"
    assert describe(told, 50, bar=True) == f"{begin}, about 1 min 30 s left"
    assert describe(told, 30, bar=True) == begin
