"""The guide, with an engine client and a sandbox that only pretend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from pytest_humaneval import (
    Candidate,
    Generation,
    Problem,
    Strategy,
    Verdict,
    completion_prompt,
    draw,
    guided_strategy,
    try_out,
)
from pytest_humaneval.engine.connection import News
from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.exceptions import EngineError, SandboxError, StoppedError, StrategyError
from pytest_humaneval.guiding.guide import MOST_QUESTIONS, Guide
from pytest_humaneval.plan import Plan
from pytest_humaneval.prompting.guided import Questions
from pytest_humaneval.sample import ItemId, Request, Sampling, Solution
from pytest_humaneval.sandbox.interface import Sandbox, SandboxOptions

CANARY = "assert 'the hidden test'"
PROBLEMS = tuple(
    Problem(f"T/{n}", f'def f{n}(x):\n    """\n    >>> f{n}(1)\n    1\n    """\n', f"f{n}", "SOLUTION", CANARY)
    for n in range(3)
)


@dataclass
class Client:
    """Answers with the request itself, and keeps what is asked and published."""

    answer: Callable[[Request], Generation] = lambda request: Generation(
        f"    return {request.sample_index}\n", prompt_tokens=10, completion_tokens=5, seconds=1.0
    )
    keys: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    solutions: dict[str, Solution] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    by_strategy: list[bool] = field(default_factory=list)

    def submit(self, requests: Iterable[tuple[str, Request]]) -> None:
        batch = list(requests)
        self.batches.append([request.task_id for _, request in batch])
        self.requests += [request for _, request in batch]
        self.keys += [key for key, _ in batch if key not in self.keys]

    def generation(self, key: str, request: Request) -> Generation:
        return self.answer(request)

    def news(self, since: int, stopped: int) -> News:
        return News(self.keys[since:], [], len(self.keys))

    def want(self, keys: Iterable[str]) -> None:
        raise AssertionError("no strategy was stopped")

    def publish(self, key: str, solution: Solution) -> None:
        self.solutions[key] = solution

    def publish_error(self, key: str, message: str, *, shared: bool = False, by_strategy: bool = False) -> None:
        self.errors[key] = message
        self.by_strategy.append(by_strategy)


@dataclass
class Box:
    """Says of every completion what ``right`` says, in the words of a trial's test."""

    right: Callable[[str], int] = lambda completion: 1
    tests: list[Problem] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
        self.tests.append(problem)
        self.checked.append(completion)
        return Verdict("passed", f'[{self.right(completion)}, "", "{completion.strip()}"]')


def solved(
    strategy: Strategy,
    client: Client,
    box: Box | None = None,
    *,
    samples: int = 1,
    items: Sequence[str] = (),
    **changes: Any,
) -> Client:
    plan = Plan(
        "T", "", PROBLEMS, (strategy,), Sampling(max_tokens=99, seed=7), samples, (1,), "none",
        EngineOptions("scripted"), Identity("e", "m", "d"), SandboxOptions(),
    )  # fmt: skip
    names = items or [strategy.name]
    pursued = [ItemId(each.task_id, name, index) for each in PROBLEMS for name in names for index in range(samples)]
    guide = Guide(replace(plan, **changes), client, cast("Sandbox", box or Box()))
    guide.solve(pursued)
    return client


@guided_strategy("twice", "draws again where the first is wrong")
def twice(problem: Problem) -> Questions:
    (first,) = yield from draw(completion_prompt(problem.prompt))
    (trial,) = yield from try_out([first])
    if trial.passed:
        return first
    more = yield from draw(completion_prompt(problem.prompt), 2, temperature=0.8, top_p=0.9)
    return more[-1]


def test_the_opening_questions_of_all_problems_are_one_batch() -> None:
    client = solved(twice, Client())
    assert client.batches == [["T/0", "T/1", "T/2"]]
    assert set(client.solutions) == {"T/0 twice 0", "T/1 twice 0", "T/2 twice 0"}


def test_further_questions_are_asked_before_the_first_is_answered() -> None:
    asked_when_waiting: list[int] = []

    def answer(request: Request) -> Generation:
        if request.sampling.temperature:
            asked_when_waiting.append(len(client.batches))
        return Generation("    return 0\n")

    client = Client(answer)
    solved(twice, client, Box(lambda completion: 0))
    assert asked_when_waiting[0] == 1 + len(PROBLEMS)


@dataclass
class SlowClient(Client):
    """Answers the first problem last of all, when nothing else is left to answer."""

    given: list[str] = field(default_factory=list)

    def news(self, since: int, stopped: int) -> News:
        tasks = dict(zip(self.keys, (request.task_id for request in self.requests), strict=True))
        new = [key for key in self.keys if key not in self.given]
        self.given += [key for key in new if tasks[key] != "T/0"] or new
        return News(self.given[since:], [], len(self.given))


def test_a_slow_answer_holds_up_no_other_problem() -> None:
    client = solved(twice, SlowClient(), Box(lambda completion: 0))
    assert list(client.solutions) == ["T/1 twice 0", "T/2 twice 0", "T/0 twice 0"]


def test_only_some_items_are_under_way_where_strategies_may_be_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_humaneval.guiding.guide.MOST_OPEN", 2)
    client = solved(twice, Client(), stop=True)
    assert client.batches == [["T/0", "T/1"], ["T/2"]]
    assert len(client.solutions) == 3


def test_who_is_stopped_asks_no_more_and_what_others_wait_for_is_wanted() -> None:
    @dataclass
    class Stopped(Client):
        wanted: set[str] = field(default_factory=set)

        def news(self, since: int, stopped: int) -> News:
            if not stopped:
                return News([], ["twice"], 0)
            return super().news(since, stopped)

        def want(self, keys: Iterable[str]) -> None:
            self.wanted |= set(keys)

        def generation(self, key: str, request: Request) -> Generation:
            if request.strategy == "twice":
                raise StoppedError("better")
            return super().generation(key, request)

    other = replace(twice, name="other")
    client = Stopped()
    solved(twice, client, strategies=(twice, other), items=("twice", "other"))
    assert set(client.solutions) == {f"T/{number} other 0" for number in range(3)}
    assert client.wanted == {
        key for key, request in zip(client.keys, client.requests, strict=True) if request.strategy == "other"
    }
    assert len(client.requests) == 6  # the opening draws of both


def test_a_run_that_has_ended_is_no_endless_wait() -> None:
    class Ended(Client):
        def news(self, since: int, stopped: int) -> News:
            return News([], [], since)

    with pytest.raises(EngineError, match="the run has ended"):
        solved(twice, Ended())


def test_a_solution_carries_what_all_draws_cost() -> None:
    client = solved(twice, Client(), Box(lambda completion: 0))
    solution = client.solutions["T/1 twice 0"]
    assert solution.num_draws == 3
    assert (solution.generation.prompt_tokens, solution.generation.completion_tokens) == (30, 15)
    assert solution.completion.text == "    return 2\n"


def test_samples_are_numbered_through_the_draws_of_an_item() -> None:
    client = solved(twice, Client(), Box(lambda completion: 0))
    mine = [request for request in client.requests if request.task_id == "T/0"]
    assert [request.sample_index for request in mine] == [0, 1, 2]
    assert [request.seed for request in mine] == [7, 8, 9]
    assert mine[0].sampling == Sampling(0.0, 1.0, 99, 7)
    assert mine[1].sampling == Sampling(0.8, 0.9, 99, 7, logprobs=True)


def test_several_solutions_of_one_problem_draw_different_samples() -> None:
    client = solved(twice, Client(), Box(lambda completion: 0), samples=2)
    seeds = [request.seed for request in client.requests if request.task_id == "T/0"]
    assert len(set(seeds)) == 6


def test_the_hidden_test_and_the_solution_never_come_near() -> None:
    seen: list[Problem] = []

    @guided_strategy("nosy", "keeps what it is shown")
    def nosy(problem: Problem) -> Questions:
        seen.append(problem)
        drawn = yield from draw(completion_prompt(problem.prompt), 2)
        yield from try_out(drawn)
        yield from try_out(drawn, derived_inputs=True)
        return drawn[0]

    box = Box()
    client = solved(nosy, Client(), box)
    assert len(client.solutions) == 3
    assert box.tests
    assert not [each for each in (*seen, *box.tests) if CANARY in each.test or each.canonical_solution]


def test_equal_code_is_tried_once() -> None:
    @guided_strategy("many", "draws the same")
    def many(problem: Problem) -> Questions:
        drawn = yield from draw(completion_prompt(problem.prompt), 4)
        trials = yield from try_out(drawn)
        assert len(trials) == 4
        return drawn[0]

    box = Box()
    solved(many, Client(lambda request: Generation(f"    return {request.sample_index // 2}\n")), box)
    assert len(box.checked) == 2 * len(PROBLEMS)


def test_an_engines_error_is_that_items_error_alone() -> None:
    def answer(request: Request) -> Generation:
        if request.task_id == "T/1":
            raise EngineError("too long")
        return Generation("    return 0\n")

    client = solved(twice, Client(answer))
    assert client.errors == {"T/1 twice 0": "strategy 'twice' on T/1: too long"}
    assert len(client.solutions) == 2


def test_a_sandboxs_error_is_that_items_error_alone() -> None:
    class Broken(Box):
        def check(self, problem: Problem, completion: str, *, timeout: float) -> Verdict:
            if problem.task_id == "T/2":
                raise SandboxError("it died")
            return super().check(problem, completion, timeout=timeout)

    client = solved(twice, Client(), Broken())
    assert client.errors == {"T/2 twice 0": "strategy 'twice' on T/2: it died"}


def bad_yield(problem: Problem) -> Any:
    yield from draw(completion_prompt(problem.prompt))
    yield "what now?"


def bad_return(problem: Problem) -> Any:
    yield from draw(completion_prompt(problem.prompt))
    return "    return 1\n"


def bad_count(problem: Problem) -> Any:
    yield from draw(completion_prompt(problem.prompt), 0)


def raises(problem: Problem) -> Any:
    yield from draw(completion_prompt(problem.prompt))
    raise LookupError("no such thing")


def no_generator(problem: Problem) -> Any:
    return completion_prompt(problem.prompt)


def raises_at_once(problem: Problem) -> Any:
    raise LookupError("no such thing")


def liar(problem: Problem) -> Any:
    drawn = yield from draw(completion_prompt(problem.prompt))
    yield from try_out(drawn)


def ends_the_program(problem: Problem) -> Any:
    yield from draw(completion_prompt(problem.prompt))
    raise SystemExit(3)


def no_prompt(problem: Problem) -> Any:
    yield from draw("one?")  # type: ignore[arg-type]


def below_zero(problem: Problem) -> Any:
    yield from draw(completion_prompt(problem.prompt), temperature=-1)


def endless(problem: Problem) -> Any:
    while True:
        yield from draw(completion_prompt(problem.prompt))


@pytest.mark.parametrize(
    ("solve", "message"),
    [
        (bad_yield, "it yielded 'what now?'; expected draw(...) or try_out(...)"),
        (bad_return, "it returned '    return 1\\n'; expected one of the candidates it drew"),
        (bad_count, "it asked for 0 samples; expected 1 or more"),
        (raises, f"LookupError: no such thing ({__file__}:{raises.__code__.co_firstlineno + 2})"),
        (ends_the_program, f"SystemExit: 3 ({__file__}:{ends_the_program.__code__.co_firstlineno + 2})"),
        (no_prompt, "it drew answers to 'one?'; expected a Prompt: completion_prompt(text) or chat_prompt(user)"),
        (below_zero, "it drew at temperature -1 and top_p 1.0; expected 0 to 2, and above 0 to 1"),
        (raises_at_once, f"LookupError: no such thing ({__file__}:{raises_at_once.__code__.co_firstlineno + 1})"),
        (no_generator, "it is not a generator; ask with `yield from draw(...)` and return a candidate"),
        (liar, "it is declared to run nothing, and asked what its code does"),
        (endless, f"it asked more than {MOST_QUESTIONS} questions about one problem"),
    ],
)
def test_a_strategys_own_fault_is_its_items_error(solve: Any, message: str) -> None:
    client = solved(guided_strategy("bad", "", runs_nothing=solve is liar)(solve), Client())
    assert client.errors["T/0 bad 0"] == f"strategy 'bad' on T/0: {message}"
    assert len(client.errors) == len(PROBLEMS)
    assert all(client.by_strategy)


def test_a_strategy_shows_its_first_question_and_has_to_begin_with_one() -> None:
    assert twice.build_prompt(PROBLEMS[0]) == completion_prompt(PROBLEMS[0].prompt)
    assert (twice.mode, twice.guided) == ("guided", True)

    @guided_strategy("mute", "")
    def mute(problem: Problem) -> Questions:
        yield from try_out([])
        return Candidate(Generation(""), None)  # type: ignore[arg-type]

    with pytest.raises(StrategyError, match="must begin with a draw"):
        mute.build_prompt(PROBLEMS[0])
