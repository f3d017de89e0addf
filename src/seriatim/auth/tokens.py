"""Access tokens: signed, not stored, so that every process with the key can check every token.

A token is `base64url(version, expiry, lengths, client id, token id, HMAC-SHA256 of all that)`. It carries nothing
secret. Whether its client may still do anything is asked of the directory, for each request.
"""

import hashlib
import hmac
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct

from seriatim.errors import InvalidValue, Unauthenticated

TOKEN_LIFETIME = timedelta(hours=1)
KEY_BYTES_MIN = 32
VERIFIED_TOKENS_MAX = 4096
"""How many tokens are remembered as verified: some 2 MB. Without bounds a client could fill the memory."""
TOKEN_CHARACTERS_MAX = 1024

_VERSION = 1
_HEAD = Struct(">BQBB")
"""Version, expiry in seconds since 1970, length of the client id, length of the token id, in bytes."""
_ID_BYTES_MAX = 255
_MAC_BYTES = hashlib.sha256().digest_size

_ADVICE = "ask for a new one with the client id and the client secret"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as its client is told about it."""

    access_token: str
    expires_in_seconds: int
    token_id: str


class TokenSigner:
    """Issues and verifies access tokens with one key, which all processes share and which outlives restarts."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES_MIN:
            raise InvalidValue("key", f"{len(key)} bytes", f"a signing key has at least {KEY_BYTES_MIN} bytes")
        self._key = key
        self._verified: dict[str, tuple[str, float]] = {}

    def issue(self, client_id: str, at: datetime, token_id: str) -> IssuedToken:
        """A new token of a client, good for `TOKEN_LIFETIME` from `at`; `token_id` names it without opening a door.

        Raises: InvalidValue, for an id that is too long.
        """
        client_bytes, token_bytes = client_id.encode(), token_id.encode()
        for field, encoded in (("client_id", client_bytes), ("token_id", token_bytes)):
            if len(encoded) > _ID_BYTES_MAX:
                raise InvalidValue(field, encoded.decode(), f"an id has at most {_ID_BYTES_MAX} bytes")
        expires_at_seconds = math.ceil((at + TOKEN_LIFETIME).timestamp())
        head = _HEAD.pack(_VERSION, expires_at_seconds, len(client_bytes), len(token_bytes))
        payload = head + client_bytes + token_bytes
        token = _encode(payload + self._mac(payload))
        return IssuedToken(token, int(TOKEN_LIFETIME.total_seconds()), token_id)

    def verify(self, token: str, at: datetime) -> str:
        """The id of the client to which a token was issued, if it is genuine and has not expired at that time.

        Raises: Unauthenticated.
        """
        return self.verify_until(token, at)[0]

    def verify_until(self, token: str, at: datetime) -> tuple[str, float]:
        """As `verify`, with the time of its expiry in seconds since 1970.

        Raises: Unauthenticated.
        """
        # Only genuine tokens are remembered, and whoever presents one already has it: a look-up that takes
        # longer for a longer common beginning tells nothing, because the hash of the whole token comes first.
        known = self._verified.get(token)
        if known is None:
            known = self._open(token)
            if len(self._verified) >= VERIFIED_TOKENS_MAX:
                # The oldest goes. Were it the busiest, it would be back with the next request.
                del self._verified[next(iter(self._verified))]
            self._verified[token] = known
        if at.timestamp() >= known[1]:
            self._verified.pop(token, None)
            minutes = int(TOKEN_LIFETIME.total_seconds() // 60)
            raise Unauthenticated(f"the access token has expired (it lasts {minutes} minutes); {_ADVICE}")
        return known

    def _open(self, token: str) -> tuple[str, float]:
        """The client id and the expiry that a genuine token carries.

        Raises: Unauthenticated.
        """
        raw = _decode(token)
        if raw is None or len(raw) < _HEAD.size + _MAC_BYTES or raw[0] != _VERSION:
            raise Unauthenticated(f"the access token is malformed: it is not one that this server makes; {_ADVICE}")
        payload, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise Unauthenticated(f"the access token was altered, or was issued by another server; {_ADVICE}")
        _, expires_at_seconds, client_length, _ = _HEAD.unpack_from(payload)
        client_id = payload[_HEAD.size : _HEAD.size + client_length].decode()
        return client_id, float(expires_at_seconds)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(token: str) -> bytes | None:
    """The bytes that a token spells; None where it spells none, or not in the one way in which we spell them."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    # The decoder skips what it does not know, and the last character has spare bits: without this, one token could
    # be spelt in many ways.
    return raw if _encode(raw) == token else None
