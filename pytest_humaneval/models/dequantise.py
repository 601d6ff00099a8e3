"""A GGUF made into what every library loads: bf16 safetensors, configuration, tokenizer, chat template."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_humaneval.exceptions import ModelError
from pytest_humaneval.models.broken_packages import mark_broken_packages_absent
from pytest_humaneval.models.quick_gguf import quick_headers, unpacking_watched

Report = Callable[[str], None]

UNPACKING = "step 1 of 3, unpacking the weights"

# A GGUF names one end token, a chat model has two: the end of a turn and the end of a text. Without the second one a
# plain completion runs on after its end. llama.cpp's list (llama-vocab.cpp, special_eog_ids), shortened.
END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<end_of_turn>",
    "<|return|>",
    "</s>",
)


def dequantise(gguf: Path, directory: Path, report: Report) -> dict[str, str]:
    """Write the model in ``gguf`` into ``directory``; returns the versions of the packages that did it.

    Raises:
        ModelError: a package is missing, or transformers cannot read this kind of GGUF.
    """
    mark_broken_packages_absent()
    try:
        import accelerate  # noqa: F401  # transformers asks for it half way
        import gguf as _  # noqa: F401
        import torch
        import transformers
    except ImportError as error:
        raise ModelError(
            f"a GGUF needs {error.name} to be dequantised: pip install 'pytest-humaneval[gguf]'"
        ) from error
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    try:
        report(UNPACKING)
        with (
            quick_headers(),
            unpacking_watched(gguf.stat().st_size, lambda percent: report(f"{UNPACKING}, {percent} %")),
        ):
            model = transformers.AutoModelForCausalLM.from_pretrained(
                **source, dtype=torch.bfloat16, **_dense(transformers, gguf)
            )
        report("step 2 of 3, reading the tokenizer")
        with quick_headers() if _has_reader_of_its_own() else contextlib.nullcontext():
            tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    except OSError:
        raise
    except Exception as error:  # tokenizers raises nothing more special, for one
        raise ModelError(f"transformers {transformers.__version__} cannot dequantise {gguf.name}: {error}") from error
    report("step 3 of 3, writing safetensors")
    with _full_disk_is_an_os_error():
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
    _write_generation_config(directory, tokenizer)
    return {name: version(name) for name in ("transformers", "gguf", "torch")}


def _dense(transformers: Any, gguf: Path) -> dict[str, Any]:
    """How to ask for plain weights: transformers 5.19 keeps them quantised unless told, earlier ones cannot."""
    config = getattr(transformers, "GgufConfig", None)
    return {} if config is None else {"quantization_config": config(gguf_file=gguf.name, dequantize=True)}


def _has_reader_of_its_own() -> bool:
    """Whether transformers reads a tokenizer's strings without ``gguf``'s reader, as 5.19 does."""
    return importlib.util.find_spec("transformers.integrations.gguf.reader") is not None


@contextlib.contextmanager
def _full_disk_is_an_os_error() -> Iterator[None]:
    """Safetensors' own error (0.8: "I/O error: No space left on device (os error 28)") is not an OSError."""
    try:
        yield
    except Exception as error:
        if f"os error {errno.ENOSPC}" not in str(error):
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _write_generation_config(directory: Path, tokenizer: Any) -> None:
    """Name every token that ends a text, first the one the GGUF names."""
    special = {token.content: index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    ends = [tokenizer.eos_token_id, *(special[token] for token in END_TOKENS if token in special)]
    config = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": list(dict.fromkeys(end for end in ends if end is not None)),
        "pad_token_id": tokenizer.pad_token_id,
    }
    (directory / "generation_config.json").write_text(json.dumps(config, indent=2) + "\n")
