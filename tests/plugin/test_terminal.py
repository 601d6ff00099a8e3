"""What a person at a terminal sees while the engine is at work: in a pseudo-terminal, drawn by an emulator."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte
import pytest
from mini import RIGHT

COLUMNS, LINES = 60, 24
# Answers that come one after the other, and a start, each longer than the line takes to be drawn anew.
SCRIPT = {
    "start": {"delay": 1.5},
    "Mini/0": {"text": RIGHT["Mini/0"], "delay": 1.5},
    "Mini/1": {"text": RIGHT["Mini/1"], "delay": 3.0},
    "Mini/10": {"text": RIGHT["Mini/10"], "delay": 4.5},
}


def seen(mini: Path, folder: Path, *options: str, term: str = "xterm-256color") -> tuple[list[list[str]], bytes]:
    """Every screen that differed from the one before, as lines; and all that was written."""
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "CI", "BUILD_NUMBER")}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "--strategy=minimal", f"--humaneval-dataset={mini}"),
            *(f"--humaneval-script={script}", f"--humaneval-cache-dir={folder / 'cache'}", "--no-header", *options),
        ],
        cwd=folder,
        env=environment | {"TERM": term},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screens, written = _drawn(ours)
    assert process.wait() == 0
    return screens, written


def _drawn(terminal: int) -> tuple[list[list[str]], bytes]:
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    screens: list[list[str]] = [[]]
    written = b""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side has closed it
            os.close(terminal)
            return screens, written
        written += data
        stream.feed(data)
        lines = [line.rstrip() for line in screen.display]
        if lines != screens[-1]:
            screens.append(lines)


def test_a_line_with_a_bar_stays_below_what_pytest_writes(mini: Path, tmp_path: Path, workers: str) -> None:
    screens, _ = seen(mini, tmp_path, workers)
    shown = [(number, line) for lines in screens for number, line in enumerate(lines) if line.startswith("engine")]
    texts = [line for _, line in shown]
    assert any(line.startswith("engine: ") for line in texts)  # loading
    assert any(line.startswith("engine [..........] 0/3") for line in texts)
    assert any(line.startswith("engine [###.......] 1/3") for line in texts)
    assert any(line.startswith("engine [#######...] 2/3") for line in texts)
    for lines in screens:  # one at a time, and nothing below it
        places = [number for number, line in enumerate(lines) if line.startswith(("engine:", "engine ["))]
        assert len(places) <= 1
        assert not places or not any(lines[places[0] + 1 :])
    assert not any(line.startswith(("engine:", "engine [")) for line in screens[-1])
    assert any(line.startswith("minimal ") for line in screens[-1])
    dots = [line for line in screens[-1] if "[100%]" in line]  # where they were
    assert len(dots) == 1
    assert "... " in dots[0]
    assert len(dots[0]) == COLUMNS - 1  # as pytest fills a line


def test_a_dumb_terminal_gets_plain_lines_and_no_escapes(mini: Path, tmp_path: Path, workers: str) -> None:
    screens, written = seen(mini, tmp_path, workers, term="dumb")
    assert b"\x1b" not in written
    lines = [line for line in written.decode().splitlines() if line.startswith("engine: ")]
    assert any("/3 generated" in line for line in lines)
    assert len(set(lines)) == len(lines)
    assert any(line.startswith("minimal ") for line in screens[-1])


def test_what_a_test_prints_without_capture_is_not_written_over(mini: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(autouse=True)\ndef speaks(completion):\n    print('hello from a test')\n"
    )
    screens, _ = seen(mini, tmp_path, "-n0", "-s")
    assert sum("hello from a test" in line for line in screens[-1]) == 3
    assert not any("engine [" in line for line in screens[-1])


@pytest.fixture(autouse=True)
def quiet_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugins that the other tests of this folder have, in a run that pytester does not start."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist -p timeout -p humaneval")
