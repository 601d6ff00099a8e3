"""Reads what a server answers: one object, or the events of a stream, as many different servers write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pytest_humaneval.engine.stops import cut_at_stop
from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.finish_reasons import ERROR, LENGTH, finish_reason
from pytest_humaneval.postprocess.thinking import is_thinking
from pytest_humaneval.sample import Generation, Request

REASONING = ("reasoning_content", "reasoning", "thinking")
THOUGHTS = ("thinking", "reasoning", "reasoning_content")
CODE_LINE = re.compile(
    r"(\s{2,}|\t)\S|(async def|def|class|from|import|return|if|for|while|try|with|pass|raise|assert|global|yield)\b"
    r"|[@#\"'()\[\]{}]|[rbfRBF]?[\"']|[\w.\[\], ]+\s*[-+*/%|&^@]?=[^=]|\w[\w.]*\(",
)


LINE_END = re.compile(r"\r\n|\n|\r")  # of an event; splitlines() also breaks at what a JSON string may hold


class NoCompletionError(Exception):
    """The server answered, but with no completion. ``error`` is the server's own, where it gave one."""

    def __init__(self, error: Any = None) -> None:
        super().__init__(str(error))
        self.error = error


def generation(answer: Any, request: Request, seconds: float, *, whole: bool = False) -> Generation:
    """The generation in ``answer``. With ``whole``, stop strings are not looked for.

    Raises:
        NoCompletionError: there is none.
    """
    complete = assembled(answer)
    choice = _first_choice(complete)
    is_text = request.prompt.mode == "completion" or request.prompt.virtual_tokens is not None
    message = choice if is_text else choice.get("message")
    if not isinstance(message, dict):
        raise NoCompletionError
    text, thought = _text_of(message.get("text" if is_text else "content"))
    reasoning = thought or next((kept for name in REASONING if (kept := _plain(message.get(name)))), "")
    refusal = _plain(message.get("refusal"))
    text, stopped = (text or refusal, False) if whole else cut_at_stop(text or refusal, request.prompt.stop)
    reason = "refusal" if refusal else "tool_calls" if not text and message.get("tool_calls") else ""
    if not (text.strip() or stopped or reason or choice.get("finish_reason")):
        raise NoCompletionError("it gave an empty answer, and no reason why it ended")
    reported = complete.get("usage")
    usage: dict[str, Any] = reported if isinstance(reported, dict) else {}
    return Generation(
        text,
        "stop" if stopped else reason or finish_reason(choice.get("finish_reason")),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        seconds=seconds,
        logprob=_mean_logprob(choice.get("logprobs")),
        reasoning=reasoning,
    )


def scored_text(answer: Any, request: Request, seconds: float) -> Generation:
    """The log-probability of the given text, out of the echo of it with its prompt.

    Raises:
        EngineError: the server gives none of what it was given, or not where its tokens are.
    """
    given = request.prompt.text + request.scored
    begin, end = len(request.prompt.text), len(given)
    try:
        choice = _first_choice(assembled(answer))
        logprobs = choice["logprobs"]
        places, parts = logprobs["text_offset"], logprobs["token_logprobs"]
        ends = [*places[1:], end]
        counted = [part for part, start, stop in zip(parts, places, ends, strict=True) if stop > begin and start < end]
        if (
            not counted
            or not choice["text"].startswith(given)
            or not all(isinstance(part, int | float) for part in counted)
        ):
            raise ValueError
    except (NoCompletionError, TypeError, KeyError, ValueError, IndexError, AttributeError):
        raise EngineError(
            "the server does not say how likely a given text is: that takes a completions API with echo and logprobs, "
            "as vLLM's has"
        ) from None
    return Generation("", seconds=seconds, score=float(sum(counted)), scored_tokens=len(counted))


def ended_early(made: Generation, body: dict[str, Any]) -> bool:
    """Whether a server that speaks of the limit of tokens had given fewer than it was asked for.

    Only where it counts: some leave out of their count what the model thought.
    """
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    counted = made.finish_reason == LENGTH and not made.reasoning
    return counted and type(limit) is int and 0 < made.completion_tokens < limit


def continues(prefill: str, text: str) -> bool:
    """Whether ``text`` goes on where ``prefill``, which opened a block of code, ended; and not with prose, or anew."""
    if "```" not in prefill or not text.strip():
        return True
    if is_thinking(text) or text.lstrip().startswith(("```", "<think", prefill.strip()[:40])):
        return False
    first = next(line for line in text.split("\n") if line.strip())
    return bool(CODE_LINE.match(first))


def assembled(answer: Any) -> dict[str, Any]:
    """One object, of one object or of the events of a stream.

    Raises:
        NoCompletionError: it is neither.
    """
    if isinstance(answer, str):
        return _joined(list(_events(answer)))
    if not isinstance(answer, dict):
        raise NoCompletionError
    return answer


def error_in(answer: Any) -> Any:
    """The error that an answer carries, for itself or in its first choice; None where there is none.

    Raises:
        NoCompletionError: it is no answer at all.
    """
    complete = assembled(answer)
    choices = complete.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    places = (place.get("error") for place in (complete, choice) if isinstance(place, dict))
    return next(filter(None, places), None)


def _first_choice(answer: dict[str, Any]) -> dict[str, Any]:
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if error := error_in(answer):
        raise NoCompletionError(error)
    if not isinstance(choice, dict):
        raise NoCompletionError
    if finish_reason(choice.get("finish_reason")) == ERROR:
        raise NoCompletionError(f"it ended the answer with finish_reason {choice['finish_reason']!r}")
    return choice


def _events(text: str) -> Iterator[dict[str, Any]]:
    """The data of server-sent events."""
    for line in LINE_END.split(text):
        if line.startswith("data:") and (data := line[5:].strip()) != "[DONE]":
            try:
                event = json.loads(data)
            except ValueError:
                raise NoCompletionError from None
            if isinstance(event, dict):
                yield event


def _joined(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The one answer that a stream's events are the parts of."""
    if not events:
        raise NoCompletionError
    message: dict[str, Any] = {}
    whole: dict[str, Any] = {"message": message}
    usage, error = None, None
    for event in events:
        usage, error = event.get("usage") or usage, event.get("error") or error
        choices = event.get("choices") or [{}]
        choice = choices[0] if isinstance(choices[0], dict) else {}
        for name, part in (choice.get("delta") or choice.get("message") or {}).items():
            message[name] = _added(message.get(name), part)
        if "text" in choice:
            whole["text"] = _added(whole.get("text"), choice["text"])
        if choice.get("finish_reason"):
            whole["finish_reason"] = choice["finish_reason"]
    if not error and "finish_reason" not in whole:
        raise NoCompletionError("the stream broke off before its end")
    return {"choices": [whole], "usage": usage, "error": error}


def _added(before: Any, part: Any) -> Any:
    if part is None or before is None:
        return before if part is None else part
    return before + part if type(before) is type(part) and isinstance(part, str | list) else part


def _text_of(content: Any) -> tuple[str, str]:
    """The text and, apart from it, the thoughts of a content that is text, nothing, or a list of parts."""
    if content is None or isinstance(content, str):
        return content or "", ""
    if not isinstance(content, list):
        raise NoCompletionError
    thoughts = [part for part in content if isinstance(part, dict) and part.get("type") in THOUGHTS]
    return "".join(_plain(part) for part in content if part not in thoughts), "".join(map(_plain, thoughts))


def _plain(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(map(_plain, part))
    if isinstance(part, dict):
        return next((_plain(part[name]) for name in ("text", "content", *THOUGHTS) if part.get(name)), "")
    return ""


def _count(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _mean_logprob(logprobs: Any) -> float | None:
    """Of the drawn tokens, where the server tells: in one form as a list of numbers, in the other of objects."""
    if not isinstance(logprobs, dict):
        return None
    numbers = logprobs.get("token_logprobs")
    if not isinstance(numbers, list):
        content = logprobs.get("content")
        content = content if isinstance(content, list) else []
        numbers = [each.get("logprob") for each in content if isinstance(each, dict)]
    known = [float(number) for number in numbers if isinstance(number, int | float) and not isinstance(number, bool)]
    return sum(known) / len(known) if known else None
