"""Passwords of people: what is kept of them, and how one that is typed is compared with it.

People choose passwords that can be guessed, so each guess is made to cost memory and time (argon2id, with the second
of the parameter choices that OWASP's password storage cheat sheet recommends: 19 MiB, 2 passes, 1 lane).
"""

import asyncio
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from seriatim.errors import Category, FieldError
from seriatim.service.ports import IdSource

PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 1000
MEMORY_KIBIBYTES = 19 * 1024
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASHES_AT_ONCE_MAX = 2
"""How many passwords one process looks at at the same time: what signing in may cost in memory and processors."""

_HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIBIBYTES, parallelism=LANES)
_NOBODYS_SALT = bytes(SALT_BYTES)


class UnfitPassword(FieldError):
    """A password that cannot be taken. The message does not repeat it."""

    category = Category.INVALID_VALUE


def check_password(password: str, field: str = "password") -> str:
    """Give back a password that is long enough.

    Raises: UnfitPassword.
    """
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise UnfitPassword(
            field,
            f"a password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters, and this one "
            f"{len(password)}; several words in a row make one that can be remembered",
        )
    return password


def digest_password(password: str, salt: bytes) -> str:
    """What is kept of a password: its argon2id hash with all parameters. Takes some 20 ms of a processor."""
    return str(_HASHER.hash(_encoded(password), salt=salt))


def password_matches(password: str, digest: str) -> bool:
    """Whether the password is the one of the digest. Takes as long as `digest_password`."""
    try:
        return bool(_HASHER.verify(digest, _encoded(password)))
    except (VerificationError, InvalidHashError):
        return False


class Passwords:
    """Digests and compares passwords in threads, a few at a time. It belongs to one event loop."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._turns = asyncio.Semaphore(HASHES_AT_ONCE_MAX)
        self._nobodys_digest = digest_password("", _NOBODYS_SALT)

    async def digest(self, password: str) -> str:
        """What is kept of a new password."""
        async with self._turns:
            return await asyncio.to_thread(digest_password, password, self._ids.new_bytes(SALT_BYTES))

    async def matches(self, password: str, digest: str | None) -> bool:
        """Whether the password is that of the digest; None stands for a user that there is not, and costs the same."""
        async with self._turns:
            found = await asyncio.to_thread(password_matches, password, digest or self._nobodys_digest)
        return found and digest is not None


def _encoded(password: str) -> bytes:
    # Keyboards differ in how they write one and the same letter.
    return unicodedata.normalize("NFKC", password[:PASSWORD_CHARACTERS_MAX]).encode(errors="surrogatepass")
