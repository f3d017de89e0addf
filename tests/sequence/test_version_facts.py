"""What each version knows: the facts are the vendor's, and answers are cut down by them."""

import json
from importlib.resources import files

import pytest

from seriatim.api.sequence import api
from seriatim.api.sequence.versions import (
    Currency,
    contract,
    currencies,
    cut_down,
    operation_key,
)
from seriatim.api.sequence.wire import IntegrationService
from seriatim.domain.country import COUNTRIES, STATES
from seriatim.domain.money import CURRENCY_EXPONENTS
from seriatim.domain.sequence_version import NEWEST, Version
from tests.sequence import vendor
from tests.sequence.facts import Facts

ADDRESS = {"line1": "1", "town": "T", "postcode": "P", "country": "CA", "state": "YT"}


def test_the_facts_are_those_of_the_vendor() -> None:
    told = json.loads(files("seriatim.api.sequence").joinpath("contract.json").read_text(encoding="utf-8"))
    assert told == Facts().all()


def test_the_versions_are_those_of_the_vendor() -> None:
    assert tuple(Version) == vendor.VERSIONS
    assert vendor.NEWEST == NEWEST


def test_the_lists_of_values_are_those_of_the_newest_version() -> None:
    newest = Facts().newest
    assert newest["CountryCode"] == COUNTRIES
    assert newest["State"] == STATES
    assert newest["Currency"] == set(Currency)
    assert newest["IntegrationService"] == set(IntegrationService)
    assert set(Currency) <= CURRENCY_EXPONENTS.keys()


def test_every_operation_of_every_version_is_served_and_no_other() -> None:
    served = [operation_key(endpoint) for endpoint in api.endpoints()]
    assert len(served) == len(set(served))
    assert set(served) == {key for operations in contract().operations.values() for key in operations}


@pytest.mark.parametrize("version", tuple(Version))
def test_a_version_knows_its_currencies(version: Version) -> None:
    assert ("AED" in currencies(version)) is (version is NEWEST)
    assert "EUR" in currencies(version)
    assert "HUF" not in currencies(version)


@pytest.mark.parametrize("version", (Version.V2024_01_01, Version.V2024_05_09))
def test_what_an_older_version_does_not_know_is_left_out(version: Version) -> None:
    note = {
        "id": "n",
        "status": "FINAL",
        "customerBillingAddress": ADDRESS,
        "linkedServices": [
            {"externalId": "1", "externalService": "Attio", "syncTime": "t", "externalUrl": "u"},
            {"externalId": "2", "externalService": "Xero", "syncTime": "t", "externalUrl": "u"},
        ],
        "balance": "1.00",
        "applications": [],
    }
    shown = cut_down(note, "GET /credit-notes/{id}", version)
    # The province is optional, so it goes alone; the name of a service is not, so the link goes with it.
    assert shown["customerBillingAddress"] == {name: ADDRESS[name] for name in ADDRESS if name != "state"}
    assert [link["externalId"] for link in shown["linkedServices"]] == ["2"]
    assert set(shown) == {"id", "status", "customerBillingAddress", "linkedServices"}


def test_the_answer_to_one_operation_may_have_less_than_that_to_another() -> None:
    note = {"id": "n", "customerTaxId": "GB1"}
    version = Version.V2024_01_01
    assert cut_down(note, "GET /credit-notes/{id}", version) == note
    assert cut_down(note, "POST /credit-notes/{id}/void", version) == {"id": "n"}
    assert cut_down({"items": [note]}, "GET /credit-notes", version) == {"items": [{"id": "n"}]}
