"""Filling a gap: the code before and after it, for a base or coder model that was trained on such texts."""

from __future__ import annotations

from pytest_humaneval import FUNCTION_END, Problem, Prompt, completion_prompt, strategy

BEFORE, AFTER, GAP = "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"
# Where one of these comes the gap is filled, and another text begins.
TOKENS_END = (
    *("<|endoftext|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|im_start|>", "<|im_end|>"),
    *(BEFORE, AFTER, GAP),
)


@strategy("fim", "the code before and after the gap, in Qwen2.5-Coder's own tokens", fills_gap=True)
def fim(problem: Problem) -> Prompt:
    """Prefix, suffix, middle, as Qwen2.5-Coder was trained (Hui et al. 2024, arXiv:2409.12186, section 3.2.1).

    The idea is from Bavarian et al. 2022 (arXiv:2207.14255). Models without these tokens read them as text. Where
    nothing follows the completion, the stops of completion apply, too.
    """
    stop = TOKENS_END if problem.has_gap else (*FUNCTION_END, *TOKENS_END)
    return completion_prompt(f"{BEFORE}{problem.prompt}{AFTER}{problem.suffix}{GAP}", stop=stop)
