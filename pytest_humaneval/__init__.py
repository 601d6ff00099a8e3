"""HumanEval as pytest items: does this model, with this prompt, write correct code?"""

from pytest_humaneval.problem import Problem
from pytest_humaneval.prompt import FUNCTION_END, Message, Prompt, chat_prompt, completion_prompt
from pytest_humaneval.sample import Completion, Generation, Sampling
from pytest_humaneval.strategy import Strategy, strategy
from pytest_humaneval.verdict import Verdict

__all__ = [
    "FUNCTION_END",
    "Completion",
    "Generation",
    "Message",
    "Problem",
    "Prompt",
    "Sampling",
    "Strategy",
    "Verdict",
    "chat_prompt",
    "completion_prompt",
    "strategy",
]
