"""What a batch of commands reads and changes: the needs it names, and the working snapshot it decides over.

A store fills a `Snapshot` from `Needs` (load), the commands change it (decide), and the store writes what
changed (apply). A refused command is undone with the snapshot's journal, so it leaves nothing behind.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from seriatim.domain.account import Account
from seriatim.domain.activity import Activity
from seriatim.domain.client import ApiClient
from seriatim.domain.customer import Alias
from seriatim.domain.document import Document
from seriatim.domain.entity import Entity, Org
from seriatim.domain.idempotency import StoredAnswer
from seriatim.domain.mail import OutgoingMail
from seriatim.domain.merchant import Merchant, default_merchant
from seriatim.domain.numbering import Series, SeriesKey, continuation
from seriatim.domain.register import RegisterEntry
from seriatim.domain.sequence_set import SequenceSet
from seriatim.domain.settlement import Application
from seriatim.domain.user import Invitation, Session, SignInDelay, User, name_key
from seriatim.errors import InternalError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Mark = tuple[int, int, int]
"""Where a snapshot's journal, register and activity log stand."""

FAMILY_FROM_ORDINAL = 10**8 - 10**6
"""From this ordinal on a loaded series brings its family: the first unpadded ordinal, less more than a batch takes."""


@dataclass(slots=True)
class Needs:
    """What the commands of one batch want loaded. Each pair starts with the id of the entity.

    A `key` is an id or a number (of a set also its name). What is loaded brings what it refers to: a document the one
    that it was made from, a document and an account their sequence set, a set the series of its prefixes, and a series
    that has come to `FAMILY_FROM_ORDINAL` its family, the series whose prefix begins or continues its own.
    """

    answers: set[tuple[str, str]] = field(default_factory=set)
    """(client id, idempotency key)"""
    entities: set[str] = field(default_factory=set)
    """Ids or names."""
    orgs: set[tuple[str, str]] = field(default_factory=set)
    """(entity id or name, id or name of the org)"""
    org_keys: set[str] = field(default_factory=set)
    """Ids or names of orgs, of whatever entity."""
    clients: set[str] = field(default_factory=set)
    sequence_sets: set[tuple[str, str]] = field(default_factory=set)
    sets_in_use: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of sets about which to learn whether an account uses them."""
    accounts: set[tuple[str, str]] = field(default_factory=set)
    accounts_with_documents: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of accounts about which to learn whether they have documents."""
    accounts_of_documents: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of documents whose accounts are to be loaded."""
    documents: set[tuple[str, str]] = field(default_factory=set)
    applications_from: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of credit memos and payments: all their applications, with the documents at the other end."""
    applications_to: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of invoices and debit memos: likewise."""
    referring_to: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of documents: all documents that refer to them."""
    siblings_of: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of documents: all documents that refer to the one that they refer to."""
    numbers: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, number) that a caller wants to give: the document that has it, the series it would fall into."""
    claims: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, prefix) that a set wants to use: its whole family, and the highest given number it would meet."""
    set_claims: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of sets whose own prefixes are to be loaded as claims are."""
    counters: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, name)"""
    merchants: set[str] = field(default_factory=set)
    """Ids of entities."""
    aliases: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, alias): the alias, with its account."""
    aliases_of: set[tuple[str, str]] = field(default_factory=set)
    """(entity id, key) of accounts: all their aliases."""
    mails: set[str] = field(default_factory=set)
    """Ids of outgoing mails. A write locks them until its commit: of several processes that claim one, one gets it."""
    users: set[str] = field(default_factory=set)
    """Ids or names."""
    all_admins: bool = False
    """Whether all users are wanted who have the role admin."""
    invitations: set[str] = field(default_factory=set)
    """Digests."""
    sessions: set[str] = field(default_factory=set)
    """Digests."""
    sessions_of: set[str] = field(default_factory=set)
    """Ids or names of users: all their sessions."""
    sign_in_delays: set[str] = field(default_factory=set)
    """Digests of names."""

    def wants_sessions_of(self, user: User) -> bool:
        """Whether all sessions of this user are wanted."""
        return user.id in self.sessions_of or any(name_key(key) == name_key(user.name) for key in self.sessions_of)

    @property
    def people(self) -> bool:
        """Whether anything is wanted of the people of the console."""
        return bool(
            self.users
            or self.all_admins
            or self.invitations
            or self.sessions
            or self.sessions_of
            or self.sign_in_delays
        )


class Relation(Generic[K, V]):
    """Rows of one sort by their key: as they were loaded, and as the batch has changed them so far."""

    __slots__ = ("__weakref__", "_alternates", "_index", "_journal", "_loaded", "_rows", "_touched")

    def __init__(
        self, journal: "list[tuple[Relation[Any, Any], Any, Any]]", alternates: Callable[[V], Iterable[Hashable]] | None
    ) -> None:
        self._journal = journal
        self._alternates = alternates
        self._rows: dict[K, V] = {}
        self._loaded: dict[K, V] = {}
        self._index: dict[Hashable, K] | None = None
        """Made when it is first asked for: most batches find only some of their rows by another key than their own."""
        self._touched: dict[K, None] = {}

    def load(self, key: K, row: V) -> None:
        """Take in a row as the store has it."""
        self._loaded[key] = row
        self._set(key, row)

    def get(self, key: K) -> V | None:
        """The row of this key as it stands now."""
        return self._rows.get(key)

    def loaded(self, key: K) -> V | None:
        """The row of this key as it was loaded."""
        return self._loaded.get(key)

    def find(self, alternate: Hashable) -> V | None:
        """The row that carries this alternate key (a number, a name) now."""
        if self._index is None:
            self._index = {other: key for key, row in self._rows.items() for other in self._alternates_of(row)}
        key = self._index.get(alternate)
        return None if key is None else self._rows.get(key)

    def put(self, key: K, row: V) -> None:
        """Add or replace a row."""
        self._journal.append((self, key, self._rows.get(key)))
        self._touched[key] = None
        self._set(key, row)

    def remove(self, key: K) -> None:
        """Remove a row."""
        self._journal.append((self, key, self._rows[key]))
        self._touched[key] = None
        self._set(key, None)

    def restore(self, key: K, row: V | None) -> None:
        """Put a row back as it was, outside the journal."""
        self._set(key, row)

    def reset(self) -> None:
        """Put everything back as it was loaded, outside the journal."""
        for key in self._touched:
            self._set(key, self._loaded.get(key))
        self._touched.clear()

    def __iter__(self) -> Iterator[V]:
        return iter(self._rows.values())

    def changes(self) -> Iterator[tuple[K, V | None, V | None]]:
        """Every key that changed, with its row as loaded (None: it is new) and as it stands (None: it is gone)."""
        for key in self._touched:
            before, after = self._loaded.get(key), self._rows.get(key)
            if before is not after:
                yield key, before, after

    def _set(self, key: K, row: V | None) -> None:
        if self._index is not None:
            for alternate in self._alternates_of(self._rows.get(key)):
                if self._index.get(alternate) == key:
                    del self._index[alternate]
            for alternate in self._alternates_of(row):
                self._index[alternate] = key
        if row is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = row

    def _alternates_of(self, row: V | None) -> Iterable[Hashable]:
        return () if row is None or self._alternates is None else self._alternates(row)


class Snapshot:
    """The working snapshot of one batch."""

    def __init__(self) -> None:
        self._journal: list[tuple[Relation[Any, Any], Any, Any]] = []
        journal = self._journal
        self.answers: Relation[tuple[str, str], StoredAnswer] = Relation(journal, None)
        self.entities: Relation[str, Entity] = Relation(journal, lambda row: [row.name])
        self.orgs: Relation[str, Org] = Relation(journal, lambda row: [(row.entity_id, row.name)])
        self.clients: Relation[str, ApiClient] = Relation(journal, None)
        self.sequence_sets: Relation[str, SequenceSet] = Relation(journal, _set_alternates)
        self.series: Relation[SeriesKey, Series] = Relation(journal, None)
        self.accounts: Relation[str, Account] = Relation(journal, lambda row: [(row.entity_id, row.number)])
        self.documents: Relation[str, Document] = Relation(journal, lambda row: [(row.entity_id, row.number)])
        self.applications: Relation[tuple[str, str], Application] = Relation(journal, None)
        """By (id of the source, id of the target)."""
        self.counters: Relation[tuple[str, str], int] = Relation(journal, None)
        """The next value of each counter; a counter that has no row starts at 1."""
        self.merchants: Relation[str, Merchant] = Relation(journal, None)
        """By entity; one that has said nothing has no row."""
        self.aliases: Relation[tuple[str, str], Alias] = Relation(journal, None)
        """By (entity id, alias)."""
        self.mails: Relation[str, OutgoingMail] = Relation(journal, None)
        self.users: Relation[str, User] = Relation(journal, lambda row: [name_key(row.name)])
        self.invitations: Relation[str, Invitation] = Relation(journal, None)
        """By digest."""
        self.sessions: Relation[str, Session] = Relation(journal, None)
        """By digest."""
        self.sign_in_delays: Relation[str, SignInDelay] = Relation(journal, None)
        """By the digest of the name."""
        self.recorded_until: datetime | None = None
        """The latest time that the loaded series have in the register, whichever process's clock it was taken from."""
        self.register: list[RegisterEntry] = []
        """The entries that this batch adds."""
        self.activities: list[Activity] = []
        """What this batch adds to the activity log."""
        self.sets_in_use: set[str] = set()
        """Ids of sets that an account uses, of those asked for."""
        self.accounts_with_documents: set[str] = set()
        """Ids of accounts that have documents, of those asked for."""
        self.highest_given_ordinals: dict[tuple[str, str], int] = {}
        """(entity id, prefix) to the highest ordinal that a number given by a caller would have there."""

    def note_recorded_at(self, at: datetime) -> None:
        """Take in when a series recorded something: what is decided may be of no earlier time."""
        if self.recorded_until is None or at > self.recorded_until:
            self.recorded_until = at

    def mark(self) -> Mark:
        """Where the journal stands, to come back to with `undo`."""
        return len(self._journal), len(self.register), len(self.activities)

    def changed_since(self, mark: Mark, passed_over: tuple[Relation[Any, Any], ...] = ()) -> list[tuple[Any, Any]]:
        """Every row that was changed since `mark`, as it was then and as it is; None where there was or is none.

        Rows of the relations that are passed over are left out.
        """
        old: dict[tuple[Relation[Any, Any], Any], Any] = {}
        for relation, key, before in self._journal[mark[0] :]:
            if relation not in passed_over:
                old.setdefault((relation, key), before)
        if not old:
            return []
        rows = [(before, relation.get(key)) for (relation, key), before in old.items()]
        return [(before, after) for before, after in rows if before is not after]

    def undo(self, mark: Mark) -> None:
        """Take back everything since `mark`."""
        while len(self._journal) > mark[0]:
            relation, key, row = self._journal.pop()
            relation.restore(key, row)
        del self.register[mark[1] :]
        del self.activities[mark[2] :]

    def settle(self) -> None:
        """Everything is decided, and nothing will be undone.

        The journal and the relations refer to each other. Were they left to the garbage collector, it would hold up
        all requests for tens of milliseconds, again and again.
        """
        self._journal.clear()

    def reset(self) -> None:
        """Take back everything that was decided, settled or not, to decide it anew."""
        for relation in vars(self).values():
            if isinstance(relation, Relation):
                relation.reset()
        self._journal.clear()
        self.register.clear()
        self.activities.clear()

    def entity(self, entity_id: str) -> Entity:
        """The entity that a scope names; the edge has checked that it exists.

        Raises: InternalError, where a command forgot to name it in its needs.
        """
        found = self.entities.get(entity_id)
        if found is None:
            raise InternalError
        return found

    def sequence_set(self, entity_id: str, key: str) -> SequenceSet | None:
        """A set that is not deleted, by its id, number or name."""
        found = self.sequence_sets.get(key)
        if found is None or found.deleted_at is not None or found.entity_id != entity_id:
            found = self.sequence_sets.find(("number", entity_id, key))
        return found or self.sequence_sets.find(("name", entity_id, key))

    def account(self, entity_id: str, key: str) -> Account | None:
        """An account by its id or number."""
        found = self.accounts.get(key)
        if found is not None and found.entity_id == entity_id:
            return found
        return self.accounts.find((entity_id, key))

    def document(self, entity_id: str, key: str) -> Document | None:
        """A document by its id or number.

        A number that this very batch has issued names nothing yet: what a command needs of its document was loaded
        before, and nobody has been told the number. The command is decided as if it had come first.
        """
        found = self.documents.get(key)
        if found is not None and found.entity_id == entity_id:
            return found
        found = self.documents.find((entity_id, key))
        before = None if found is None else self.documents.loaded(found.id)
        return found if before is not None and before.number == key else None

    def referring_to(self, document_id: str) -> list[Document]:
        """The loaded documents that refer to this one."""
        return [document for document in self.documents if document.referred_id == document_id]

    def family(self, entity_id: str, prefix: str) -> list[Series]:
        """The loaded series of an entity whose prefix is this one, begins it, or continues it with digits."""
        return [
            series
            for series in self.series
            if series.key.entity_id == entity_id
            and (
                series.key.prefix == prefix
                or continuation(prefix, series.key.prefix) is not None
                or continuation(series.key.prefix, prefix) is not None
            )
        ]

    def user(self, key: str) -> User | None:
        """A user by id or name."""
        return self.users.get(key) or self.users.find(name_key(key))

    def merchant(self, entity_id: str) -> Merchant:
        """What an entity says of itself, if its merchant was loaded and there is one."""
        return self.merchants.get(entity_id) or default_merchant(entity_id)

    def count(self, entity_id: str, name: str) -> int:
        """Take the next value of a counter."""
        value = self.counters.get((entity_id, name)) or 1
        self.counters.put((entity_id, name), value + 1)
        return value


def _set_alternates(row: SequenceSet) -> list[Hashable]:
    if row.deleted_at is not None:
        return []
    return [("name", row.entity_id, row.name), ("number", row.entity_id, row.number)]
