"""The fixtures of an evaluation: ``problem``, ``strategy``, ``sample_index``, ``completion``, ``check_correctness``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_humaneval.exceptions import StoppedError, StrategyError
from pytest_humaneval.problem import Problem
from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.verdict import Verdict

if TYPE_CHECKING:  # these fixtures are known in every pytest run; what only an evaluation needs is imported in one
    from pytest_humaneval.engine.connection import EngineClient
    from pytest_humaneval.outcome import Outcome
    from pytest_humaneval.plan import Plan
    from pytest_humaneval.sample import ItemId, Request
    from pytest_humaneval.sandbox.interface import Sandbox

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
CLIENT: pytest.StashKey[EngineClient] = pytest.StashKey()
OUTCOME: pytest.StashKey[Outcome] = pytest.StashKey()
CHECK_TIMEOUT = pytest.StashKey[float]()
FROM_STORE = pytest.StashKey[bool]()  # whether the item's verdict was kept from a former check
VERDICT_NOTICES = pytest.StashKey[list[str]]()  # of this process's store of verdicts
STOPPED = pytest.StashKey[bool]()  # set where an item is left out because its strategy is decided

NEEDS_STRATEGY = "needs --strategy=NAME, which gives it problems and strategies"

T = TypeVar("T")
CheckCorrectness = Callable[[Problem, str], Verdict]


def parametrize(metafunc: pytest.Metafunc, plan: Plan | None) -> None:
    """Give a test that uses our fixtures one item for each problem, strategy and sample that it asks for."""
    if plan is None:
        return
    by_user = {name for mark in metafunc.definition.iter_markers("parametrize") for name in _names(mark)}
    used = {"problem", "strategy", "sample_index"} & set(metafunc.fixturenames) - by_user
    if {"problem", "strategy", "sample_index"} <= used:  # at once: half as much to do, and problems may have unequal
        drawn = list(plan.samples())
        chosen = [(posed, *each) for posed in plan.problems for each in drawn if plan.has(posed, *each[1:])]
        values = [(posed, strategy, index) for posed, _, strategy, index in chosen]
        ids = [f"{plan.problem_id(posed)}-{name}" for posed, name, _, _ in chosen]
        metafunc.parametrize(("problem", "strategy", "sample_index"), values, indirect=True, ids=ids)
        return
    if "problem" in used:
        ids = [plan.problem_id(problem) for problem in plan.problems]
        metafunc.parametrize("problem", plan.problems, indirect=True, ids=ids)
    if {"strategy", "sample_index"} <= used:  # together: experiments may draw different numbers of samples
        samples = list(plan.samples())
        pairs = [(strategy, index) for _, strategy, index in samples]
        ids = [name for name, _, _ in samples]
        metafunc.parametrize(("strategy", "sample_index"), pairs, indirect=True, ids=ids)
    elif "strategy" in used:
        names = [strategy.name for strategy in plan.strategies]
        metafunc.parametrize("strategy", plan.strategies, indirect=True, ids=names)
    elif "sample_index" in used and (most := max(map(plan.num_samples_of, plan.strategies))) > 1:
        metafunc.parametrize("sample_index", range(most), indirect=True)


def item_id(item: pytest.Item) -> ItemId | None:
    """Which sample an item evaluates; None for tests that are not ours, or evaluate nothing."""
    from pytest_humaneval.sample import ItemId

    params = item.callspec.params if hasattr(item, "callspec") else {}
    if not isinstance(params.get("problem"), Problem) or not isinstance(params.get("strategy"), Strategy):
        return None
    return ItemId(params["problem"].task_id, params["strategy"].name, params.get("sample_index", 0))


def is_judged(item: pytest.Item) -> bool:
    """Whether an item is to end in a verdict, and so counts."""
    return "check_correctness" in getattr(item, "fixturenames", ())


def requests_for(items: Sequence[pytest.Item], plan: Plan) -> Iterator[tuple[str, Request]]:
    """The engine's questions for the items that will run, in their order.

    A strategy that fails on a problem is left to the item, whose ``completion`` fixture will say so.
    """
    for item in items:
        if item_id(item) is not None and "completion" in item.fixturenames:  # type: ignore[attr-defined]
            if is_guided(item, plan):
                continue  # the guide asks for those
            params = item.callspec.params  # type: ignore[attr-defined]
            with contextlib.suppress(StrategyError):
                yield plan.request(params["problem"], params["strategy"], params.get("sample_index", 0))


def is_guided(item: pytest.Item, plan: Plan) -> bool:
    """Whether an item's solution comes from the guide; a replayed one is there already."""
    strategy: Strategy = item.callspec.params["strategy"]  # type: ignore[attr-defined]
    return strategy.guided and plan.engine.name != "replay"


@pytest.fixture
def problem(request: pytest.FixtureRequest) -> Problem:
    """One HumanEval problem (with --strategy=NAME)."""
    return _parameter(request, Problem)


@pytest.fixture
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """One prompting strategy (with --strategy=NAME)."""
    return _parameter(request, Strategy)


@pytest.fixture
def sample_index(request: pytest.FixtureRequest) -> int:
    """Which of the samples of this problem and strategy, counted from 0."""
    index: int = getattr(request, "param", 0)
    return index


@pytest.fixture
def completion(request: pytest.FixtureRequest, problem: Problem, strategy: Strategy, sample_index: int) -> str:
    """The code the model wrote, to be put right after ``problem.prompt``; waits for the engine."""
    try:
        return _completion(request, problem, strategy, sample_index)
    except StoppedError as decided:
        request.node.stash[STOPPED] = True
        pytest.skip(f"decided: {decided}")


def _completion(request: pytest.FixtureRequest, problem: Problem, strategy: Strategy, sample_index: int) -> str:
    from pytest_humaneval.sample import ItemId

    plan, client = request.config.stash[PLAN], request.config.stash[CLIENT]
    outcome = plan.outcome(ItemId(problem.task_id, strategy.name, sample_index), guided=strategy.sees_examples)
    if is_guided(request.node, plan):
        solution = client.solution(outcome.item.key, strategy.name)
        request.node.stash[OUTCOME] = outcome.generated(solution.generation, solution.completion, solution.num_draws)
        return solution.completion.text
    key, question = plan.request(problem, strategy, sample_index)
    generation = client.generation(key, question)
    made = plan.completion_of(problem, strategy, question.prompt, generation)
    request.node.stash[OUTCOME] = outcome.generated(generation, made)
    return made.text


@pytest.fixture
def check_correctness(
    request: pytest.FixtureRequest, _humaneval_sandbox: Sandbox, problem: Problem, strategy: Strategy, sample_index: int
) -> CheckCorrectness:
    """``check_correctness(problem, completion) -> Verdict``: judge a completion by the hidden test, in the sandbox.

    The last verdict of an item is the one that its outcome carries.
    """
    from pytest_humaneval.sample import ItemId

    stash, item = request.node.stash, ItemId(problem.task_id, strategy.name, sample_index)
    stash.setdefault(OUTCOME, request.config.stash[PLAN].outcome(item, guided=strategy.sees_examples))

    def check(problem: Problem, completion: str) -> Verdict:
        verdict = _humaneval_sandbox.check(problem, completion, timeout=stash.get(CHECK_TIMEOUT, DEFAULT_TIMEOUT))
        stash[FROM_STORE] = getattr(_humaneval_sandbox, "last_from_store", False)
        stash[OUTCOME] = stash[OUTCOME].judged(completion, verdict)
        return verdict

    return check


@pytest.fixture(scope="session")
def _humaneval_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """This process's sandbox, after it has shown that it can tell right from wrong."""
    from pytest_humaneval.plugin.kept_sandbox import kept_sandbox
    from pytest_humaneval.plugin.options import cache_directory, no_cache, value_of
    from pytest_humaneval.sandbox import self_check
    from pytest_humaneval.store.keeping_sandbox import KeepingSandbox
    from pytest_humaneval.store.verdicts import FILE

    plan = request.config.stash.get(PLAN, None)
    if plan is None:
        pytest.skip(NEEDS_STRATEGY)
    kept = kept_sandbox(request.config)
    with plan.open_sandbox() if kept is None else contextlib.nullcontext(kept) as sandbox:
        self_check(sandbox, plan.problems)
        store, read = cache_directory(request.config) / FILE, not no_cache(request.config)
        shared = value_of(request.config, "store")
        with KeepingSandbox(sandbox, plan.sandbox, store, read=read, shared=shared) as keeping:
            request.config.stash[VERDICT_NOTICES] = keeping.notices
            yield keeping


def _names(parametrize: pytest.Mark) -> list[str]:
    names = parametrize.args[0] if parametrize.args else parametrize.kwargs["argnames"]
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def _parameter(request: pytest.FixtureRequest, kind: type[T]) -> T:
    if not hasattr(request, "param"):
        pytest.skip(NEEDS_STRATEGY)
    assert isinstance(request.param, kind)
    return request.param
