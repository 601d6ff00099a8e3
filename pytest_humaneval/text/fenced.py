"""Whether a text is code, or an answer of a chat model with code in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MARKS = re.compile(r"^[ \t]*(?:```|~~~)|</?think(?:ing)?>", re.MULTILINE)


def is_chat_answer(text: str) -> bool:
    """Whether ``text`` looks like what a chat model wrote: it has a fence on a line, or marks of thinking."""
    return bool(_MARKS.search(text))


def are_chat_answers(texts: Iterable[str]) -> bool:
    """Whether most of the texts look like that."""
    found = [is_chat_answer(text) for text in texts]
    return 2 * sum(found) > len(found)
