from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_humaneval import Generation, Sampling, completion_prompt
from pytest_humaneval.engine.protocol import Answer, EngineOptions
from pytest_humaneval.engine.scripted import STUB, ScriptedEngine, identity, read_script
from pytest_humaneval.exceptions import EngineError, InputError
from pytest_humaneval.sample import Request


def write(path: Path, script: object) -> str:
    path.write_text(json.dumps(script))
    return str(path)


def request(task_id: str, strategy: str = "minimal", sample_index: int = 0) -> Request:
    return Request(completion_prompt("prompt"), Sampling(), sample_index, task_id, strategy)


def started(file: str = "") -> ScriptedEngine:
    engine = ScriptedEngine(EngineOptions("scripted", file=file), lambda message: None)
    engine.start()
    return engine


def ask(file: str, *requests: Request, seconds: float = 5.0) -> list[Answer]:
    """What the engine answers within ``seconds``, in the order in which it does, keyed by position."""
    engine = started(file)
    engine.submit([(str(position), each) for position, each in enumerate(requests)])
    answers: list[Answer] = []
    deadline = time.monotonic() + seconds
    while len(answers) < len(requests) and time.monotonic() < deadline:
        answers += engine.poll()
    engine.close()
    return answers


def text(answer: Answer) -> str:
    assert isinstance(answer[1], Generation)
    return answer[1].text


def error(answer: Answer) -> str:
    assert isinstance(answer[1], EngineError)
    return str(answer[1])


def test_without_a_script_every_answer_is_a_stub() -> None:
    (answer,) = ask("", request("HumanEval/7"))
    assert text(answer) == STUB


def test_the_most_special_key_answers(tmp_path: Path) -> None:
    script = {"T/0 chat": "task and strategy", "T/0": "task", "* chat": "strategy", "*": "any"}
    requests = [request(task_id, strategy) for task_id in ("T/0", "T/1") for strategy in ("chat", "minimal")]
    answers = ask(write(tmp_path / "s.json", script), *requests)
    assert [text(answer) for answer in answers] == ["task and strategy", "task", "strategy", "any"]


def test_a_list_has_one_element_a_sample(tmp_path: Path) -> None:
    file = write(tmp_path / "s.json", {"T/0": ["zero", {"text": "one"}]})
    zero, one, two = ask(file, *(request("T/0", sample_index=index) for index in range(3)))
    assert (text(zero), text(one)) == ("zero", "one")
    assert error(two) == f"{file} has no sample 2 of T/0 minimal"


def test_an_unscripted_task_is_an_error_of_that_request(tmp_path: Path) -> None:
    file = write(tmp_path / "s.json", {"T/0": "zero"})
    known, unknown = ask(file, request("T/0"), request("T/1"))
    assert text(known) == "zero"
    assert error(unknown) == f"{file} has no answer for T/1 minimal, and no '*'"


def test_an_answer_carries_what_the_script_says_of_it(tmp_path: Path) -> None:
    line = {"text": "x", "finish_reason": "length", "prompt_tokens": 11, "completion_tokens": 7}
    ((_, generation),) = ask(write(tmp_path / "s.json", {"*": line}), request("T/0"))
    assert isinstance(generation, Generation)
    assert (generation.finish_reason, generation.prompt_tokens, generation.completion_tokens) == ("length", 11, 7)
    assert not generation.is_completion, "a scripted text is post-processed as a model's would be"


def test_delays_run_side_by_side_and_decide_the_order(tmp_path: Path) -> None:
    script = {"T/0": {"text": "late", "delay": 0.1}, "T/1": {"text": "early", "delay": 0.05}, "T/2": "now"}
    before = time.monotonic()
    answers = ask(write(tmp_path / "s.json", script), *(request(f"T/{number}") for number in range(3)))
    assert [text(answer) for answer in answers] == ["now", "early", "late"]
    assert time.monotonic() - before >= 0.1
    assert [isinstance(each, Generation) and each.seconds >= 0.1 for _, each in answers] == [False, False, True]


def test_an_answer_may_wait_for_a_file(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    engine = started(write(tmp_path / "s.json", {"T/0": {"text": "late", "after": str(sign)}, "*": "now"}))
    engine.submit([("0", request("T/0")), ("1", request("T/1"))])
    assert [key for key, _ in engine.poll()] == ["1"]
    assert list(engine.poll()) == []
    sign.touch()
    assert [key for _ in range(2) for key, _ in engine.poll()] == ["0"]


def test_an_error_is_the_requests_own(tmp_path: Path) -> None:
    failed, fine = ask(
        write(tmp_path / "s.json", {"T/0": {"error": "no luck"}, "*": "x"}), request("T/0"), request("T/1")
    )
    assert error(failed) == "no luck"
    assert text(fine) == "x"


def test_a_hanging_answer_never_comes(tmp_path: Path) -> None:
    file = write(tmp_path / "s.json", {"T/0": {"hang": True}, "*": "x"})
    assert [key for key, _ in ask(file, request("T/0"), request("T/1"), seconds=0.2)] == ["1"]


def test_polling_waits_a_moment_when_nothing_is_due(tmp_path: Path) -> None:
    engine = started()
    before = time.monotonic()
    assert list(engine.poll()) == []
    assert 0.05 < time.monotonic() - before < 30  # of a busy machine


def run(file: str) -> subprocess.CompletedProcess[str]:
    """Play a script for T/0 and T/1 in a process of its own."""
    program = (
        "import sys; from test_scripted_engine import request, started\n"
        "engine = started(sys.argv[1]); engine.submit([(t, request(t)) for t in ('T/0', 'T/1')])\n"
        "while True: print([key for key, _ in engine.poll()], flush=True)"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", program, file]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=30, check=False)


def test_exit_ends_the_process_after_what_was_due_before(tmp_path: Path) -> None:
    ended = run(write(tmp_path / "s.json", {"T/0": "x", "T/1": {"exit": 3}}))
    assert ended.returncode == 3
    assert ended.stdout == "['T/0']\n"
    assert ended.stderr == "the script ends the engine process with status 3\n"


def test_exit_can_come_while_loading(tmp_path: Path) -> None:
    ended = run(write(tmp_path / "s.json", {"start": {"delay": 0.01, "exit": 4}}))
    assert (ended.returncode, ended.stdout) == (4, "")


def test_start_can_fail(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no memory left"):
        started(write(tmp_path / "s.json", {"start": {"error": "no memory left"}}))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("{", "not JSON: "),
        ("[]", "a script is a JSON object, from task ids to answers"),
        ('{"T/0": 1}', "T/0: expected a string, an object or a list of these, not 1"),
        ('{"T/0": ["x", null]}', "T/0, sample 1: expected a string, an object or a list of these, not null"),
        (
            '{"T/0": {"txt": "x"}}',
            "T/0: unknown field 'txt'; known: text, .*delay, after, error, exit, hang",
        ),
        ('{"T/0": {"delay": "1"}}', 'T/0: delay must be seconds, at most a day, not "1"'),
        ('{"T/0": {"exit": true}}', "T/0: exit must be an exit status, from 0 to 255, not true"),
        ('{"T/0": {"delay": -1}}', "T/0: delay must be seconds, at most a day, not -1"),
        ('{"T/0": {"delay": Infinity}}', "T/0: delay must be seconds, at most a day, not Infinity"),
        ('{"start": []}', "start: expected "),
        ('{"T/0": "x", "T/0": "y"}', "'T/0' appears twice"),
        ('{"T/0": {"text": "x", "text": "y"}}', "'text' appears twice"),
    ],
)
def test_a_malformed_script_is_named(tmp_path: Path, script: str, message: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(script)
    with pytest.raises(InputError, match=f"^{path}: {message}"):
        identity(EngineOptions("scripted", file=str(path)))


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read \(No such file or directory\)"):
        read_script(str(tmp_path / "none.json"))


def test_the_identity_changes_with_the_script(tmp_path: Path) -> None:
    one, other = write(tmp_path / "1.json", {"*": "x"}), write(tmp_path / "2.json", {"*": "y"})
    identities = {identity(EngineOptions("scripted", file=file)) for file in ("", one, other)}
    assert len(identities) == 3
