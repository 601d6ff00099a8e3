"""--humaneval-shard and the command merge: several runs side by side are one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mini import PROBLEMS, RIGHT, Evaluate

from pytest_humaneval import testing
from pytest_humaneval.__main__ import main

NUM_SAMPLES = 4
OPTIONS = (f"--humaneval-num-samples={NUM_SAMPLES}", "--humaneval-temperature=0.8", "--humaneval-sandbox=untimed")
SANDBOX = """
from dataclasses import replace
from pytest_humaneval.sandbox.interface import SandboxKind
from pytest_humaneval.sandbox.library import BUNDLED

class Untimed:
    def __init__(self, sandbox):
        self._sandbox, self.name = sandbox, "untimed"

    @property
    def layers(self):
        return self._sandbox.layers

    def check(self, problem, completion, *, timeout):
        return replace(self._sandbox.check(problem, completion, timeout=timeout), duration=0.0)

    def __enter__(self):
        self._sandbox.__enter__()
        return self

    def __exit__(self, *error):
        return self._sandbox.__exit__(*error)

def opened(options):
    return Untimed(BUNDLED["lockdown"].open(replace(options, name="lockdown")))

def pytest_humaneval_sandboxes():
    return [SandboxKind("untimed", "real verdicts that all took no time", opened)]
"""
SCRIPT = {
    "Mini/0": [RIGHT["Mini/0"], "    return a - b\n", RIGHT["Mini/0"], "    return a +\n"],
    "Mini/1": [RIGHT["Mini/1"], RIGHT["Mini/1"], "    print(text)\n", ""],
    "Mini/10 chat": "    return items[0]\n",
}


@pytest.fixture(params=[3, pytest.param(8, marks=pytest.mark.nightly)])
def of(request: pytest.FixtureRequest) -> int:
    """How many parts."""
    count: int = request.param
    return count


@pytest.fixture
def runs(
    pytester: pytest.Pytester, mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: int
) -> tuple[Path, Path]:
    """The folder of one run, and that of the folders of its parts, run side by side."""
    monkeypatch.setenv("COLUMNS", "160")
    pytester.makeconftest(SANDBOX)
    common = [
        sys.executable, "-m", "pytest", "--strategy=minimal,chat", *testing.scripted_run(tmp_path, SCRIPT), *OPTIONS,
        "--humaneval-no-history",
    ]  # fmt: skip
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    calls = [[f"--humaneval-output={whole}", f"--junitxml={tmp_path / 'whole.xml'}"]]
    for number in range(1, of + 1):
        own = f"--humaneval-cache-dir={tmp_path / f'cache-{number}'}"
        calls.append([f"--humaneval-output={parts / str(number)}", f"--humaneval-shard={number}/{of}", own])
    running = [subprocess.Popen([*common, *call], stdout=subprocess.PIPE, text=True) for call in calls]
    printed = [process.communicate(timeout=300)[0] for process in running]
    assert [process.returncode for process in running].count(2) == 0, printed
    (tmp_path / "whole.txt").write_text(printed[0])
    assert f"note: this is part 3 of {of} of a run; python -m pytest_humaneval merge joins" in printed[3]
    return whole, parts


def sorted_lines(file: Path) -> list[str]:
    return sorted(file.read_text().splitlines())


def untimed(results: Path) -> list[str]:
    """The rows but for what no two runs have in common: when the engine answered."""
    return [re.sub(r'"generation_seconds": [^,]+', "", line) for line in sorted_lines(results)]


def cases(file: Path) -> list[tuple[Any, ...]]:
    return [
        (
            case.get("classname"), case.get("name"), [one.tag for one in case if one.tag != "properties"],
            [one.get("message") for one in case], case.findtext("failure"),
            [(one.get("name"), one.get("value")) for one in case.iter("property")], case.findtext("system-out"),
        )
        for case in ElementTree.parse(file).getroot().iter("testcase")
    ]  # fmt: skip


def suite(file: Path) -> list[tuple[Any, ...]]:
    node = ElementTree.parse(file).getroot()[0]
    counts = [node.get(name) for name in ("tests", "failures", "errors", "skipped")]
    return [tuple(counts), *((one.get("name"), one.get("value")) for one in node.findall("properties/property"))]


def merge(mini: Path, parts: Sequence[Path], output: Path, *options: str) -> int:
    return main(["merge", *map(str, parts), "--output", str(output), "--dataset", str(mini), "--no-history", *options])


def test_parts_side_by_side_are_one_run(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = runs
    folders = sorted(parts.iterdir(), reverse=True)
    mini, out, xml, page = (tmp_path / name for name in ("problems.jsonl", "all", "all.xml", "all.html"))
    options = (f"--junitxml={xml}", f"--html={page}", f"--markdown={tmp_path / 'all.md'}")
    status = merge(mini, folders, out, *options)
    printed = capsys.readouterr().out
    assert status == json.loads((whole / "run.json").read_text())["exit_status"] == 1
    assert untimed(out / "results.jsonl") == untimed(whole / "results.jsonl")
    assert (out / "samples.jsonl").read_text() == (whole / "samples.jsonl").read_text()
    assert sorted_lines(out / "prompts.jsonl") == sorted_lines(whole / "prompts.jsonl")
    assert cases(xml) == cases(tmp_path / "whole.xml")
    assert suite(xml) == suite(tmp_path / "whole.xml")
    assert_same_summary((tmp_path / "whole.txt").read_text(), printed)
    assert_same_record(whole, out, len(folders))
    assert "part of a run" not in page.read_text()
    assert "partial" not in page.read_text()
    assert_plan_and_gates_are_of_the_whole(mini, whole, folders, capsys)
    assert_nothing_is_overwritten(mini, folders, out, capsys)


def assert_same_summary(of_run: str, of_merge: str) -> None:
    """Every line of the one run's summary is in the merge's, but for seconds and files."""
    lines = of_run.partition("= HumanEval =")[2].splitlines()[1:]
    lines = [line for line in lines if line and not line.startswith(("engine ", "samples, results", "="))]
    assert len(lines) > 15
    assert [line for line in map(timeless, lines) if line not in map(timeless, of_merge.splitlines())] == []


def timeless(line: str) -> str:
    """A line without a table's last two columns, rate and seconds."""
    return " ".join(re.sub(r" (\d+|n/a) +(\d+\.\d|n/a)$", "", line).split())


def assert_same_record(whole: Path, out: Path, of: int) -> None:
    one, joined = (json.loads((folder / "run.json").read_text()) for folder in (whole, out))
    assert {*joined} - {*one} == {"parts"}
    assert {*one} - {*joined} == set()
    assert joined["shard"] is None
    expected = [part["items"]["expected"] for part in joined["parts"]]
    assert (len(expected), sum(expected)) == (of, 24)
    assert max(expected) - min(expected) <= 2  # a sample of both strategies: equal requests are in one part
    for name in ("identity", "dataset", "items", "pairs", "reliability", "layers", "timeout", "exit_status"):
        assert joined[name] == one[name], name
    for row in (*one["strategies"], *joined["strategies"]):
        row["seconds"] = 0
    assert joined["strategies"] == one["strategies"]
    for name in ("finished", "tokens", "prompt_tokens"):
        assert joined["engine_process"][name] == one["engine_process"][name], name


def assert_plan_and_gates_are_of_the_whole(
    mini: Path, whole: Path, folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """No part has all samples of a strategy, so both can be judged of what was joined alone."""
    folder = whole.parent / "judged"
    folder.mkdir()
    plan = folder / "plan.toml"
    planned = f"problems = 3\nnum-samples = {NUM_SAMPLES}\ntemperature = 0.8\nmin-pass-at-1 = {{ minimal = 0.5 }}\n"
    plan.write_text(f"hypothesis = 'it adds'\nstrategies = ['minimal']\n{planned}")
    gates = ("--min-pass-at-1=0.5", f"--plan={plan}", f"--baseline={whole}")
    assert merge(mini, folders, folder / "fails", *gates) == 10
    told = " ".join(capsys.readouterr().out.split())
    assert "hypothesis it adds everything ran as planned exploratory, since it was not planned: strategy chat" in told
    assert "chat unchanged: 2 passed (Mini/0-1), 1 failed (Mini/10)" in told
    assert "minimal: pass@1 of at least 0.5: holds: 0.6667, 8 of 12 samples" in told
    assert "chat: pass@1 of at least 0.5: DOES NOT HOLD: 0.3333, 4 of 12 samples" in told
    run = json.loads((folder / "fails" / "run.json").read_text())
    assert run["exit_status"] == 10
    assert (run["plan"]["deviations"], run["plan"]["exploratory"]) == (
        [],
        ["strategy chat", "the gate on a pass@1 of at least 0.5 of chat"],
    )
    assert [verdict["holds"] for verdict in run["gates"]["verdicts"]] == [False, True]
    assert merge(mini, folders, folder / "holds", "--min-pass-at-1=minimal=0.6") == 0
    assert "minimal: pass@1 of at least 0.6: holds" in capsys.readouterr().out


def assert_nothing_is_overwritten(
    mini: Path, folders: list[Path], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert merge(mini, folders, out) == 4
    assert f"--output: {out} already exists and stays as it is" in capsys.readouterr().err
    other, of = out.parent / "other", len(folders)
    last, first = f"part {of} of {of}", folders[-1]
    samples = len((folders[0] / "results.jsonl").read_text().splitlines())

    def refused(*parts: Path) -> str:
        assert merge(mini, parts, other) == 4
        assert not other.exists()
        return capsys.readouterr().err

    assert f"parts 1, 2 of {of} are missing; nothing was written" in refused(*folders[:-2])
    assert f"{last} was given twice: {folders[0]} and {folders[0]}" in refused(folders[0], *folders)
    renumbered = shutil.copytree(folders[0], out.parent / "renumbered")
    change(renumbered, lambda run: run["shard"].update(number=1))
    told = refused(renumbered, *folders[:-1])
    assert f"{samples} samples are both in" in told
    assert f"({last})" in told
    for changed, named in CHANGES:
        odd = shutil.copytree(folders[0], out.parent / "odd")
        change(odd, changed)
        assert named in refused(odd, *folders[1:])
        shutil.rmtree(odd)
    (renumbered / "run.json").unlink()
    assert f"{renumbered}: has no run.json, so its run has not finished" in refused(renumbered, *folders[1:])
    assert "whole: is not part of a run" in refused(out.parent / "whole", *folders)
    cut = shutil.copytree(folders[0], out.parent / "cut")
    rows = (cut / "results.jsonl").read_text().splitlines(keepends=True)
    (cut / "results.jsonl").write_text("".join(rows[:-1]))
    lost = json.loads(rows[-1])
    named = f"{lost['task_id']} {lost['strategy']} {lost['sample_index']}"
    told = refused(cut, *folders[1:])
    assert f"({last}) lacks 1 of its {samples} samples; these are {named}; nothing was written" in told
    assert merge(mini, [cut, *folders[1:-1]], other, "--partial", "--min-pass-at-1=0.1") == 11
    printed = capsys.readouterr().out
    assert f"warning: part {first.name} of {of} is missing; the figures are partial" in printed
    assert "no gate was judged" in printed
    assert main(["report", str(other)]) == 0
    assert f"warning: part {first.name} of {of} is missing; the figures are partial" in capsys.readouterr().out


CHANGES = [
    (lambda run: run["shard"].update(of=99), "are not parts of one whole"),
    (lambda run: run["dataset"].update(sha256="0" * 64), "dataset sha256 is"),
    (lambda run: run["identity"].update(digest="another"), "model digest is"),
    (lambda run: run["versions"].update(vllm="0.0.1"), 'versions vllm is null there and "0.0.1" here'),
    (lambda run: run.update(timeout=9.0), "time limit of checks is"),
    (lambda run: run["shard"].update(plan="another"), "problems, strategies or prompts differ"),
]


def change(folder: Path, changed: Any) -> None:
    run = json.loads((folder / "run.json").read_text())
    changed(run)
    (folder / "run.json").write_text(json.dumps(run))


def test_what_is_no_part_is_refused(refused: Evaluate) -> None:
    for text in ("0/2", "3/2", "2", "a/b", "1/0", "-1/2"):
        told = refused(f"--humaneval-shard={text}").stderr.str()
        assert f"--humaneval-shard: {text!r} is not a part, such as 2/8" in told
    told = refused("--humaneval-shard=1/2", "--humaneval-min-pass-at-1=0.5").stderr.str()
    assert "--humaneval-shard: a gate is about a whole run, not about one part of it" in told


def test_a_part_of_nothing_is_no_error(evaluate: Evaluate, tmp_path: Path) -> None:
    """Of three samples, part 4 of 4 has none; and tests of users ask for what their part has."""
    out = tmp_path / "out"
    assert evaluate("--humaneval-shard=4/4", f"--humaneval-output={out}").ret == 0
    run = json.loads((out / "run.json").read_text())
    assert (run["shard"]["number"], run["items"]["expected"]) == (4, 0)
    assert len(run["shard"]["tasks"]) == len(PROBLEMS)


@pytest.mark.parametrize("workers", ["-n2"], indirect=True)
def test_tests_of_users_are_shared_out_as_well(
    evaluate: Evaluate, workers: str, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    pytester.makepyfile(
        test_own="""
        import pytest

        @pytest.mark.parametrize("sample_index", [0], indirect=True)
        def test_own(problem, strategy, sample_index, completion, check_correctness):
            assert check_correctness(problem, completion).passed

        def test_of_nothing():
            pass
        """
    )
    for number, passed in ((1, 2), (2, 3)):
        result = evaluate(workers, f"--humaneval-shard={number}/2", "test_own.py")
        result.assert_outcomes(passed=passed)
