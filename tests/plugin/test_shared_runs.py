"""Runs that share a store on a Redis server, as runners of a team do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mini import RIGHT, Evaluate
from redis_server import RedisServer, needs_redis, redis_server

from pytest_humaneval import testing

pytestmark = needs_redis


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def test_another_machine_generates_and_judges_nothing(
    redis: RedisServer, evaluate: Evaluate, workers: str, tmp_path: Path
) -> None:
    options = (workers, f"--humaneval-store={redis.url}")
    evaluate(*options, f"--humaneval-cache-dir={tmp_path / 'one'}").assert_outcomes(passed=3)
    second = evaluate(*options, f"--humaneval-cache-dir={tmp_path / 'two'}")
    second.assert_outcomes(passed=3)
    second.stdout.fnmatch_lines(["checks *; 3 verdicts from the store", "engine    3 answered from the store"])
    redis.stop()
    third = evaluate(*options, f"--humaneval-cache-dir={tmp_path / 'three'}")
    third.assert_outcomes(passed=3)
    third.stdout.fnmatch_lines(
        ["engine    3 generated in *", f"note: --humaneval-store: {redis.url} does not answer *"]
    )


def test_a_redis_of_somebody_else_stops_the_run(redis: RedisServer, refused: Evaluate) -> None:
    redis.client().set("celery-task", "x")
    result = refused(f"--humaneval-store={redis.url}")
    result.stderr.fnmatch_lines(["*--humaneval-store: unix:* holds no store of ours, but * the key 'celery-task'*"])
    assert redis.client().dbsize() == 1


def test_a_password_on_the_command_line_is_refused_and_not_shown(refused: Evaluate) -> None:
    result = refused("--humaneval-store=redis://:sesame@localhost")
    result.stderr.fnmatch_lines(["*--humaneval-store: others can see a password in an address*"])
    assert "sesame" not in result.stderr.str() + result.stdout.str()


def test_two_runners_at_once_generate_everything_once(redis: RedisServer, mini: Path, tmp_path: Path) -> None:
    script = {task: {"text": right, "delay": 1.0} for task, right in RIGHT.items()}
    command = [sys.executable, "-m", "pytest", "--strategy=minimal", "-n0", "-p", "no:cacheprovider"]
    command += [f"--humaneval-dataset={mini}", f"--humaneval-store={redis.url}", "--humaneval-sandbox=auto"]
    runners = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        options = [*testing.scripted_run(tmp_path / name, script), f"--humaneval-output={tmp_path / name / 'out'}"]
        runners.append(subprocess.Popen([*command, *options], cwd=tmp_path / name, stdout=subprocess.PIPE, text=True))
    printed = [runner.communicate(timeout=300)[0] for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0], printed
    counts = [re.search(r"^engine +(\d+) generated", text, re.MULTILINE) for text in printed]
    assert sum(int(count[1]) for count in counts if count) == 3, printed
    rows = [(tmp_path / name / "out" / "samples.jsonl").read_text() for name in ("one", "two")]
    assert sorted(map(json.dumps, rows[0].splitlines())) == sorted(map(json.dumps, rows[1].splitlines()))
