"""Values and commands for tests: plain functions with defaults, of which a test states what matters to it."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from seriatim.domain.account import Account
from seriatim.domain.client import ApiClient, Role, Scope
from seriatim.domain.commands.accounts import CreateAccount
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.documents import CreateDocument, DraftItem
from seriatim.domain.commands.entities import CreateEntity
from seriatim.domain.commands.sequence_sets import CreateSequenceSets, NewSequenceSet
from seriatim.domain.commands.transitions import TransitionDocument
from seriatim.domain.decide import Keyed, Result, Submission, decide_batch, gather_needs
from seriatim.domain.document import Action, Document, Item, Status
from seriatim.domain.entity import Entity, NumberOn, Org
from seriatim.domain.idempotency import IdempotencyKey, StoredAnswer
from seriatim.domain.numbering import Kind
from seriatim.domain.sequence_set import DEFAULT_NAME, Numbering, SequenceSet, default_numberings
from seriatim.domain.snapshot import Needs, Snapshot
from seriatim.service.ports import Store
from tests.fakes import NOON

T = TypeVar("T")

ENTITY_ID = "entity-1"
DEFAULT_SET_ID = "set-default"
ACCOUNT_ID = "account-1"
ACTOR_ID = "actor-1"
SCOPE = Scope(ENTITY_ID, ACTOR_ID)

_ENTITY = Entity(ENTITY_ID, "default", NumberOn.POSTING, NOON)
_ORG = Org("org-1", ENTITY_ID, "North", NOON)
_CLIENT = ApiClient("client-1", "till", Role.ISSUER, "digest", None, None, NOON)
_SET = SequenceSet("set-1", ENTITY_ID, "SS-00000001", "FR", {}, NOON, ACTOR_ID, NOON, ACTOR_ID)
_ACCOUNT = Account(
    id=ACCOUNT_ID,
    entity_id=ENTITY_ID,
    org_id=None,
    number="A00000001",
    name="Sophie Germain",
    currency="EUR",
    sequence_set_id=None,
    contacts={},
    fields={},
    created_at=NOON,
    created_by=ACTOR_ID,
    updated_at=NOON,
    updated_by=ACTOR_ID,
)
_DOCUMENT = Document(
    id="document-1",
    kind=Kind.CREDIT_MEMO,
    entity_id=ENTITY_ID,
    org_id=None,
    account_id=ACCOUNT_ID,
    account_number="A00000001",
    number="TMP-CM-00000001",
    series=None,
    ordinal=None,
    number_given=False,
    sequence_set_id=DEFAULT_SET_ID,
    status=Status.DRAFT,
    currency="EUR",
    document_date=date(2026, 3, 14),
    amount_minor=1000,
    items=(Item("item-1", 1000),),
    fields={},
    created_at=NOON,
    created_by=ACTOR_ID,
    updated_at=NOON,
    updated_by=ACTOR_ID,
)


def make_entity(**over: Any) -> Entity:
    return replace(_ENTITY, **over)


def make_org(**over: Any) -> Org:
    return replace(_ORG, **over)


def make_client(**over: Any) -> ApiClient:
    return replace(_CLIENT, **over)


def make_set(**over: Any) -> SequenceSet:
    return replace(_SET, numberings=over.pop("numberings", make_numberings("F")), **over)


def make_default_set(**over: Any) -> SequenceSet:
    over = {"id": DEFAULT_SET_ID, "number": DEFAULT_NAME, "name": DEFAULT_NAME} | over
    return make_set(numberings=default_numberings(), **over)


def make_numberings(letter: str, start_number: int = 1) -> dict[Kind, Numbering]:
    """The three kinds that every set numbers, with prefixes that begin with a letter: `FINV`, `FCM`, `FDM`."""
    return {
        Kind.INVOICE: Numbering(f"{letter}INV", start_number),
        Kind.CREDIT_MEMO: Numbering(f"{letter}CM", start_number),
        Kind.DEBIT_MEMO: Numbering(f"{letter}DM", start_number),
    }


def make_account(**over: Any) -> Account:
    return replace(_ACCOUNT, **over)


def make_document(**over: Any) -> Document:
    return replace(_DOCUMENT, **over)


def make_answer(**over: Any) -> StoredAnswer:
    return replace(StoredAnswer("fingerprint", 200, b"{}", NOON), **over)


def create_entity(**over: Any) -> CreateEntity:
    given: dict[str, Any] = {
        "entity_id": ENTITY_ID,
        "name": "default",
        "default_set_id": DEFAULT_SET_ID,
        "actor_id": ACTOR_ID,
    }
    return CreateEntity(**(given | over))


def create_sets(*sets: NewSequenceSet, scope: Scope = SCOPE) -> CreateSequenceSets:
    return CreateSequenceSets(scope=scope, sets=sets)


def new_set(**over: Any) -> NewSequenceSet:
    given: dict[str, Any] = {"id": "set-1", "name": "FR", "number": None, "numberings": make_numberings("F")}
    return NewSequenceSet(**(given | over))


def create_account(**over: Any) -> CreateAccount:
    given: dict[str, Any] = {
        "scope": SCOPE,
        "account_id": ACCOUNT_ID,
        "number": None,
        "name": "Sophie Germain",
        "currency": "EUR",
        "set_key": None,
        "contacts": {},
        "fields": {},
    }
    return CreateAccount(**(given | over))


def create_memo(**over: Any) -> CreateDocument:
    """A draft of a credit memo over 10.00 for the account of this module."""
    given: dict[str, Any] = {
        "scope": SCOPE,
        "document_id": "document-1",
        "kind": Kind.CREDIT_MEMO,
        "account_keys": {"accountId": ACCOUNT_ID},
        "items": (DraftItem("item-1", "charges[0]", Decimal("10.00")),),
        "items_field": "charges",
    }
    return CreateDocument(**(given | over))


def transition(action: Action, key: str = "document-1", **over: Any) -> TransitionDocument:
    given: dict[str, Any] = {"scope": SCOPE, "kind": Kind.CREDIT_MEMO}
    return TransitionDocument(key=key, action=action, **(given | over))


def keyed(key: str = "key-1", fingerprint: str = "fingerprint", client_id: str = "client-1") -> Keyed:
    """An idempotency key whose answer is the outcome as text: 200, or 400 with the message of the error."""

    def render(outcome: Any) -> tuple[int, bytes]:
        text = outcome.number if isinstance(outcome, Document) else str(outcome)
        return (400 if isinstance(outcome, Exception) else 200), text.encode()

    return Keyed(IdempotencyKey(client_id, key, fingerprint), render)


async def submit(store: Store, *submissions: Submission, at: datetime = NOON) -> list[Result]:
    """Carry submissions through a store in one batch, without a writer."""
    return await store.write(gather_needs(submissions), lambda snapshot: decide_batch(snapshot, submissions, at))


async def run(store: Store, command: Command[T], at: datetime = NOON) -> T:
    """The outcome of one command, written to a store.

    Raises: the error that refused it.
    """
    (result,) = await submit(store, Submission(command), at=at)
    if result.error is not None:
        raise result.error
    return cast("T", result.outcome)


async def load(store: Store, **needs: Any) -> Snapshot:
    """What a store gives for these needs."""
    return await store.write(Needs(**needs), lambda snapshot: snapshot)
