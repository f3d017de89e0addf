"""A company that has been at work for a while: what its console shows in tests and in pictures."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2

from tests.servers import Api, Json, Server, ServerFailed

SECOND_ENTITY = "Nordlicht UK Ltd"
DAYS = ("2026-09-04", "2026-09-18", "2026-10-02", "2026-10-09", "2026-10-23", "2026-11-06", "2026-11-13", "2026-11-20")


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who buys."""

    number: str
    name: str
    currency: str
    set_name: str
    contact: tuple[str, str]
    address: tuple[str, str, str]
    """Street, town, country."""


CUSTOMERS = (
    Customer(
        "ALMA", "Alma Observatories AG", "EUR", "EUROPE", ("Vera", "Rubin"), ("Sternweg 4", "Zürich", "Switzerland")
    ),
    Customer(
        "BOREAL", "Boréal Énergie SAS", "EUR", "EUROPE", ("Émilie", "Fourier"), ("2 rue du Nord", "Lille", "France")
    ),
    Customer(
        "CASTOR", "Castor & Pollux OHG", "EUR", "DEFAULT", ("Emmy", "Noether"), ("Markt 9", "Erlangen", "Germany")
    ),
    Customer(
        "DELTA", "Delta Polder BV", "EUR", "EUROPE", ("Tatyana", "van Aardenne"), ("Kade 17", "Delft", "Netherlands")
    ),
    Customer(
        "ELDRID",
        "Eldridge Instruments Inc.",
        "USD",
        "AMERICAS",
        ("Mary", "Jackson"),
        ("40 Bay St", "Boston", "United States"),
    ),
    Customer(
        "FUJIMI", "Fujimi Optics KK", "JPY", "DEFAULT", ("Toshiko", "Yuasa"), ("1-2-3 Honmachi", "Osaka", "Japan")
    ),
)
NEW_CUSTOMER = Customer(
    "GAMMA", "Gamma Survey Pty", "AUD", "DEFAULT", ("Ruby", "Payne-Scott"), ("5 Dish Rd", "Parkes", "Australia")
)
"""Who has bought nothing yet."""
SETS: tuple[Json, ...] = (
    {
        "name": "EUROPE",
        "invoice": {"prefix": "EU-INV-26", "startNumber": 1},
        "creditMemo": {"prefix": "EU-CM-26", "startNumber": 1},
        "debitMemo": {"prefix": "EU-DM-26", "startNumber": 1},
        "payment": {"prefix": "EU-P-", "startNumber": 1},
        "refund": {"prefix": "EU-R-", "startNumber": 1},
    },
    {
        "name": "AMERICAS",
        "invoice": {"prefix": "US-INV", "startNumber": 2001},
        "creditMemo": {"prefix": "US-CM", "startNumber": 1001},
        "debitMemo": {"prefix": "US-DM", "startNumber": 1001},
    },
    {
        "name": "OCEANIA",
        "invoice": {"prefix": "AU-INV", "startNumber": 1},
        "creditMemo": {"prefix": "AU-CM", "startNumber": 1},
        "debitMemo": {"prefix": "AU-DM", "startNumber": 1},
    },
)
SERVICES = (
    ("Telescope time, 20 hours", "4200.00"),
    ("Data archive, yearly", "1290.00"),
    ("Calibration of the spectrograph", "875.50"),
    ("Support, extended", "640.00"),
    ("Training, two days", "1980.00"),
)
MERCHANT = {
    "name": "Nordlicht Instrumente GmbH",
    "address-line1": "Polarstraße 12",
    "town": "Kiel",
    "postcode": "24103",
    "country": "DE",
    "email": "rechnung@nordlicht.example",
    "phone": "+49 431 555 01 00",
    "tax-id": "DE123456789",
    "iban": "DE89370400440532013000",
}


def furnish(server: Server) -> None:
    """Let the company do its business, through the APIs and the command line."""
    _run(server, "merchant", "set", *(part for name, value in MERCHANT.items() for part in (f"--{name}", value)))
    _run(server, "entity", "create", "--name", SECOND_ENTITY, "--number-on", "creation")
    _run(server, "org", "create", "--entity", SECOND_ENTITY, "--name", "Scotland")
    for name, role in (("Billing nightly", "issuer"), ("Audit export", "auditor"), ("Old importer", "admin")):
        made = server.create_client(role, name=name)
    _run(server, "client", "revoke", made.client_id)
    for name, role in (("Lise Meitner", "admin"), ("Chien-Shiung Wu", "issuer"), ("Hertha Ayrton", "auditor")):
        _run(server, "user", "create", "--name", name, "--role", role, "--password-stdin", typed="a long password\n")
    _run(server, "user", "invite", "--role", "auditor", "--name", "Tax office")
    with server.api() as api:
        api.ok("POST", "/v1/sequence-sets", {"sequenceSets": list(SETS)})
        for place, customer in enumerate(CUSTOMERS):
            _trade(Trade(api, customer), place)
        Trade(api, NEW_CUSTOMER)
    _send_notes(server)
    with server.api(Zuora_Entity_Ids=SECOND_ENTITY) as api:
        _trade(
            Trade(
                api,
                Customer(
                    "CLYDE", "Clyde Marine plc", "GBP", "DEFAULT", ("Ann", "Lee"), ("1 Quay", "Leith", "United Kingdom")
                ),
            ),
            0,
        )


class Trade:
    """What is sold to one customer."""

    def __init__(self, api: Api, customer: Customer) -> None:
        self.api = api
        self.currency = customer.currency
        first, last = customer.contact
        street, town, country = customer.address
        contact = {"firstName": first, "lastName": last, "address1": street, "city": town, "country": country}
        body = {
            "name": customer.name,
            "accountNumber": customer.number,
            "currency": customer.currency,
            "sequenceSetName": customer.set_name,
            "billToContact": contact,
        }
        self.account_id = str(api.ok("POST", "/v1/accounts", body)["accountId"])

    def price(self, text: str) -> Decimal:
        """A price in the customer's currency."""
        return Decimal(text) if self.currency != "JPY" else Decimal(text).quantize(Decimal(1)) * 150

    def invoice(self, day: str, *services: int, status: str = "Posted") -> Json:
        """An invoice for some of the services."""
        lines = [
            {"amount": self.price(SERVICES[each][1]), "chargeName": SERVICES[each][0], "serviceStartDate": day}
            for each in services
        ]
        body = {"accountId": self.account_id, "invoiceDate": day, "status": status, "invoiceItems": lines}
        return self.api.ok("POST", "/v1/invoices", body)

    def memo(self, path: str, text: str, amount: str, *, post: bool = True) -> Json:
        """A credit memo or debit memo of one line."""
        charge = {"amount": self.price(amount), "chargeId": "service", "description": text}
        body = {"accountId": self.account_id, "charges": [charge], "autoPost": post}
        return self.api.ok("POST", path, body)

    def payment(self, invoice: Json | None, amount: Any) -> Json:
        """A payment of an invoice, or of nothing yet."""
        body = {
            "accountId": self.account_id,
            "amount": amount,
            "currency": self.currency,
            "type": "External",
            "paymentMethodType": "WireTransfer",
        }
        if invoice is not None:
            body["invoices"] = [{"invoiceId": invoice["id"], "amount": amount}]
        return self.api.ok("POST", "/v1/payments", body)


def _trade(trade: Trade, place: int) -> None:
    """Some months of business: the later the customer in the list, the less of it."""
    days = DAYS[place:]
    count = len(SERVICES)
    invoices = [
        trade.invoice(day, index % count, (index + 1 + place % (count - 1)) % count) for index, day in enumerate(days)
    ]
    for index, invoice in enumerate(invoices[:-2]):
        whole = trade.price("100.00") * 5
        trade.payment(invoice, whole if index % 2 else trade.price("1290.00"))
    trade.invoice(days[-1], 4, status="Draft")
    memo = trade.memo("/v1/credit-memos", "Two hours lost to clouds", "420.00")
    body = {"invoices": [{"invoiceId": invoices[0]["id"], "amount": trade.price("100.00")}]}
    trade.api.ok("PUT", f"/v1/credit-memos/{memo['id']}/apply", body)
    trade.memo("/v1/credit-memos", "Goodwill", "75.00", post=False)
    trade.memo("/v1/debit-memos", "Freight, billed later", "310.00")
    overpaid = trade.payment(None, trade.price("80.00"))
    refund = {"totalAmount": trade.price("50.00"), "type": "External", "methodType": "WireTransfer"}
    trade.api.ok("POST", f"/v1/payments/{overpaid['id']}/refunds", refund)


def _send_notes(server: Server) -> None:
    """Two credit notes of Sequence's API, one of them sent by mail where there is a mail server."""
    customer = {
        "legalName": "Hypatia Academy",
        "taxStatus": "TAXED",
        "address": {"line1": "Ermou 1", "town": "Athens", "postcode": "10563", "country": "GR"},
        "contacts": [{"name": "Ada Byron", "email": "ada@example.com", "billingPreference": "PRIMARY"}],
    }
    line = {"title": "Returned lens", "quantity": "3", "rate": "33.35", "taxRate": "0.24", "externalIds": []}
    issue = "finalize-and-send" if server.settings.get("smtp_url") else "finalize"
    with httpx2.Client(base_url=server.url, auth=(server.client_id, server.client_secret)) as http:

        def made(path: str, body: Json | None = None) -> str:
            answer = http.post(path, json=body)
            assert answer.is_success, answer.text
            return str(answer.json()["id"])

        customer_id = made("/customers", customer)
        for steps in ((issue,), ()):
            note_id = made("/credit-notes", {"currency": "EUR", "customerId": customer_id})
            made(f"/credit-notes/{note_id}/line-items", {"creditNoteId": note_id, **line})
            for step in steps:
                made(f"/credit-notes/{note_id}/{step}")


def _run(server: Server, *arguments: str, typed: str = "") -> None:
    done = server.run_cli(*arguments, typed=typed)
    if done.returncode != 0:
        raise ServerFailed(f"seriatim {' '.join(arguments)} failed: {done.stderr}")
