"""Models from the hub, with the hub's real client, against a small hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_model import make_tiny_model

pytestmark = pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="huggingface_hub is not installed")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FETCH = """
import json, sys
from pathlib import Path
from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.find import find_model
from pytest_humaneval.models.weights import materialise
try:
    model = find_model(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps([model.digest, str(materialise(model, Path(sys.argv[2]), lambda message: None))]))
except ModelError as error:
    print(error, file=sys.stderr)
    sys.exit(4)
"""


class Hub(BaseHTTPRequestHandler):
    """Serves ``files`` as the repository org/tiny with one commit, which main and v1 name."""

    files: Path

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path in ("/api/models/org/tiny/revision/main", f"/api/models/org/tiny/revision/{COMMIT}"):
            self._send(json.dumps(self._info()).encode(), "application/json", body=body)
        elif path.startswith(f"/org/tiny/resolve/{COMMIT}/") and (file := self.files / Path(path).name).is_file():
            self._send(file.read_bytes(), "application/octet-stream", body=body)
        elif path.startswith(f"/api/models/org/tiny/tree/{COMMIT}"):
            tree = [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "0"} for file in self._all()
            ]
            self._send(json.dumps(tree).encode(), "application/json", body=body)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RevisionNotFound" if "org/tiny" in path else "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, content: bytes, kind: str, *, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _info(self) -> dict[str, object]:
        return {"id": "org/tiny", "sha": COMMIT, "siblings": [{"rfilename": file.name} for file in self._all()]}

    def _all(self) -> list[Path]:
        return sorted(self.files.iterdir())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    directory = make_tiny_model(tmp_path / "model")
    (directory / "README.md").write_text("not needed")
    (directory / "pytorch_model.bin").write_bytes(b"the same weights in an older format, not needed")
    return directory


@pytest.fixture
def hub(model: Path) -> Iterator[str]:
    handler = type("TinyHub", (Hub,), {"files": model})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetch(spec: str, endpoint: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | {
        "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", FETCH, spec, str(tmp_path / "cache")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("spec", ["org/tiny", f"org/tiny@{COMMIT}"])
def test_a_hub_model_is_downloaded_once_and_then_needs_no_hub(spec: str, hub: str, model: Path, tmp_path: Path) -> None:
    first = fetch(spec, hub, tmp_path)
    assert first.returncode == 0, first.stderr
    digest, directory = json.loads(first.stdout)
    assert digest == f"commit:{COMMIT}"
    assert (Path(directory) / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
    assert {path.name for path in Path(directory).iterdir()} == {
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    again = fetch(spec, "http://127.0.0.1:9", tmp_path)  # the discard port: nobody listens
    assert again.stdout == first.stdout, again.stderr


@pytest.mark.parametrize(
    ("spec", "reason"),
    [("org/tiny@nope", "RevisionNotFoundError"), ("org/nope", "RepositoryNotFoundError")],
)
def test_what_the_hub_does_not_have_is_an_error_without_a_traceback(
    spec: str, reason: str, hub: str, tmp_path: Path
) -> None:
    answer = fetch(spec, hub, tmp_path)
    assert answer.returncode == 4, answer.stderr
    assert f"the weights of {spec!r} are not on this machine (the hub: {reason}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_hub_that_does_not_answer_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    answer = fetch("org/tiny", "http://127.0.0.1:9", tmp_path)
    assert answer.returncode == 4
    assert "Any of these helps:\n  1. make the hub reachable" in answer.stderr
    assert "Traceback" not in answer.stderr
