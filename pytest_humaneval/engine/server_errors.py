"""What a server's refusals and failures mean: for one request, for the next seconds, or for the whole run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from pytest_humaneval.engine.pace import asked_pause
from pytest_humaneval.engine.server_request import UNKNOWN
from pytest_humaneval.text.wording import near_ones

KEY_VARIABLE = "OPENAI_API_KEY"
# Azure's and OpenAI's words for a question that their filters take, and Alibaba's.
_FILTERED = re.compile(r"(?i)content_?filter|content_policy|responsibleai|data_?inspection|invalid_prompt")
_NAMES = {429: ("rate_limit", "too_many"), 503: ("overloaded", "unavailable", "server_error", "timeout", "bad_gateway")}
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


class FilteredError(Exception):
    """A filter took the question, so that there will be no answer."""


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
    if status in (400, 403, 422) and _FILTERED.search(f"{body.get('code', '')} {body.get('type', '')}"):
        return FilteredError(why)
    # 408, 409 and 5xx are about the server and not about the request.
    if status in (408, 409) or (status >= 500 and status != 501):
        return PassingError(why)
    parameter = body.get("param")
    return RefusalError(status, why, parameter if isinstance(parameter, str) else "")


def status_in(error: dict[str, Any]) -> int | None:
    """The HTTP status that an error in an answer speaks of, by number or by name; None where it speaks of none."""
    for number in (error.get("code"), error.get("status")):
        text = str(number)
        if text.isdecimal() and 400 <= (status := int(text)) < 600:
            return status
    words = f"{error.get('code', '')} {error.get('type', '')}".lower()
    return next((status for status, names in _NAMES.items() if any(name in words for name in names)), None)


def message_of(error: Any) -> Any:
    """The words in an error that an answer carries."""
    return error.get("message") or error if isinstance(error, dict) else error


def is_about_form(refusal: RefusalError) -> bool:
    """Whether another form of the same request may be taken."""
    named = "logprobs" in str(refusal)  # OpenAI forbids them with some models, as if it were a matter of rights
    return refusal.status in (400, 422, 501) or (refusal.status == 403 and named)


def only_talks(refusal: RefusalError) -> bool:
    """Whether a server that was asked to complete a text says that it does not, or not by this model."""
    words = str(refusal).lower()
    if "exist" in words:  # of a model, whose name may be anything
        return False
    said = "chat" in words or "completion operation" in words
    return refusal.status in (400, 404, 405) and (said or (refusal.status != 400 and "model" not in words))


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
