"""Makes any text safe to print, to put into XML and to send to another process.

A model, a server and a foreign file write what they like: neither a terminal nor a CI that reads our log may obey it.
What would be obeyed is shown as an escape, so that nothing is hidden and everything can still be read.
"""

from __future__ import annotations

import re

# What XML 1.0 cannot hold (control characters, lone surrogates, two non-characters), what a terminal obeys (a carriage
# return overwrites the line), what changes the order of what is read (bidirectional controls) and what nobody sees
# (of no width, tags, separators of lines that only some know). execnet, which carries xdist's reports, ends the whole
# run on a lone surrogate.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)
# The first character of what a CI takes for a command. GitHub (::name, after white space; ##[name] anywhere), Azure and
# TeamCity (##vso[, ##teamcity[), GitLab and Travis (section_start:, travis_fold:), Buildkite's groups (--- at the
# start of a line).
_COMMAND = re.compile(
    r"#(?=#[\w.-]*\[)|s(?=ection_(?:start|end):)|t(?=ravis_(?:fold|time):)"
    r"|(?m:(?<=^)(?P<margin>[^\S\n]*)(?P<first>:(?=:)|-(?=-- )|\+(?=\+\+ )|~(?=~~ )|\^(?=\^\^ )))"
)


def printable(text: str, limit: int | None = None) -> str:
    """``text`` with what would be obeyed as escapes, and its middle left out beyond ``limit`` characters."""
    if limit is not None and len(text) > limit:
        half = limit // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    return _COMMAND.sub(_broken, _UNPRINTABLE.sub(_escape, text))


def one_line(text: str) -> str:
    """The same on a single line."""
    return printable(text.replace("\n", "\\n").replace("\t", "\\t"))


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def _broken(match: re.Match[str]) -> str:
    margin = match["margin"] or ""
    return f"{margin}\\x{ord(match['first'] or match.group()):02x}"


def counted(number: int, singular: str, plural: str) -> str:
    """``1 item is`` or ``3,000 items are``, of ``item is`` and ``items are``."""
    return f"{number:,} {singular if number == 1 else plural}"
