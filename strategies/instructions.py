"""Advice in a comment above the problem: for models that follow instructions even where they only continue code."""

from __future__ import annotations

from string import Template

from pytest_humaneval import Category, Problem, Prompt, strategy

from .expert import framed, framed_by_category

INSTRUCTIONS = Template("""\
# Complete the function below.
# - It must be correct: do exactly what the docstring says, and return what its examples show.
# - It must handle edge cases: empty input, a single element, equal elements, zero and negative numbers.
# - Use only the standard library, and import what you use.
# - Write the whole body.

$prompt""")

HINTS = Template("""\
# Of every 10 wrong answers,
# - 8 run and return something else than the docstring asks, or nothing: do what it says, follow its examples, return
# - 1 uses a name that was never defined or imported: define each helper, import each module
# - 1 breaks on an empty list, on text that is no number, or on an index out of range: think of these

$prompt""")

PATTERNS = Template('''\
"""Patterns used in this module.

count          counts[item] = counts.get(item, 0) + 1
neighbours     for left, right in zip(items, items[1:]): ...
all pairs      for i in range(len(items)): for j in range(i + 1, len(items)): ...
digits         [int(digit) for digit in str(abs(number))]
words          text.split(), " ".join(words)
sort by        sorted(items, key=lambda item: (len(item), item))
best           max(items, key=len, default=None)
"""

$prompt''')

GUIDANCE = {
    Category.STRING: Template("""\
# Strings: look at each character, keep case and spaces unless told otherwise, think of the empty string.

$prompt"""),
    Category.LIST: Template("""\
# Lists: keep the order unless told otherwise, think of the empty list and of equal elements, leave the argument alone.

$prompt"""),
    Category.SORTING: Template("""\
# Sorting: use sorted() with a key, settle ties as the docstring says, return a new list.

$prompt"""),
    Category.MATH: Template("""\
# Numbers: use integer arithmetic where the numbers are integers, think of zero, one and negative numbers.

$prompt"""),
}


@strategy("instructional", "instructions that stress correctness and edge cases")
def instructional(problem: Problem) -> Prompt:
    """Every rule a reviewer would name, before a line is written."""
    return framed(INSTRUCTIONS, problem)


@strategy("datadriven", "a short list of hints from the statistics of errors")
def datadriven(problem: Problem) -> Prompt:
    """Hints by kind of error, never by problem.

    Of the 92 answers to ``minimal`` that failed (benchmarks/results/table/first), 71 returned something else, 8 of them
    nothing; 10 were a NameError; 7 a ValueError, IndexError or TypeError; 4 something else.
    """
    return framed(HINTS, problem)


@strategy("helper", "common code patterns first")
def helper(problem: Problem) -> Prompt:
    """A module docstring with idioms to copy, on the idea that a pattern in sight need not be invented."""
    return framed(PATTERNS, problem)


@strategy("opt1", "one line of guidance for the problem's category")
def opt1(problem: Problem) -> Prompt:
    """``instructional`` cut down to the one line that concerns the problem; other categories get the plain prompt."""
    return framed_by_category(GUIDANCE, problem)
