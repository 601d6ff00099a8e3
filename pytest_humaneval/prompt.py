"""What a strategy asks the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["completion", "chat"]

# The stop sequences of Qwen2.5-Coder's own base-model evaluation (Qwen2.5-Coder repository, base/evalplus): each opens
# a new top-level statement, so the function is complete when one appears. An immutable tuple, so that no strategy can
# leak its stops into another. Only for completion mode: a chat answer opens with a fence.
FUNCTION_END = (
    "\nif __name__",
    "\ndef main(",
    "\nprint(",
    "\ndef ",
    "\nclass ",
    "\nimport ",
    "\nfrom ",
    "\nassert ",
    "\n```",
)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class VirtualTokens:
    """A soft prompt: learned vectors in front of all the text. ``digest`` (SHA-256) says which, ``directory`` where."""

    directory: str
    digest: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA: learned changes to the model's weights. ``name`` is what a server calls it."""

    directory: str
    digest: str  # SHA-256
    name: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """The exact question to the model: a text to continue, or a conversation to answer.

    In completion mode ``text`` is continued as it is, to the byte. In chat mode ``messages`` go through the model's own
    chat template; a last message of the assistant is a pre-fill, which the model continues.

    ``completion_prefix`` is the end of the question that already belongs to the answer: an indentation, a line of code
    that is pre-filled. It is put in front of the generation before post-processing, and is no part of the request.
    """

    mode: Mode
    text: str = ""
    messages: tuple[Message, ...] = ()
    stop: tuple[str, ...] = ()
    completion_prefix: str = ""
    virtual_tokens: VirtualTokens | None = None
    adapter: Adapter | None = None


def completion_prompt(text: str, *, stop: tuple[str, ...] = FUNCTION_END, completion_prefix: str = "") -> Prompt:
    """A text to continue."""
    return Prompt("completion", text=text, stop=stop, completion_prefix=completion_prefix)


def chat_prompt(
    user: str, *, system: str = "", prefill: str = "", stop: tuple[str, ...] = (), completion_prefix: str = ""
) -> Prompt:
    """A question for the model's chat template, with an optional system message and start of the answer."""
    messages = (
        *([Message("system", system)] if system else []),
        Message("user", user),
        *([Message("assistant", prefill)] if prefill else []),
    )
    return Prompt("chat", messages=messages, stop=stop, completion_prefix=completion_prefix)
