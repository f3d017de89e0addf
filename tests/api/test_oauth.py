"""Signing in, and what a token and a role are good for."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import httpx2
import pytest

from tests.api.support import create_account, create_memo, create_set, new_account, new_memo, new_set, refused
from tests.servers import Api, Credentials, Server

REVOKED_SECONDS_MAX = 1.0
SLACK_SECONDS = 0.5
"""For this test's own requests and a busy machine."""
POLL_SECONDS = 0.02
SETS = "/v1/sequence-sets"


def form(credentials: Credentials, **changes: str | None) -> dict[str, str]:
    fields: dict[str, str | None] = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "grant_type": "client_credentials",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def sign_in(server: Server, fields: dict[str, str], **headers: str) -> httpx2.Response:
    return httpx2.post(f"{server.url}/oauth/token", data=fields, headers=headers)


def get(server: Server, token: str) -> httpx2.Response:
    return httpx2.get(f"{server.url}{SETS}", headers={"Authorization": f"Bearer {token}"})


def unauthorized(answer: httpx2.Response) -> str:
    message = refused(answer, 401, 11)
    assert answer.json()["reasons"][0]["code"] == 90000011
    assert answer.json()["message"] == message
    assert answer.headers["www-authenticate"] == "Bearer"
    return message


def test_a_token_has_the_documented_shape(server: Server) -> None:
    answer = sign_in(server, form(server.require_admin()))
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope", "jti"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)
    assert "role.admin" in body["scope"].split(" ")
    assert any(part.startswith("entity.") for part in body["scope"].split(" "))
    assert body["jti"] not in body["access_token"]
    assert answer.headers["cache-control"] == "no-store"
    assert get(server, body["access_token"]).status_code == 200
    assert sign_in(server, form(server.require_admin())).json()["jti"] != body["jti"]


def test_the_first_client_has_the_lengths_that_the_sdk_wants(server: Server) -> None:
    assert len(server.client_id) == 36
    assert 0 < len(server.client_secret) <= 42


def test_a_token_request_ignores_an_old_token(server: Server) -> None:
    answer = sign_in(server, form(server.require_admin()), Authorization="Bearer old")
    assert get(server, answer.json()["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "changes",
    (
        {"client_secret": "wrong"},
        {"client_id": "00000000-0000-4000-8000-000000000000"},
        {"client_id": "no uuid"},
        {"client_secret": "x" * 5000},
        {"client_secret": "ünïcode"},
    ),
)
def test_wrong_credentials_are_unauthorized(server: Server, changes: dict[str, str | None]) -> None:
    message = unauthorized(sign_in(server, form(server.require_admin(), **changes)))
    # The same words, whatever of the two is wrong.
    assert message == unauthorized(sign_in(server, form(server.require_admin(), client_secret="other")))


@pytest.mark.parametrize("name", ("client_id", "client_secret", "grant_type"))
@pytest.mark.parametrize("value", (None, ""))
def test_a_missing_field_is_named(server: Server, name: str, value: str | None) -> None:
    answer = sign_in(server, form(server.require_admin(), **{name: value}))
    message = refused(answer, 400, 22)
    assert message.startswith(f"{name}: ")
    assert answer.json()["message"] == message
    assert answer.json()["code"] % 100 == 22


@pytest.mark.parametrize("grant", ("password", "authorization_code", "Client_Credentials"))
def test_another_grant_is_refused(server: Server, grant: str) -> None:
    answer = sign_in(server, form(server.require_admin(), grant_type=grant))
    message = refused(answer, 400, 20)
    assert message.startswith("grant_type: ")
    assert grant in message


@pytest.mark.parametrize("content", (b"", b"\xff\xfe", b"a&b&c", b"=", "&".join(["a=1"] * 30).encode()))
def test_a_body_that_is_no_form_is_refused(server: Server, content: bytes) -> None:
    answer = httpx2.post(f"{server.url}/oauth/token", content=content)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_json_is_no_form(server: Server) -> None:
    answer = httpx2.post(f"{server.url}/oauth/token", json=form(server.require_admin()))
    assert answer.status_code == 400
    assert "application/x-www-form-urlencoded" in answer.json()["message"]
    assert server.client_secret not in answer.text


@pytest.mark.parametrize("header", (None, "", "Bearer", "Basic dXNlcjpwYXNz", "Bearer nonsense", "nonsense"))
def test_without_a_good_token_nothing_is_answered(server: Server, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("GET", SETS), ("POST", SETS), ("GET", "/v1/credit-memos"), ("DELETE", "/v1/accounts/x")):
        unauthorized(httpx2.request(method, f"{server.url}{path}", headers=headers))


def test_a_changed_token_is_refused(server: Server, api: Api) -> None:
    token = api.token
    assert get(server, token).status_code == 200
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for index in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[index] ^= 1
        unauthorized(get(server, urlsafe_b64encode(changed).rstrip(b"=").decode()))
    for other in (token[:-1], token + "A", token.swapcase(), token * 20):
        unauthorized(get(server, other))


def test_a_token_of_another_server_is_refused(server: Server, tmp_path: Path) -> None:
    with Server(tmp_path) as other, other.api() as theirs:
        unauthorized(get(server, theirs.token))


def test_a_token_survives_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.api() as api:
        server.restart()
        assert get(server, api.token).status_code == 200


def test_a_revoked_client_is_out_within_a_second(server: Server) -> None:
    credentials = server.create_client("admin", name="to be revoked")
    with server.api(credentials) as api:
        assert api.get(SETS).status_code == 200
        done = server.run_cli("client", "revoke", credentials.client_id)
        revoked_at = time.monotonic()
        assert done.returncode == 0, done.stderr
        while (answer := api.get(SETS)).status_code == 200:
            assert time.monotonic() - revoked_at < REVOKED_SECONDS_MAX + SLACK_SECONDS
            time.sleep(POLL_SECONDS)
    unauthorized(answer)
    unauthorized(sign_in(server, form(credentials)))
    # It stays out.
    unauthorized(get(server, api.token))


def test_a_client_of_the_command_line_signs_in_at_once(server: Server) -> None:
    credentials = server.create_client("auditor", name="made beside the server")
    answer = sign_in(server, form(credentials))
    assert answer.status_code == 200
    assert "role.auditor" in answer.json()["scope"]
    assert get(server, answer.json()["access_token"]).status_code == 200


def forbidden(answer: httpx2.Response, role: str) -> None:
    message = refused(answer, 403, 10)
    assert role in message
    assert answer.json()["code"] % 100 == 10
    assert answer.json()["message"] == message


def test_an_auditor_only_reads(server: Server, api: Api) -> None:
    made = create_set(api)
    account_id = create_account(api)
    memo = create_memo(api, account_id)
    with server.api(server.create_client("auditor")) as auditor:
        for path in (
            SETS,
            f"{SETS}/{made['id']}",
            f"/v1/accounts/{account_id}",
            "/v1/credit-memos",
            f"/v1/credit-memos/{memo['id']}",
        ):
            assert auditor.get(path).status_code == 200
        for method, path, body in (
            ("POST", SETS, {"sequenceSets": [new_set()]}),
            ("PUT", f"{SETS}/{made['id']}", {"name": "X"}),
            ("DELETE", f"{SETS}/{made['id']}", None),
            ("POST", "/v1/accounts", new_account()),
            ("PUT", f"/v1/accounts/{account_id}", {"name": "X"}),
            ("DELETE", f"/v1/accounts/{account_id}", None),
            ("POST", "/v1/credit-memos", new_memo(account_id)),
            ("PUT", f"/v1/credit-memos/{memo['id']}/post", None),
            ("PUT", f"/v1/credit-memos/{memo['id']}/unpost", None),
            ("PUT", f"/v1/credit-memos/{memo['id']}/cancel", None),
            ("DELETE", f"/v1/credit-memos/{memo['id']}", None),
        ):
            forbidden(auditor.call(method, path, body), "auditor")
    assert api.ok("GET", f"/v1/credit-memos/{memo['id']}")["status"] == "Draft"
    assert api.ok("GET", f"{SETS}/{made['id']}")["name"] == made["name"]


def test_an_issuer_changes_no_sequence_sets(server: Server, api: Api) -> None:
    made = create_set(api)
    with server.api(server.create_client("issuer")) as issuer:
        account_id = create_account(issuer, sequenceSetId=made["id"])
        assert create_memo(issuer, account_id, autoPost=True)["status"] == "Posted"
        forbidden(issuer.post(SETS, {"sequenceSets": [new_set()]}), "issuer")
        forbidden(issuer.put(f"{SETS}/{made['id']}", {"name": "X"}), "issuer")
        forbidden(issuer.delete(f"{SETS}/{made['id']}"), "issuer")
        assert issuer.get(f"{SETS}/{made['id']}").json()["name"] == made["name"]
