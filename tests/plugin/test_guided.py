"""Strategies that ask more than once, in whole runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mini import PROBLEMS, RIGHT, Evaluate, distributed, row_of

WRONG_ADD, RIGHT_ADD = "    return a - b\n", "    return a + b\n"
FENCED = {task: f"{code}```" for task, code in RIGHT.items()}

CONFTEST = """
from pytest_humaneval import completion_prompt, draw, guided_strategy, try_out

@guided_strategy("second_try", "asks again when the first answer fails an example")
def second_try(problem):
    (first,) = yield from draw(completion_prompt(problem.prompt))
    (trial,) = yield from try_out([first])
    if trial.passed:
        return first
    (second,) = yield from draw(completion_prompt(problem.prompt), temperature=0.8)
    return second

@guided_strategy("broken", "does not know what it wants")
def broken(problem):
    yield from draw(completion_prompt(problem.prompt))
    raise LookupError("lost")

def pytest_humaneval_strategies():
    return [second_try, broken]
"""


@pytest.fixture
def own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)


@pytest.mark.usefixtures("own")
@distributed
def test_the_second_answer_counts_where_the_first_fails_an_example(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, strategy="second_try", script={"Mini/0": [WRONG_ADD, RIGHT_ADD]})
    result.assert_outcomes(passed=3)
    assert row_of(result, "second_try")["pass@1"] == "1.000"
    assert row_of(result, "second_try")["sees"] == "examples"
    assert row_of(result, "second_try")["draws"] == "4"
    assert result.ret == 0


@pytest.mark.usefixtures("own")
def test_what_it_drew_is_told_everywhere(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    files = ("--humaneval-html=page.html", "--humaneval-markdown=summary.md", "--humaneval-output=out")
    script = {"Mini/0": [WRONG_ADD, RIGHT_ADD]}
    (pytester.path / "plan.toml").write_text('strategies = ["minimal", "second_try"]\ntemperature = 0\n')
    result = evaluate(workers, *files, "--humaneval-plan=plan.toml", strategy="minimal,second_try", script=script)
    told = "greedy, up to 768 tokens; second_try: greedy and temperature 0.8, top-p 1, seed 0, up to 768 tokens"
    header = " ".join(line.strip() for line in result.outlines)
    assert f"sampling  {told} problems " in header
    assert told in (pytester.path / "page.html").read_text()
    assert told in (pytester.path / "summary.md").read_text().replace("\\", "")
    run = json.loads((pytester.path / "out" / "run.json").read_text())
    assert run["engine_process"]["guided_sampling"] == {"second_try": [[0.0, 1.0], [0.8, 1.0]]}
    assert run["plan"]["deviations"] == [
        "second_try: temperature 0 was planned, but it chooses its own: 0 and 0.8",
    ]


@pytest.mark.usefixtures("own")
def test_it_stands_apart_from_strategies_that_see_the_prompt_alone(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, strategy="minimal,second_try", script={"Mini/0": [WRONG_ADD, RIGHT_ADD]})
    result.assert_outcomes(passed=5, failed=1)
    assert row_of(result, "minimal")["sees"] == "prompt"
    result.stdout.fnmatch_lines(["sees: rows marked `examples` ran code on the docstring's visible examples*"])


@pytest.mark.usefixtures("own")
def test_a_strategy_that_breaks_is_an_error_of_its_items(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, strategy="broken,minimal")
    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(["*strategy 'broken' on Mini/0: LookupError: lost (*conftest.py:15)*"])
    result.stdout.fnmatch_lines(
        ["warning: 3 items are errors of the strategy's own code and outside every denominator"]
    )
    assert "EngineError" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


@pytest.mark.usefixtures("own")
def test_only_what_is_selected_is_solved(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "-k", "shout and second_try", strategy="broken,second_try")
    assert row_of(result, "second_try")["draws"] == "1"
    result.stdout.no_fnmatch_line("*lost*")


@pytest.mark.usefixtures("own")
@distributed
def test_an_engine_that_dies_is_told_by_every_item(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, strategy="second_try", script={"Mini/1": {"exit": 3}})
    assert result.parseoutcomes().get("errors", 0) >= 1
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_the_hidden_test_decides_nothing_about_what_is_chosen(
    evaluate: Evaluate, workers: str, tmp_path: Path, mini: Path
) -> None:
    """The same run twice, the second time with hidden tests that say the opposite: the same completions come out."""
    answers = [WRONG_ADD + "```"] * 3 + [RIGHT_ADD + "```"] * 17
    script = {"Mini/0": answers, "Mini/1": [FENCED["Mini/1"]] * 20, "Mini/10": [FENCED["Mini/10"]] * 20}
    strategies = "best_of,best_of_adaptive,vote_adaptive"
    opposite = "def check(candidate):\n    assert candidate(1, 2) == -1\n"
    chosen = []
    for add in (PROBLEMS[0], {**PROBLEMS[0], "test": opposite, "canonical_solution": WRONG_ADD}):
        mini.write_text("".join(json.dumps(row) + "\n" for row in (add, *PROBLEMS[1:])))
        evaluate(workers, f"--humaneval-output={tmp_path / 'out'}", strategy=strategies, script=script)
        rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
        chosen.append({(row["task_id"], row["strategy"]): row["completion"] for row in rows})
        assert {row["passed"] for row in rows if row["task_id"] == "Mini/0"} == {add is PROBLEMS[0]}
    assert chosen[0] == chosen[1]
    assert {chosen[0]["Mini/0", name].strip() for name in strategies.split(",")} == {RIGHT_ADD.strip()}


def test_the_bundled_ones_run_and_replay(
    evaluate: Evaluate, workers: str, tmp_path: Path, mini: Path, pytester: pytest.Pytester
) -> None:
    script = {key: [code] * 5 for key, code in FENCED.items()}
    output = tmp_path / "out"
    names = "best_of,repair,vote,vote_adaptive,review"
    first = evaluate(workers, f"--humaneval-output={output}", strategy=names, script=script)
    first.assert_outcomes(passed=15)
    assert [row_of(first, name)["draws"] for name in ("vote", "vote_adaptive", "review")] == ["15", "6", "6"]
    assert [row_of(first, name)["sees"] for name in ("vote_adaptive", "review")] == ["examples", "prompt"]
    (tmp_path / "script.json").unlink()
    replay = f"--humaneval-replay={output / 'samples.jsonl'}"
    again = pytester.runpytest_subprocess("--strategy=vote", f"--humaneval-dataset={mini}", replay, workers)
    again.assert_outcomes(passed=3)


def test_several_solutions_of_a_problem_are_several_items(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-num-samples=2", strategy="repair", script=FENCED)
    result.assert_outcomes(passed=6)


def test_the_list_says_which_are_guided(evaluate: Evaluate) -> None:
    result = evaluate("--humaneval-list-strategies")
    result.stdout.re_match_lines([r"best_of +guided +5 samples.*"])
