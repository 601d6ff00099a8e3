"""Strengthens one problem: from its known inputs and its programs to the stronger test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_humaneval.dataset.examples import Example, visible_examples
from pytest_humaneval.problem import Problem
from pytest_humaneval.results.headline import counterexample
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT, Sandbox
from pytest_humaneval.strengthen.agreement import LEAST_CLOSE, Case, columns, is_defensible, within
from pytest_humaneval.strengthen.choosing import WEIGHT, Suspect, chosen
from pytest_humaneval.strengthen.comparing import Comparison, comparison_of
from pytest_humaneval.strengthen.domain import Answers, Domain, is_numbers
from pytest_humaneval.strengthen.drawing import drawn
from pytest_humaneval.strengthen.mutants import mutants
from pytest_humaneval.strengthen.programs import Program, independent
from pytest_humaneval.strengthen.promises import is_plain_speech, promised
from pytest_humaneval.strengthen.running import (
    AGREES,
    UNKNOWN,
    Arguments,
    answers,
    is_literal,
    literal,
    marks,
    recorded_calls,
)
from pytest_humaneval.strengthen.simpler import size, smaller
from pytest_humaneval.strengthen.traits import FIRM
from pytest_humaneval.strengthen.writing import Account, Mutants, Rejected, strong_test

MOST_KNOWN = 150  # inputs that are looked at: a few tests call a function hundreds of times
MOST_WRONG = 10  # programs that fail the plain test: on what they fail, others may
MANY_MUTANTS = 20
MOST_SHRUNK = 5  # inputs that reject a program, of one problem
ROUNDS = 6  # of shrinking one input


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is drawn and kept: ``draws`` of each of three kinds, at most ``inputs`` kept."""

    draws: int = 150
    inputs: int = 40


@dataclass(frozen=True, slots=True)
class _Bench:
    """One problem with all that takes part in judging its inputs."""

    sandbox: Sandbox
    problem: Problem
    comparison: Comparison
    domain: Domain
    promises: set[str]
    right: Sequence[Program]  # independent programs that pass the plain test
    wrong: Sequence[Program]  # some that do not
    examples: Sequence[Example]  # of the docstring
    answered: Answers  # to the known inputs

    def cases(self, inputs: Sequence[Arguments]) -> list[Case]:
        """Those of the inputs that are of the domain and have one answer, and what the programs make of them."""
        near = [(each, within(self.domain, self.promises, each, len(self.right))) for each in inputs]
        allowed = [(each, broken) for each, broken in near if broken is not None]
        solution, values = self.problem.canonical_solution, [each for each, _ in allowed]
        results = answers(self.sandbox, self.problem, values, self.comparison)
        made = [
            Case(each, broken | of_answer, text)
            for (each, broken), text in zip(allowed, results, strict=True)
            if is_literal(text) and FIRM not in (of_answer := self.answered.broken_by(literal(text)))
        ]
        pairs = [(case.arguments, case.expected) for case in made]
        again = self._marks(solution, pairs)  # in another process: what is random differs
        seen = columns([self._marks(program.completion, pairs) for program in self.right], len(made))
        few = len(self.right) < LEAST_CLOSE
        others = columns([self._marks(program.completion, pairs) for program in self.wrong if few], len(made))
        steady = [
            replace(case, marks=mine, others=theirs, is_example=self._says(case) is True, is_plain=self._is_plain(case))
            for case, mine, theirs, same in zip(made, seen, others, again, strict=True)
            if same == AGREES
        ]
        return [case for case in steady if self._says(case) is not False]

    def _is_plain(self, case: Case) -> bool:
        return not case.broken and is_numbers(case.arguments) and is_plain_speech(self.problem)

    def _says(self, case: Case) -> bool | None:
        """Whether the docstring has this answer; None where it has none to this input."""
        examples = [example for example in self.examples if repr(example.arguments) == repr(case.arguments)]
        return literal(case.expected) == examples[0].expected if examples else None

    def suspects(self, cases: Sequence[Case], others: Iterable[str]) -> list[Suspect]:
        """The programs that pass the plain test, and others that are wrong or may be."""
        pairs = [(case.arguments, case.expected) for case in cases]
        right = [Suspect("".join(case.marks[place] for case in cases), WEIGHT) for place in range(len(self.right))]
        return [*right, *(Suspect(self._marks(program, pairs)) for program in others)]

    def shrunk(self, case: Case) -> Case:
        """The simplest input, step by step, that rejects at least the same programs."""
        for _ in range(ROUNDS):
            simpler = [other for other in self.cases(smaller(case.arguments)) if _rejects_as_much(other, case)]
            if not simpler:
                return case
            case = min(simpler, key=lambda other: size(other.arguments))
        return case

    def _marks(self, program: str, pairs: Sequence[tuple[Arguments, str]]) -> str:
        return marks(self.sandbox, self.problem, program, pairs, self.comparison)


def strengthen_problem(
    sandbox: Sandbox, problem: Problem, samples: Iterable[tuple[str, str]], settings: Settings, made_from: str
) -> tuple[str, Account]:
    """The stronger test, and an account of it; without a test the account says why there is none.

    Raises:
        SandboxError: the sandbox could not do it.
    """
    comparison = comparison_of(problem)
    if comparison is None:
        return "", Account(made_from, why_none="its test judges results in a way of its own")
    shown = visible_examples(problem.visible())
    known = _known_inputs(sandbox, problem, shown)
    if not known:
        return "", Account(made_from, why_none="its test passes nothing that can be written down")
    passing, failing = _sorted_out(sandbox, problem, independent(problem, samples))
    answered = Answers(map(literal, filter(is_literal, answers(sandbox, problem, known, comparison))))
    domain, wrong = Domain(known), failing[:MOST_WRONG]
    bench = _Bench(sandbox, problem, comparison, domain, promised(problem), passing, wrong, shown, answered)
    tested = {repr(each) for each in known} - {repr(example.arguments) for example in shown}  # by the plain test
    inputs = drawn(problem.task_id, bench.domain, settings.draws)
    cases = bench.cases([arguments for arguments in inputs if repr(arguments) not in tested])
    return _strengthened(bench, cases, settings, Account(made_from, known=len(known), programs=len(passing)))


def _strengthened(bench: _Bench, judged: Sequence[Case], settings: Settings, account: Account) -> tuple[str, Account]:
    """The stronger test of the cases that were found, and the account of it."""
    sandbox, problem = bench.sandbox, bench.problem
    good = [case for case in judged if is_defensible(case)]
    changed = mutants(problem, MANY_MUTANTS)
    survivors = [program for program in changed if _passes(sandbox, problem, program)]
    suspects = bench.suspects(good, [*survivors, *(program.completion for program in bench.wrong)])
    cases = _in_time(bench, _simplified(bench, chosen(good, suspects, settings.inputs)))
    test = strong_test(cases, bench.comparison)
    stronger = replace(problem, strong_test=test)
    return test, replace(
        account,
        inputs=len(cases),
        ambiguous=len(judged) - len(good),
        rejected=_rejected(sandbox, stronger, bench.right) if test else (),
        mutants=_mutants(sandbox, stronger, changed, survivors),
        why_none="" if test else "no input is left that right programs agree on",
    )


def _known_inputs(sandbox: Sandbox, problem: Problem, shown: Iterable[Example]) -> list[Arguments]:
    inputs = {
        repr(each): each for each in [*(example.arguments for example in shown), *recorded_calls(sandbox, problem)]
    }
    return list(inputs.values())[:MOST_KNOWN]


def _sorted_out(sandbox: Sandbox, problem: Problem, programs: Iterable[Program]) -> tuple[list[Program], list[Program]]:
    """Those that pass the plain test, and those that do not."""
    passing: list[Program] = []
    failing: list[Program] = []
    for program in programs:
        (passing if _passes(sandbox, problem, program.completion) else failing).append(program)
    return passing, failing


def _simplified(bench: _Bench, cases: Sequence[Case]) -> list[Case]:
    """The same, those shrunk that reject a program; each input once."""
    simplest: dict[str, Case] = {}
    shrunk = 0
    for case in cases:
        if case.dissent and shrunk < MOST_SHRUNK:
            case, shrunk = bench.shrunk(case), shrunk + 1
        simplest.setdefault(repr(case.arguments), case)
    return sorted(simplest.values(), key=lambda case: len(repr(case.arguments)))


def _in_time(bench: _Bench, cases: list[Case]) -> list[Case]:
    """The simpler half, again and again, until the canonical solution needs a third of the time that all have."""
    while cases:
        problem = replace(bench.problem, test=strong_test(cases, bench.comparison))
        if bench.sandbox.check(problem, problem.canonical_solution, timeout=DEFAULT_TIMEOUT / 3).passed:
            break
        cases = cases[: len(cases) // 2]
    return cases


def _rejects_as_much(case: Case, other: Case) -> bool:
    as_right = {AGREES, UNKNOWN}
    pairs = zip(case.marks, other.marks, strict=True)
    rejected = all(mine not in as_right for mine, theirs in pairs if theirs not in as_right)
    return rejected and is_defensible(case) and case.broken <= other.broken


def _rejected(sandbox: Sandbox, problem: Problem, programs: Iterable[Program]) -> tuple[Rejected, ...]:
    rejections = []
    for program in programs:
        strong = sandbox.check(problem, program.completion, timeout=DEFAULT_TIMEOUT).strong
        if strong is not None and not strong.passed:
            rejections.append(Rejected(program.strategies, counterexample(strong.kind, strong.detail, "candidate")))
    return tuple(rejections)


def _mutants(sandbox: Sandbox, problem: Problem, changed: Sequence[str], survivors: Sequence[str]) -> Mutants:
    killed = len(changed) - len(survivors)
    further = sum(not _passes_both(sandbox, problem, program) for program in survivors) if problem.strong_test else 0
    return Mutants(len(changed), killed, killed + further)


def _passes(sandbox: Sandbox, problem: Problem, completion: str) -> bool:
    return sandbox.check(replace(problem, strong_test=""), completion, timeout=DEFAULT_TIMEOUT).passed


def _passes_both(sandbox: Sandbox, problem: Problem, completion: str) -> bool:
    verdict = sandbox.check(problem, completion, timeout=DEFAULT_TIMEOUT)
    return verdict.passed and (verdict.strong is None or verdict.strong.passed)
