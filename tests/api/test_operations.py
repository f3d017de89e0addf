"""What operators see: health, figures, the contract, logs, and how a server starts and stops."""

import json
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import apsw
import httpx2
import pytest

from seriatim.api.zuora.api import served
from seriatim.api.zuora.oauth import TokenIssuer
from tests.api.support import create_account, create_set, new_memo, new_set, next_numbers, refused
from tests.servers import Api, Server, ServerFailed, run_program

COMMITTED_DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
CALL_SECONDS_MAX = 20.0
POLL_SECONDS = 0.02
DRAFTS = 5


def metrics(server: Server) -> dict[str, float]:
    answer = httpx2.get(f"{server.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_health_and_readiness(server: Server) -> None:
    for path, body in (("/healthz", {"status": "up"}), ("/readyz", {"status": "ready"})):
        answer = httpx2.get(f"{server.url}{path}")
        assert (answer.status_code, answer.json()) == (200, body)


def test_a_server_whose_database_is_gone_is_up_and_not_ready(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        connection = apsw.Connection(str(server.database_path))
        connection.execute("ALTER TABLE schema_migrations RENAME TO elsewhere")
        connection.close()
        assert httpx2.get(f"{server.url}/healthz").status_code == 200
        answer = httpx2.get(f"{server.url}/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
        assert answer.json()["reason"]
        assert int(answer.headers["retry-after"]) >= 1


def test_the_metrics_move(server: Server, api: Api) -> None:
    posted = 'seriatim_requests_total{method="POST",route="/v1/credit-memos",status="200"}'
    refusals = 'seriatim_refusals_total{category="invalid_value"}'
    account_id = create_account(api)
    before = metrics(server)
    api.ok("POST", "/v1/credit-memos", new_memo(account_id, autoPost=True))
    refused(api.post("/v1/credit-memos", new_memo(account_id, "x")), 400, 20)
    # The figures are counted after the answer: one more request comes after that.
    api.get("/v1/sequence-sets")
    after = metrics(server)
    assert after[posted] == before.get(posted, 0) + 1
    assert after[refusals] == before[refusals] + 1
    for name in ("seriatim_queue_wait_seconds", "seriatim_batch_size", "seriatim_write_seconds"):
        assert after[f"{name}_count"] == before[f"{name}_count"] + 1
    seconds = 'seriatim_request_seconds_count{method="POST",route="/v1/credit-memos"}'
    assert after[seconds] == before.get(seconds, 0) + 2
    assert "seriatim_failures_total" in after
    assert any(name.startswith("seriatim_info{") for name in after)
    assert after["process_resident_memory_bytes"] > 0


def test_ids_in_paths_make_no_new_figures(server: Server, api: Api) -> None:
    api.get("/v1/accounts/some-secret-number")
    api.get("/v1/no/such/path")
    api.get("/v1/sequence-sets")
    shown = httpx2.get(f"{server.url}/metrics").text
    assert "some-secret-number" not in shown
    assert "/v1/no/such/path" not in shown


def test_the_metrics_can_be_switched_off(tmp_path: Path) -> None:
    with Server(tmp_path, metrics="false") as server:
        assert httpx2.get(f"{server.url}/metrics").status_code == 404
        assert httpx2.get(f"{server.url}/healthz").status_code == 200


def test_the_committed_contract_is_the_one_that_is_served(server: Server) -> None:
    answer = httpx2.get(f"{server.url}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    made = subprocess.run([sys.executable, "-m", "seriatim.api.openapi"], capture_output=True, check=True, text=True)
    assert answer.text == made.stdout
    committed = COMMITTED_DOCUMENT.read_text(encoding="utf-8")
    assert committed == made.stdout, "docs/openapi.json is stale: `make openapi` writes it anew"


def test_the_contract_names_every_operation_that_is_served(server: Server, api: Api) -> None:
    paths = httpx2.get(f"{server.url}/openapi.json").json()["paths"]
    operations = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    table = {(endpoint.method, endpoint.path) for endpoint in served(TokenIssuer.create_token)}
    assert operations == table
    assert ("PUT", "/v1/credit-memos/{key}/post") in table
    for method, path in operations - {("DELETE", "/v1/sequence-sets/{id}")}:
        answer = api.call(method, re.sub(r"\{[^}]+\}", "nobody", path))
        assert answer.status_code in {200, 400, 404}, (method, path, answer.text)


def test_a_stopped_server_ends_with_0_and_starts_again(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.api() as api:
        made = create_set(api)
        assert server.terminate() == 0
        assert not server.is_running
        server.start()
        assert api.ok("GET", f"/v1/sequence-sets/{made['id']}")["name"] == made["name"]
        # Only the first start makes a client, and shows its secret.
        assert server.client_secret not in (tmp_path / "banner.txt").read_text(encoding="utf-8")


def wait_until_closed(server: Server) -> None:
    """Wait until the server accepts no connection any more."""
    deadline = time.monotonic() + CALL_SECONDS_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except ConnectionError:
            return
        assert time.monotonic() < deadline, "the server goes on accepting connections"
        time.sleep(POLL_SECONDS)


def test_what_is_queued_is_finished_before_the_end(tmp_path: Path) -> None:
    """While somebody holds the database, posts wait in the queue; the server is told to stop; then all are done."""
    with Server(tmp_path) as server, server.api() as api, ThreadPoolExecutor(2 * DRAFTS) as pool:
        account_id = create_account(api)
        body = new_memo(account_id, autoPost=True)
        connection = apsw.Connection(str(server.database_path))
        connection.execute("BEGIN IMMEDIATE")
        queued: list[Future[httpx2.Response]] = []
        for index in range(DRAFTS):
            # Of two requests with one key, one is refused as soon as the other is in the queue.
            key = f"key {index}"
            pair = {pool.submit(api.post, "/v1/credit-memos", body, Idempotency_Key=key) for _ in range(2)}
            done, waiting = wait(pair, CALL_SECONDS_MAX, FIRST_COMPLETED)
            assert [call.result().status_code for call in done] == [409]
            queued += waiting
        server.send_terminate()
        wait_until_closed(server)
        assert server.is_running
        connection.execute("ROLLBACK")
        connection.close()
        numbers = [call.result(CALL_SECONDS_MAX).json()["number"] for call in queued]
        assert server.wait() == 0
        assert sorted(numbers) == [f"CM{ordinal:08d}" for ordinal in range(1, DRAFTS + 1)]
        server.start()
        found = api.ok("GET", f"/v1/credit-memos?accountId={account_id}")["creditmemos"]
        assert sorted(memo["number"] for memo in found) == sorted(numbers)


def test_a_request_under_way_is_answered_before_the_end(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.api() as api:
        account_id = create_account(api)
        body = json.dumps({"accountId": account_id, "autoPost": True, "charges": [{"amount": 1}]}).encode()
        head = (
            f"POST /v1/credit-memos HTTP/1.1\r\nHost: localhost\r\nAuthorization: {api.headers['Authorization']}\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=CALL_SECONDS_MAX) as connection:
            connection.sendall(head.encode())
            # The server asks for the body once the request has reached its handler.
            assert connection.recv(4096).startswith(b"HTTP/1.1 100")
            connection.sendall(body[:10])
            server.send_terminate()
            wait_until_closed(server)
            connection.sendall(body[10:])
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert received.startswith(b"HTTP/1.1 200")
        assert b'"number":"CM00000001"' in received
        assert server.wait() == 0


def test_a_second_server_on_the_same_database_is_refused(server: Server, tmp_path: Path) -> None:
    done = run_program("serve", "--port", "0", database=server.database, directory=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "another server" in done.stderr
    assert str(server.database_path) in done.stderr


def test_a_port_that_is_taken_is_refused(server: Server, tmp_path: Path) -> None:
    second = Server(tmp_path)
    second.port = server.port
    with pytest.raises(ServerFailed, match=rf"port {server.port}.*in use"):
        second.start()
    assert not second.is_running


def test_a_bad_setting_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match=r"(BODY_BYTES_MAX|body-bytes-max)"):
        Server(tmp_path, body_bytes_max="many").start()


def test_the_command_line_writes_beside_a_server_that_has_refused(tmp_path: Path) -> None:
    """A refusal may not leave a read transaction open: what another process writes would lock the server out."""
    with Server(tmp_path) as server, server.api() as api:
        made = create_set(api)
        account_id = create_account(api, sequenceSetId=made["id"])
        api.ok("POST", "/v1/credit-memos", new_memo(account_id))
        assert made["name"] in refused(api.delete(f"/v1/sequence-sets/{made['id']}"), 200, 30)
        refused(api.delete(f"/v1/accounts/{account_id}"), 200, 30)
        server.create_client("auditor")
        assert api.ok("POST", "/v1/credit-memos", new_memo(account_id, autoPost=True))["status"] == "Posted"
        assert next_numbers(api, made["id"])["creditMemo"] == 2


def test_the_log_is_a_json_line_a_request_and_tells_no_secret(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        with server.api() as api:
            api.ok("POST", "/v1/sequence-sets", {"sequenceSets": [new_set()]}, Zuora_Track_Id="my trace")
            missing = api.get("/v1/accounts/hidden-number", Zuora_Track_Id="my other trace")
            api.get("/v1/sequence-sets?name=hidden-name", Idempotency_Key="hidden-key")
            api.post("/v1/sequence-sets", {"password": "hidden-value"})
        form = {"client_id": server.client_id, "client_secret": "hidden-secret", "grant_type": "client_credentials"}
        httpx2.post(f"{server.url}/oauth/token", data=form)
        httpx2.get(f"{server.url}/v1/sequence-sets", headers={"Authorization": "Bearer hidden-token"})
        assert server.terminate() == 0
        lines = [line for line in server.log_lines() if line["event"] == "request"]
        assert [(line["method"], line["route"], line["status"]) for line in lines] == [
            ("POST", "/oauth/token", 200),
            ("POST", "/v1/sequence-sets", 200),
            ("GET", "/v1/accounts/{key}", 404),
            ("GET", "/v1/sequence-sets", 200),
            ("POST", "/v1/sequence-sets", 400),
            ("POST", "/oauth/token", 401),
            ("GET", "/v1/sequence-sets", 401),
        ]
        assert [line.get("track_id") for line in lines[:4]] == [None, "my trace", "my other trace", None]
        assert lines[2]["request_id"] == missing.headers["zuora-request-id"]
        assert {line["client_id"] for line in lines[1:5]} == {server.client_id}
        assert all(line["duration_ms"] > 0 for line in lines)
        for secret in (server.client_secret, api.token, "hidden"):
            assert secret not in server.logs()
