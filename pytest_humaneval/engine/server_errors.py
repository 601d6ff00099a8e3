"""What a server's refusals and failures mean: for one request, for the next seconds, or for the whole run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pytest_humaneval.engine.pace import asked_pause
from pytest_humaneval.engine.server_request import UNKNOWN
from pytest_humaneval.text.wording import near_ones

KEY_VARIABLE = "OPENAI_API_KEY"
_LISTED = 10  # models in a message; some servers have hundreds


class ReplicaError(Exception):
    """This replica did not answer the request; another one might."""


class PassingError(ReplicaError):
    """What it failed at may be over in a moment."""


class HasteError(ReplicaError):
    """It was asked too much at once; ``pause`` is what it wants to wait, in seconds, where it says so."""

    def __init__(self, why: str, pause: float | None) -> None:
        super().__init__(why)
        self.pause = pause


class LoadingError(ReplicaError):
    """It is there, and not ready yet."""


class RefusalError(Exception):
    """A status that says that the request is at fault. ``parameter`` is the one that the server blames."""

    def __init__(self, status: int, why: str, parameter: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.parameter = parameter


def fault(status: int, why: str, message: Any, headers: Any, body: dict[str, Any]) -> Exception:
    """What a status other than 200 means; ``why`` says it to people."""
    words = f"{message} {body.get('code', '')} {body.get('type', '')}".lower()
    if status == 503 and "loading" in words:
        return LoadingError(why)
    if status == 429 and "insufficient_quota" in words:
        return RefusalError(status, why)
    # Ray Serve's queue is full: a 503 that by default does not say when to come again.
    if status in (429, 529) or (status == 503 and ("retry-after" in headers or "backpressure" in words)):
        return HasteError(why, asked_pause(headers, str(message)))
    # 408, 409 and 5xx are about the server and not about the request.
    if status in (408, 409) or (status >= 500 and status != 501):
        return PassingError(why)
    parameter = body.get("param")
    return RefusalError(status, why, parameter if isinstance(parameter, str) else "")


def message_of(error: Any) -> Any:
    """The words in an error that an answer carries."""
    return error.get("message") or error if isinstance(error, dict) else error


def hint_for(refusal: RefusalError, *, begun: bool = False) -> str:
    """What would be right, for refusals that are often met."""
    if refusal.status in (401, 403):
        state = "set" if os.environ.get(KEY_VARIABLE) else "not set"
        return f" (the key is taken from the environment variable {KEY_VARIABLE}, which is {state})"
    if begun and UNKNOWN.search(str(refusal)):
        return " (the strategy begins the model's answer; that needs vLLM's continue_final_message)"
    return ""


def listed(names: Sequence[str], wanted: str = "") -> str:
    """The names, those first that resemble ``wanted``; of very many only some."""
    near = near_ones(wanted, names, _LISTED) if wanted else []
    shown = [*near, *(name for name in names if name not in near)][:_LISTED]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return (", ".join(shown) or "no list of models") + more
