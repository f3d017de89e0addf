"""What a connection may send, before anything of a request is known."""

import socket

import pytest

from seriatim.http.connection import HEAD_BYTES_MAX
from tests.servers import Api, Server

CHUNK = b"a" * 8192
CHUNKS_MAX = 100
REPLY_BYTES = 4096


def answer_to_endless(server: Server, beginning: bytes) -> bytes:
    """What a client is told that goes on and on with its head; it gives up after far more than is allowed."""
    assert len(CHUNK) * CHUNKS_MAX > 8 * HEAD_BYTES_MAX
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(beginning)
        try:
            for _ in range(CHUNKS_MAX):
                connection.sendall(CHUNK)
        except OSError:
            pass  # The server has closed: its answer may still be read.
        try:
            return connection.recv(REPLY_BYTES)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("beginning", (b"GET /v1/", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: "))
def test_a_head_without_end_ends_its_connection_and_no_other(server: Server, api: Api, beginning: bytes) -> None:
    answer = answer_to_endless(server, beginning)
    # A client that is still sending when the server closes may lose the answer, but never gets another.
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert api.call("GET", "/v1/sequence-sets").status_code == 200


def test_a_long_head_within_the_limit_is_answered(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Long: ")
        for _ in range(4):
            connection.sendall(CHUNK)
        connection.sendall(b"\r\nConnection: close\r\n\r\n")
        assert connection.recv(REPLY_BYTES).startswith(b"HTTP/1.1 200")
