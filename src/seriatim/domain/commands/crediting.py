"""How much credit memos may credit of the invoice that they are made from."""

from seriatim.domain.document import Document, Item, Status
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import show_amount
from seriatim.domain.snapshot import Snapshot
from seriatim.errors import BrokenRule, Rule


def check_creditable(snapshot: Snapshot, invoice: Document, items: tuple[Item, ...], memo_id: str = "") -> None:
    """Check that memos made from an invoice credit no more than the invoice and each of its lines come to.

    `items` are the lines of a memo to be made, or of the memo `memo_id` as they are to be. Canceled and reversed memos
    credit nothing. All memos made from the invoice must be loaded.

    Raises: BrokenRule, with the amounts.
    """
    memos = [
        memo
        for memo in snapshot.referring_to(invoice.id)
        if memo.kind is Kind.CREDIT_MEMO
        and memo.status is not Status.CANCELED
        and not memo.is_reversed
        and memo.id != memo_id
    ]
    wanted = sum(item.amount_minor + item.tax_minor for item in items)
    remaining = invoice.amount_minor - sum(memo.amount_minor for memo in memos)
    if wanted > remaining:
        raise BrokenRule(
            Rule.AMOUNT_ABOVE_REMAINING,
            f"{show_amount(wanted, invoice)} cannot be credited: only {show_amount(remaining, invoice)} of the invoice "
            f"{invoice.number} have not been credited yet",
        )
    credited: dict[str, int] = {}
    for item in [*(item for memo in memos for item in memo.items), *items]:
        if item.source_item_id is not None:
            credited[item.source_item_id] = credited.get(item.source_item_id, 0) + item.amount_minor
    for line in invoice.items:
        if credited.get(line.id, 0) > line.amount_minor:
            raise BrokenRule(
                Rule.AMOUNT_ABOVE_REMAINING,
                f"{show_amount(credited[line.id], invoice)} in all cannot be credited on the item {line.id} of the "
                f"invoice {invoice.number}, which comes to {show_amount(line.amount_minor, invoice)}",
            )
