"""A typed FastAPI endpoint that does what the server's no-op does: parse, authenticate, validate, answer the same.

`python -m bench.peers.typed_fastapi`: serves on a free port, and prints it. It neither logs nor counts its requests,
which the server does: that is in its favour.
"""

import hashlib
import hmac
import socket
from datetime import date
from decimal import Decimal
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

PATH = "/v1/no-op"
KEY = b"k" * 32
TOKEN = "client." + hmac.new(KEY, b"client", hashlib.sha256).hexdigest()
BACKLOG = 1024


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Charge(_Wire):
    """A charge of a memo."""

    product_rate_plan_charge_id: Annotated[str, Field(min_length=1, max_length=64)]
    amount: Annotated[Decimal, Field(ge=0, decimal_places=2)]
    description: Annotated[str, Field(max_length=500)] = ""
    quantity: Decimal | None = None
    comment: Annotated[str, Field(max_length=255)] = ""


class NewMemo(_Wire):
    """A credit memo to be created."""

    account_number: Annotated[str, Field(min_length=1, max_length=70)]
    charges: Annotated[list[Charge], Field(min_length=1, max_length=1000)]
    auto_post: bool = False
    comment: Annotated[str, Field(max_length=255)] = ""
    effective_date: date | None = None
    reason_code: Annotated[str, Field(max_length=255)] | None = None


class Memo(_Wire):
    """A credit memo as it is answered: field by field what the server's own answer has."""

    id: str = "0" * 32
    number: str = "FCM00000011"
    account_id: str = "0" * 32
    account_number: str
    amount: float = 100.10
    applied_amount: float = 0.0
    auto_apply_upon_posting: bool = False
    bill_to_contact_id: str | None = None
    bill_to_contact_snapshot_id: str | None = None
    cancelled_by_id: str | None = None
    cancelled_on: str | None = None
    comment: str = ""
    created_by_id: str = "0" * 36
    created_date: str = "2026-01-01 00:00:00"
    credit_memo_date: date = date(2026, 1, 1)
    currency: str = "EUR"
    exclude_from_auto_apply_rules: bool = False
    einvoice_error_code: str | None = None
    einvoice_error_message: str | None = None
    einvoice_file_id: str | None = None
    einvoice_status: str | None = None
    latest_pdf_file_id: Annotated[str | None, Field(alias="latestPDFFileId")] = None
    posted_by_id: str = "0" * 36
    posted_on: str = "2026-01-01 00:00:00"
    reason_code: str | None = None
    referred_invoice_id: str | None = None
    refund_amount: float = 0.0
    reversed: bool = False
    sequence_set_id: str = "0" * 32
    source: str = "API"
    source_id: str | None = None
    source_type: str = "Standalone"
    status: str = "Posted"
    target_date: date | None = None
    tax_amount: float = 0.0
    tax_message: str | None = None
    tax_status: str | None = None
    total_tax_exempt_amount: float = 0.0
    transferred_to_accounting: str = "No"
    unapplied_amount: float = 100.10
    updated_by_id: str = "0" * 36
    updated_date: str = "2026-01-01 00:00:00"
    success: bool = True


app = FastAPI(openapi_url=None)
bearer = HTTPBearer()


def authenticate(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    """The client whose token it is."""
    client, _, signature = credentials.credentials.partition(".")
    if not hmac.compare_digest(signature, hmac.new(KEY, client.encode(), hashlib.sha256).hexdigest()):
        raise HTTPException(401, "the token is not valid")
    return client


@app.post(PATH)
async def no_op(memo: NewMemo, _client: Annotated[str, Depends(authenticate)]) -> Memo:
    """Validate the body, and answer as if the memo had been posted."""
    return Memo(account_number=memo.account_number, comment=memo.comment)


def main() -> None:
    """Serve on a free port of this machine, and say which."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
