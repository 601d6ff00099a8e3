"""Why generations end, in one spelling for every server.

=============== =====================================================================================================
stop            the model was done, or came to a stop string
length          it reached the limit of tokens
context_full    the context, or a limit of the server's own, held before that
content_filter  the server's filter took the answer, or a part of it
refusal         the model declined
tool_calls      it called a tool instead of answering
error           the server failed: no answer of the model's, so the item is an error and nothing is stored
=============== =====================================================================================================

Whatever else a server says is kept in its own words and shown.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.sample import Generation

STOP, LENGTH, CONTEXT_FULL, ERROR = "stop", "length", "context_full", "error"
CONTENT_FILTER = "content_filter"

_SPELLINGS = {
    STOP: "stop eos eos_token end_turn stop_sequence stop_str complete completed finish finished done none null",
    LENGTH: "length max_tokens max_length max_new_tokens max_output_tokens max_completion_tokens token_limit",
    CONTEXT_FULL: "context_full model_length model_context_window_exceeded context_length_exceeded",
    CONTENT_FILTER: "content_filter content_filtered content-filter filter safety recitation blocklist"
    " prohibited_content spii sensitive guardrail_intervened image_safety",
    "refusal": "refusal refused",
    "tool_calls": "tool_calls tool_call tool_use function_call malformed_function_call unexpected_tool_call",
    ERROR: "error failed failure abort aborted cancelled canceled internal_error server_error network_error timeout"
    " insufficient_system_resource engine_overloaded",
}
TOLD = {
    CONTEXT_FULL: "the context was full, or a limit of the engine's own reached, before the limit of tokens",
    CONTENT_FILTER: "the server's content filter ended the answer",
    "refusal": "the model refused to answer",
    "tool_calls": "the model called a tool instead of answering",
}
_MEANING = {spelling: reason for reason, spellings in _SPELLINGS.items() for spelling in spellings.split()}


def finish_reason(reason: object) -> str:
    """The one spelling of what a server says; an empty word is ``stop``."""
    return _spelled(str(reason or STOP).strip())


@lru_cache(maxsize=1024)  # asked of every sample, several times
def _spelled(words: str) -> str:
    known = words.lower().removeprefix("finish_reason_").replace(" ", "_")
    return _MEANING.get(known) or _MEANING.get(known.partition(":")[0], words)  # Gemini's "content_filter: RECITATION"


def is_own(reason: str) -> bool:
    """Whether it is one of the two ends that need no explanation."""
    return reason in (STOP, LENGTH, "")


def settled(generation: Generation) -> Generation | EngineError:
    """The same with its end in one spelling; an error where that is the server's failure, or nobody knows whose."""
    reason = finish_reason(generation.finish_reason)
    if reason == ERROR:
        return EngineError(f"the server failed: it ended the answer with {generation.finish_reason!r}")
    if not is_own(reason) and reason not in TOLD and not generation.text.strip():
        return EngineError(f"the server ended an empty answer with {reason!r}, which says nothing about the model")
    return generation if reason == generation.finish_reason else replace(generation, finish_reason=reason)
