from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from pytest_humaneval.engine.openai import OpenAIEngine, identity
from pytest_humaneval.engine.protocol import EngineOptions
from pytest_humaneval.engine.replica import without_credentials
from pytest_humaneval.exceptions import EngineError, InputError


def identity_of(*urls: str, model: str = "m") -> str:
    return identity(EngineOptions("openai", model, urls=urls))


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000", "http://localhost:8000/", "http://localhost:8000/v1", "http://localhost:8000/v1/"],
)
def test_v1_is_understood(url: str) -> None:
    assert identity_of(url) == "openai http://localhost:8000/v1 m"


def test_another_path_is_kept() -> None:
    assert identity_of("https://host/openai/v1") == "openai https://host/openai/v1 m"


def test_the_order_of_replicas_does_not_matter() -> None:
    assert (
        identity_of("http://b", "http://a") == identity_of("http://a", "http://b") == "openai http://a/v1 http://b/v1 m"
    )


def test_a_model_without_a_name_is_said_to_be_the_servers() -> None:
    assert identity_of("http://a", model="") == "openai http://a/v1 (the server's only model)"


def test_credentials_show_nowhere() -> None:
    assert identity_of("https://user:password@host/v1") == "openai https://host/v1 m"
    assert without_credentials("https://user:p%40ss@[::1]:80/v1?key=secret#x") == "https://[::1]:80/v1"


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://host", "http://", "http://host:port", "http://host:0", "x"]
)
def test_a_url_of_no_server_is_refused(url: str) -> None:
    with pytest.raises(
        InputError, match=r"--humaneval-engine-url: .* is not the URL of a server, such as http://localhost"
    ):
        identity_of(url)


def test_a_missing_package_is_named_with_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    engine = OpenAIEngine(EngineOptions("openai", urls=("http://localhost:9",)), lambda message: None)
    with closing(engine), pytest.raises(EngineError, match=r"pip install 'pytest-humaneval\[openai\]'"):
        engine.start()


def test_importing_an_engine_imports_nothing_heavy() -> None:
    program = (
        "import sys; from pytest_humaneval.engine import openai, replay, scripted, store; "
        "print([name for name in ('openai', 'httpx', 'httpx2', 'pydantic', 'torch', 'vllm') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
