"""Ids and secrets: the one place that asks the machine for randomness."""

import os
import secrets
import string
from collections.abc import Callable
from struct import Struct

from seriatim.service.time import unix_milliseconds

SECRET_CHARACTERS = 40
"""At most 42 fit the clients that we know (Zuora's SDK checks it); 40 of 62 characters are some 238 bits."""

_SECRET_ALPHABET = string.ascii_letters + string.digits
"""Letters and digits only: a secret is copied with a double click and needs no quoting in a shell."""
_RANDOM_BITS = 80
_ABOVE_ALL = 1 << 128
"""A bit above those of an id: with it, the hexadecimal number has all the zeros in front that the id has."""

_UUIDS_AT_ONCE = 256
_UUID_BYTES = 16
_UUID_PARTS = Struct("8s4s4s4s12s")
"""The digits of a UUID, as its dashes part them."""
_VERSION_4 = bytes(each & 0x0F | 0x40 for each in range(256))
"""What becomes of the byte that has the version, and, of the next, what becomes of the one that has the variant."""
_RFC_VARIANT = bytes(each & 0x3F | 0x80 for each in range(256))

_uuids: list[str] = []
"""Made, and not given out yet. A process that is forked begins with none: two would give out the same."""
os.register_at_fork(after_in_child=_uuids.clear)


class SystemIds:
    """The machine's randomness. One object belongs to one thread."""

    def __init__(self, milliseconds: Callable[[], int] = unix_milliseconds) -> None:
        self._milliseconds = milliseconds
        self._last_milliseconds = -1
        self._last_id = _ABOVE_ALL

    def new_id(self) -> str:
        """A new id of a row: 32 hexadecimal characters, 48 bits of milliseconds since 1970 and 80 random bits.

        Within a millisecond, and while the clock is set back, ids count up from the last one: those of one process
        always ascend, which keeps the indexes of a database dense. They can be guessed, and open no door.
        """
        now_milliseconds = self._milliseconds()
        if now_milliseconds > self._last_milliseconds:
            self._last_milliseconds = now_milliseconds
            # The highest random bit stays 0, so that counting up never runs over into the time.
            random_bits = int.from_bytes(os.urandom(_RANDOM_BITS // 8)) >> 1
            self._last_id = _ABOVE_ALL | now_milliseconds << _RANDOM_BITS | random_bits
        else:
            self._last_id += 1
        return hex(self._last_id)[3:]

    def new_uuid(self) -> str:
        """A new UUID of version 4, 36 characters, unguessable."""
        # Every request needs one: made many at a time, they take a tenth of the time of `uuid.uuid4`.
        while True:
            try:
                return _uuids.pop()
            except IndexError:
                _uuids.extend(_make_uuids())

    def new_secret(self) -> str:
        """A new secret of a client: 40 letters and digits, unguessable."""
        return "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(SECRET_CHARACTERS))

    def new_bytes(self, count: int) -> bytes:
        """So many unguessable bytes."""
        return os.urandom(count)


def _make_uuids() -> list[str]:
    """So many UUIDs as are made at once."""
    raw = bytearray(os.urandom(_UUIDS_AT_ONCE * _UUID_BYTES))
    raw[6::_UUID_BYTES] = raw[6::_UUID_BYTES].translate(_VERSION_4)
    raw[8::_UUID_BYTES] = raw[8::_UUID_BYTES].translate(_RFC_VARIANT)
    return b"\n".join(map(b"-".join, _UUID_PARTS.iter_unpack(raw.hex().encode()))).decode().split("\n")
