from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from learned_folders import KNOWN, WORDS

from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.prompting.registry import select_strategies
from pytest_humaneval.prompting.text_strategy import TextPrompt
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.testing import check_strategy


def selected(folder: Path, content: Any) -> Strategy:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "text_prompt.json").write_text(content if isinstance(content, str) else json.dumps(content))
    (strategy,) = select_strategies(KNOWN, [f"text:{folder}"])
    return strategy


def test_a_folder_s_parts_become_a_conversation(tmp_path: Path) -> None:
    parts = {"persona": "You are terse.", "instruction": "Complete:", "prefill": "Here:\n```python\n$prompt"}
    strategy = selected(tmp_path / "found", parts)
    assert (strategy.name, strategy.mode) == ("text:found", "chat")
    prompt = strategy.build_prompt(WORDS)
    assert [message.role for message in prompt.messages] == ["system", "user", "assistant"]
    assert prompt.messages[1].content == f"Complete:\n```python\n{WORDS.prompt}\n```\n"
    assert prompt.messages[2].content == f"Here:\n```python\n{WORDS.prompt}"
    assert (prompt.stop, prompt.completion_prefix) == (("\n```",), "")
    check_strategy(strategy)


def test_what_follows_a_fence_alone_is_the_answer_s_code() -> None:
    prompt = TextPrompt(prefill="```python\n").build(WORDS)
    assert prompt.completion_prefix == "```python\n"
    assert prompt.messages[0].content.startswith("```python\n"), "no instruction, no empty line"
    assert TextPrompt().build(WORDS).stop == ()


def test_in_completion_form_they_are_comments_above_and_a_beginning_below(tmp_path: Path) -> None:
    parts = {"form": "completion", "persona": "By an expert.", "instruction": "Mind:\nedges.", "prefill": "    # $$\n"}
    strategy = selected(tmp_path / "plain", parts)
    prompt = strategy.build_prompt(WORDS)
    assert prompt.text == f"# By an expert.\n# Mind:\n# edges.\n{WORDS.prompt}    # $\n"
    assert prompt.completion_prefix == "    # $\n"
    check_strategy(strategy)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([], "expected an object with form, persona, instruction, prefill"),
        ({"person": "x"}, "unknown part 'person'; did you mean 'persona'"),
        ({"persona": 3}, "persona must be text, not 3"),
        ({"form": "talk"}, "unknown form 'talk'"),
        ({"prefill": "$code"}, r"prefill may have \$prompt"),
        ({"prefill": "$"}, r"prefill may have \$prompt"),
    ],
)
def test_what_is_no_text_prompt_says_so(content: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match=message):
        selected(tmp_path / "bad", content)


def test_a_folder_without_one_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match=r"text_prompt\.json.*No such file"):
        select_strategies(KNOWN, [f"text:{tmp_path}"])
