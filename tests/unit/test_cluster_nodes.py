from __future__ import annotations

import re
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_humaneval.__main__ import main
from pytest_humaneval.cluster import ray_cluster
from pytest_humaneval.cluster.nodes import judge
from pytest_humaneval.cluster.ray_cluster import package_version
from pytest_humaneval.exceptions import InputError

SAMPLES = Path(__file__).parents[2] / "benchmarks" / "results" / "main_job" / "samples.jsonl"


def test_without_ray_the_install_line_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_humaneval.cluster.ray_cluster.find_spec", lambda name: None)
    assert main(["evaluate", str(SAMPLES), "--ray", f"--output={tmp_path / 'out'}"]) == 4
    assert capsys.readouterr().err == "error: --ray needs Ray: pip install 'pytest-humaneval[ray]'\n"
    assert not (tmp_path / "out").exists()


def test_a_node_with_another_version_is_refused() -> None:
    told = f"{socket.gethostname()} has pytest-humaneval {package_version()}, this machine 0.0.1; install the same"
    with pytest.raises(InputError, match=re.escape(told)):
        judge("0.0.1", "run", [], [])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ray://somewhere:10001", "is not an address; expected HOST:PORT as `ray start --head` prints it, or auto"),
        ("somewhere", "is not an address"),
        ("127.0.0.1:1", "no cluster answers at 127.0.0.1:1 ([Errno 111] Connection refused)"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_at_once(
    address: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    assert main(["evaluate", f"--ray={address}", f"--output={tmp_path / 'out'}", str(SAMPLES)]) == 4
    assert told in capsys.readouterr().err


def test_a_cluster_that_wants_a_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoTokenError(Exception):
        """As Ray's AuthenticationError, which is a RayError."""

    def init(**options: object) -> None:
        raise NoTokenError("no authentication token was found. Ensure that ...\nTraceback")

    ray = SimpleNamespace(init=init, exceptions=SimpleNamespace(RayError=NoTokenError))
    monkeypatch.setattr(ray_cluster, "_import_ray", lambda local: ray)
    with pytest.raises(InputError) as error:
        ray_cluster.join("auto", {})
    assert str(error.value) == "--ray: auto cannot be used: no authentication token was found. Ensure that ..."


def test_what_is_wrong_with_the_samples_is_told_before_a_cluster_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    file = tmp_path / "samples.jsonl"
    file.write_text(SAMPLES.read_text() + '{"task_id": "HumanEval/0"}\n')
    assert main(["evaluate", str(file), "--ray", f"--output={tmp_path / 'out'}"]) == 4
    told = "expected a JSON object with task_id and completion (or solution, generation, response, output, "
    told += "generated_text, model_output, code, text), or one from task_id to text"
    assert capsys.readouterr().err == f"error: {file}:165: {told}\n"
