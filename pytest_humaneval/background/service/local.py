"""A service as a process of this machine: vLLM's OpenAI server, in a session of its own."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.processes import (
    end_group,
    is_running,
    left_behind,
    resident_bytes,
    start_detached,
    start_mark,
)
from pytest_humaneval.background.service import activity
from pytest_humaneval.background.service.health import free_port, url_of
from pytest_humaneval.background.service.wanted import Started, Wanted
from pytest_humaneval.engine.connection import log_tail
from pytest_humaneval.engine.engine_process import open_log
from pytest_humaneval.engine.serving_folder import remove_left_behind
from pytest_humaneval.engine.vllm_setup import flag
from pytest_humaneval.exceptions import InputError, ModelError
from pytest_humaneval.models.find import find_model
from pytest_humaneval.text.wording import cannot_be_read, cannot_be_written

SERVER = "pytest_humaneval.engine.serve"
MIDDLEWARE = f"{activity.__name__}.{activity.Activity.__name__}"
ACTIVITY = "service.activity"
PATIENCE = 15.0  # seconds from the polite request to end until the process is killed
_POLL = 0.2


class LocalService:
    """Starts, watches and ends the server's process."""

    def __init__(self, directory: PrivateDirectory) -> None:
        self._activity = directory.path / ACTIVITY

    def start(self, wanted: Wanted) -> Started:
        """Start the server; the model's weights are made ready by it.

        Raises:
            InputError: there is no such model, the port is taken, or the cache cannot be written.
        """
        try:
            model = find_model(wanted.model, Path(wanted.cache_dir))
        except ModelError as error:
            raise ModelError(str(error).replace("--humaneval-model", "--model")) from error
        port = free_port(wanted.host, wanted.port)
        try:
            log = open_log(Path(wanted.cache_dir).absolute() / "logs", "service")
        except OSError as error:
            raise InputError(cannot_be_written(f"--cache-dir: {wanted.cache_dir}", error)) from error
        variables = {activity.FILE: str(self._activity), activity.IDLE_LIMIT: str(wanted.idle_limit)}
        self._activity.touch(mode=0o600)
        pid = start_detached(server_command(wanted, port), os.environ | variables, log)
        return Started(
            "process", wanted, url_of(wanted.host, port), model.name, time.time(), str(log), pid, start_mark(pid)
        )

    def running(self, started: Started) -> bool:
        """Whether the process is there still."""
        return is_running(started.pid, started.start_mark)

    def stop(self, started: Started) -> None:
        """End the process with all that it has started."""
        end_group(started.pid, started.start_mark, PATIENCE, started.log)
        remove_left_behind()

    def left_behind(self, started: Started) -> list[int]:
        """Its workers, where the server itself has ended: the kernel's memory killer takes one process alone."""
        return left_behind(started.pid, started.start_mark, started.log)

    def memory(self, started: Started) -> int:
        """Bytes of the process and its children."""
        return resident_bytes(started.pid)

    def idle_seconds(self) -> float | None:
        """How long ago the server was last asked; None where that is not known."""
        return activity.idle_seconds(self._activity)

    def show_log(self, started: Started, *, follow: bool) -> int:
        """Print the log, with ``follow`` until the process has ended."""
        try:
            with open(started.log, encoding="utf-8", errors="backslashreplace") as log:
                shutil.copyfileobj(log, sys.stdout)
                while follow and self.running(started):
                    sys.stdout.flush()
                    time.sleep(_POLL)
                    shutil.copyfileobj(log, sys.stdout)
        except OSError as error:
            print(cannot_be_read(f"the log, {started.log}", error), file=sys.stderr)
            return 1
        return 0

    def end_of_log(self, started: Started) -> str:
        """Its last lines."""
        return f"the end of its log, {started.log}:\n{log_tail(Path(started.log))}"


def server_command(wanted: Wanted, port: int) -> list[str]:
    """What starts the server. -P: a torch.py in the user's folder is not torch."""
    # All that it would else look for in the environment, where a revision may be meant for somebody else.
    own = [f"--model={wanted.model}", "--revision=", f"--host={wanted.host}", f"--port={port}"]
    given = (argument.removeprefix("--").partition("=") for argument in wanted.engine_args)
    flags = [flag(name, value) for name, _, value in given]
    cache = f"--cache-dir={wanted.cache_dir}"
    return [sys.executable, "-P", "-m", SERVER, *own, cache, f"--middleware={MIDDLEWARE}", *flags]
