"""The bundled strategies, by family: what a model is told, and nothing else.

===================== ============================================================================================
minimal.py            the problem, bare or nearly so: minimal, minimal_v2 to minimal_v7, infilling
fim.py                a gap is filled between the code before and after it: fim
expert.py             an expert is asked: expert, expert_v00 to expert_v2, minimal_v0
instructions.py       advice above the problem: instructional, datadriven, helper, opt1
fewshot.py            solved examples first: fewshot, example_v0 (the examples are in worked_examples.py)
reasoning.py          thinking before writing: cot
optimized.py          a prompt-optimisation series: optimized_v1 to optimized_v3
chat.py               a conversation: chat, chat_fewshot, chat_cot
adaptive.py           as many questions as it takes: best_of_adaptive, vote_adaptive; and review
execution_guided.py   several questions, guided by the docstring's examples: best_of, vote, repair
published.py          other people's recipes: qwen_base, qwen_instruct, evalplus_chat, lm_eval_instruct
===================== ============================================================================================

They are registered through the hook that users implement, ``pytest_humaneval_strategies``. A new one is a function from
problem to prompt under ``@strategy``, added to the tuple below.
"""

from __future__ import annotations

from pytest_humaneval import Strategy

from .adaptive import best_of_adaptive, review, vote_adaptive
from .chat import chat, chat_cot, chat_fewshot
from .execution_guided import best_of, repair, vote
from .expert import expert, expert_v0, expert_v00, expert_v1, expert_v2, minimal_v0
from .fewshot import example_v0, fewshot
from .fim import fim
from .instructions import datadriven, helper, instructional, opt1
from .minimal import infilling, minimal, minimal_v2, minimal_v3, minimal_v4, minimal_v5, minimal_v6, minimal_v7
from .optimized import optimized_v1, optimized_v2, optimized_v3
from .published import evalplus_chat, lm_eval_instruct, qwen_base, qwen_instruct
from .reasoning import cot

__all__ = ["bundled"]


def bundled() -> tuple[Strategy, ...]:
    """Every strategy of this folder."""
    return (
        *(minimal, minimal_v2, minimal_v3, minimal_v4, minimal_v5, minimal_v6, minimal_v7, infilling, fim),
        *(expert, expert_v00, expert_v0, expert_v1, expert_v2, minimal_v0),
        *(instructional, datadriven, helper, opt1),
        *(fewshot, example_v0, cot),
        *(optimized_v1, optimized_v2, optimized_v3),
        *(chat, chat_fewshot, chat_cot),
        *(best_of, vote, repair),
        *(best_of_adaptive, vote_adaptive, review),
        *(qwen_base, qwen_instruct, evalplus_chat, lm_eval_instruct),
    )
