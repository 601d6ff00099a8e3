"""Whole runs against an OpenAI-compatible server, as it answers, fails and hangs."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mini import RIGHT, distributed, row_of
from openai_server import FakeServer, Reply

Serve = Callable[..., pytest.RunResult]


def solve(body: dict[str, Any]) -> Reply:
    """The right solution of the problem in the prompt."""
    for name, task_id in (("def add(", "Mini/0"), ("def shout(", "Mini/1"), ("def first(", "Mini/10")):
        if name in str(body.get("prompt", body.get("messages"))):
            return Reply(RIGHT[task_id])
    return Reply(status=400, error="which problem is this")


@pytest.fixture
def evaluate_at(pytester: pytest.Pytester, mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Run a strategy against a server."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(server: FakeServer, *args: str, strategy: str = "minimal", model: str = "tiny") -> pytest.RunResult:
        return pytester.runpytest_subprocess(
            f"--strategy={strategy}", f"--humaneval-dataset={mini}", f"--humaneval-engine-url={server.url}",
            f"--humaneval-cache-dir={tmp_path / 'cache'}", f"--humaneval-model={model}", *args, timeout=120,
        )  # fmt: skip

    return run


@distributed
def test_one_batch_is_asked_whatever_the_number_of_workers(evaluate_at: Serve, workers: str) -> None:
    with FakeServer(solve) as server:
        result = evaluate_at(server, workers)
        result.assert_outcomes(passed=3)
        assert len(server.requests) == 3
    result.stdout.fnmatch_lines([f"model *tiny on openai {server.url}/v1 tiny"])


def test_equal_requests_of_two_strategies_are_generated_once(evaluate_at: Serve, workers: str) -> None:
    with FakeServer(solve) as server:
        # expert_v00 asks as minimal does, except on string problems: add and first are shared, shout is not.
        result = evaluate_at(server, workers, strategy="minimal,expert_v00")
        result.assert_outcomes(passed=6)
        assert len(server.requests) == 4


def test_a_repeated_run_asks_nothing(evaluate_at: Serve, workers: str) -> None:
    with FakeServer(solve) as server:
        evaluate_at(server, workers)
        evaluate_at(server, workers).assert_outcomes(passed=3)
        assert len(server.requests) == 3


def test_the_only_model_of_a_server_is_named_and_its_answers_of_yesterday_do_not_count(
    evaluate_at: Serve, workers: str, tmp_path: Path
) -> None:
    out = f"--humaneval-output={tmp_path / 'out'}"
    with FakeServer(solve, models=("this-week",)) as server:
        for asked in (3, 6):
            result = evaluate_at(server, workers, out, model="")
            result.assert_outcomes(passed=3)
            assert len(server.requests) == asked
    result.stdout.fnmatch_lines([f"model *this-week on openai {server.url}/v1 this-week"])
    recorded = json.loads((tmp_path / "out" / "run.json").read_text())["identity"]
    assert (recorded["model"], recorded["digest"]) == ("this-week", f"openai {server.url}/v1 this-week")


def test_a_server_that_answers_500_makes_errors(evaluate_at: Serve, workers: str) -> None:
    with FakeServer(
        lambda body: Reply(status=500, error="no memory") if "add" in body["prompt"] else solve(body)
    ) as server:
        result = evaluate_at(server, workers)
    result.assert_outcomes(passed=2, errors=1)
    assert row_of(result, "minimal")["errors"] == "1"
    result.stdout.fnmatch_lines(["*500*"])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_a_server_that_hangs_is_given_up(evaluate_at: Serve, workers: str) -> None:
    with FakeServer(lambda body: Reply(hang=True)) as server:
        result = evaluate_at(server, workers, "--humaneval-engine-timeout=1")
    assert 1 <= result.parseoutcomes()["errors"] <= 2


def test_a_server_that_dies_in_the_middle_costs_nothing_where_there_is_another(
    evaluate_at: Serve, workers: str
) -> None:
    asked = threading.Event()

    def hang(body: dict[str, Any]) -> Reply:
        asked.set()
        return Reply(hang=True)

    def die_when_asked(server: FakeServer) -> None:
        asked.wait(60)
        server.stop()

    with FakeServer(hang) as dying, FakeServer(solve) as other:
        death = threading.Thread(target=die_when_asked, args=(dying,))
        death.start()
        result = evaluate_at(dying, workers, f"--humaneval-engine-url={other.url}")
        death.join()
    assert dying.requests, "it had some when it died"
    result.assert_outcomes(passed=3)
    assert len(other.requests) == 3


def test_a_server_that_is_not_there_is_named(evaluate_at: Serve, workers: str) -> None:
    with FakeServer(solve) as server:
        server.stop()
        result = evaluate_at(server, workers)
    assert 1 <= result.parseoutcomes()["errors"] <= 2
    assert result.stdout.str().partition("short test summary")[0].count("is the server running?") == 1
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_the_servers_own_failures_are_errors_and_not_stored(evaluate_at: Serve, workers: str) -> None:
    def fail(body: dict[str, Any]) -> Reply:
        return Reply("", "error") if "def add(" in body["prompt"] else solve(body)

    with FakeServer(fail) as server:
        evaluate_at(server, workers).assert_outcomes(passed=2, errors=1)
        server.behaviour = solve
        evaluate_at(server, workers).assert_outcomes(passed=3)


def test_ends_that_are_not_the_models_own_are_named(
    evaluate_at: Serve, tmp_path: Path, pytester: pytest.Pytester
) -> None:
    def filter_one(body: dict[str, Any]) -> Reply:
        return Reply("", "content_filter") if "def add(" in body["prompt"] else solve(body)

    with FakeServer(filter_one) as server:
        result = evaluate_at(server, f"--humaneval-output={tmp_path / 'out'}", "--junitxml=out.xml")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*empty: add: the server's content filter ended the answer*",
            "minimal: generations that ended otherwise: 1 content_filter",
        ]
    )
    row = json.loads((tmp_path / "out" / "results.jsonl").read_text().splitlines()[0])
    assert row["finish_reason"] == "content_filter"
    properties = (pytester.path / "out.xml").read_text()
    assert properties.count('name="finish_reason" value="content_filter"') == 1
    assert 'name="minimal.ended_by.content_filter" value="1"' in properties


def test_what_a_server_refuses_is_left_out_and_the_record_says_so(evaluate_at: Serve, tmp_path: Path) -> None:
    def refuse(body: dict[str, Any]) -> Reply:
        if "temperature" in body:
            return Reply(status=400, error="Unsupported value: 'temperature' does not support 0 with this model.")
        return solve(body)

    with FakeServer(refuse) as server:
        result = evaluate_at(server, f"--humaneval-output={tmp_path / 'out'}", "--humaneval-request=top_k=20")
        assert all(body["top_k"] == 20 for body in server.requests)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["note: the server accepts no temperature but its own*"])
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert "no temperature but its own" in run["engine_process"]["notices"][0]
    assert '"top_k": 20' in run["identity"]["digest"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--humaneval-engine-arg=dtype=float32", "*the openai engine takes no arguments of vLLM*"),
        ("--humaneval-linger=60", "*--humaneval-linger: the openai engine has no use for it*"),
        ("--humaneval-request=x={", "*'x={': '{' is not JSON*"),
    ],
)
def test_options_that_would_go_unheard_are_refused(evaluate_at: Serve, given: str, message: str) -> None:
    with FakeServer(solve) as server:
        result = evaluate_at(server, given)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_socks_proxy_without_its_package_is_a_usage_error(
    evaluate_at: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx")
    if importlib.util.find_spec("socksio") is not None:
        pytest.skip("socksio is installed")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    with FakeServer(solve) as server:
        result = evaluate_at(server)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*HTTP_PROXY names a SOCKS proxy, which needs a package: pip install socksio*"])


def echo(body: dict[str, Any]) -> Reply:
    """A completions API that tells how likely what it was given is: a token a letter, -0.5 each."""
    if not body.get("echo"):
        return solve(body)
    text = body["prompt"]
    told = {"text_offset": [*range(len(text) + 1)], "token_logprobs": [None, *[-0.5] * len(text)]}
    return Reply(body={"choices": [{"text": f"{text}x", "finish_reason": "length", "logprobs": told}]})


@distributed
def test_the_likelihood_of_canonical_solutions_is_told_and_compared(
    evaluate_at: Serve, workers: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with FakeServer(echo) as server:
        evaluate_at(server, workers, "--humaneval-likelihood", f"--humaneval-output={out}").assert_outcomes(passed=3)
        again = evaluate_at(server, workers, "--humaneval-likelihood", f"--humaneval-baseline={out}")
    # Half a nat a byte is 0.7213 bits.
    again.stdout.fnmatch_lines(
        ["likelihood 0.7213 bits per byte * of 3 canonical solutions after their prompts; *", "0.7213 before: +0.000*"]
    )
    solutions = json.loads((out / "run.json").read_text())["likelihood"]["solutions"]
    assert solutions["Mini/0"]["logprob"] == -0.5 * len(RIGHT["Mini/0"])


def test_a_server_without_an_echo_is_told_of_and_costs_no_item(evaluate_at: Serve) -> None:
    with FakeServer(solve) as server:
        result = evaluate_at(server, "--humaneval-likelihood")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*3 canonical solutions have no likelihood: the server does not say how likely*"])
