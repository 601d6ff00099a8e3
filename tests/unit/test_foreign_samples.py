"""Samples as other programs write them: the same two answers to HumanEval/0 and HumanEval/53 in each of their ways."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_humaneval.__main__ import main
from pytest_humaneval.cluster import chunking
from pytest_humaneval.commands import evaluation
from pytest_humaneval.dataset import jsonl
from pytest_humaneval.dataset.load import read_problems
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.replay import ReplayEngine, given, identity, read_samples
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.results.interchange import READERS
from pytest_humaneval.results.scored_solutions import scoring_request
from pytest_humaneval.sample import Generation

CLOSE, ADD = (problem for problem in read_problems() if problem.task_id in ("HumanEval/0", "HumanEval/53"))
BODIES = {"HumanEval/0": "    return True\n", "HumanEval/53": "    return x + y\n"}
PLAIN = {(task_id, "", 0): body for task_id, body in BODIES.items()}
PROGRAMS = {"HumanEval/0": CLOSE.prompt + BODIES["HumanEval/0"], "HumanEval/53": ADD.prompt + BODIES["HumanEval/53"]}
WHOLE = {(task_id, "", 0): "\n" + program for task_id, program in PROGRAMS.items()}


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def rows(
    key: str = "completion", told: dict[str, str] = BODIES, task: Callable[[str], Any] = str
) -> list[dict[str, Any]]:
    return [{"task_id": task(task_id), key: text} for task_id, text in told.items()]


def number(task_id: str) -> int:
    return int(task_id.partition("/")[2])


def underscored(task_id: str) -> str:
    return task_id.replace("/", "_")


@pytest.mark.parametrize(
    "key", ["completion", "generation", "response", "output", "generated_text", "model_output", "outputs"]
)
def test_the_completion_has_several_names(tmp_path: Path, key: str) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines(rows(key)))
    assert read_samples(file) == PLAIN


@pytest.mark.parametrize("key", ["code", "text", "generated_code"])
def test_what_is_called_code_may_be_a_whole_program(tmp_path: Path, key: str) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines(rows(key, PROGRAMS)))
    assert read_samples(file) == WHOLE


def test_a_dataset_s_own_code_and_text_are_no_sample(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    own = {"task_id": "HumanEval/53", "text": "Add two numbers.", "code": "def add(): pass", "test_list": []}
    file.write_text(lines([{**own, "generation": BODIES["HumanEval/53"]}]))
    assert list(read_samples(file).values()) == [BODIES["HumanEval/53"]]
    file.write_text(lines([own]))
    with pytest.raises(DatasetError, match="expected a JSON object"):
        read_samples(file)


@pytest.mark.parametrize(
    "made",
    [
        [{"generated_text": BODIES["HumanEval/53"]}],  # a pipeline of transformers
        [{"text": BODIES["HumanEval/53"], "token_ids": [1]}],  # vLLM
        {"message": {"role": "assistant", "content": BODIES["HumanEval/53"]}},
    ],
)
def test_what_a_library_returns_is_taken_for_its_text(tmp_path: Path, made: Any) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines([{"task_id": 53, "outputs": made}]))
    assert list(read_samples(file).items()) == [(("HumanEval/53", "", 0), BODIES["HumanEval/53"])]


@pytest.mark.parametrize("held", [lambda told: told, lambda told: {"results": told}])
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_from_task_to_text_is_read(tmp_path: Path, held: Any, listed: bool, indent: int | None) -> None:
    told = {underscored(task_id): [text, text] if listed else text for task_id, text in BODIES.items()}
    file = tmp_path / "s.json"
    file.write_text(json.dumps(held(told), indent=indent))
    expected = {(task_id, "", n): text for task_id, text in BODIES.items() for n in range(1 + listed)}
    assert read_samples(file) == expected
    assert [one.completion for one in chunking.read(file)] == list(expected.values())


@pytest.mark.parametrize("key", ["results", "data", "generations"])
def test_rows_under_one_key_are_read(tmp_path: Path, key: str) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps({"model": "x", key: rows("code")}))
    assert read_samples(file) == {place: "\n" + text for place, text in PLAIN.items()}


def batch(custom_id: str, *contents: str) -> dict[str, Any]:
    choices = [{"index": n, "message": {"content": text}} for n, text in enumerate(contents)]
    body = {"object": "chat.completion", "choices": choices}
    return {"id": "b", "custom_id": custom_id, "response": {"status_code": 200, "body": body}, "error": None}


def test_the_output_of_a_batch_is_read_and_its_answers_are_raw(tmp_path: Path) -> None:
    file = tmp_path / "batch_output.jsonl"
    file.write_text(
        lines([batch("HumanEval/0", "a", "b"), batch("run-7 HumanEval_53-1", "d"), batch("humaneval-53-0", "c")])
    )
    expected = {
        ("HumanEval/0", "", 0): "a", ("HumanEval/0", "", 1): "b",
        ("HumanEval/53", "", 1): "d", ("HumanEval/53", "", 0): "c",
    }  # fmt: skip
    assert read_samples(file) == expected
    assert "--humaneval-postprocess=post_v1" in evaluation.evaluate_arguments(file, [])
    told = {"type": "succeeded", "message": {"content": [{"type": "text", "text": "x"}]}}
    file.write_text(lines([{"custom_id": "HumanEval/53", "result": told}]))
    assert list(read_samples(file).items()) == [(("HumanEval/53", "", 0), "x")]
    failed = {"custom_id": "HumanEval/0", "response": {"status_code": 429, "body": {"error": {"message": "slow"}}}}
    file.write_text(lines([failed]))
    with pytest.raises(DatasetError, match=r"s?\.jsonl:1: the batch has no answer to 'HumanEval/0' .*slow"):
        read_samples(file)


@pytest.mark.parametrize("name", ["HumanEval_{}.py", "HumanEval-{}.py", "{}.py", "HumanEval_{}_0.py"])
def test_a_flat_folder_of_programs_is_read(tmp_path: Path, name: str) -> None:
    for task_id, program in PROGRAMS.items():
        (tmp_path / name.format(number(task_id))).write_text(program)
    assert read_samples(tmp_path) == WHOLE


def test_a_number_as_text_means_humaneval_where_no_problem_is_called_that(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines(rows(task=lambda task_id: str(number(task_id)))))
    known = {"HumanEval/0", "HumanEval/53"}
    assert read_samples(file, known) == PLAIN
    assert list(read_samples(file, {*known, "53"})) == [("HumanEval/0", "", 0), ("53", "", 0)]
    assert "--humaneval-task=HumanEval/53" in evaluation.evaluate_arguments(file, [])
    assert [one.task_id for one in READERS["json"](file, [CLOSE, ADD], "").outcomes] == ["HumanEval/0", "HumanEval/53"]
    engine = ReplayEngine(EngineOptions(file=str(file)), print)
    engine.start()
    request = scoring_request(ADD)
    engine.submit([("key", replace(request, scored=""))])
    assert [answer.text for _, answer in engine.poll() if isinstance(answer, Generation)] == [BODIES["HumanEval/53"]]


def test_answers_in_fences_are_told_with_what_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines(rows(told={task_id: f"Sure:\n```python\n{text}```" for task_id, text in PROGRAMS.items()})))
    assert main(["import", "--format=json", str(file), str(tmp_path / "out")]) == 0
    assert "--humaneval-postprocess=post_v1 takes the code out" in capsys.readouterr().out


@pytest.mark.parametrize("task", [number, underscored])
def test_a_task_is_told_by_its_number_too(tmp_path: Path, task: Callable[[str], Any]) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines(rows(task=task)))
    assert read_samples(file) == PLAIN


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_pretty_or_not(tmp_path: Path, indent: int | None) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps(rows(), indent=indent))
    assert read_samples(file) == PLAIN


def test_pretty_objects_one_after_the_other_are_read(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text("\n".join(json.dumps(row, indent=4) for row in rows()))
    assert read_samples(file) == PLAIN


def test_a_byte_order_mark_and_gzip_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines(rows()).encode()))
    assert read_samples(file) == PLAIN


def test_csv_is_read(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text('task_id,completion\n0,"    return True\n"\nHumanEval/53,"    return x + y\n"\n')
    assert read_samples(file, BODIES) == PLAIN


def test_evalplus_programs_are_read_from_a_file_and_from_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines(rows("solution", PROGRAMS)))
    assert read_samples(file) == WHOLE
    for task_id, program in PROGRAMS.items():
        (tmp_path / "run" / underscored(task_id)).mkdir(parents=True)
        (tmp_path / "run" / underscored(task_id) / "0.py").write_text(program)
    assert read_samples(tmp_path / "run") == WHOLE


def test_lm_eval_s_sample_log_is_read(tmp_path: Path) -> None:
    file = tmp_path / "samples_humaneval_2025.jsonl"
    docs = [{"task_id": problem.task_id, "prompt": problem.prompt} for problem in (CLOSE, ADD)]
    raw: list[dict[str, Any]] = [{"doc_id": 0, "doc": doc, "resps": [[BODIES[doc["task_id"]]]]} for doc in docs]
    file.write_text(lines(raw))
    assert read_samples(file) == PLAIN
    file.write_text(lines([{**row, "filtered_resps": [[PROGRAMS[row["doc"]["task_id"]]]]} for row in raw]))
    assert read_samples(file) == PLAIN


def test_all_answers_of_lm_eval_s_repeats_are_samples_and_another_filter_adds_none(tmp_path: Path) -> None:
    file = tmp_path / "samples_humaneval_64_2025.jsonl"
    doc = {"task_id": ADD.task_id, "prompt": ADD.prompt}
    bodies = ["    return x + y\n", "    return x - y\n"]
    logged = {"doc_id": 53, "doc": doc, "resps": [bodies], "filtered_resps": [[ADD.prompt + body for body in bodies]]}
    raw = {**logged, "filter": "none", "filtered_resps": [bodies]}
    file.write_text(lines([{**logged, "filter": "create_test"}, raw]))
    assert list(read_samples(file).items()) == [((ADD.task_id, "", n), body) for n, body in enumerate(bodies)]
    assert [one.completion for one in chunking.read(file)] == bodies


@pytest.mark.parametrize("key", ["completion", "generation", "solution"])
def test_a_row_may_have_all_samples_of_a_problem(tmp_path: Path, key: str) -> None:
    file = tmp_path / "s.jsonl"
    bodies = ["    return x + y\n", "    return x - y\n"]
    told = [ADD.prompt + body for body in bodies] if key == "solution" else bodies
    file.write_text(lines([{"task_id": ADD.task_id, key: told}]))
    assert [text.removeprefix("\n" + ADD.prompt) for text in read_samples(file).values()] == bodies


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.tsv", 'task_id\tcompletion\n53\t"    return x + y\n"\n'),
        ("s.csv", 'task_id;completion\n53;"    return x + y\n"\n'),
        ("s.csv", 'task_id, completion\n53,"    return x + y\n"\n'),
        ("s.csv", ",task_id,completion\n0,53,    return x + y\n"),
    ],
)
def test_tables_are_read_as_spreadsheets_write_them(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert [text.rstrip("\n") for text in read_samples(tmp_path / name).values()] == ["    return x + y"]


def test_bigcode_s_generations_are_in_the_dataset_s_order(tmp_path: Path) -> None:
    file = tmp_path / "generations.json"
    file.write_text(json.dumps([["a", "b"], ["c"]]))
    assert read_samples(file) == {
        ("HumanEval/0", "", 0): "\na", ("HumanEval/0", "", 1): "\nb", ("HumanEval/1", "", 0): "\nc",
    }  # fmt: skip


def test_inspect_s_log_is_read_and_its_answers_are_raw(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    samples = [
        {"id": "HumanEval/0", "epoch": 1, "output": {"choices": [{"message": {"content": "```python\nx\n```"}}]}},
        {"id": "HumanEval/53", "output": {"choices": [{"message": {"content": [{"type": "text", "text": "y"}]}}]}},
    ]
    file.write_text(json.dumps({"version": 2, "eval": {"task": "humaneval"}, "samples": samples}))
    assert list(read_samples(file).values()) == ["```python\nx\n```", "y"]
    assert "--humaneval-postprocess=post_v1" in evaluation.evaluate_arguments(file, [])
    assert "--humaneval-postprocess=post_v1" not in evaluation.evaluate_arguments(
        file, ["--humaneval-postprocess=none"]
    )
    packed = tmp_path / "log.json.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert "--humaneval-postprocess=post_v1" in evaluation.evaluate_arguments(packed, [])


def test_a_sample_that_inspect_had_an_error_with_is_named(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    failed = {"id": "HumanEval/0", "epoch": 1, "output": {"choices": []}, "error": {"message": "rate\nlimit"}}
    file.write_text(json.dumps({"eval": {"task": "humaneval"}, "samples": [failed]}))
    with pytest.raises(DatasetError, match=r"sample 0: inspect had an error with HumanEval/0.*: rate limit; continue"):
        read_samples(file)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("log.eval", "PK", "inspect log dump"),
        ("results.json", '{"eval": {"HumanEval/0": []}}', "import --format evalplus"),
        ("log.json", '{"version": 2, "eval": {"task": "humaneval"}}', "a log of inspect's without samples"),
        ("results.json", '{"results": {"humaneval": {}}, "configs": {}}', "--log_samples"),
        (
            "s.jsonl",
            json.dumps({"task_id": "HumanEval/0", "completion": {"a": "b" * 999}}),
            r"""not {"a": "b{53}\.\.\.$""",
        ),
        ("s.json", '[{"task_id": "HumanEval/0"}]', "s.json:1, element 0: expected a JSON object with task_id and"),
        ("s.csv", "task_id,words\nHumanEval/0,x\n", "s.csv:2: expected a JSON object with task_id and completion"),
        ("s.json", '{\n "task_id": 1,,\n}', "not JSON"),
        ("run", None, "nor folders such as HumanEval_0 with .* nor programs such as HumanEval_0.py"),
    ],
)
def test_what_is_none_is_named_with_what_to_do(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    path = tmp_path / name
    path.mkdir() if text is None else path.write_text(text)
    with pytest.raises(DatasetError, match=message.replace("(", r"\(")):
        read_samples(path)


def test_a_problem_of_another_dataset_names_the_file_and_no_option_that_nobody_gave(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines([*rows(), {"task_id": "MBPP/2", "completion": ""}]))
    with pytest.raises(DatasetError, match=r"s\.jsonl:3: MBPP/2 is not one of HumanEval's problems; name the file"):
        evaluation.evaluate_arguments(file, [])
    with pytest.raises(
        DatasetError, match=r"s\.jsonl:3: unknown problem MBPP/2; name the file of its problems with --dataset"
    ):
        READERS["json"](file, [CLOSE, ADD], "")
    assert "--humaneval-task=MBPP/2" in evaluation.evaluate_arguments(file, ["--humaneval-dataset=mbpp.jsonl"])


def test_unequal_numbers_are_known_by_problem(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(lines([*rows(), *rows()[:1]]))
    assert given(file) == {("HumanEval/0", ""): {0, 1}, ("HumanEval/53", ""): {0}}


def written(folder: Path) -> dict[str, Path]:
    """The same two answers, in a file or folder of each kind."""
    files = {name: folder / name for name in ("lm-eval.jsonl", "bigcode.json", "inspect.json", "csv.csv", "json.json")}
    docs = [
        {"doc": {"task_id": one.task_id, "prompt": one.prompt}, "resps": [[BODIES[one.task_id]]]}
        for one in (CLOSE, ADD)
    ]
    files["lm-eval.jsonl"].write_text(lines(docs))
    programs: list[list[str]] = [[] for _ in range(54)]
    programs[0], programs[53] = [PROGRAMS["HumanEval/0"]], [PROGRAMS["HumanEval/53"]]
    files["bigcode.json"].write_text(json.dumps(programs))
    answers = [
        {"id": task_id, "output": {"choices": [{"message": {"content": f"Sure.\n```python\n{program}```"}}]}}
        for task_id, program in PROGRAMS.items()
    ]
    files["inspect.json"].write_text(json.dumps({"eval": {"task": "humaneval"}, "samples": answers}))
    with files["csv.csv"].open("w", newline="") as file:
        csv.writer(file).writerows([("task_id", "completion"), *BODIES.items()])
    files["json.json"].write_text(json.dumps(rows(), indent=2))
    return files


@pytest.mark.parametrize("name", ["lm-eval", "bigcode", "inspect", "csv", "json", "evalplus"])
def test_import_takes_each_by_its_name(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What comes out defines the function as the answer does, behind the prompt."""
    if name == "evalplus":
        source = tmp_path / "run"
        for task_id, program in PROGRAMS.items():
            (source / underscored(task_id)).mkdir(parents=True)
            (source / underscored(task_id) / "0.py").write_text(program)
    else:
        (source,) = (path for path in written(tmp_path).values() if path.stem == name)
    assert main(["import", f"--format={name}", str(source), str(tmp_path / "out")]) == 0
    assert "2 samples are in " in capsys.readouterr().out
    made = read_samples(tmp_path / "out")
    assert [key[0] for key in made] == ["HumanEval/0", "HumanEval/53"]
    for problem, completion in zip((CLOSE, ADD), made.values(), strict=True):
        space: dict[str, Any] = {}
        exec(problem.prompt + completion, space)
        arguments: tuple[Any, ...] = ([1.0, 2.0], 0.5) if problem is CLOSE else (2, 3)
        assert space[problem.entry_point](*arguments) == (True if problem is CLOSE else 5)


def test_ray_s_judges_read_what_a_replay_reads(tmp_path: Path) -> None:
    for name, path in written(tmp_path).items():
        if name == "inspect.json":
            with pytest.raises(DatasetError, match="import --format inspect"):
                chunking.survey(path, BODIES)
            continue
        streamed = {(one.task_id, "", one.sample_index): one.completion for one in chunking.read(path)}
        assert streamed == read_samples(path), name
        found = chunking.survey(path, BODIES)
        assert (found.samples, found.problems) == (2, 2)
        assert found.sha256 == identity(EngineOptions(file=str(path)))


def test_a_whole_file_is_not_read_for_rows_of_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text("\ufeff" + lines(rows()))
    monkeypatch.setattr(jsonl, "read_bytes", lambda path: pytest.fail("it was read as a whole"))
    assert [one.completion for one in chunking.read(file)] == list(BODIES.values())


def test_a_folder_of_evalplus_may_be_mbpp_s(tmp_path: Path) -> None:
    (tmp_path / "Mbpp_2").mkdir()
    (tmp_path / "Mbpp_2" / "0.py").write_text("x = 1\n")
    assert list(read_samples(tmp_path)) == [("Mbpp/2", "", 0)]
