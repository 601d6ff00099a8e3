"""What pytest and pytest-xdist keep of every item to the end of a run, with what is equal kept once.

Each message of a worker has copies of its own: an item's name stands in the node ids of every worker's collection and
ten times in its three reports. Nothing that is replaced can be told from what replaces it.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

SAME_FOR_AN_ITEM = ("_id", "location", "keywords", "worker_id", "testrun_uid")  # _id: pytest 9.2's parsed node id


class KeptReports:
    """The reports of one run, as they come in from workers."""

    def __init__(self) -> None:
        self._collection: list[str] = []  # of the first worker
        self._first: dict[str, dict[str, Any]] = {}  # of the items that have begun: what their first report says
        self._properties: dict[tuple[Any, ...], tuple[str, Any]] = {}

    def share_collection(self, nodeids: list[str]) -> bool:
        """Have a worker's collection, which xdist keeps, consist of the first one's texts; whether they are equal."""
        if nodeids != self._collection:
            self._collection = list(nodeids)
            return False
        nodeids[:] = self._collection
        return True

    def share(self, report: pytest.TestReport) -> None:
        """Have a report consist of what is there already, as far as that says the same."""
        said, nodeid = vars(report), report.nodeid
        said["outcome"], said["when"] = _one(report.outcome), _one(report.when)
        first = self._first.get(nodeid)
        if first is None:
            self._first[nodeid] = said
            said["location"] = tuple(map(_one, report.location))
            if type(report.keywords) is dict:  # xdist's report of a worker that died has an empty tuple
                said["keywords"] = {_one(name): value for name, value in report.keywords.items()}
            for name in ("worker_id", "testrun_uid"):
                if name in said:
                    said[name] = _one(said[name])
        else:
            for name in SAME_FOR_AN_ITEM:
                if name in said and said[name] == first.get(name):
                    said[name] = first[name]
        if properties := report.user_properties:  # a list of its own: anybody may add to it
            properties[:] = map(self._property, properties)
        if report.when == "teardown":
            self._first.pop(nodeid, None)

    def _property(self, named: tuple[str, Any]) -> tuple[str, Any]:
        """The same, out of those that there are: sample_index and verdict have few values. 1 is not True, nor 1.0."""
        if type(named) is tuple and len(named) == 2 and type(named[0]) is str and type(named[1]) in (str, int):
            return self._properties.setdefault(named, named)
        return named


def _one(value: Any) -> Any:
    return sys.intern(value) if type(value) is str else value
