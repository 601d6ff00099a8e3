"""What is said the same way in many places."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_humaneval.report.analysis import Analysis
from pytest_humaneval.report.comparisons import pair_lines
from pytest_humaneval.report.page.facts import facts
from pytest_humaneval.results.read import Results
from pytest_humaneval.sample import Sampling
from pytest_humaneval.statistics.comparison import compare_pairs
from pytest_humaneval.text.wording import cannot_be_read, p_text, sampling_text, short_digest, unknown


@pytest.mark.parametrize(
    ("p", "text"), [(1.0, "1.000"), (0.0494, "0.049"), (0.001, "0.001"), (0.00099, "< 0.001"), (0.0, "< 0.001")]
)
def test_a_p_value_is_never_rounded_up_to_one_that_was_not_reached(p: float, text: str) -> None:
    assert p_text(p) == text


@pytest.mark.parametrize(("p", "text"), [(0.0496, "0.0496"), (0.0001, "0.0001"), (0.00009, "< 0.0001")])
def test_a_gate_says_one_decimal_more_and_no_p_of_0_either(p: float, text: str) -> None:
    assert p_text(p, decimals=4) == text


def test_terminal_and_page_call_the_same_p_values_small() -> None:
    # 11 problems, all of them better: McNemar's exact p is 2 / 2**11 = 0.00098, which three decimals round to 0.001.
    passes = {name: {f"T/{task}": {0: name == "all"} for task in range(11)} for name in ("all", "none")}
    pairs = compare_pairs(passes)
    assert p_text(pairs[0].p_holm) == "< 0.001"
    assert "<.001*" in "\n".join(pair_lines(Analysis(pairs, pairs), 100, kept=False))


def test_a_long_digest_is_shortened_and_what_is_none_is_not() -> None:
    digest = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    assert short_digest(digest) == "1d9614638d18"
    assert short_digest(f"sha256:{digest}") == "sha256:1d9614638d18"
    assert short_digest(f"commit:{digest[:40]}") == "commit:1d9614638d18"
    for whole in ("stub", "sha256:0", "openai http://localhost:8000/v1", digest[:23]):
        assert short_digest(whole) == whole


def test_an_unknown_name_gets_near_ones_and_all() -> None:
    assert (
        unknown("strategy", "chta", ("chat", "cot")) == "unknown strategy 'chta'; did you mean 'chat'? known: chat, cot"
    )
    assert unknown("strategy", "x", ("chat", "cot")) == "unknown strategy 'x'; known: chat, cot"
    assert unknown("experiment", "x", (), "none, the file is empty") == (
        "unknown experiment 'x'; known: none, the file is empty"
    )


def test_a_file_that_cannot_be_read_is_told_in_the_systems_words() -> None:
    assert cannot_be_read(Path("a"), FileNotFoundError(2, "No such file or directory")) == (
        "a: cannot be read (No such file or directory)"
    )
    assert cannot_be_read("a", ValueError("embedded null byte")) == "a: cannot be read (embedded null byte)"


def test_the_page_says_how_tokens_were_drawn_as_the_terminal_does() -> None:
    sampling = Sampling(temperature=0.8, top_p=0.95, seed=7)
    told = {"temperature": 0.8, "top_p": 0.95, "max_tokens": 768, "seed": 7}
    expected = "temperature 0.8, top-p 0.95, seed 7, up to 768 tokens, 3 samples per problem"
    assert sampling_text(sampling, 3) == expected
    assert ("sampling", expected) in facts(Results((), {"sampling": told, "num_samples": 3}), [])
    assert sampling_text(Sampling(), 1) == "greedy, up to 768 tokens"


def test_one_of_a_thing_is_told_in_the_singular() -> None:
    assert sampling_text(Sampling(max_tokens=1), 1) == "greedy, up to 1 token"
    assert sampling_text(Sampling(max_tokens=2), 1) == "greedy, up to 2 tokens"
