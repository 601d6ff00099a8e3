"""Published recipes, to the byte as far as it is known, to reproduce published numbers.

Only the question and its stops are the recipe's; sampling is the run's (the recipes are greedy, with 768 to 1,024 new
tokens) and so is post-processing. Where an answer was pre-filled, so it is here.
"""

from __future__ import annotations

from string import Template

from pytest_humaneval import FUNCTION_END, Problem, Prompt, chat_prompt, completion_prompt, strategy

FENCE = "```python\n"
CLOSING_FENCE = "\n```"

QWEN_SYSTEM = "You are an intelligent programming assistant to produce Python algorithmic solutions"

QWEN_INSTRUCT = Template("""\
Can you complete the following Python function?
```python
$prompt
```""")

EVALPLUS_CHAT = Template("""\
Please provide a self-contained Python script that solves the following problem in a markdown code block:
```
$prompt
```
""")

EVALPLUS_ANSWER = """\
Below is a Python script with a self-contained function that solves the problem and passes corresponding tests:
"""

LM_EVAL_INSTRUCT = Template("""\
Write a solution to the following problem and make sure that it passes the tests:
```python
$prompt
```
""")

LM_EVAL_ANSWER = Template("""\
Here is the completed function:
```python
$prompt
""")


@strategy("qwen_base", "Qwen2.5-Coder's own recipe for its base models")
def qwen_base(problem: Problem) -> Prompt:
    """Stripped prompt, newline, the stops of direct completion (Qwen2.5-Coder repository, base/benchmarks/evalplus).

    Published for Qwen2.5-Coder-0.5B: 28.0. The request is that of ``minimal_v3``, so the two share their generations.
    """
    return completion_prompt(problem.prompt.strip() + "\n", stop=FUNCTION_END)


@strategy("qwen_instruct", "Qwen2.5-Coder's own recipe for its instruct models", mode="chat")
def qwen_instruct(problem: Problem) -> Prompt:
    """System message, question, and an answer that begins with a fence (same repository, instruct/eval_plus).

    Published for Qwen2.5-Coder-0.5B-Instruct: 61.6, in bfloat16.
    """
    question = QWEN_INSTRUCT.substitute(prompt=problem.prompt.strip())
    return chat_prompt(question, system=QWEN_SYSTEM, prefill=FENCE, stop=(CLOSING_FENCE,), completion_prefix=FENCE)


@strategy("evalplus_chat", "evalplus' question for chat models", mode="chat")
def evalplus_chat(problem: Problem) -> Prompt:
    """What ``evalplus.codegen`` (0.3.1) asks models with a chat template, and the answer it begins for them.

    The recipe ends answers at a closing fence, a main block or a print; a fence inside the pre-fill doesn't count.
    """
    question = EVALPLUS_CHAT.substitute(prompt=problem.prompt.strip())
    stop = ("\nif __name__", "\ndef main(", "\nprint(", CLOSING_FENCE)
    return chat_prompt(question, prefill=EVALPLUS_ANSWER + FENCE, stop=stop, completion_prefix=FENCE)


@strategy("lm_eval_instruct", "lm-evaluation-harness' humaneval_instruct", mode="chat")
def lm_eval_instruct(problem: Problem) -> Prompt:
    """The answer is pre-filled with the problem itself, so the model writes a body (lm-evaluation-harness, humaneval).

    The recipe samples at most 1,024 tokens and cuts at the first fence.
    """
    question = LM_EVAL_INSTRUCT.substitute(prompt=problem.prompt)
    return chat_prompt(question, prefill=LM_EVAL_ANSWER.substitute(prompt=problem.prompt), stop=(CLOSING_FENCE,))
