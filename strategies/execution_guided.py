"""More than one question, guided by what the code does on the docstring's own examples.

These see what the others don't: whether the examples in the docstring come out right. So they stand apart in every
table, and each names what it spends. The first answers come from lm-evaluation-harness' recipe, ``lm_eval_instruct``:
the answer begins with the problem itself, so a sample costs a body, 0.4 of the tokens of the recipe of the model's
makers, which repeats the docstring, at the same pass@1 (benchmarks/results/table). Post-processing is the same; the
hidden test plays no part.

Answers are drawn at temperature 0.6, without a nucleus: Codex' custom for reranking (Chen et al. 2021,
arXiv:2107.03374) is 0.8 with a nucleus of 0.95, but to find it 150,000 probabilities are sorted for every token, which
takes a CPU as long as the model; a lower temperature thins the same tail. Five answers are a matter of cost. None of
this was tuned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from string import Template
from typing import Any

from pytest_humaneval import (
    Candidate,
    Message,
    Problem,
    Prompt,
    Question,
    Questions,
    draw,
    guided_strategy,
    try_out,
)

from .published import CLOSING_FENCE, FENCE, lm_eval_instruct

NUM_SAMPLES = 5
TEMPERATURE = 0.6
NUM_ROUNDS = 2

REPAIR = Template("""\
That is not correct yet: $failure

Write the whole function again, corrected.""")


@guided_strategy("best_of", f"{NUM_SAMPLES} samples; of those that fit the examples, the most probable")
def best_of(problem: Problem) -> Questions:
    """Filter by the visible examples (as AlphaCode does, Li et al. 2022, arXiv:2203.07814), then rank by probability.

    Where none fits all examples, those that fit the most stay in.
    """
    candidates = yield from draw(_question(problem), NUM_SAMPLES, temperature=TEMPERATURE)
    fitting = yield from _fitting(candidates)
    return _most_probable(fitting)


@guided_strategy("vote", f"{NUM_SAMPLES} samples; of those that fit the examples, the largest group that behaves alike")
def vote(problem: Problem) -> Questions:
    """Right answers agree with each other, wrong ones differ (AlphaCode's clustering; CodeT, Chen et al. 2022).

    Behaviour is what a candidate returns and raises on the examples' arguments and on ones derived from them.
    """
    candidates = yield from draw(_question(problem), NUM_SAMPLES, temperature=TEMPERATURE)
    fitting = yield from _fitting(candidates)
    trials = yield from try_out(fitting, derived_inputs=True)
    behaviours = [trial.behaviour or trial.kind for trial in trials]
    sizes = Counter(behaviours)
    largest = max(sizes, key=lambda each: sizes[each])  # of equal ones the first that was drawn
    return _most_probable([fitting[index] for index, each in enumerate(behaviours) if each == largest])


@guided_strategy("repair", f"the greedy answer; where it fails an example, up to {NUM_ROUNDS} rounds of repair")
def repair(problem: Problem) -> Questions:
    """The failing example goes back to the model (Self-Debug, Chen et al. 2023, arXiv:2304.05128).

    A repaired answer is taken only if more examples come out right than before.
    """
    (best,) = yield from draw(_question(problem))
    (trial,) = yield from try_out([best])
    for _ in range(NUM_ROUNDS):
        if trial.passed or not trial.failure:
            break
        (other,) = yield from draw(_repair_question(problem, best, trial.failure))
        (other_trial,) = yield from try_out([other])
        if other_trial.num_right <= trial.num_right:
            break  # asked again, greedy decoding would only repeat itself
        best, trial = other, other_trial
    return best


def _question(problem: Problem) -> Prompt:
    return lm_eval_instruct.build_prompt(problem)


def _repair_question(problem: Problem, answer: Candidate, failure: str) -> Prompt:
    """The first question, the answer, what is wrong with it; the corrected function begins where its fence is open."""
    first = _question(problem)
    *earlier, begun = first.messages
    answered = Message("assistant", begun.content + answer.generation.text.rstrip() + CLOSING_FENCE)
    turns = (*earlier, answered, Message("user", REPAIR.substitute(failure=failure)), Message("assistant", FENCE))
    return Prompt("chat", messages=turns, stop=first.stop, completion_prefix=FENCE)


def _fitting(candidates: tuple[Candidate, ...]) -> Generator[Question, Any, list[Candidate]]:
    """Those that come to an end on the examples and get the most of them right; all, where none ends."""
    trials = yield from try_out(candidates)
    ended = [trial.num_right for trial in trials if trial.kind == "passed"]
    most = max(ended, default=0)
    fitting = [
        candidate
        for candidate, trial in zip(candidates, trials, strict=True)
        if trial.kind == "passed" and trial.num_right == most
    ]
    return fitting or list(candidates)


def _most_probable(candidates: list[Candidate]) -> Candidate:
    return max(candidates, key=lambda candidate: candidate.logprob)
