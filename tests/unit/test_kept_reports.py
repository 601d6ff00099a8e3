"""What pytest keeps of reports that came from workers: it says the same, and is there once."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from pytest_humaneval.plugin.kept_reports import KeptReports

PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


def from_a_worker(when: Any, name: str = "t[T/0-f-minimal]", **fields: Any) -> pytest.TestReport:
    """A report with a copy of its own of everything, as messages bring them."""
    properties: list[tuple[str, object]] = [("task_id", "T/0"), ("tokens", 1)]
    made = pytest.TestReport(f"t.py::{name}", ("t.py", 3, name), {name: 1, "parametrize": 1}, "passed", None, when)
    made.user_properties = [] if when == "setup" else properties
    plain = json.loads(json.dumps(made._to_json() | {"worker_id": "gw0", **fields}))
    plain["location"] = tuple(plain["location"])
    plain["user_properties"] = list(map(tuple, plain["user_properties"]))
    return pytest.TestReport._from_json(plain)


def test_the_reports_of_an_item_share_what_they_say_of_it_and_say_the_same() -> None:
    kept, reports = KeptReports(), [from_a_worker(when) for when in PHASES]
    for report in reports:
        kept.share(report)
    assert [report._to_json() for report in reports] == [from_a_worker(when)._to_json() for when in PHASES]
    for name in ("keywords", "location"):
        assert len({id(getattr(report, name)) for report in reports}) == 1
    _, call, teardown = reports
    assert all(mine is other for mine, other in zip(call.user_properties, teardown.user_properties, strict=True))
    call.user_properties.append(("of", "the call"))
    assert len(teardown.user_properties) == 2


def test_a_later_report_that_says_something_else_keeps_it() -> None:
    kept = KeptReports()
    kept.share(from_a_worker("setup"))
    other = from_a_worker("call", keywords={"other": 1}, location=["other.py", 1, "t"])
    kept.share(other)
    assert other.keywords == {"other": 1}
    assert other.location == ("other.py", 1, "t")


@pytest.mark.parametrize("value", [1.0, True, None, ["a list"]])
def test_a_property_is_none_of_another_kind_that_equals_it(value: object) -> None:
    kept, report = KeptReports(), from_a_worker("call")
    report.user_properties = [("tokens", 1), ("tokens", value)]
    kept.share(report)
    assert [(name, type(each), each) for name, each in report.user_properties] == [
        ("tokens", int, 1),
        ("tokens", type(value), value),
    ]


def test_a_property_that_is_no_pair_stays_as_it_is() -> None:
    kept, report, strange = KeptReports(), from_a_worker("call"), [["name", "value"]]
    vars(report)["user_properties"] = list(strange)  # as a plugin may put it there
    kept.share(report)
    assert vars(report)["user_properties"] == strange


def test_xdist_s_report_of_a_worker_that_died_stays_as_it_is() -> None:
    def died(name: str) -> Any:  # as xdist/dsession.py makes it
        return pytest.TestReport(f"t.py::{name}", ("t.py", None, "t.py"), (), "failed", "crashed", "???")  # type: ignore[arg-type]

    kept = KeptReports()
    kept.share(from_a_worker("setup"))
    for report in (died("t[T/0-f-minimal]"), died("t[T/0-f-minimal]"), died("another"), died("another")):
        kept.share(report)
        assert (report.location, report.keywords, report.when) == (("t.py", None, "t.py"), (), "???")


def test_the_collections_of_workers_are_one_unless_they_differ() -> None:
    kept = KeptReports()
    first, second, third = (json.loads('["t.py::a_name", "t.py::another"]') for _ in range(3))
    third.append("t.py::more")
    assert [kept.share_collection(collection) for collection in (first, second, third)] == [False, True, False]
    assert (second[0] is first[0], second) == (True, first)
    assert third == ["t.py::a_name", "t.py::another", "t.py::more"]
