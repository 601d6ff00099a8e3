"""Solved problems to show before the real one: our own, none from HumanEval or MBPP.

Each is a whole module in HumanEval's style, and the project's tests run its doctests.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_humaneval import Category


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """A problem, its solution, and the category it stands for."""

    category: Category
    prompt: str
    solution: str

    @property
    def code(self) -> str:
        """The whole module."""
        return self.prompt + self.solution


STRING = WorkedExample(
    Category.STRING,
    '''\
def initials(name: str) -> str:
    """ Return the first letter of every word of name in upper case, each followed by a dot.
    >>> initials('ada king lovelace')
    'A.K.L.'
    >>> initials('')
    ''
    """
''',
    """\
    result = ''
    for word in name.split():
        result += word[0].upper() + '.'
    return result
""",
)

LIST = WorkedExample(
    Category.LIST,
    '''\
from typing import List


def longest_rise(heights: List[int]) -> int:
    """ Return the length of the longest run of neighbours in which every height is greater than the one before.
    >>> longest_rise([3, 5, 8, 2, 4])
    3
    >>> longest_rise([])
    0
    """
''',
    """\
    best = current = 0
    for i, height in enumerate(heights):
        if i > 0 and height > heights[i - 1]:
            current += 1
        else:
            current = 1
        best = max(best, current)
    return best
""",
)

SORTING = WorkedExample(
    Category.SORTING,
    '''\
from typing import List, Tuple


def cheapest_first(goods: List[Tuple[str, float]]) -> List[str]:
    """ Return the names of goods, sorted by price; goods of the same price are sorted by name.
    >>> cheapest_first([('pear', 2.0), ('plum', 0.5), ('fig', 2.0)])
    ['plum', 'fig', 'pear']
    """
''',
    """\
    ordered = sorted(goods, key=lambda item: (item[1], item[0]))
    return [name for name, price in ordered]
""",
)

MATH = WorkedExample(
    Category.MATH,
    '''\
def is_abundant(n: int) -> bool:
    """ Tell whether the divisors of n that are smaller than n add up to more than n.
    >>> is_abundant(12)
    True
    >>> is_abundant(6)
    False
    """
''',
    """\
    total = 0
    for divisor in range(1, n):
        if n % divisor == 0:
            total += divisor
    return total > n
""",
)

WORKED_EXAMPLES = (STRING, LIST, SORTING, MATH)
