"""Strategies of the user's own."""

from __future__ import annotations

import pytest
from mini import Evaluate, distributed, row_of

POLITE = """
from pytest_humaneval import completion_prompt, strategy

@strategy("polite", "says please")
def polite(problem):
    return completion_prompt("# Please complete this function." + problem.prompt)

def pytest_humaneval_strategies():
    return [polite]
"""


@distributed
def test_a_strategy_in_the_user_s_conftest_is_known(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makeconftest(POLITE)
    result = evaluate(workers, strategy="polite,minimal")
    result.assert_outcomes(passed=6)
    assert row_of(result, "polite")["pass@1"] == "1.000"


def test_two_strategies_of_one_name_are_an_error(pytester: pytest.Pytester, refused: Evaluate) -> None:
    pytester.makeconftest(POLITE.replace('"polite"', '"minimal"'))
    refused().stderr.fnmatch_lines(["*two strategies are named 'minimal'*"])


@distributed
def test_a_broken_strategy_is_an_error_of_its_items(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makeconftest(
        """
        from pytest_humaneval import strategy

        @strategy("raises", "divides")
        def raises(problem):
            return 1 / 0

        @strategy("answers", "forgets the Prompt")
        def answers(problem):
            return "text"

        def pytest_humaneval_strategies():
            return [raises, answers]
        """
    )
    result = evaluate(workers, "-v", strategy="raises,answers,minimal")
    result.assert_outcomes(passed=3, errors=6)
    raised = "*strategy 'raises' failed on Mini/0: ZeroDivisionError: division by zero (*conftest.py:5)*"
    result.stdout.fnmatch_lines_random([raised, "*strategy 'answers' returned str for Mini/0*"])
    result.stdout.fnmatch_lines(
        ["warning: 6 items are errors of the strategy's own code and outside every denominator"]
    )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "return [polite]",
            "return polite",
            "*returned the strategy 'polite', not a list *; write `return [[]...[]]`*",
        ),
        ("return [polite]", "return 7", "*pytest_humaneval_strategies returned 7, not a list of strategies*"),
        ("return [polite]", "return []", "*'polite' is defined in */conftest.py, but pytest_humaneval_strategies *"),
        ("return [polite]", "return []", "        return [[]polite[]]"),
        (
            'please")',
            'please", mode="caht")',
            "*'polite': unknown mode 'caht'; did you mean 'chat'? known: completion, *",
        ),
    ],
)
def test_a_hook_that_is_not_quite_right_is_told_what_to_write(
    pytester: pytest.Pytester, refused: Evaluate, before: str, after: str, message: str
) -> None:
    pytester.makeconftest(POLITE.replace(before, after))
    refused(strategy="polite").stderr.fnmatch_lines([message])


def test_a_strategy_sees_neither_test_nor_solution(pytester: pytest.Pytester, evaluate: Evaluate) -> None:
    pytester.makeconftest(
        POLITE.replace(
            "return completion", "assert problem.test == problem.canonical_solution == ''; return completion"
        )
    )
    evaluate("-n0", strategy="polite").assert_outcomes(passed=3)


def test_the_strategies_can_be_listed(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(POLITE)
    result = pytester.runpytest_subprocess("--humaneval-list-strategies")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["chat *chat *", "minimal *completion *", "polite *completion *says please"])
