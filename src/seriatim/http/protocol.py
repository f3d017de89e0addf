"""The protocol of a connection: uvicorn's, with a limit on what a request may send before its headers are complete."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""How much of a request line and headers may arrive beyond the first read. The body has limits of its own."""


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection that sends a request line or headers without end; nothing else in the server bounds them."""

    _head_is_open = False
    _head_bytes = 0

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_is_open = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The head is complete; what follows is the body."""
        self._head_is_open = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived, unless the head has grown beyond its limit."""
        was_open = self._head_is_open
        super().data_received(data)
        if was_open and self._head_is_open and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.send_400_response(f"The request line and headers are larger than {HEAD_BYTES_MAX} bytes.")
