"""``service`` with a small HTTP server in vLLM's place, and with a docker that only writes down what it is told."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_humaneval.__main__ import main
from pytest_humaneval.background.private_directory import PrivateDirectory
from pytest_humaneval.background.processes import is_running, left_behind, start_mark
from pytest_humaneval.background.service import compose, local
from pytest_humaneval.background.service.wanted import Started, Wanted
from pytest_humaneval.marshalling.plain import to_plain
from pytest_humaneval.models.find import default_cache_directory

SERVER = """
import http.server, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

print("loading", sys.argv[2:], flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WITH_A_WORKER = "import subprocess; subprocess.Popen(['/bin/sleep', '300'])\n"
ENDS = "import sys; sys.exit('no such device')"
DOCKER = """#!{python}
import json, os, sys
from pathlib import Path

folder = Path(__file__).parent
variables = {{name: os.environ.get(name) for name in ("MODEL", "REVISION", "PORT")}}
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([sys.argv[1:], variables]) + "\\n")
running = folder / "running"
match sys.argv[-1], sys.argv:
    case _, [_, "info"] | [_, "compose", "version"]:
        sys.exit((folder / "broken").exists())
    case _, [*_, "up", "--detach", service]:
        if (folder / "refuses").exists():
            sys.exit("no space left")
        running.write_text(service)
    case _, [*_, "ps", "--all", "--format", "json"]:
        if running.exists():
            print(json.dumps({{"Service": running.read_text(), "State": "running"}}))
    case _, [*_, "rm", "--stop", "--force", service]:
        running.unlink()
    case _, [*words] if "logs" in words:
        print("engine-1  | loading")
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateDirectory]:
    """A private directory of the test; a service that is left at the end is ended."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # no container engine but the test's
    monkeypatch.chdir(tmp_path)
    directory = PrivateDirectory(tmp_path / "pytest-humaneval")
    yield directory
    started = Started.read(directory.read("service"))
    if started is not None and started.pid:
        local.LocalService(directory).stop(started)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """What looks like a model's directory."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_text("")
    return folder


@pytest.fixture
def start(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that starts a service: the small server, at any free port."""
    serve(monkeypatch, SERVER)
    return start_command(model, tmp_path)


def start_command(model: Path, folder: Path) -> list[str]:
    return [
        "service", "start", f"--model={model}", "--port=0", "--backend=process", f"--cache-dir={folder / 'cache'}",
        "--wait=60",
    ]  # fmt: skip


def serve(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(
        local, "server_command", lambda wanted, port: [sys.executable, "-c", program, str(port), *wanted.engine_args]
    )


def left_worker(killed: Started) -> int:
    """The one process that is left of a service that was killed."""
    deadline = time.monotonic() + 10
    while not (left := left_behind(killed.pid, killed.start_mark, killed.log)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (worker,) = left
    return worker


def the_service(state: PrivateDirectory) -> Started:
    started = Started.read(state.read("service"))
    assert started is not None
    return started


def test_start_waits_until_it_answers_and_says_how_to_use_it(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(start) == 0
    started = the_service(state)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"starting tiny at {started.url} (pid {started.pid}); its log is {started.log}"
    assert second == f"use it with: pytest --humaneval-engine-url={started.url} --humaneval-model=tiny"
    assert started.url.startswith("http://127.0.0.1:")
    assert os.getsid(started.pid) == started.pid, "Ctrl-C must not reach it"


def test_start_and_stop_can_be_repeated(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "stop"]) == 0
    assert capsys.readouterr().out == "nothing is running\n"
    assert main(start) == 0
    started = the_service(state)
    capsys.readouterr()
    assert main(start) == 0
    assert capsys.readouterr().out.startswith(f"the service is already running: tiny at {started.url}")
    assert the_service(state) == started
    assert main(["service", "stop"]) == 0
    assert capsys.readouterr().out == f"the service is stopped: tiny at {started.url} (pid {started.pid})\n"
    assert not is_running(started.pid, started.start_mark)
    assert main(["service", "stop"]) == 0
    assert capsys.readouterr().out == "nothing is running\n"


def test_a_start_with_other_settings_changes_nothing_and_says_so(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(start) == 0
    started = the_service(state)
    assert main([*start, "--engine-arg=dtype=float32"]) == 1
    assert "is already running, with other settings (engine_args ()): tiny at" in capsys.readouterr().err
    assert the_service(state) == started


def test_restart_keeps_what_is_not_given(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*start, "--engine-arg=dtype=float32"]) == 0
    before = the_service(state)
    assert main(["service", "restart", "--linger=100"]) == 0
    after = the_service(state)
    assert after.pid != before.pid
    assert (after.wanted.engine_args, after.wanted.idle_limit) == (("dtype=float32",), 100)
    assert "dtype=float32" in Path(after.log).read_text()
    assert not is_running(before.pid, before.start_mark)


def test_restart_starts_what_does_not_run(start: list[str], state: PrivateDirectory) -> None:
    assert main(["service", "restart", *start[2:]]) == 0
    assert the_service(state).model == "tiny"


def test_status_is_a_table_and_an_exit_status(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "status"]) == 3
    assert capsys.readouterr().out == "nothing is running\n"
    main([*start, "--linger=900"])
    capsys.readouterr()
    assert main(["service", "status"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    started = the_service(state)
    assert head.split() == ["what", "state", "model", "pid", "address", "since", "idle", "idle", "limit", "memory"]
    cells = row.split()
    assert cells[:5] == ["service", "answers", "tiny", str(started.pid), started.url]
    assert cells[8:10] == ["s", "900"], "idle for some seconds, of 900"
    assert int(cells[-2]) >= 5
    assert cells[-1] == "MiB"


def test_a_service_that_was_killed_is_told_and_can_be_started_again(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    main(start)
    killed = the_service(state)
    os.killpg(killed.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_running(killed.pid, killed.start_mark):
        assert time.monotonic() < deadline
    capsys.readouterr()
    assert main(["service", "status"]) == 3
    assert "the service has ended on its own" in capsys.readouterr().out
    assert main(["service", "logs"]) == 0
    assert capsys.readouterr().out.startswith("loading")
    assert main(start) == 0
    assert the_service(state).pid != killed.pid


def test_workers_that_a_killed_server_left_are_known_and_ended(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, WITH_A_WORKER + SERVER)
    for command in (["service", "stop"], start):
        assert main(start) == 0
        killed = the_service(state)
        os.kill(killed.pid, signal.SIGKILL)
        worker = left_worker(killed)
        capsys.readouterr()
        assert main(["service", "status"]) == 3
        told = capsys.readouterr().out
        assert f"processes that it started (pid {worker}; " in told
        assert "MiB) are left still; service stop ends them" in told
        assert "service  ended, not all of it  tiny " in told
        assert main(command) == 0
        assert f"(pid {worker}; " in (told := capsys.readouterr().out)
        assert "are left, and are ended now\n" in told
        assert not start_mark(worker)


def test_a_session_that_does_not_write_to_the_service_s_log_is_somebody_else_s(
    start: list[str], state: PrivateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, WITH_A_WORKER + SERVER)
    main(start)
    killed = the_service(state)
    os.kill(killed.pid, signal.SIGKILL)
    worker = left_worker(killed)
    state.write("service", to_plain(killed) | {"log": f"{killed.log}.other"})
    assert main(["service", "stop"]) == 0
    assert start_mark(worker), "as where the id leads another session by now"
    os.kill(worker, signal.SIGKILL)


def test_another_process_with_the_id_is_not_the_service(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    main(start)
    told = state.read("service")
    main(["service", "stop"])
    state.write("service", told | {"pid": os.getpid()})
    assert main(["service", "status"]) == 3
    assert main(["service", "stop"]) == 0
    assert state.read("service") == {}


def test_a_server_that_does_not_start_is_told_with_the_end_of_its_log(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(monkeypatch, ENDS)
    assert main(start_command(model, tmp_path)) == 1
    assert "error: the service has ended; the end of its log" in (told := capsys.readouterr().err)
    assert "no such device" in told


def test_a_server_that_does_not_answer_goes_on(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(monkeypatch, "import time; time.sleep(60)")
    assert main([*start_command(model, tmp_path), "--wait=0.5"]) == 1
    assert "the service does not answer after 0.5 s, but is still running" in capsys.readouterr().err
    assert main(["service", "status"]) == 3, "nobody can use it yet"
    assert " starting " in capsys.readouterr().out


def test_logs_follow_until_the_service_ends(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "logs"]) == 3
    main(start)
    started = the_service(state)
    capsys.readouterr()

    def write_and_end() -> None:
        with open(started.log, "a") as log:
            log.write("one more line\n")
        time.sleep(0.5)
        os.killpg(started.pid, signal.SIGTERM)

    threading.Thread(target=write_and_end).start()
    assert main(["service", "logs", "--follow"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("loading")
    assert "one more line\n" in printed


def test_a_taken_port_is_named(start: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([*start, f"--port={port}"]) == 4
    assert f"--port: 127.0.0.1 port {port} is not available" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_named_by_this_command_s_option(
    start: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*start, "--model=nowhere.gguf"]) == 4
    assert re.match(r"error: --model: .*nowhere\.gguf: cannot be read \(", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--engine-arg=dtype", "'dtype' is not KEY=VALUE"),
        ("--port=70000", "'70000' is not a number from 0 to 65535"),
        ("--linger=ever", "'ever' is not a number"),
        ("--backend=magic", "invalid choice"),
    ],
)
def test_a_bad_option_says_what_would_be_right(
    start: list[str], option: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*start, option])
    assert message in capsys.readouterr().err


def test_a_directory_that_others_can_enter_is_refused(
    start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    state.path.chmod(0o777)
    for command in (start, ["service", "stop"], ["service", "status"], ["service", "logs"]):
        assert main(command) == 4
        assert "is open to other users (mode 0777, expected 0700)" in capsys.readouterr().err


def test_the_server_s_command_has_the_settings_and_the_middleware() -> None:
    wanted = Wanted("qwen2.5-coder-0.5b-instruct", "cache", ("dtype=float32", "enforce_eager=true"), port=0)
    command = local.server_command(wanted, 8123)
    assert command[1:5] == ["-P", "-m", "pytest_humaneval.engine.serve", "--model=qwen2.5-coder-0.5b-instruct"]
    assert {"--port=8123", "--host=127.0.0.1", "--dtype=float32", "--enforce-eager"} < set(command)
    assert "--middleware=pytest_humaneval.background.service.activity.Activity" in command


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a docker that starts nothing, in a checkout with a compose file; the server answers by itself."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER.format(python=sys.executable))
    (folder / "docker").chmod(0o755)
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "compose.yaml").write_text("services: {}")
    for module in ("health", "manage"):
        monkeypatch.setattr(f"pytest_humaneval.background.service.{module}.is_healthy", lambda url: True)
    serve(monkeypatch, ENDS)
    return folder


def calls(docker: Path) -> list[tuple[list[str], dict[str, str]]]:
    """What was asked of docker, without its questions whether it is there."""
    rows = [json.loads(line) for line in (docker / "calls").read_text().splitlines()]
    return [(arguments, variables) for arguments, variables in rows if arguments[-1] not in ("info", "version")]


def test_auto_takes_compose_where_docker_answers_and_the_file_is_there(
    docker: Path, tmp_path: Path, state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = "--model=Qwen/Qwen2.5-Coder-0.5B@abc123"
    assert main(["service", "start", asked, "--port=0"]) == 0
    started = the_service(state)
    profile = "gpu" if Path("/dev/nvidiactl").exists() else "cpu"
    base = ["compose", "--file", str(tmp_path / "docker" / "compose.yaml"), "--profile", profile]
    (arguments, variables), *_ = calls(docker)
    assert arguments == [*base, "up", "--detach", compose.SERVICES[profile]]
    assert variables["MODEL"] == "Qwen/Qwen2.5-Coder-0.5B"
    assert variables["REVISION"] == "abc123"
    assert started.url == f"http://127.0.0.1:{variables['PORT']}"
    printed = capsys.readouterr().out
    assert "at http://127.0.0.1:" in printed
    assert "(in a container)" in printed

    assert main(["service", "start", asked, "--port=0"]) == 0
    assert capsys.readouterr().out.startswith("the service is already running")
    assert len([call for call, _ in calls(docker) if "up" in call]) == 1
    assert main(["service", "status"]) == 0
    assert main(["service", "logs"]) == 0
    assert calls(docker)[-1][0] == [*base, "logs", compose.SERVICES[profile]]
    assert main(["service", "restart"]) == 0
    assert calls(docker)[-2][1]["REVISION"] == "abc123"
    assert main(["service", "stop"]) == 0
    assert calls(docker)[-1][0] == [*base, "rm", "--stop", "--force", compose.SERVICES[profile]]
    assert main(["service", "status"]) == 3


def test_podman_gets_what_it_wants_otherwise_in_a_file_beside_the_other(docker: Path, tmp_path: Path) -> None:
    (docker / "docker").rename(docker / "podman")
    for name in ("compose.yaml", compose.PODMAN_FILE):
        (tmp_path / "docker" / name).write_text("services: {}")
    compose.ComposeService("podman", tmp_path / "docker" / "compose.yaml").start(
        Wanted("qwen2.5-coder-0.5b-instruct", str(default_cache_directory()), port=0)
    )
    files = [str(tmp_path / "docker" / name) for name in ("compose.yaml", compose.PODMAN_FILE)]
    assert calls(docker)[0][0][:5] == ["compose", "--file", files[0], "--file", files[1]]


def test_auto_takes_a_process_where_no_container_engine_answers(
    docker: Path, start: list[str], state: PrivateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    (docker / "broken").touch()
    assert main([option for option in start if option != "--backend=process"]) == 0
    assert the_service(state).backend == "process"
    assert main(["service", "stop"]) == 0
    assert main(["service", "start", "--backend=compose"]) == 4
    assert "no container engine answers (tried docker and podman" in capsys.readouterr().err


def test_compose_that_fails_is_an_error(docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docker / "refuses").touch()
    assert main(["service", "start", "--port=0"]) == 1
    assert "up ended with status 1" in capsys.readouterr().err
    assert main(["service", "status"]) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine-arg=dtype=float32"], "do not reach a container; --backend=process accepts them"),
        (["--linger=5"], "do not reach a container"),
        (["--cache-dir=cache"], "do not reach a container"),
        (["--model=./tiny"], "files of this machine are not in the container"),
        (["--compose=none.yaml"], "--compose: none.yaml does not exist"),
        (["--compose=none.yaml", "--backend=process"], "does not go with --backend=process"),
    ],
)
def test_what_a_container_has_not_is_refused(
    docker: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["service", "start", "--port=0", *options]) == 4
    assert message in capsys.readouterr().err


def test_compose_without_a_file_says_where_it_looked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "FILE", Path("nowhere", "compose.yaml"))
    assert main(["service", "start", "--backend=compose"]) == 4
    assert "--compose=FILE names another file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "printed",
    [
        '{"Service": "engine", "State": "running"}\n{"Service": "runner", "State": "exited"}\n',
        '[{"Service": "engine", "State": "running"}]',
        '[{"Labels": {"com.docker.compose.service": "engine"}, "State": "running"}]',
    ],
)
def test_every_form_of_ps_is_understood(printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "_answer", lambda command: printed)
    service = Started("compose", Wanted("m", "c"), "", "m", 0.0, compose=("docker", "compose", "engine"))
    assert compose.ComposeService().running(service)
    other = Started("compose", Wanted("m", "c"), "", "m", 0.0, compose=("docker", "compose", "runner"))
    assert not compose.ComposeService().running(other)
    assert start_mark(os.getpid())
