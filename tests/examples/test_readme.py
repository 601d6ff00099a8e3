"""The README's snippets, run as they stand, so that it cannot rot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def snippet(name: str) -> str:
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?\n)```\n", README.read_text(), re.DOTALL)
    assert found, f"the README has no example {name}"
    return found[1]


def test_the_strategy_of_the_readme_works_and_is_short(pytester: pytest.Pytester) -> None:
    assert len(snippet("conftest.py").splitlines()) < 20
    pytester.makeconftest(snippet("conftest.py"))
    result = pytester.runpytest_subprocess(
        "--strategy=polite,brief", "--humaneval-engine=scripted", "--collect-only", "-q"
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*HumanEval/0-has_close_elements-brief*", "328 tests collected*"])


def test_the_guided_strategy_of_the_readme_works(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(snippet("guided.py"))
    answers = {"HumanEval/53": ["    return x - y\n", "    return x + y\n"]}
    script = pytester.makefile(".json", script=json.dumps(answers))
    result = pytester.runpytest_subprocess(
        "--strategy=second_try", f"--humaneval-script={script}", "--humaneval-cache-dir=cache",
        "--humaneval-task=HumanEval/53",
    )  # fmt: skip
    result.assert_outcomes(passed=1)


def test_the_test_of_the_readme_works(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_mine=snippet("test_mine.py"))
    script = pytester.makefile(".json", script=json.dumps({"HumanEval/53": "    return x + y\n", "*": "    pass\n"}))
    result = pytester.runpytest_subprocess(
        "test_mine.py", "--strategy=minimal", f"--humaneval-script={script}", "--humaneval-cache-dir=cache",
        "--humaneval-task=HumanEval/53", "--humaneval-task=HumanEval/54",
    )  # fmt: skip
    result.assert_outcomes(passed=1, failed=1)


def test_the_library_view_of_the_readme_works(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(snippet("library.py"), "library.py", "exec"), {})
    assert capsys.readouterr().out.strip() == "passed"


def test_the_experiments_of_the_readme_work(pytester: pytest.Pytester) -> None:
    (pytester.path / "humaneval.toml").write_text(snippet("humaneval.toml"))
    script = json.dumps({"HumanEval/0 plain": {"error": "broken"}, "*": "    pass\n"})
    result = pytester.runpytest_subprocess(
        "--humaneval-experiment=all", f"--humaneval-script={pytester.makefile('.json', script=script)}",
        "--humaneval-cache-dir=cache", "--humaneval-task=HumanEval/0",
    )  # fmt: skip
    result.assert_outcomes(failed=5, errors=1)
    result.stdout.fnmatch_lines(["creative    chat      post_v5*", "*temperature 0.8*5 samples*", "*are in */results"])


def test_every_option_is_in_the_readme() -> None:
    from pytest_humaneval.plugin.options import OPTIONS

    text = README.read_text()
    missing = [one.flag for one in OPTIONS if f"-{one.name}" not in text]
    assert missing == []


def test_the_readme_names_no_path_and_no_registry() -> None:
    assert not re.search(r"/(home|root|tmp|work)/|pypi\.org|download\.pytorch", README.read_text())
