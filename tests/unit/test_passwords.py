"""Passwords: what is kept of them, and what is taken for one."""

import asyncio
import threading
from unittest import mock

import pytest

from seriatim.auth import passwords
from seriatim.auth.passwords import (
    HASHES_AT_ONCE_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    SALT_BYTES,
    Passwords,
    UnfitPassword,
    check_password,
    digest_password,
    password_matches,
)
from seriatim.service.randomness import SystemIds
from tests.fakes import SequentialIds

SECRET = "four plain words together"  # noqa: S105 - of nobody
SALT = bytes(range(SALT_BYTES))


def test_a_digest_tells_its_method_and_not_the_password() -> None:
    digest = digest_password(SECRET, SALT)
    assert digest.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert SECRET not in digest
    assert password_matches(SECRET, digest)
    assert not password_matches(SECRET.upper(), digest)
    assert not password_matches(f"{SECRET} ", digest)
    assert digest_password(SECRET, bytes(SALT_BYTES)) != digest


def test_one_letter_is_the_same_on_every_keyboard() -> None:
    assert password_matches("cafe\N{COMBINING ACUTE ACCENT} au lait", digest_password("café au lait", SALT))


@pytest.mark.parametrize("digest", ("", "sha256:00", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"))
def test_what_is_no_digest_matches_nothing(digest: str) -> None:
    assert not password_matches(SECRET, digest)


@pytest.mark.parametrize("length", (0, PASSWORD_CHARACTERS_MIN - 1, PASSWORD_CHARACTERS_MAX + 1))
def test_a_password_that_is_too_short_or_too_long_is_refused_and_not_repeated(length: int) -> None:
    with pytest.raises(UnfitPassword) as refusal:
        check_password("x" * length)
    assert refusal.value.field == "password"
    assert "12 to 1000 characters" in refusal.value.message
    assert "xx" not in refusal.value.message


@pytest.mark.parametrize("length", (PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX))
def test_any_other_password_will_do(length: int) -> None:
    assert check_password("x" * length) == "x" * length


async def test_who_is_not_there_has_no_password() -> None:
    keeper = Passwords(SystemIds())
    for tried in (SECRET, ""):
        assert not await keeper.matches(tried, None)
    assert await keeper.matches(SECRET, await keeper.digest(SECRET))


async def test_a_stranger_costs_as_much_as_a_wrong_password() -> None:
    keeper = Passwords(SequentialIds())
    with mock.patch.object(passwords, "password_matches", return_value=True) as compared:
        assert not await keeper.matches(SECRET, None)
    (tried, digest), _ = compared.call_args
    assert tried == SECRET
    assert digest.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_only_a_few_are_looked_at_at_once() -> None:
    keeper = Passwords(SystemIds())
    running, most, lock = 0, 0, threading.Lock()
    several = threading.Barrier(HASHES_AT_ONCE_MAX)

    def compare(*_: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        several.wait(timeout=10)
        with lock:
            running -= 1
        return True

    with mock.patch.object(passwords, "password_matches", compare):
        await asyncio.gather(*(keeper.matches(SECRET, "digest") for _ in range(4 * HASHES_AT_ONCE_MAX)))
    assert most == HASHES_AT_ONCE_MAX
