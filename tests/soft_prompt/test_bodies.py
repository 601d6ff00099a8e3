from __future__ import annotations

import pytest

from pytest_humaneval import Problem, check_correctness
from soft_prompt.bodies import as_body

DOCUMENTED = 'import math\n\n\ndef root(n: int):\n    """ The root, rounded up. """\n'
BARE = "def root(n):\n"
TEST = "def check(candidate):\n    assert candidate(5) == 3\n"


@pytest.mark.parametrize("prompt", [DOCUMENTED, BARE])
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("def root(n):\n    return 1 + n // 2\n", "    return 1 + n // 2\n"),
        ('def root(n: float) -> int:\n    """Again."""\n    return 3', "    return 3\n"),
        (
            "import math\n\ndef up(x):\n    return math.ceil(x)\n\ndef root(n):\n    return up(math.sqrt(n))\n",
            "    import math\n    def up(x):\n        return math.ceil(x)\n    return up(math.sqrt(n))\n",
        ),
    ],
)
def test_a_function_that_is_written_anew_becomes_the_body_that_does_the_same(
    prompt: str, answer: str, body: str
) -> None:
    problem = Problem("T/0", prompt, "root", "", TEST)
    completion = ("" if prompt is DOCUMENTED else "    ...\n") + "\n" + answer
    assert as_body(problem, completion) == body
    assert check_correctness(problem, body).passed
    assert check_correctness(problem, completion).passed


@pytest.mark.parametrize(
    "completion",
    [
        "    return 3\n",
        "    return up(n)\n\ndef up(n):\n    return 3\n",
        "\ndef root(other):\n    return other\n",
        "\n@cache\ndef root(n):\n    return 3\n",
        "    retrn 3\n",
        "",
    ],
)
def test_what_is_a_body_or_cannot_be_one_stays_as_it_is(completion: str) -> None:
    assert as_body(Problem("T/0", DOCUMENTED, "root", "", TEST), completion) == completion
