"""Roles, and where a request may act."""

import pytest

from seriatim.auth.directory import Directory
from seriatim.auth.permissions import PERMISSIONS, Permission, check, resolve_scope
from seriatim.domain.client import ApiClient, Role, Scope
from seriatim.domain.commands.entities import CreateEntity, CreateOrg
from seriatim.errors import Category, Forbidden, InvalidHeader
from seriatim.service.provisioning import run_command
from seriatim.storage.memory import MemoryStore
from tests.fakes import NOON, FixedClock, SequentialIds

ENTITIES = {"France": ["Asia", "China"], "Chile": ["Asia"], "Ghana": []}


@pytest.fixture
async def directory() -> Directory:
    store, clock, ids = MemoryStore(), FixedClock(), SequentialIds()
    await store.open()
    for name, orgs in ENTITIES.items():
        creation = CreateEntity(entity_id=f"id-{name}", name=name, default_set_id=ids.new_id(), actor_id="nobody")
        await run_command(store, clock, creation)
        for org in orgs:
            await run_command(store, clock, CreateOrg(org_id=f"id-{name}-{org}", entity_key=name, name=org))
    made = Directory(store, lambda: 0.0)
    await made.load()
    return made


def client(entities: set[str] | None = None, orgs: set[str] | None = None, role: Role = Role.ISSUER) -> ApiClient:
    return ApiClient(
        id="client-1",
        name="till",
        role=role,
        secret_digest="digest",
        entity_ids=None if entities is None else frozenset(f"id-{name}" for name in entities),
        org_ids=None if orgs is None else frozenset(f"id-{name}" for name in orgs),
        created_at=NOON,
    )


def scope(directory: Directory, caller: ApiClient, entity: str | None = None, orgs: list[str] | None = None) -> Scope:
    return resolve_scope(directory, caller, entity, orgs, entity_header="X-Entity", org_header="X-Orgs")


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    (
        (Role.AUDITOR, Permission.READ, True),
        (Role.AUDITOR, Permission.ISSUE, False),
        (Role.AUDITOR, Permission.CONFIGURE, False),
        (Role.ISSUER, Permission.READ, True),
        (Role.ISSUER, Permission.ISSUE, True),
        (Role.ISSUER, Permission.CONFIGURE, False),
        (Role.ADMIN, Permission.READ, True),
        (Role.ADMIN, Permission.ISSUE, True),
        (Role.ADMIN, Permission.CONFIGURE, True),
        (Role.ISSUER, Permission.ADMINISTER, False),
        (Role.ADMIN, Permission.ADMINISTER, True),
    ),
)
def test_a_role_gives_its_permissions_and_no_other(role: Role, permission: Permission, *, allowed: bool) -> None:
    caller = client(role=role)
    if allowed:
        check(caller, permission)
    else:
        with pytest.raises(Forbidden):
            check(caller, permission)


def test_every_role_has_permissions() -> None:
    assert set(PERMISSIONS) == set(Role)


def test_a_refusal_names_the_role_what_it_may_not_and_the_way_out() -> None:
    with pytest.raises(Forbidden) as refusal:
        check(client(role=Role.AUDITOR), Permission.ISSUE)
    assert refusal.value.message == (
        "the client 'till' has the role auditor, which may not change accounts and documents; "
        "use a client with the role admin or issuer"
    )
    with pytest.raises(Forbidden) as refusal:
        check(client(role=Role.ISSUER), Permission.CONFIGURE)
    assert refusal.value.message.endswith("may not change sequence sets; use a client with the role admin")


async def test_without_a_header_the_default_entity_is_meant(directory: Directory) -> None:
    assert scope(directory, client()) == Scope("id-France", "client-1", None)
    assert scope(directory, client({"France", "Ghana"})).entity_id == "id-France"


async def test_without_a_header_the_only_entity_of_a_client_is_meant(directory: Directory) -> None:
    assert scope(directory, client({"Ghana"})).entity_id == "id-Ghana"


async def test_without_a_header_a_client_of_several_others_has_to_name_one(directory: Directory) -> None:
    with pytest.raises(InvalidHeader, match="several entities; name one of 'Chile', 'Ghana'") as refusal:
        scope(directory, client({"Ghana", "Chile"}))
    assert refusal.value.field == "X-Entity"


async def test_a_client_whose_entities_are_gone_is_refused(directory: Directory) -> None:
    with pytest.raises(Forbidden, match="no entity that exists"):
        scope(directory, client({"Atlantis"}))


@pytest.mark.parametrize("key", ("Chile", "id-Chile"))
async def test_an_entity_is_named_by_id_or_name(directory: Directory, key: str) -> None:
    assert scope(directory, client(), key).entity_id == "id-Chile"
    assert scope(directory, client({"Chile", "Ghana"}), key).entity_id == "id-Chile"


async def test_an_entity_that_is_not_permitted_reads_like_one_that_does_not_exist(directory: Directory) -> None:
    messages = []
    for key in ("France", "Atlantis"):
        with pytest.raises(Forbidden) as refusal:
            scope(directory, client({"Chile", "Ghana"}), key)
        assert refusal.value.category is Category.FORBIDDEN
        messages.append(refusal.value.message.replace(key, "…"))
    assert messages == ["X-Entity: the client 'till' has no access to the entity '…'; it may use 'Chile', 'Ghana'"] * 2


async def test_without_a_header_a_client_sees_its_orgs_of_the_entity(directory: Directory) -> None:
    assert scope(directory, client()).org_ids is None
    of_both = client(orgs={"France-Asia", "Chile-Asia"})
    assert scope(directory, of_both, "France").org_ids == frozenset({"id-France-Asia"})
    assert scope(directory, of_both, "Chile").org_ids == frozenset({"id-Chile-Asia"})
    # None would mean all: a client with orgs elsewhere sees nothing here.
    assert scope(directory, of_both, "Ghana").org_ids == frozenset()


async def test_a_header_narrows_to_the_orgs_that_it_names(directory: Directory) -> None:
    assert scope(directory, client(), "France", ["China"]).org_ids == frozenset({"id-France-China"})
    both = ["id-France-Asia", "China"]
    assert scope(directory, client(), "France", both).org_ids == {"id-France-Asia", "id-France-China"}
    limited = client(orgs={"France-Asia"})
    assert scope(directory, limited, "France", ["Asia"]).org_ids == frozenset({"id-France-Asia"})


@pytest.mark.parametrize("key", ("China", "id-France-China", "Atlantis", "id-Chile-Asia"))
async def test_an_org_that_is_unknown_or_not_permitted_is_named(directory: Directory, key: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        scope(directory, client(orgs={"France-Asia"}), "France", ["Asia", key])
    assert refusal.value.message == (f"X-Orgs: the client 'till' has no access to the org '{key}'; it may use 'Asia'")


async def test_an_org_of_another_entity_is_unknown_even_to_who_sees_all(directory: Directory) -> None:
    with pytest.raises(Forbidden, match="no access to the org 'Asia'; ask an administrator"):
        scope(directory, client(), "Ghana", ["Asia"])


async def test_an_empty_list_of_orgs_does_not_mean_all(directory: Directory) -> None:
    with pytest.raises(InvalidHeader, match="name at least one org") as refusal:
        scope(directory, client(), "France", [])
    assert refusal.value.field == "X-Orgs"
