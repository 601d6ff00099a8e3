"""Bad input and broken parts: what the user reads, and what is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mini import ADD, RIGHT, WHEN_TWO_ARE_JUDGED, Evaluate, distributed, row_of
from warm_pytest import own_environment

PATIENCE = 120.0  # seconds, for what a machine under load may be slow at; a test that passes never waits so long


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json", "*mini.jsonl:2: not JSON*"),
        ("[1]", "*mini.jsonl:2: expected a JSON object*"),
        (json.dumps({**ADD, "task_id": "Mini/9", "test": 1}), "*mini.jsonl:2: field 'test' is int, not text*"),
        (json.dumps({"task_id": "Mini/9"}), "*mini.jsonl:2: field 'prompt' is missing*"),
        (json.dumps(ADD), "*mini.jsonl:2: task_id 'Mini/0' already appears in line 1*"),
    ],
)
def test_a_bad_dataset_line_is_named(refused: Evaluate, mini: Path, line: str, message: str) -> None:
    mini.write_text(json.dumps(ADD) + "\n" + line + "\n")
    refused().stderr.fnmatch_lines([message])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--humaneval-task=Mini/5"], "*--humaneval-task: unknown problem Mini/5*"),
        (["--humaneval-limit=0"], "*--humaneval-limit: '0' is not a whole number from 1*"),
        (
            ["--humaneval-num-samples=999999999"],
            "*--humaneval-num-samples: '999999999' is not a whole number from 1 to 10000*",
        ),
        (["--humaneval-seed=-1"], "*--humaneval-seed: '-1' is not a whole number from 0 to 2147483647*"),
        (["--humaneval-memory=1"], "*--humaneval-memory: '1' is not a whole number of MiB from 16 to 1048576*"),
        (["--timeout=-1"], "*--timeout (or *): -1 is not a number of seconds above 0 and up to 86400; 0 stands*"),
        (["--timeout=nan"], "*--timeout (or *): nan is not a number of seconds above 0*"),
        (["--humaneval-temperature=hot"], "*--humaneval-temperature: 'hot' is not a number*"),
        (["--humaneval-engine=vlm"], "*--humaneval-engine: unknown engine 'vlm'; did you mean 'vllm'? known: *"),
        (["--humaneval-engine=vllm"], "*--humaneval-engine: vllm does not go with the options of scripted*"),
        (
            ["--humaneval-postprocess=post_v9"],
            "*unknown post-processor 'post_v9'; did you mean 'post_v5' or 'post_v1'? known: *",
        ),
        (["--humaneval-sandbox=paper"], "*unknown sandbox 'paper'; known: *"),
        (["--humaneval-dataset=nowhere.jsonl"], "*nowhere.jsonl: cannot be read*"),
        (["--humaneval-output=/proc/nowhere"], "*--humaneval-output: /proc/nowhere cannot be written*"),
    ],
)
def test_a_bad_option_says_what_would_be_right(refused: Evaluate, options: list[str], message: str) -> None:
    refused(*options).stderr.fnmatch_lines([message])


@distributed
def test_a_bad_option_ends_a_run_of_a_process_of_its_own(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "--humaneval-limit=0")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --humaneval-limit: '0' is not a whole number from 1*"])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_an_unknown_strategy_gets_near_names_and_the_list(refused: Evaluate) -> None:
    result = refused(strategy="minimla")
    result.stderr.fnmatch_lines(["*--strategy: unknown strategy 'minimla'; did you mean 'minimal'*known: *expert_v00*"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere/model.gguf", "*--humaneval-model: *nowhere/model.gguf*"),
        ("qwen2.5-coder-0.5b-instrct", "*did you mean*qwen2.5-coder-0.5b-instruct*"),
    ],
)
def test_a_model_that_is_not_there_is_named(pytester: pytest.Pytester, tmp_path: Path, spec: str, message: str) -> None:
    result = pytester.runpytest_inprocess(
        "--strategy=minimal", f"--humaneval-model={spec}", f"--humaneval-cache-dir={tmp_path}"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_an_empty_selection_is_pytest_s_own_exit_status(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, "-k", "nothing_of_this_name")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_cache_folder_that_cannot_be_is_one_error(refused: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    server = ("--humaneval-engine-url=http://127.0.0.1:9", "--humaneval-model=m", "--humaneval-script=")
    result = refused(f"--humaneval-cache-dir={tmp_path / 'file'}", *server)
    result.stderr.fnmatch_lines(
        ["ERROR: the cache folder */file cannot be written (*); name another with --humaneval-*"]
    )


@pytest.mark.parametrize("where", ["file", "/proc/nowhere"])
def test_a_run_whose_answers_are_in_a_file_needs_no_cache_folder(
    evaluate: Evaluate, workers: str, tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_text("")
    cache = f"--humaneval-cache-dir={tmp_path / where}"
    evaluate(workers, cache, "--humaneval-output=out").assert_outcomes(passed=3)
    replayed = evaluate(workers, cache, "--humaneval-replay=out/samples.jsonl", "--humaneval-script=")
    replayed.assert_outcomes(passed=3)


def test_an_option_of_ours_without_a_strategy_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("--humaneval-limit=3")
    result.stdout.fnmatch_lines(["humaneval: --humaneval-limit without --strategy=NAME: nothing was evaluated"])
    assert result.ret == 0
    assert "humaneval:" not in pytester.runpytest_inprocess().stdout.str()


@distributed
def test_there_is_one_engine_process_whatever_the_number_of_workers(
    evaluate: Evaluate, workers: str, tmp_path: Path
) -> None:
    evaluate(workers).assert_outcomes(passed=3)
    assert len(list((tmp_path / "cache" / "logs").iterdir())) == 1


@distributed
def test_an_engine_that_does_not_start_makes_errors_not_failures(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, script={"start": {"error": "no such device"}})
    assert_ended_once(result, workers, "no such device")
    assert row_of(result, "minimal")["pass@1"] == "n/a"


def test_an_engine_that_dies_while_loading_makes_errors_with_the_end_of_its_log(
    evaluate: Evaluate, workers: str
) -> None:
    result = evaluate(workers, script={"start": {"exit": 7}})
    assert_ended_once(result, workers, "the engine process ended")
    result.stdout.fnmatch_lines(["*the engine process ended*the end of its log*"])


def assert_ended_once(result: pytest.RunResult, workers: str, message: str) -> None:
    """A fault that all items share ends the run early: one error a process, and the message in one of them."""
    outcomes = result.parseoutcomes()
    assert 1 <= outcomes["errors"] <= (1 if workers == "-n0" else 2)
    assert {"passed", "failed"}.isdisjoint(outcomes)
    errors = result.stdout.str().partition("short test summary")[0]
    assert errors.count(message) == 1
    result.stdout.fnmatch_lines(["*humaneval: the engine has failed for all items*"])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


@distributed
def test_an_engine_that_dies_in_the_middle_keeps_what_was_finished(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makeconftest(WHEN_TWO_ARE_JUDGED)
    result = evaluate(workers, script={"Mini/10": {"exit": 9, "after": str(pytester.path / "two")}})
    result.assert_outcomes(passed=2, errors=1)
    row = row_of(result, "minimal")
    assert (row["pass@1"], row["passed"], row["errors"]) == ("1.000", "2", "1")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_one_request_that_fails_leaves_the_others_alone(evaluate: Evaluate, workers: str) -> None:
    result = evaluate(workers, script={"Mini/1": {"error": "too long for the model"}})
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*too long for the model*"])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_a_worker_that_is_killed_makes_one_error(pytester: pytest.Pytester, evaluate: Evaluate) -> None:
    pytester.makepyfile(
        test_mine="""
        import os, signal

        def test_it(problem, completion, check_correctness):
            if problem.task_id == "Mini/1":
                os.kill(os.getpid(), signal.SIGKILL)
            assert check_correctness(problem, completion).passed
        """
    )
    result = evaluate("-n2", "test_mine.py")
    row = row_of(result, "minimal")
    assert (row["passed"], row["errors"]) == ("2", "1")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


@pytest.mark.parametrize("text", ["    return '\ud800'\n", "    return 1\x00\n", "    x = '" + "a" * 1_000_000 + "'\n"])
def test_strange_text_is_a_verdict_and_breaks_nothing(
    evaluate: Evaluate, workers: str, text: str, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    result = evaluate(workers, f"--humaneval-output={output}", "--junitxml=out.xml", script={"Mini/0": text})
    result.assert_outcomes(passed=2, failed=1)
    rows = [json.loads(line) for line in (output / "results.jsonl").read_text().splitlines()]
    assert rows[0]["generation"] == text
    assert row_of(result, "minimal")["errors"] == "0"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@distributed
def test_an_interrupted_run_leaves_no_process_and_keeps_what_is_done(
    mini: Path, tmp_path: Path, workers: str, how: signal.Signals
) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({**RIGHT, "Mini/10": {"text": "", "hang": True}}))
    output, cache = tmp_path / "out", tmp_path / "cache"
    command = [sys.executable, "-m", "pytest", "--strategy=minimal", f"--humaneval-dataset={mini}", workers, "-v"]
    command += [f"--humaneval-script={script}", f"--humaneval-cache-dir={cache}", f"--humaneval-output={output}"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True, env=own_environment()
    )
    try:
        _wait_for_rows(output / "results.jsonl", 2)
        process.send_signal(how)
        printed, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "1 of 3 items did not run" in printed
    kept = f"note: interrupted; 2 finished generations are kept in {cache / 'generations.sqlite'}"
    assert f"{kept}: the same command continues from there" in printed
    assert len((output / "samples.jsonl").read_text().splitlines()) == 2
    assert _processes_mentioning(str(tmp_path)) == []


def _wait_for_rows(file: Path, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not file.exists() or file.read_text().count("\n") < count:
        assert time.monotonic() < deadline, "the first items did not finish"
        time.sleep(0.05)


def _processes_mentioning(text: str) -> list[str]:
    """Command lines and working directories of processes that belong to the run."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                told = (process / "cmdline").read_text().replace("\0", " ") + os.readlink(process / "cwd")
            except OSError:
                continue
            if text in told:
                found.append(told)
    return found


@distributed
def test_a_killed_controller_takes_the_engine_with_it(mini: Path, tmp_path: Path, workers: str) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({**RIGHT, "Mini/10": {"text": "", "hang": True}}))
    command = [sys.executable, "-m", "pytest", "--strategy=minimal", f"--humaneval-dataset={mini}", workers]
    command += [f"--humaneval-script={script}", f"--humaneval-output={tmp_path / 'out'}"]
    command += [f"--humaneval-cache-dir={tmp_path / 'cache'}"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=own_environment())
    _wait_for_rows(tmp_path / "out" / "results.jsonl", 2)
    process.kill()
    process.wait()
    deadline = time.monotonic() + PATIENCE
    while _processes_mentioning(str(tmp_path)):
        assert time.monotonic() < deadline, _processes_mentioning(str(tmp_path))
        time.sleep(0.1)
