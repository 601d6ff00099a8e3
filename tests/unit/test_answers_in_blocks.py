"""Which code of an answer is the answer: of several blocks, behind fences on lines of code, and what it rests on."""

from __future__ import annotations

from typing import Any

import pytest
from loaded_answers import ADD, BLOCK, DRAFT, RIGHT, WRONG, adds, loaded, repairing

from pytest_humaneval import Problem
from pytest_humaneval.postprocess import POSTPROCESSORS

# Several answers in one


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        DRAFT + BLOCK,
        f"{DRAFT}{BLOCK}For example:\n```python\nprint(add(1, 2))\n```\n",
        f"{DRAFT}{BLOCK}Its head:\n```python\ndef add(x: int, y: int):\n    ...\n```\n",
        f"{BLOCK}Or with a loop:\n```python\ndef add(x, y):\n    for _ in range(y):\n",  # broken off
        f"```python\n{WRONG}\n{RIGHT}```",
        f"```python\n{RIGHT}\nadd = add(1, 2)\n```",
        f"```python\n{RIGHT}\nif __name__ == '__main__':\n    add = 3\n```",
        f"```python\n{WRONG}\ndef swapped(f):\n    return lambda x, y: f(x, -y)\n\nadd = swapped(add)\n```",
        f"```python\n{RIGHT}\nfirst = add\n\ndef add(x, y):\n    return first(x, y)\n```",
        f"A helper:\n```python\ndef plus(x, y):\n    return x + y\n\n{WRONG}```\nThen:\n"
        "```python\ndef add(x, y):\n    return plus(x, y)\n```",
        "```python\ndef add(x, y):\n    return plus(x, y)\n```\n"
        "where\n```python\ndef plus(x, y):\n    return x + y\n```",
        # What only looks like a definition: examples that import it, or give its name to a result.
        f"{BLOCK}Tests:\n```python\nimport unittest\nfrom solution import add\n\nclass Tests(unittest.TestCase):\n"
        "    def test(self):\n        self.assertEqual(add(1, 2), 3)\n\nunittest.main()\n```",
        f"{BLOCK}```python\nfrom your_module import add\nassert add(1, 2) == 3\n```",
        f"```python\n{RIGHT}\nfrom solution import add\nprint(add(1, 2))\n```",
        f"{BLOCK}```python\nadd = round(add(1, 2), 2)\nprint(add)\n```",
        f"{BLOCK}```python\nadd = [1, 2]\n```",
        f"{BLOCK}```python\nfor add in [1, 2]:\n    print(add)\n```",
        f"{BLOCK}```python\nif __name__ == '__main__':\n    add = Adder()\n```",
        f"{BLOCK}You began with:\n```python\ndef add(x, y):\n    raise NotImplementedError\n```",
        f"{BLOCK}You began with:\n```python\ndef add(x, y):\n    raise NotImplementedError('later')\n```",
        # What does define it.
        "```python\nfrom operator import add\n```\nUse it:\n```python\nprint(add(1, 2))\n```",
        "```python\ntry:\n    from operator import add\nexcept ImportError:\n    add = None\n```",
        "```python\nif True:\n    def add(x, y):\n        return x + y\n```",
        "```python\nadd = (lambda f: f)(lambda x, y: x + y)\n```",
    ],
)
def test_the_last_definition_is_the_answer(name: str, answer: str) -> None:
    assert adds(name, answer)


# Fences that share a line with code


@repairing
@pytest.mark.parametrize(
    "answer",
    [
        "```python\ndef add(x: int, y: int):\n    return x + y```\n",
        "```python\ndef add(x: int, y: int):\n    return x + y ```\nThat adds.",
        "    return x + y```\nThat adds.",
        "~~~\ndef add(x: int, y: int):\n    return x + y~~~",
        "```python def add(x: int, y: int):\n    return x + y\n```",
        "```def add(x: int, y: int):\n    return x + y```",
        "Here it is:```\ndef add(x: int, y: int):\n    return x + y\n```",
        "Here it is: ```python\ndef add(x: int, y: int):\n    return x + y\n```",
        "```python\ndef add(x: int, y: int):\n    return x + y``` which adds them.\nDone.",
        "```python\ndef add(x: int, y: int):\n    return x - ~y - 1```",
        "```python\ndef add(x: int, y: int):\n    return x + y  # of `x` and `y````",
        "```python def add(x, y): return x + y```",
        "```python\ndef add(x, y):\n    return x + y\n    ```\nThat adds.\n```python\nprint(add(1, 2))\n```",
        # In a docstring it is none: Markdown's closing fences are indented by three spaces at most.
        'So:\n```python\ndef add(x, y):\n    """Add.\n\n    ```\n    add(1, 2)\n    ```\n    """\n'
        "    return x + y\n```",
        'So:\n```python\ndef add(x, y):\n    """Add.\n\n    ```python\n    add(1, 2)\n    ```\n    """\n'
        "    return x + y\n```",
        "1. So:\n\n    ```python\n    def add(x, y):\n        return x + y\n    ```\n2. Done.",
    ],
)
def test_a_fence_on_a_line_of_code_is_a_fence(name: str, answer: str) -> None:
    assert adds(name, answer)


# What the answer needs beside its own lines


FIB = Problem("Test/55", "def fib(n: int):\n    '''The n-th Fibonacci number.'''\n", "fib", "", "")
RECURSIVE = "def fib(n: int):\n    if n not in memo:\n        memo[n] = fib(n - 1) + fib(n - 2)\n    return memo[n]\n"
LOOKED_UP = "def fib(n: int):\n    return table[n]\n"
FILLED = "table = [0, 1] + [0] * 48\n"
FILLING = "for i in range(2, 50):\n    table[i] = table[i - 1] + table[i - 2]\n"
FILL = "def fill():\n    for i in range(2, 50):\n        table[i] = table[i - 1] + table[i - 2]\n"
REGISTER = "rules = {}\n\ndef rule(f):\n    rules[f.__name__] = f\n    return f\n\n"
RULED = "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = rules['step'](a, b)\n    return a\n"
STEP = "@rule\ndef step(a, b):\n    return b, a + b\n"
RULE_OF = (
    "rules = {}\n\ndef rule_of(name):\n    def registered(f):\n        rules[name] = f\n        return f\n"
    "    return registered\n\n"
)
ALL = "for _ in range(50):\n    table.append(table[-1] + table[-2])\n"
RECURRENCE = "fib(n - 1) + fib(n - 2)"


@repairing
@pytest.mark.parametrize(
    "code",
    [
        f"memo = {{}}\nmemo[0], memo[1] = 0, 1\n\n{RECURSIVE}",
        f"memo = {{}}\nmemo.update({{0: 0, 1: 1}})\n\n{RECURSIVE}",
        f"memo = {{}}\n{RECURSIVE}\nmemo[0] = 0\nmemo[1] = 1\nprint(fib(5))\n",
        f"{FILLED}{FILLING}\n{LOOKED_UP}",
        f"{FILLED}\n{LOOKED_UP}\n{FILLING}",
        f"{FILLED}{FILL}fill()\n\n{LOOKED_UP}",
        f"{FILLED}{FILL}\n{LOOKED_UP}\nfill()\n\nassert fib(3) == 2\n",
        f"table = []\ni = 0\nwhile i < 50:\n    table.append(i if i < 2 else sum(table[-2:]))\n    i += 1\n{LOOKED_UP}",
        f"{REGISTER}{STEP}\n{RULED}",
        f"{REGISTER}{RULED}\n{STEP}",
        f"{REGISTER}def step(a, b):\n    return b, a + b\n\nrule(step)\n\n{RULED}",
        f"def step(a, b):\n    return b, a + b\n\n{RULED.replace('rules[', 'globals()[')}",
        # Attributes of functions, the answer's own too.
        f"def fib(n):\n    if n not in fib.memo:\n        fib.memo[n] = {RECURRENCE}\n    return fib.memo[n]\n\n"
        "fib.memo = {0: 0, 1: 1}\n\nprint(fib(5))\n",
        f"def fib(n):\n    return fib.table[n]\n\nsetattr(fib, 'table', [0, 1])\n{ALL.replace('table', 'fib.table')}",
        f"def look(n):\n    return look.table[n]\n\ndef fib(n):\n    return look(n)\n\nlook.table = [0, 1]\n"
        f"{ALL.replace('table', 'look.table')}",
        # Decorators and classes that register.
        f"{RULE_OF}@rule_of('step')\ndef step(a, b):\n    return b, a + b\n\n{RULED}",
        f"{RULE_OF}{RULED}\n@rule_of('step')\ndef step(a, b):\n    return b, a + b\n",
        "class Rules(dict):\n    def add(self, f):\n        self[f.__name__] = f\n        return f\n\n"
        "rules = Rules()\n\n"
        f"{RULED}\n{STEP.replace('@rule', '@rules.add')}",
        "from functools import singledispatch\n\n@singledispatch\ndef fib(n):\n    raise TypeError(n)\n\n"
        f"@fib.register\ndef _(n: int):\n    return n if n < 2 else {RECURRENCE}\n\nprint(fib(5))\n",
        "from functools import singledispatch\n\n@singledispatch\ndef go(n):\n    raise TypeError(n)\n\n"
        "@go.register(int)\ndef _go(n):\n    return n if n < 2 else go(n - 1) + go(n - 2)\n\n"
        "def fib(n):\n    return go(n)\n",
        "class Rule:\n    pass\n\nclass Add(Rule):\n    def step(self, a, b):\n        return b, a + b\n\n"
        + RULED.replace("rules['step']", "Rule.__subclasses__()[0]().step"),
        "class Rule:\n    every = []\n\n    def __init_subclass__(cls):\n        Rule.every.append(cls)\n\n"
        + RULED.replace("rules['step']", "Rule.every[0]().step")
        + "\nclass Add(Rule):\n    def step(self, a, b):\n        return b, a + b\n",
        "rules = {}\n\n"
        "class Meta(type):\n    def __init__(self, name, bases, names):\n        rules['step'] = names['go']\n\n"
        f"class Add(metaclass=Meta):\n    def go(a, b):\n        return b, a + b\n\n{RULED}",
        # Tables that are filled by the way, or under another name.
        f"table = [0, 1]\n[table.append(table[-1] + table[-2]) for _ in range(50)]\n{LOOKED_UP}",
        f"table = [0, 1]\n{LOOKED_UP}_ = [table.append(table[-1] + table[-2]) for _ in range(50)]\n",
        f"table = [0, 1]\n{LOOKED_UP}same = table\n{ALL.replace('table', 'same')}",
        f"table = [0, 1]\n{LOOKED_UP}push = table.append\nfor _ in range(50):\n    push(table[-1] + table[-2])\n",
        f"{LOOKED_UP}\ndef main():\n    global table\n    table = [0, 1]\n"
        f"{ALL.replace('for', '    for').replace('    table', '        table')}    assert fib(3) == 2\n\nmain()\n",
        "from types import SimpleNamespace\nmemory = SimpleNamespace()\nmemory.table = [0, 1]\n"
        "for _ in range(50):\n    memory.table.append(sum(memory.table[-2:]))\n\n"
        "def fib(n):\n    return memory.table[n]\n",
        "import sys\nsys.setrecursionlimit(sys.getrecursionlimit() + 2_000)\n\ndef fib(n):\n"
        "    def go(a, b, n):\n        return a if n == 0 else go(b, a + b, n - 1)\n"
        "    def down(k):\n        return 0 if k == 0 else down(k - 1)\n    return go(0, 1, n) + down(1_500)\n",
    ],
)
def test_preparations_of_what_the_answer_reads_stay(
    name: str, code: str, capsys: pytest.CaptureFixture[str], recursion_limit: None
) -> None:
    made = POSTPROCESSORS[name](FIB, f"```python\n{code}```")

    assert loaded(FIB, made.text)(10) == 55
    assert capsys.readouterr().out == "", "examples go"


@pytest.fixture
def recursion_limit() -> Any:
    import sys

    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


@repairing
def test_the_recursion_limit_may_be_raised_behind_the_answer(name: str) -> None:
    code = f"import sys\n\n{RIGHT}\nsys.setrecursionlimit(10_000)\nprint(add(1, 2))\n"

    assert POSTPROCESSORS[name](ADD, f"```python\n{code}```").text.strip().endswith("sys.setrecursionlimit(10_000)")


@repairing
@pytest.mark.parametrize(
    "example",
    [
        "print(add(1, 2))",
        "numbers = [add(1, 2)]\nnumbers.append(add(3, 4))",
        "for each in range(3):\n    print(add(each, each))",
        "def main():\n    print(add(1, 2))\n\nmain()",
        "def test_add():\n    assert add(1, 2) == 3\n\ntest_add()",
        "import unittest\nunittest.main()",
        "if __name__ == '__main__':\n    main()",
        "result = add(int(input()), 2)",
        "class Tests:\n    pass",
        "import pytest\n\n@pytest.mark.parametrize('x', [1])\ndef test_add(x):\n    assert add(x, 1) == x + 1",
        "import numpy as np\nprint(np.array([add(1, 2)]))",
        "from solution import add\nprint(add(1, 2))",
        "import unittest\n\nclass Tests(unittest.TestCase):\n"
        "    def test(self):\n        self.assertEqual(add(1, 2), 3)",
    ],
)
def test_examples_and_tests_go_with_what_they_import(name: str, example: str) -> None:
    made = POSTPROCESSORS[name](ADD, f"```python\n{RIGHT}\n{example}\n```").text

    assert made.strip() == RIGHT.strip()
