"""What holds for every request: who calls, in which version, in which form, and what a refusal looks like."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.sequence.client import ContractApi, refused
from tests.sequence.support import create_customer, create_invoice, create_note, issue_invoice, new_line
from tests.sequence.vendor import NEWEST, VERSIONS, contract_of
from tests.servers import CALL_SECONDS_MAX, Server

VENDOR_WORDS = "No matching API version found. Please make sure the specified API version is valid."


@pytest.fixture
def plain(server: Server) -> Iterator[httpx2.Client]:
    """A client that says nothing of its own."""
    with httpx2.Client(base_url=server.url, timeout=CALL_SECONDS_MAX) as client:
        yield client


@pytest.fixture
def basic(server: Server) -> dict[str, str]:
    """The admin's credentials."""
    return {"Authorization": authorization(server.client_id, server.client_secret)}


def authorization(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def operations_of(version: str) -> set[tuple[str, str]]:
    return {(each.method, each.path) for each in contract_of(version).operations}


def test_without_a_version_the_newest_answers(plain: httpx2.Client, basic: dict[str, str]) -> None:
    answer = plain.get("/customers", headers=basic)
    assert (answer.status_code, answer.headers["sequence-version"]) == (200, NEWEST)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_that_is_asked_for_answers(plain: httpx2.Client, basic: dict[str, str], version: str) -> None:
    for name in ("Sequence-Version", "sequence-version"):
        answer = plain.get("/credit-notes", headers={**basic, name: version})
        assert (answer.status_code, answer.headers["sequence-version"]) == (200, version)


@pytest.mark.parametrize("version", ("2024-02-30", "2023-01-01", "latest", "", "2024-07-30T00:00:00Z"))
def test_an_unknown_version_is_refused_as_the_vendor_does(
    plain: httpx2.Client, basic: dict[str, str], version: str
) -> None:
    answer = plain.get("/credit-notes", headers={**basic, "Sequence-Version": version})
    assert refused(answer, 400, "UnrecognisedApiVersion") == VENDOR_WORDS
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["sequence-version"] == NEWEST


def test_a_pinned_client_gets_its_version_unless_it_asks_for_another(server: Server, plain: httpx2.Client) -> None:
    made = server.run_cli_json(
        "client", "create", "--name", "pinned", "--role", "issuer", "--sequence-version", "2024-01-01"
    )
    headers = {"Authorization": authorization(made["client_id"], made["client_secret"])}
    assert plain.get("/customers", headers=headers).headers["sequence-version"] == "2024-01-01"
    headers["Sequence-Version"] = "2024-05-09"
    assert plain.get("/customers", headers=headers).headers["sequence-version"] == "2024-05-09"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_operation_of_another_version_is_not_there(server: Server, version: str) -> None:
    own = operations_of(version)
    foreign = {each for other in VERSIONS for each in operations_of(other)} - own
    assert foreign
    with ContractApi(server.url, server.require_admin(), version) as api:
        for method, path in sorted(foreign):
            answer = api.http.request(method, path.replace("{", "").replace("}", ""), json={})
            assert refused(answer, 404, "NotFound")
            assert answer.headers["sequence-version"] == version


@pytest.mark.parametrize(
    "sent",
    (
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nocolon").decode(),
        authorization("nobody", "secret"),
        authorization("", ""),
        "Bearer token",
        "Digest x",
    ),
)
def test_bad_credentials_are_refused(plain: httpx2.Client, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    for path in ("/customers", "/credit-notes", "/invoices", "/credit-notes/x/download"):
        answer = plain.get(path, headers=headers)
        refused(answer, 401, "Unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["sequence-version"] == NEWEST


def test_a_wrong_or_revoked_secret_is_refused(server: Server, plain: httpx2.Client) -> None:
    made = server.create_client("issuer")
    good = {"Authorization": authorization(made.client_id, made.client_secret)}
    assert plain.get("/customers", headers=good).status_code == 200
    bad = {"Authorization": authorization(made.client_id, made.client_secret + "x")}
    refused(plain.get("/customers", headers=bad), 401, "Unauthenticated")


def test_an_auditor_only_looks(server: Server, newest: ContractApi) -> None:
    customer_id = create_customer(newest)["id"]
    note = create_note(newest, customer_id, new_line())
    invoice = create_invoice(newest, customer_id, new_line())
    places = {"{creditnote}": note["id"], "{invoice}": invoice["id"], "{customer}": customer_id}
    with ContractApi(server.url, server.create_client("auditor")) as api:
        for operation in api.contract.operations:
            own = {"credit-notes": note["id"], "invoices": invoice["id"], "customers": customer_id}
            path = operation.path.replace("{id}", own.get(operation.path.split("/")[1], ""))
            for name, key in places.items():
                path = path.replace(name, key)
            answer = api.http.request(operation.method, path, json={})
            if operation.method == "GET":
                assert answer.status_code in (200, 404), f"{path}: {answer.text}"
            else:
                refused(answer, 403, "Forbidden")
    assert newest.get(f"/credit-notes/{note['id']}") == note


def test_one_entity_does_not_see_the_other(seller: Callable[[], ContractApi]) -> None:
    mine, theirs = seller(), seller()
    customer_id = create_customer(mine, customerAliases=["same"])["id"]
    create_customer(theirs, customerAliases=["same"])
    invoice = issue_invoice(mine, customer_id)
    note = create_note(mine, customer_id, invoiceId=invoice["id"])
    for path in (f"/customers/{customer_id}", f"/invoices/{invoice['id']}", f"/credit-notes/{note['id']}"):
        theirs.refused("GET", path, status=404, of_type="NotFound")
    theirs.refused("POST", "/invoices", {"customerId": customer_id, "currency": "EUR"}, status=404, of_type="NotFound")
    assert theirs.get("/invoices")["pagination"]["totalResultSize"] == 0
    assert mine.get("/customers/by-alias/same")["id"] == customer_id
    own = issue_invoice(theirs, theirs.get("/customers/by-alias/same")["id"])
    assert own["invoiceNumber"] == invoice["invoiceNumber"]


@pytest.mark.parametrize(
    ("content", "of_type"),
    (
        (b"", "MalformedBody"),
        (b"{", "MalformedBody"),
        (b'{"currency": "EUR",}', "MalformedBody"),
        (b"\xff\xfe", "MalformedBody"),
        (b"[]", "MalformedBody"),
        (b'"text"', "MalformedBody"),
        (b"{}", "MissingField"),
    ),
)
def test_a_body_that_is_no_request_is_refused(newest: ContractApi, content: bytes, of_type: str) -> None:
    answer = newest.http.post("/credit-notes", content=content, headers={"Content-Type": "application/json"})
    newest.contract.check(newest.contract.find("POST", "/credit-notes"), answer)
    refused(answer, 400, of_type)


def test_a_body_that_is_too_large_is_refused(newest: ContractApi) -> None:
    body = {"customerId": "c", "currency": "EUR", "memo": "x" * 20_000_000}
    refused(newest.call("POST", "/credit-notes", body), 413, "RequestTooLarge")


def test_a_method_that_a_path_does_not_have_is_refused(newest: ContractApi) -> None:
    answer = newest.http.patch("/credit-notes")
    refused(answer, 405, "MethodNotAllowed")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) >= {"GET", "POST"}


def test_a_path_of_this_api_that_does_not_exist_is_answered_in_its_words(newest: ContractApi) -> None:
    refused(newest.http.get("/credit-notes/a/b/c"), 404, "NotFound")


@pytest.mark.parametrize("noun", ("credit-notes", "invoices"))
def test_a_currency_that_a_version_does_not_know_is_not_sent_to_it(
    newest: ContractApi, server: Server, noun: str
) -> None:
    create = create_note if noun == "credit-notes" else create_invoice
    customer_id = create_customer(newest)["id"]
    made = create(newest, customer_id, new_line("10.00"), currency="AED")
    known = create(newest, customer_id, new_line("10.00"))
    for version in VERSIONS[:-1]:
        with ContractApi(server.url, server.require_admin(), version) as older:
            message = older.refused("GET", f"/{noun}/{made['id']}", status=422, of_type="NotInThisVersion")
            assert "AED" in message
            found = older.get(f"/{noun}", customerId=customer_id)
            assert [each["id"] for each in found["items"]] == [known["id"]]
            assert found["pagination"]["totalResultSize"] == 1
            body = {"customerId": customer_id, "currency": "AED"}
            assert "AED" in older.refused("POST", f"/{noun}", body, status=400, of_type="InvalidValue")


def test_a_client_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with (
        Server(tmp_path, rate_limit_requests_per_minute=3) as limited,
        ContractApi(limited.url, limited.require_admin()) as api,
    ):
        for _ in range(3):
            api.get("/customers")
        answer = api.call("GET", "/customers")
        refused(answer, 429, "RateLimited")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
