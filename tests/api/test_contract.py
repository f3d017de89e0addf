"""Every operation of the vendor's contract is served, or says that it is not; the documentation tells which."""

import re
from pathlib import Path

import pytest

from seriatim.api.zuora import not_served
from seriatim.api.zuora.api import endpoints
from seriatim.api.zuora.oauth import TokenIssuer
from seriatim.http.endpoint import Endpoint
from tests.api.contract import CONTRACT, OLDER_PATHS, served_operations, shape
from tests.api.support import refused
from tests.servers import Api

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def keys_of(found: list[Endpoint]) -> list[tuple[str, str]]:
    return [(each.method, shape(each.path)) for each in found]


def test_the_contract_is_what_is_served_and_what_is_not() -> None:
    contract = [(method, shape(path)) for method, path, _ in CONTRACT]
    assert len(set(contract)) == len(contract)
    refusing = [(method, shape(path)) for method, path, *_ in not_served.OPERATIONS]
    assert sorted(keys_of(served_operations()) + refusing) == sorted(contract)


def test_what_is_not_served_is_named_as_the_vendor_names_it() -> None:
    named = {(method, shape(path)): operation_id for method, path, operation_id in CONTRACT}
    for method, path, operation_id, _ in not_served.OPERATIONS:
        assert named[method, shape(path)] == operation_id


def test_no_operation_hides_another() -> None:
    """Two paths of one shape would be two routes, of which the second never gets a request."""
    found = endpoints(TokenIssuer.create_token)
    names = {each.path for each in found}
    assert len({shape(path) for path in names}) == len(names)
    assert len(set(keys_of(found))) == len(found)
    order = list(dict.fromkeys(each.path for each in found))
    for index, path in enumerate(order):
        if "{" not in path:
            for earlier in order[:index]:
                pattern = re.sub(r"\{[^}]+\}", "[^/]+", earlier)
                assert re.fullmatch(pattern, path) is None, f"{earlier} comes before {path}"


def test_the_older_paths_of_memos_are_those_of_the_newer_ones() -> None:
    found = endpoints(TokenIssuer.create_token)
    for older in OLDER_PATHS:
        newer = older.replace("memos", "-memos")
        of_older = {(each.method, each.path.removeprefix(older)) for each in found if each.path.startswith(older)}
        of_newer = {(each.method, each.path.removeprefix(newer)) for each in found if each.path.startswith(newer)}
        assert of_older == of_newer != set()


def test_the_operations_page_has_a_row_for_each_operation_that_tells_what_becomes_of_it() -> None:
    found = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    reasons = {(method, shape(path)): why for method, path, _, why in not_served.OPERATIONS}
    expected = []
    for method, path, operation_id in CONTRACT:
        why = reasons.get((method, shape(path)))
        answer = "served" if why is None else f"501: {why}"
        expected.append(f"| `{operation_id}` | `{method} {path}` | {answer} |")
    assert found == expected, "the table of docs/operations.md should be:\n" + "\n".join(expected)


@pytest.mark.parametrize("endpoint", not_served.ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_an_operation_that_is_not_served_says_so(api: Api, endpoint: Endpoint) -> None:
    path = re.sub(r"\{[^}]+\}", "some-key", endpoint.path)
    for sent in (path, f"{path}?anything=1"):
        message = refused(api.call(endpoint.method, sent), 501, 45)
        assert message.startswith(f"{endpoint.method} {path} is an operation of Zuora's that Seriatim does not serve: ")
    body = {"any": "body"}
    if endpoint.method != "GET":
        refused(api.call(endpoint.method, path, body), 501, 45)


def test_an_operation_that_is_not_served_asks_for_credentials_all_the_same(api: Api) -> None:
    answer = api.get("/v1/invoices/pdf-status", Authorization="Bearer wrong")
    refused(answer, 401, 11)
