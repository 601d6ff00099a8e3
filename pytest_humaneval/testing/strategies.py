"""The rules that every strategy keeps, and a guided strategy that is answered by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_humaneval.postprocess import postprocess
from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import Message, Prompt
from pytest_humaneval.prompting.guided import Candidate, Question, Trial
from pytest_humaneval.sample import Completion, Generation
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.testing.small_problems import PROBLEMS


def check_strategy(strategy: Strategy, problems: Iterable[Problem] = PROBLEMS) -> None:
    """Assert that ``strategy`` may be compared with others.

    Its prompt is of the mode it declares and ends with what is put in front of the answer; the hidden test and the
    canonical solution change nothing; and if entry point and task are renamed, nothing but those names changes.

    Raises:
        AssertionError: it breaks one of these rules; the message says which, and with which problem.
    """
    for problem in problems:
        prompt, name = strategy.build_prompt(problem.visible()), f"{strategy.name}, {problem.task_id}"
        assert isinstance(prompt, Prompt), f"{name}: not a Prompt: {prompt!r}"
        assert strategy.guided or prompt.mode == strategy.mode, f"{name}: {prompt.mode} instead of {strategy.mode}"
        assert _end(prompt).endswith(prompt.completion_prefix), f"{name}: the prompt does not end with its prefix"
        assert strategy.build_prompt(problem) == prompt, f"{name}: depends on the hidden test or the solution"
        assert _of_twin(strategy, problem) == prompt, f"{name}: depends on names by more than showing them"


def completion_of(strategy: Strategy, problem: Problem, text: str, *, postprocessor: str = "") -> Completion:
    """The code that a run would check if the model's answer to ``strategy`` were ``text``.

    ``postprocessor`` is the strategy's own unless another one is named.
    """
    visible = problem.visible()
    return postprocess(postprocessor or strategy.postprocess, visible, strategy.build_prompt(visible), text)


def candidate(code: str, logprob: float | None = None, *, text: str = "") -> Candidate:
    """An answer of the model, for :func:`play`: ``text`` as it came, if that is not the code alone."""
    return Candidate(Generation(text or code, logprob=logprob), Completion(code))


@dataclass(frozen=True, slots=True)
class Played:
    """What a guided strategy asked, and the candidate that it settled on."""

    chosen: Candidate
    questions: tuple[Question, ...]


def play(strategy: Strategy, problem: Problem, *answers: Sequence[Candidate | Trial]) -> Played:
    """Let a guided strategy ask, and give it these answers: candidates to a ``Draw``, trials to a ``TryOut``.

    Raises:
        AssertionError: it is not guided, or asks fewer or more questions than there are answers.
    """
    assert strategy.solve is not None, f"{strategy.name} is not a guided strategy"
    solving, questions = strategy.solve(problem.visible()), []
    try:
        questions.append(next(solving))
        for answer in answers:
            questions.append(solving.send(tuple(answer)))
    except StopIteration as end:
        said = f"{strategy.name} asked {len(questions)} questions, and there are {len(answers)} answers"
        assert len(questions) == len(answers), said
        return Played(end.value, tuple(questions))
    raise AssertionError(f"{strategy.name} asks on after {len(answers)} answers: {questions[-1]!r}")


def _end(prompt: Prompt) -> str:
    """Where the model goes on."""
    return prompt.messages[-1].content if prompt.messages else prompt.text


def _of_twin(strategy: Strategy, problem: Problem) -> Prompt:
    """The prompt of the same problem under other names, with the names put back."""
    name = f"renamed_{problem.entry_point}"
    text = re.sub(rf"\b{re.escape(problem.entry_point)}\b", name, problem.prompt)
    prompt = strategy.build_prompt(Problem("Other/1", text, name, "", ""))

    def named_back(text: str) -> str:
        return text.replace(name, problem.entry_point)

    return replace(
        prompt,
        text=named_back(prompt.text),
        messages=tuple(Message(message.role, named_back(message.content)) for message in prompt.messages),
        completion_prefix=named_back(prompt.completion_prefix),
    )
