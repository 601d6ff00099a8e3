"""Where a store is that several machines share: ``--humaneval-store``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pytest_humaneval.exceptions import InputError

PASSWORD_VARIABLE = "HUMANEVAL_STORE_PASSWORD"
PREFIX = "pytest-humaneval"
EXAMPLE = "such as rediss://host:6379/0"
_SCHEMES = ("redis", "rediss", "unix")
_CERTIFICATES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class SharedAddress:
    """A Redis server's URL, without a password, and what our keys in it begin with.

    ``beside_others`` says that the user has chosen the prefix: the database may hold other things, too.
    """

    url: str
    prefix: str = PREFIX
    beside_others: bool = False

    def __str__(self) -> str:
        return self.url.partition("?")[0]


def shared_address(text: str) -> SharedAddress:
    """``redis://[USER@]HOST[:PORT][/DATABASE]``, ``rediss://`` with TLS, ``unix:///SOCKET``, also with ``?prefix=NAME``
    behind it.

    Raises:
        InputError: the text is no such address, or has a password in it, which the message does not show.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in _SCHEMES and _has_place(parts)
    except ValueError:  # a port that is none
        usable = False
    if not usable:
        raise InputError(f"{_without_user(text)!r} is not the address of a shared store, {EXAMPLE}")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password is not None or "password" in query:
        raise InputError(f"others can see a password in an address; put it into the variable {PASSWORD_VARIABLE}")
    chosen = "prefix" in query
    prefix = query.pop("prefix", PREFIX)
    if not re.fullmatch(r"[\w.-]{1,64}", prefix, re.ASCII):
        raise InputError(f"prefix={prefix!r} may have letters, digits, '.', '-' and '_' only")
    _check_query(parts, query)
    url = text.partition("?")[0] + (f"?{urlencode(query)}" if query else "")
    return SharedAddress(url, prefix, chosen)


def _has_place(parts: SplitResult) -> bool:
    if parts.scheme == "unix":
        return not parts.netloc.rpartition("@")[2] and len(parts.path) > 1
    return bool(parts.hostname) and parts.port != 0 and bool(re.fullmatch(r"/?\d*", parts.path))


def _check_query(parts: SplitResult, query: dict[str, str]) -> None:
    allowed = ("db",) if parts.scheme == "unix" else _CERTIFICATES if parts.scheme == "rediss" else ()
    for name, value in query.items():
        if name not in allowed:
            known = ", ".join((*allowed, "prefix"))
            raise InputError(f"?{name}= does not go with {parts.scheme}://; known: {known}")
        if name == "db" and not value.isdecimal():
            raise InputError(f"?db={value}: databases of Redis are numbered from 0")


def _without_user(text: str) -> str:
    return re.sub(r"[^/]*@", "...@", text)
