"""The product's own server, with one endpoint more: it parses, authenticates and validates like a posted memo.

The no-op endpoint answers the bytes of a memo that was presented once. What it leaves out is the writer and the
database, so the ratio to it is the share of the time that numbering costs.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from seriatim.api.zuora.credit_memos import CreateMemo, OneMemo, creation_command, present_memo
from seriatim.api.zuora.envelope import ZuoraDialect
from seriatim.app import serve
from seriatim.auth.permissions import Permission
from seriatim.domain.document import Document, Status
from seriatim.domain.numbering import Kind, SeriesKey
from seriatim.http.endpoint import Call, Edge, Endpoint, Reply
from seriatim.settings import LogLevel, Settings

NO_OP_PATH = "/v1/no-op"
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_DOCUMENT = Document(
    id="0" * 32,
    kind=Kind.CREDIT_MEMO,
    entity_id="0" * 32,
    org_id=None,
    account_id="0" * 32,
    account_number="A00000001",
    number="FCM00000011",
    series=SeriesKey("0" * 32, Kind.CREDIT_MEMO, "FCM"),
    ordinal=11,
    number_given=False,
    sequence_set_id="0" * 32,
    status=Status.POSTED,
    currency="EUR",
    document_date=_AT.date(),
    amount_minor=10_010,
    items=(),
    fields={},
    created_at=_AT,
    created_by="0" * 36,
    updated_at=_AT,
    updated_by="0" * 36,
    posted_at=_AT,
    posted_by="0" * 36,
)


async def no_op(call: Call[CreateMemo, None]) -> Reply:
    """Validate the body as a posted memo's, and answer as if it had been posted."""
    creation_command(call)
    return Reply(200, present_memo(_DOCUMENT))


def extension(_edge: Edge, _dialect: ZuoraDialect) -> Sequence[Endpoint]:
    """The endpoint for the server's table."""
    return [
        Endpoint(
            method="POST",
            path=NO_OP_PATH,
            operation_id="no_op",
            summary="Do nothing",
            handler=no_op,
            permission=Permission.ISSUE,
            body=CreateMemo,
            answer=OneMemo,
        )
    ]


if __name__ == "__main__":
    level = LogLevel(os.environ.get("BENCH_LOG_LEVEL", "info"))
    sys.exit(serve(Settings(database=sys.argv[1], workers=int(sys.argv[2]), port=0, log_level=level), extension))
