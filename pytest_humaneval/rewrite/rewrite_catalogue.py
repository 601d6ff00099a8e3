"""The bundled rewrites, and what is asked for of all that are known."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_humaneval.exceptions import DatasetError
from pytest_humaneval.option import comma_separated
from pytest_humaneval.registration import ALL
from pytest_humaneval.rewrite.as_comments import AS_COMMENTS
from pytest_humaneval.rewrite.camel_case import CAMEL_CASE
from pytest_humaneval.rewrite.docstring_layout import LAYOUT
from pytest_humaneval.rewrite.dropped_examples import EXAMPLES_DROPPED
from pytest_humaneval.rewrite.meaningful_names import MEANINGFUL_NAMES
from pytest_humaneval.rewrite.meaningless_names import MEANINGLESS_NAMES
from pytest_humaneval.rewrite.numerals import NUMERALS
from pytest_humaneval.rewrite.other_examples import OTHER_EXAMPLES
from pytest_humaneval.rewrite.reordered_examples import EXAMPLES_REORDERED
from pytest_humaneval.rewrite.rephrased import REPHRASED
from pytest_humaneval.rewrite.rewriting import RANDOM, REWRITE_SORT, Rewrite
from pytest_humaneval.rewrite.sentences import SENTENCE_AFTER, SENTENCE_BEFORE
from pytest_humaneval.rewrite.story_words import STORY
from pytest_humaneval.rewrite.type_hints import TYPED, UNTYPED
from pytest_humaneval.rewrite.typos import TYPOS

OPTION = "--humaneval-rewrite"

_REWRITES = (
    MEANINGFUL_NAMES,
    MEANINGLESS_NAMES,
    CAMEL_CASE,
    AS_COMMENTS,
    LAYOUT,
    TYPOS,
    EXAMPLES_REORDERED,
    EXAMPLES_DROPPED,
    OTHER_EXAMPLES,
    STORY,
    NUMERALS,
    UNTYPED,
    TYPED,
    REPHRASED,
    SENTENCE_BEFORE,
    SENTENCE_AFTER,
)
BUNDLED: Mapping[str, Rewrite] = {rewrite.name: rewrite for rewrite in _REWRITES}


def requested_rewrites(text: str, known: Mapping[str, Rewrite]) -> tuple[Rewrite, ...]:
    """What a text means, such as ``typos=0.2,camel-case`` or ``all``; ``random`` is all of them, to choose from.

    Raises:
        DatasetError: no name, one that nobody knows, a value that a rewrite does not take, or ``random`` beside others.
    """
    names = comma_separated(text)
    if not names:
        raise DatasetError(f"{OPTION}: {text!r} names no rewrite; known: {', '.join((ALL, RANDOM, *known))}")
    if RANDOM in names and len(names) > 1:
        raise DatasetError(f"{OPTION}: {RANDOM} is one rewrite of each problem, of all that fit it; give it alone")
    if RANDOM in names:
        return tuple(known.values())
    asked = [rewrite for name in names for rewrite in (known.values() if name == ALL else (_named(name, known),))]
    return tuple({rewrite.name: rewrite for rewrite in asked}.values())


def _named(text: str, known: Mapping[str, Rewrite]) -> Rewrite:
    if text in known:  # also a name with a sign of equality
        return known[text]
    name, equals, value = text.partition("=")
    rewrite = REWRITE_SORT.find(name, known, OPTION, others=(ALL, RANDOM))
    if not equals:
        return rewrite
    if rewrite.valued is None:
        raise DatasetError(f"{OPTION}: {text}: {name} takes no value")
    try:
        number = float(value)
    except ValueError:
        raise DatasetError(f"{OPTION}: {text}: {value!r} is not a number") from None
    return rewrite.valued(number)
