"""A prompt as the model's tokens: the same for every engine that holds the model itself, and for training."""

from __future__ import annotations

from typing import Any

from pytest_humaneval.exceptions import EngineError
from pytest_humaneval.prompt import Prompt
from pytest_humaneval.text.printable import counted


def encode_prompt(tokenizer: Any, prompt: Prompt, model: str) -> list[int]:
    """The tokens of ``prompt``; ``model`` is named in messages.

    Raises:
        EngineError: a conversation for a model that has no chat template.
    """
    if prompt.mode == "completion":
        return list(tokenizer.encode(prompt.text))
    return list(tokenizer.encode(render(tokenizer, prompt, model), add_special_tokens=False))


def encode_scored(tokenizer: Any, prompt: Prompt, scored: str) -> tuple[list[int], int]:
    """The tokens of a prompt with the text to score behind it, and the place of the first that is not the prompt's.

    Where a token reaches from the one into the other, it counts with the text.
    """
    alone, whole = (list(tokenizer.encode(text)) for text in (prompt.text, prompt.text + scored))
    begin = next((at for at, pair in enumerate(zip(alone, whole, strict=False)) if pair[0] != pair[1]), len(alone))
    return whole, min(begin, len(whole))


def render(tokenizer: Any, prompt: Prompt, model: str) -> str:
    """A conversation as the model's chat template writes it, up to where the model has to go on.

    A pre-fill is put behind the template's own start of an answer, to the byte: templates that trim messages, and
    transformers' continue_final_message with them, would lose its last newline.

    Raises:
        EngineError: the model has no chat template, or one that refuses the conversation.
    """
    messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
    prefill = messages.pop()["content"] if messages and messages[-1]["role"] == "assistant" else ""
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # a missing template is a ValueError, a template may raise what it likes
        raise EngineError(
            f"{model} cannot be asked in chat form: {error} Use a strategy that completes text."
        ) from error
    return str(text) + prefill


def room_for_answer(num_tokens: int, longest: int) -> int:
    """Tokens that an answer can have behind a prompt of ``num_tokens``.

    Raises:
        EngineError: there is none.
    """
    if num_tokens >= longest:
        raise EngineError(
            f"the prompt has {counted(num_tokens, 'token', 'tokens')}; the engine takes {longest}, answer included; "
            "--humaneval-engine-arg=max-model-len=N raises that as far as the model allows"
        )
    return longest - num_tokens
