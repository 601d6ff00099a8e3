"""Engines, sandboxes, post-processors and datasets of the user's own, by name."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from mini import Evaluate, distributed
from test_linger import state, the_engine

from pytest_humaneval.background.private_directory import PrivateDirectory

__all__ = ["state"]

ENGINE = """
import time
from pytest_humaneval import EngineKind, Generation
from beside import ANSWER

class Same:
    cached_prompt_tokens = 0
    def __init__(self, options, model, progress):
        self.answer, self.answers = options.engine_args.get("answer", ANSWER), []
    def start(self): pass
    def submit(self, batch): self.answers += [(key, Generation(self.answer)) for key, request in batch]
    def poll(self):
        answers, self.answers = self.answers, []
        return answers or time.sleep(0.1) or []
    def close(self): pass
    def reset(self): self.answers = []

def pytest_humaneval_engines():
    return [EngineKind("same", "one answer for all", Same, heeds=("engine-arg", "linger"))]
"""

SANDBOX = """
from pytest_humaneval import SandboxKind, Verdict, open_sandbox, SandboxOptions

class Moody:
    name, layers = "whatever it calls itself", ("mood",)
    def __init__(self, options):
        self.inner = open_sandbox(SandboxOptions("lockdown"))
    def check(self, problem, completion, *, timeout):
        if "moody" in completion:
            raise RuntimeError("in no mood")
        if "odd" in completion:
            return True
        return self.inner.check(problem, completion, timeout=timeout)
    def __enter__(self):
        self.inner.__enter__()
        return self
    def __exit__(self, *raised):
        self.inner.__exit__(*raised)

def pytest_humaneval_sandboxes():
    return [SandboxKind("moody", "lockdown with moods", Moody)]
"""

PROCESSOR = """
from pytest_humaneval import PostProcessor, Step, completion_prompt, strategy

def mended(problem, text):
    return text.replace("BROKEN", "return a + b")

def pytest_humaneval_postprocessors():
    return [PostProcessor("mend", "mends", (Step("mending", mended),))]

@strategy("mending", "asks for it", postprocess="mend")
def mending(problem):
    return completion_prompt(problem.prompt)

def pytest_humaneval_strategies():
    return [mending]
"""

DATASET = """
from pathlib import Path
from pytest_humaneval import DatasetKind, Problem

def read():
    Path("read").touch()
    return [Problem("Own/0", "def one():\\n", "one", "    return 1\\n", "def check(f):\\n    assert f() == 1\\n")]

def pytest_humaneval_datasets():
    return [DatasetKind("own", "made up", read)]
"""


def run_of(pytester: pytest.Pytester) -> dict[str, Any]:
    run: dict[str, Any] = json.loads((pytester.path / "out" / "run.json").read_text())
    return run


def own_engine(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run with the engine alone; HumanEval/53 is passed by what it answers."""
    return pytester.runpytest_subprocess(
        "--strategy=minimal", "--humaneval-engine=same", "--humaneval-task=HumanEval/53", "--humaneval-output=out",
        "--humaneval-cache-dir=cache", *arguments,
    )  # fmt: skip


@distributed
def test_an_engine_of_the_user_s_own_answers_and_is_named(pytester: pytest.Pytester, workers: str) -> None:
    pytester.makeconftest(ENGINE)
    pytester.makepyfile(beside="ANSWER = '    return x + y\\n'")
    own_engine(pytester, workers).assert_outcomes(passed=1)
    run = run_of(pytester)
    assert run["identity"]["engine"] == run["engine"]["name"] == "same"
    own_engine(pytester, workers, "--humaneval-engine-arg=answer=    pass").assert_outcomes(failed=1)
    assert run_of(pytester)["identity"]["digest"] != run["identity"]["digest"]


def test_an_engine_whose_file_has_changed_is_asked_anew(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(beside="ANSWER = '    return x + y\\n'")
    pytester.makeconftest(ENGINE)
    own_engine(pytester).assert_outcomes(passed=1)
    pytester.makeconftest(ENGINE.replace("Generation(self.answer)", "Generation('    return x\\n')"))
    own_engine(pytester).assert_outcomes(failed=1)


def test_an_engine_of_the_user_s_own_can_linger(pytester: pytest.Pytester, state: PrivateDirectory) -> None:
    pytester.makeconftest(ENGINE)
    pytester.makepyfile(beside="ANSWER = '    return x + y\\n'")
    own_engine(pytester, "--humaneval-linger=60").assert_outcomes(passed=1)
    pid = the_engine(state).pid
    own_engine(pytester, "--humaneval-linger=60", "--humaneval-no-cache").assert_outcomes(passed=1)
    assert the_engine(state).pid == pid


def test_an_engine_that_another_process_cannot_import_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(ENGINE.replace("Same, heeds", "lambda *given: Same(*given), heeds"))
    pytester.makepyfile(beside="ANSWER = ''")
    result = own_engine(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'same' is made by <function *lambda* at the top level of a file*"])


@distributed
def test_a_sandbox_of_the_user_s_own_judges_and_what_breaks_in_it_is_an_error(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makeconftest(SANDBOX)
    script = {"Mini/0": "    return a - b\n", "Mini/1": "    moody\n", "Mini/10": "    odd\n"}
    result = evaluate(workers, "--humaneval-sandbox=moody", "--humaneval-output=out", script=script)
    result.assert_outcomes(failed=1, errors=2)
    result.stdout.fnmatch_lines(["*SandboxError: the sandbox 'moody' broke on Mini/1: RuntimeError: in no mood*"])
    result.stdout.fnmatch_lines(["*SandboxError: the sandbox 'moody' returned True for Mini/10, not a Verdict*"])
    result.stdout.fnmatch_lines(["sandbox   mood"])
    assert run_of(pytester)["sandbox"]["name"] == "moody"


def test_a_sandbox_that_passes_everything_stops_the_run(pytester: pytest.Pytester, evaluate: Evaluate) -> None:
    pytester.makeconftest(SANDBOX.replace('if "moody" in completion', 'return Verdict("passed")\n        if 0'))
    result = evaluate("--humaneval-sandbox=moody")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["*self-check failed: a stub * should not pass*"])


@distributed
def test_a_post_processor_of_the_user_s_own_is_asked_for_by_option_and_by_strategy(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makeconftest(PROCESSOR)
    script = {"Mini/0": "    BROKEN\n"}
    evaluate(workers, "--humaneval-postprocess=mend", script=script).assert_outcomes(passed=3)
    evaluate(workers, strategy="mending", script=script).assert_outcomes(passed=3)


def test_an_experiment_may_name_a_post_processor_of_the_user_s_own(
    pytester: pytest.Pytester, evaluate: Evaluate
) -> None:
    pytester.makeconftest(PROCESSOR)
    experiment = '[experiments.mended]\nstrategy = "minimal"\npostprocess = "mend"\n'
    (pytester.path / "humaneval.toml").write_text(experiment)
    result = evaluate("--humaneval-experiment=mended", script={"Mini/0": "    BROKEN\n"}, strategy="")
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("1 / 0", "*post-processing step 'mending' on Mini/0 failed: ZeroDivisionError*conftest.py:4)*"),
        ("return 7", "*post-processing step 'mending' on Mini/0 returned 7, not a text*"),
    ],
)
def test_a_post_processor_that_breaks_is_an_error(
    pytester: pytest.Pytester, evaluate: Evaluate, broken: str, message: str
) -> None:
    pytester.makeconftest(PROCESSOR.replace('return text.replace("BROKEN", "return a + b")', broken))
    result = evaluate("--humaneval-postprocess=mend")
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines([message])


@distributed
def test_a_dataset_of_the_user_s_own_is_read_where_it_is_asked_for(
    pytester: pytest.Pytester, evaluate: Evaluate, workers: str
) -> None:
    pytester.makeconftest(DATASET)
    evaluate(workers).assert_outcomes(passed=3)
    assert not (pytester.path / "read").exists()
    script = {"Own/0": "    return 1\n"}
    result = evaluate(workers, "--humaneval-dataset=own", "--humaneval-output=out", script=script)
    result.assert_outcomes(passed=1)
    assert run_of(pytester)["dataset"]["name"] == "own"


def test_a_dataset_may_be_named_in_the_file(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(DATASET)
    (pytester.path / "humaneval.toml").write_text('dataset = "own"\nengine = "scripted"\n')
    result = pytester.runpytest_subprocess("--strategy=minimal", "--collect-only", "-q", "--humaneval-cache-dir=cache")
    result.stdout.fnmatch_lines(["*Own/0-one-minimal*", "1 test collected*"])


def test_humaneval_has_a_name(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(
        "--strategy=minimal", "--humaneval-engine=scripted", "--humaneval-dataset=humaneval", "--collect-only", "-q"
    )
    result.stdout.fnmatch_lines(["164 tests collected*"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1 / 0", "*the dataset 'own' cannot be read: ZeroDivisionError: *conftest.py:*"),
        ("return []", "*the dataset 'own' holds no problem*"),
        (
            "return [Problem('A', '', 'f(1)', '', '')]",
            "*Problem('A') needs a task_id, and * a Python name, * not 'f(1)'*",
        ),
        ("return ['text']", "*the dataset 'own' has 'text' among its problems, which is not a Problem*"),
        (
            "return 2 * [Problem('A', '', 'f', '', '')]",
            "*the dataset 'own' has more than one problem with the task_id 'A'*",
        ),
    ],
)
def test_a_dataset_that_cannot_be_used_says_why(
    pytester: pytest.Pytester, refused: Evaluate, body: str, message: str
) -> None:
    pytester.makeconftest(DATASET.replace('Path("read").touch()', body))
    refused("--humaneval-dataset=own").stderr.fnmatch_lines([message])


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--humaneval-engine=vlm", "*--humaneval-engine: unknown engine 'vlm'; did you mean 'vllm'? known: vllm, *"),
        ("--humaneval-sandbox=lookdown", "*unknown sandbox 'lookdown'; did you mean 'lockdown'? known: auto, *"),
        ("--humaneval-postprocess=post_v2", "*unknown post-processor 'post_v2'; did you mean 'post_v*known: auto, *"),
        ("--humaneval-dataset=humanevl", "*unknown dataset 'humanevl'; did you mean 'humaneval' or *? known: *"),
        ("--humaneval-dataset=not/there", "*not/there: cannot be read*"),
    ],
)
def test_an_unknown_name_gets_near_ones_and_the_list(refused: Evaluate, argument: str, message: str) -> None:
    refused(argument).stderr.fnmatch_lines([message])


@pytest.mark.parametrize(
    ("conftest", "old", "new", "what"),
    [
        (ENGINE, '"same"', '"vllm"', "engines are named 'vllm'"),
        (SANDBOX, '"moody"', '"lockdown"', "sandboxes are named 'lockdown'"),
        (PROCESSOR, '"mend"', '"post_v1"', "post-processors are named 'post_v1'"),
        (PROCESSOR, '"mending"', '"minimal"', "strategies are named 'minimal'"),
        (DATASET, '"own"', '"humaneval"', "datasets are named 'humaneval'"),
    ],
)
def test_a_name_that_is_taken_is_refused_with_both_places(
    pytester: pytest.Pytester, refused: Evaluate, conftest: str, old: str, new: str, what: str
) -> None:
    pytester.makepyfile(beside="ANSWER = ''")
    pytester.syspathinsert()
    pytester.makeconftest(conftest.replace(old, new))
    refused().stderr.fnmatch_lines([f"*two {what}, in pytest-humaneval itself and in */conftest.py; give one *"])


@pytest.mark.parametrize(
    ("hook", "returned", "message"),
    [
        ("engines", "['vllm']", "*pytest_humaneval_engines returned 'vllm', not an EngineKind; write EngineKind(*"),
        ("sandboxes", "7", "*pytest_humaneval_sandboxes returned 7, not a list of sandboxes; write `return [[]...]`*"),
        ("postprocessors", "'x'", "*pytest_humaneval_postprocessors returned 'x', not a list of post-processors*"),
        ("datasets", "[1]", "*pytest_humaneval_datasets returned 1, not a DatasetKind; write DatasetKind(*"),
    ],
)
def test_a_hook_that_returns_something_else_is_told_what_to_write(
    pytester: pytest.Pytester, refused: Evaluate, hook: str, returned: str, message: str
) -> None:
    pytester.makeconftest(f"def pytest_humaneval_{hook}(): return {returned}")
    refused().stderr.fnmatch_lines([message])


def test_commands_that_are_no_run_find_what_is_registered_here(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(SANDBOX)
    program = "from pytest_humaneval.plugin.outside import extensions_here; print(*extensions_here().sandboxes)"
    result = pytester.run(sys.executable, "-c", program)
    result.stdout.fnmatch_lines(["auto lockdown * moody"])
