"""Invoices through Zuora's official SDK: every operation, and what is refused."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.api.support import SDK_WARNINGS, Sdk, unique_letters

pytestmark = list(SDK_WARNINGS)

TEMPORARY_NUMBER = re.compile(r"TMP-INV-[0-9]{8}")


class Books:
    """A set and an account that uses it, with the calls of a bookkeeper."""

    def __init__(self, sdk: Sdk) -> None:
        self.sdk = sdk
        self.models = models = sdk.models
        self.invoices = sdk.client.invoices_api()
        self.memos = sdk.client.credit_memos_api()
        self.sets = sdk.client.sequence_sets_api()
        self.prefix = unique_letters()
        request = models.CreateSequenceSetRequest(
            name=f"S-{self.prefix}",
            invoice=models.InvoiceEntityPrefix(prefix=f"{self.prefix}I", start_number=7),
            credit_memo=models.CreditMemoEntityPrefix(prefix=f"{self.prefix}C", start_number=3),
            debit_memo=models.DebitMemoEntityPrefix(prefix=f"{self.prefix}D", start_number=1),
        )
        body = models.CreateSequenceSetsRequest(sequence_sets=[request])
        self.set = self.sets.create_sequence_sets(body).sequence_sets[0]
        contact = models.CreateAccountContact(first_name="Ada", last_name="Lovelace", country="United Kingdom")
        account = models.CreateAccountRequest(
            name="Engines", currency="EUR", bill_to_contact=contact, sequence_set_id=self.set.id
        )
        self.account_id = sdk.client.accounts_api().create_account(account).account_id

    def item(self, amount: Any = 10, **fields: Any) -> Any:
        start = date(2026, 1, 1)
        given = {"amount": amount, "charge_name": "Seats", "service_start_date": start, **fields}
        return self.models.CreateInvoiceItem(**given)

    def request(self, *amounts: Any, **fields: Any) -> Any:
        given = {
            "account_id": self.account_id,
            "invoice_date": date(2026, 1, 31),
            "invoice_items": [self.item(amount) for amount in amounts or (10,)],
            **fields,
        }
        return self.models.CreateInvoiceRequest(**given)

    def draft(self, *amounts: Any, **fields: Any) -> Any:
        made = self.invoices.create_standalone_invoice(self.request(*amounts, **fields))
        assert made.success is True, made.reasons
        return made

    def posted(self, *amounts: Any, **fields: Any) -> Any:
        return self.draft(*amounts, status="Posted", **fields)

    def post(self, key: str, **fields: Any) -> Any:
        return self.invoices.post_invoice(key, self.models.PostAsyncInvoiceRequest(**fields))

    def reverse(self, key: str, **fields: Any) -> Any:
        return self.invoices.reverse_invoice(key, self.models.ReverseInvoiceRequest(**fields))

    def write_off(self, key: str, **fields: Any) -> Any:
        return self.invoices.write_off_invoice(key, self.models.WriteOffInvoiceRequest(**fields))

    def update(self, key: str, **fields: Any) -> Any:
        return self.invoices.update_invoice(key, self.models.UpdateInvoiceRequest(**fields))

    def batch(self, *requests: Any, **fields: Any) -> Any:
        body = self.models.BulkCreateInvoicesRequest(invoices=list(requests), **fields)
        return self.invoices.bulk_create_standalone_invoices(body)

    def items(self, key: str) -> Any:
        return self.invoices.get_invoice_items(key).invoice_items

    def apply_memo(self, invoice: Any, amount: Any) -> Any:
        """A posted memo of the account, of which so much is applied to an invoice."""
        charge = self.models.CreditMemoItemFromChargeDetail(amount=amount, charge_id="charge")
        request = self.models.CreateCreditMemoFromChargeRequest(
            account_id=self.account_id, charges=[charge], auto_post=True
        )
        memo = self.memos.create_credit_memo_from_charge(request)
        portion = self.models.ApplyCreditMemoToInvoice(amount=amount, invoice_id=invoice.id)
        applied = self.memos.apply_credit_memo(memo.id, self.models.ApplyCreditMemoRequest(invoices=[portion]))
        assert applied.success is True, applied.reasons
        return memo

    def pay(self, invoice: Any, amount: Any) -> Any:
        """A payment from outside that is applied to an invoice."""
        portion = self.models.CreatePaymentInvoiceApplication(amount=amount, invoice_id=invoice.id)
        request = self.models.CreatePaymentRequest(
            account_id=self.account_id, amount=amount, currency="EUR", type="External", invoices=[portion]
        )
        paid = self.sdk.client.payments_api().create_payment(request)
        assert paid.success is True, paid.reasons
        return paid

    def number(self, ordinal: int) -> str:
        return f"{self.prefix}I{ordinal:08d}"

    def next_numbers(self) -> tuple[int, int]:
        """The ordinals that come next of invoices and credit memos."""
        shown = self.sets.get_sequence_set(self.set.id)
        invoice, memo = (each.additional_properties["nextNumber"] for each in (shown.invoice, shown.credit_memo))
        return invoice, memo


@pytest.fixture
def books(sdk: Sdk) -> Books:
    return Books(sdk)


def broken_rule(answer: Any) -> str:
    assert answer.success is False
    (reason,) = answer.reasons
    assert int(reason.code) % 100 == 30
    return str(reason.message)


def test_a_draft_is_created_read_and_posted(books: Books) -> None:
    draft = books.draft(Decimal("100.10"), 20, comments="for January", payment_term="Net 30")
    assert TEMPORARY_NUMBER.fullmatch(draft.invoice_number)
    assert (draft.status, draft.sequence_set_id) == ("Draft", books.set.id)
    assert (Decimal(str(draft.amount)), Decimal(str(draft.balance))) == (Decimal("120.10"), Decimal("120.10"))
    assert (draft.invoice_date, draft.due_date) == ("2026-01-31", "2026-01-31")
    assert (draft.source, draft.source_type, draft.posted_date) == ("API", "Standalone", None)
    assert books.next_numbers() == (7, 3)
    job = books.post(draft.id)
    assert (job.success, job.id, job.job_status) == (True, draft.id, "Completed")
    found = books.invoices.get_invoice(draft.id)
    assert (found.invoice_number, found.status) == (books.number(7), "Posted")
    assert (found.comments, found.payment_term, found.posted_by) == (
        "for January",
        "Net 30",
        books.sdk.client.client_id,
    )
    assert found.posted_date is not None
    assert books.invoices.get_invoice(books.number(7)).id == draft.id
    assert books.next_numbers() == (8, 3)


def test_an_invoice_is_numbered_at_once_when_it_is_created_posted(books: Books) -> None:
    assert [books.posted().invoice_number for _ in range(3)] == [books.number(7), books.number(8), books.number(9)]


def test_posting_may_set_the_date(books: Books) -> None:
    draft = books.draft(due_date=date(2026, 3, 1))
    books.post(draft.invoice_number, invoice_date=date(2026, 2, 5))
    found = books.invoices.get_invoice(draft.id)
    assert (found.invoice_date, found.due_date) == ("2026-02-05", "2026-03-01")


def test_items_are_listed_with_their_taxes(books: Books) -> None:
    tax = books.models.CreateTaxationItem(
        name="VAT",
        tax_amount=Decimal("1.90"),
        tax_code="S",
        tax_date=date(2026, 1, 31),
        tax_mode="TaxExclusive",
        tax_rate=Decimal("0.19"),
        tax_rate_type="Percentage",
    )
    taxed = books.item(10, description="ten seats", quantity=10, unit_price=1, uom="Seat", tax_items=[tax])
    invoice = books.draft(invoice_items=[taxed, books.item(5)])
    assert (invoice.amount, invoice.amount_without_tax, invoice.tax_amount) == (16.9, 15, 1.9)
    first, second = books.items(invoice.id)
    assert (first.charge_name, first.description, first.quantity, first.unit_price) == ("Seats", "ten seats", 10, 1)
    assert (first.unit_of_measure, first.service_start_date) == ("Seat", "2026-01-01")
    assert (float(first.charge_amount), float(first.tax_amount)) == (10, 1.9)
    (shown,) = first.taxation_items.data
    assert (shown.name, shown.tax_amount, shown.tax_rate, shown.balance) == ("VAT", 1.9, 0.19, 1.9)
    assert (float(second.charge_amount), second.taxation_items.data) == (5, [])


def test_items_come_in_pages(books: Books) -> None:
    invoice = books.draft(*range(1, 6))
    first = books.invoices.get_invoice_items(invoice.id, page_size=3, page=1)
    assert [float(item.charge_amount) for item in first.invoice_items] == [1, 2, 3]
    assert f"/v1/invoices/{invoice.id}/items?page=2&pageSize=3" in first.next_page
    second = books.invoices.get_invoice_items(invoice.id, page_size=3, page=2)
    assert [float(item.charge_amount) for item in second.invoice_items] == [4, 5]
    assert second.next_page is None


def test_a_draft_is_changed(books: Books) -> None:
    invoice = books.draft(10, 20)
    first, second = books.items(invoice.id)
    change = books.models.UpdateInvoiceItem(id=first.id, amount=Decimal("12.50"), description="more")
    removed = books.models.UpdateInvoiceItem(id=second.id, delete=True)
    new = books.models.UpdateInvoiceItem(amount=1, charge_name="Setup", service_start_date=date(2026, 1, 2))
    changed = books.update(
        invoice.id,
        invoice_items=[change, removed, new],
        invoice_date=date(2026, 2, 1),
        due_date=date(2026, 2, 28),
        comments="changed",
        auto_pay=True,
    )
    assert (changed.success, changed.id, changed.number) == (True, invoice.id, invoice.invoice_number)
    assert (changed.amount, changed.balance, changed.comment, changed.auto_pay) == (13.5, 13.5, "changed", True)
    assert (changed.invoice_date, changed.due_date) == ("2026-02-01", "2026-02-28")
    shown = [(item.charge_name, float(item.charge_amount), item.description) for item in books.items(invoice.id)]
    assert shown == [("Seats", 12.5, "more"), ("Setup", 1, "")]


def test_of_a_posted_invoice_only_what_is_kept_changes(books: Books) -> None:
    invoice = books.posted()
    changed = books.update(invoice.id, due_date=date(2026, 4, 1), comments="later", transferred_to_accounting="Yes")
    assert (changed.due_date, changed.comment, changed.transferred_to_accounting) == ("2026-04-01", "later", "Yes")
    (item,) = books.items(invoice.id)
    change = books.models.UpdateInvoiceItem(id=item.id, amount=1)
    for fields in ({"invoice_date": date(2026, 4, 1)}, {"invoice_items": [change]}):
        assert "posted" in broken_rule(books.update(invoice.id, **fields))
    assert books.invoices.get_invoice(invoice.id).amount == 10


def test_several_invoices_are_changed_all_or_none(books: Books) -> None:
    drafts = [books.draft(), books.draft()]
    one = books.models.InvoiceForBulkUpdate

    def update(*changes: Any) -> Any:
        return books.invoices.bulk_update_invoices(books.models.BulkUpdateInvoicesRequest(invoices=list(changes)))

    def comments() -> list[str]:
        return [books.invoices.get_invoice(draft.id).comments for draft in drafts]

    done = update(*(one(id=draft.id, comments="both") for draft in drafts))
    assert (done.success, comments()) == (True, ["both", "both"])
    with pytest.raises(books.models.exceptions.NotFoundException) as caught:
        update(one(id=drafts[0].id, comments="one"), one(id="nobody", comments="other"))
    assert "invoices[1]" in caught.value.body
    posted = books.posted()
    refused = update(one(id=drafts[0].id, comments="one"), one(id=posted.id, invoice_date=date(2026, 5, 1)))
    assert "invoices[1]" in broken_rule(refused)
    assert comments() == ["both", "both"]


def test_unposting_keeps_the_number(books: Books) -> None:
    invoice = books.posted()
    unposted = books.invoices.unpost_invoice(invoice.id)
    assert unposted.success is True
    assert (unposted.invoice.invoice_number, unposted.invoice.status) == (books.number(7), "Draft")
    assert unposted.invoice.posted_date is None
    assert books.posted().invoice_number == books.number(8)
    books.post(invoice.id)
    assert books.invoices.get_invoice(invoice.id).invoice_number == books.number(7)
    assert books.next_numbers() == (9, 3)


def test_what_has_been_settled_is_not_unposted(books: Books) -> None:
    invoice = books.posted(10)
    books.pay(invoice, 4)
    message = broken_rule(books.invoices.unpost_invoice(invoice.id))
    assert "4.00 EUR" in message
    found = books.invoices.get_invoice(invoice.id)
    assert (found.status, found.balance, found.credit_memo_amount, found.payment_amount) == ("Posted", 6, 0, 4)


def test_what_is_applied_is_listed(books: Books) -> None:
    invoice = books.posted(10, 20)
    assert books.invoices.get_invoice_application_parts(invoice.id).application_parts == []
    memos = [books.apply_memo(invoice, amount) for amount in (4, 8)]
    payment = books.pay(invoice, 1)
    first = books.invoices.get_invoice_application_parts(invoice.id, page_size=2, page=1)
    assert [(part.credit_memo_id, part.applied_amount) for part in first.application_parts] == [
        (memos[0].id, 4),
        (memos[1].id, 8),
    ]
    assert first.next_page is not None
    (last,) = books.invoices.get_invoice_application_parts(invoice.id, page_size=2, page=2).application_parts
    assert (last.credit_memo_id, last.applied_amount, last.payment_id) == (None, 1, payment.id)
    found = books.invoices.get_invoice(invoice.id)
    assert (found.balance, found.credit_memo_amount, found.payment_amount) == (17, 12, 1)
    assert [float(item.balance) for item in books.items(invoice.id)] == [0, 17]


def test_a_draft_is_cancelled_and_deleted(books: Books) -> None:
    draft = books.draft()
    assert "draft" in broken_rule(books.invoices.delete_invoice(draft.id))
    cancelled = books.invoices.cancel_invoice(draft.id)
    assert (cancelled.success, cancelled.id, cancelled.job_status) == (True, draft.id, "Completed")
    assert books.invoices.get_invoice(draft.id).status == "Canceled"
    assert "canceled" in broken_rule(books.post(draft.id))
    assert "canceled" in broken_rule(books.update(draft.id, comments="x"))
    deleted = books.invoices.delete_invoice(draft.id)
    assert (deleted.success, deleted.object_id, deleted.object_type) == (True, draft.id, "Invoice")
    assert (deleted.operation_type, deleted.status) == ("Delete", "Completed")
    with pytest.raises(books.models.exceptions.NotFoundException):
        books.invoices.get_invoice(draft.id)
    assert books.next_numbers() == (7, 3)


def test_what_was_issued_is_never_deleted(books: Books) -> None:
    invoice = books.posted()
    assert "posted" in broken_rule(books.invoices.delete_invoice(invoice.id))
    assert "posted" in broken_rule(books.invoices.cancel_invoice(invoice.id))
    books.invoices.unpost_invoice(invoice.id)
    assert books.invoices.cancel_invoice(invoice.id).success is True
    assert books.number(7) in broken_rule(books.invoices.delete_invoice(invoice.id))
    assert books.invoices.get_invoice(books.number(7)).status == "Canceled"


def test_steps_out_of_order_are_refused_and_take_no_number(books: Books) -> None:
    draft, posted = books.draft(), books.posted()
    assert "draft" in broken_rule(books.invoices.unpost_invoice(draft.id))
    assert "draft" in broken_rule(books.reverse(draft.id))
    assert "draft" in broken_rule(books.write_off(draft.id))
    assert "posted" in broken_rule(books.post(posted.id))
    assert books.next_numbers() == (8, 3)


def test_a_reversal_makes_a_credit_memo_that_is_posted_and_applied(books: Books) -> None:
    invoice = books.posted(10, 20)
    reversed_ = books.reverse(invoice.id, memo_date=date(2026, 2, 2), comment="wrong address", reason_code="Address")
    assert reversed_.success is True
    assert [memo.id for memo in reversed_.credit_memos] == [reversed_.credit_memo.id]
    assert reversed_.debit_memo is None
    memo = books.memos.get_credit_memo(reversed_.credit_memo.id)
    assert (memo.number, memo.status, memo.referred_invoice_id) == (f"{books.prefix}C00000003", "Posted", invoice.id)
    assert (memo.amount, memo.applied_amount, memo.unapplied_amount) == (30, 30, 0)
    assert (memo.comment, memo.reason_code, str(memo.credit_memo_date)) == ("wrong address", "Address", "2026-02-02")
    found = books.invoices.get_invoice(invoice.id)
    assert (found.status, found.balance, found.credit_memo_amount) == ("Posted", 0, 30)
    assert found.additional_properties["reversed"] is True
    assert books.number(7) in broken_rule(books.reverse(invoice.id))
    assert books.number(7) in broken_rule(books.invoices.unpost_invoice(invoice.id))
    assert books.next_numbers() == (8, 4)


def test_what_has_been_settled_is_not_reversed(books: Books) -> None:
    invoice = books.posted(10)
    books.pay(invoice, Decimal("0.01"))
    assert "0.01 EUR" in broken_rule(books.reverse(invoice.id))
    assert books.next_numbers() == (8, 3)


def test_what_has_been_credited_is_not_reversed_again(books: Books) -> None:
    invoice = books.posted(10)
    (item,) = books.items(invoice.id)
    models = books.models
    line = models.CreditMemoItemFromInvoiceItem(amount=4, invoice_item_id=item.id, sku_name="Seats")
    body = models.CreateCreditMemoFromInvoiceRequest(items=[line], auto_post=True)
    assert books.memos.create_credit_memo_from_invoice(invoice.id, body).success is True
    message = broken_rule(books.reverse(invoice.id))
    assert "10.00 EUR" in message
    assert "6.00 EUR" in message
    assert "made from it" in broken_rule(books.invoices.unpost_invoice(invoice.id))
    assert books.next_numbers() == (8, 4)


def test_a_write_off_credits_what_remains(books: Books) -> None:
    invoice = books.posted(10)
    books.pay(invoice, 4)
    with pytest.raises(books.models.exceptions.BadRequestException) as caught:
        books.write_off(invoice.id, amount=10)
    assert "6.00 EUR" in caught.value.body
    assert books.next_numbers() == (8, 3)
    done = books.write_off(invoice.id, comment="lost", reason_code="Bad debt", memo_date=date(2026, 3, 3), amount=6)
    assert done.success is True
    memo = books.memos.get_credit_memo(done.credit_memo.id)
    assert (memo.number, memo.status) == (f"{books.prefix}C00000003", "Posted")
    assert (memo.amount, memo.unapplied_amount, memo.comment, memo.reason_code) == (6, 0, "lost", "Bad debt")
    found = books.invoices.get_invoice(invoice.id)
    assert (found.balance, found.credit_memo_amount, found.additional_properties["reversed"]) == (0, 6, False)
    assert "nothing" in broken_rule(books.write_off(invoice.id))
    assert books.next_numbers() == (8, 4)


def test_a_write_off_names_all_items_or_none(books: Books) -> None:
    invoice = books.posted(10, 20)
    first, second = (
        books.models.CreditMemoItemFromWriteOffInvoice(invoice_item_id=item.id, comment=f"line {index}")
        for index, item in enumerate(books.items(invoice.id))
    )
    with pytest.raises(books.models.exceptions.BadRequestException) as caught:
        books.write_off(invoice.id, items=[first])
    assert "items" in caught.value.body
    done = books.write_off(invoice.id, items=[second, first])
    assert books.memos.get_credit_memo(done.credit_memo.id).amount == 30


def test_each_of_several_invoices_succeeds_or_fails_alone(books: Books) -> None:
    bad = books.request(1, account_id="nobody")
    answer = books.batch(books.request(1, status="Posted"), bad, books.request(3, status="Posted"))
    assert answer.success is True
    first, second, third = answer.invoices
    assert (first.success, first.invoice_number, first.amount) == (True, books.number(7), 1)
    assert (third.success, third.invoice_number, third.amount) == (True, books.number(8), 3)
    assert (second.success, second.id, second.additional_properties["objectIndex"]) == (False, None, 1)
    assert len(second.process_id) == 16
    assert "nobody" in second.reasons[0].message
    assert books.next_numbers() == (9, 3)


def test_several_invoices_in_a_single_transaction_are_all_or_none(books: Books) -> None:
    good = books.request(1, status="Posted")
    with pytest.raises(books.models.exceptions.NotFoundException) as caught:
        books.batch(good, books.request(1, account_id="nobody"), use_single_transaction=True)
    assert "invoices[1]" in caught.value.body
    assert books.next_numbers() == (7, 3)
    answer = books.batch(good, good, use_single_transaction=True)
    assert [each.invoice_number for each in answer.invoices] == [books.number(7), books.number(8)]


def test_several_drafts_are_posted_each_alone(books: Books) -> None:
    drafts = [books.draft(), books.draft()]
    posted = books.posted()
    one = books.models.PostInvoiceRequest
    wanted = [
        one(id=drafts[1].id, invoice_date=date(2026, 6, 1)),
        one(id=posted.id),
        one(id="nobody"),
        one(id=drafts[0].id),
    ]
    answer = books.invoices.bulk_post_invoices(books.models.BulkPostInvoicesRequest(invoices=wanted))
    assert answer.success is True
    assert [each.success for each in answer.invoices] == [True, False, False, True]
    assert [each.id for each in answer.invoices] == [each.id for each in wanted]
    assert "posted" in answer.invoices[1].reasons[0].message
    assert int(answer.invoices[2].reasons[0].code) % 100 == 40
    shown = [books.invoices.get_invoice(draft.id) for draft in drafts]
    assert [each.invoice_number for each in shown] == [books.number(9), books.number(8)]
    assert [each.invoice_date for each in shown] == ["2026-01-31", "2026-06-01"]


def test_an_invoice_may_name_its_set(books: Books, sdk: Sdk) -> None:
    other = Books(sdk)
    for key in (other.set.id, other.set.name, other.set.additional_properties["sequenceSetNumber"]):
        made = books.posted(sequence_set=key)
        assert (made.sequence_set_id, made.account_id) == (other.set.id, books.account_id)
    assert (books.next_numbers(), other.next_numbers()) == ((7, 3), (10, 3))
    with pytest.raises(books.models.exceptions.BadRequestException) as caught:
        books.posted(sequence_set="nothing")
    assert "sequenceSet" in caught.value.body


def test_what_does_not_exist_is_not_found(books: Books) -> None:
    calls = [
        books.invoices.get_invoice,
        books.invoices.get_invoice_items,
        books.invoices.get_invoice_application_parts,
        books.invoices.unpost_invoice,
        books.invoices.cancel_invoice,
        books.invoices.delete_invoice,
        books.post,
        books.reverse,
        books.write_off,
        books.update,
    ]
    for call in calls:
        with pytest.raises(books.models.exceptions.NotFoundException) as caught:
            call("nobody")
        assert "no invoice 'nobody'" in caught.value.body
