"""``generate --ray`` on a real cluster: a node that dies costs time alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ray_nodes import ENVIRONMENT, PATIENCE, ThreeNodes
from tiny_model import make_tiny_model

from pytest_humaneval import testing
from pytest_humaneval.engine.replay import read_samples

pytest.importorskip("ray", reason="needs the extra ray")

# By day tests/unit/test_ray_engines.py and test_cluster_spreading.py have engines die, without Ray.
pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeNodes]:
    with contextlib.closing(ThreeNodes(tmp_path_factory.mktemp("cache"))) as started:
        yield started


def command(nodes: ThreeNodes, output: Path, *options: str) -> subprocess.Popen[str]:
    words = ["generate", f"--ray={nodes.address}", f"--output={output}", "--temperature=0.8", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_humaneval", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | ENVIRONMENT, cwd=output.parent,
    )  # fmt: skip


def test_a_node_and_an_engine_that_die_cost_time_alone(nodes: ThreeNodes, tmp_path: Path) -> None:
    """Half the samples come at once; the other half keep both engines busy until one has died in each way."""
    output, count, dead = tmp_path / "samples.jsonl", 1500, tmp_path / "dead"
    held: dict[str, Any] = {"text": "    return 1\n", "after": str(dead)}
    problem = testing.PROBLEMS[0]
    script = {problem.task_id: ["    return 0\n", held] * (count // 2)}
    options = testing.scripted_run(tmp_path, script, [problem])
    process = command(nodes, output, *options, "--strategy=minimal", f"--num-samples={count}")
    nodes.kill_a_worker("EngineOnNode.exchange", at_work=2)
    nodes.wait_for_workers("EngineOnNode.exchange", at_work=2)  # another one has taken its place
    nodes.kill_a_node()
    dead.touch()
    printed, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert f"{count:,} samples are in" in printed
    assert "an engine on the cluster has ended, and others got what it had" in errors
    assert len(output.read_text().splitlines()) == count
    samples = read_samples(output)
    assert {index: text for (_, _, index), text in samples.items()} == {
        index: f"    return {index % 2}\n" for index in range(count)
    }


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (extra cpu or gpu)")
def test_a_model_on_every_node(nodes: ThreeNodes, tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "tiny")
    dataset, *_ = testing.scripted_run(tmp_path)
    settings = ("--strategy=minimal,best_of", "--num-samples=8", "--max-tokens=16", "--engine-arg=max-model-len=512")
    options = (dataset, f"--model={model}", f"--cache-dir={tmp_path / 'cache'}", *settings)
    output = tmp_path / "samples.jsonl.gz"
    process = command(nodes, output, *options, "--engines=2")
    printed, errors = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == 0, errors
    assert "48 samples are in" in printed
    assert len(read_samples(output)) == 48
