"""The action for GitHub: linted, and its steps run with a fake event and a fake API on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "humaneval"
MARK = "<!-- pytest-humaneval: humaneval -->"


class FakeGitHub(ThreadingHTTPServer):
    """Keeps the comments of one pull request."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self.refuses = False
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: FakeGitHub

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        path, _, query = self.path.partition("?")
        self.server.calls.append((self.command, path))
        status, answer = (403, {}) if self.server.refuses else (200, self._made(path, query, body))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815

    def _made(self, path: str, query: str, body: dict[str, str]) -> Any:
        comments = self.server.comments
        if self.command == "POST" and path == "/repos/us/it/issues/7/comments":
            comments.append({"id": len(comments), "user": {"type": "Bot"}, **body})
            return comments[-1]
        if self.command == "PATCH":
            comments[int(path.rpartition("/")[2])] |= body
            return {}
        assert path == "/repos/us/it/issues/7/comments"
        page = int(query.rpartition("page=")[2])
        return comments[100 * (page - 1) : 100 * page]


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text())
    return loaded


def step(name: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub would, but for the values that its ``${{ }}`` come to, which are ``given``."""
    found = next(one for one in action()["runs"]["steps"] if one["name"] == name)
    assert set(found["env"]) <= set(given), "every variable of the step has a value"
    own = {"GITHUB_ACTION_PATH": str(ACTION), "GITHUB_OUTPUT": str(folder / "output"), "no_proxy": "127.0.0.1"}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]],
        env=os.environ | own | given,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def comment(github: FakeGitHub, folder: Path, text: str) -> str:
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    (folder / "summary.md").write_text(text)
    done = step(
        "Comment on the pull request",
        folder,
        PYTHON=sys.executable,
        SUMMARY=str(folder / "summary.md"),
        KEY="humaneval",
        TOKEN="secret",
        GITHUB_API_URL=f"http://127.0.0.1:{github.server_address[1]}",
        GITHUB_REPOSITORY="us/it",
        GITHUB_EVENT_PATH=str(event),
    )
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stdout + done.stderr
    return done.stdout


def test_the_summary_is_commented_once_and_then_in_the_same_comment(github: FakeGitHub, tmp_path: Path) -> None:
    others = [{"id": n, "user": {"type": "User"}, "body": f"{MARK}\nnot ours"} for n in range(120)]
    github.comments += others
    comment(github, tmp_path, "first")
    comment(github, tmp_path, "second")
    assert [one["body"] for one in github.comments[120:]] == [f"{MARK}\nsecond"]
    assert github.comments[:120] == others
    assert [method for method, _ in github.calls] == ["GET", "GET", "POST", "GET", "GET", "PATCH"]


def test_a_long_summary_is_cut_and_one_that_may_not_be_commented_fails_nothing(
    github: FakeGitHub, tmp_path: Path
) -> None:
    comment(github, tmp_path, "x" * 100_000)
    assert 60_000 < len(github.comments[0]["body"]) < 65_536
    github.refuses = True
    assert "::warning::the summary could not be commented: HTTP Error 403" in comment(github, tmp_path, "third")


def test_the_gate_s_answer_is_the_action_s(tmp_path: Path) -> None:
    """pytest is called with an argument a line; what is uploaded and commented is made also where a gate fails."""
    fake = tmp_path / "python"
    fake.write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$@" >called\nexit 10\n')
    fake.chmod(0o755)
    arguments = "--strategy=chat\n  -k a and b  \n\n--humaneval-min-pass-at-1=0.4; touch hacked\n"
    done = step("Evaluate", tmp_path, ARGUMENTS=arguments, PYTHON=str(fake), RESULTS="some results")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text().splitlines() == [
        *("-m", "pytest", "--strategy=chat", "-k a and b", "--humaneval-min-pass-at-1=0.4; touch hacked"),
        *("--humaneval-output=some results", "--humaneval-markdown=some results/summary.md"),
        "--junitxml=some results/junit.xml",
    ]
    assert not (tmp_path / "hacked").exists()
    assert (tmp_path / "output").read_text() == "exit-status=10\n"
    assert step("Answer", tmp_path, STATUS="10").returncode == 10
    assert step("Answer", tmp_path, STATUS="0").returncode == 0


def test_no_step_has_an_expression_in_its_shell_text() -> None:
    for one in action()["runs"]["steps"]:
        assert "${{" not in one.get("run", ""), "what a pull request may say would be run"


@pytest.mark.skipif(shutil.which("zizmor") is None, reason="zizmor is not installed (extra dev)")
def test_the_action_is_linted() -> None:
    command = ["zizmor", "--offline", "--no-progress", "--collect=all", str(ACTION / "action.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("check-jsonschema") is None, reason="check-jsonschema is not installed (extra dev)")
def test_the_action_follows_github_s_schema() -> None:
    command = ["check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION / "action.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
