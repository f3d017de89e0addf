"""A client of one version of Sequence's API that believes no answer before it has checked it against the contract."""

import json
from collections import Counter
from decimal import Decimal
from types import TracebackType
from typing import Self

import httpx2

from tests.sequence.vendor import NEWEST, contract_of
from tests.servers import CALL_SECONDS_MAX, Credentials, Json, decode, encode


class ContractApi:
    """A signed-in client. Every answer to it is checked, and counted in `seen`. Use it as a context manager."""

    def __init__(self, url: str, credentials: Credentials, version: str = NEWEST) -> None:
        self.version = version
        self.contract = contract_of(version)
        self.seen: Counter[str] = Counter()
        self.http = httpx2.Client(
            base_url=url,
            timeout=CALL_SECONDS_MAX,
            # The tests speak plain HTTP; reading certificates would take longer than most of their calls.
            verify=False,
            auth=httpx2.BasicAuth(credentials.client_id, credentials.client_secret),
            headers={"Sequence-Version": version},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    @property
    def is_newest(self) -> bool:
        """Whether this is the newest version."""
        return self.version == NEWEST

    def has(self, operation_id: str) -> bool:
        """Whether this version has an operation."""
        return any(each.operation_id == operation_id for each in self.contract.operations)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """One request. What succeeds must itself have been what the contract asks for."""
        operation = self.contract.find(method, path)
        sent = dict(headers or {})
        content = None if body is None else encode(body)
        if content is not None:
            sent["Content-Type"] = "application/json"
        answer = self.http.request(method, path, content=content, params=query, headers=sent)
        self.contract.check(operation, answer)
        if answer.is_success:
            assert set(query or ()) <= operation.query_names, f"{operation.operation_id} knows no {query}"
            if operation.request is not None:
                found = self.contract.faults(operation.request, json.loads(answer.request.content, parse_float=Decimal))
                assert not found, found
            self.seen[operation.operation_id] += 1
        return answer

    def ok(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Json:
        """One request that must succeed; its body."""
        answer = self.call(method, path, body, query=query, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return decode(answer)

    def get(self, path: str, **query: str | int) -> Json:
        """What is found at a path."""
        return self.ok("GET", path, query=query or None)

    def post(self, path: str, body: object = None, **headers: str) -> Json:
        """POST that must succeed. Underscores in the names of headers read as dashes."""
        return self.ok("POST", path, body, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def put(self, path: str, body: object = None) -> Json:
        """PUT that must succeed."""
        return self.ok("PUT", path, body)

    def delete(self, path: str) -> Json:
        """DELETE that must succeed."""
        return self.ok("DELETE", path)

    def download(self, path: str) -> bytes:
        """The PDF at a path."""
        answer = self.call("GET", path)
        assert answer.is_success, answer.text
        return answer.content

    def refused(self, method: str, path: str, body: object = None, *, status: int, of_type: str, **query: str) -> str:
        """The message of a request that must be refused, so and not otherwise."""
        return refused(self.call(method, path, body, query=dict(query) or None), status, of_type)


def refused(answer: httpx2.Response, status: int, of_type: str) -> str:
    """The message of a refusal, after its status and type have been checked."""
    assert answer.status_code == status, answer.text
    error = decode(answer)["error"]
    assert error["type"] == of_type, answer.text
    message: str = error["message"]
    return message
