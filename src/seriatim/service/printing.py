"""Documents as PDF, printed in worker threads; and the name under which a download is kept."""

import asyncio
from collections.abc import Callable

from seriatim.domain.document import Document
from seriatim.domain.document_view import DocumentView
from seriatim.errors import Overloaded
from seriatim.render.document import render as render_page
from seriatim.render.pages import PRINTED_KINDS, page_of

__all__ = ["PRINTED_KINDS", "PRINTER", "PRINTS_WAITING_MAX", "Printer", "file_name"]

PRINTS_WAITING_MAX = 32
"""Downloads that may be printed, or wait for that, at a time."""


class Printer:
    """Prints documents in worker threads, so that the event loop goes on, and no more at a time than it can bear."""

    def __init__(self, print_document: Callable[[DocumentView], bytes], waiting_max: int = PRINTS_WAITING_MAX) -> None:
        self._print = print_document
        self._waiting_max = waiting_max
        self._waiting = 0

    async def print(self, view: DocumentView) -> bytes:
        """The document as a PDF.

        Raises: Overloaded, while too many others are being printed.
        """
        if self._waiting >= self._waiting_max:
            raise Overloaded(f"{self._waiting} documents are being printed already; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.to_thread(self._print, view)
        finally:
            self._waiting -= 1


PRINTER = Printer(lambda view: render_page(page_of(view)))
"""The one that all edges share. It prints the kinds of `PRINTED_KINDS`."""


def file_name(document: Document, words: str) -> str:
    """The name under which a download is kept. Numbers and ids have letters, digits, dashes and underscores alone."""
    is_named = document.has_issued_number or document.number_given
    name = document.number if is_named else f"draft-{document.id}"
    return f"{words.replace(' ', '-')}-{name}.pdf"
