"""What can go wrong, apart from a program that is wrong (that is a verdict).

HumanEvalError
 +-- InputError            the user can mend it; the run stops before it starts, with exit status 4
 |    +-- DatasetError     a problem file that cannot be read
 |    +-- StrategyError    an unknown, doubled or broken strategy
 |    +-- ModelError       weights that are missing, or not what they should be
 |    +-- ConfigError      a configuration of a training that cannot be used
 +-- InfrastructureError   the item is an error, outside pass@k's denominator
 |    +-- EngineError      no generation could be made
 |    |    +-- SharedEngineError   nor any other: the run ends
 |    +-- SandboxError     no verdict could be reached
 |    +-- ClusterError     Ray's cluster cannot judge
 +-- StoppedError          an item that its run needs no more
 +-- TrainingError         a training that cannot continue; what it had learned until then is kept
"""

from __future__ import annotations

import traceback

from pytest_humaneval.text.printable import printable


class HumanEvalError(Exception):
    """The root of this package's exceptions. Their texts quote models, servers and files: they can be printed."""

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(HumanEvalError):
    """What the user gave cannot be used."""


class DatasetError(InputError):
    """A problem file that cannot be read."""


class StrategyError(InputError):
    """An unknown, doubled or broken strategy."""


class ModelError(InputError):
    """Weights that are missing, or not what they should be."""


class ConfigError(InputError):
    """A configuration of a training that cannot be used."""


class InfrastructureError(HumanEvalError):
    """Something of ours broke; it says nothing about the model."""


class EngineError(InfrastructureError):
    """No generation could be made."""


class StoppedError(HumanEvalError):
    """The run needs this item no more: what its strategy was to show is decided."""


class SharedEngineError(EngineError):
    """No generation can be made, for a reason that all items share: the run ends, with one message."""


class SandboxError(InfrastructureError):
    """No verdict could be reached."""


class ClusterError(InfrastructureError):
    """Ray's cluster cannot judge."""


class TrainingError(HumanEvalError):
    """A training that cannot continue; what it had learned until then is kept."""


OF_THEIRS = (Exception, SystemExit)
"""What code of the users' may raise: also the end of the program, as a library's usage error does."""


def raised_in(error: BaseException) -> str:
    """What a strategy's code raised and where in its own file: ``LookupError: lost (conftest.py:15)``.

    To be called where the exception was caught, by the function that had called that code.
    """
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    place = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"
