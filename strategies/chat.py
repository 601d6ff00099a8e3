"""An instruction in a conversation, through the model's own chat template: for instruction-tuned models."""

from __future__ import annotations

from string import Template

from pytest_humaneval import Message, Problem, Prompt, chat_prompt, strategy

from .worked_examples import LIST, STRING, WorkedExample

COMPLETE = Template("""\
Complete this Python function. Answer with the whole function in one Python code block.

```python
$prompt
```""")

EXPLAIN_AND_COMPLETE = Template("""\
Complete this Python function.

```python
$prompt
```

First explain in two or three sentences how to get from the arguments to the result, and check one of the examples. \
Then give the whole function in one Python code block.""")

BLOCK = Template("""\
```python
$code
```""")


@strategy("chat", "one instruction, the answer in one fenced block", mode="chat")
def chat(problem: Problem) -> Prompt:
    """Short and direct, on the idea that a small model follows one sentence better than ten."""
    return chat_prompt(_question(problem.prompt))


@strategy("chat_fewshot", "two questions already answered, then the problem", mode="chat")
def chat_fewshot(problem: Problem) -> Prompt:
    """The examples are earlier turns of the conversation; they show what an answer is: a block and nothing else."""
    turns = [message for example in (STRING, LIST) for message in _answered(example)]
    return Prompt("chat", messages=(*turns, Message("user", _question(problem.prompt))))


@strategy("chat_cot", "a short explanation before the block", mode="chat")
def chat_cot(problem: Problem) -> Prompt:
    """Reasoning in prose (Kojima et al. 2022, arXiv:2205.11916), kept short, so that the plan does not drift."""
    return chat_prompt(EXPLAIN_AND_COMPLETE.substitute(prompt=problem.prompt.strip()))


def _question(prompt: str) -> str:
    return COMPLETE.substitute(prompt=prompt.strip())


def _answered(example: WorkedExample) -> tuple[Message, Message]:
    answer = BLOCK.substitute(code=example.code.strip())
    return Message("user", _question(example.prompt)), Message("assistant", answer)
