"""An account with a set of its own, so that a test knows which number comes next; and the pages of its documents."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.api.support import create_set, new_account, unique_letters
from tests.browser.site import Site
from tests.servers import Api, Json


@dataclass(frozen=True, slots=True)
class Books:
    """An account whose documents nobody else makes."""

    site: Site
    api: Api
    entity_id: str
    prefix: str
    account_id: str
    account_number: str

    def number(self, letter: str, ordinal: int = 1) -> str:
        """A number of a series: `I`, `C`, `D`, `P-` or `R-`."""
        return f"{self.prefix}{letter}{ordinal:08d}"

    def path(self, *parts: str) -> str:
        """The address of a page of the entity."""
        return "/".join(["/console/e", self.entity_id, *parts])

    def new(self, kind: str) -> str:
        """The address of the form for a kind, with the account filled in."""
        return f"{self.path('documents', 'new', kind)}?account={self.account_number}"

    def list_of(self, kind: str, **query: str) -> str:
        """The address of a list."""
        parts = [f"kind={kind}", *(f"{name}={value}" for name, value in query.items())]
        return f"{self.path('documents')}?{'&'.join(parts)}"

    def invoice(self, amount: str = "100.00", **fields: object) -> Json:
        """A posted invoice, made through the API."""
        line = {"chargeName": "Hours", "amount": amount, "serviceStartDate": "2026-01-01"}
        body = {
            "accountId": self.account_id,
            "invoiceDate": "2026-01-31",
            "invoiceItems": [line],
            "status": "Posted",
            **fields,
        }
        return self.api.ok("POST", "/v1/invoices", body)

    def memo(self, amount: str = "100.00", **fields: object) -> Json:
        """A posted credit memo, made through the API."""
        charge = {"amount": amount, "chargeId": "charge", "description": "Credit"}
        body = {"accountId": self.account_id, "charges": [charge], "autoPost": True, **fields}
        return self.api.ok("POST", "/v1/credit-memos", body)


def open_books(site: Site, api: Api, *, entity_id: str | None = None, **account: object) -> Books:
    """A new account with a new set."""
    prefix = unique_letters()
    made = create_set(api, prefix)
    body = new_account(name=f"Buyer {prefix}", sequenceSetId=made["id"], **account)
    created = api.ok("POST", "/v1/accounts", body)
    return Books(
        site, api, entity_id or site.entity_id(), prefix, str(created["accountId"]), str(created["accountNumber"])
    )


def fill_line(page: Page, place: int, **parts: str) -> None:
    """Type into a line of a form."""
    for part, text in parts.items():
        page.locator(f'[name="lines[{place}].{part}"]').fill(text)


def press(page: Page, name: str) -> None:
    """Press a button of a page."""
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    """Follow a link of a page, or what looks like a button and is one."""
    page.get_by_role("main").get_by_role("link", name=name, exact=True).click()


def heading(page: Page) -> str:
    """What the page is headed with."""
    return page.get_by_role("heading", level=1).inner_text()


def notice(page: Page, text: str) -> None:
    """Expect that the page tells of what was done."""
    expect(page.get_by_role("status")).to_contain_text(text)


def alert(page: Page) -> Locator:
    """What is wrong with the form as a whole."""
    return page.get_by_role("alert")


def figure(page: Page, label: str) -> str:
    """One of the large figures of a document."""
    box = page.locator(".figures > div").filter(has=page.get_by_text(label, exact=True))
    return box.locator("dd").inner_text()


def numbers_listed(page: Page) -> list[str]:
    """The numbers in a list, from the top."""
    return page.locator("tbody th .number").all_inner_texts()
