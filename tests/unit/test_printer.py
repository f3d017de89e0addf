"""Printing leaves the event loop free, and is bounded."""

import asyncio
import threading

import pytest

from seriatim.domain.document_view import DocumentView
from seriatim.domain.merchant import default_merchant
from seriatim.errors import Overloaded
from seriatim.service.printing import Printer
from tests.factories import ENTITY_ID, make_account, make_document, make_entity

VIEW = DocumentView(make_document(), make_account(), make_entity(), default_merchant(ENTITY_ID), None, (), ())


async def test_so_many_are_printed_at_a_time_and_the_next_one_is_told() -> None:
    all_began, may_go_on = threading.Barrier(3), threading.Event()

    def print_slowly(view: DocumentView) -> bytes:
        all_began.wait()
        may_go_on.wait()
        return view.document.id.encode()

    printer = Printer(print_slowly, waiting_max=2)
    printed = [asyncio.create_task(printer.print(VIEW)) for _ in range(2)]
    # A loop that the threads held would never come to this.
    await asyncio.to_thread(all_began.wait)
    with pytest.raises(Overloaded, match="2 documents"):
        await printer.print(VIEW)
    may_go_on.set()
    assert await asyncio.gather(*printed) == [b"document-1"] * 2


async def test_what_fails_leaves_room_for_others() -> None:
    def fail(_: DocumentView) -> bytes:
        raise ValueError

    printer = Printer(fail, waiting_max=1)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            await printer.print(VIEW)
