"""An instruction in a conversation, through the model's own chat template: for instruction-tuned models."""

from __future__ import annotations

from string import Template

from pytest_humaneval import Problem, Prompt, chat_prompt, strategy

COMPLETE = Template("""\
Complete this Python function. Answer with the whole function in one Python code block.

```python
$prompt
```""")


@strategy("chat", "one instruction, the answer in one fenced block", mode="chat")
def chat(problem: Problem) -> Prompt:
    """Short and direct: a small model follows one sentence better than ten."""
    return chat_prompt(COMPLETE.substitute(prompt=problem.prompt.strip()))
