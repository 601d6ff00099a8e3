"""Every rewrite keeps what is asked: the canonical solution passes it, its prompt is Python, its examples are there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - a fixture

from pytest_humaneval.dataset.examples import visible_examples
from pytest_humaneval.dataset.kinds import Wanted
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.dataset.mbpp import MBPP, SHAPES
from pytest_humaneval.dataset.requested import DATA_DIR
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.problem import Problem
from pytest_humaneval.rewrite.canonical_answers import CanonicalAnswers
from pytest_humaneval.rewrite.numerals import in_words
from pytest_humaneval.rewrite.renaming import names_of, renamed
from pytest_humaneval.rewrite.rewrite_catalogue import BUNDLED, requested_rewrites
from pytest_humaneval.rewrite.rewriting import Rewrite
from pytest_humaneval.rewrite.typos import TYPOS

PROBLEMS = read_problems()
CHANGES_EXAMPLES = ("examples-reordered", "examples-dropped", "examples-other")
FITS = {  # of HumanEval's 164, by seed 0
    "meaningful-names": 164, "meaningless-names": 164, "camel-case": 123, "comments": 163, "layout": 162, "typos": 164,
    "examples-reordered": 112, "examples-dropped": 134, "examples-other": 97, "story": 11, "numerals": 68,
    "untyped": 60, "typed": 77, "rephrased": 157, "sentence-before": 164, "sentence-after": 164,
}  # fmt: skip
SLOW = 20.0  # seconds of CPU time: the reference solution of MBPP/123 takes nearly 3
MBPP_FOLDERS = (Path(os.environ.get(DATA_DIR, ".")), Path(__file__).parents[3] / "shared" / "data")


@pytest.fixture(scope="module")
def answers() -> Iterator[CanonicalAnswers]:
    with CanonicalAnswers() as opened:
        yield opened


def assert_keeps_what_is_asked(rewrite: Rewrite, problem: Problem, made: Problem) -> None:
    compile(made.prompt, made.task_id, "exec")
    verdict = check_correctness(made, made.canonical_solution)
    assert verdict.passed, f"{made.task_id}: {verdict.detail}\n{made.prompt}"
    assert made.task_id == f"{problem.task_id}+{rewrite.name}"
    assert made.visible().test == made.visible().canonical_solution == ""
    if rewrite.name not in CHANGES_EXAMPLES:
        assert visible_examples(made) == visible_examples(problem)
    if rewrite.back is not None:
        assert rewrite.back(made) == replace(problem, task_id=made.task_id)


@pytest.mark.parametrize("rewrite", BUNDLED.values(), ids=BUNDLED)
def test_the_canonical_solution_passes_what_is_rewritten(rewrite: Rewrite, answers: CanonicalAnswers) -> None:
    """By day every twentieth problem that it fits; each rewrite begins elsewhere."""
    found = [(one, made) for one in PROBLEMS if (made := rewrite.apply(one, 0, answers)) is not None]
    assert len(found) == FITS[rewrite.name]
    for problem, made in found[list(BUNDLED).index(rewrite.name) % 20 :: 20]:
        assert_keeps_what_is_asked(rewrite, problem, made)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("rewrite", BUNDLED.values(), ids=BUNDLED)
def test_the_canonical_solution_passes_all_that_is_rewritten(
    rewrite: Rewrite, seed: int, answers: CanonicalAnswers
) -> None:
    for problem in PROBLEMS:
        if (made := rewrite.apply(problem, seed, answers)) is not None:
            assert_keeps_what_is_asked(rewrite, problem, made)


@pytest.mark.nightly
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rewrite", BUNDLED.values(), ids=BUNDLED)
def test_the_canonical_solution_passes_mbpp_rewritten(rewrite: Rewrite, shape: str, answers: CanonicalAnswers) -> None:
    try:
        problems = MBPP.dataset(Wanted((shape,), folders=MBPP_FOLDERS, only_look=True)).problems
    except DatasetError as error:
        pytest.skip(str(error))
    fitting = [(one, made) for one in problems if (made := rewrite.apply(one, 0, answers)) is not None]
    for problem, made in fitting:
        compile(made.prompt, made.task_id, "exec")
        verdict = check_correctness(made, made.canonical_solution, timeout=SLOW)
        assert verdict.passed or not check_correctness(problem, problem.canonical_solution).passed, made.task_id


@pytest.mark.parametrize("name", ["meaningful-names", "meaningless-names", "camel-case"])
def test_names_that_change_back_are_what_they_were(name: str, answers: CanonicalAnswers) -> None:
    for problem in PROBLEMS:
        if (made := BUNDLED[name].apply(problem, 0, answers)) is None:
            continue
        pairs = dict(zip(names_of(made), names_of(problem), strict=True))
        back = renamed(made, {new: old for new, old in pairs.items() if new != old}, everywhere=True)
        assert back is not None
        assert replace(back, task_id=problem.task_id, canonical_solution="") == replace(problem, canonical_solution="")


@pytest.mark.nightly
def test_all_rewrites_of_all_problems_take_under_two_seconds(answers: CanonicalAnswers) -> None:
    """Of CPU time in this process; what the sandbox answers is kept, and each answer is found out once."""
    for problem in PROBLEMS:
        BUNDLED["examples-other"].apply(problem, 2, answers)
    began = time.process_time()
    for problem in PROBLEMS:
        for rewrite in BUNDLED.values():
            rewrite.apply(problem, 2, answers)
    assert time.process_time() - began < 2


def test_the_same_seed_makes_the_same_and_another_one_does_not(answers: CanonicalAnswers) -> None:
    made = [TYPOS.apply(one, seed, answers) for seed in (0, 0, 1) for one in PROBLEMS[:5]]
    assert made[:5] == made[5:10] != made[10:]


def test_typos_stay_out_of_names_code_and_quotations(answers: CanonicalAnswers) -> None:
    everywhere = TYPOS.valued(1.0) if TYPOS.valued is not None else TYPOS
    made = everywhere.apply(PROBLEMS[5], 0, answers)
    assert made is not None
    assert made.task_id == "HumanEval/5+typos=1"
    assert "'delimeter'" in made.prompt
    assert "`numbers'" in made.prompt
    assert ">>> intersperse([], 4)" in made.prompt
    assert "between" not in made.prompt
    assert "element" not in made.prompt
    assert sorted(made.prompt) == sorted(PROBLEMS[5].prompt)


def test_numbers_change_where_they_are_words_and_not_in_code_examples_or_lists(answers: CanonicalAnswers) -> None:
    def said(number: int, line: str) -> bool:
        made = BUNDLED["numerals"].apply(PROBLEMS[number], 0, answers)
        return made is not None and line in made.prompt

    assert said(36, "the digit seven appears in integers less than n which are divisible by eleven or thirteen.")
    assert said(154, "You need to return True if the 2nd word or any of its rotations is a substring in the 1st word")
    assert said(160, "equal to the length of operand list minus 1")
    assert said(160, "at least 1 operator, and operand list has at least 2 operands")
    assert said(68, "Example 1:")
    assert said(107, "Integer palindrome are 1, 2, 3.")
    assert BUNDLED["numerals"].apply(PROBLEMS[128], 0, answers) is None  # "represented by 1, -1 or 0"


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (13, "thirteen"), (20, "twenty"), (31, "thirty-one"), (99, "ninety-nine"), (100, "one hundred")],
)
def test_a_number_is_said_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


def test_other_examples_are_true_and_were_not_shown(answers: CanonicalAnswers) -> None:
    problem = PROBLEMS[5]
    made = BUNDLED["examples-other"].apply(problem, 0, answers)
    assert made is not None
    shown = visible_examples(made)
    assert len(shown) == 2
    assert not {one.call("") for one in shown} & {one.call("") for one in visible_examples(problem)}
    assert answers(problem, [one.arguments for one in shown]) == [(one.expected,) for one in shown]


def test_examples_that_contradict_the_solution_are_not_exchanged(answers: CanonicalAnswers) -> None:
    assert BUNDLED["examples-other"].apply(PROBLEMS[47], 0, answers) is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("typoes", "--humaneval-rewrite: unknown rewrite 'typoes'; did you mean 'typos'"),
        ("random,typos", "give it alone"),
        ("story=2", "story takes no value"),
        ("typos=many", "'many' is not a number"),
        ("typos=2", "the rate is a share above 0"),
        (",", "',' names no rewrite; known: all, random, meaningful-names"),
        ("all,typoes", "unknown rewrite 'typoes'"),
    ],
)
def test_what_cannot_be_asked_for_says_why(asked: str, told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        requested_rewrites(asked, BUNDLED)


def test_all_stands_for_every_name_and_takes_others_beside_it() -> None:
    named = [rewrite.name for rewrite in requested_rewrites("all,typos=0.3,typos", BUNDLED)]
    assert named == [*BUNDLED, "typos=0.3"]


SUM = '"""Return the sum of the first two numbers.\n    >>> add([1, 2])\n    3\n    """\n'
WHOLE = "    return numbers[0] + numbers[1]\n"


def summing(head: str = "def add(numbers):\n    " + SUM, solution: str = WHOLE, test: str = "") -> Problem:
    """A problem of somebody's own."""
    return Problem("X/0", head, "add", solution, f"def check(candidate):\n    assert candidate([1, 2]) == 3\n{test}")


@pytest.mark.parametrize(
    "problem",
    [
        summing(solution="    return locals()['numbers'][0] + numbers[1]\n"),
        summing(solution="    return eval('numbers[0] + numbers[1]')\n"),
        summing(solution="    '{numbers}'.format(**vars())\n" + WHOLE),
        summing(solution="    assert globals()['add']\n" + WHOLE),
        summing(test="    assert candidate(**{'numbers': [1, 2]}) == 3\n"),
        summing(test="    assert candidate.__name__ == 'add'\n"),
    ],
)
def test_what_is_looked_up_by_its_name_keeps_it(problem: Problem, answers: CanonicalAnswers) -> None:
    assert check_correctness(problem, problem.canonical_solution).passed
    assert BUNDLED["meaningless-names"].apply(problem, 0, answers) is None


def test_a_class_in_a_solution_hides_no_argument_from_its_methods(answers: CanonicalAnswers) -> None:
    solution = "    class Pair:\n        numbers = 5\n        def first(self):\n            return numbers[0]\n"
    problem = summing(solution=f"{solution}    return Pair().first() + numbers[1] + Pair.numbers - 5\n")
    made = BUNDLED["meaningless-names"].apply(problem, 0, answers)
    assert made is not None
    assert "        numbers = 5\n" in made.canonical_solution
    assert check_correctness(made, made.canonical_solution).passed


def test_a_raw_docstring_stays_one_in_another_layout(answers: CanonicalAnswers) -> None:
    raw = summing("def add(numbers):\n    r" + SUM.replace("Return", r"Split at \n or \d. Return"))
    made = BUNDLED["layout"].apply(raw, 0, answers)
    assert made is not None
    assert made.prompt.startswith('def add(numbers):\n    r"""\n    Split at \\n or \\d. Return')


def test_comments_stand_above_decorators_and_not_where_nothing_is_said(answers: CanonicalAnswers) -> None:
    head = "from functools import wraps\n@wraps(\n    print)\ndef add(numbers):\n    "
    made = BUNDLED["comments"].apply(summing(head + SUM), 0, answers)
    assert made is not None
    assert made.prompt.startswith("from functools import wraps\n# Return the sum of the first two numbers.\n# >>>")
    assert BUNDLED["comments"].apply(summing('def add(numbers):\n    """ """\n'), 0, answers) is None
    assert BUNDLED["layout"].apply(summing('def add(numbers):\n    """ """\n'), 0, answers) is None


def test_a_statement_is_indented_by_what_its_function_is_indented_by(answers: CanonicalAnswers) -> None:
    tabs = summing(("def add(numbers):\n    " + SUM).replace("    ", "\t"), WHOLE.replace("    ", "\t"))
    for name in ("layout", "sentence-after"):
        made = BUNDLED[name].apply(tabs, 0, answers)
        assert made is not None
        assert " " not in "".join(line[:1] for line in made.prompt.split("\n"))


def test_no_hint_stands_in_a_comment(answers: CanonicalAnswers) -> None:
    assert BUNDLED["typed"].apply(summing("def add(numbers):\n    " + SUM), 0, answers) is not None
    assert BUNDLED["typed"].apply(summing("def add(numbers  # (all)\n        ):\n    " + SUM), 0, answers) is None
