"""What --humaneval-store takes, and that a password is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_humaneval.exceptions import InputError
from pytest_humaneval.store.shared_address import SharedAddress, shared_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://host", SharedAddress("redis://host")),
        ("redis://me@host:6380/3", SharedAddress("redis://me@host:6380/3")),
        ("rediss://[::1]:6379/0", SharedAddress("rediss://[::1]:6379/0")),
        ("redis://host/1?prefix=team-a", SharedAddress("redis://host/1", "team-a", True)),
        ("rediss://h?ssl_ca_certs=ca.pem&prefix=t", SharedAddress("rediss://h?ssl_ca_certs=ca.pem", "t", True)),
        ("unix:///run/redis.sock?db=2", SharedAddress("unix:///run/redis.sock?db=2")),
    ],
)
def test_addresses(text: str, address: SharedAddress) -> None:
    assert shared_address(text) == address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not the address of a shared store, such as rediss://host:6379/0"),
        ("http://host", "'http://host' is not the address of a shared store"),
        ("redis://", "'redis://' is not the address of a shared store"),
        ("redis://host:port", "'redis://host:port' is not the address of a shared store"),
        ("redis://host/team", "'redis://host/team' is not the address of a shared store"),
        ("unix://host/socket", "'unix://host/socket' is not the address of a shared store"),
        ("redis://host?ssl_ca_certs=x", "?ssl_ca_certs= does not go with redis://; known: prefix"),
        ("rediss://host?ssl_cert_reqs=none", "?ssl_cert_reqs= does not go with rediss://; known: "),
        ("unix:///socket?db=x", "?db=x: databases of Redis are numbered from 0"),
        ("redis://host?prefix=a:b", "prefix='a:b' may have letters, digits, '.', '-' and '_' only"),
    ],
)
def test_what_is_none(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        shared_address(text)
    assert message in str(error.value)


@given(
    # ' and \ would be written otherwise in a message; the words of messages are no secrets
    st.text(st.characters(codec="ascii", exclude_characters="'\\/?#[]", categories=["L", "N", "P"]), min_size=6),
    st.sampled_from(["redis://:{}@host", "rediss://me:{}@host:1/0", "redis://host?password={}", "redys://:{}@host"]),
)
def test_a_password_is_refused_and_not_shown(password: str, form: str) -> None:
    with pytest.raises(InputError) as error:
        shared_address(form.format(f"s3cr3t{password}"))
    assert "s3cr3t" not in str(error.value)
