"""The manifests of docker/deploy/: valid by the API's schemas, hardened, and made of what compose is made of."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_humaneval.__main__ import _parser
from pytest_humaneval.plugin.option_table import OPTIONS

DOCKER = Path(__file__).parents[2] / "docker"
DEPLOY = DOCKER / "deploy"
KUBERNETES = "1.29"  # the oldest that has backoffLimitPerIndex without a switch


def resources(profile: str) -> Iterator[dict[str, Any]]:
    """What ``kubectl apply -k`` would send: every file that the kustomizations name."""
    folders = [DEPLOY / profile]
    for folder in folders:
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        assert kustomization["kind"] == "Kustomization"
        for name in kustomization["resources"]:
            if (path := (folder / name).resolve()).is_dir():
                folders.append(path)
                continue
            yield from yaml.safe_load_all(path.read_text())
        assert {*kustomization["resources"]} >= {one.name for one in folder.glob("*.yaml")} - {"kustomization.yaml"}


def pods(profile: str) -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in resources(profile)
        if "Job" in one["kind"] or one["kind"] == "Deployment"
    }


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_the_api_takes_every_resource(profile: str) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    found = list(resources(profile))
    assert len(found) == 9
    for resource in found:
        validate.validate(resource, KUBERNETES, strict=True)


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_every_pod_is_an_ordinary_user_on_a_read_only_root_without_a_token(profile: str) -> None:
    for name, pod in pods(profile).items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
            }  # fmt: skip
            assert container["resources"]["limits"]["memory"]
            mounted = {one["name"] for one in container["volumeMounts"]}
            assert mounted == {one["name"] for one in pod["volumes"]}


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_images_and_environment_are_those_of_compose(profile: str) -> None:
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    of_compose = {"engine": services["engine" if profile == "cpu" else "engine-gpu"], "run": services["runner"]}
    for name, service in of_compose.items():
        container = pods(profile)[name]["containers"][0]
        environment = {one["name"]: one["value"] for one in container["env"]}
        assert container["image"] == service["image"]
        assert {*service["environment"]} <= {*environment}
    assert pods(profile)["merge"]["containers"][0]["image"] == services["runner"]["image"]
    limits = pods("gpu")["engine"]["containers"][0]["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == "1"


def called(container: dict[str, Any], folder: Path, status: int, **environment: str) -> tuple[int, list[str]]:
    """The exit status of the container's command with a python3 that ends with ``status``, and what that was given."""
    stand_in = folder / "python3"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/called\nexit {status}\n')
    stand_in.chmod(0o755)
    given = {one["name"]: one["value"] for one in container["env"]} | environment
    done = subprocess.run(
        container["command"], env={"PATH": f"{folder}:{os.defpath}", **given}, timeout=60, check=False
    )
    return done.returncode, (folder / "called").read_text().splitlines()


def test_each_index_of_the_job_is_a_part(tmp_path: Path) -> None:
    job = next(one for one in resources("cpu") if one["metadata"]["name"] == "run")
    container = pods("cpu")["run"]["containers"][0]
    for index, status, expected in ((0, 0, 0), (3, 1, 0), (3, 3, 1)):
        ended, words = called(container, tmp_path, status, JOB_COMPLETION_INDEX=str(index))
        assert ended == expected
        assert f"--humaneval-shard={index + 1}/{job['spec']['completions']}" in words
        assert f"--humaneval-output=/results/parts/{index}" in words
        assert "--humaneval-sandbox=lockdown" in words
        flags = {word.partition("=")[0] for word in words if word.startswith("--humaneval-")}
        assert flags <= {option.flag for option in OPTIONS}


def test_the_merge_has_every_part(tmp_path: Path) -> None:
    parts = [tmp_path / "parts" / str(index) for index in range(4)]
    for part in parts:
        part.mkdir(parents=True)
        (part / "run.json").touch()
    container = pods("cpu")["merge"]["containers"][0]
    assert {"name": "SHARDS", "value": "4"} in container["env"]
    ended, words = called(container, tmp_path, 1, RESULTS=str(tmp_path))
    assert ended == 1
    assert words[:2] == ["-m", "pytest_humaneval"]
    given = _parser(on_ray=False).parse_args(words[2:])
    assert given.parts == parts
    assert given.output == tmp_path / "all"


def test_the_runner_reaches_the_engine_and_nothing_else() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in resources("cpu") if one["kind"] == "NetworkPolicy"}
    assert policies["nothing"] == {
        "podSelector": {"matchLabels": {"app": "humaneval"}}, "policyTypes": ["Ingress", "Egress"]
    }  # fmt: skip
    reached = [port["port"] for rule in policies["runner-to-engine"]["egress"] for port in rule["ports"]]
    assert reached == [8000, 53, 53]
    assert "egress" not in policies["engine-from-runner"]
