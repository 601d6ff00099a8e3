"""Judges completions in isolation: what people and the rest of the package import.

Three kinds of processes take part, and generated code runs only in the last one:

    worker      pytest, or whoever calls ``check``. Holds the wall limit.      process_sandbox.py
     +- oracle      runs the hidden tests; never executes generated code.      oracle/
         +- server      locked down, warm; forks once per check.               confined/
             +- child       runs prompt and completion, answers calls.         confined/child.py

The names below are looked up when they are used, because the oracle and the server import this package too, outside of
any installation and in a few milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_humaneval.sandbox.interface import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
    from pytest_humaneval.sandbox.interface import Sandbox as Sandbox
    from pytest_humaneval.sandbox.interface import SandboxKind as SandboxKind
    from pytest_humaneval.sandbox.interface import SandboxOptions as SandboxOptions
    from pytest_humaneval.sandbox.library import check_correctness as check_correctness
    from pytest_humaneval.sandbox.library import open_sandbox as open_sandbox
    from pytest_humaneval.sandbox.library import self_check as self_check
    from pytest_humaneval.sandbox.sandboxes import SANDBOXES as SANDBOXES

_HOME = {
    "SANDBOXES": "sandboxes",
    "check_correctness": "library",
    "open_sandbox": "library",
    "self_check": "library",
    "DEFAULT_TIMEOUT": "interface",
    "Sandbox": "interface",
    "SandboxKind": "interface",
    "SandboxOptions": "interface",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
