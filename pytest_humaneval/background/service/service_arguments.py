"""The command line of ``service``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_humaneval.background.service import manage as command
from pytest_humaneval.option import argument, key_and_value, number


def add_service(subcommands: Any) -> None:
    """Add ``service`` and what it takes to the subcommands of ``python -m pytest_humaneval``."""
    service = subcommands.add_parser("service", help="a server for many runs: start, stop, restart, status, logs")
    actions = service.add_subparsers(metavar="ACTION", required=True)
    start = actions.add_parser("start", help="start an OpenAI-compatible server, and wait until it answers")
    _add_settings(start)
    start.set_defaults(run=command.start)
    stop = actions.add_parser("stop", help="stop the server, and the engines that linger")
    stop.set_defaults(run=command.stop)
    restart = actions.add_parser("restart", help="stop the server, and start it again with the given options changed")
    _add_settings(restart)
    restart.set_defaults(run=command.restart)
    status = actions.add_parser("status", help="show what is running; the exit status is 0 if the server is, else 3")
    status.set_defaults(run=command.status)
    logs = actions.add_parser("logs", help="print the server's log")
    logs.add_argument("--follow", action="store_true", help="keep printing while it grows")
    logs.set_defaults(run=command.logs)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", metavar="SPEC", help="as --humaneval-model (default: qwen2.5-coder-0.5b-instruct)")
    add(
        "--engine-arg", metavar="K=V", action="append", dest="engine_args", type=argument(_key_and_value),
        help="an argument for vLLM itself (repeatable)",
    )  # fmt: skip
    add(
        "--linger", metavar="SECONDS", dest="idle_limit", type=argument(number(float, 0, 1e9)),
        help="end after this many seconds without a request (default: 0, run until stopped)",
    )  # fmt: skip
    add("--host", help="the address to listen on (default: 127.0.0.1, this machine alone)")
    add("--port", type=argument(number(int, 0, 65535)), help="0 takes any free one (default: 8000)")
    add("--cache-dir", metavar="DIR", type=_folder, help="where models are kept (default: the user's cache folder)")
    add("--wait", metavar="SECONDS", type=argument(number(float, 0, 1e6)), default=command.START_SECONDS,
        help="give up waiting for its first answer after this long (default: 1800)")  # fmt: skip
    add("--backend", choices=command.BACKENDS, default="auto",
        help="auto is compose if a container engine answers and docker/compose.yaml is found")  # fmt: skip
    add("--compose", metavar="FILE", type=Path, help="the compose file (default: the checkout's docker/compose.yaml)")


def _key_and_value(text: str) -> str:
    key_and_value(text)  # which says what is wrong with it
    return text


def _folder(text: str) -> str:
    return str(Path(text).expanduser().absolute())
