"""What the activity log tells: of every command, of what differs, and of no secret."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from seriatim.domain import activity, commands
from seriatim.domain.account import Account
from seriatim.domain.activity import (
    FACT_CHARACTERS_MAX,
    OPAQUE_CHANGED,
    SUBJECT_KINDS,
    Activity,
    Change,
    tell,
    words_of,
)
from seriatim.domain.client import SYSTEM_ACTOR_ID, Role
from seriatim.domain.commands.base import Command
from seriatim.domain.commands.bulk import Several
from seriatim.domain.commands.entities import CreateEntity, CreateOrg
from seriatim.domain.decide import Submission, decide_batch, gather_needs
from seriatim.domain.document import Action, Document
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.merchant import Merchant
from seriatim.domain.numbering import Kind
from seriatim.domain.snapshot import Snapshot
from seriatim.domain.user import Invitation, Session, User
from seriatim.service import provisioning
from seriatim.storage.memory import MemoryStore
from tests.factories import (
    ACTOR_ID,
    ENTITY_ID,
    create_account,
    create_entity,
    create_memo,
    create_sets,
    make_account,
    make_client,
    make_document,
    make_entity,
    make_org,
    make_set,
    new_set,
    run,
    transition,
)
from tests.fakes import NOON

SECRET = "very-secret"  # noqa: S105 - what must not be told

NOT_TOLD = {
    "answers": "what was answered to a request is no change of its own",
    "series": "the register has an entry for each number, and the set says where it starts",
    "applications": "the documents at both ends tell what is open",
    "counters": "they count what is told",
    "aliases": "the account's fields tell that they differ",
    "sign_in_delays": "anybody can cause them, under any name",
}
"""Rows that the log does not tell about, and why."""

USER = User(
    id="user-1",
    name="Ada",
    role=Role.ADMIN,
    password_digest=SECRET,
    entity_ids=None,
    org_ids=frozenset({"org-1"}),
    locale=None,
    created_at=NOON,
    created_by=SYSTEM_ACTOR_ID,
)
MAIL = OutgoingMail(
    id="mail-1",
    entity_id=ENTITY_ID,
    document_id="document-1",
    recipients=("sophie@customer.example",),
    copies=(),
    status=MailStatus.WAITING,
    attempts=0,
    due_at=NOON,
    last_error=None,
    created_at=NOON,
    created_by=ACTOR_ID,
)
INVITATION = Invitation(
    digest="digest-1",
    name=None,
    role=Role.ISSUER,
    entity_ids=None,
    org_ids=None,
    created_at=NOON,
    created_by="user-1",
    expires_at=NOON + timedelta(days=7),
)
ROWS: tuple[Any, ...] = (
    make_entity(),
    make_org(),
    make_client(secret_digest=SECRET),
    make_set(),
    make_account(contacts={"billTo": {"firstName": SECRET}}, fields={"notes": SECRET}),
    make_document(fields={"comment": SECRET}),
    Merchant(ENTITY_ID, {"legalCompanyName": "Wide & Narrow Ltd", "ukAccountDetails": {"sortCode": SECRET}}, "EUR", 30),
    MAIL,
    USER,
    INVITATION,
    Session(digest=SECRET, user_id="user-1", created_at=NOON, seen_at=NOON, user_agent="Firefox"),
)
"""A row of each sort that is told about."""


def modules() -> Iterator[Any]:
    yield provisioning
    for found in pkgutil.iter_modules(commands.__path__):
        yield importlib.import_module(f"{commands.__name__}.{found.name}")


def classes() -> list[type[Command[Any]]]:
    found = [each for module in modules() for _, each in inspect.getmembers(module, inspect.isclass)]
    return sorted({each for each in found if issubclass(each, Command)}, key=lambda each: each.__name__)


def told_of(before: Any, after: Any, *, issues_number: bool = False) -> list[Activity]:
    return tell(at=NOON, actor_id=ACTOR_ID, deed="do it", changes=[(before, after)], issues_number=issues_number)


def the_one(before: Any, after: Any) -> Activity:
    (found,) = told_of(before, after)
    return found


async def decided(store: MemoryStore, *wanted: Command[Any]) -> tuple[list[Exception | None], list[Activity]]:
    """What becomes of a batch: the errors, and what the log gains."""
    submissions = [Submission(each) for each in wanted]
    kept: list[Activity] = []

    def decide(snapshot: Snapshot) -> list[Exception | None]:
        results = decide_batch(snapshot, submissions, NOON)
        kept.extend(snapshot.activities)
        return [result.error for result in results]

    return await store.write(gather_needs(submissions), decide), kept


@pytest.fixture
async def store() -> MemoryStore:
    """An entity with an account."""
    made = MemoryStore()
    await made.open()
    await run(made, create_entity())
    await run(made, create_account())
    return made


def test_every_command_is_told_of_or_says_why_not() -> None:
    silent = [each for each in classes() if not each.is_told]
    assert len(classes()) > 40
    assert silent
    for each in silent:
        (body,) = (node.body for node in ast.parse(inspect.getsource(each)).body if isinstance(node, ast.ClassDef))
        (place,) = (at for at, node in enumerate(body) if "is_told" in ast.unparse(node).partition(":")[0])
        reason = body[place + 1]
        assert isinstance(reason, ast.Expr), f"{each.__name__} does not say why nobody is told of it"
        assert isinstance(reason.value, ast.Constant)


def test_every_sort_of_row_is_told_about_or_there_is_a_reason() -> None:
    source = inspect.getsource(Snapshot.__init__)
    relations = {
        node.target.attr: ast.unparse(node.annotation).removesuffix("]").split(", ")[-1]
        for node in ast.walk(ast.parse(f"class _:\n{source}"))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Attribute)
        and ast.unparse(node.annotation).startswith("Relation[")
    }
    assert len(relations) > len(NOT_TOLD)
    told = {type(row).__name__ for row in ROWS}
    assert {name for name, row in relations.items() if row not in told} == set(NOT_TOLD)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_a_new_row_and_one_that_is_gone_are_told_without_secrets(row: Any) -> None:
    created, deleted = the_one(None, row), the_one(row, None)
    assert (created.change, deleted.change) == (Change.CREATED, Change.DELETED)
    assert created.subject_kind in SUBJECT_KINDS
    assert created.subject_kind == deleted.subject_kind
    assert all(was is None for was, _ in created.details.values())
    assert all(now is None for _, now in deleted.details.values())
    # A browser's session is known by its user: its own id would be half a key.
    assert SECRET not in repr((created, deleted))
    assert told_of(row, replace(row)) == []


def test_a_secret_that_differs_is_told_as_differing() -> None:
    changed = the_one(USER, replace(USER, password_digest="another"))
    assert changed.details == {"password": (None, OPAQUE_CHANGED)}
    account = make_account()
    told = the_one(account, replace(account, contacts={"billTo": {"firstName": SECRET}}))
    assert told.details == {"contacts": (None, OPAQUE_CHANGED)}
    merchant = Merchant(ENTITY_ID, {"ukAccountDetails": {"sortCode": "1"}}, "EUR", 30)
    details = {"ukAccountDetails": {"sortCode": SECRET}}
    assert the_one(merchant, replace(merchant, details=details)).details == {"ukAccountDetails": (None, OPAQUE_CHANGED)}


def test_what_differs_is_told_with_what_it_was() -> None:
    changed = the_one(make_account(), make_account(name="Sophie G.", sequence_set_id="set-1"))
    assert changed.change is Change.CHANGED
    assert changed.details == {"name": ("Sophie Germain", "Sophie G."), "sequence set": (None, "set-1")}
    assert (changed.entity_id, changed.subject_id, changed.subject_name) == (ENTITY_ID, "account-1", "A00000001")
    deleted = the_one(make_set(), make_set(deleted_at=NOON))
    assert (deleted.change, deleted.details) == (Change.DELETED, {"deleted": (None, "yes")})


def test_where_a_row_belongs_is_told() -> None:
    entity, client = the_one(None, make_entity()), the_one(None, make_client())
    document = the_one(None, make_document(org_id="org-1"))
    assert (entity.entity_id, client.entity_id) == (ENTITY_ID, None)
    assert (document.org_id, document.subject_kind) == ("org-1", Kind.CREDIT_MEMO.words)
    merchant = next(row for row in ROWS if isinstance(row, Merchant))
    assert the_one(None, merchant).subject_name == "Wide & Narrow Ltd"


def test_what_is_told_is_cut() -> None:
    long = "x" * (FACT_CHARACTERS_MAX + 1)
    told = the_one(None, make_account(name=long, number=long))
    for text in (told.subject_name, told.details["name"][1]):
        assert text is not None
        assert (len(text), text[-1]) == (FACT_CHARACTERS_MAX, "…")
    exact = "x" * FACT_CHARACTERS_MAX
    assert the_one(None, make_account(name=exact)).details["name"] == (None, exact)


def test_deeds_read_as_words() -> None:
    assert words_of("UpdateSequenceSet") == "update sequence set"
    assert words_of("_CreateFirstClient") == "create first client"
    assert transition(Action.POST).deed == "post credit memo"
    assert all(words_of(each.__name__).replace(" ", "").isalpha() for each in classes())


async def test_a_refused_command_tells_nothing_and_others_beside_it_do(store: MemoryStore) -> None:
    taken = CreateEntity(entity_id="entity-2", name="default", default_set_id="set-2", actor_id=ACTOR_ID)
    org = CreateOrg(org_id="org-1", entity_key=ENTITY_ID, name="North")
    errors, told = await decided(store, taken, org)
    assert [error is None for error in errors] == [False, True]
    assert [(each.subject_kind, each.deed) for each in told] == [("org", "create org")]
    several = Several("orgs", [org, create_sets(new_set())], all_or_none=False)
    errors, told = await decided(store, several)
    assert errors == [None]
    assert [each.deed for each in told] == ["create sequence sets"]


async def test_the_issue_of_a_number_is_left_to_the_register(store: MemoryStore) -> None:
    _, told = await decided(store, create_memo())
    assert [(each.subject_kind, each.change) for each in told] == [("credit memo", Change.CREATED)]
    errors, told = await decided(store, transition(Action.POST))
    assert (errors, told) == ([None], [])
    errors, told = await decided(store, create_memo(document_id="document-2", post=True))
    assert (errors, told) == ([None], [])
    errors, told = await decided(store, transition(Action.UNPOST))
    assert errors == [None]
    assert [(each.deed, each.details["status"]) for each in told] == [("unpost credit memo", ("posted", "draft"))]


def test_only_documents_are_left_to_the_register() -> None:
    document, account = make_document(), make_account()
    assert told_of(None, document, issues_number=True) == []
    assert [each.subject_kind for each in told_of(None, account, issues_number=True)] == ["account"]
    assert {type(row) for row in ROWS} == set(activity._SUBJECTS)  # noqa: SLF001 - none must be missing here
    assert {Account, Document} <= {type(row) for row in ROWS}
