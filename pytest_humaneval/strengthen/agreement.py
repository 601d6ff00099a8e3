"""Which inputs are defensible: what right programs make of them, and how far they are from what is known.

The programs are independent ones that pass the plain test. One that is alone against all others is wrong; an input on
which many differ is ambiguous, and nobody is to be judged by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_humaneval.strengthen.domain import Domain
from pytest_humaneval.strengthen.running import AGREES, DIES, UNKNOWN, Arguments
from pytest_humaneval.strengthen.traits import (
    EMPTY,
    FIRM,
    LARGE,
    LONG,
    MASK,
    NEGATIVE,
    ORDER,
    REPEATS,
    SHORT,
    SMALL,
    WHOLE,
    ZERO,
)

LEAST_CLOSE, LEAST_NATURAL, LEAST_WIDE = 2, 3, 5  # programs that have to agree before any may be wrong
SHARE_CLOSE, SHARE_NATURAL, SHARE_WIDE = 0.5, 0.75, 0.8  # of them
NATURAL = {ZERO, NEGATIVE, SMALL, LARGE, WHOLE, SHORT, LONG, ORDER, REPEATS}  # what hardly anybody would rule out
LEAST_CHANCE = 3  # of them where the answer is one that programs give by chance
TELLING = 3  # characters of an answer that no two programs give by chance
MOST_TRAITS = 2  # given up at once
NONE_GIVEN = ("[]", "()", "{}", "''", "set()")  # what is natural to make of nothing
CHANCE = ("True", "False", "None")


@dataclass(frozen=True, slots=True)
class Case:
    """An input with the right answer, as source, and what each program makes of it.

    ``broken`` are the traits of the known inputs that it does not share. ``marks`` are of the programs that pass the
    plain test, ``others`` of some that do not: where few pass, they are witnesses too, for who errs alike is rare.
    ``is_example`` says that the docstring has this very answer, ``is_plain`` that nothing about the input can be read
    in two ways: it is numbers alone, shares all traits, and the docstring sets no limits and rounds nothing.
    """

    arguments: Arguments
    broken: frozenset[str]
    expected: str
    marks: str = ""
    others: str = ""
    is_example: bool = False
    is_plain: bool = False

    @property
    def agreeing(self) -> int:
        return self.marks.count(AGREES)

    @property
    def judged(self) -> int:
        """How many programs came as far as this."""
        return len(self.marks) - self.marks.count(UNKNOWN)

    @property
    def dissent(self) -> bool:
        """Whether any program is wrong, should the canonical solution be right."""
        return self.agreeing < self.judged


def within(domain: Domain, kept: set[str], arguments: Arguments, programs: int) -> frozenset[str] | None:
    """The traits that an input gives up; None where it may not: few programs are there to agree, or they are firm.

    ``kept`` are those that the docstring speaks of.
    """
    broken = domain.broken_by(arguments)
    if domain.can_be_read_in_two_ways(arguments):
        return None
    if not broken:
        return frozenset()
    if FIRM in broken or broken & kept or len(broken) > MOST_TRAITS or (MASK in broken and programs < 2 * LEAST_WIDE):
        return None
    return frozenset(broken) if programs >= (LEAST_NATURAL if broken <= NATURAL else LEAST_WIDE) else None


def is_defensible(case: Case) -> bool:
    """Whether so many programs agree with the canonical solution that another answer is wrong, and not another view.

    Where no program dissents, the input tells nothing of those here, but may of others: it stays.
    """
    if case.is_example:
        return True
    if EMPTY in case.broken and case.expected not in NONE_GIVEN:
        return False  # the largest of nothing: one raises, another says 0
    if case.broken or DIES in case.marks:  # of a slow program nobody knows whether it is wrong
        natural = case.broken <= NATURAL and DIES not in case.marks
        least, share = (LEAST_NATURAL, SHARE_NATURAL) if natural else (LEAST_WIDE, SHARE_WIDE)
        return case.agreeing >= least and case.agreeing >= share * case.judged
    least = LEAST_CHANCE if case.expected in CHANCE else LEAST_CLOSE
    if case.is_plain and case.judged < least:  # few models solve the problem: nobody speaks against the solution
        return not case.dissent
    if case.judged < LEAST_CLOSE:
        telling = len(case.expected) >= TELLING and case.expected not in CHANCE
        return telling and case.agreeing + case.others.count(AGREES) >= LEAST_CLOSE
    return case.agreeing >= least and case.agreeing >= SHARE_CLOSE * case.judged


def columns(rows: Sequence[str], count: int) -> list[str]:
    """The marks of each case, from those of each program."""
    return ["".join(row[number] for row in rows) for number in range(count)]
