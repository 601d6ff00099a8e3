from __future__ import annotations

import io
import time

from soft_prompt.heartbeat import heartbeat


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def wait_for(stream: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.01)


def test_silence_is_broken_and_broken_again() -> None:
    log = io.StringIO()
    with heartbeat(log, every=0.2) as lively:
        lively.write("loading\n")
        wait_for(log, "loading\nstill at it, 0 s after the last line\nstill at it, ")
    ended = log.getvalue()
    time.sleep(0.3)
    assert log.getvalue() == ended


def test_whoever_speaks_is_not_interrupted() -> None:
    log = io.StringIO()
    with heartbeat(log, every=5.0) as lively:
        for _ in range(5):
            lively.write("step\n")
            time.sleep(0.02)
    assert log.getvalue() == "step\n" * 5


def test_on_a_terminal_it_takes_the_line_s_place() -> None:
    terminal = Terminal()
    with heartbeat(terminal, every=0.1) as lively:
        assert lively.isatty()
        wait_for(terminal, "\r\x1b[Kstill at it, ")
        assert "\n" not in terminal.getvalue()
        lively.write("loaded\n")
    assert "\r\x1b[Kloaded\n" in terminal.getvalue()
