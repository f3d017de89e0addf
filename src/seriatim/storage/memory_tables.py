"""The tables of the reference store: plain dictionaries, and what must hold of them."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from seriatim.domain.account import Account
from seriatim.domain.activity import Activity
from seriatim.domain.client import ApiClient
from seriatim.domain.customer import Alias
from seriatim.domain.document import Document
from seriatim.domain.entity import Entity, Org
from seriatim.domain.idempotency import StoredAnswer
from seriatim.domain.mail import OutgoingMail
from seriatim.domain.merchant import Merchant
from seriatim.domain.numbering import Series, SeriesKey
from seriatim.domain.register import RegisterEntry
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.settlement import Application
from seriatim.domain.snapshot import Relation, Snapshot
from seriatim.domain.user import Invitation, Session, SignInDelay, User, name_key
from seriatim.service.ports import StoreConflict


@dataclass(slots=True)
class Tables:
    """All rows. But for the last three, each is named as the relation of the snapshot that changes it."""

    answers: dict[tuple[str, str], StoredAnswer] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    orgs: dict[str, Org] = field(default_factory=dict)
    clients: dict[str, ApiClient] = field(default_factory=dict)
    sequence_sets: dict[str, SequenceSet] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    applications: dict[tuple[str, str], Application] = field(default_factory=dict)
    merchants: dict[str, Merchant] = field(default_factory=dict)
    aliases: dict[tuple[str, str], Alias] = field(default_factory=dict)
    mails: dict[str, OutgoingMail] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    invitations: dict[str, Invitation] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    sign_in_delays: dict[str, SignInDelay] = field(default_factory=dict)
    counters: dict[tuple[str, str], int] = field(default_factory=dict)
    register: dict[tuple[SeriesKey, int], RegisterEntry] = field(default_factory=dict)
    activities: dict[int, Activity] = field(default_factory=dict)
    """By position."""
    client_uses: dict[str, datetime] = field(default_factory=dict)

    def copy(self) -> "Tables":
        """The same rows in other tables."""
        return Tables(*(dict(getattr(self, each.name)) for each in fields(self)))

    def apply(self, snapshot: Snapshot) -> None:
        """Raises: StoreConflict; the tables are then to be thrown away."""
        for name in (each.name for each in fields(self)[:-3]):
            _apply(name, getattr(snapshot, name), getattr(self, name))
        for entry in snapshot.register:
            if self.register.setdefault((entry.series, entry.first_ordinal), entry) is not entry:
                raise StoreConflict(f"the register has an entry for {entry.series} {entry.first_ordinal} already")
        for position, activity in enumerate(snapshot.activities, len(self.activities) + 1):
            self.activities[position] = replace(activity, position=position)
        live_sets = [row for row in self.sequence_sets.values() if row.deleted_at is None]
        _check_unique("entity names", (row.name for row in self.entities.values()))
        _check_unique("org names", ((row.entity_id, row.name) for row in self.orgs.values()))
        _check_unique("set names", ((row.entity_id, row.name) for row in live_sets))
        _check_unique("set numbers", ((row.entity_id, row.number) for row in live_sets))
        # A prefix belongs to one kind of its entity for good, hence no kind here.
        _check_unique("prefixes", ((key.entity_id, key.prefix) for key in self.series))
        _check_unique("account numbers", ((row.entity_id, row.number) for row in self.accounts.values()))
        _check_unique("user names", (name_key(row.name) for row in self.users.values()))
        _check_unique("document numbers", ((row.entity_id, row.number) for row in self.documents.values()))


def _apply(noun: str, relation: Relation[Any, Any], table: dict[Any, Any]) -> None:
    for key, before, after in relation.changes():
        if before is None and key in table:
            raise StoreConflict(f"there is a {noun} {key} already")
        if after is None:
            del table[key]
        else:
            table[key] = after


def _check_unique(noun: str, keys: Iterable[Hashable]) -> None:
    if doubled := [key for key, count in Counter(keys).items() if count > 1]:
        raise StoreConflict(f"{noun} must be unique: {doubled}")
