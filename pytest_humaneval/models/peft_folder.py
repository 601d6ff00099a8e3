"""What any folder in PEFT's format says about itself, whether it holds a soft prompt or a LoRA.

``adapter_config.json`` and ``adapter_model.safetensors``, or ``adapter_model.bin``, which older ones have. Ours have
beside them a ``soft_prompt.json`` with what PEFT has no place for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_humaneval.dataset import jsonl
from pytest_humaneval.exceptions import StrategyError
from pytest_humaneval.text.wording import cannot_be_read, short_digest

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
PICKLED_WEIGHTS = "adapter_model.bin"
MANIFEST = "soft_prompt.json"
BEST = "best"  # of the folder of a training
DEFAULT_STRATEGY = "minimal"  # of a checkpoint that PEFT wrote and that does not say


@dataclass(frozen=True, slots=True)
class MadeFor:
    """The model that a checkpoint was trained on, as it was called then, and the text strategy it was trained with.

    What its folder does not say is empty.
    """

    model: str
    spec: str
    digest: str
    strategy: str

    def mismatch(self, model: str, digest: str) -> str:
        """Why it does not belong to this model; empty where it does, or does not say, as PEFT's own do not."""
        if self.digest in ("", digest):
            return ""
        return f"was made for {self.model} ({short_digest(self.digest)}), not for {model} ({short_digest(digest)})"


def made_for(directory: Path, adapter: Mapping[str, Any]) -> MadeFor:
    """What the folder says of it; ``adapter`` is its ``adapter_config.json``."""
    manifest = read_json(directory / MANIFEST) if (directory / MANIFEST).is_file() else {}
    return MadeFor(
        model=str(manifest.get("model") or adapter.get("base_model_name_or_path") or ""),
        spec=str(manifest.get("model_spec", "")),
        digest=str(manifest.get("model_digest", "")),
        strategy=str(manifest.get("strategy", DEFAULT_STRATEGY)),
    )


def not_one(directory: Path, kind: str, way: str) -> StrategyError:
    """Why a folder, which has no ``adapter_config.json``, is not of this kind; ``way`` is how to get one."""
    what = f"it has no {ADAPTER_CONFIG}" if directory.is_dir() else "the folder does not exist"
    return StrategyError(f"{directory} is not a {kind}: {what}; {way}")


def weights_of(directory: Path) -> Path:
    """The tensor file of a checkpoint's folder; where there is none, the one that should be there."""
    pickled = directory / PICKLED_WEIGHTS
    return directory / ADAPTER_WEIGHTS if (directory / ADAPTER_WEIGHTS).exists() or not pickled.exists() else pickled


def digest_of(peft_type: str, directory: Path) -> str:
    """SHA-256 over what the virtual tokens are and mean.

    Raises:
        StrategyError: the tensor file cannot be read.
    """
    weights = weights_of(directory)
    try:
        content = jsonl.regular(weights).read_bytes()
    except OSError as error:
        raise StrategyError(cannot_be_read(weights, error)) from error
    return hashlib.sha256(peft_type.encode() + b"\n" + content).hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        StrategyError: there is none.
    """
    try:
        content = json.loads(jsonl.regular(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise StrategyError(cannot_be_read(path, error)) from error
    except (ValueError, RecursionError) as error:
        raise StrategyError(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise StrategyError(f"{path}: expected a JSON object")
    return content
