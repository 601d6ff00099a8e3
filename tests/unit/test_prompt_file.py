"""prompts.jsonl gives back what was asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.prompt import Message, Prompt, chat_prompt, completion_prompt
from pytest_humaneval.results.prompts import PROMPTS_FILE, prompt_rows, read_prompts

PROMPT = st.builds(
    Prompt,
    st.sampled_from(["completion", "chat"]),
    st.text(),
    st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text())).map(tuple),
    st.lists(st.text()).map(tuple),
    st.text(),
)


@given(asked=st.dictionaries(st.tuples(st.text(), st.text()), PROMPT))
def test_what_is_read_is_what_was_written(
    asked: dict[tuple[str, str], Prompt], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("run") / PROMPTS_FILE
    file.write_text("".join(json.dumps(row) + "\n" for row in prompt_rows(asked)))
    assert read_prompts(file.parent) == read_prompts(file.with_name("results.jsonl")) == asked


def test_equal_prompts_are_written_once() -> None:
    same = completion_prompt("def f():\n")
    rows = list(prompt_rows({("A/0", "x"): same, ("A/0", "y"): same, ("A/0", "z"): chat_prompt("write f")}))
    assert [row["items"] for row in rows] == [[["A/0", "x"], ["A/0", "y"]], [["A/0", "z"]]]


def test_a_folder_without_the_file_has_no_prompts(tmp_path: Path) -> None:
    assert read_prompts(tmp_path) == {}


@pytest.mark.parametrize("line", ["[]", "{}", '{"items": [], "messages": [], "stop": [], "other": 1}', "{"])
def test_a_damaged_file_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / PROMPTS_FILE).write_text("\n" + line + "\n")
    with pytest.raises(DatasetError, match=r"prompts\.jsonl:2: "):
        read_prompts(tmp_path)
