"""Samples of a plan, one after the other, out of a window that the engine is kept busy with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pytest_humaneval.engine.connection import EngineClient, News
from pytest_humaneval.exceptions import EngineError, SharedEngineError, StrategyError
from pytest_humaneval.guiding.guide import Guide
from pytest_humaneval.plan import Plan
from pytest_humaneval.problem import Problem
from pytest_humaneval.sample import Generation, ItemId, Request, Solution
from pytest_humaneval.strategy import Strategy

WINDOW = 4_096  # requests that the engine has at once; a batch of vLLM's has 256
GUIDED_AT_ONCE = 256  # items whose strategies ask one question after the other; both for one engine


@dataclass(frozen=True, slots=True)
class Sample:
    """What became of one sample: a completion, or an error."""

    item: ItemId
    completion: str = ""
    error: str = ""


Place = tuple[ItemId, Problem, Strategy]


def stream(plan: Plan, client: EngineClient, wanted: Callable[[ItemId], bool], engines: int = 1) -> Iterator[Sample]:
    """The samples of the plan that are wanted: problem by problem, so that prompts are shared; guided strategies last.

    As much is under way at once as so many ``engines`` have use for. What one sample lacks is its error.

    Raises:
        SharedEngineError: the engine has failed for all.
    """
    plain = (place for place in _places(plan, guided=False) if wanted(place[0]))
    yield from _plain(plan, client, plain, WINDOW * engines)
    guided = (place[0] for place in _places(plan, guided=True) if wanted(place[0]))
    first = next(guided, None)
    if first is not None:
        yield from _guided(plan, client, first, guided, GUIDED_AT_ONCE * engines)


def _places(plan: Plan, *, guided: bool) -> Iterator[Place]:
    samples = [(strategy, index) for _, strategy, index in plan.samples() if _is_guided(plan, strategy) is guided]
    for problem in plan.problems:
        for strategy, index in samples:
            if plan.has(problem, strategy, index):
                yield ItemId(problem.task_id, strategy.name, index), problem, strategy


def _is_guided(plan: Plan, strategy: Strategy) -> bool:
    return strategy.guided and plan.engine.name != "replay"


def _plain(plan: Plan, client: EngineClient, places: Iterator[Place], at_once: int) -> Iterator[Sample]:
    window: deque[tuple[Place, str, Request]] = deque()
    while True:
        if len(window) <= at_once // 2:
            further: list[tuple[Place, str, Request]] = []
            for place in islice(places, at_once - len(window)):
                try:
                    further.append((place, *plan.request(place[1], place[2], place[0].sample_index)))
                except StrategyError as error:
                    yield Sample(place[0], error=str(error))
            if further:
                client.submit((key, request) for _, key, request in further)
                window.extend(further)
        if not window:
            return
        yield _taken(plan, client, *window.popleft())


def _taken(plan: Plan, client: EngineClient, place: Place, key: str, request: Request) -> Sample:
    item, problem, strategy = place
    try:
        generation = client.take(key, request)
        return Sample(item, plan.completion_of(problem, strategy, request.prompt, generation).text)
    except SharedEngineError:
        raise
    except (EngineError, StrategyError) as error:
        return Sample(item, error=str(error))


class _Published:
    """A guide's connection that keeps what it publishes to itself, as nobody else waits for it."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self.samples: list[Sample] = []
        self.items: dict[str, ItemId] = {}
        self.broken = ""

    def submit(self, requests: Iterable[tuple[str, Request]]) -> None:
        self._client.submit(requests)

    def generation(self, key: str, request: Request) -> Generation:
        return self._client.take(key, request)

    def news(self, since: int, stopped: int) -> News:
        return self._client.news(since, stopped)

    def want(self, keys: Iterable[str]) -> None:
        self._client.want(keys)

    def publish(self, key: str, solution: Solution) -> None:
        self.samples.append(Sample(self.items[key], solution.completion.text))

    def publish_error(self, key: str, message: str, *, shared: bool = False, by_strategy: bool = False) -> None:
        self.broken = message if shared else self.broken
        self.samples.append(Sample(self.items[key], error=message))


def _guided(plan: Plan, client: EngineClient, first: ItemId, rest: Iterator[ItemId], at_once: int) -> Iterator[Sample]:
    with plan.open_sandbox() as sandbox:
        batch: Sequence[ItemId] = [first, *islice(rest, at_once - 1)]
        while batch:
            published = _Published(client)
            published.items = {item.key: item for item in batch}
            Guide(plan, published, sandbox).solve(batch)
            if published.broken:
                raise SharedEngineError(published.broken)
            yield from published.samples
            batch = list(islice(rest, at_once))
