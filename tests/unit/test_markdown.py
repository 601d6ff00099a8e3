"""The summary in Markdown, as a renderer of GitHub's dialect reads it; no text breaks out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pytest_humaneval.engine.protocol import EngineOptions, Identity
from pytest_humaneval.outcome import Outcome
from pytest_humaneval.plan import Plan
from pytest_humaneval.problem import Problem
from pytest_humaneval.report.analysis import Analysis, comparisons_between
from pytest_humaneval.report.gates import GateVerdict
from pytest_humaneval.report.markdown import code, escaped, markdown_results, markdown_summary
from pytest_humaneval.results.ledger import Ledger
from pytest_humaneval.results.read import Results
from pytest_humaneval.sample import Sampling
from pytest_humaneval.sandbox.interface import SandboxOptions
from pytest_humaneval.strategy import Strategy
from pytest_humaneval.text.printable import printable

HOSTILE = [
    "</details><script>x</script>",
    "``` \n# head",
    "| a | b |",
    "[x](http://x)",
    "@someone #1",
    "<!--",
    "*b*",
    "`",
]
TEXT = st.one_of(st.text(), st.sampled_from(HOSTILE), st.text(alphabet="`|<>*_[]()#\n\\ a"))


def ledger_of(*outcomes: Outcome, model: str = "tiny") -> Ledger:
    problems = tuple(Problem(task, "", "f", "", "") for task in dict.fromkeys(one.task_id for one in outcomes))
    strategy = Strategy("chat", "", lambda problem: pytest.fail("no prompt is needed"))
    plan = Plan(
        "Mini", "0" * 64, problems, (strategy,), Sampling(), 1, (1,), "auto", EngineOptions("scripted"),
        Identity("scripted", model, "0"), SandboxOptions(),
    )  # fmt: skip
    ledger = Ledger(plan)
    ledger.outcomes = {f"{one.task_id} {one.strategy}": one for one in outcomes}
    ledger.expected = set(ledger.outcomes)
    return ledger


def tokens(text: str) -> list[Token]:
    """Block and inline tokens, flat."""
    parsed = MarkdownIt("commonmark").enable("table").parse(text)
    return [one for token in parsed for one in (token, *(token.children or []))]


def test_comparisons_and_gates_are_there_and_no_name_breaks_out_of_them() -> None:
    hostile = "```\n# head"
    some = {name: {f"T/{n}": {0: n < most} for n in range(9)} for name, most in (("a", 9), (hostile, 0))}
    gates = [GateVerdict("pass@1 of at least 0.5", hostile, False, "0.0000, 0 of 9 samples")]
    analysis = Analysis(*comparisons_between(some), gates=gates, answer="not every gate holds: 1 failed")
    (block,) = [
        one
        for one in tokens(markdown_summary(ledger_of(Outcome("A/0", "chat", 0, "passed")), analysis=analysis))
        if one.type == "fence"
    ]
    assert block.info == "text"
    for told in ("p of the exact McNemar test", "+1.000", "DOES NOT HOLD", "gates     not every gate holds: 1 failed"):
        assert told in block.content


def test_the_best_strategy_comes_first_and_a_file_s_samples_have_no_tokens() -> None:
    ledger = ledger_of(Outcome("A/0", "a", 0, "assertion"), Outcome("A/0", "b", 0, "passed"))
    text = markdown_summary(ledger)
    assert text.index("| b | 1.000") < text.index("| a | 0.000")
    ledger.plan = replace(ledger.plan, engine=EngineOptions("replay"))
    text = markdown_summary(ledger)
    assert "tokens" not in text
    assert "not known" in text


def test_the_table_has_a_row_for_each_strategy_with_numbers_to_the_right() -> None:
    ledger = ledger_of(Outcome("A/0", "chat", 0, "passed"), Outcome("A/1", "minimal_v0", 0, "assertion"))
    text = markdown_summary(ledger)
    assert "| chat | 1.000 | 0.207 to 1.000 | 1 | 0 | 0 | 0 | 0 |" in text
    assert r"| minimal\_v0 | 0.000 | 0.000 to 0.793 | 0 | 1 | 0 | 0 | 0 |" in text
    cells = [one.attrs.get("style") for one in tokens(text) if one.type == "th_open"]
    assert cells == ["text-align:left", *["text-align:right"] * 7]


def test_failures_and_errors_are_listed_folded() -> None:
    ledger = ledger_of(
        Outcome("A/0", "chat", 0, "assertion", "assert f(1) == 2\ngot: 3"),
        Outcome("A/1", "chat", 0, detail="no `engine`"),
    )
    text = markdown_summary(ledger)
    assert "<details><summary>1 failure</summary>\n\n- `A/0` `chat` assertion: `f(1) == 2, got 3`\n" in text
    assert (
        "<details><summary>1 error of engine or sandbox</summary>\n\n- `A/1` `chat` error: `` no `engine` ``\n" in text
    )
    assert "**Warning:** 1 item is an error of engine or sandbox and outside every denominator." in text


def test_a_finished_run_says_whose_errors_it_has() -> None:
    broken = Outcome("Mini/0", "chat", 0, detail="EngineError: gone")
    own = Outcome("Mini/1", "chat", 0, detail="StrategyError: raised")
    page = markdown_results(Results((broken, own), {}), [], (1,), [], Analysis(), {})
    assert "**Warning:** 1 item is an error of engine or sandbox and outside every denominator." in page
    assert "**Warning:** 1 item is an error of the strategy\\'s own code and outside every denominator." in page


def test_a_limit_cuts_the_list_and_says_how_much() -> None:
    ledger = ledger_of(*(Outcome(f"A/{number}", "chat", 0, "assertion", "é" * 100) for number in range(100)))
    text = markdown_summary(ledger, limit=4000)
    assert len(text.encode()) < 4100
    shown = text.count("\n- `")
    assert 0 < shown < 100
    assert f"- and {100 - shown} more\n" in text


@given(TEXT)
def test_a_code_span_holds_the_text_and_nothing_else(text: str) -> None:
    found = [one for one in tokens(f"- {code(text)} end") if one.type not in ("inline", "text")]
    spans = [one.content for one in found if one.type == "code_inline"]
    line = " ".join(printable(text).split())
    assert spans == ([line] if line else [])
    assert {one.type for one in found} <= {
        "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "paragraph_open",
        "paragraph_close", "code_inline",
    }  # fmt: skip


@given(TEXT)
def test_escaped_text_is_text(text: str) -> None:
    (inline,) = [one for one in tokens(f"| {escaped(text)} | b |\n|---|---|\n") if one.type == "inline"][:1]
    assert {child.type for child in inline.children or []} <= {"text", "text_special"}


@given(TEXT, TEXT)
def test_no_text_changes_the_structure(detail: str, name: str) -> None:
    def structure(detail: str, name: str) -> list[str]:
        outcomes = (Outcome(f"A/{name}", "chat", 0, "assertion", f"x{detail}"), Outcome("A/0", f"s{name}", 0, "passed"))
        return [
            one.content if one.type.startswith("html") else one.type
            for one in tokens(markdown_summary(ledger_of(*outcomes, model=f"m{name}")))
            if one.type not in ("text", "text_special")
        ]

    assert structure(detail, name) == structure("plain", "plain")
