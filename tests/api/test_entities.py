"""Entities and orgs: who sees what, and which numbers are whose."""

import pytest

from tests.api.support import (
    create_account,
    create_memo,
    create_set,
    new_account,
    new_memo,
    new_set,
    next_numbers,
    post_memo,
    refused,
    unique_letters,
)
from tests.servers import Api, Server


def new_entity(server: Server, **options: str) -> str:
    name = f"entity {unique_letters()}"
    given = [part for option, value in options.items() for part in (f"--{option.replace('_', '-')}", value)]
    server.run_cli_json("entity", "create", "--name", name, *given)
    return name


def new_org(server: Server, entity: str) -> str:
    name = f"org {unique_letters()}"
    server.run_cli_json("org", "create", "--entity", entity, "--name", name)
    return name


def test_an_unknown_entity_is_refused_by_name(api: Api) -> None:
    for key in ("nobody", "default,other"):
        message = refused(api.get("/v1/sequence-sets", Zuora_Entity_Ids=key), 403, 10)
        assert message.startswith("Zuora-Entity-Ids: ")
        assert key in message


def test_an_entity_that_is_not_permitted_is_refused_by_name(server: Server) -> None:
    mine, theirs = new_entity(server), new_entity(server)
    with server.api(server.create_client("admin", entities=(mine,))) as client:
        message = refused(client.get("/v1/sequence-sets", Zuora_Entity_Ids=theirs), 403, 10)
        assert theirs in message
        assert message == refused(client.get("/v1/sequence-sets", Zuora_Entity_Ids=theirs), 403, 10)
        refused(client.get("/v1/sequence-sets", Zuora_Entity_Ids="default"), 403, 10)
        # Its only entity need not be named.
        assert create_set(client)["name"] in client.get("/v1/sequence-sets").text


def test_a_client_of_several_entities_has_to_name_one(server: Server) -> None:
    first, second = new_entity(server), new_entity(server)
    with server.api(server.create_client("admin", entities=(first, second))) as client:
        message = refused(client.get("/v1/sequence-sets"), 400, 20)
        assert first in message
        assert second in message
        assert client.get("/v1/sequence-sets", Zuora_Entity_Ids=second).status_code == 200


def test_each_entity_has_its_own_default_set_and_numbers(server: Server) -> None:
    with (
        server.api(Zuora_Entity_Ids=new_entity(server)) as first,
        server.api(Zuora_Entity_Ids=new_entity(server)) as second,
    ):
        ids = {each.ok("GET", "/v1/sequence-sets/DEFAULT")["id"] for each in (first, second)}
        assert len(ids) == 2
        for each in (first, second):
            account_id = create_account(each)
            assert [post_memo(each, account_id) for _ in range(2)] == ["CM00000001", "CM00000002"]
        # The same name, number and prefixes, too: `CM` of one is not `CM` of the other.
        body = {"sequenceSets": [new_set("SAME", sequenceSetNumber="SAME-1")]}
        for each in (first, second):
            each.ok("POST", "/v1/sequence-sets", body)


def test_nothing_is_read_or_changed_across_entities(server: Server) -> None:
    with (
        server.api(Zuora_Entity_Ids=new_entity(server)) as mine,
        server.api(Zuora_Entity_Ids=new_entity(server)) as theirs,
    ):
        their_set = create_set(theirs)
        their_account = create_account(theirs, accountNumber=unique_letters())
        their_memo = create_memo(theirs, their_account)
        paths = [
            f"/v1/sequence-sets/{their_set['id']}",
            f"/v1/sequence-sets/{their_set['name']}",
            f"/v1/accounts/{their_account}",
            f"/v1/credit-memos/{their_memo['id']}",
        ]
        for path in paths:
            refused(mine.get(path), 404, 40)
            assert mine.delete(path).status_code == 404
        refused(mine.put(paths[0], {"name": "MINE"}), 404, 40)
        refused(mine.put(paths[2], {"name": "mine"}), 404, 40)
        for action in ("post", "unpost", "cancel"):
            refused(mine.put(f"{paths[3]}/{action}"), 404, 40)
        refused(mine.post("/v1/credit-memos", new_memo(their_account)), 404, 40)
        assert "sequenceSetId" in refused(
            mine.post("/v1/accounts", new_account(sequenceSetId=their_set["id"])), 400, 20
        )
        assert mine.ok("GET", f"/v1/credit-memos?accountId={their_account}")["creditmemos"] == []
        assert mine.ok("GET", f"/v1/sequence-sets?name={their_set['name']}")["sequenceSets"] == []
        assert theirs.ok("GET", paths[3])["status"] == "Draft"


def test_an_entity_may_number_on_creation(server: Server) -> None:
    with server.api(Zuora_Entity_Ids=new_entity(server, number_on="creation")) as api:
        account_id = create_account(api)
        draft = create_memo(api, account_id)
        assert (draft["number"], draft["status"]) == ("CM00000001", "Draft")
        assert api.ok("PUT", f"/v1/credit-memos/{draft['id']}/post")["number"] == "CM00000001"
        cancelled = create_memo(api, account_id)
        assert api.ok("PUT", f"/v1/credit-memos/{cancelled['id']}/cancel")["number"] == "CM00000002"
        # It was issued: it stays, and its number with it.
        assert "CM00000002" in refused(api.delete(f"/v1/credit-memos/{cancelled['id']}"), 200, 30)
        assert post_memo(api, account_id) == "CM00000003"
        assert next_numbers(api, "DEFAULT")["creditMemo"] == 4


@pytest.mark.parametrize(("header", "status", "category"), (("Zuora-Org-Ids", 403, 10), ("Zuora-Working-Org", 400, 20)))
def test_an_unknown_org_is_refused_by_name(api: Api, header: str, status: int, category: int) -> None:
    answer = api.call("POST", "/v1/accounts", new_account(), headers={header: "Atlantis"})
    assert "Atlantis" in refused(answer, status, category)


def test_an_empty_list_of_orgs_is_refused(api: Api) -> None:
    assert refused(api.get("/v1/credit-memos", Zuora_Org_Ids=","), 400, 20).startswith("Zuora-Org-Ids: ")


def test_an_org_of_another_entity_is_unknown(server: Server) -> None:
    mine, theirs = new_entity(server), new_entity(server)
    their_org = new_org(server, theirs)
    with server.api(Zuora_Entity_Ids=mine) as api:
        assert their_org in refused(api.get("/v1/credit-memos", Zuora_Org_Ids=their_org), 403, 10)
        labelled = api.post("/v1/accounts", new_account(organizationLabel=their_org))
        assert refused(labelled, 400, 20).startswith("organizationLabel: ")


def test_orgs_filter_what_a_caller_sees(server: Server) -> None:
    entity = new_entity(server)
    asia, europe = new_org(server, entity), new_org(server, entity)
    with server.api(Zuora_Entity_Ids=entity) as api:
        account_ids = {org: create_account(api, organizationLabel=org) for org in (asia, europe)}
        without = create_account(api)
        memos = {org: create_memo(api, account_id)["id"] for org, account_id in account_ids.items()}
        create_memo(api, without)

        def listed(**headers: str) -> set[str]:
            found = api.ok("GET", "/v1/credit-memos", **headers)["creditmemos"]
            return {memo["accountId"] for memo in found}

        assert listed() == {*account_ids.values(), without}
        assert listed(Zuora_Org_Ids=asia) == {account_ids[asia]}
        assert listed(Zuora_Org_Ids=f"{asia}, {europe}") == set(account_ids.values())
        assert api.get(f"/v1/accounts/{account_ids[asia]}", Zuora_Org_Ids=asia).status_code == 200
        for path in (f"/v1/accounts/{account_ids[asia]}", f"/v1/credit-memos/{memos[asia]}"):
            refused(api.get(path, Zuora_Org_Ids=europe), 404, 40)
        for action in ("post", "cancel"):
            refused(api.put(f"/v1/credit-memos/{memos[asia]}/{action}", Zuora_Org_Ids=europe), 404, 40)
        refused(api.post("/v1/credit-memos", new_memo(account_ids[asia]), Zuora_Org_Ids=europe), 404, 40)
        refused(api.delete(f"/v1/accounts/{account_ids[asia]}", Zuora_Org_Ids=europe), 404, 40)


def test_a_client_of_one_org_labels_and_sees_only_its_own(server: Server) -> None:
    entity = new_entity(server)
    asia, europe = new_org(server, entity), new_org(server, entity)
    client = server.create_client("issuer", entities=(entity,), orgs=(asia,))
    with server.api(client) as mine, server.api(Zuora_Entity_Ids=entity) as everything:
        account_id = create_account(mine)
        foreign = create_account(everything, organizationLabel=europe)
        assert everything.get(f"/v1/accounts/{account_id}", Zuora_Org_Ids=asia).status_code == 200
        refused(everything.get(f"/v1/accounts/{account_id}", Zuora_Org_Ids=europe), 404, 40)
        refused(mine.get(f"/v1/accounts/{foreign}"), 404, 40)
        assert europe in refused(mine.get("/v1/credit-memos", Zuora_Org_Ids=europe), 403, 10)
        assert europe in refused(mine.post("/v1/accounts", new_account(organizationLabel=europe)), 400, 20)
        memo = create_memo(mine, account_id)
        assert [each["id"] for each in mine.ok("GET", "/v1/credit-memos")["creditmemos"]] == [memo["id"]]


def test_a_client_of_several_orgs_names_the_one_of_a_new_account(server: Server) -> None:
    entity = new_entity(server)
    orgs = (new_org(server, entity), new_org(server, entity))
    with server.api(server.create_client("issuer", entities=(entity,), orgs=orgs)) as api:
        assert refused(api.post("/v1/accounts", new_account()), 400, 22).startswith("organizationLabel: ")
        by_header = api.ok("POST", "/v1/accounts", new_account(), Zuora_Working_Org=orgs[1])["accountId"]
        refused(api.get(f"/v1/accounts/{by_header}", Zuora_Org_Ids=orgs[0]), 404, 40)
        assert api.get(f"/v1/accounts/{by_header}", Zuora_Org_Ids=orgs[1]).status_code == 200
