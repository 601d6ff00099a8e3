"""An engine process that outlives its run: taken in turns, found again, replaced when it is of no use."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_model import make_tiny_model

from pytest_humaneval import Generation, Sampling, completion_prompt
from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.processes import is_running, start_mark
from pytest_humaneval.background.warm import LingeringEngine, WarmEngine, lingering_engines, stop_engine, take_turn
from pytest_humaneval.engine.catalogue import identify
from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.store_options import NO_STORE, StoreOptions
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.sample import Request

Turn = Callable[..., WarmEngine | None]

REQUEST = Request(completion_prompt("def f(x):\n", stop=()), Sampling(max_tokens=8), 0, "T/0", "minimal")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[PrivateDirectory]:
    """A private directory; what still lingers in it at the end is ended."""
    directory = PrivateDirectory(tmp_path / "private")
    yield directory
    for name, engine in list(lingering_engines(directory)):
        stop_engine(directory, name, engine)


@pytest.fixture
def turn(state: PrivateDirectory, tmp_path: Path) -> Iterator[Turn]:
    """Take a run's turn with an engine, by default the scripted one; given back at the end."""
    taken: list[WarmEngine] = []

    def take(options: EngineOptions | None = None, idle_limit: float = 60.0, store: Path | None = None) -> object:
        options = replace(options or EngineOptions(name="scripted"), cache_dir=str(tmp_path / "cache"))
        identity, model = identify(options)
        kept = StoreOptions(str(store or ""), read=True)
        warm = take_turn(state, options, model, identity, kept, idle_limit=idle_limit)
        taken.extend([warm] if warm is not None else [])
        return warm

    yield take  # type: ignore[misc]
    for warm in taken:
        warm.close()


def ask(warm: WarmEngine | None, key: str = "a", request: Request = REQUEST) -> Generation:
    assert warm is not None
    client = warm.client()
    try:
        return client.generation(key, request)
    finally:
        client.close()


def progress_of(warm: WarmEngine) -> dict[str, object]:
    client: EngineClient = warm.client()
    told = client.progress()
    client.close()
    return told


def the_engine(state: PrivateDirectory) -> tuple[str, LingeringEngine]:
    """The only one that lingers."""
    (found,) = lingering_engines(state)
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120  # a busy machine
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def free(engine: LingeringEngine) -> bool:
    return not engine.ask({"op": "status"})["in_use"]


def gone(engine: LingeringEngine) -> bool:
    return not is_running(engine.pid, engine.start_mark)


def test_the_next_run_gets_the_same_engine_with_a_desk_of_its_own(
    turn: Turn, state: PrivateDirectory, tmp_path: Path
) -> None:
    first = turn(store=tmp_path / "first.sqlite")
    ask(first)
    assert first is not None
    first.close()
    _, engine = the_engine(state)
    wait_until(lambda: free(engine))
    second = turn(store=tmp_path / "second.sqlite")
    assert second is not None
    assert (second.pid, second.log) == (first.pid, first.log)
    assert second.address != first.address
    client = second.client()
    client.submit([("a", REQUEST)])
    client.generation("a", REQUEST)
    assert progress_of(second)["warm"] is True
    assert progress_of(second)["finished"] == 1, "what the first run asked is another run's"
    client.close()


def test_it_is_no_child_of_the_run_and_in_a_session_of_its_own(turn: Turn, state: PrivateDirectory) -> None:
    warm = turn()
    assert warm is not None
    assert os.getsid(warm.pid) == os.getpgid(warm.pid) == warm.pid
    with pytest.raises(ChildProcessError):
        os.waitpid(warm.pid, os.WNOHANG)


def test_it_ends_by_itself_when_nobody_needs_it(turn: Turn, state: PrivateDirectory) -> None:
    warm = turn(idle_limit=0.3)
    assert warm is not None
    _, engine = the_engine(state)
    time.sleep(1)
    assert not gone(engine), "a run has it"
    warm.close()
    wait_until(lambda: gone(engine))
    assert state.names("engine") == []
    assert not Path(engine.address).parent.exists()


def test_a_run_beside_another_one_does_not_get_its_engine(turn: Turn) -> None:
    first = turn()
    assert turn() is None
    assert ask(first).text == "    pass\n"


def test_two_runs_that_come_at_once_start_one_engine(turn: Turn, state: PrivateDirectory) -> None:
    got: list[WarmEngine | None] = []
    runs = [threading.Thread(target=lambda: got.append(turn())) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert sorted(warm is None for warm in got) == [False, True, True]
    the_engine(state)


def test_other_options_want_another_engine(turn: Turn, state: PrivateDirectory) -> None:
    turn()
    assert turn(EngineOptions(name="scripted", request_timeout=7)) is not None
    assert len(list(lingering_engines(state))) == 2


def test_a_stop_waits_for_the_run_that_has_it(turn: Turn, state: PrivateDirectory) -> None:
    warm = turn()
    name, engine = the_engine(state)
    assert stop_engine(state, name, engine)
    assert ask(warm).text == "    pass\n"
    assert warm is not None
    warm.close()
    wait_until(lambda: gone(engine))


def test_a_stop_ends_an_idle_one(turn: Turn, state: PrivateDirectory) -> None:
    warm = turn()
    assert warm is not None
    warm.close()
    name, engine = the_engine(state)
    wait_until(lambda: free(engine))
    assert not stop_engine(state, name, engine)
    assert gone(engine)
    assert list(lingering_engines(state)) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_one_that_is_dead_or_does_not_answer_is_replaced(
    turn: Turn, state: PrivateDirectory, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_humaneval.background.warm.ANSWER_SECONDS", 3.0)
    warm = turn()
    assert warm is not None
    warm.close()
    _, engine = the_engine(state)
    wait_until(lambda: free(engine))
    os.kill(engine.pid, how)
    again = turn()
    assert again is not None
    assert again.pid != engine.pid
    assert ask(again).text == "    pass\n"
    assert gone(engine)
    assert not Path(engine.address).parent.exists()


def test_one_that_does_not_answer_is_left_to_the_run_that_has_it(turn: Turn, state: PrivateDirectory) -> None:
    first = turn()
    _, engine = the_engine(state)
    os.kill(engine.pid, signal.SIGSTOP)
    try:
        assert turn() is None
    finally:
        os.kill(engine.pid, signal.SIGCONT)
    assert ask(first).text == "    pass\n"


def test_a_process_that_only_has_the_id_now_is_left_alone(turn: Turn, state: PrivateDirectory) -> None:
    turn()
    name, engine = the_engine(state)
    told = state.read(name)
    time.sleep(2 / os.sysconf("SC_CLK_TCK"))  # a process's start is known to a tick, and an id is free for longer
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        state.write("engine-of-old", told | {"pid": other.pid})
        state.write("engine-of-another-release", {"pid": other.pid})
        assert [found for found, _ in lingering_engines(state)] == [name]
        assert state.names("engine") == [name]
        assert start_mark(other.pid)
        assert not gone(engine)
    finally:
        other.kill()
        other.wait()


def test_one_that_breaks_says_so_and_does_not_linger(turn: Turn, state: PrivateDirectory, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"start": {"error": "no such device"}}')
    warm = turn(EngineOptions(name="scripted", file=str(script)))
    with pytest.raises(EngineError, match="no such device"):
        ask(warm)
    assert warm is not None
    _, engine = the_engine(state)
    warm.close()
    wait_until(lambda: gone(engine))


def test_a_broken_configuration_is_told_with_the_end_of_the_log(turn: Turn, state: PrivateDirectory) -> None:
    options = EngineOptions(name="scripted", cache_dir="/")
    identity, _ = identify(options)
    with pytest.raises(EngineError, match=r"did not start; its log(.|\n)*AssertionError"):
        take_turn(
            state, replace(options, name="none", cache_dir=str(state.path / "cache")), None, identity, NO_STORE,
            idle_limit=60,
        )  # fmt: skip
    assert state.names("engine") == []


@pytest.mark.parametrize("name", [pytest.param("vllm", marks=pytest.mark.nightly), "transformers"])
def test_a_loaded_model_serves_the_next_run_at_once_and_as_if_new(
    turn: Turn, state: PrivateDirectory, tmp_path: Path, name: str
) -> None:
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    model = make_tiny_model(tmp_path / "model", context=512)
    options = EngineOptions(name=name, model=str(model))
    long = Request(completion_prompt("def g(x):\n" * 8, stop=()), Sampling(max_tokens=400), 0)
    short = replace(long, sampling=Sampling(max_tokens=8))
    first = turn(options)
    assert first is not None
    told = ask(first, "short", short)
    client = first.client()
    client.submit([(f"long {index}", replace(long, sample_index=index)) for index in range(8)])
    client.close()
    first.close()  # in the middle of its work
    _, engine = the_engine(state)
    wait_until(lambda: free(engine))
    second = turn(options)
    assert second is not None
    again = ask(second, "short", short)
    assert (again.text, again.completion_tokens) == (told.text, 8)
    progress = progress_of(second)
    assert (progress["warm"], progress["finished"], progress["cached_prompt_tokens"]) == (True, 1, 0)
