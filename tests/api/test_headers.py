"""The headers that every operation shares: ids, versions, compression, limits."""

import gzip
import re
from pathlib import Path

import httpx2
import pytest

from tests.api.support import new_account, new_set, refused, unique_letters
from tests.servers import Api, Server, decode, encode

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GZIP_FROM_BYTES = 1000
BODY_BYTES_MAX = 1024 * 1024
EXPANDED_BODY_BYTES_MAX = 4 * BODY_BYTES_MAX
BOMB_BYTES = 128 * BODY_BYTES_MAX
SETS = "/v1/sequence-sets"


def call(api: Api, method: str, path: str, **headers: str | bytes) -> httpx2.Response:
    """A request with exactly these headers beside the token: httpx2 would ask for gzip by itself."""
    sent = {b"Accept-Encoding": b"identity"}
    for name, value in headers.items():
        sent[name.replace("_", "-").encode()] = value.encode() if isinstance(value, str) else value
    return api.http.request(method, path, headers=sent)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    (
        ("GET", SETS, 200),
        ("GET", f"{SETS}/nobody", 404),
        ("GET", "/v1/nothing/here", 404),
        ("GET", "/v1/credit-memos?colour=blue", 400),
        ("PATCH", SETS, 405),
        ("GET", "/oauth/token", 405),
        ("POST", "/oauth/token", 400),
        ("DELETE", f"{SETS}/DEFAULT", 200),
    ),
)
def test_every_answer_has_a_request_id_of_its_own(api: Api, method: str, path: str, status: int) -> None:
    answers = [call(api, method, path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, status]
    ids = [answer.headers["zuora-request-id"] for answer in answers]
    assert all(UUID.fullmatch(each) for each in ids)
    assert ids[0] != ids[1]
    assert answers[0].headers["content-type"] == "application/json"
    if decode(answers[0])["success"] is False:
        assert [decode(answer)["requestId"] for answer in answers] == ids


def test_answers_without_or_with_a_bad_token_have_a_request_id(server: Server) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = httpx2.get(f"{server.url}{SETS}", headers=headers)
        assert answer.status_code == 401
        assert UUID.fullmatch(answer.headers["zuora-request-id"])


def test_an_answer_to_too_large_a_body_has_a_request_id(api: Api) -> None:
    answer = api.call("POST", SETS, content=b"x" * (BODY_BYTES_MAX + 1))
    assert answer.status_code == 413
    assert UUID.fullmatch(answer.headers["zuora-request-id"])


@pytest.mark.parametrize("track_id", ("a", "order 66/7", "x" * 64, "!#$%&()*+,-./<=>?@[]^_`{|}~"))
def test_a_good_track_id_comes_back(api: Api, track_id: str) -> None:
    for path in (SETS, f"{SETS}/nobody"):
        assert call(api, "GET", path, Zuora_Track_Id=track_id).headers["zuora-track-id"] == track_id


def test_no_track_id_comes_back_when_none_was_sent(api: Api) -> None:
    assert "zuora-track-id" not in call(api, "GET", SETS).headers


@pytest.mark.parametrize("track_id", ("x" * 65, "a:b", "a;b", 'a"b', "a'b", "é", "a\tb"))
def test_a_bad_track_id_is_refused_and_not_sent_back(api: Api, track_id: str) -> None:
    answer = call(api, "GET", SETS, Zuora_Track_Id=track_id.encode("latin-1"))
    assert refused(answer, 400, 20).startswith("Zuora-Track-Id: ")
    assert "zuora-track-id" not in answer.headers


@pytest.mark.parametrize("version", ("2025-08-12", "224.0", "", "whatever"))
def test_any_version_is_accepted_and_logged(api: Api, server: Server, version: str) -> None:
    answer = call(api, "GET", SETS, Zuora_Version=version)
    assert answer.status_code == 200
    request_id = answer.headers["zuora-request-id"]
    # The line is written after the answer: a second answer on the same connection comes after it.
    call(api, "GET", SETS)
    (line,) = [line for line in server.log_lines() if line.get("request_id") == request_id]
    assert line["zuora_version"] == version


def test_only_large_answers_are_compressed(api: Api) -> None:
    for _ in range(4):
        api.ok("POST", SETS, {"sequenceSets": [new_set()]})
    plain = call(api, "GET", f"{SETS}?pageSize=5")
    assert len(plain.content) > GZIP_FROM_BYTES
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept-encoding"
    with httpx2.Client(base_url=api.url) as raw:
        headers = {**api.headers, "Accept-Encoding": "gzip"}
        with raw.stream("GET", f"{SETS}?pageSize=5", headers=headers) as answer:
            compressed = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(compressed) < len(plain.content)
        assert gzip.decompress(compressed) == plain.content
        small = raw.get(f"{SETS}?name=DEFAULT", headers=headers)
    assert len(small.content) <= GZIP_FROM_BYTES
    assert "content-encoding" not in small.headers


@pytest.mark.parametrize("accepted", ("gzip;q=0", "identity", "br", "deflate, gzip;q=0.0", "notgzip"))
def test_gzip_is_not_sent_to_who_does_not_take_it(api: Api, accepted: str) -> None:
    for _ in range(4):
        api.ok("POST", SETS, {"sequenceSets": [new_set()]})
    answer = call(api, "GET", f"{SETS}?pageSize=5", Accept_Encoding=accepted)
    assert len(answer.content) > GZIP_FROM_BYTES
    assert "content-encoding" not in answer.headers


def test_a_compressed_body_is_read(api: Api) -> None:
    body = new_account(accountNumber=unique_letters())
    answer = api.call("POST", "/v1/accounts", content=gzip.compress(encode(body)), headers={"Content-Encoding": "gzip"})
    assert answer.json()["accountNumber"] == body["accountNumber"]


def test_a_bomb_is_refused_by_its_expanded_size(api: Api) -> None:
    bomb = gzip.compress(b" " * (EXPANDED_BODY_BYTES_MAX + 1))
    assert len(bomb) < 10_000
    answer = api.call("POST", SETS, content=bomb, headers={"Content-Encoding": "gzip"})
    assert str(EXPANDED_BODY_BYTES_MAX) in refused(answer, 413, 20)
    just_fits = gzip.compress(b" " * EXPANDED_BODY_BYTES_MAX, mtime=0)
    answer = api.call("POST", SETS, content=just_fits, headers={"Content-Encoding": "gzip"})
    refused(answer, 400, 90)


def peak_bytes(server: Server) -> int:
    """The most memory that the server has ever used."""
    status = Path(f"/proc/{server.process_id}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system shows no process's peak of memory")
def test_a_bomb_is_not_expanded_before_it_is_refused(api: Api, server: Server) -> None:
    bomb = gzip.compress(bytes(BOMB_BYTES), compresslevel=1)
    assert len(bomb) < BODY_BYTES_MAX
    before = peak_bytes(server)
    refused(api.call("POST", SETS, content=bomb, headers={"Content-Encoding": "gzip"}), 413, 20)
    assert peak_bytes(server) - before < BOMB_BYTES // 2


@pytest.mark.parametrize(
    "content",
    (
        b"no gzip",
        b"",
        gzip.compress(b"{}", mtime=0)[:-4],
        gzip.compress(b"{}", mtime=0) + b"more",
        gzip.compress(b"{}", mtime=0)[:3],
    ),
)
def test_broken_gzip_is_malformed(api: Api, content: bytes) -> None:
    answer = api.call("POST", SETS, content=content, headers={"Content-Encoding": "gzip"})
    assert "gzip" in refused(answer, 400, 90)


@pytest.mark.parametrize("encoding", ("br", "deflate", "gzip, gzip", "nonsense"))
def test_another_encoding_is_refused_by_name(api: Api, encoding: str) -> None:
    answer = api.call("POST", SETS, content=b"{}", headers={"Content-Encoding": encoding})
    message = refused(answer, 400, 20)
    assert message.startswith("Content-Encoding: ")
    assert encoding in message


def test_no_limit_is_announced_where_none_is_configured(api: Api) -> None:
    assert not [name for name in call(api, "GET", SETS).headers if name.startswith("ratelimit")]


def test_the_configured_limit_is_announced_and_enforced(tmp_path: Path) -> None:
    with Server(tmp_path, rate_limit_requests_per_minute=3) as server, server.api() as api:
        answers = [call(api, "GET", SETS) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        for answer in answers:
            assert answer.headers["ratelimit-limit"].split(",")[0] == "3"
            assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
        assert "3" in refused(answers[3], 429, 70)
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        # Each client has an allowance of its own, and signing in is not counted.
        with server.api(server.create_client("auditor")) as other:
            assert call(other, "GET", SETS).status_code == 200
