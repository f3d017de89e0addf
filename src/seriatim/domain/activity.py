"""The activity log: who changed what, and when, told from what a command changed, so that no command can forget it.

The issue of a number is told by the register, which has an entry for each; a command that issued one is not told again.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.client import ApiClient
from seriatim.domain.document import Document
from seriatim.domain.entity import Entity, Org
from seriatim.domain.mail import OutgoingMail
from seriatim.domain.merchant import Merchant
from seriatim.domain.money import to_decimal
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.user import Invitation, Session, User
from seriatim.domain.values import value

FACT_CHARACTERS_MAX = 200
"""What a value is cut to: the log tells what changed, and is no second copy of it."""

OPAQUE_CHANGED = "changed"
"""What is told of a fact that differs and whose values are nobody's business, or too long to be read."""


@value(frozen=True, slots=True)
class Opaque:
    """A fact of which is told only that it differs."""

    thing: object


Facts = Mapping[str, str | Opaque | None]


class Change(StrEnum):
    """What became of a row."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


@value(frozen=True, slots=True, kw_only=True)
class Activity:
    """One row that a command created, changed or deleted."""

    recorded_at: datetime
    entity_id: str | None
    """None: what belongs to no entity, as clients and users."""
    org_id: str | None
    actor_id: str
    deed: str
    """What the command does, in words: `update sequence set`."""
    subject_kind: str
    """What the row is, in words: `sequence set`."""
    subject_id: str
    subject_name: str
    """What people called it when this happened."""
    change: Change
    details: Mapping[str, tuple[str | None, str | None]]
    """Of each fact that differs what it was before and after; None: there was none."""
    position: int = 0
    """Where it stands in the log; 0 before it is written."""


@cache
def words_of(class_name: str) -> str:
    """The name of a command in words: `UpdateSequenceSet` is `update sequence set`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in class_name.strip("_")).strip()


def tell(
    *, at: datetime, actor_id: str, deed: str, changes: Iterable[tuple[Any, Any]], issues_number: bool
) -> list[Activity]:
    """What a command did, from its rows before and after; None stands for a row that was not, or is no more.

    `issues_number`: the register tells of what happened to documents.
    """
    told = []
    for before, after in changes:
        row = before if after is None else after
        subject = _SUBJECTS.get(type(row))
        if subject is None or (issues_number and type(row) is Document):
            continue
        kind, name, facts_of = subject
        details = _differences({} if before is None else facts_of(before), {} if after is None else facts_of(after))
        if before is not None and after is not None and not details:
            continue
        told.append(
            Activity(
                recorded_at=at,
                entity_id=row.id if isinstance(row, Entity) else getattr(row, "entity_id", None),
                org_id=getattr(row, "org_id", None),
                actor_id=actor_id,
                deed=deed,
                subject_kind=row.kind.words if isinstance(row, Document) else kind,
                subject_id=_id_of(row),
                subject_name=_cut(name(row)) or "",
                change=_change(before, after),
                details=details,
            )
        )
    return told


def _differences(old: Facts, new: Facts) -> dict[str, tuple[str | None, str | None]]:
    """Each fact that differs, as it was and as it is."""
    details: dict[str, tuple[str | None, str | None]] = {}
    for fact in {**old, **new}:
        was, now = old.get(fact), new.get(fact)
        if was == now:
            continue
        if isinstance(was, Opaque) or isinstance(now, Opaque):
            if old and new:
                details[fact] = (None, OPAQUE_CHANGED)
        else:
            details[fact] = (_cut(was), _cut(now))
    return details


def _change(before: Any, after: Any) -> Change:
    if before is None:
        return Change.CREATED
    is_gone = after is None or (isinstance(after, SequenceSet) and after.deleted_at and not before.deleted_at)
    return Change.DELETED if is_gone else Change.CHANGED


def _id_of(row: Any) -> str:
    if isinstance(row, Merchant):
        return row.entity_id
    if isinstance(row, Session):
        return row.user_id
    return str(row.digest if isinstance(row, Invitation) else row.id)


def _entity_facts(row: Entity) -> Facts:
    return {"name": row.name, "numbers on": row.number_on}


def _org_facts(row: Org) -> Facts:
    return {"name": row.name}


def _access_facts(row: ApiClient | User | Invitation) -> dict[str, str | Opaque | None]:
    return {
        "name": row.name,
        "role": row.role,
        "entities": _listed(row.entity_ids),
        "orgs": _listed(row.org_ids),
    }


def _client_facts(row: ApiClient) -> Facts:
    return {**_access_facts(row), "version of Sequence's API": row.api_version, "revoked": _yes(row.revoked_at)}


def _user_facts(row: User) -> Facts:
    return {
        **_access_facts(row),
        "language": row.locale,
        "password": Opaque(row.password_digest),
        "disabled": _yes(row.disabled_at),
    }


def _session_facts(row: Session) -> Facts:
    return {"browser": row.user_agent}


def _set_facts(row: SequenceSet) -> Facts:
    numberings = {kind.words: f"{each.prefix} from {each.start_number}" for kind, each in row.numberings.items()}
    return {"name": row.name, "number": row.number, **numberings, "deleted": _yes(row.deleted_at)}


def _account_facts(row: Account) -> Facts:
    return {
        "name": row.name,
        "number": row.number,
        "currency": row.currency,
        "sequence set": row.sequence_set_id,
        "archived": _yes(row.archived_at),
        # Whom to call and what else is known may be personal, and is told only in so far as it differs.
        "contacts": Opaque(row.contacts),
        "fields": Opaque(row.fields),
        "profile": Opaque(row.profile),
    }


def _document_facts(row: Document) -> Facts:
    def money(minor: int) -> str:
        return f"{to_decimal(minor, row.currency)} {row.currency}"

    return {
        "number": row.number,
        "status": row.status,
        "amount": money(row.amount_minor),
        "open": money(row.open_minor),
        "date": row.document_date.isoformat(),
        "due": None if row.due_date is None else row.due_date.isoformat(),
        "lines": Opaque(row.items),
        "fields": Opaque((row.fields, row.particulars)),
        "sent": _yes(row.sent_at),
        "uncollectible": _yes(row.is_uncollectible),
        "reversed": _yes(row.is_reversed),
    }


def _merchant_facts(row: Merchant) -> Facts:
    details = {name: Opaque(said) if _is_nested(said) else str(said) for name, said in row.details.items()}
    return {**details, "currency": row.currency, "payment term in days": str(row.payment_term_days)}


def _mail_facts(row: OutgoingMail) -> Facts:
    return {"recipients": ", ".join(row.recipients), "status": row.status}


_SUBJECTS: Mapping[type, tuple[str, Callable[[Any], str | None], Callable[[Any], Facts]]] = {
    Entity: ("entity", lambda row: row.name, _entity_facts),
    Org: ("org", lambda row: row.name, _org_facts),
    ApiClient: ("API client", lambda row: row.name, _client_facts),
    SequenceSet: ("sequence set", lambda row: row.name, _set_facts),
    Account: ("account", lambda row: row.number, _account_facts),
    Document: ("document", lambda row: row.number, _document_facts),
    Merchant: ("merchant details", lambda row: row.details.get("legalCompanyName"), _merchant_facts),
    OutgoingMail: ("mail", lambda row: ", ".join(row.recipients), _mail_facts),
    User: ("user", lambda row: row.name, _user_facts),
    Invitation: ("invitation", lambda row: row.name, _access_facts),
    Session: ("session", lambda row: row.user_agent, _session_facts),
}
"""Of each sort of row that is told about: its words, its name, and its facts."""

SUBJECT_KINDS = (
    *(words for row, (words, _, _) in _SUBJECTS.items() if row is not Document),
    *(kind.words for kind in Kind),
)
"""What activities can be about, in the words of `Activity.subject_kind`."""


def _is_nested(said: object) -> bool:
    return isinstance(said, Mapping | list | tuple)


def _listed(ids: frozenset[str] | None) -> str:
    return "all" if ids is None else ", ".join(sorted(ids))


def _yes(happened: object) -> str | None:
    return "yes" if happened else None


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= FACT_CHARACTERS_MAX:
        return text
    return f"{text[: FACT_CHARACTERS_MAX - 1]}…"
