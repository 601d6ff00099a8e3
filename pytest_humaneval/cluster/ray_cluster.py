"""Joins a Ray cluster, or starts one of this machine alone."""

from __future__ import annotations

import importlib.metadata
import os
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from pytest_humaneval.exceptions import InputError

INSTALL = "pip install 'pytest-humaneval[ray]'"
LOCAL = ""  # the address that starts a cluster of this machine alone
OBJECT_STORE = 512 << 20  # bytes, of a cluster started here: problems, and chunks that are too large to travel along
ANSWERS_WITHIN = 10.0  # seconds, a cluster's address


def package_version() -> str:
    """This package's, as it is installed here."""
    return importlib.metadata.version("pytest-humaneval")


def need_ray() -> None:
    """Make sure that Ray is installed, before anything is read.

    Raises:
        InputError: it is not; says how to get it.
    """
    if find_spec("ray") is None:
        raise InputError(f"--ray needs Ray: {INSTALL}")


def join(address: str, variables: Mapping[str, str]) -> Any:
    """The module ray, joined to the cluster; ``variables`` are set in the environment of its worker processes.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
    """
    ray = _import_ray(local=address == LOCAL)
    options: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": "ERROR",
        "runtime_env": {"env_vars": dict(variables)},
    }
    if address == LOCAL:
        options |= {"address": "local", "include_dashboard": False, "object_store_memory": OBJECT_STORE}
    else:
        need_answer(address)
        options |= {"address": address}
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:  # the last: no token
        where = address or "a cluster of this machine"
        raise InputError(f"--ray: {where} cannot be used: {first_line(error)}") from error
    return ray


def need_answer(address: str) -> None:
    """Refuse what nobody listens at: Ray would wait for it for minutes.

    Raises:
        InputError: the address cannot be used.
    """
    if address in (LOCAL, "auto"):
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise InputError(
            f"--ray: {address!r} is not an address; expected HOST:PORT as `ray start --head` prints it, or auto"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_WITHIN).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"--ray: no cluster answers at {address} ({error})") from error


def other_version(version: str) -> str:
    """What is wrong where a node has another version of the package than ``version``; empty where it is the same."""
    if (here := package_version()) == version:
        return ""
    return (
        f"--ray: {socket.gethostname()} has pytest-humaneval {here}, this machine {version}; "
        "install the same version on every node"
    )


def first_line(error: BaseException) -> str:
    """The first line of what Ray says, which says many."""
    return str(error).strip().partition("\n")[0]


def _import_ray(*, local: bool) -> Any:
    """Ray, set up before it is imported: nothing is reported to its makers, and what is local stays on loopback.

    Raises:
        InputError: it is not installed.
    """
    need_ray()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as Ray will do by itself; spares its warning
    if local:
        # Ray's way to a cluster that listens at 127.0.0.1 alone: anybody who reaches its ports can run code.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    import ray
    import ray.exceptions

    return ray
