"""Client secrets: what is kept of them, and how a secret that is shown is compared with it."""

import hashlib
import hmac

_SCHEME = "sha256:"


def digest_secret(secret: str) -> str:
    """What is kept of a secret: the name of the method, and the digest in hexadecimal.

    A slow password hash protects secrets that people choose, because those can be guessed one after another.
    Ours are 40 random characters (some 238 bits): nobody counts through them, so one SHA-256 is enough, and a
    token request stays cheap. The scheme stands in front so that another one can follow without a guess.
    """
    return _SCHEME + hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def secret_matches(secret: str, kept: str | None) -> bool:
    """Whether the secret is the one of which `kept` is the digest, in a time that tells nothing about either.

    None stands for a client that does not exist: the work is the same and the answer is no, so that the time
    of an answer does not tell which client ids exist.
    """
    return hmac.compare_digest(digest_secret(secret), kept or _SCHEME)
