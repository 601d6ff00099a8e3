"""Thinking, control tokens and invisible characters: answers as models and servers write them."""

from __future__ import annotations

from importlib import import_module

import pytest
from loaded_answers import ADD, BLOCK, DRAFT, PROMPT, RIGHT, WRONG, adds, loaded, repairing

from pytest_humaneval import chat_prompt, completion_prompt
from pytest_humaneval.postprocess import POSTPROCESSORS, postprocess

# Thinking


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        f"<think>\n{DRAFT}</think>\n\n{BLOCK}",
        f"{DRAFT}</think>\n\n{BLOCK}",
        f"<think>\nMaybe\n\n{WRONG}\nno, plus.\n</think>\n\n{RIGHT}",
        f"<think>{DRAFT}</think>{BLOCK}",
        f"<think></think>\n{BLOCK}",
        f"<think>{DRAFT}</think>One more look.<think>{DRAFT}</think>{BLOCK}",
        f"<thinking>\n{DRAFT}</thinking>\n{BLOCK}",
        f"<THINK>\n{DRAFT}</THINK>\n{BLOCK}",
        f"[THINK]{DRAFT}[/THINK]{BLOCK}",
        f"<thought>\n{DRAFT}</thought>\n{BLOCK}",
        f"<reasoning>\n{DRAFT}</reasoning>\n<answer>\n{BLOCK}</answer>",
        f"<seed:think>{DRAFT}</seed:think>{BLOCK}",
        f"◁think▷{DRAFT}◁/think▷{BLOCK}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|><|START_RESPONSE|>{BLOCK}<|END_RESPONSE|>",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>\n<|begin_of_solution|>{BLOCK}<|end_of_solution|>",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{BLOCK}<|return|>",
        f"<|channel|>commentary to=x <|constrain|>json<|message|>{DRAFT}<|call|><|channel|>final<|message|>{RIGHT}",
        f"<|channel|>final<|message|>{BLOCK}",
        f"analysisWe need to add. {DRAFT}assistantfinal{BLOCK}",
        f"<think>{'It is hard. ' * 10_000}{DRAFT}</think>{BLOCK}",  # longer than any program may be
        f"<think>\n{DRAFT}I could end with '</think>' now.\n</think>\n{BLOCK}",
        f"<think>{DRAFT}</think>{BLOCK}I closed my thoughts with </think> as I should.",
        f"<think>{DRAFT}</think>\n```python\n{RIGHT}# behind </think>\n```",
        f"<think>{DRAFT}</think>\n```python\ndef add(x, y):\n    mark = '''\n</think>\n'''\n    return x + y\n```",
        f"<unused94>thought\n{DRAFT}<unused95>{BLOCK}",
        f"Here's my thought process: it's a sum. {DRAFT}Here's my response: {BLOCK}",
        f"Here is my thought process: it is a sum.\n{BLOCK}",
    ],
)
def test_what_stands_behind_the_thinking_is_the_answer(name: str, answer: str) -> None:
    assert adds(name, answer)


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        f"<think>\nMaybe\n{BLOCK}",
        f"<think>\n{RIGHT}",
        f"[THINK]{BLOCK}",
        f"<|channel|>analysis<|message|>{BLOCK}",
        f"analysisWe need to add. {BLOCK}",
        f"<think>{BLOCK}</think>",
        f"<think>Easy.</think><think>{BLOCK}",
    ],
)
def test_thinking_that_never_ends_leaves_no_answer(name: str, answer: str) -> None:
    assert postprocess(name, ADD, chat_prompt("Complete this."), answer).text.strip() == ""


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        "    # <think> about it </think>\n    return x + y\n",
        "```python\ndef add(x, y):\n    mark = '</think>'\n    return x + y\n```",
        f"The tag `</think>` plays no part here.\n{BLOCK}",
    ],
)
def test_a_mark_that_is_quoted_ends_no_thinking(name: str, answer: str) -> None:
    assert adds(name, answer)


def test_none_keeps_even_the_thinking() -> None:
    answer = f"<think>{DRAFT}</think>{BLOCK}"

    assert postprocess("none", ADD, chat_prompt("?"), answer, thinking_end="No").text == answer


@repairing
def test_an_end_of_the_users_own_is_the_end(name: str) -> None:
    answer = f"{DRAFT}### Answer\n{BLOCK}"

    assert adds(name, answer, thinking_end="### Answer")
    assert adds(name, f"# Answer\n{WRONG}# Answer\n{RIGHT}", thinking_end="# Answer")
    assert postprocess(name, ADD, chat_prompt("?"), DRAFT, thinking_end="### Answer").text == ""
    assert adds(name, f"<think>{DRAFT}</think>{BLOCK}", thinking_end="### Answer")


@repairing
def test_text_that_is_completed_needs_no_end_of_thinking(name: str) -> None:
    asked = completion_prompt(PROMPT)

    made = postprocess(name, ADD, asked, "    return x + y\n\nThat is all.", thinking_end="### Answer")

    assert loaded(ADD, made.text)(2, 3) == 5


# Control tokens


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        "    return x + y<|endoftext|>",
        "    return x + y</s>",
        "    return x + y<|im_end|>\n<|im_start|>user\nAnother one: def add(x, y):\n    return 0",
        "    return x + y<|eot_id|>",
        "    return x + y<｜end▁of▁sentence｜>",
        "    return x + y<end_of_turn>\n",
        "    return x + y<eos>",
        "    return x + y\n<|EOT|>",
        f"<s>{BLOCK}</s>",
        f"<|im_start|>assistant\n{BLOCK}<|im_end|>",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{BLOCK}<|eot_id|>",
        f"</s>{BLOCK}",
        f"[INST]{BLOCK}[/INST]",
        "    return x + y<|fim_middle|>",
        "    return x + y<|some_token_of_tomorrow|>",
        "    return x + y[|endofturn|]",
        "    return x + y<EOT>\n",
        "    return x + y</code>",
        f"    return x + y\n<|assistant|>{WRONG}",
        f"    return x + y\n<|begin_of_text|>{WRONG}",
        "    return x + y\n<filename>other.py\ndef add(x, y):\n    return 0",
        "    return x + y<fim-suffix>",
    ],
)
def test_left_over_tokens_are_no_part_of_the_answer(name: str, answer: str) -> None:
    assert adds(name, answer)


@repairing
@pytest.mark.parametrize(
    "body", ["    end = '<|endoftext|>'\n    return x + y if end else 0\n", "    return x + y  # </s>\n"]
)
def test_a_token_in_a_program_that_is_whole_may_be_meant(name: str, body: str) -> None:
    assert POSTPROCESSORS[name](ADD, body).text == body


@repairing
def test_a_token_in_a_text_of_the_program_may_be_meant(name: str) -> None:
    body = "    end = '<|endoftext|>'\n    return x + y if end else 0\n"

    assert "'<|endoftext|>'" in POSTPROCESSORS[name](ADD, f"```python\n{PROMPT}{body}```").text


# Invisible characters


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        "\ufeff    return x + y\n",
        f"\ufeff{BLOCK}",
        "```python\ndef add(x: int, y: int):\n    return x\u00a0+\u00a0y\n```\n",
        "\u00a0\u00a0\u00a0\u00a0return x + y\n",
        "    return x\u200b + y\n",
        "    return x\u202f+\u2009y\u2060\n",
        "    z = x + y\u2028    return z\n",
        "\u3000\u3000return x + y\n",
        "```python\ndef add(x: int, y: int):\ufffc\n\u2800   return x + y\U000e0020\n```",
        "```python\n\x0bdef add(x: int, y: int):\x08\n    return x + y\x1b[0m\n```",
        "\x1b[1;32m```python\ndef add(x: int, y: int):\n    return x +\u3164 y\ufe0f\n```\x1b[0m",
    ],
)
def test_invisible_characters_in_code_are_repaired(name: str, answer: str) -> None:
    assert adds(name, answer)


@repairing
def test_invisible_characters_in_texts_are_what_the_model_meant(name: str) -> None:
    made = POSTPROCESSORS[name](ADD, "```python\ndef add(x, y):\n    return\u00a0'a\u00a0b\u200b'\n```")

    assert loaded(ADD, made.text)(1, 2) == "a\u00a0b\u200b"


# Answers of servers that ignore how a strategy begins them


@pytest.mark.parametrize("strategy", ["qwen_instruct", "evalplus_chat", "lm_eval_instruct", "best_of"])
@pytest.mark.parametrize(
    "answer",
    [
        f"Sure! Here it is:\n{BLOCK}It adds.",
        f"Sure! Here it is:\n```\n{RIGHT}```\nIt adds.",
        BLOCK,
        RIGHT,
        f"<think>\n{DRAFT}</think>\n{BLOCK}",
    ],
)
def test_an_answer_that_begins_anew_is_found_behind_what_was_begun(strategy: str, answer: str) -> None:
    known = {one.name: one for one in import_module("pytest_humaneval.strategies").bundled()}

    made = postprocess("post_v1", ADD, known[strategy].build_prompt(ADD), answer)

    assert loaded(ADD, made.text)(2, 3) == 5
