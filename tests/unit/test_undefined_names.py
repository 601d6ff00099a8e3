"""Names that code uses and nowhere defines."""

from __future__ import annotations

import pytest

from pytest_humaneval import Problem, undefined_names

PROBLEM = Problem(
    "T/0", 'import math\nfrom typing import List\n\n\ndef f(x: List[int]):\n    """One."""\n', "f", "", ""
)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("    return x\n", set()),
        ("    return math.pi + len(x) + f([])\n", set()),
        ("    return np.array(x)\n", {"np"}),
        ("    return [y for y in x if y > limit and helper(y)]\n", {"limit", "helper"}),
        ("    def inner(y):\n        return y + z\n    z = 1\n    return inner(x)\n", set()),
        ("    return helper(x)\n\n\ndef helper(y):\n    return y\n", set()),
        ("    global counter\n    counter = 1\n    return counter\n", set()),
        ("    global counter\n    return counter\n", {"counter"}),  # which nobody assigns to
        ("    global counter\n    counter += 1\n    return counter\n\ncounter = 0\n", set()),
        ("    global re\n    import re\n    return re.match('a', x)\n", set()),
        ("    import re\n    return re.match('a', x), __name__\n", set()),
        ("    try:\n        return 1\n    except KeyError as error:\n        return error\n", set()),
        ("    return (lambda y: y + w)(x)\n", {"w"}),
        ("    class A:\n        n = 1\n    return A.n\n\nprint(g)\n", {"g"}),
        ("    return x +\n", set()),  # no program: the sandbox says so
        ("    return x\n\nfrom os import *\nsep2 = linesep\n", set()),  # nobody can tell
    ],
)
def test_undefined_names_are_found_without_running_anything(code: str, names: set[str]) -> None:
    assert undefined_names(PROBLEM, code) == names
