"""The operations of Zuora's contract for the nouns served here that Seriatim does not serve: each says so, and why."""

from typing import Final

import msgspec

from seriatim.api.zuora.envelope import Failure
from seriatim.api.zuora.memo_endpoints import with_older_path
from seriatim.auth.permissions import Permission
from seriatim.errors import NotServed
from seriatim.http.endpoint import Call, Endpoint, Handler, Reply

_GATEWAY: Final = (
    "there is no payment gateway behind it, and it keeps no payment methods; record what was paid with POST "
    "/v1/payments, type External"
)
_TRANSFER: Final = "a payment stays with the account that it was made for; cancel it and create another"
_FILES: Final = "it numbers documents, and makes or keeps no files, and sends no mail"
_AT_ONCE: Final = "every operation is completed before it is answered; use the one without async"
_E_INVOICING: Final = (
    "it numbers documents, and reports them to no authority; file them with their numbers where the law asks for it"
)
_TAXES: Final = "taxes are given with the items of a document, and read with them"
_SPLIT: Final = "a document keeps the number and the items that it was issued with; reverse it and create several"
_ITEM_PARTS: Final = "it settles documents as a whole, not item by item; read the parts"

OPERATIONS: tuple[tuple[str, str, str, str], ...] = (
    ("GET", "/v1/accounts/{key}/payment-methods", "get_account_payment_methods", _GATEWAY),
    ("GET", "/v1/accounts/{key}/payment-methods/default", "get_account_default_payment_method", _GATEWAY),
    ("POST", "/v1/debit-memos/{key}/collect", "POST_DebitMemoCollect", _GATEWAY),
    ("PUT", "/v1/payment-profile", "bulk_upsert_payment_profiles", _GATEWAY),
    ("GET", "/v1/invoices/pdf-status", "get_invoice_pdf_status", _FILES),
    ("POST", "/v1/invoices/{key}/emails", "email_invoice", _FILES),
    ("POST", "/v1/invoices/{key}/files", "upload_file_for_invoice", _FILES),
    ("GET", "/v1/invoices/{key}/files", "get_invoice_files", _FILES),
    ("GET", "/v1/credit-memos/pdf-status", "get_credit_memo_pdf_status", _FILES),
    ("POST", "/v1/credit-memos/{key}/emails", "email_credit_memo", _FILES),
    ("POST", "/v1/credit-memos/{key}/files", "upload_file_for_credit_memo", _FILES),
    ("POST", "/v1/credit-memos/{key}/pdfs", "POST_CreditMemoPDF", _FILES),
    ("GET", "/v1/debit-memos/pdf-status", "get_debit_memo_pdf_status", _FILES),
    ("POST", "/v1/debit-memos/{key}/emails", "email_debit_memo", _FILES),
    ("POST", "/v1/debit-memos/{key}/files", "upload_file_for_debit_memo", _FILES),
    ("POST", "/v1/debit-memos/{key}/pdfs", "POST_DebitMemoPDF", _FILES),
    ("GET", "/v1/invoices/write-off-async-jobs/{job}", "get_invoice_write_off_async_job", _AT_ONCE),
    ("POST", "/v1/invoices/{key}/write-off-async", "create_invoice_write_off_async", _AT_ONCE),
    ("GET", "/v1/credit-memos/apply-async-jobs/{job}", "get_apply_credit_memo_async_job", _AT_ONCE),
    ("GET", "/v1/credit-memos/unapply-async-jobs/{job}", "get_unapply_credit_memo_async_job", _AT_ONCE),
    ("PUT", "/v1/credit-memos/{key}/apply-async", "apply_credit_memo_async", _AT_ONCE),
    ("PUT", "/v1/credit-memos/{key}/cancel-async", "cancel_async_credit_memo", _AT_ONCE),
    ("PUT", "/v1/credit-memos/{key}/post-async", "post_async_credit_memo", _AT_ONCE),
    ("PUT", "/v1/credit-memos/{key}/unapply-async", "unapply_credit_memo_async", _AT_ONCE),
    ("PUT", "/v1/debit-memos/{key}/cancel-async", "cancel_async_debit_memo", _AT_ONCE),
    ("PUT", "/v1/debit-memos/{key}/post-async", "post_async_debit_memo", _AT_ONCE),
    ("GET", "/v1/payments/apply-async-jobs/{job}", "get_apply_payment_async_job", _AT_ONCE),
    ("POST", "/v1/payments/create-async", "create_payment_async", _AT_ONCE),
    ("GET", "/v1/payments/create-async-jobs/{job}", "get_create_payment_async_job", _AT_ONCE),
    ("PUT", "/v1/payments/{key}/apply-async", "apply_payment_async", _AT_ONCE),
    ("PUT", "/v1/invoices/{key}/e-invoice/cancel", "cancel_e_invoice_by_invoice_key", _E_INVOICING),
    ("GET", "/v1/invoices/{key}/e-invoice/download", "download_e_invoice_file_for_invoice", _E_INVOICING),
    ("GET", "/v1/invoices/{key}/e-invoice/mandate", "get_e_invoicing_mandate_for_invoice", _E_INVOICING),
    ("PUT", "/v1/invoices/{key}/e-invoice/sync-status", "update_invoice_invoke_sync_status", _E_INVOICING),
    ("GET", "/v1/credit-memos/{key}/e-invoice/download", "download_e_invoice_file_for_credit_memo", _E_INVOICING),
    ("GET", "/v1/credit-memos/{key}/e-invoice/mandate", "get_e_invoicing_mandate_for_credit_memo", _E_INVOICING),
    ("PUT", "/v1/credit-memos/{key}/e-invoice/sync-status", "update_credit_memo_invoke_sync_status", _E_INVOICING),
    ("GET", "/v1/debit-memos/{key}/e-invoice/download", "download_e_invoice_file_for_debit_memo", _E_INVOICING),
    ("GET", "/v1/debit-memos/{key}/e-invoice/mandate", "get_e_invoicing_mandate_for_debit_memo", _E_INVOICING),
    ("PUT", "/v1/debit-memos/{key}/e-invoice/sync-status", "update_debit_memo_invoke_sync_status", _E_INVOICING),
    ("GET", "/v1/invoices/{key}/items/{item}/taxation-items", "get_taxation_items_of_invoice_item", _TAXES),
    ("POST", "/v1/invoices/{key}/taxation-items", "create_invoice_taxation_items", _TAXES),
    ("GET", "/v1/credit-memos/{key}/items/{item}/taxation-items", "get_taxation_items_of_credit_memo_item", _TAXES),
    ("POST", "/v1/credit-memos/{key}/taxation-items", "create_credit_memo_taxation_items", _TAXES),
    ("GET", "/v1/debit-memos/{key}/items/{item}/taxation-items", "get_taxation_items_of_debit_memo_item", _TAXES),
    ("POST", "/v1/debit-memos/{key}/taxation-items", "create_taxation_items_for_debit_memo", _TAXES),
    ("PUT", "/v1/invoices/{key}/split", "split_invoice", _SPLIT),
    ("GET", "/v1/credit-memos/{key}/parts/{part}/item-parts", "get_credit_memo_item_parts", _ITEM_PARTS),
    ("GET", "/v1/credit-memos/{key}/parts/{part}/item-parts/{itempart}", "get_credit_memo_item_part", _ITEM_PARTS),
    ("GET", "/v1/payments/{key}/parts/{part}/item-parts", "get_payment_item_parts", _ITEM_PARTS),
    ("GET", "/v1/payments/{key}/parts/{part}/item-parts/{itempart}", "get_payment_item_part", _ITEM_PARTS),
    ("GET", "/v1/refunds/{key}/parts/{part}/item-parts", "get_refund_item_parts", _ITEM_PARTS),
    ("GET", "/v1/refunds/{key}/parts/{part}/item-parts/{itempart}", "get_refund_item_part", _ITEM_PARTS),
    ("PUT", "/v1/payments/{key}/transfer", "transfer_payment", _TRANSFER),
)
"""Method, path, operation id as the vendor has it (else the name of the SDK's method), and why it is not served."""


class AnyQuery(msgspec.Struct):
    """Whatever is asked: the answer is the same."""


def _refusing(why: str) -> Handler:
    async def refuse(call: Call[None, AnyQuery]) -> Reply:
        """Say that the operation is not served, and why.

        Raises: NotServed, always.
        """
        raise NotServed(f"{call.method} {call.path} is an operation of Zuora's that Seriatim does not serve: {why}")

    return refuse


def _endpoint(method: str, path: str, operation_id: str, why: str) -> Endpoint:
    return Endpoint(
        method=method,
        path=path,
        operation_id=operation_id,
        summary="Not served",
        handler=_refusing(why),
        permission=Permission.READ,
        query=AnyQuery,
        answer=Failure,
        tag="Not served",
    )


def _under(path: str) -> list[Endpoint]:
    return [_endpoint(*operation) for operation in OPERATIONS if operation[1].startswith(path)]


_MEMOS = {"/v1/credit-memos": "/v1/creditmemos", "/v1/debit-memos": "/v1/debitmemos"}
ENDPOINTS = [
    *(_endpoint(*operation) for operation in OPERATIONS if not operation[1].startswith(tuple(_MEMOS))),
    *(endpoint for path, older in _MEMOS.items() for endpoint in with_older_path(_under(path), path, older)),
]
