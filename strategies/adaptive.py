"""More draws where it is hard, fewer where it is easy; and the answer that most others agree with.

The first answers are ``best_of``'s: the same recipe at the same temperature, so that what both draw is one generation.
Beside the docstring's examples these strategies see what candidates do on inputs of our own making: drawn from
annotations, docstring and its examples, never from the hidden test (pytest_humaneval/guiding/visible_inputs.py).
Right answers agree with each other there, wrong ones differ (AlphaCode's clustering, Li et al. 2022, arXiv:2203.07814;
CodeT, Chen et al. 2022, arXiv:2207.10397), so agreement tells when to stop and what to take, most of all where examples
are few.

How many agree before it is settled, and how many are drawn at most, was chosen on MBPP's validation split
(docs/adaptive.md). ``review`` runs nothing: it has the model look again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from pytest_humaneval import (
    Candidate,
    Message,
    Problem,
    Prompt,
    Question,
    Questions,
    Trial,
    draw,
    guided_strategy,
    try_out,
    undefined_names,
)

from .execution_guided import NUM_SAMPLES, TEMPERATURE
from .published import CLOSING_FENCE, LM_EVAL_ANSWER, lm_eval_instruct

AGREEING = 2  # answers that fit all examples and say the same everywhere
MANY_EXAMPLES = 3  # from which on one answer that fits them all needs nobody to agree with it
AT_ONCE = 3  # answers, behind the first ones, which come one by one
FEW_DRAWS = NUM_SAMPLES  # where one fits all examples and nobody agrees with it, or where there is nothing to see
MORE_DRAWS = 11  # where none is right on any example, or there is none
MOST_DRAWS = 20  # where some are right on some
NUM_INPUTS = 16

REVIEW = """\
Look at this function once more. Does it do what its docstring says, for every input, also for the smallest ones? \
Write it again, and correct what is wrong."""


@dataclass(slots=True)
class Drawn:
    """All answers to one problem so far, with what each does on the examples and on the drawn inputs."""

    problem: Problem
    agreeing: int = AGREEING
    limits: tuple[int, int, int] = (FEW_DRAWS, MORE_DRAWS, MOST_DRAWS)
    candidates: list[Candidate] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)

    def fitting(self) -> list[int]:
        """Of those that end, those that get the most examples right; of these, those that define what they use."""
        ended = [number for number, trial in enumerate(self.trials) if trial.kind == "passed"]
        most = max((self.trials[number].num_right for number in ended), default=0)
        best = [number for number in ended if self.trials[number].num_right == most]
        return [number for number in best if self._is_whole(number)] or best or list(range(len(self.candidates)))

    def wanted(self) -> int:
        """How many answers to draw next; 0 where more would hardly change which is taken."""
        count, limit = len(self.trials), self._limit()
        if self._is_settled() or count >= limit:
            return 0
        return min(AT_ONCE if count >= AGREEING else 1, limit - count)

    def _is_settled(self) -> bool:
        """Whether enough answers fit all examples, define what they use, and say the same on all inputs."""
        fitting = [each for each in self.fitting() if self.trials[each].passed and self._is_whole(each)]
        groups = Counter(self.trials[each].answers for each in fitting if any(self.trials[each].answers))
        many = bool(fitting) and self.trials[fitting[0]].num_examples >= MANY_EXAMPLES
        return max(groups.values(), default=0) >= (1 if many else self.agreeing)

    def _limit(self) -> int:
        """Up to how many draws it is worth while: most where a better answer is near."""
        few, more, most = self.limits
        blind = not any(trial.num_examples or any(trial.answers) for trial in self.trials)
        if blind or any(trial.num_examples and trial.passed for trial in self.trials):
            return few
        return most if any(trial.num_right for trial in self.trials) else more

    def _is_whole(self, number: int) -> bool:
        return not undefined_names(self.problem, self.candidates[number].code)

    def agreement(self, number: int, others: list[int]) -> int:
        """On how many inputs how many of the others say the same; who raises agrees with nobody."""
        mine = self.trials[number].answers
        return sum(
            answer != "" and answer == other
            for each in others
            for answer, other in zip(mine, self.trials[each].answers, strict=False)
        )


def most_probable(drawn: Drawn) -> Candidate:
    """Of those that fit, the most probable."""
    return max((drawn.candidates[number] for number in drawn.fitting()), key=lambda candidate: candidate.logprob)


def most_agreed(drawn: Drawn) -> Candidate:
    """Of those that fit, what most of them agree with; of several such, the most probable."""
    fitting = drawn.fitting()
    best = max(fitting, key=lambda number: (drawn.agreement(number, fitting), drawn.candidates[number].logprob))
    return drawn.candidates[best]


@guided_strategy("best_of_adaptive", f"1 to {MOST_DRAWS} samples; the most probable that fits the examples")
def best_of_adaptive(problem: Problem) -> Questions:
    """``best_of`` that draws until answers agree; examples that the docstring states in words count too."""
    return most_probable((yield from _drawn(problem)))


@guided_strategy("vote_adaptive", f"1 to {MOST_DRAWS} samples; of those that fit, what most agree with")
def vote_adaptive(problem: Problem) -> Questions:
    """``vote`` by each input for itself: one on which many err does not part those that agree on all others."""
    return most_agreed((yield from _drawn(problem)))


@guided_strategy("review", "the greedy answer, at which the model looks once more; nothing is run", runs_nothing=True)
def review(problem: Problem) -> Questions:
    """Self-refinement in one step (Madaan et al. 2023, arXiv:2303.17651); what is no function leaves the first."""
    (first,) = yield from draw(lm_eval_instruct.build_prompt(problem))
    (second,) = yield from draw(_review_question(problem, first))
    return second if second.code.strip() and _parses(problem, second) else first


def _drawn(problem: Problem) -> Generator[Question, Any, Drawn]:
    """Answers until it is settled which is right, or there are enough."""
    drawn, question = Drawn(problem), lm_eval_instruct.build_prompt(problem)
    while wanted := drawn.wanted():
        more = yield from draw(question, wanted, temperature=TEMPERATURE)
        drawn.trials += yield from try_out(more, drawn_inputs=NUM_INPUTS)
        drawn.candidates += more
    return drawn


def _review_question(problem: Problem, answer: Candidate) -> Prompt:
    """The first question, the answer, the request to look again; the second answer begins as the first did."""
    first = lm_eval_instruct.build_prompt(problem)
    *question, begun = first.messages
    answered = Message("assistant", begun.content + answer.generation.text.rstrip() + CLOSING_FENCE)
    prefill = Message("assistant", LM_EVAL_ANSWER.substitute(prompt=problem.prompt))
    return Prompt("chat", messages=(*question, answered, Message("user", REVIEW), prefill), stop=first.stop)


def _parses(problem: Problem, candidate: Candidate) -> bool:
    try:
        compile(problem.prompt + candidate.code, "<answer>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
