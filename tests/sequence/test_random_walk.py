"""Whatever is asked at random: each answer is of the contract, and in the end all books agree, to the cent."""

from collections import Counter
from decimal import Decimal

import pytest

from tests.sequence.client import ContractApi
from tests.sequence.paging import pages_of
from tests.sequence.random_walk import Walker
from tests.sequence.support import lines_of
from tests.sequence.vendor import VERSIONS
from tests.servers import Server

STEPS = 400
STOCK_EVERY = 35
MEMOS = {"credit-notes": "/v1/credit-memos", "invoices": "/v1/invoices"}


@pytest.mark.parametrize("seed", (20240101, 20240730))
def test_a_random_walk_meets_no_fault_and_leaves_books_that_agree(mailing_server: Server, seed: int) -> None:
    apis = [ContractApi(mailing_server.url, mailing_server.require_admin(), version) for version in VERSIONS]
    walker = Walker(apis, seed)
    statuses: Counter[int] = Counter()
    try:
        for at in range(STEPS):
            if at % STOCK_EVERY == 0:
                walker.stock()
            statuses[walker.step().status_code] += 1
        for noun in MEMOS:
            check_books(mailing_server, walker, noun)
    finally:
        for api in apis:
            api.close()
    # The walk goes everywhere: it succeeds, and is refused for what it sends, for what is not there, for its state.
    assert all(statuses[status] > STEPS // 100 for status in (200, 201, 400, 404, 409, 422)), statuses
    verified = mailing_server.run_cli("verify")
    assert verified.returncode == 0, verified.stdout
    assert "request_failed" not in mailing_server.logs()


def check_books(server: Server, walker: Walker, noun: str) -> None:
    """What the walk made reads alike in all versions and in the other API, and adds up."""
    played = set(walker.ids[noun])
    with server.api() as zuora:
        for page in pages_of(walker.newest, f"/{noun}", limit=100):
            for shown in (each for each in page if each["id"] in played):
                path = f"/{noun}/{shown['id']}"
                theirs = zuora.ok("GET", f"{MEMOS[noun]}/{shown['id']}")
                lines = lines_of(walker.newest, path)
                for name in ("netTotal", "totalTax", "grossTotal"):
                    assert sum(Decimal(line[name]) for line in lines) == Decimal(shown[name])
                assert Decimal(theirs["amount"]) == Decimal(shown["grossTotal"])
                for api in walker.apis:
                    assert api.get(path)["grossTotal"] == shown["grossTotal"]
