"""What holds for every post-processor and every text."""

from __future__ import annotations

import time
import warnings
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_humaneval import Problem
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.postprocess import POSTPROCESSORS, PostProcessor
from pytest_humaneval.testing import check_postprocessor

PROBLEMS = read_problems()
REPAIRING = [each for name, each in POSTPROCESSORS.items() if name != "none"]

repairing = pytest.mark.parametrize("repair", REPAIRING, ids=lambda each: each.name)
patiently = settings(suppress_health_check=[HealthCheck.too_slow])


def bare(prompt: str, entry_point: str) -> Problem:
    return Problem("Test/0", prompt, entry_point, "", "")


# Prompts that HumanEval has none like: no docstring (no program on its own), no newline at the end, other indentations.
ODD_PROMPTS = [
    bare("def double(x):\n", "double"),
    bare("def double(x):", "double"),
    bare("def double(x):\n  '''Twice x.'''", "double"),
    bare("import math\n\ndef double(x):\n\t'''Twice x.'''\n", "double"),
    bare("def double(x):\r\n    '''Twice x.'''\r\n", "double"),
    bare("", "double"),
]

problems = st.sampled_from([PROBLEMS[index].visible() for index in (0, 10, 38, 115)] + ODD_PROMPTS)
LINES = r"""
    return x
return x
  return x
   x = 1
    x = [1,
    ]
    if x:
        x += 1
      x += 1
x = 5
print(double(2))
def double(x):
def helper(y):
    return 2 * x
    pass
import math
import numpy as np
from __future__ import annotations
    return math.floor(x)
    return Counter(x)
```
```python
   ```python
~~~
> ```python
> def double(x):
>     return 2 * x
>>> def double(x):
...     return 2 * x
    return x &lt; 1
    return “x”
from helpers import double
Here is the code:
Done
from the above
    '''
    s = '''
@cache
class Solution:
    def double(self, x):
if __name__ == '__main__':
    # a comment
# a comment
    return double(x)
double = lambda x: x
    while True:
    try:
    except ValueError:
    return '\d'
x = input()
    global x
nonlocal x
    return [i for i in range(x)
    yield x
await x
a; b = 1
    return (x, [x, 'x
""".splitlines(keepends=True)
ODDITIES = ["   ", "\treturn x\n", "```", '"""\n', "\\\n", "(", "\r\n", "\x0c", "\x00", "\ud800", "    x = 1\n" * 5]
ANSWERS = ["{}", "```python\n{}\n```\nDone.", "Sure:\n{}"]

texts = st.one_of(
    st.lists(st.sampled_from(LINES + ODDITIES), max_size=12).map("".join),
    st.text(max_size=60),
    st.text(alphabet=" \n\tx():[]'\"#`=.,", max_size=60),
    st.builds(
        lambda problem, form, end: form.format(problem.prompt + problem.canonical_solution)[: end or None],
        problem=st.sampled_from(PROBLEMS),
        form=st.sampled_from(ANSWERS),
        end=st.integers(-400, 0),
    ),
)


def is_program(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<test>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@repairing
@given(problem=problems, text=texts)
@patiently
def test_output_compiles_when_a_prefix_of_the_input_does(repair: PostProcessor, problem: Problem, text: str) -> None:
    completion = repair(problem, text)

    if not is_program(problem.prompt + completion.text):
        assert not any(is_program(problem.prompt + text[:end]) for end in range(len(text) + 1))


@repairing
@given(problem=problems, text=texts)
@patiently
def test_form_is_repaired_once_and_for_every_name(repair: PostProcessor, problem: Problem, text: str) -> None:
    check_postprocessor(repair, problem, text)


@repairing
@given(text=texts)
@settings(max_examples=20, deadline=None)
def test_only_the_text_around_the_completion_and_the_entry_point_are_ever_looked_at(
    repair: PostProcessor, text: str
) -> None:
    problem = PROBLEMS[0]
    around = SimpleNamespace(prompt=problem.prompt, entry_point=problem.entry_point, suffix="", has_gap=False)
    around.program = lambda text: problem.prompt + text
    blind = cast("Problem", around)

    assert repair(blind, text) == repair(problem, text)


@repairing
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda each: each.task_id)
def test_a_good_completion_is_left_alone(repair: PostProcessor, problem: Problem) -> None:
    completion = repair(problem.visible(), problem.canonical_solution)

    assert completion.text == problem.canonical_solution
    assert completion.steps == ()


# A bound and no measurement: each of these took minutes where work grew with the square of their number.
MANY = {
    "decorators": "@d\n",
    "assignments in a chain": "a{next} = a{this}\n",
    "functions in a chain": "def f{next}(): return f{this}()\n",
    "calls": "f{this}()\n",
    "imports": "import m{this}\n",
    "loops that fill a table": "for i in x{this}: y[i] = 1\n",
    "brackets": "(",
    "fences": "```\n",
    "thoughts": "<think>",
    "tokens": "<|im_end|>",
    "quoted lines": "> f(\n",
    "escapes": "x &lt; y\n",
    "curly quotes": "f(“a”\n",
    "lines of a shell": ">>> f{this}()\n",
}


@pytest.mark.parametrize("unit", MANY.values(), ids=MANY)
@pytest.mark.parametrize("name", ["post_v1", "post_v5"])
def test_a_long_answer_takes_bounded_time(name: str, unit: str) -> None:
    many = range(48_000 // len(unit))
    text = "    return 1\n\n" + "".join(unit.format(this=number, next=number + 1) for number in many)
    started = time.process_time()
    POSTPROCESSORS[name](PROBLEMS[0].visible(), text[:48_000])
    assert time.process_time() - started < 15
