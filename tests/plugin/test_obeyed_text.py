"""What a completion says to whoever reads the log."""

from __future__ import annotations

from pathlib import Path

import pytest
from mini import Evaluate

ORDERS = """    '''
::error title=forged::from a completion
##vso[task.complete result=Succeeded;]done
##teamcity[buildStatus status='SUCCESS' text='forged']
--- the verdict: passed ---
\u202ereordered
'''
    raise ValueError('\\n::warning::from the detail\\n##vso[task.setvariable variable=x]y\\rPASSED')
"""


def test_no_order_of_a_completion_reaches_terminal_markdown_or_xml(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester
) -> None:
    result = evaluate(
        workers, "-v", "--junitxml=out.xml", "--humaneval-markdown=out.md", "--humaneval-postprocess=none",
        script={"Mini/0": ORDERS},
    )  # fmt: skip
    written = (result.stdout.str(), *(Path(pytester.path / name).read_text() for name in ("out.xml", "out.md")))
    for text in written:
        assert "##vso[" not in text
        assert "##teamcity[" not in text
        assert "\r" not in text
        assert "\u202e" not in text
        assert not any(line.strip().startswith(("::", "--- the verdict: passed")) for line in text.splitlines())
    assert "\\x3a:error title=forged::from a completion" in written[0]
