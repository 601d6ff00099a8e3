"""EvalPlus' files: expected values from the canonical solution, contracts, tolerance, several right answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from one_sandbox import check_correctness, one_sandbox  # noqa: F401 - a fixture

from pytest_humaneval import Problem, SandboxOptions, Verdict, open_sandbox
from pytest_humaneval.dataset import expected
from pytest_humaneval.dataset.bundled import BUNDLED
from pytest_humaneval.dataset.evalplus import HUMANEVAL_PLUS, dataset_of
from pytest_humaneval.dataset.evalplus_assertions import plus_test
from pytest_humaneval.dataset.kinds import Dataset, Wanted
from pytest_humaneval.dataset.load import read_dataset
from pytest_humaneval.dataset.mbpp_arguments import restored
from pytest_humaneval.dataset.places import Found
from pytest_humaneval.dataset.source_text import source_of
from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.sandbox.judgeable import broken_problems

ROW: dict[str, Any] = {
    "task_id": "HumanEval/0",
    "prompt": 'def half(n, up=False):\n    """Half of n."""\n',
    "entry_point": "half",
    "canonical_solution": "    return n / 2\n",
    "base_input": [[4], [6]],
    "plus_input": [[0], [-3, True], ["text"], [10.5]],
    "contract": '\n    assert isinstance(n, (int, float)), "invalid inputs" # $_CONTRACT_$\n',
    "atol": 0,
}
MBPP_ROW: dict[str, Any] = ROW | {
    "task_id": "Mbpp/2",
    "prompt": '"""\nFind the shared elements.\nassert similar_elements((1, 2), (2,)) == (2,)\n"""\n',
    "entry_point": "similar_elements",
    "canonical_solution": "\ndef similar_elements(one, other):\n  return tuple(set(one) & set(other))\n",
    "base_input": [[[1, 2, 3], [3, 1]]],
    "plus_input": [[[5, 5], [5]]],
    "contract": "\n  assert isinstance(one, tuple) and isinstance(other, tuple) # $_CONTRACT_$\n",
}


def read(folder: Path, *rows: dict[str, Any], keep: Path | None = None) -> Dataset:
    (folder / "HumanEvalPlus-v0.1.10.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return BUNDLED["humaneval+"].dataset(Wanted(folders=(folder,), keep=keep))


@pytest.fixture(autouse=True)
def _no_cache_of_evalplus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def judged(problem: Problem, body: str) -> tuple[str, str]:
    """The verdicts by base and by plus."""
    verdict: Verdict = check_correctness(problem, body)
    return verdict.kind, verdict.strong.kind if verdict.strong is not None else ""


def test_each_program_has_a_verdict_by_base_and_one_by_plus(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, ROW).problems
    assert judged(problem, ROW["canonical_solution"]) == ("passed", "passed")
    assert judged(problem, "    return abs(n) / 2\n") == ("passed", "assertion")
    assert judged(problem, "    return n\n") == ("assertion", "assertion")


def test_a_failure_names_the_call_and_what_was_expected(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, ROW).problems
    verdict = check_correctness(problem, "    return abs(n) / 2\n")
    assert verdict.strong is not None
    assert "candidate(-3, True)" in verdict.strong.detail
    assert "expected: -1.5" in verdict.strong.detail
    assert "got: 1.5" in verdict.strong.detail


def test_inputs_that_violate_the_contract_are_left_out_and_counted(tmp_path: Path) -> None:
    dataset = read(tmp_path, ROW)
    assert "'text'" not in dataset.problems[0].strong_test
    assert dataset.problems[0].strong_test.count("candidate(") == 3
    assert dataset.source.endswith("; 1 inputs left out, as they violate a contract or have no result")


def test_what_is_expected_is_run_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(tmp_path, ROW, keep=tmp_path / "kept")
    monkeypatch.setattr("pytest_humaneval.dataset.evalplus.open_sandbox", lambda options: pytest.fail("it was run"))
    assert read(tmp_path, ROW, keep=tmp_path / "kept") == first


def test_a_list_of_datasets_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_humaneval.dataset.evalplus.open_sandbox", lambda options: pytest.fail("it was run"))
    (tmp_path / "HumanEvalPlus.jsonl").write_text(json.dumps(ROW))
    assert len(HUMANEVAL_PLUS.find(Wanted(folders=(tmp_path,), only_look=True), lambda task_id: "").problems) == 1


def test_no_further_inputs_may_be_an_empty_object(tmp_path: Path) -> None:
    """As EvalPlus' released MbppPlus-v0.2.0.jsonl has it for Mbpp/793: the base inputs alone judge."""
    (problem,) = read(tmp_path, ROW | {"plus_input": {}}).problems
    assert judged(problem, "    return n / 2\n") == ("passed", "")
    assert judged(problem, "    return n\n") == ("assertion", "")


def test_the_newest_of_several_versions_is_read(tmp_path: Path) -> None:
    for version in ("v0.1.9", "v0.1.10", "v0.1.2"):
        (tmp_path / f"HumanEvalPlus-{version}.jsonl").write_text(json.dumps(ROW) + "\n")
    wanted = Wanted(folders=(tmp_path,), only_look=True)
    assert BUNDLED["humaneval+"].dataset(wanted).source.endswith("HumanEvalPlus-v0.1.10.jsonl")


@pytest.mark.parametrize("name", ["humaneval+", "mbpp"])
def test_the_file_of_a_name_may_be_parquet(name: str, tmp_path: Path) -> None:
    """As the hub keeps them; this one is none, and is told so by its own reader."""
    (tmp_path / "test.parquet").write_bytes(b"PAR1\xff\xff")
    with pytest.raises(DatasetError, match="Parquet"):
        BUNDLED[name].dataset(Wanted(file=tmp_path / "test.parquet"))


def test_floats_are_near_enough_and_no_more(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, ROW).problems
    assert judged(problem, "    return n / 2 + 1e-7\n") == ("passed", "passed")
    assert judged(problem, "    return n / 2 + 1e-4\n") == ("assertion", "assertion")


def test_an_empty_tolerance_is_exact(tmp_path: Path) -> None:
    row = ROW | {"canonical_solution": "    return [n, str(n)]\n"}
    (problem,) = read(tmp_path, row).problems
    assert "approximately" not in problem.test
    assert judged(problem, "    return [n, str(n) + ' ']\n") == ("assertion", "assertion")


def test_a_row_of_mbpp_has_its_tuples_and_its_special_oracle(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, MBPP_ROW).problems
    assert problem.shown == ("assert similar_elements((1, 2), (2,)) == (2,)",)
    assert "candidate((1, 2, 3), (3, 1))" in problem.test
    solution = "def similar_elements(one, other):\n    return {}\n"
    assert judged(problem, solution.format("[each for each in other if each in one]")) == ("passed", "passed")
    assert judged(problem, solution.format("set(one)")) == ("assertion", "assertion")


@pytest.mark.parametrize(
    ("entry_point", "arguments", "expected", "atol", "right", "wrong"),
    [
        ("are_equivalent", "36, 57", "False", 0, ["True", "None"], []),
        ("sum_div", "8", "7", 0, ["7", "0"], ["8"]),
        ("surface_Area", "3, 4", "33", 0, ["33", "35"], ["34"]),  # 9 + 6 * sqrt(1.5**2 + 16) = 34.6
        ("digit_distance_nums", "1, 2", "1", 0, ["1"], ["2"]),
        ("digit_distance_nums", "19, 21", "2", 0, ["2", "9"], ["3"]),  # |1-2| + |9-1|
        ("check_str", "'a'", "True", 0, ["True", "'match'"], ["False", "None"]),
        ("check_str", "'b'", "None", 0, ["False", "None"], ["True", "'match'"]),
        ("Diff", "[1], [2]", "[1, 2]", 0, ["[2, 1]", "[1, 2, 2]"], ["[1]", "5"]),
        ("other", "1", "2", 0.5, ["2", "2.0"], ["3", "1.4"]),
    ],
)
def test_several_answers_are_right_where_evalplus_says_so(
    entry_point: str, arguments: str, expected: str, atol: float, right: list[str], wrong: list[str]
) -> None:
    test = plus_test(entry_point, [(arguments, expected)], atol, of_mbpp=True)
    problem = Problem("Mbpp/1", f"def {entry_point}(*given):\n", entry_point, "", test)
    assert [answer for answer in right if not check_correctness(problem, f"    return {answer}\n").passed] == []
    assert [answer for answer in wrong if check_correctness(problem, f"    return {answer}\n").passed] == []


def test_any_root_of_a_polynomial_is_right() -> None:
    test = plus_test("find_zero", [("[-4, 0, 1]", "2.0")], 1e-4, of_mbpp=False)
    problem = Problem("HumanEval/32", "def find_zero(xs):\n", "find_zero", "", test)
    assert [check_correctness(problem, f"    return {root}\n").passed for root in ("2.0", "-2.00001", "1.9")] == [
        True, True, False,
    ]  # fmt: skip


def test_the_tolerance_of_floats_holds_for_what_follows() -> None:
    test = plus_test("f", [("1", "1"), ("2", "0.5"), ("3", "10")], 0, of_mbpp=False)
    assert [line.partition("== ")[2] for line in test.splitlines() if "assert" in line] == [
        "1", "approximately(0.5, 1e-06)", "approximately(10, 1e-06)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"atol": None}, ":1: field 'atol' must be a number of at least 0, not None"),
        ({"plus_input": [1]}, ":1: field 'plus_input' must be a list of lists of arguments"),
        ({"canonical_solution": "  "}, ":1: field 'canonical_solution' is empty"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        read(tmp_path, ROW | change)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"contract": "\n    assert n +\n"}, "HumanEval/0: field 'contract' cannot be compiled"),
        ({"canonical_solution": "    return (\n"}, "SyntaxError: '(' was never closed"),
        ({"canonical_solution": "    raise ValueError\n"}, "'canonical_solution' has no result for any base input"),
        ({"canonical_solution": "    while True: pass\n", "base_input": [[n] for n in range(20)]}, "has no result for"),
    ],
)
def test_a_solution_without_results_is_found_by_the_trial_before_a_run(
    change: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops the run, or is left out: whoever reads the file is not stopped by one of its problems."""
    monkeypatch.setattr(expected, "TIMEOUT", 0.1)  # three inputs of twenty are waited for, and all of them together
    (problem,) = read(tmp_path, ROW | change).problems
    with open_sandbox(SandboxOptions("lockdown")) as sandbox:
        (why,) = broken_problems(sandbox, [problem], 1.0).values()
    assert told in why
    assert f"{tmp_path}" in why or "SyntaxError" in why


@pytest.mark.parametrize("name", ["base_input", "contract", "atol"])
def test_a_field_that_is_missing_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f":1: field '{name}' is missing"):
        read(tmp_path, {key: value for key, value in ROW.items() if key != name})


def test_a_file_of_evalplus_is_known_by_its_fields(tmp_path: Path) -> None:
    file = tmp_path / "any.jsonl"
    file.write_text(json.dumps(ROW))
    assert read_dataset(file).problems[0].strong_test.startswith("class approximately")


def test_the_hub_has_all_assertions_in_one_test() -> None:
    strong = "def check(candidate):\n    assert candidate(0) == 0\n"
    row = {key: ROW[key] for key in ("task_id", "prompt", "entry_point", "canonical_solution")} | {"test": strong}
    base = "def check(candidate):\n    assert candidate(4) == 2\n"
    (problem,) = dataset_of("humaneval+", Found((("hub", row),), "0", ""), Wanted(), lambda task_id: base).problems
    assert (problem.test, problem.strong_test) == (base, strong)


def test_the_hub_s_mbpp_has_its_assertions_beside() -> None:
    row = {
        "task_id": 2, "prompt": "Double.", "code": "def double(n): return 2 * n", "test_imports": [],
        "test_list": ["assert double(1) == 2"], "test": "for n in [0, -1]:\n    assert double(n) == n * 2",
    }  # fmt: skip
    (problem,) = dataset_of("mbpp+", Found((("hub", row),), "0", ""), Wanted()).problems
    assert problem.task_id == "Mbpp/2"
    assert judged(problem, "def double(n): return 2 * n\n") == ("passed", "passed")
    assert judged(problem, "def double(n): return 2 * abs(n)\n") == ("passed", "assertion")


def test_where_it_is_nowhere_every_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        BUNDLED["mbpp+"].dataset(Wanted(folders=(tmp_path,), only_look=True))
    for way in ("MbppPlus.jsonl", str(tmp_path / "cache" / "evalplus"), "the hub", "mbpp+=FILE", "HUMANEVAL_DATA_DIR"):
        assert way in str(error.value)


@pytest.mark.parametrize(
    ("number", "given", "right"),
    [
        (2, [[1], [2]], [(1,), (2,)]),
        (63, [[[1, 2], [3]]], [[(1, 2), (3,)]]),
        (75, [[[1], [2]], 3], [[(1,), (2,)], 3]),
        (106, [[1], [2]], [[1], (2,)]),
        (115, [[[1, 1], [], "x"]], [[{1}, {}, {}]]),
        (124, ["1.5", "2j"], [1.5, 2j]),
        (259, [[[1], [2]], [[3]]], [((1,), (2,)), ((3,),)]),
        (278, [[1, [2, 3]]], [(1, (2, 3))]),
        (307, [[1], 2, 3], [(1,), 2, 3]),
        (722, [{"a": [1]}, 2], [{"a": (1,)}, 2]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
        (3, [[1]], [[1]]),
    ],
)
def test_arguments_of_mbpp_get_back_their_types(number: int, given: list[Any], right: list[Any]) -> None:
    assert restored(number, given) == right
    assert [type(one) for one in restored(number, given)] == [type(one) for one in right]


VALUES: list[object] = [
    1,
    -1.5,
    True,
    None,
    "a'\u2028",
    b"\0",
    [1, (2,), ()],
    {1: {2}},
    set(),
    1 + 2j,
    1e300,
    10**5000,
    -(10**5000),
]


@pytest.mark.parametrize("place", range(len(VALUES)))
def test_source_gives_back_the_value_and_names_nothing(place: int) -> None:
    assert eval(source_of(VALUES[place]), {"__builtins__": {}}) == VALUES[place]


def test_source_has_what_is_no_literal() -> None:
    assert eval(source_of([float("inf"), -float("inf")])) == [float("inf"), -float("inf")]
    assert eval(source_of(float("nan"))) != eval(source_of(float("nan")))
    with pytest.raises(TypeError, match="object has no literal"):
        source_of([object()])
