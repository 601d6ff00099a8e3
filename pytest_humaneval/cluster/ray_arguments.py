"""The command line of ``evaluate --ray``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_humaneval.option import argument, count, number
from pytest_humaneval.sandbox import DEFAULT_TIMEOUT, SANDBOXES, SandboxOptions
from pytest_humaneval.store.shared_address import shared_address

FLAG = "--ray"


def asks_for_ray(words: Sequence[str]) -> bool:
    """Whether a command line is one of ``evaluate`` on Ray rather than under pytest."""
    return words[:1] == ["evaluate"] and any(word.partition("=")[0] == FLAG for word in words)


def without_blanks(words: Sequence[str]) -> list[str]:
    """With ``--ray=`` for ``--ray``, which argparse would otherwise give the next word for an address."""
    return [f"{FLAG}=" if word == FLAG else word for word in words]


def add_evaluate_on_ray(subcommands: Any) -> None:
    """Add ``evaluate`` as it is with ``--ray``."""
    from pytest_humaneval.cluster import evaluate as command

    evaluate = subcommands.add_parser(
        "evaluate",
        help="judge a file of samples on a Ray cluster",
        epilog="A run that was interrupted continues with the same command. Exit status: 0 all passed, 1 some did "
        "not, 2 interrupted, 3 errors of sandbox or cluster, 4 bad input.",
    )
    add = evaluate.add_argument
    add("samples", type=Path, help="samples as evaluate takes them; JSON Lines, also gzipped, of any size")
    add(
        FLAG, metavar="ADDRESS", required=True, dest="address",
        help="--ray=HOST:PORT joins a cluster, --ray=auto the one this machine belongs to, --ray starts one here",
    )  # fmt: skip
    add("--output", type=Path, metavar="DIR", required=True, help="where to write results.jsonl and run.json")
    add("--dataset", metavar="NAMES or FILES", help="the problems, if they are not HumanEval's")
    add(
        "--timeout", type=argument(number(float, 1e-3, 1e6)), metavar="SECONDS", default=DEFAULT_TIMEOUT,
        help=f"CPU time of a check (default: {DEFAULT_TIMEOUT:g})",
    )  # fmt: skip
    default = SandboxOptions()
    names = f"{', '.join(SANDBOXES)}, or one that is registered"
    add(
        "--sandbox", metavar="NAME", default=default.name,
        help=f"how checks are isolated, the same on every node: {names} (default: {default.name})",
    )  # fmt: skip
    add("--sandbox-image", metavar="IMAGE", default=default.image, help="the image of the docker and podman sandboxes")
    add(
        "--memory", type=argument(count), metavar="MIB", default=default.memory_mb,
        help=f"memory of a checked program (default: {default.memory_mb})",
    )  # fmt: skip
    add(
        "--store", type=argument(shared_address), metavar="URL", dest="shared",
        help="a Redis server that keeps verdicts for all; its password is in the variable HUMANEVAL_STORE_PASSWORD of "
        "each node",
    )  # fmt: skip
    add("--no-cache", action="store_true", help="judge again what the nodes have judged before")
    evaluate.set_defaults(run=command.evaluate)
