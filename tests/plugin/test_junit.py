"""--junitxml: what Jenkins, GitLab and GitHub's viewers read."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import xmlschema
from mini import RIGHT, Evaluate, distributed

WRONG = "    return a - b\n"
SCHEMA = Path(__file__).parents[1] / "data" / "junit.xsd"


@distributed
def test_junit_xml_carries_properties_of_items_and_suite(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester
) -> None:
    script = {"Mini/0": WRONG, "Mini/1": "    print(text)\n"}
    result = evaluate(workers, "--junitxml=out.xml", script=script)
    suite = ElementTree.parse(pytester.path / "out.xml").getroot()[0]
    properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert properties["minimal.pass@1"] == "0.333333"
    assert properties["minimal.passed"] == "1"
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    case = cases["test_humaneval[Mini/0-add-minimal]"]
    of_item = {one.get("name"): one.get("value") for one in case.findall("properties/property")}
    assert list(of_item) == ["task_id", "strategy", "sample_index", "verdict", "tokens"]
    assert list(of_item.values())[:4] == ["Mini/0", "minimal", "0", "assertion"]
    assert len(case.findall("failure")) == 1
    mistaken = cases["test_humaneval[Mini/1-shout-minimal]"].findall("properties/property")
    assert ("cause", "prints instead of returning") in [(one.get("name"), one.get("value")) for one in mistaken]
    told = "minimal: causes of 2 wrong answers: 1 prints instead of returning, 1 none of these"
    assert told in result.outlines


@distributed
def test_junit_xml_is_what_the_schema_of_the_viewers_takes(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester
) -> None:
    strange = "    raise ValueError('\x00\x1b]]> <b> \ud800 \uffff')\n"
    evaluate(workers, "--junitxml=out.xml", script={"Mini/0": strange, "Mini/1": {"error": "no \x07 bell"}})
    errors = [error.reason for error in xmlschema.XMLSchema(SCHEMA).iter_errors(str(pytester.path / "out.xml"))]
    assert errors == []


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("<testsuites><testcase name='a'/></testsuites>", "Unexpected child"),
        ("<testsuite name='a' tests='1' failures='0'/>", "missing required attribute 'errors'"),
        ("<testsuite name='a' tests='1' failures='0' errors='0' time='1 s'/>", "pattern"),
        ("<testsuite name='a' tests='1' failures='0' errors='0'><testcase name='b' file='c'/></testsuite>", "'file'"),
    ],
)
def test_the_schema_refuses_what_viewers_do_not_take(xml: str, reason: str) -> None:
    assert any(reason in str(error.reason) for error in xmlschema.XMLSchema(SCHEMA).iter_errors(xml))


@distributed
def test_junit_xml_tells_errors_from_failures_and_has_the_completions(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester
) -> None:
    evaluate(workers, "--junitxml=out.xml", script={"Mini/0": WRONG, "Mini/1": {"error": "broken"}})
    suite = ElementTree.parse(pytester.path / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert outputs(pytester) == {
        "test_humaneval[Mini/0-add-minimal]": [WRONG],
        "test_humaneval[Mini/1-shout-minimal]": [],
        "test_humaneval[Mini/10-first-minimal]": [str(RIGHT["Mini/10"])],
    }


def test_completions_of_passed_items_are_left_out_where_the_ini_says_so(
    evaluate: Evaluate, pytester: pytest.Pytester
) -> None:
    pytester.makeini("[pytest]\njunit_log_passing_tests = false\n")
    evaluate("-n0", "--junitxml=out.xml", script={"Mini/0": WRONG})
    assert [texts for texts in outputs(pytester).values() if texts] == [[WRONG]]


def test_a_completion_cannot_give_orders_to_a_reader(evaluate: Evaluate, pytester: pytest.Pytester) -> None:
    ordering = "    return 0  # [[ATTACHMENT|/etc/passwd]] [[property|x=y]] [[1], [2]]\n"
    evaluate("-n0", "--junitxml=out.xml", script={"Mini/0": ordering})
    (said,) = outputs(pytester)["test_humaneval[Mini/0-add-minimal]"]
    assert said == "    return 0  # [ [ATTACHMENT|/etc/passwd]] [ [property|x=y]] [[1], [2]]\n"


def outputs(pytester: pytest.Pytester) -> dict[str | None, list[str | None]]:
    """The texts of each test case's <system-out> elements."""
    cases = ElementTree.parse(pytester.path / "out.xml").getroot().iter("testcase")
    return {case.get("name"): [one.text for one in case.findall("system-out")] for case in cases}
