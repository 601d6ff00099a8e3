"""The bundled strategies, by family: what a model is told, and nothing else.

====================  ================================================================
minimal.py            the problem, bare or nearly so
expert.py             an expert is asked
chat.py               an instruction in a conversation
====================  ================================================================

They are registered through the hook that users implement, ``pytest_humaneval_strategies``.
"""

from __future__ import annotations

from pytest_humaneval import Strategy

from .chat import chat
from .expert import expert_v00
from .minimal import minimal

__all__ = ["bundled"]


def bundled() -> tuple[Strategy, ...]:
    """Every strategy of this folder."""
    return (minimal, expert_v00, chat)
