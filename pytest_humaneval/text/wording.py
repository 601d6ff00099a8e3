"""What is said the same way in many places."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from pytest_humaneval.sample import Sampling
from pytest_humaneval.text.printable import counted

SHORT_DIGEST = 12  # characters
_LONG_DIGEST = re.compile(rf"((?:\w+:)?[0-9a-f]{{{SHORT_DIGEST}}})[0-9a-f]{{{SHORT_DIGEST},}}")


def sampling_text(sampling: Sampling, num_samples: int, drawn: Iterable[tuple[float, float]] = ()) -> str:
    """How tokens were drawn; ``drawn`` are the temperatures and top-p of a strategy that chose them itself."""
    chosen = list(drawn) or [(sampling.temperature, sampling.top_p)]
    temperatures = " and ".join(
        f"temperature {temperature:g}, top-p {top_p:g}, seed {sampling.seed}" if temperature else "greedy"
        for temperature, top_p in chosen
    )
    limit = counted(sampling.max_tokens, "token", "tokens")
    samples = f", {num_samples} samples per problem" if num_samples > 1 else ""
    return f"{temperatures}, up to {limit}{samples}"


def context_text(tokens: int) -> str:
    """What goes behind the sampling where the context held first; nothing where it did not."""
    return f"; for some, a context of {tokens} tokens was full first" if tokens else ""


def p_text(p: float, least: str = "", decimals: int = 3) -> str:
    """A p-value, never as 0: what is smaller than the decimals can say is ``least``, or ``< 0.001``."""
    smallest = 10**-decimals
    return f"{p:.{decimals}f}" if p >= smallest else least or f"< {smallest:.{decimals}f}"


def three_decimals(value: float | None) -> str:
    """A share, such as pass@k; ``n/a`` where it is undefined."""
    return "n/a" if value is None else f"{value:.3f}"


def short_digest(digest: str) -> str:
    """A digest to be recognised by, with its ``sha256:``, where it has one; what is no long digest stays as it is."""
    match = _LONG_DIGEST.fullmatch(digest)
    return match[1] if match else digest


def near_ones(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that resemble a name, the nearest first."""
    import difflib

    return difflib.get_close_matches(name, known, n=most)


def did_you_mean(near: Collection[str], show: Callable[[str], str] = repr) -> str:
    """``did you mean 'a' or 'b'?``, or nothing."""
    return f"did you mean {' or '.join(map(show, near))}?" if near else ""


def known_ones(name: str, known: Collection[str], none: str = "none") -> str:
    """What would be right where ``name`` is not: near names, then all; ``none`` where nothing is known."""
    hint = did_you_mean(near_ones(name, known))
    return f"{hint}{' ' if hint else ''}known: {', '.join(known) or none}"


def unknown(kind: str, name: str, known: Collection[str], none: str = "none") -> str:
    """``unknown strategy 'chta'; did you mean 'chat'? known: chat, cot``."""
    return f"unknown {kind} {name!r}; {known_ones(name, known, none)}"


def signed_interval(interval: tuple[float, float]) -> str:
    """The interval of a difference, such as ``[-0.012, +0.034]``."""
    low, high = interval
    return f"[{low:+.3f}, {high:+.3f}]"


def reason_of(error: Exception) -> str:
    """Why something failed, in the system's words where it has some."""
    return str(getattr(error, "strerror", None) or error)


def cannot_be_read(path: Path | str, error: Exception) -> str:
    """Why a file could not be read."""
    return f"{path}: cannot be read ({reason_of(error)})"


def cannot_be_written(what: object, error: OSError) -> str:
    """Why ``what``, a file or folder with its option in front, could not be written."""
    return f"{what} cannot be written ({reason_of(error)})"


def output_cannot_be_written(path: Path, error: OSError) -> str:
    """The same of an ``--output`` that grows."""
    reason = cannot_be_written(f"--output: {path}", error)
    return f"{reason}; what is there is kept, and the same command continues from it"
