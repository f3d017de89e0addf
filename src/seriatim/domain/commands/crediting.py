"""How much credit memos may credit of the invoice that they are made from."""

from collections import Counter

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
    net: Counter[str | None] = Counter()
    gross: Counter[str | None] = Counter()
    for item in [*(item for memo in memos for item in memo.items), *items]:
        net[item.source_item_id] += item.amount_minor
        gross[item.source_item_id] += item.amount_minor + item.tax_minor
    for line in invoice.items:
        _check_line(invoice, line.id, net[line.id], line.amount_minor, "")
        _check_line(invoice, line.id, gross[line.id], line.amount_minor + line.tax_minor, " with tax")


def _check_line(invoice: Document, item_id: str, credited_minor: int, line_minor: int, words: str) -> None:
    """Check what is credited of one line, which may itself come to less than zero.

    Raises: BrokenRule, with the amounts.
    """
    least, most = sorted((0, line_minor))
    if not least <= credited_minor <= most:
        raise BrokenRule(
            Rule.AMOUNT_ABOVE_REMAINING,
            f"{show_amount(credited_minor, invoice)}{words} in all cannot be credited on the item {item_id} of the "
            f"invoice {invoice.number}, which comes to {show_amount(line_minor, invoice)}{words}",
        )
