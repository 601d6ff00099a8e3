"""The compose file: what it promises, and that Docker Compose reads it so, where that is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[2] / "docker" / "compose.yaml"
ENGINES = {"engine": "cpu", "engine-gpu": "gpu"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return content


def services() -> list[str]:
    return list(yaml.safe_load(FILE.read_text())["services"])


def compose_command() -> list[str]:
    """Docker's plugin, or the program of the same make."""
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    program = shutil.which("docker-compose", path=str(Path(sys.executable).parent)) or shutil.which("docker-compose")
    if program is not None:
        said = subprocess.run([program, "version", "--short"], capture_output=True, text=True).stdout.lstrip("v")
        if said.split(".")[0].isdecimal() and int(said.split(".")[0]) >= 2:
            return [program]
    pytest.skip("Docker Compose (version 2 or later) is not installed")


def config(*options: str, **environment: str) -> dict[str, Any]:
    """The file as Compose understands it."""
    clean = {name: value for name, value in os.environ.items() if name not in ("COMPOSE_PROFILES", "MODEL", "PORT")}
    command = [*compose_command(), "--file", str(FILE), *options, "config", "--format", "json"]
    result = subprocess.run(command, capture_output=True, text=True, env=clean | environment, check=False)
    assert result.returncode == 0, result.stderr
    understood: dict[str, Any] = json.loads(result.stdout)
    return understood


@pytest.mark.parametrize("name", services())
def test_a_service_cannot_write_gain_rights_or_grow(name: str, compose: dict[str, Any]) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "mem_limit" in service
    assert "pids_limit" in service
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode", "user"} & service.keys()


@pytest.mark.parametrize("name", services())
def test_no_service_sees_the_machines_files_or_its_container_engine(name: str, compose: dict[str, Any]) -> None:
    volumes = [volume.split(":")[0] for volume in compose["services"][name].get("volumes", ())]
    assert set(volumes) <= compose["volumes"].keys()


def test_ports_are_published_to_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert ports.keys() == ENGINES.keys()
    assert all(port.startswith("127.0.0.1:") for given in ports.values() for port in given)


def test_neither_engine_nor_runner_has_a_way_out(compose: dict[str, Any]) -> None:
    networks = compose["networks"]
    assert networks["engine"] == {"internal": True}
    assert networks["host"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    assert compose["services"]["runner"]["networks"] == ["engine"]
    for name in ENGINES:
        assert compose["services"][name]["networks"].keys() == {"engine", "host"}
        assert "engine" in compose["services"][name]["networks"]["engine"]["aliases"]


def test_the_runner_waits_for_the_health_of_whichever_engine_there_is(compose: dict[str, Any]) -> None:
    runner = compose["services"]["runner"]
    assert runner["depends_on"] == {name: {"condition": "service_healthy", "required": False} for name in ENGINES}
    assert runner["environment"]["PYTEST_ADDOPTS"] == "--humaneval-engine-url=http://engine:8000/v1"
    assert "results:/results" in runner["volumes"]


def test_gpus_are_reserved_in_their_profile_alone(compose: dict[str, Any]) -> None:
    (device,) = compose["services"]["engine-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert "deploy" not in compose["services"]["engine"]
    for name, extra in ENGINES.items():
        assert compose["services"][name]["build"]["args"]["EXTRA"] == extra
        assert compose["services"][name]["profiles"] == [extra]


def test_compose_evaluates_on_the_cpu_unless_told_otherwise() -> None:
    assert config()["services"].keys() == {"engine", "runner"}
    assert config("--profile", "gpu")["services"].keys() == {"engine-gpu", "runner"}
    assert config("--profile", "cpu")["services"].keys() == {"engine", "runner"}


def test_compose_takes_model_revision_and_port_from_the_environment() -> None:
    engine = config(MODEL="Qwen/Qwen2.5-Coder-0.5B", REVISION="main", PORT="8001")["services"]["engine"]
    assert engine["environment"]["MODEL"] == "Qwen/Qwen2.5-Coder-0.5B"
    assert engine["environment"]["REVISION"] == "main"
    (port,) = engine["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8001", 8000)


def test_podman_gets_no_option_that_only_docker_knows(compose: dict[str, Any]) -> None:
    podmans = yaml.load(FILE.with_name("compose.podman.yaml").read_text(), Loader=_Resetting)
    assert {name for name, network in compose["networks"].items() if network.get("driver_opts")} == {"host"}
    assert podmans == {"networks": {"host": {"driver_opts": "reset"}}}


@pytest.mark.parametrize("name", ENGINES)
def test_the_engines_health_is_asked_for_as_in_its_image(name: str, compose: dict[str, Any]) -> None:
    asked = compose["services"][name]["healthcheck"]
    image = FILE.with_name("engine.Dockerfile").read_text()
    for option in ("interval", "timeout", "retries"):
        assert f"--{option}={asked[option]} " in image
    assert f"--start-period={asked['start_period']} " in image
    assert asked["test"][:3] == ["CMD", "python3", "-c"]
    assert asked["test"][3].endswith("'http://127.0.0.1:8000/health', timeout=4)")


class _Resetting(yaml.SafeLoader):
    """Reads Compose's tag for what is taken away from an earlier file."""


_Resetting.add_constructor("!reset", lambda loader, node: "reset")
