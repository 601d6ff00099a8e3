"""The snippets of README.md and docs/, run as they stand, so that they cannot rot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from documentation import DOCS, snippet

from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.scripted import ScriptedEngine


def test_the_strategy_of_one_s_own_works_and_is_short(pytester: pytest.Pytester) -> None:
    assert len(snippet("conftest.py").splitlines()) < 20
    pytester.makeconftest(snippet("conftest.py"))
    result = pytester.runpytest_subprocess(
        "--strategy=polite,brief", "--humaneval-engine=scripted", "--collect-only", "-q"
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*HumanEval/0-has_close_elements-brief*", "328 tests collected*"])


def test_the_strategy_of_the_readme_is_listed(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(snippet("brief.py"))
    result = pytester.runpytest_subprocess("--humaneval-list-strategies")
    result.stdout.fnmatch_lines(["brief * chat * one instruction to a chat model"])
    assert snippet("brief.py") in (DOCS / "tutorial.md").read_text()


def test_the_guided_strategy_of_the_pages_works(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(snippet("guided.py"))
    answers = {"HumanEval/53": ["    return x - y\n", "    return x + y\n"]}
    script = pytester.makefile(".json", script=json.dumps(answers))
    result = pytester.runpytest_subprocess(
        "--strategy=second_try", f"--humaneval-script={script}", "--humaneval-cache-dir=cache",
        "--humaneval-task=HumanEval/53",
    )  # fmt: skip
    result.assert_outcomes(passed=1)


def test_the_test_of_the_pages_works(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_mine=snippet("test_mine.py"))
    script = pytester.makefile(".json", script=json.dumps({"HumanEval/53": "    return x + y\n", "*": "    pass\n"}))
    result = pytester.runpytest_subprocess(
        "test_mine.py", "--strategy=minimal", f"--humaneval-script={script}", "--humaneval-cache-dir=cache",
        "--humaneval-task=HumanEval/53", "--humaneval-task=HumanEval/54",
    )  # fmt: skip
    result.assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("name", "passed"), [("test_my_strategies.py", 3), ("test_my_run.py", 1), ("test_my_engine.py", 16)]
)
def test_the_tests_of_the_pages_pass(
    pytester: pytest.Pytester, name: str, passed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")  # one runs pytest itself, and finds our plugin
    (pytester.path / name).write_text(snippet(name))
    pytester.runpytest_subprocess("-p", "pytester", name).assert_outcomes(passed=passed)


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_everything_of_one_s_own_works_together(pytester: pytest.Pytester, workers: str) -> None:
    pytester.makeconftest(snippet("everything.py"))
    result = pytester.runpytest_subprocess(
        "--strategy=minimal", "--humaneval-engine=table", "--humaneval-sandbox=small",
        "--humaneval-postprocess=answers", "--humaneval-dataset=mine", "--humaneval-cache-dir=cache",
        "--humaneval-output=out", workers,
    )  # fmt: skip
    result.assert_outcomes(passed=1)
    run = json.loads((pytester.path / "out" / "run.json").read_text())
    assert (run["identity"]["engine"], run["engine"]["name"]) == ("table", "table")
    assert (run["sandbox"]["name"], run["postprocess"], run["dataset"]["name"]) == ("small", "answers", "mine")


def test_a_rewrite_of_one_s_own_is_evaluated_beside_the_original(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(snippet("rewrites.py"))
    result = pytester.runpytest_subprocess(
        "--strategy=minimal", "--humaneval-rewrite=shouting", "--humaneval-task=HumanEval/14", "--collect-only", "-q"
    )
    result.stdout.fnmatch_lines(["*HumanEval/14-all_prefixes-*", "*HumanEval/14+shouting-all_prefixes-*"])


def test_the_library_view_of_the_pages_works(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(snippet("library.py"), "library.py", "exec"), {})
    assert capsys.readouterr().out.strip() == "passed"


def test_a_sandbox_that_is_kept_judges_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(snippet("keep_open.py"), "keep_open.py", "exec"), {})
    assert capsys.readouterr().out.splitlines() == ["passed", "assertion", "timed out"]


def test_the_script_of_the_pages_is_one(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(snippet("script.json"))
    ScriptedEngine(EngineOptions(file=str(tmp_path / "script.json")), lambda message: None)  # or raises


def test_the_experiments_of_the_pages_work(pytester: pytest.Pytester) -> None:
    (pytester.path / "humaneval.toml").write_text(snippet("humaneval.toml"))
    script = json.dumps({"HumanEval/0 plain": {"error": "broken"}, "*": "    pass\n"})
    result = pytester.runpytest_subprocess(
        "--humaneval-experiment=all", f"--humaneval-script={pytester.makefile('.json', script=script)}",
        "--humaneval-cache-dir=cache", "--humaneval-task=HumanEval/0",
    )  # fmt: skip
    result.assert_outcomes(failed=5, errors=1)
    result.stdout.fnmatch_lines(["creative    chat      post_v5*", "*temperature 0.8*5 samples*", "*are in */results"])
