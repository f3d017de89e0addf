"""What is applied to what, and what an account still owes and may still use."""

from dataclasses import replace
from functools import partial
from typing import Any

from seriatim.domain.document import Document, Status
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Application, Part
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import OpenAmount, Store
from tests.factories import ACTOR_ID, ENTITY_ID, make_account, make_document
from tests.fakes import NOON


def document(document_id: str, kind: Kind, **over: Any) -> Document:
    """A posted document over 10.00."""
    return make_document(**({"id": document_id, "kind": kind, "number": document_id, "status": Status.POSTED} | over))


def application(source_id: str, target_id: str, amount_minor: int) -> Application:
    key = f"{source_id}-{target_id}"
    return Application(key, ENTITY_ID, source_id, target_id, amount_minor, NOON, ACTOR_ID, NOON, ACTOR_ID)


async def put(store: Store, *rows: Document | Application) -> None:
    def decide(snapshot: Snapshot) -> None:
        for account_id, number in (("account-1", "A00000001"), ("account-2", "A00000002")):
            snapshot.accounts.put(account_id, make_account(id=account_id, number=number))
        for row in rows:
            if isinstance(row, Document):
                snapshot.documents.put(row.id, row)
            else:
                snapshot.applications.put((row.source_id, row.target_id), row)

    await store.write(Needs(), decide)


async def test_parts_are_listed_from_both_ends_without_those_taken_back(store: Store) -> None:
    memo, payment = document("memo", Kind.CREDIT_MEMO), document("payment", Kind.PAYMENT)
    invoices = [document(f"invoice-{index}", Kind.INVOICE) for index in range(3)]
    applications = [application("memo", "invoice-0", 1), application("memo", "invoice-1", 2)]
    by_payment, taken_back = application("payment", "invoice-1", 3), application("memo", "invoice-2", 0)
    await put(store, memo, payment, *invoices, *applications, by_payment, taken_back)
    assert await store.list_parts("memo") == [Part(applications[0], invoices[0]), Part(applications[1], invoices[1])]
    assert await store.list_parts("invoice-1") == [Part(applications[1], memo), Part(by_payment, payment)]
    assert await store.list_parts("payment") == [Part(by_payment, invoices[1])]
    assert await store.list_parts("invoice-2") == []
    assert await store.list_parts("missing") == []


async def test_open_amounts_are_summed_by_kind_and_currency(store: Store) -> None:
    await put(
        store,
        document("1", Kind.INVOICE, amount_minor=1000, applied_minor=300, refunded_minor=0),
        document("2", Kind.INVOICE, amount_minor=50),
        document("3", Kind.INVOICE, amount_minor=7, currency="JPY"),
        document("4", Kind.INVOICE, amount_minor=99, status=Status.DRAFT),
        document("5", Kind.INVOICE, amount_minor=99, status=Status.CANCELED),
        document("6", Kind.INVOICE, amount_minor=99, account_id="account-2", account_number="A00000002"),
        document("7", Kind.CREDIT_MEMO, amount_minor=500, applied_minor=100, refunded_minor=50),
        document("8", Kind.DEBIT_MEMO, amount_minor=500, applied_minor=500),
        document("9", Kind.PAYMENT, amount_minor=20, status=Status.PROCESSED),
    )
    assert await store.list_open_amounts("account-1") == [
        OpenAmount(Kind.CREDIT_MEMO, "EUR", 350),
        OpenAmount(Kind.INVOICE, "EUR", 750),
        OpenAmount(Kind.INVOICE, "JPY", 7),
        OpenAmount(Kind.PAYMENT, "EUR", 20),
    ]
    assert await store.list_open_amounts("account-2") == [OpenAmount(Kind.INVOICE, "EUR", 99)]
    assert await store.list_open_amounts("missing") == []


async def test_open_amounts_follow_every_change(store: Store) -> None:
    memo, draft, invoice = (
        document("1", Kind.CREDIT_MEMO, amount_minor=1000),
        document("2", Kind.CREDIT_MEMO, amount_minor=70, status=Status.DRAFT),
        document("3", Kind.INVOICE, amount_minor=99),
    )
    await put(store, memo, draft, invoice)

    async def change(to: Document | None, document_id: str) -> list[OpenAmount]:
        def decide(snapshot: Snapshot) -> None:
            if to is None:
                snapshot.documents.remove(document_id)
            else:
                snapshot.documents.put(document_id, to)

        await store.write(Needs(documents={(ENTITY_ID, document_id)}), decide)
        return await store.list_open_amounts("account-1")

    of_invoice = OpenAmount(Kind.INVOICE, "EUR", 99)
    memos = partial(OpenAmount, Kind.CREDIT_MEMO)
    settled = replace(memo, applied_minor=300, refunded_minor=50)
    assert await change(settled, "1") == [memos("EUR", 650), of_invoice]
    assert await change(replace(settled, sent_at=NOON), "1") == [memos("EUR", 650), of_invoice]
    assert await change(replace(draft, status=Status.POSTED), "2") == [memos("EUR", 720), of_invoice]
    assert await change(replace(draft, status=Status.POSTED, currency="JPY", amount_minor=7), "2") == [
        memos("EUR", 650),
        memos("JPY", 7),
        of_invoice,
    ]
    assert await change(replace(draft, status=Status.CANCELED), "2") == [memos("EUR", 650), of_invoice]
    assert await change(replace(settled, applied_minor=950), "1") == [of_invoice]
    assert await change(None, "3") == []
