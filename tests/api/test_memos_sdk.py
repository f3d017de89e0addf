"""Every operation on credit memos and debit memos through Zuora's official SDK, with what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.memo_books import CREDIT, DEBIT, KINDS, Books, Kind
from tests.api.support import SDK_WARNINGS, Sdk
from tests.servers import Api

pytestmark = [*SDK_WARNINGS, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
both_kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


class Desk:
    """The SDK at work on the memos of one kind."""

    def __init__(self, sdk: Sdk, books: Books, kind: Kind) -> None:
        self.models = sdk.models
        self.client = sdk.client
        self.books = books
        self.kind = kind
        self.noun = kind.words.replace(" ", "_")
        self.api = getattr(sdk.client, f"{self.noun}s_api")()
        self.model_noun = "".join(word.title() for word in kind.words.split())

    def call(self, operation: str, *arguments: Any) -> Any:
        """An operation by its name with `memo` for the kind: `get_memo` is `get_credit_memo`."""
        return getattr(self.api, operation.replace("memo", self.noun))(*arguments)

    def model(self, name: str, **fields: Any) -> Any:
        """A model by its name with `Memo` for the kind."""
        return getattr(self.models, name.replace("Memo", self.model_noun))(**fields)

    def one_of(self, name: str, request: Any) -> Any:
        """A model that stands for one of several."""
        return getattr(self.models, name.replace("Memo", self.model_noun))(request)

    def charges_request(self, amount: Any = 10, **fields: Any) -> Any:
        charge = self.model("MemoItemFromChargeDetail", amount=amount, charge_id="charge", quantity=1)
        given = {"account_id": self.books.account_id, "charges": [charge], **fields}
        return self.model("CreateMemoFromChargeRequest", **given)

    def create(self, amount: Any = 10, **fields: Any) -> Any:
        return self.call("create_memo_from_charge", self.charges_request(amount, **fields))

    def line(self, amount: Any, item_id: str) -> Any:
        name = "CreditMemoItemFromInvoiceItem" if self.kind is CREDIT else "DebitMemoItemFromInvoiceItemRequest"
        return getattr(self.models, name)(amount=amount, sku_name="SKU", invoice_item_id=item_id)


@pytest.fixture
def books(api: Api) -> Books:
    return Books(api)


@pytest.fixture
def credit_desk(sdk: Sdk, books: Books) -> Desk:
    return Desk(sdk, books, CREDIT)


@pytest.fixture
def debit_desk(sdk: Sdk, books: Books) -> Desk:
    return Desk(sdk, books, DEBIT)


def broken_rule(answer: Any) -> str:
    assert answer.success is False
    (reason,) = answer.reasons
    assert reason.code % 100 == 30
    return str(reason.message)


@both_kinds
def test_the_life_of_a_memo(sdk: Sdk, books: Books, kind: Kind) -> None:
    desk = Desk(sdk, books, kind)
    draft = desk.create(Decimal("10.05"), comment="first")
    assert (draft.success, draft.status, draft.comment) == (True, "Draft", "first")
    assert "draft" in broken_rule(desk.call("unpost_memo", draft.id))
    posted = desk.call("post_memo", draft.id)
    assert (posted.number, posted.status) == (books.number(kind, 1), "Posted")
    assert "posted" in broken_rule(desk.call("cancel_memo", draft.id))
    assert "posted" in broken_rule(desk.call("delete_memo", draft.id))
    assert desk.call("get_memo", posted.number).id == draft.id
    assert desk.call("unpost_memo", posted.number).status == "Draft"
    assert desk.call("cancel_memo", draft.id).status == "Canceled"
    assert books.number(kind, 1) in broken_rule(desk.call("delete_memo", draft.id))
    other = desk.create()
    desk.call("cancel_memo", other.id)
    assert desk.call("delete_memo", other.id).success is True
    with pytest.raises(desk.models.exceptions.NotFoundException):
        desk.call("get_memo", other.id)


@both_kinds
def test_a_memo_is_changed(sdk: Sdk, books: Books, kind: Kind) -> None:
    desk = Desk(sdk, books, kind)
    draft = desk.create()
    (item,) = desk.call("get_memo_items", draft.id).items
    change = desk.model("UpdateMemoItem", id=item.id, amount=Decimal("12.34"), sku_name="SKU-2")
    request = desk.model("UpdateMemoRequest", comment="changed", effective_date="2026-02-01", items=[change])
    changed = desk.call("update_memo", draft.id, request)
    assert (changed.success, changed.comment) == (True, "changed")
    assert Decimal(str(changed.amount)) == Decimal("12.34")
    found = desk.call("get_memo_item", draft.id, item.id)
    assert (found.id, found.sku_name, found.amount) == (item.id, "SKU-2", 12.34)
    desk.call("post_memo", draft.id)
    assert "posted" in broken_rule(desk.call("update_memo", draft.id, request))
    with pytest.raises(desk.models.exceptions.NotFoundException):
        desk.call("get_memo_item", draft.id, "nobody")


@both_kinds
def test_a_memo_is_made_from_an_invoice(sdk: Sdk, books: Books, kind: Kind) -> None:
    desk = Desk(sdk, books, kind)
    invoice = books.invoice("100.00")
    (item_id,) = books.invoice_lines(invoice)
    request = desk.model("CreateMemoFromInvoiceRequest", items=[desk.line(40, item_id)], auto_post=True)
    memo = desk.call("create_memo_from_invoice", invoice["invoiceNumber"], request)
    assert (memo.success, memo.number, memo.amount) == (True, books.number(kind, 1), 40)
    assert (memo.referred_invoice_id, memo.source_type) == (invoice["id"], "Invoice")
    (item,) = desk.call("get_memo_items", memo.id).items
    assert (item.source_item_id, item.sku_name) == (item_id, "SKU")
    if kind is CREDIT:
        large = desk.model("CreateMemoFromInvoiceRequest", items=[desk.line(61, item_id)])
        assert "60.00 EUR" in broken_rule(desk.call("create_memo_from_invoice", invoice["id"], large))
    with pytest.raises(desk.models.exceptions.NotFoundException):
        desk.call("create_memo_from_invoice", "nobody", request)


@both_kinds
def test_memos_are_made_and_changed_in_bulk(sdk: Sdk, books: Books, kind: Kind) -> None:
    desk = Desk(sdk, books, kind)
    charge = desk.model("MemoItemFromChargeDetail", amount=5, charge_id="charge")
    memos = [
        desk.model("CreateMemoFromCharge", account_id=account_id, charges=[charge], auto_post=True)
        for account_id in (books.account_id, "nobody", books.account_id)
    ]
    request = desk.model("BulkCreateMemosFromChargeRequest", source_type="Standalone", memos=memos)
    first, second, third = desk.call("bulk_create_memos", desk.one_of("BulkCreateMemosRequest", request)).memos
    assert [first.number, third.number] == [books.number(kind, 1), books.number(kind, 2)]
    assert second.success is False
    assert "nobody" in second.reasons[0].message
    invoice = books.invoice("100.00")
    (item_id,) = books.invoice_lines(invoice)
    name = "CreateCreditMemoFromInvoice" if kind is CREDIT else "CreateDebitMemosFromInvoiceRequest"
    one = getattr(desk.models, name)(invoice_id=invoice["id"], items=[desk.line(1, item_id)])
    request = desk.model("BulkCreateMemosFromInvoiceRequest", source_type="Invoice", memos=[one])
    (made,) = desk.call("bulk_create_memos", desk.one_of("BulkCreateMemosRequest", request)).memos
    assert (made.success, made.referred_invoice_id) == (True, invoice["id"])
    changes = [
        desk.model("UpdateMemoWithId", id=first.id, comment="one"),
        desk.model("UpdateMemoWithId", id="nobody", comment="two"),
    ]
    answers = desk.call("bulk_update_memos", desk.model("BulkUpdateMemosRequest", memos=changes)).memos
    assert [each.success for each in answers] == [True, False]
    assert answers[0].comment == "one"


@both_kinds
def test_memos_are_listed(sdk: Sdk, books: Books, kind: Kind) -> None:
    desk = Desk(sdk, books, kind)
    small, large = desk.create(5, auto_post=True), desk.create(7)

    def found(**filters: Any) -> list[str]:
        answer = getattr(desk.api, f"get_{desk.noun}s")(account_id=books.account_id, **filters)
        return [memo.id for memo in getattr(answer, kind.list_name)]

    assert found(sort="-amount") == [small.id, large.id]
    assert found(amount=7) == [large.id]
    assert found(number=small.number) == [small.id]
    assert found(referred_invoice_id="nobody") == []
    if kind is CREDIT:
        assert found(unapplied_amount=5.0, applied_amount=0, refund_amount=0) == [small.id]
        assert found(exclude_from_auto_apply_rules=False, auto_apply_upon_posting=False, sort="-number") == sorted(
            (small.id, large.id), key=lambda memo_id: small.number if memo_id == small.id else large.number
        )
    else:
        assert found(balance=5.0, be_applied_amount=0) == [small.id]
        assert found(due_date="2001-01-01") == []
    page = getattr(desk.api, f"get_{desk.noun}s")(account_id=books.account_id, page=1, page_size=1)
    assert "page=2" in page.next_page


def test_a_credit_memo_is_applied_and_taken_back(credit_desk: Desk, debit_desk: Desk, books: Books) -> None:
    models, memo = credit_desk.models, credit_desk.create(10, auto_post=True)
    invoice, debit = books.invoice("4.00"), debit_desk.create(3, auto_post=True)
    request = models.ApplyCreditMemoRequest(
        invoices=[models.ApplyCreditMemoToInvoice(invoice_id=invoice["id"], amount=Decimal("3.50"))],
        debit_memos=[models.ApplyCreditMemoToDebitMemo(debit_memo_id=debit.id, amount=2)],
        effective_date="2026-03-01",
    )
    applied = credit_desk.api.apply_credit_memo(memo.id, request)
    assert (applied.success, applied.applied_amount, applied.unapplied_amount) == (True, 5.5, 4.5)
    assert "0.50 EUR" in broken_rule(credit_desk.api.apply_credit_memo(memo.id, request))
    parts = credit_desk.api.get_credit_memo_parts(memo.id).parts
    assert [(part.invoice_id, part.debit_memo_id, part.amount) for part in parts] == [
        (invoice["id"], None, 3.5),
        (None, debit.id, 2),
    ]
    assert credit_desk.api.get_credit_memo_part(parts[0].id, memo.id).amount == 3.5
    (part,) = debit_desk.api.get_debit_memo_application_parts(debit.id).application_parts
    assert (part.credit_memo_id, part.applied_amount) == (memo.id, 2)
    assert debit_desk.api.get_debit_memo(debit.id).balance == 1
    back = models.UnapplyCreditMemoRequest(
        invoices=[models.UnapplyCreditMemoToInvoice(invoice_id=invoice["id"], amount=1.5)],
        debit_memos=[models.UnapplyCreditMemoToDebitMemo(debit_memo_id=debit.id, amount=2)],
    )
    unapplied = credit_desk.api.unapply_credit_memo(memo.id, back)
    assert (unapplied.applied_amount, unapplied.unapplied_amount) == (2, 8)
    assert "2.00 EUR" in broken_rule(credit_desk.api.unpost_credit_memo(memo.id))
    assert "0.00 EUR" in broken_rule(credit_desk.api.unapply_credit_memo(memo.id, back))


def test_a_credit_memo_is_refunded(credit_desk: Desk, books: Books) -> None:
    models, memo = credit_desk.models, credit_desk.create(10, auto_post=True)
    request = models.RefundCreditMemoRequest(total_amount=Decimal("4.25"), type="External", method_type="Check")
    refund = credit_desk.api.refund_credit_memo(memo.id, request)
    assert (refund.success, refund.number, refund.credit_memo_id) == (True, f"{books.prefix}R-00000001", memo.id)
    assert credit_desk.api.get_credit_memo(memo.id).refund_amount == 4.25
    assert "5.75 EUR" in _first_message(
        credit_desk.api.refund_credit_memo(
            memo.id, models.RefundCreditMemoRequest(total_amount=6, type="External", method_type="Check")
        )
    )
    electronic = models.RefundCreditMemoRequest(total_amount=1, type="Electronic")
    assert "gateway" in _first_message(credit_desk.api.refund_credit_memo(memo.id, electronic))


def _first_message(answer: Any) -> str:
    """The first reason of a refusal, for answers whose model in the SDK has no place for reasons."""
    assert answer.success is False
    return str(answer.additional_properties["reasons"][0]["message"])


def test_a_credit_memo_is_reversed_and_written_off(credit_desk: Desk, debit_desk: Desk, books: Books) -> None:
    models = credit_desk.models
    memo, other = credit_desk.create(10, auto_post=True), credit_desk.create(20, auto_post=True)
    answer = credit_desk.api.reverse_credit_memo(memo.id, models.ReverseCreditMemoRequest(comment="wrong"))
    assert (answer.success, answer.credit_memo.id) == (True, memo.id)
    debit = debit_desk.api.get_debit_memo(answer.debit_memo.id)
    assert (debit.number, debit.amount, debit.balance) == (books.number(DEBIT, 1), 10, 0)
    assert debit.referred_credit_memo_id == memo.id
    assert credit_desk.api.get_credit_memo(memo.id).reversed is True
    assert memo.number in broken_rule(credit_desk.api.reverse_credit_memo(memo.id, models.ReverseCreditMemoRequest()))
    request = models.WriteOffCreditMemoRequest(comment="old")
    written_off = credit_desk.api.write_off_credit_memo(other.id, request)
    assert debit_desk.api.get_debit_memo(written_off.debit_memo.id).number == books.number(DEBIT, 2)
    assert "20.00 EUR" in broken_rule(credit_desk.api.write_off_credit_memo(other.id, request))


def test_a_debit_memo_is_written_off(credit_desk: Desk, debit_desk: Desk, books: Books) -> None:
    debit = debit_desk.create(10, auto_post=True)
    request = debit_desk.models.WriteOffDebitMemoRequest(comment="old")
    written_off = debit_desk.api.write_off_debit_memo(debit.id, request)
    memo = credit_desk.api.get_credit_memo(written_off.credit_memo.id)
    assert (memo.number, memo.applied_amount) == (books.number(CREDIT, 1), 10)
    assert debit.number in broken_rule(debit_desk.api.write_off_debit_memo(debit.id, request))


def test_due_dates_of_debit_memos_are_changed(debit_desk: Desk) -> None:
    models, memo = debit_desk.models, debit_desk.create(due_date="2026-04-01", auto_post=True)
    assert str(memo.due_date) == "2026-04-01"
    due = models.DebitMemoDueDate(id=memo.id, due_date="2026-05-01")
    answer = debit_desk.api.update_debit_memos_due_dates(models.UpdateDebitMemosDueDatesRequest(debit_memos=[due]))
    assert answer.success is True
    assert str(debit_desk.api.get_debit_memo(memo.id).due_date) == "2026-05-01"
    nobody = models.DebitMemoDueDate(id="nobody", due_date="2026-05-01")
    with pytest.raises(models.exceptions.NotFoundException):
        debit_desk.api.update_debit_memos_due_dates(models.UpdateDebitMemosDueDatesRequest(debit_memos=[nobody]))
