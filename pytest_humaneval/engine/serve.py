"""``python -m pytest_humaneval.engine.serve``: vLLM's OpenAI server with this project's models and settings.

It finds the model as ``--humaneval-model`` does, makes its weights ready, and then becomes vLLM's own server: one
process that takes signals itself, which is what a container wants. Arguments that are not named here go to the server,
whose parser judges them; what they say wins over our settings.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.serving_folder import own_folder
from pytest_humaneval.engine.vllm import is_cpu_build, vllm_distribution
from pytest_humaneval.engine.vllm_setup import default_arguments, flag, prepare_environment
from pytest_humaneval.exceptions import HumanEvalError, ModelError
from pytest_humaneval.models.broken_packages import environment_without, mark_broken_packages_absent
from pytest_humaneval.models.find import ALIASES, DEFAULT_MODEL, HUB_ID, Model, default_cache_directory, find_model
from pytest_humaneval.models.weights import materialise

SERVER = "vllm.entrypoints.openai.api_server"
OF_REPLICAS = "pytest_humaneval.engine.patient_server"  # the same, where it starts more processes
USAGE_ERROR = 4  # as pytest's
# Strategies have up to 16 stop strings. vLLM's server takes 4 of them, as the paid service does, unless it is told.
MAX_STOP_STRINGS = "16"
# A container's health is asked for every few seconds, which nobody wants to read in its log.
UNLOGGED = "/health,/metrics"


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the server, or with ``--prepare-only`` return when the weights are ready; an error is status 4."""
    given, passed_on = _parser().parse_known_args(arguments)
    try:
        cpu = is_cpu_build(*vllm_distribution())
        model = find_model(model_spec(given.model, given.revision), given.cache_dir)
        _prepare_environment(model, cpu=cpu)
        absent = mark_broken_packages_absent()
        directory = materialise(model, given.cache_dir, _say)
    except HumanEvalError as error:
        print(f"error: {error}".replace("--humaneval-model", "--model (or MODEL)"), file=sys.stderr)
        return USAGE_ERROR
    if not given.prepare_only:
        where, cache = (given.host, given.port), str(given.cache_dir)
        command = server_command(directory, model.name, *where, passed_on, cpu=cpu, cache_dir=cache)
        environment = environment_without(absent, os.environ, given.cache_dir)
        if folder := own_folder():
            environment["TMPDIR"] = folder
        os.execve(command[0], command, environment)
    _say(f"{model.name} ({model.digest}) is ready")
    return 0


def model_spec(model: str, revision: str) -> str:
    """``--humaneval-model``'s form of a model and its revision, which only the hub's models have.

    Raises:
        ModelError: a revision of an alias, a file or a directory.
    """
    if not revision:
        return model
    if model in ALIASES or "@" in model or Path(model).exists() or not HUB_ID.fullmatch(model):
        raise ModelError(
            f"--revision (or REVISION): {revision!r} does not apply to {model!r}; only a hub id such as "
            "Qwen/Qwen2.5-Coder-0.5B has revisions"
        )
    return f"{model}@{revision}"


def server_command(
    directory: Path, name: str, host: str, port: int, passed_on: Sequence[str], *, cpu: bool, cache_dir: str = ""
) -> list[str]:
    """What starts the server: the settings of the default engine, and after them the user's own, which win."""
    # A server's log and its /metrics are for whoever runs it; in a test run nobody reads them.
    settings = default_arguments(directory, EngineOptions(cache_dir=cache_dir), cpu=cpu)
    del settings["disable_log_stats"]
    flags = [flag(setting, str(value)) for setting, value in settings.items()]
    where = [f"--host={host}", f"--port={port}", f"--model={directory}", f"--served-model-name={name}"]
    quiet = f"--disable-access-log-for-endpoints={UNLOGGED}"
    replicas = any(each.replace("_", "-").startswith("--data-parallel-size") for each in passed_on)
    return [sys.executable, "-P", "-m", OF_REPLICAS if replicas else SERVER, *where, quiet, *flags, *passed_on]


def _prepare_environment(model: Model, *, cpu: bool) -> None:
    # The server's engine is a process of its own, whatever a test run prefers.
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "1")
    os.environ.setdefault("VLLM_MAX_STOP_STRINGS", MAX_STOP_STRINGS)
    prepare_environment(offline=model.is_local, cpu=cpu)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m pytest_humaneval.engine.serve",
        description="vLLM's OpenAI server with this project's models and settings. Other arguments go to vLLM.",
        allow_abbrev=False,
    )
    environment = os.environ.get
    parser.add_argument(
        "--model", default=environment("MODEL") or DEFAULT_MODEL, help="as --humaneval-model; or the variable MODEL"
    )
    parser.add_argument("--revision", default=environment("REVISION", ""), help="of a hub model; or REVISION")
    parser.add_argument("--host", default=environment("HOST") or "127.0.0.1", help="address to listen on; or HOST")
    parser.add_argument("--port", type=_port, default=environment("PORT") or "8000", help="or the variable PORT")
    parser.add_argument(
        "--cache-dir",
        type=Path,
        default=default_cache_directory(),
        help="where weights are kept",
    )
    parser.add_argument("--prepare-only", action="store_true", help="download or dequantise the weights, and exit")
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port, a number from 1 to 65535")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
