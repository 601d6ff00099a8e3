"""humaneval.toml: named experiments and settings of the run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from mini import Evaluate, distributed, row_of

WRONG = "    return None\n"
FILE = """
num-samples = 2
k = [1, 2]

[experiments.plain]
description = "one greedy sample"
strategy = "minimal"
num-samples = 1

[experiments.warm]
strategy = "chat"
postprocess = "none"
temperature = 0.8
max-tokens = 99

[experiments.broken]
strategy = "fewshot"
enabled = false
"""


@pytest.fixture
def experiments(pytester: pytest.Pytester) -> Path:
    file = pytester.path / "humaneval.toml"
    file.write_text(FILE)
    return file


@pytest.mark.usefixtures("experiments")
@distributed
def test_the_experiments_of_a_run_are_its_strategies(evaluate: Evaluate, workers: str) -> None:
    script = {"Mini/0 warm": WRONG, "Mini/1": ["    return text.upper()\n", WRONG]}
    result = evaluate(workers, "-v", "--humaneval-experiment=all", strategy="", script=script)
    result.assert_outcomes(passed=6, failed=3)
    for name in ("Mini/0-add-plain", "Mini/0-add-warm-0", "Mini/0-add-warm-1"):
        result.stdout.fnmatch_lines([f"*test_humaneval.py::test_humaneval[[]{name}[]]*"])
    assert (row_of(result, "plain")["pass@1"], row_of(result, "plain")["pass@2"]) == ("1.000", "n/a")
    assert (row_of(result, "warm")["pass@1"], row_of(result, "warm")["pass@2"]) == ("0.500", "0.667")


@pytest.mark.usefixtures("experiments")
def test_the_summary_says_how_each_row_was_made(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-experiment=plain,warm", "--strategy=cot", strategy="")
    result.stdout.fnmatch_lines(
        [
            "experiment  strategy  post-processing  sampling",
            "cot         cot       post_v?          greedy, up to 768 tokens, 2 samples per problem",
            "plain       minimal   post_v1          greedy, up to 768 tokens",
            "warm        chat      none             temperature 0.8, *, up to 99 tokens, 2 samples per problem",
            "",
            "strategy *",
        ]
    )
    result.stdout.no_fnmatch_line("sampling *")


@pytest.mark.usefixtures("experiments")
def test_the_page_says_how_each_was_sampled(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    evaluate(workers, "--humaneval-experiment=plain,warm", "--humaneval-html=page.html", strategy="")
    text = (pytester.path / "page.html").read_text()
    assert "plain: greedy, up to 768 tokens; warm: temperature 0.8, " in text
    assert ", up to 99 tokens, 2 samples per problem<" in text


@pytest.mark.usefixtures("experiments")
def test_files_and_xml_say_how_each_row_was_made(evaluate: Evaluate, workers: str, pytester: pytest.Pytester) -> None:
    options = ("--humaneval-experiment=plain,warm", "--humaneval-output=out", "--junitxml=out.xml")
    evaluate(workers, *options, strategy="")
    run = json.loads((pytester.path / "out" / "run.json").read_text())
    plain, warm = run["experiments"]
    assert (plain["name"], plain["strategy"], plain["num_samples"]) == ("plain", "minimal", 1)
    assert plain["description"] == "one greedy sample"
    assert (warm["postprocess"], warm["sampling"]["temperature"]) == ("none", 0.8)
    samples = [json.loads(line) for line in (pytester.path / "out" / "samples.jsonl").read_text().splitlines()]
    assert {(row["strategy"], row["sample_index"]) for row in samples} == {("plain", 0), ("warm", 0), ("warm", 1)}
    suite = ElementTree.parse(pytester.path / "out.xml").getroot()[0]
    properties = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert (properties["warm.strategy"], properties["warm.postprocess"]) == ("chat", "none")
    assert properties["warm.sampling"].startswith("temperature 0.8, ")  # type: ignore[union-attr]


@pytest.mark.usefixtures("experiments")
@pytest.mark.parametrize(
    ("options", "items"),
    [
        (["--humaneval-experiment=warm"], ["warm-0", "warm-1"]),
        (["--humaneval-experiment=all", "-k", "plain"], ["plain"]),
        (["--humaneval-experiment=broken", "--humaneval-num-samples=1"], ["broken"]),
        (["--humaneval-experiment=plain,warm", "--humaneval-num-samples=1"], ["plain", "warm"]),
        (["--strategy=minimal"], ["minimal-0", "minimal-1"]),
    ],
)
def test_the_experiment_s_name_is_the_id(evaluate: Evaluate, options: list[str], items: list[str]) -> None:
    result = evaluate("--collect-only", "-q", "--humaneval-task=Mini/0", *options, strategy="")
    assert [line for line in result.outlines if "::" in line] == [
        f"test_humaneval.py::test_humaneval[Mini/0-add-{item}]" for item in items
    ]


def test_settings_of_the_run_come_from_the_file_and_the_command_line_wins(
    evaluate: Evaluate, pytester: pytest.Pytester
) -> None:
    pytester.makefile(".toml", humaneval="limit = 2\ntimeout = 7\nworkers = 2\noutput = 'out'\nno-cache = true\n")
    pytester.makeini("[pytest]\nhumaneval_limit = 1\ntimeout = 60\n")
    result = evaluate()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*2 workers [[]2 items[]]*", "checks    7 s of CPU time*", "*are in */out"])
    again = evaluate("--humaneval-limit=3", "--timeout=5", "-n0")
    again.assert_outcomes(passed=3)
    again.stdout.fnmatch_lines(["checks    5 s of CPU time*"])
    again.stdout.no_fnmatch_line("*from the store*")
    again.stdout.no_fnmatch_line("*workers*")


@distributed
def test_the_file_s_time_limit_reaches_the_checks(evaluate: Evaluate, pytester: pytest.Pytester, workers: str) -> None:
    pytester.makefile(".toml", humaneval="timeout = 0.5\n")
    result = evaluate(workers, script={"Mini/0": "    while True: pass\n"})
    assert row_of(result, "minimal")["timed_out"] == "1"
    result.stdout.fnmatch_lines(["checks    0.5 s of CPU time*"])


def test_a_run_that_does_not_evaluate_leaves_the_file_alone(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", humaneval="workers = 2\ntimeout = 0.001\nnonsense = 1\n")
    pytester.makepyfile("import time\ndef test_it(): time.sleep(0.1)")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*workers*")


def test_a_pyproject_may_hold_the_experiments(evaluate: Evaluate, pytester: pytest.Pytester, workers: str) -> None:
    text = FILE.replace("[experiments", "[tool.pytest-humaneval.experiments")
    pytester.makepyprojecttoml(text.replace("\nnum-samples", "[tool.pytest-humaneval]\nnum-samples", 1))
    result = evaluate(workers, "--humaneval-experiment=warm", strategy="")
    result.assert_outcomes(passed=6)


def test_a_file_elsewhere_can_be_named(evaluate: Evaluate, pytester: pytest.Pytester, workers: str) -> None:
    (pytester.mkdir("deep") / "mine.toml").write_text(FILE + "[experiments.mine]\nstrategy = 'minimal'\n")
    result = evaluate(workers, "--humaneval-config=deep/mine.toml", "--humaneval-experiment=mine", strategy="")
    result.assert_outcomes(passed=6)


@pytest.mark.usefixtures("experiments")
def test_the_experiments_can_be_listed(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--humaneval-list-experiments")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "experiment  enabled  strategy  post-processing  sampling * description",
            "plain       yes      minimal   -                samples 1 * one greedy sample",
            "warm        yes      chat      none             temperature 0.8, max-tokens 99",
            "broken      no       fewshot   -                -",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (FILE, ["--humaneval-experiment=wram"], "unknown experiment 'wram'; did you mean 'warm'*"),
        (FILE, ["--humaneval-list-experiments", "--humaneval-config=no.toml"], "*no.toml: cannot be read*"),
        (FILE + "x = 1", ["--humaneval-experiment=all"], "*humaneval.toml:18: experiments.broken.x: unknown key*"),
        (
            "[experiments.a]\nstrategy = 'chta'",
            ["--humaneval-experiment=a"],
            "*humaneval.toml:2: experiment 'a': unknown strategy 'chta'; did you mean 'chat'*",
        ),
        (
            FILE.replace("plain", "chat"),
            ["--humaneval-experiment=all", "--strategy=chat"],
            "chat would be both an experiment and a strategy*",
        ),
        (
            FILE.replace("plain", "warm-1"),
            ["--humaneval-experiment=all"],
            "two items of each problem would be named 'warm-1'*",
        ),
        (
            FILE,
            [
                "--humaneval-experiment=all",
                "--humaneval-engine=openai",
                "--humaneval-engine-url=http://localhost:1",
                "--humaneval-temperature=0",
            ],
            "warm: 2 samples of greedy decoding*",
        ),
        (None, ["--humaneval-experiment=all"], "no humaneval.toml in *"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_runs(
    pytester: pytest.Pytester, text: str | None, options: list[str], message: str
) -> None:
    if text is not None:
        pytester.makefile(".toml", humaneval=text)
    result = pytester.runpytest_inprocess(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}"])


def test_an_experiment_may_have_a_strategy_s_name_where_that_one_does_not_run(
    evaluate: Evaluate, pytester: pytest.Pytester, workers: str
) -> None:
    pytester.makefile(".toml", humaneval="[experiments.chat]\nstrategy = 'minimal'\n")
    result = evaluate(workers, "--humaneval-experiment=chat", strategy="")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["chat        minimal   *"])


@pytest.mark.usefixtures("experiments")
def test_a_test_of_one_fixture_alone_gets_what_it_asks_for(evaluate: Evaluate, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="""
        def test_strategy(strategy): assert strategy.name in ("plain", "warm")
        def test_index(sample_index): assert sample_index in (0, 1)
        """
    )
    evaluate("test_mine.py", "--humaneval-experiment=all", strategy="").assert_outcomes(passed=4)
