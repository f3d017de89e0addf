"""`/v1/accounts/{key}/summary`, and what an account owes and has to its credit."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from seriatim.api.zuora.account_fields import BILL_TO, BILLING_FIELDS, SHIP_TO, SOLD_TO, TOP_FIELDS
from seriatim.api.zuora.document_views import BILLING_STATUS_NAMES, PAYMENT_STATUS_NAMES
from seriatim.api.zuora.payment_fields import EXTERNAL
from seriatim.api.zuora.wire import Answer, encode, vendor_name
from seriatim.auth.permissions import Permission
from seriatim.domain.account import Account
from seriatim.domain.document import Document, Status
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Part
from seriatim.errors import NotFound
from seriatim.http.endpoint import Call, Endpoint, Reply
from seriatim.service.ports import DocumentQuery, OpenAmount, SortField

LATEST_MAX = 6
"""Invoices and payments that a summary shows (Zuora: "Only returns the last 6")."""
SUMMARY_BILLING_FIELDS = frozenset(
    {
        "additionalEmailAddresses",
        "autoPay",
        "billCycleDay",
        "invoiceDeliveryPrefsEmail",
        "invoiceDeliveryPrefsPrint",
    }
)
"""What a summary shows in its `basicInfo` of the fields that `GET /v1/accounts/{key}` has elsewhere."""


class Metrics(Answer, kw_only=True):
    """What an account owes and has to its credit, in one currency. What has no counterpart here is zero."""

    currency: str
    balance: Decimal
    contracted_mrr: Decimal
    credit_balance: Decimal
    reserved_payment_amount: Decimal
    total_debit_memo_balance: Decimal
    total_invoice_balance: Decimal
    unapplied_credit_memo_amount: Decimal
    unapplied_payment_amount: Decimal


class SummaryQuery(msgspec.Struct, rename=vendor_name, forbid_unknown_fields=True):
    """What a summary may leave out: usage, of which there is none."""

    exclude_usage: bool | None = None


class SummaryInvoice(Answer, kw_only=True):
    """One of the latest invoices."""

    id: str
    amount: Decimal
    balance: Decimal
    due_date: date | None
    invoice_date: date
    invoice_number: str
    status: str


class PaidInvoice(Answer, kw_only=True):
    """How much of a payment an invoice has had. The amount is a text, as Zuora's SDK has it."""

    applied_payment_amount: str
    invoice_id: str
    invoice_number: str


class SummaryPayment(Answer, kw_only=True):
    """One of the latest payments."""

    id: str
    effective_date: date
    paid_invoices: list[PaidInvoice]
    payment_number: str
    payment_type: str = EXTERNAL
    status: str


class AccountSummary(Answer, kw_only=True):
    """An account with its balance and its latest invoices and payments."""

    basic_info: dict[str, Any]
    bill_to_contact: dict[str, Any]
    invoices: list[SummaryInvoice]
    payments: list[SummaryPayment]
    ship_to_contact: dict[str, Any]
    sold_to_contact: dict[str, Any]
    subscriptions: list[dict[str, Any]]
    tax_info: dict[str, Any] | UnsetType = UNSET
    usage: list[dict[str, Any]]
    success: bool = True


def metrics_of(account: Account, open_amounts: Iterable[OpenAmount]) -> list[Metrics]:
    """What an account owes and has to its credit by currency, its own currency first."""
    totals = Counter({(row.currency, row.kind): row.open_minor for row in open_amounts})
    currencies = [account.currency, *sorted({currency for currency, _ in totals} - {account.currency})]
    return [_metrics(currency, {kind: totals[currency, kind] for kind in Kind}) for currency in currencies]


def _metrics(currency: str, totals: Mapping[Kind, int]) -> Metrics:
    owed_minor = totals[Kind.INVOICE] + totals[Kind.DEBIT_MEMO]
    balance_minor = owed_minor - totals[Kind.CREDIT_MEMO] - totals[Kind.PAYMENT]
    zero = to_decimal(0, currency)
    return Metrics(
        currency=currency,
        balance=to_decimal(balance_minor, currency),
        contracted_mrr=zero,
        credit_balance=zero,
        reserved_payment_amount=zero,
        total_debit_memo_balance=to_decimal(totals[Kind.DEBIT_MEMO], currency),
        total_invoice_balance=to_decimal(totals[Kind.INVOICE], currency),
        unapplied_credit_memo_amount=to_decimal(totals[Kind.CREDIT_MEMO], currency),
        unapplied_payment_amount=to_decimal(totals[Kind.PAYMENT], currency),
    )


async def get_account_summary(call: Call[None, SummaryQuery]) -> Reply:
    """Retrieve an account with its balance and its latest invoices and payments.

    Raises: NotFound.
    """
    store, key = call.edge.store, call.path_params["key"]
    account = await store.find_account(call.caller.entity_id, key, call.caller.org_ids)
    if account is None:
        raise NotFound("account", key)
    open_amounts, invoices, payments, last_invoice, last_payment = await asyncio.gather(
        store.list_open_amounts(account.id),
        store.list_documents(_latest(account, Kind.INVOICE)),
        store.list_documents(_latest(account, Kind.PAYMENT)),
        store.list_documents(_latest(account, Kind.INVOICE, Status.POSTED)),
        store.list_documents(_latest(account, Kind.PAYMENT, Status.PROCESSED)),
    )
    parts = await asyncio.gather(*(store.list_parts(payment.id) for payment in payments))
    last_amount = None
    if last_payment:
        last_amount = f"{to_decimal(last_payment[0].amount_minor, last_payment[0].currency):f}"
    kept, contacts = account.fields, account.contacts
    summary = AccountSummary(
        basic_info={
            **basic_info_of(account),
            "currency": account.currency,
            **{name: value for name, value in kept.items() if name in SUMMARY_BILLING_FIELDS},
            "balance": f"{metrics_of(account, open_amounts)[0].balance:f}",
            "lastInvoiceDate": last_invoice[0].document_date if last_invoice else None,
            "lastPaymentAmount": last_amount,
            "lastPaymentDate": last_payment[0].document_date if last_payment else None,
        },
        bill_to_contact=dict(contacts[BILL_TO]),
        invoices=[_invoice(invoice) for invoice in invoices],
        payments=[_payment(*pair) for pair in zip(payments, parts, strict=True)],
        ship_to_contact=dict(contacts[SHIP_TO]),
        sold_to_contact=dict(contacts[SOLD_TO]),
        subscriptions=[],
        tax_info=kept.get("taxInfo", UNSET),
        usage=[],
    )
    return Reply(200, encode(summary))


def _latest(account: Account, kind: Kind, status: Status | None = None) -> DocumentQuery:
    """The latest documents of a kind by their date; of a status only the very last."""
    return DocumentQuery(
        entity_id=account.entity_id,
        kind=kind,
        account_id=account.id,
        status=status,
        sort=((SortField.DOCUMENT_DATE, True), (SortField.CREATED_AT, True)),
        limit=LATEST_MAX if status is None else 1,
    )


def basic_info_of(account: Account) -> dict[str, Any]:
    """The section `basicInfo` of an account: what has no section of its own."""
    kept = account.fields
    return {
        "id": account.id,
        "accountNumber": account.number,
        "name": account.name,
        "status": "Active",
        "sequenceSetId": account.sequence_set_id,
        **{name: value for name, value in kept.items() if name not in BILLING_FIELDS | TOP_FIELDS},
    }


def _invoice(invoice: Document) -> SummaryInvoice:
    return SummaryInvoice(
        id=invoice.id,
        amount=to_decimal(invoice.amount_minor, invoice.currency),
        balance=to_decimal(invoice.open_minor, invoice.currency),
        due_date=invoice.due_date,
        invoice_date=invoice.document_date,
        invoice_number=invoice.number,
        status=BILLING_STATUS_NAMES[invoice.status],
    )


def _payment(payment: Document, parts: list[Part]) -> SummaryPayment:
    return SummaryPayment(
        id=payment.id,
        effective_date=payment.document_date,
        paid_invoices=[
            PaidInvoice(
                applied_payment_amount=f"{to_decimal(part.application.amount_minor, payment.currency):f}",
                invoice_id=part.other.id,
                invoice_number=part.other.number,
            )
            for part in parts
            if part.other.kind is Kind.INVOICE
        ],
        payment_number=payment.number,
        status=PAYMENT_STATUS_NAMES[payment.status],
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/v1/accounts/{key}/summary",
        operation_id="GET_AccountSummary",
        summary="Retrieve an account summary",
        handler=get_account_summary,
        permission=Permission.READ,
        query=SummaryQuery,
        answer=AccountSummary,
        tag="Accounts",
    ),
]
