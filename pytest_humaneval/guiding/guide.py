"""Drives guided strategies: one thread of the controller asks their questions, for all problems at the same time.

Workers run one item after the other; were each to drive its own strategy, the engine would see one problem at a time.
So the controller does, and leaves every solution with the engine process, where the workers wait for it as they wait
for any generation. Equal draws of different strategies are one generation, as ever.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.exceptions import (
    OF_THEIRS,
    EngineError,
    HumanEvalError,
    SharedEngineError,
    StrategyError,
    raised_in,
)
from pytest_humaneval.guiding.pursuits import Asking, Pursuit, Pursuits
from pytest_humaneval.guiding.trial import try_completion
from pytest_humaneval.plan import Plan
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.prompting.guided import Candidate, Draw, TryOut
from pytest_humaneval.sample import ItemId, Request, Sampling, Solution
from pytest_humaneval.sandbox.interface import Sandbox

MOST_OPEN = 128  # items under way at a time where strategies may be decided early: enough for a full batch
MOST_QUESTIONS = 50  # of one strategy about one problem; a strategy that asks on for ever would hold the run up


class Guide:
    """Solves items whose strategies are guided, and publishes what came of each."""

    def __init__(self, plan: Plan, client: Asking, sandbox: Sandbox) -> None:
        self._plan = plan
        self._client = client
        self._sandbox = sandbox
        self._problems = {problem.task_id: problem.visible() for problem in plan.problems}
        self._strategies = {strategy.name: strategy for strategy in plan.strategies}
        self.sampling: dict[str, list[list[float]]] = {}  # temperatures and top-p that strategies asked for

    def solve(self, items: Iterable[ItemId]) -> None:
        """Pursue all items, in their order; whatever goes wrong with one is published as its error.

        Raises:
            EngineError: the engine process is gone, and with it everybody who waits.
        """
        waiting, to_come = Pursuits(self._client), iter(items)
        self._open(to_come, waiting)
        while waiting:
            pursuit = waiting.next()
            try:
                candidates = tuple(self._candidate(pursuit, *request) for request in pursuit.requests)
            except HumanEvalError as error:
                self._publish_error(pursuit.item, error)
            else:
                self._advance(pursuit, candidates, waiting)
            self._open(to_come, waiting)

    def _open(self, items: Iterator[ItemId], waiting: Pursuits) -> None:
        """Begin with as many as may be under way: all, unless strategies may be decided before all are solved."""
        opened: list[Pursuit] = []
        while not self._plan.stop or len(waiting) + len(opened) < MOST_OPEN:
            if (item := next(items, None)) is None:
                break
            if (pursuit := self._begin(item)) is not None and self._advance(pursuit, None):
                opened.append(pursuit)
        if opened:
            self._client.submit(request for pursuit in opened for request in pursuit.requests)
            for pursuit in opened:
                waiting.add(pursuit)

    def _begin(self, item: ItemId) -> Pursuit | None:
        problem, strategy = self._problems[item.task_id], self._strategies[item.strategy]
        assert strategy.solve is not None, "only guided strategies come here"
        try:
            questions = strategy.solve(problem)
            if not isinstance(questions, Generator):
                raise StrategyError("it is not a generator; ask with `yield from draw(...)` and return a candidate")
            return Pursuit(item, problem, strategy, questions)
        except StrategyError as error:
            self._publish_error(item, error)
        except OF_THEIRS as error:
            self._publish_error(item, StrategyError(raised_in(error)))
        return None

    def _advance(self, pursuit: Pursuit, answer: Any, waiting: Pursuits | None = None) -> bool:
        """Hand the strategy its answer, and go on until it is done or, as is returned, waits for a draw.

        Without ``waiting`` the draw is not asked for yet: opening draws are submitted together.
        """
        try:
            while True:
                question = pursuit.questions.send(answer)
                pursuit.num_questions += 1
                if pursuit.num_questions > MOST_QUESTIONS:
                    raise StrategyError(f"it asked more than {MOST_QUESTIONS} questions about one problem")
                if isinstance(question, Draw):
                    pursuit.requests = self._requests(pursuit, question)
                    if waiting is not None:
                        self._client.submit(pursuit.requests)
                        waiting.add(pursuit)
                    return True
                if not isinstance(question, TryOut):
                    raise StrategyError(f"it yielded {question!r}; expected draw(...) or try_out(...)")
                if pursuit.strategy.runs_nothing:
                    raise StrategyError("it is declared to run nothing, and asked what its code does")
                answer = self._try_out(pursuit, question)
        except StopIteration as end:
            self._publish(pursuit, end.value)
        except HumanEvalError as error:
            self._publish_error(pursuit.item, error)
        except OF_THEIRS as error:
            self._publish_error(pursuit.item, StrategyError(raised_in(error)))
        return False

    def _requests(self, pursuit: Pursuit, question: Draw) -> list[tuple[str, Request]]:
        """One request a sample. Samples are numbered through the item's draws, so that no two answers are one."""
        if question.num_samples < 1:
            raise StrategyError(f"it asked for {question.num_samples} samples; expected 1 or more")
        if not isinstance(question.prompt, Prompt):
            raise StrategyError(
                f"it drew answers to {question.prompt!r:.60}; expected a Prompt: completion_prompt(text) or "
                "chat_prompt(user)"
            )
        if not (0 <= question.temperature <= 2 and 0 < question.top_p <= 1):
            raise StrategyError(
                f"it drew at temperature {question.temperature} and top_p {question.top_p}; "
                "expected 0 to 2, and above 0 to 1"
            )
        base = self._plan.sampling_of(pursuit.strategy)
        sampling = Sampling(
            question.temperature, question.top_p, base.max_tokens, base.seed, logprobs=question.temperature > 0
        )
        pairs = self.sampling.setdefault(pursuit.strategy.name, [])
        if (pair := [sampling.temperature, sampling.top_p]) not in pairs:
            pairs.append(pair)
        # Several solutions of one problem draw other samples; far apart, as nobody knows how many each draws.
        first = pursuit.item.sample_index * 10_000 + len(pursuit.drawn)
        made = (
            Request(question.prompt, sampling, first + index, pursuit.item.task_id, pursuit.strategy.name)
            for index in range(question.num_samples)
        )
        return [(self._plan.key(request), request) for request in made]

    def _candidate(self, pursuit: Pursuit, key: str, request: Request) -> Candidate:
        generation = self._client.generation(key, request)
        pursuit.drawn.append(generation)
        name = self._plan.postprocessor(pursuit.strategy)
        return Candidate(generation, self._plan.completion(name, pursuit.problem, request.prompt, generation.text))

    def _try_out(self, pursuit: Pursuit, question: TryOut) -> tuple[Any, ...]:
        """Equal code behaves equally: it runs once."""
        codes = dict.fromkeys(candidate.code for candidate in question.candidates)
        trials = {
            code: try_completion(
                self._sandbox,
                pursuit.problem,
                code,
                derived_inputs=question.derived_inputs,
                drawn_inputs=question.drawn_inputs,
            )
            for code in codes
        }
        return tuple(trials[candidate.code] for candidate in question.candidates)

    def _publish(self, pursuit: Pursuit, chosen: object) -> None:
        if not isinstance(chosen, Candidate):
            error = StrategyError(f"it returned {chosen!r}; expected one of the candidates it drew")
            return self._publish_error(pursuit.item, error)
        total = replace(
            chosen.generation,
            prompt_tokens=sum(each.prompt_tokens for each in pursuit.drawn),
            completion_tokens=sum(each.completion_tokens for each in pursuit.drawn),
            # Of what comes from the store, even in part, nobody knows what it would have taken here.
            seconds=max(each.seconds for each in pursuit.drawn) if all(each.seconds for each in pursuit.drawn) else 0.0,
        )
        return self._client.publish(pursuit.item.key, Solution(total, chosen.completion, len(pursuit.drawn)))

    def _publish_error(self, item: ItemId, error: HumanEvalError) -> None:
        own, shared = isinstance(error, StrategyError), isinstance(error, SharedEngineError)
        message = f"strategy {item.strategy!r} on {item.task_id}: {error}"
        self._client.publish_error(item.key, message, shared=shared, by_strategy=own)


class GuideThread:
    """A guide at work in a thread and a sandbox of its own, from its construction until all is solved or closed."""

    def __init__(self, plan: Plan, client: EngineClient, items: list[ItemId]) -> None:
        self._plan = plan
        self._client = client
        self._items = items
        self.sampling: dict[str, list[list[float]]] = {}
        client.announce(item.key for item in items)
        self._thread = threading.Thread(target=self._run, name="humaneval-guide", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait a moment for it to notice that the engine is gone; it then ends its sandbox."""
        self._thread.join(timeout=10)

    def _run(self) -> None:
        with contextlib.suppress(EngineError):  # the engine is gone: the run has ended, or its items say so
            try:
                with self._plan.open_sandbox() as sandbox:
                    guide = Guide(self._plan, self._client, sandbox)
                    self.sampling = guide.sampling
                    guide.solve(self._items)
            except EngineError:
                raise
            except BaseException as error:  # those who wait must not wait for ever
                message = f"the guide broke: {type(error).__name__}: {error}"
                for item in self._items:
                    self._client.publish_error(item.key, message)
            finally:
                self._client.close()
