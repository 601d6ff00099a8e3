"""The small parts of the sandbox, one by one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval import Problem, Verdict
from pytest_humaneval.exceptions import SandboxError
from pytest_humaneval.sandbox import SANDBOXES, SandboxOptions, self_check
from pytest_humaneval.sandbox.container import default_image
from pytest_humaneval.sandbox.launch import SERVER, boot
from pytest_humaneval.sandbox.oracle import budget
from pytest_humaneval.sandbox.oracle.budget import Budget, wall_limit
from pytest_humaneval.sandbox.oracle.explain import explained, shortened
from pytest_humaneval.sandbox.oracle.scratch import Scratch, remove_tree
from pytest_humaneval.sandbox.sandboxes import launches
from pytest_humaneval.sandbox.scripted_sandbox import ScriptedSandbox
from pytest_humaneval.sandbox.wire.codec import MAX_MESSAGE, CodecError
from pytest_humaneval.sandbox.wire.frames import FrameReader, framed, read_frame, write_frame

PROBLEM = Problem("Mini/0", "def f():\n", "f", "    return 1\n", "def check(candidate):\n    assert candidate() == 1\n")


# --- frames


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=20))
def test_frame_arrives_however_it_is_cut(message: bytes, cuts: list[int]) -> None:
    reader, rest, arrived = FrameReader(), framed(message), None
    for cut in [*cuts, len(rest)]:
        piece, rest = rest[:cut], rest[cut:]
        if piece:
            assert arrived is None
            arrived = reader.feed(piece)
    assert arrived == message


def test_frame_followed_by_more_is_out_of_turn() -> None:
    with pytest.raises(CodecError, match="out of turn"):
        FrameReader().feed(framed(b"a") + b"x")


def test_frame_over_the_cap_is_refused_before_it_arrives() -> None:
    with pytest.raises(CodecError, match="more than 8388608 bytes"):
        FrameReader().feed((MAX_MESSAGE + 1).to_bytes(4, "little"))


def test_end_of_the_stream_is_an_end_of_file() -> None:
    with pytest.raises(EOFError):
        FrameReader().feed(b"")


def test_frames_cross_a_pipe() -> None:
    read_end, write_end = os.pipe()
    write_frame(write_end, b"x" * 5000)
    assert read_frame(read_end) == b"x" * 5000
    os.close(read_end)
    os.close(write_end)


# --- budget: the clocks are given, so that the sums can be checked by hand


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    values = {"now": 100.0, "cpu": 0.0, "queued": 0.0, "wants to run": False, "on disk": False}
    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: values["now"]))
    monkeypatch.setattr(budget, "_cpu_seconds", lambda pid: values["cpu"])
    monkeypatch.setattr(budget, "_seconds_in_run_queue", lambda pid, *, alone=False: values["queued"])
    states = {"wants to run": b"R", "on disk": b"D"}
    monkeypatch.setattr(budget, "_states", lambda pid: {states[name] for name in states if values[name]})
    return values


def wait(time: Budget, clocks: dict[str, float], seconds: float) -> None:
    clocks["now"] += seconds
    time.charge(seconds)


def test_sleeper_is_exhausted_after_its_timeout(clocks: dict[str, float]) -> None:
    time = Budget(3.0, 1)
    assert time.patience() == 3.0
    wait(time, clocks, 2.0)
    assert time.patience() == 1.0
    assert not time.exhausted()
    wait(time, clocks, 1.0)
    assert time.exhausted() == "more than 3 s"


def test_starved_program_gets_its_time(clocks: dict[str, float]) -> None:
    time = Budget(3.0, 1)
    wait(time, clocks, 6.0)
    clocks.update(cpu=2.0, queued=4.0)
    assert not time.exhausted()
    assert time.patience() == 1.0  # 6 s of waiting, 4 of them forgiven
    wait(time, clocks, 1.0)
    assert time.exhausted() == "more than 3 s"


def test_wait_for_a_processor_that_is_not_over_yet_is_no_sleep(clocks: dict[str, float]) -> None:
    """The kernel adds it to the time in the queue only when it has ended."""
    time = Budget(3.0, 1)
    wait(time, clocks, 4.0)
    clocks["wants to run"] = True
    assert not time.exhausted()
    assert time.patience() == budget.RECONSIDERED
    assert time.patience() == 0  # had it answered and slept again, it would be looked at without delay
    clocks.update(queued=3.5)
    clocks["wants to run"] = False
    assert not time.exhausted()
    assert time.patience() == 2.5
    wait(time, clocks, 2.5)
    assert time.exhausted() == "more than 3 s"


def test_sleep_and_work_add_up(clocks: dict[str, float]) -> None:
    """2.5 s of sleep, then work: what may be a wait for a processor is at most what lies between two looks."""
    time = Budget(3.0, 1)
    wait(time, clocks, 2.5)
    assert not time.exhausted()
    clocks["wants to run"] = True
    while not time.exhausted() and clocks["now"] < 110:
        wait(time, clocks, 0.05)
        clocks["cpu"] += 0.05
    assert 103.0 <= clocks["now"] < 103.15


def test_time_on_the_disk_is_forgiven_for_as_long_as_it_was_seen(clocks: dict[str, float]) -> None:
    time = Budget(3.0, 1)
    clocks["on disk"] = True
    for _ in range(100):
        wait(time, clocks, 0.05)
        assert not time.exhausted()
    clocks["on disk"] = False
    assert time.patience() == pytest.approx(3.0)
    wait(time, clocks, 2.9)
    assert not time.exhausted()
    wait(time, clocks, 0.1)
    assert time.exhausted() == "more than 3 s"


def test_look_is_due_however_much_is_said(clocks: dict[str, float]) -> None:
    time = Budget(3.0, 1)
    assert not time.is_due()
    wait(time, clocks, 2 * budget.LOOK_INTERVAL)
    assert time.is_due()
    assert not time.exhausted()
    assert not time.is_due()


def test_memory_counts_with_the_tables_that_say_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/1/status": [b"Name:\tx", b"VmRSS:\t  900000 kB", b"VmPTE:\t  100000 kB", b"VmData:\t 1 kB"],
        "/proc/1/limits": [b"Max address space   1073741824   1073741824   bytes"],
    }
    monkeypatch.setattr(budget, "_lines", files.__getitem__)
    assert Budget(3.0, 1).out_of_memory() == ""  # 976 MiB of 1024
    files["/proc/1/status"][2] = b"VmPTE:\t  190000 kB"
    assert Budget(3.0, 1).out_of_memory() == "1064 MiB in use"  # more than 1024 + 32
    files["/proc/1/limits"] = [b"Max address space   unlimited   unlimited   bytes"]
    assert Budget(3.0, 1).out_of_memory() == ""


def test_cpu_time_counts_also_while_nobody_waits(clocks: dict[str, float]) -> None:
    time = Budget(3.0, 1)
    clocks["cpu"] = 3.5
    assert time.exhausted() == "more than 3 s"


def test_wall_limit_has_the_last_word(clocks: dict[str, float]) -> None:
    time = Budget(3.0, 1)
    assert wall_limit(3.0) == 13.0
    wait(time, clocks, 13.0)
    clocks["queued"] = 13.0
    assert time.exhausted() == "no answer within the wall limit of 13 s"


def test_clocks_of_a_process_that_has_ended_are_zero() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert budget._cpu_seconds(process.pid) == 0.0
    assert budget._seconds_in_run_queue(process.pid) == 0.0
    assert budget._states(process.pid) == set()
    assert budget._memory(process.pid) == 0


def test_clocks_of_this_process_run() -> None:
    assert budget._cpu_seconds(os.getpid()) > 0
    assert budget._seconds_in_run_queue(os.getpid()) >= 0
    assert b"R" in budget._states(os.getpid())
    assert budget._memory(os.getpid()) > 1 << 20


def test_process_that_sleeps_does_not_want_to_run() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        deadline = time.monotonic() + 10
        while budget._states(process.pid) & {b"R", b"D"} and time.monotonic() < deadline:
            time.sleep(0.01)
        assert budget._states(process.pid) == {b"S"}
        process.kill()


# --- scratch


def test_scratch_is_removed_with_all_it_holds(tmp_path: Path) -> None:
    scratch = Scratch(str(tmp_path))
    inside = Path(scratch.path)
    (inside / "file").write_text("x")
    (inside / "closed" / "inner").mkdir(parents=True)
    (inside / "closed" / "inner" / "file").write_text("x")
    (inside / "closed").chmod(0)
    (inside / "link").symlink_to(tmp_path)
    (inside / "dangling").symlink_to("nowhere")
    scratch.remove()
    assert list(tmp_path.iterdir()) == []


def test_scratch_nested_deeper_than_a_path_can_be_is_removed(tmp_path: Path) -> None:
    scratch = Scratch(str(tmp_path))
    here = os.open(".", os.O_RDONLY)
    os.chdir(scratch.path)
    for _ in range(3000):
        os.mkdir("xx")
        os.chdir("xx")
    os.fchdir(here)
    os.close(here)
    scratch.remove()
    assert list(tmp_path.iterdir()) == []


def test_link_in_a_removed_folder_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (tmp_path / "doomed").mkdir()
    (tmp_path / "doomed" / "link").symlink_to(precious)
    remove_tree(str(tmp_path / "doomed"))
    assert (precious / "file").read_text() == "x"


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_tree(str(tmp_path / "nothing"))


# --- explanations


class Called:
    """What the explanation needs of a candidate."""

    def __init__(self, result: Any, *arguments: Any, **keywords: Any) -> None:
        self.result = result
        self.arguments = (arguments, keywords)


def explanation(test: str, result: Any, *arguments: Any, **keywords: Any) -> list[str]:
    namespace: dict[str, Any] = {}
    exec(compile(test, "<test>", "exec"), namespace)
    try:
        namespace["check"](lambda *arguments, **keywords: result)
    except Exception as error:
        return explained(error, test, "<test>", Called(result, *arguments, **keywords)).splitlines()  # type: ignore[arg-type]
    raise AssertionError("the test holds")


def test_failed_assertion_is_shown_with_what_was_expected() -> None:
    test = "def check(candidate):\n    expected = [1]\n    assert candidate(2, key=3) == expected + [2], 'message'\n"
    assert explanation(test, 5, 2, key=3) == [
        "assert candidate(2, key=3) == expected + [2], 'message'",
        "arguments: 2, key=3",
        "expected: [1, 2]",
        "got: 5",
    ]


def test_expected_side_that_calls_something_is_not_called_again() -> None:
    test = "def check(candidate):\n    assert candidate(2) == len('abc')\n"
    assert explanation(test, 5, 2) == ["assert candidate(2) == len('abc')", "arguments: 2", "got: 5"]


def test_statement_over_several_lines_is_shown_whole() -> None:
    test = "def check(candidate):\n    assert (\n        candidate(2)\n        == 4\n    )\n"
    assert explanation(test, 5, 2)[0] == "assert candidate(2) == 4"


def test_error_over_the_result_names_the_error() -> None:
    test = "def check(candidate):\n    assert abs(candidate(2) - 1) < 1e-6\n"
    assert explanation(test, None, 2) == [
        "assert abs(candidate(2) - 1) < 1e-06",
        "arguments: 2",
        "got: None",
        "TypeError: unsupported operand type(s) for -: 'NoneType' and 'int'",
    ]


def test_long_and_unprintable_values_are_shortened() -> None:
    assert len(shortened("x" * 100_000)) < 320
    assert shortened(10**100_000) == "<int>"


# --- starting


def test_server_starts_isolated_and_without_site_packages() -> None:
    command = boot(SERVER, {})
    assert Path(command[0]).resolve() == Path(command[0])
    assert "-S" in command


@pytest.mark.parametrize("name", ["lockdown", "unsafe-process"])
def test_only_the_unsafe_sandbox_goes_without_the_lockdown(name: str) -> None:
    (launch,) = launches(SandboxOptions(name))
    assert ('"lockdown": true' in launch.command[-1]) is (name == "lockdown")


@pytest.mark.parametrize("program", ["docker", "podman"])
def test_container_mounts_no_folder_that_its_engine_would_make(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / program).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (launch,) = launches(SandboxOptions(program))
    assert "--volume" not in launch.command
    assert 'type=bind,"source={sockets}",target=/humaneval/sockets,readonly' in launch.command
    assert launch.advice == f"the image must be pulled first: {program} pull {default_image()}"


def test_names_of_the_sandboxes() -> None:
    assert SANDBOXES == ("auto", "lockdown", "bubblewrap", "docker", "podman", "unsafe-process")


LIGHT = """
import sys
before = set(sys.modules)
import pytest_humaneval.sandbox
print(sorted({name.split(".")[0] for name in set(sys.modules) - before} & {"ctypes", "subprocess", "numpy", "torch"}))
print([name for name in sys.modules if name.startswith("pytest_humaneval.sandbox.")])
"""


def test_importing_the_package_loads_nothing_else() -> None:
    told = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["[]", "[]"]


# --- self-check


@pytest.mark.parametrize(
    ("script", "wrong"),
    [
        (lambda problem, completion: Verdict("passed"), "a stub"),
        (lambda problem, completion: Verdict("assertion"), "the canonical solution"),
        (lambda problem, completion: Verdict("assertion" if "pass" in completion else "passed"), "exits with status 0"),
    ],
)
def test_self_check_names_what_a_broken_sandbox_got_wrong(script: Any, wrong: str) -> None:
    with pytest.raises(SandboxError, match=wrong):
        self_check(ScriptedSandbox(script), [PROBLEM])


def test_self_check_is_content_with_a_sandbox_that_tells_right_from_wrong() -> None:
    sandbox = ScriptedSandbox()
    self_check(sandbox, [PROBLEM])
    assert len(sandbox.checks) == 3


def test_scripted_sandbox_answers_by_task() -> None:
    sandbox = ScriptedSandbox({"Mini/0": Verdict("timed out")})
    with sandbox:
        assert sandbox.check(PROBLEM, "", timeout=1).kind == "timed out"
    assert sandbox.checks == [(PROBLEM, "", 1)]
