"""A document with all that is shown beside it, taken from one snapshot."""

from dataclasses import dataclass
from decimal import Decimal

from seriatim.domain.account import Account
from seriatim.domain.document import Document, Item
from seriatim.domain.entity import Entity
from seriatim.domain.merchant import Merchant
from seriatim.domain.money import divide, to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.settlement import Part
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.errors import InternalError


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document, and what an answer about it draws on."""

    document: Document
    account: Account
    entity: Entity
    merchant: Merchant
    referred: Document | None
    """The document that it was made from."""
    parts: tuple[Part, ...]
    """Its applications, as they were made; those taken back as a whole are left out."""
    referring: tuple[Document, ...]
    """The documents that were made from it, as they were made."""


def view_needs(needs: Needs, entity_id: str, key: str) -> None:
    """Name what the view of a document wants loaded."""
    pair = (entity_id, key)
    needs.documents.add(pair)
    needs.accounts_of_documents.add(pair)
    needs.applications_from.add(pair)
    needs.applications_to.add(pair)
    needs.referring_to.add(pair)
    needs.entities.add(entity_id)
    needs.merchants.add(entity_id)


def view_document(snapshot: Snapshot, document: Document) -> DocumentView:
    """The view of a document as the snapshot has it now.

    Raises: InternalError, where a command forgot to name what it needs.
    """
    current = snapshot.documents.get(document.id) or document
    account = snapshot.accounts.get(document.account_id)
    if account is None:
        raise InternalError
    return DocumentView(
        current,
        account,
        snapshot.entity(document.entity_id),
        snapshot.merchant(document.entity_id),
        None if document.referred_id is None else snapshot.documents.get(document.referred_id),
        tuple(_parts(snapshot, document)),
        tuple(sorted(snapshot.referring_to(document.id), key=lambda other: (other.created_at, other.id))),
    )


def _parts(snapshot: Snapshot, document: Document) -> list[Part]:
    found = []
    for application in snapshot.applications:
        ends = {application.source_id, application.target_id}
        if document.id in ends and application.amount_minor:
            (other_id,) = ends - {document.id}
            other = snapshot.documents.get(other_id)
            if other is None:
                raise InternalError
            found.append(Part(application, other))
    return sorted(found, key=lambda part: (part.application.created_at, part.application.id))


MEMO_FIELDS = {Kind.INVOICE: "comments", Kind.CREDIT_MEMO: "comment", Kind.DEBIT_MEMO: "comment"}
"""The kept field that carries what Sequence calls the memo of a document, as Zuora's API names it."""
RATE_PLACES_MAX = 10
"""Decimals of a rate that follows from an amount."""


def shown_memo(document: Document) -> str | None:
    """The words to the customer on a document: what either API kept of them."""
    said = document.particulars
    return document.fields.get(MEMO_FIELDS[document.kind], None if said is None else said.memo) or None


def shown_quantity(item: Item) -> Decimal:
    """The quantity of a line; of one that has none, one."""
    return Decimal(1) if item.quantity is None else item.quantity


def shown_rate(item: Item, currency: str) -> Decimal:
    """The rate of a line: as it was given, else its amount by its quantity, to `RATE_PLACES_MAX` decimals."""
    if item.details is not None and item.details.rate is not None:
        return item.details.rate
    amount = to_decimal(item.amount_minor, currency)
    quantity = shown_quantity(item)
    return amount if quantity in (0, 1) else divide(amount, quantity, RATE_PLACES_MAX)


def shown_tax_rate(item: Item) -> Decimal:
    """The tax rate of a line as a fraction: as it was given, else its tax by its amount, likewise."""
    if item.details is not None and item.details.tax_rate is not None:
        return item.details.tax_rate
    if not item.amount_minor or not item.tax_minor:
        return Decimal(0)
    return divide(Decimal(item.tax_minor), Decimal(item.amount_minor), RATE_PLACES_MAX)


def shown_title(item: Item) -> str:
    """What a line is called: its title, or what Zuora's API names it by."""
    if item.details is not None:
        return item.details.title
    for name in ("skuName", "chargeName", "productName", "sku"):
        if item.fields.get(name):
            return str(item.fields[name])
    return item.description or "Item"
