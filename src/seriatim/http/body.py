"""What bodies are packed in: requests expanded within their limits, answers compressed."""

import gzip
import zlib

from seriatim.errors import InvalidHeader, Malformed, TooLarge

GZIP_FROM_BYTES = 1000
"""Only answers over this size are compressed (Zuora documents the same bound)."""
GZIP_LEVEL = 5
_GZIP_WINDOW_BITS = 31
"""zlib's number for "a gzip header, and the largest window"."""


def expand_body(body: bytes, encoding: str, expanded_bytes_max: int) -> bytes:
    """Undo a body's Content-Encoding; a body that would expand beyond the limit is refused before it does.

    Raises: InvalidHeader, for an encoding that is not served; Malformed; TooLarge.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise InvalidHeader("Content-Encoding", encoding, "send the body as it is, or compressed with gzip")
    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        expanded = inflater.decompress(body, expanded_bytes_max + 1)
    except zlib.error as error:
        raise Malformed("the body is not the gzip data that Content-Encoding announces") from error
    if len(expanded) > expanded_bytes_max:
        raise TooLarge(f"the body expands to more than {expanded_bytes_max} bytes; send less at once")
    if not inflater.eof or inflater.unused_data:
        raise Malformed("the gzip data of the body is cut short or has something behind its end")
    return expanded


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether a client that sent this Accept-Encoding takes gzip; `gzip;q=0` says that it does not."""
    for offer in accept_encoding.lower().split(b","):
        coding, _, parameter = offer.partition(b";")
        if coding.strip() == b"gzip":
            return parameter.replace(b" ", b"").rstrip(b"0") not in {b"q=", b"q=0."}
    return False


def compress_answer(body: bytes) -> bytes:
    """The body of an answer, compressed; the same bytes for the same body."""
    return gzip.compress(body, GZIP_LEVEL, mtime=0)
