"""Heads of requests as the parser has read them, remembered by their bytes: a client sends the same ones again."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

HEADS_REMEMBERED_MAX = 1024
"""How many heads are remembered."""
REMEMBERED_HEAD_BYTES_MAX = 1024
REMEMBERED_HEADERS_MAX = 32
"""What is longer, or has more headers, is not remembered: all of them take some 8 MB at most."""

_END = b"\r\n\r\n"


class Head:
    """A request line and headers. Nobody changes one: requests that look the same share it."""

    __slots__ = (
        "expects_continue",
        "first_part",
        "headers",
        "is_last",
        "method",
        "path",
        "query_string",
        "raw_path",
        "values",
        "version",
    )

    def __init__(
        self,
        method: str,
        raw_path: str,
        query_string: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        version: str,
        *,
        is_last: bool,
    ) -> None:
        self.method = method
        self.raw_path = raw_path
        """The path as it was sent, percent-encoded."""
        self.path = unquote(raw_path) if "%" in raw_path else raw_path
        self.first_part = self.path.lstrip("/").partition("/")[0]
        """The first part of the path."""
        self.query_string = query_string
        self.headers = headers
        """The names are in lower case."""
        self.values: Mapping[bytes, bytes] = dict(headers)
        """What the headers say, by their names; where a name comes twice, what it says the second time."""
        self.version = version
        self.is_last = is_last
        """Whether the connection ends with this request."""
        self.expects_continue = self.values.get(b"expect", b"").lower() == b"100-continue"
        """Whether the client waits to be told to send its body."""


class HeadMemory:
    """The heads of requests that arrived whole, in one piece, and with the length of their body told beforehand.

    The rules of what a head is are the parser's alone: another request that begins with the same bytes, up to the first
    empty line, has the same head, and its body the same length.
    """

    def __init__(self) -> None:
        self._heads: dict[bytes, tuple[Head, int]] = {}

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """Head and body of a request that is whole; `data` begins where a request begins."""
        body_at = data.find(_END) + len(_END)
        known = self._heads.get(data[:body_at])
        if known is None or known[1] != len(data) - body_at:
            return None
        return known[0], data[body_at:]

    def remember(self, data: bytes, head: Head, body_bytes: int) -> None:
        """Remember the head of what was read from `data`, which began where a request begins, if it was no more.

        A body in chunks, a second request or an empty line before the first one make `data` longer than that.
        """
        body_at = data.find(_END) + len(_END)
        if len(data) - body_at != body_bytes:
            return
        if body_at > REMEMBERED_HEAD_BYTES_MAX or len(head.headers) > REMEMBERED_HEADERS_MAX:
            return
        if len(self._heads) >= HEADS_REMEMBERED_MAX:
            # The oldest goes. Were it the busiest, it would be back with the next request.
            del self._heads[next(iter(self._heads))]
        self._heads[data[:body_at]] = head, body_bytes
