"""How Zuora's official SDK for Python calls the operations: package `zuora_sdk` 3.21, its names as it generates them.

The SDK names its methods for itself, so that they do not follow from an operation's id. A test holds each of them to
the method and the path that it calls.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SdkMethod:
    """A method of the SDK."""

    api: str
    """The method of the client that gives the part of the API that has it."""
    name: str
    path_arguments: tuple[str, ...] = ()
    """The names of the path's parameters, in the path's order."""
    model: str = ""
    """The class of the body; empty where the method takes none."""
    body_argument: str = "body"


def argument_name(name: str) -> str:
    """How the SDK calls the argument for a query parameter or a header: `page_size`, `idempotency_key`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


SDK_METHODS: Mapping[str, SdkMethod] = {
    "POST_CreditMemoFromCharge": SdkMethod(
        "credit_memos_api", "create_credit_memo_from_charge", (), "CreateCreditMemoFromChargeRequest"
    ),
    "GET_CreditMemos": SdkMethod("credit_memos_api", "get_credit_memos"),
    "POST_CreateCreditMemos": SdkMethod(
        "credit_memos_api", "bulk_create_credit_memos", (), "BulkCreateCreditMemosRequest"
    ),
    "PUT_UpdateCreditMemos": SdkMethod(
        "credit_memos_api", "bulk_update_credit_memos", (), "BulkUpdateCreditMemosRequest"
    ),
    "POST_CreditMemoFromInvoice": SdkMethod(
        "credit_memos_api", "create_credit_memo_from_invoice", ("invoice_key",), "CreateCreditMemoFromInvoiceRequest"
    ),
    "GET_CreditMemo": SdkMethod("credit_memos_api", "get_credit_memo", ("credit_memo_key",)),
    "PUT_UpdateCreditMemo": SdkMethod(
        "credit_memos_api", "update_credit_memo", ("credit_memo_key",), "UpdateCreditMemoRequest"
    ),
    "DELETE_CreditMemo": SdkMethod("credit_memos_api", "delete_credit_memo", ("credit_memo_key",)),
    "PUT_PostCreditMemo": SdkMethod("credit_memos_api", "post_credit_memo", ("credit_memo_key",)),
    "PUT_UnpostCreditMemo": SdkMethod("credit_memos_api", "unpost_credit_memo", ("credit_memo_key",)),
    "PUT_CancelCreditMemo": SdkMethod("credit_memos_api", "cancel_credit_memo", ("credit_memo_key",)),
    "PUT_ApplyCreditMemo": SdkMethod(
        "credit_memos_api", "apply_credit_memo", ("credit_memo_key",), "ApplyCreditMemoRequest"
    ),
    "PUT_UnapplyCreditMemo": SdkMethod(
        "credit_memos_api", "unapply_credit_memo", ("credit_memo_key",), "UnapplyCreditMemoRequest"
    ),
    "PUT_ReverseCreditMemo": SdkMethod(
        "credit_memos_api", "reverse_credit_memo", ("credit_memo_key",), "ReverseCreditMemoRequest", "request"
    ),
    "PUT_WriteOffCreditMemo": SdkMethod(
        "credit_memos_api", "write_off_credit_memo", ("credit_memo_key",), "WriteOffCreditMemoRequest", "request"
    ),
    "POST_RefundCreditMemo": SdkMethod(
        "credit_memos_api", "refund_credit_memo", ("credit_memo_key",), "RefundCreditMemoRequest"
    ),
    "GET_CreditMemoItems": SdkMethod("credit_memos_api", "get_credit_memo_items", ("credit_memo_key",)),
    "GET_CreditMemoItem": SdkMethod(
        "credit_memos_api", "get_credit_memo_item", ("credit_memo_key", "credit_memo_item_id")
    ),
    "GET_CreditMemoParts": SdkMethod("credit_memos_api", "get_credit_memo_parts", ("credit_memo_key",)),
    "GET_CreditMemoPart": SdkMethod("credit_memos_api", "get_credit_memo_part", ("credit_memo_key", "part_id")),
    "POST_StandaloneInvoice": SdkMethod(
        "invoices_api", "create_standalone_invoice", (), "CreateInvoiceRequest", "request"
    ),
    "PUT_BatchUpdateInvoices": SdkMethod(
        "invoices_api", "bulk_update_invoices", (), "BulkUpdateInvoicesRequest", "request"
    ),
    "POST_StandaloneInvoices": SdkMethod(
        "invoices_api", "bulk_create_standalone_invoices", (), "BulkCreateInvoicesRequest", "request"
    ),
    "POST_PostInvoices": SdkMethod("invoices_api", "bulk_post_invoices", (), "BulkPostInvoicesRequest", "request"),
    "Get_GetInvoice": SdkMethod("invoices_api", "get_invoice", ("invoice_key",)),
    "PUT_UpdateInvoice": SdkMethod(
        "invoices_api", "update_invoice", ("invoice_key",), "UpdateInvoiceRequest", "request"
    ),
    "DELETE_DeleteInvoice": SdkMethod("invoices_api", "delete_invoice", ("invoice_key",)),
    "GET_InvoiceItems": SdkMethod("invoices_api", "get_invoice_items", ("invoice_key",)),
    "Get_InvoiceApplicationParts": SdkMethod("invoices_api", "get_invoice_application_parts", ("invoice_key",)),
    "PUT_PostInvoice": SdkMethod(
        "invoices_api", "post_invoice", ("invoice_key",), "PostAsyncInvoiceRequest", "post_async_invoice_request"
    ),
    "PUT_UnpostInvoice": SdkMethod("invoices_api", "unpost_invoice", ("invoice_key",)),
    "PUT_CancelInvoice": SdkMethod("invoices_api", "cancel_invoice", ("invoice_key",)),
    "PUT_ReverseInvoice": SdkMethod(
        "invoices_api", "reverse_invoice", ("invoice_key",), "ReverseInvoiceRequest", "request"
    ),
    "PUT_WriteOffInvoice": SdkMethod(
        "invoices_api", "write_off_invoice", ("invoice_key",), "WriteOffInvoiceRequest", "request"
    ),
    "POST_DebitMemoFromCharge": SdkMethod(
        "debit_memos_api", "create_debit_memo_from_charge", (), "CreateDebitMemoFromChargeRequest"
    ),
    "PUT_UpdateDebitMemosDueDates": SdkMethod(
        "debit_memos_api", "update_debit_memos_due_dates", (), "UpdateDebitMemosDueDatesRequest"
    ),
    "GET_DebitMemos": SdkMethod("debit_memos_api", "get_debit_memos"),
    "POST_CreateDebitMemos": SdkMethod("debit_memos_api", "bulk_create_debit_memos", (), "BulkCreateDebitMemosRequest"),
    "PUT_UpdateDebitMemos": SdkMethod("debit_memos_api", "bulk_update_debit_memos", (), "BulkUpdateDebitMemosRequest"),
    "POST_DebitMemoFromInvoice": SdkMethod(
        "debit_memos_api", "create_debit_memo_from_invoice", ("invoice_key",), "CreateDebitMemoFromInvoiceRequest"
    ),
    "GET_DebitMemo": SdkMethod("debit_memos_api", "get_debit_memo", ("debit_memo_key",)),
    "PUT_DebitMemo": SdkMethod("debit_memos_api", "update_debit_memo", ("debit_memo_key",), "UpdateDebitMemoRequest"),
    "DELETE_DebitMemo": SdkMethod("debit_memos_api", "delete_debit_memo", ("debit_memo_key",)),
    "PUT_PostDebitMemo": SdkMethod("debit_memos_api", "post_debit_memo", ("debit_memo_key",)),
    "PUT_UnpostDebitMemo": SdkMethod("debit_memos_api", "unpost_debit_memo", ("debit_memo_key",)),
    "PUT_CancelDebitMemo": SdkMethod("debit_memos_api", "cancel_debit_memo", ("debit_memo_key",)),
    "GET_DebitMemoItems": SdkMethod("debit_memos_api", "get_debit_memo_items", ("debit_memo_key",)),
    "GET_DebitMemoItem": SdkMethod("debit_memos_api", "get_debit_memo_item", ("debit_memo_key", "debit_memo_item_id")),
    "GET_DebitMemoApplicationParts": SdkMethod(
        "debit_memos_api", "get_debit_memo_application_parts", ("debit_memo_key",)
    ),
    "PUT_WriteOffDebitMemo_OlderPath": SdkMethod(
        "debit_memos_api", "write_off_debit_memo", ("debit_memo_key",), "WriteOffDebitMemoRequest", "request"
    ),
    "POST_CreatePayment": SdkMethod("payments_api", "create_payment", (), "CreatePaymentRequest"),
    "GET_RetrieveAllPayments": SdkMethod("payments_api", "get_retrieve_all_payments"),
    "GET_Payment": SdkMethod("payments_api", "get_payment", ("payment_key",)),
    "PUT_UpdatePayment": SdkMethod("payments_api", "update_payment", ("payment_id",), "UpdatePaymentRequest"),
    "DELETE_Payment": SdkMethod("payments_api", "delete_payment", ("payment_key",)),
    "GET_PaymentParts": SdkMethod("payments_api", "get_payment_parts", ("payment_key",)),
    "GET_PaymentPart": SdkMethod("payments_api", "get_payment_part", ("payment_key", "part_id")),
    "PUT_ApplyPayment": SdkMethod("payments_api", "apply_payment", ("payment_key",), "ApplyPaymentRequest"),
    "PUT_UnapplyPayment": SdkMethod("payments_api", "unapply_payment", ("payment_key",), "UnapplyPaymentRequest"),
    "PUT_CancelPayment": SdkMethod("payments_api", "cancel_payment", ("payment_key",)),
    "POST_RefundPayment": SdkMethod("payments_api", "create_refund_payment", ("payment_key",), "CreateRefundRequest"),
    "POST_RefundPaymentwithAutoUnapply": SdkMethod(
        "payments_api", "refund_paymentwith_auto_unapply", ("payment_key",), "CreateRefundwithAutoUnapply"
    ),
    "GET_Refunds": SdkMethod("refunds_api", "get_refunds"),
    "GET_Refund": SdkMethod("refunds_api", "get_refund", ("refund_key",)),
    "PUT_UpdateRefund": SdkMethod("refunds_api", "update_refund", ("refund_id",), "UpdateRefundRequest"),
    "DELETE_Refund": SdkMethod("refunds_api", "delete_refund", ("refund_key",)),
    "PUT_CancelRefund": SdkMethod("refunds_api", "cancel_refund", ("refund_key",)),
    "GET_RefundParts": SdkMethod("refunds_api", "get_refund_parts", ("refund_key",)),
    "GET_RefundPart": SdkMethod("refunds_api", "get_refund_part", ("refund_key", "refund_part_id")),
    "GET_AccountSummary": SdkMethod("accounts_api", "get_account_summary", ("account_key",)),
    "POST_Account": SdkMethod("accounts_api", "create_account", (), "CreateAccountRequest", "request"),
    "GET_Account": SdkMethod("accounts_api", "get_account", ("account_key",)),
    "PUT_Account": SdkMethod("accounts_api", "update_account", ("account_key",), "UpdateAccountRequest", "request"),
    "DELETE_Account": SdkMethod("accounts_api", "delete_account", ("account_key",)),
    "GET_SequenceSets": SdkMethod("sequence_sets_api", "get_sequence_sets"),
    "POST_SequenceSets": SdkMethod(
        "sequence_sets_api", "create_sequence_sets", (), "CreateSequenceSetsRequest", "request"
    ),
    "GET_SequenceSet": SdkMethod("sequence_sets_api", "get_sequence_set", ("id",)),
    "PUT_SequenceSet": SdkMethod(
        "sequence_sets_api", "update_sequence_set", ("id",), "UpdateSequenceSetRequest", "request"
    ),
    "DELETE_SequenceSet": SdkMethod("sequence_sets_api", "delete_sequence_set", ("id",)),
}
"""By operation id. What is missing here, the SDK does not have."""

QUERIES_ELSEHOW: Mapping[str, frozenset[str]] = {
    "GET_CreditMemos": frozenset({"status"}),
    "GET_CreditMemoItems": frozenset({"createdDate", "updatedDate"}),
    "GET_DebitMemos": frozenset({"status"}),
    "GET_RetrieveAllPayments": frozenset({"accountNumber", "createdDate", "effectiveDate", "updatedDate"}),
    "GET_Refunds": frozenset({"accountNumber", "createdDate", "currency", "methodType", "type", "updatedDate"}),
}
"""Query parameters that the SDK does not know, takes as times and writes in its own way, or fails to send."""
