"""Workers that cannot reach the engine's socket: behind xdist's gateways, as on other hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import execnet.script.socketserver
import pytest
from mini import Evaluate


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """A worker's gateway over TCP, as ``--tx`` takes it: execnet's socket server, on loopback as it knows no password.

    xdist calls what is behind it another host, so the worker is told no address of the engine.
    """
    folder = tmp_path / "host"
    folder.mkdir()
    command = [sys.executable, "-u", execnet.script.socketserver.__file__, "127.0.0.1:0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    assert server.stdout is not None
    try:
        listening = re.search(r"\('127\.0\.0\.1', (\d+)\)", server.stdout.readline())
        assert listening is not None
        yield f"socket=127.0.0.1:{listening[1]}//chdir={folder}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_a_worker_behind_a_socket_gateway_generates_and_judges(evaluate: Evaluate, host: str) -> None:
    result = evaluate("-d", "-v", f"--tx={host}", script={"Mini/1": "    return text\n"})
    result.stdout.fnmatch_lines(["*FAILED*Mini/1-shout-minimal*", "minimal * 0.667 *"])
    result.assert_outcomes(passed=2, failed=1)
