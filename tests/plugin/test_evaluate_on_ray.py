"""``evaluate --ray`` on a real cluster: three nodes on one machine, each with its own processes and object store.

The nodes are started once for all tests of this file: that takes most of the time.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from mini import PROBLEMS, RIGHT
from ray_nodes import ENVIRONMENT, PATIENCE, ThreeNodes

from pytest_humaneval.dataset.load import read_problems

pytestmark = [
    # By day tests/unit/test_cluster_*.py have nodes and processes die, without Ray: nothing is lost, nothing doubled.
    pytest.mark.nightly,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray"),
]

WRONG = "    return 5\n"
SLEEPY = "    import time\n    time.sleep(0.05)\n"  # a check is short, and a test has to find one under way
OF_ANOTHER_VERSION = """
import sys
from pytest_humaneval.__main__ import main
from pytest_humaneval.cluster import nodes, ray_cluster

ray_cluster.package_version = nodes.package_version = lambda: "0.0.1"
sys.exit(main())
"""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeNodes]:
    with contextlib.closing(ThreeNodes(tmp_path_factory.mktemp("cache"))) as started:
        yield started


@pytest.fixture
def samples(tmp_path: Path) -> Callable[..., Path]:
    """A file of ``count`` samples, in the order of the problems, every third one wrong."""

    def write(count: int, *, start: str = "") -> Path:
        path = tmp_path / "samples.jsonl"
        rows = [
            {
                "task_id": (task_id := str(PROBLEMS[number % len(PROBLEMS)]["task_id"])),
                "completion": start + (WRONG if number % 4 == 3 else RIGHT[task_id]),
                "strategy": ("chat", "minimal")[number // len(PROBLEMS) % 2],
                "sample_index": number // (2 * len(PROBLEMS)),
            }
            for number in range(count)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@pytest.fixture
def start(
    nodes: ThreeNodes, mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.Popen[str]]:
    """Start the command on the cluster."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(
        samples: Path, *options: str, program: tuple[str, str] = ("-m", "pytest_humaneval")
    ) -> subprocess.Popen[str]:
        command = [sys.executable, *program, "evaluate", str(samples), f"--ray={nodes.address}", "--no-cache"]
        return subprocess.Popen(
            [*command, f"--dataset={mini}", f"--output={tmp_path / 'out'}", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | ENVIRONMENT,
        )  # fmt: skip

    return run


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, output, errors


def rows_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def identities(rows: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [(row["task_id"], row["strategy"], row["sample_index"], row["completion"]) for row in rows]


def wait_for_lines(file: Path, count: int) -> None:
    for _ in range(PATIENCE * 10):
        if file.exists() and file.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{file} did not get {count} lines")


def orphans() -> list[str]:
    """Oracles, which have their folder's name on their command line, whose worker process is gone."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            workers = re.findall(r"/humaneval-(\d+)-", file.read_text(errors="replace"))
            found += [f"{file}: {worker}" for worker in workers if not Path("/proc", worker).exists()]
    return found


def wait_for_sandboxes_to_leave() -> None:
    for _ in range(PATIENCE):
        if not orphans():
            return
        time.sleep(0.5)
    raise TimeoutError(f"left behind: {orphans()}")


def test_verdicts_and_figures_are_those_of_a_run_under_pytest(
    start: Callable[..., subprocess.Popen[str]],
    samples: Callable[..., Path],
    pytester: pytest.Pytester,
    mini: Path,
    tmp_path: Path,
) -> None:
    file = samples(90)
    status, output, errors = finish(start(file))
    assert status == 1, errors
    options = (f"--humaneval-dataset={mini}", f"--humaneval-output={tmp_path / 'theirs'}", "-q")
    result = pytester.run(sys.executable, "-m", "pytest_humaneval", "evaluate", str(file), *options, timeout=PATIENCE)
    assert result.ret == 1
    ours, theirs = rows_in(tmp_path / "out" / "results.jsonl"), rows_in(tmp_path / "theirs" / "results.jsonl")
    assert identities(ours) == identities(rows_in(file))
    said = ("task_id", "strategy", "sample_index", "completion", "kind", "detail", "passed", "result")
    by_sample = sorted(([row[name] for name in said] for row in ours), key=str)
    assert by_sample == sorted(([row[name] for name in said] for row in theirs), key=str)
    mine, other = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("out", "theirs"))
    for name in ("identity", "dataset", "num_samples", "k", "pairs", "exit_status"):
        assert mine[name] == other[name], name
    for name in ("expected", "finished", "errors"):  # the second one took verdicts from the store
        assert mine["items"][name] == other["items"][name], name
    assert [{**row, "seconds": 0, "steps": {}} for row in mine["strategies"]] == [
        {**row, "seconds": 0, "steps": {}} for row in other["strategies"]
    ]
    table = output[output.index("\nstrategy ") : output.index("\nresults and run.json")]
    report = pytester.run(sys.executable, "-m", "pytest_humaneval", "report", str(tmp_path / "out"))
    assert report.ret == 0
    shown = report.stdout.str().splitlines()  # also what takes all texts: how alike the samples of a problem are
    assert [line for line in table.splitlines() if line not in shown] == []


ANSWERS = {"HumanEval/0": "    return True\n", "HumanEval/53": "    return x + y\n"}  # a wrong one and a right one
PROMPTS = {problem.task_id: problem.prompt for problem in read_problems() if problem.task_id in ANSWERS}
WHOLE = {task_id: PROMPTS[task_id] + body for task_id, body in ANSWERS.items()}


def json_lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def in_evalplus_folders(folder: Path) -> Path:
    for task_id, program in WHOLE.items():
        (folder / "run" / task_id.replace("/", "_")).mkdir(parents=True)
        (folder / "run" / task_id.replace("/", "_") / "0.py").write_text(program)
    return folder / "run"


def as_lm_eval_log(folder: Path) -> Path:
    file = folder / "samples_humaneval.jsonl"
    docs = [{"task_id": task_id, "prompt": PROMPTS[task_id]} for task_id in ANSWERS]
    file.write_text(json_lines({"doc": doc, "filtered_resps": [[WHOLE[doc["task_id"]]]]} for doc in docs))
    return file


def as_bigcode_generations(folder: Path) -> Path:
    file = folder / "generations.json"
    programs = [[WHOLE[task_id]] if (task_id := f"HumanEval/{number}") in WHOLE else [] for number in range(164)]
    file.write_text(json.dumps(programs))
    return file


def as_evalplus_lines(folder: Path) -> Path:
    file = folder / "samples.jsonl.gz"
    file.write_bytes(gzip.compress(json_lines({"task_id": t, "solution": text} for t, text in WHOLE.items()).encode()))
    return file


def as_csv(folder: Path) -> Path:
    file = folder / "samples.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([("task_id", "completion"), (0, ANSWERS["HumanEval/0"]), *[*ANSWERS.items()][1:]])
    return file


def as_pretty_array(folder: Path) -> Path:
    file = folder / "samples.json"
    rows = [{"task_id": task_id.replace("/", "_"), "response": body} for task_id, body in ANSWERS.items()]
    file.write_text("\ufeff" + json.dumps(rows, indent=2))
    return file


@pytest.mark.parametrize(
    "written",
    [in_evalplus_folders, as_evalplus_lines, as_lm_eval_log, as_bigcode_generations, as_csv, as_pretty_array],
)
def test_samples_as_other_programs_write_them_are_judged_on_the_cluster(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, written: Callable[[Path], Path]
) -> None:
    status, _, errors = finish(start(written(tmp_path), "--dataset=humaneval"))
    assert status == 1, errors
    rows = rows_in(tmp_path / "out" / "results.jsonl")
    assert {row["task_id"]: row["kind"] for row in rows} == {"HumanEval/0": "assertion", "HumanEval/53": "passed"}
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert [(row["passed"], row["kinds"]["assertion"]) for row in run["strategies"]] == [(1, 1)]


def test_a_node_and_a_process_that_die_lose_nothing_and_double_nothing(
    start: Callable[..., subprocess.Popen[str]], samples: Callable[..., Path], nodes: ThreeNodes, tmp_path: Path
) -> None:
    file = samples(224, start=SLEEPY)
    process = start(file)
    nodes.kill_a_worker("judge")
    nodes.kill_a_node()
    status, _, errors = finish(process)
    rows = rows_in(tmp_path / "out" / "results.jsonl")
    assert identities(rows) == identities(rows_in(file)), errors
    assert {row["kind"] for row in rows} == {"passed", "assertion"}
    assert status == 1
    told = json.loads((tmp_path / "out" / "run.json").read_text())["ray"]
    assert told["worker_crashes"] + told["pieces_of_lost_nodes"] >= 1


def test_a_command_that_is_killed_or_interrupted_goes_on_where_it_was(
    start: Callable[..., subprocess.Popen[str]], samples: Callable[..., Path], tmp_path: Path
) -> None:
    file, results = samples(640, start=SLEEPY), tmp_path / "out" / "results.jsonl"
    judged = 0
    for number in (signal.SIGKILL, signal.SIGINT):
        process = start(file)
        wait_for_lines(results, judged + 1)
        process.send_signal(number)
        status, _, errors = finish(process)
        assert status == (-signal.SIGKILL if number == signal.SIGKILL else 2)
        before = results.read_bytes()
        judged = before.count(b"\n")
        assert judged < 640
    assert f"interrupted\n{judged} samples have been judged; the same command continues after them" in errors
    assert not (tmp_path / "out" / "run.json").exists()

    status, output, errors = finish(start(file))
    assert status == 1
    assert "continuing after " in errors
    assert results.read_bytes().startswith(before)
    assert identities(rows_in(results)) == identities(rows_in(file))

    wait_for_sandboxes_to_leave()

    status, again, _ = finish(start(file))
    assert status == 1
    assert again.replace("not needed: everything was judged before\n", ray_line(output)) == output
    status, _, errors = finish(start(file, "--timeout=2"))
    assert status == 4
    assert "belong to another run: timeout is 3.0 there and 2.0 here; give another folder" in errors


def test_a_node_with_another_version_is_named_and_nothing_is_judged(
    start: Callable[..., subprocess.Popen[str]], samples: Callable[..., Path], tmp_path: Path
) -> None:
    process = start(samples(3), program=("-c", OF_ANOTHER_VERSION))
    status, _, errors = finish(process)
    assert status == 4
    assert re.search(
        r"^error: --ray: \S+ has pytest-humaneval .*, this machine 0\.0\.1; install the same", errors, re.M
    )
    assert rows_in(tmp_path / "out" / "results.jsonl") == []


def ray_line(output: str) -> str:
    """What the summary says of the cluster."""
    return output.partition("ray       ")[2].partition("\n")[0] + "\n"
