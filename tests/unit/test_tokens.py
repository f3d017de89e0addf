"""Secrets and access tokens."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

import pytest

from seriatim.auth import tokens
from seriatim.auth.secrets import digest_secret, secret_matches
from seriatim.auth.tokens import TOKEN_LIFETIME, TokenSigner
from seriatim.errors import InvalidValue, Unauthenticated
from tests.fakes import NOON

KEY = b"k" * 32
CLIENT_ID = "4f0c2a52-7c1e-4b8e-9a53-0d8a1f3f6f10"
JTI = "7d0e8c1f-1d7b-4f5e-8d3f-2b1b8f0f9a77"
TICK = timedelta(microseconds=1)


def issued(client_id: str = CLIENT_ID) -> str:
    return TokenSigner(KEY).issue(client_id, NOON, JTI).access_token


def raw(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


def spelt(payload: bytes) -> str:
    return urlsafe_b64encode(payload).rstrip(b"=").decode()


def test_a_token_names_its_client_to_every_process_with_the_key() -> None:
    issue = TokenSigner(KEY).issue(CLIENT_ID, NOON, JTI)
    assert issue.token_id == JTI
    assert issue.expires_in_seconds == 3600
    assert TokenSigner(KEY).verify(issue.access_token, NOON) == CLIENT_ID


def test_a_token_needs_no_quoting_in_a_header_and_is_short() -> None:
    token = issued()
    assert token.replace("-", "").replace("_", "").isalnum()
    assert len(token) < 200


@pytest.mark.parametrize("seen_before", (False, True))
def test_a_token_lasts_for_its_lifetime_and_no_longer(*, seen_before: bool) -> None:
    signer, token = TokenSigner(KEY), issued()
    if seen_before:
        signer.verify(token, NOON)
    assert signer.verify(token, NOON + TOKEN_LIFETIME - TICK) == CLIENT_ID
    with pytest.raises(Unauthenticated, match=r"expired .* 60 minutes.* client secret"):
        signer.verify(token, NOON + TOKEN_LIFETIME + timedelta(seconds=1))


def test_no_bit_of_a_token_can_be_changed() -> None:
    genuine, signer = raw(issued()), TokenSigner(KEY)
    for position in range(len(genuine)):
        for bit in range(8):
            altered = bytearray(genuine)
            altered[position] ^= 1 << bit
            with pytest.raises(Unauthenticated, match=r"altered|malformed"):
                signer.verify(spelt(bytes(altered)), NOON)


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="altered, or was issued by another server"):
        TokenSigner(b"x" * 32).verify(issued(), NOON)


@pytest.mark.parametrize(
    "token",
    ("", "a", "Bearer", "ä" * 40, "AQ==", "A" * 5000, "AAAA" * 40, f"{spelt(b'!' * 120)}", "a.b.c", "a b", "\n"),
)
def test_what_is_no_token_is_called_malformed(token: str) -> None:
    with pytest.raises(Unauthenticated, match="malformed"):
        TokenSigner(KEY).verify(token, NOON)


def test_what_is_too_long_is_not_even_looked_at() -> None:
    begins_well = raw(issued())
    with pytest.raises(Unauthenticated, match="malformed"):
        TokenSigner(KEY).verify(spelt(begins_well * 20), NOON)
    with pytest.raises(Unauthenticated, match="altered"):
        TokenSigner(KEY).verify(spelt(begins_well * 2), NOON)
    longest = TokenSigner(KEY).issue("c" * 255, NOON, "t" * 255).access_token
    assert TokenSigner(KEY).verify(longest, NOON) == "c" * 255


def test_a_token_can_be_spelt_in_one_way_only() -> None:
    # Of these lengths base64 leaves spare bits in the last character.
    for client_id in ("a", "ab", "abc"):
        token = issued(client_id)
        same = [token[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
        same += [token + "=", token + "==", token.replace("-", "+").replace("_", "/") + "\n"]
        accepted = set()
        for spelling in same:
            try:
                accepted.add((TokenSigner(KEY).verify(spelling, NOON), spelling))
            except Unauthenticated:
                continue
        assert accepted == {(client_id, token)}


def test_a_remembered_token_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    signer, token = TokenSigner(KEY), issued()
    signer.verify(token, NOON)

    def unwanted(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(hmac, "digest", unwanted)
    assert signer.verify(token, NOON) == CLIENT_ID


def test_remembering_tokens_has_a_bound_and_forgotten_ones_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "VERIFIED_TOKENS_MAX", 3)
    signer = TokenSigner(KEY)
    made = [signer.issue(f"client-{count}", NOON, JTI).access_token for count in range(10)]
    for count, token in enumerate([*made, *made]):
        assert signer.verify(token, NOON) == f"client-{count % 10}"
        assert len(vars(signer)["_verified"]) <= 3


def test_a_refused_token_is_not_remembered() -> None:
    signer, token = TokenSigner(KEY), issued()
    altered = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            signer.verify(altered, NOON)
    assert not vars(signer)["_verified"]


def test_a_short_key_and_a_long_id_are_refused() -> None:
    with pytest.raises(InvalidValue, match="at least 32 bytes") as refusal:
        TokenSigner(b"short-but-secret")
    assert "secret" not in str(refusal.value)
    with pytest.raises(InvalidValue, match="at most 255 bytes"):
        TokenSigner(KEY).issue("x" * 256, NOON, JTI)


def test_of_a_secret_only_a_digest_is_kept_and_it_matches_nothing_else() -> None:
    kept = digest_secret("correct horse")
    assert "correct" not in kept
    assert kept.startswith("sha256:")
    assert secret_matches("correct horse", kept)
    assert not secret_matches("correct hors", kept)
    assert not secret_matches("", kept)
    assert not secret_matches(kept, kept)
    assert not secret_matches("no text: \ud800", kept)


@pytest.mark.parametrize("kept", (None, "", "sha256:", "x"))
def test_nothing_matches_a_client_without_a_secret(kept: str | None) -> None:
    assert not secret_matches("", kept)
    assert not secret_matches("anything", kept)
