"""A prompt-optimisation series in completion mode: each step changes one thing and says why.

Whether the reasons hold is for the table of results to say. For models that were trained on conversations and are asked
to continue a text.
"""

from __future__ import annotations

from string import Template

from pytest_humaneval import Problem, Prompt, completion_prompt, strategy

from .worked_examples import LIST

IN_A_DOCUMENT = Template("""\
Here is a correct and complete Python solution:

```python
$prompt""")

AFTER_AN_EXAMPLE = Template(f"""\
Here is a correct and complete Python solution:

```python
{LIST.code.strip()}
```

Here is a correct and complete Python solution:

```python
$prompt""")


@strategy("optimized_v1", "the problem in a document that announces a correct solution")
def optimized_v1(problem: Problem) -> Prompt:
    """Changes the kind of document: code between fences after a sentence, as instruction-tuned models saw it most."""
    return completion_prompt(IN_A_DOCUMENT.substitute(prompt=problem.prompt.strip() + "\n"))


@strategy("optimized_v2", "the same, after one solved example")
def optimized_v2(problem: Problem) -> Prompt:
    """Adds an example between fences: the answer ends where the block does, so nothing is written behind it."""
    return completion_prompt(AFTER_AN_EXAMPLE.substitute(prompt=problem.prompt.strip() + "\n"))


@strategy("optimized_v3", "the same, post-processed by post_v5", postprocess="post_v5")
def optimized_v3(problem: Problem) -> Prompt:
    """Changes no byte of the prompt: post-processing may give back what a forgotten import or bracket costs."""
    return completion_prompt(AFTER_AN_EXAMPLE.substitute(prompt=problem.prompt.strip() + "\n"))
