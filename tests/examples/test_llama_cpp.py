"""What the race against llama.cpp asks it, and how its answers are read and judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.races.contestants import Outcome
from benchmarks.races.end_to_end import Run
from benchmarks.races.llama_cpp import (
    INSTALLATION,
    LlamaCpp,
    completion_of,
    installation_named,
    ratio_of_generating,
    strategy_named,
    table,
)
from pytest_humaneval import Problem
from pytest_humaneval.prompt import FUNCTION_END

ADD = Problem(
    "HumanEval/53",
    'def add(x, y):\n    """The sum."""\n',
    "add",
    "    return x + y\n",
    "def check(candidate):\n    assert candidate(2, 3) == 5\n",
)
TWICE = Problem(
    "HumanEval/900",
    'def twice(x):\n    """Two of them."""\n',
    "twice",
    "    return 2 * x\n",
    "def check(candidate):\n    assert candidate(2) == 4\n",
)


def peer(*, sequences: int = 8) -> LlamaCpp:
    return LlamaCpp(Path("/a/model.gguf"), Path("/node"), (ADD, TWICE), strategy_named("minimal"), sequences)


def answer(text: str, tokens: int, reason: str = "stop") -> dict[str, Any]:
    return {"prompt": [1, 2], "tokens": tokens, "text": text, "finish_reason": reason}


def run_of(seconds: float, tokens: int, passed: int) -> Run:
    names = frozenset(f"HumanEval/{number}" for number in range(passed))
    return Run(seconds + 10, seconds + 11, 2 * seconds, Outcome((), tokens, 0, names, seconds))


def test_it_is_asked_the_plain_prompts_to_the_byte_with_their_stop_strings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    peer(sequences=8).prepare((ADD, TWICE), tmp_path)
    asked = json.loads((tmp_path / "questions.json").read_text())
    questions = asked.pop("questions")
    assert questions == [{"text": problem.prompt, "stop": list(FUNCTION_END)} for problem in (ADD, TWICE)]
    # two problems leave six of eight sequences without work
    assert asked == {"model": "/a/model.gguf", "threads": 2, "sequences": 2, "max_tokens": 768}


def test_a_completion_ends_where_its_stop_string_begins() -> None:
    # written as llama.cpp leaves it: the token that brought the stop string may bring more
    text = "    return x + y\n\ndef main():\n    pr"
    assert completion_of(strategy_named("minimal"), ADD, text).rstrip() == "    return x + y"


def test_answers_are_judged_in_the_sandbox_and_counted(tmp_path: Path) -> None:
    answers = [answer("    return x + y\n\nprint(", 9), answer("    return x\n" * 3, 768, "length")]
    (tmp_path / "answers.json").write_text(json.dumps({"generating_seconds": 4.5, "answers": answers}))
    assert peer().outcome(tmp_path) == Outcome(((1, 2), (1, 2)), 777, 1, frozenset({"HumanEval/53"}), 4.5)


def test_the_table_has_the_medians_of_the_rounds() -> None:
    ours = [run_of(30, 1500, 12), run_of(34, 1500, 12)]
    theirs = [run_of(60, 1400, 11), run_of(70, 1400, 11)]
    assert table(ours, theirs, 24).splitlines()[2:] == [
        "| ours | 42.0 | 32.0 | 64.0 | 1,500 | 0.500 |",
        "| llama.cpp | 75.0 | 65.0 | 130.0 | 1,400 | 0.458 |",  # 11/24
    ]
    assert ratio_of_generating(ours, theirs) == pytest.approx((30 / 60 + 34 / 70) / 2)


def test_without_an_installation_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    for named in ("", str(tmp_path)):
        with pytest.raises(SystemExit, match=rf"{INSTALLATION} does not name .*\n.* --ignore-scripts "):
            installation_named(named)
    (tmp_path / "node_modules" / "node-llama-cpp").mkdir(parents=True)
    assert installation_named(str(tmp_path)) == tmp_path


def test_a_strategy_in_chat_form_is_refused() -> None:
    with pytest.raises(SystemExit, match="'qwen_instruct' is not a strategy in completion mode"):
        strategy_named("qwen_instruct")
