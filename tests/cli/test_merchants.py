"""`seriatim merchant`: what a seller says of itself, whole and in part, checked as the contract has it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seriatim import cli

ADDRESS = ("--address-line1", "1 High Street", "--town", "Ely", "--postcode", "CB7", "--country", "GB")
SELLER = ("--name", "Wide & Narrow Ltd", *ADDRESS, "--email", "billing@seller.example")
FULL: dict[str, Any] = {
    "legalCompanyName": "Wide & Narrow Ltd",
    "address": {"line1": "1 High Street", "town": "Ely", "postcode": "CB7", "country": "GB"},
    "email": "billing@seller.example",
    "customFields": [{"key": "Register", "value": "Cambridge 17"}],
    "includeBeneficiaryAddressInPaymentDetails": True,
    "phoneNumber": "0800001066",
    "taxId": "GB123456789",
    "iban": "GB33BUKB20201555555555",
    "logoUrl": "https://seller.example/logo.png",
    "primaryColour": "#1a2b3c",
    "ukAccountDetails": {"sortCode": "000000", "accountNumber": "12345678"},
    "canadianInternationalDestination": {
        "legalName": "Wide & Narrow Ltd",
        "accountNumber": "12345678",
        "transitNumber": "12345",
        "bankName": "Bank",
        "bankAddress": {"line1": "1", "town": "Toronto", "state": "ON", "postcode": "M5H", "country": "CA"},
        "institutionNumber": "123",
        "swiftCode": "ABCDCATT",
        "intermediaryBank": {
            "bankName": "Other",
            "bankAddress": {"line1": "1", "town": "New York", "state": "NY", "postcode": "10017", "country": "US"},
            "swiftCode": "ABCDUS33",
            "routingNumber": "123456789",
        },
    },
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on a database that does not exist yet: exit code, output and errors."""
    monkeypatch.setenv("SERIATIM_DATABASE", f"sqlite:///{tmp_path}/seriatim.db")

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(arguments)
        return (code, *capsys.readouterr())

    return command


def shown(run: Run, *arguments: str) -> Any:
    code, out, errors = run("merchant", *arguments, "--json")
    assert (code, errors) == (0, "")
    return json.loads(out)


def written(path: Path, value: object) -> str:
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def changed(**over: Any) -> dict[str, Any]:
    return {name: value for name, value in (FULL | over).items() if value is not ...}


def test_a_seller_is_set_in_parts_and_shown(run: Run) -> None:
    made = shown(run, "set", *SELLER, "--currency", "EUR", "--payment-term-days", "14")
    assert made["details"] == {
        "legalCompanyName": "Wide & Narrow Ltd",
        "address": FULL["address"],
        "email": "billing@seller.example",
        "customFields": [],
        "includeBeneficiaryAddressInPaymentDetails": False,
    }
    assert (made["currency"], made["payment_term_days"], made["entity"]) == ("EUR", 14, "default")
    assert shown(run, "show") == made
    later = shown(run, "set", "--iban", "gb33 bukb 2020 1555 5555 55", "--tax-id", "GB123456789", "--town", "Wisbech")
    assert later["details"] == made["details"] | {
        "iban": "GB33BUKB20201555555555",
        "taxId": "GB123456789",
        "address": made["details"]["address"] | {"town": "Wisbech"},
    }
    assert (later["currency"], later["payment_term_days"]) == ("EUR", 14)
    assert "taxId" not in shown(run, "set", "--tax-id", "")["details"]


def test_a_file_takes_the_place_of_everything_before(run: Run, tmp_path: Path) -> None:
    shown(run, "set", *SELLER, "--phone", "999")
    made = shown(run, "set", "--file", written(tmp_path / "merchant.json", FULL), "--tax-id", "DE1")
    assert made["details"] == FULL | {"taxId": "DE1"}
    code, out, _ = run("merchant", "show")
    assert code == 0
    for row in ("legalCompanyName", "canadianInternationalDestination.intermediaryBank.bankAddress.town", "New York"):
        assert row in out


def test_a_new_entity_says_nothing(run: Run) -> None:
    run("entity", "create", "--name", "second")
    assert run("merchant", "show")[2].startswith("seriatim: --entity: ")
    code, out, _ = run("merchant", "show", "--entity", "second", "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["details"], found["currency"], found["payment_term_days"]) == ({}, "USD", 30)
    assert shown(run, "set", "--entity", "second", "--payment-term-days", "0")["payment_term_days"] == 0
    assert run("merchant", "show", "--entity", "third")[0] == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    (
        (("--name", "X"), "address: this field is required"),
        ((*SELLER, "--town", ""), "address.town (--town)"),
        ((*SELLER, "--country", "XX"), "address.country (--country): 'XX' is not allowed here; give the two letters"),
        ((*SELLER, "--state", "ZZ"), "address.state (--state)"),
        ((*SELLER, "--email", "nobody"), "email (--email): 'nobody'"),
        ((*SELLER, "--iban", "GB33BUKB20201555555556"), "iban (--iban)"),
        ((*SELLER, "--iban", "x"), "iban (--iban)"),
        ((*SELLER, "--currency", "EURO"), "currency: 'EURO'"),
        ((*SELLER, "--payment-term-days", "-1"), "paymentTermDays: -1"),
        ((*SELLER, "--payment-term-days", "3651"), "paymentTermDays: 3651"),
    ),
)
def test_what_is_wrong_is_named_as_it_was_typed(run: Run, options: tuple[str, ...], complaint: str) -> None:
    code, out, errors = run("merchant", "set", *options)
    assert (code, out) == (1, "")
    assert errors.startswith(f"seriatim: {complaint}")
    assert shown(run, "show")["details"] == {}


@pytest.mark.parametrize(
    ("given", "field"),
    (
        (changed(legalCompanyName=...), "legalCompanyName"),
        (changed(legalCompanyName=""), "legalCompanyName"),
        (changed(email=...), "email"),
        (changed(nonsense=1), "nonsense"),
        (changed(primaryColour="red"), "primaryColour"),
        (changed(logoUrl="javascript:alert(1)"), "logoUrl"),
        (changed(ukAccountDetails={"sortCode": "000000"}), "ukAccountDetails.accountNumber"),
        (changed(usWireDetails={**FULL["canadianInternationalDestination"]}), "usWireDetails."),
        (changed(customFields=[{"key": "a", "value": "1"}] * 2), "customFields[1].key"),
        (changed(customFields=[{"key": "a"}]), "customFields[0].value"),
        (changed(address={"line1": "1"}), "address."),
        (
            changed(
                canadianInternationalDestination=FULL["canadianInternationalDestination"]
                | {"bankAddress": FULL["address"] | {"country": "ZZ"}}
            ),
            "canadianInternationalDestination.bankAddress.country",
        ),
    ),
)
def test_a_file_is_checked_member_by_member(run: Run, tmp_path: Path, given: dict[str, Any], field: str) -> None:
    code, out, errors = run("merchant", "set", "--file", written(tmp_path / "merchant.json", given))
    assert (code, out) == (1, "")
    assert errors.startswith(f"seriatim: {field}")


@pytest.mark.parametrize("content", ("", "[]", "{", "\x00", " " * 2**21))
def test_a_file_that_holds_no_object_is_refused(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "merchant.json"
    path.write_text(content)
    code, _, errors = run("merchant", "set", "--file", str(path))
    assert code == 1
    assert errors.startswith("seriatim: --file: ")
    assert run("merchant", "set", "--file", str(tmp_path / "none"))[2].startswith("seriatim: --file: ")
