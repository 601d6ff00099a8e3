"""A class or function at the top level of a file, for another process to find there."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from pytest_humaneval.exceptions import InputError


@dataclass(frozen=True, slots=True)
class TopLevel:
    """Where it is, and its file's SHA-256. ``path`` is the ``sys.path`` that the file's own imports were found on.

    ``arguments`` are what it is given before all others.
    """

    module: str
    name: str
    file: str
    sha256: str
    path: tuple[str, ...]
    arguments: tuple[str, ...] = ()

    @classmethod
    def of(cls, thing: Any, what: str) -> Self:
        """Where a class or function is; ``what`` is it for messages.

        Raises:
            InputError: it was made in a function, or in no file.
        """
        module, name = getattr(thing, "__module__", ""), getattr(thing, "__qualname__", "")
        reached: Any = sys.modules.get(module)
        file = getattr(reached, "__file__", None)
        for part in name.split("."):
            reached = getattr(reached, part, None)
        if reached is not thing or not file:
            raise InputError(
                f"{what} is made by {thing!r}, which another process cannot import; it has to be a class or a function "
                "at the top level of a file"
            )
        path = tuple(os.path.abspath(folder) for folder in sys.path)
        return cls(module, name, os.path.abspath(file), hashlib.sha256(Path(file).read_bytes()).hexdigest(), path)

    def load(self) -> Any:
        """The thing itself. Its file's imports are looked for behind everything else: a torch.py there is no torch."""
        sys.path.extend(folder for folder in self.path if folder not in sys.path)
        thing = attrgetter(self.name)(_module(self.module, self.file))
        return partial(thing, *self.arguments) if self.arguments else thing


def _module(name: str, file: str) -> ModuleType:
    """The module of this file: by its name where that leads there, else from the file, as a conftest.py."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a parent that is not there, or a module without a spec
        spec = None
    if spec is not None and spec.origin is not None and os.path.abspath(spec.origin) == file:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None, f"{file} is not a Python file"
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
