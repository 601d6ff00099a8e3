"""What is found by a name that users may add to: strategies, engines, sandboxes, post-processors, datasets.

Bundled ones come through the same hooks as the users' own, so that both keep the same rules and get the same messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.text.wording import unknown

ALL = "all"
AUTO = "auto"  # the sandbox that can be had; the post-processor that the strategy declares


class Named(Protocol):
    """What can be registered."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)

Offer = tuple[str, object]
"""Where something to register comes from (a file, for messages; empty where that is not known), and the thing."""


def can_be_a_name(name: str) -> bool:
    """Whether a name can stand in item ids and in lists by comma."""
    return bool(name) and name != ALL and not set(name) & set(", []:\n\t")


@dataclass(frozen=True, slots=True)
class Sort(Generic[N]):
    """One sort of things with names, and the hook by which they are made known.

    ``noun`` and ``plural`` stand in messages, ``advice`` says how to make such a thing. ``reserved`` names mean
    something else.
    """

    noun: str
    plural: str
    kind: type[N]
    advice: str
    error: type[InputError] = InputError
    reserved: tuple[str, ...] = ()

    @property
    def hook(self) -> str:
        """The hook's name."""
        return f"pytest_humaneval_{self.plural.replace('-', '')}"

    def listed(self, place: str, answer: object) -> list[Offer]:
        """What one implementation of the hook returned, one by one.

        Raises:
            InputError: that is no list.
        """
        if isinstance(answer, str) or not isinstance(answer, Iterable):
            returned = f"the {self.noun} {answer.name!r}" if isinstance(answer, self.kind) else repr(answer)
            raise self.error(
                f"{self.hook} returned {returned}, not a list of {self.plural}; write `return [...]`, also for a "
                "single one"
            )
        return [(place, thing) for thing in answer]

    def register(self, offers: Iterable[Offer]) -> dict[str, N]:
        """All of them by name, in the order in which they are offered.

        Raises:
            InputError: something of another type, a name that cannot be one, or two of one name; says where they are.
        """
        known: dict[str, N] = {}
        places: dict[str, str] = {}
        for place, thing in offers:
            named = self._checked(thing)
            if known.setdefault(named.name, named) is not named:
                both = " and ".join(f"in {each}" for each in (places[named.name], place) if each)
                raise self.error(
                    f"two {self.plural} are named {named.name!r}{both and f', {both}'}; give one of them another name"
                )
            places.setdefault(named.name, place)
        return known

    def find(self, name: str, known: Mapping[str, N], where: str, others: Iterable[str] = ()) -> N:
        """The one of this name, which was given ``where``; ``others`` are names that would be right as well.

        Raises:
            InputError: there is none; says near names and all.
        """
        if name not in known:
            raise self.error(f"{where}: {unknown(self.noun, name, (*others, *known))}")
        return known[name]

    def _checked(self, thing: object) -> N:
        if not isinstance(thing, self.kind):
            article = "an" if self.kind.__name__[0] in "AEIOU" else "a"
            raise self.error(f"{self.hook} returned {thing!r}, not {article} {self.kind.__name__}; {self.advice}")
        if not can_be_a_name(thing.name) or thing.name in self.reserved:
            others = " or ".join(map(repr, (ALL, *self.reserved)))
            article = "an" if self.noun[0] in "aeiou" else "a"
            raise self.error(
                f"{thing.name!r} cannot be the name of {article} {self.noun}, which has no space, comma, colon or "
                f"bracket and is not {others}"
            )
        return thing
