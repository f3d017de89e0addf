"""How Zuora's official SDK signs in, sends its headers, and reads failures."""

from typing import Any

import pytest

from tests.api.support import SDK_WARNINGS, Sdk, new_set, unique_letters
from tests.servers import Api, Server

pytestmark = list(SDK_WARNINGS)


def memo_request(sdk: Sdk, account_id: str) -> Any:
    charge = sdk.models.CreditMemoItemFromChargeDetail(amount=5, charge_id="charge")
    return sdk.models.CreateCreditMemoFromChargeRequest(account_id=account_id, charges=[charge], auto_post=True)


def account_request(sdk: Sdk, **fields: Any) -> Any:
    contact = sdk.models.CreateAccountContact(first_name="Ada", last_name="Lovelace", country="France")
    return sdk.models.CreateAccountRequest(
        **{"name": "Engines", "currency": "EUR", "bill_to_contact": contact, "bill_cycle_day": 1, **fields}
    )


def test_initialising_signs_in(sdk: Sdk, server: Server) -> None:
    client = sdk.connect(server.client_id, server.client_secret)
    client.initialize()
    assert client.token["access_token"]
    assert client.api_client.default_headers["Authorization"] == f"Bearer {client.token['access_token']}"
    assert client.sequence_sets_api().get_sequence_sets(name="DEFAULT").success is True


def test_the_refresh_carries_the_old_token_and_gets_a_new_one(sdk: Sdk, server: Server) -> None:
    """The SDK signs in anew every ten minutes, and leaves its old Authorization header on that call."""
    client = sdk.connect(server.client_id, server.client_secret)
    client.api_client.default_headers["Authorization"] = "Bearer expired-or-nonsense"
    client.initialize()
    first = client.token["access_token"]
    assert first
    client._auth()  # noqa: SLF001 - what the refresh thread calls
    assert client.token["access_token"] not in {None, first}
    assert client.sequence_sets_api().get_sequence_sets(name="DEFAULT").success is True


def test_a_replay_gives_the_same_memo_and_takes_no_second_number(sdk: Sdk) -> None:
    memos = sdk.client.credit_memos_api()
    account_id = sdk.client.accounts_api().create_account(account_request(sdk)).account_id
    key, request = f"key {unique_letters()}", memo_request(sdk, account_id)
    first = memos.create_credit_memo_from_charge(request, idempotency_key=key)
    again = memos.create_credit_memo_from_charge(request, idempotency_key=key)
    assert first.success is True
    assert again.to_dict() == first.to_dict()
    assert [memo.id for memo in memos.get_credit_memos(account_id=account_id).creditmemos] == [first.id]


def test_a_key_of_another_request_is_a_422(sdk: Sdk) -> None:
    accounts, key = sdk.client.accounts_api(), unique_letters()
    assert accounts.create_account(account_request(sdk), idempotency_key=key).success is True
    with pytest.raises(sdk.models.exceptions.ApiException) as caught:
        accounts.create_account(account_request(sdk, name="Another"), idempotency_key=key)
    assert caught.value.status == 422
    assert key in caught.value.body


def test_the_track_id_comes_back(sdk: Sdk) -> None:
    sets = sdk.client.sequence_sets_api()
    answer = sets.get_sequence_sets_with_http_info(zuora_track_id="my trace 7")
    assert answer.headers["zuora-track-id"] == "my trace 7"
    assert "zuora-track-id" not in sets.get_sequence_sets_with_http_info().headers
    with pytest.raises(sdk.models.exceptions.NotFoundException) as caught:
        sets.get_sequence_set("nobody", zuora_track_id="my trace 8")
    assert caught.value.zuora_track_id == "my trace 8"
    assert len(caught.value.zuora_request_id) == 36


def test_each_status_raises_the_class_that_the_sdk_has_for_it(sdk: Sdk, server: Server) -> None:
    exceptions = sdk.models.exceptions
    with pytest.raises(exceptions.NotFoundException) as not_found:
        sdk.client.sequence_sets_api().get_sequence_set("nobody")
    assert not_found.value.status == 404
    with pytest.raises(exceptions.BadRequestException) as bad:
        sdk.client.accounts_api().create_account(account_request(sdk, currency="EURO"))
    assert bad.value.data.reasons[0].code % 100 == 20
    assert "currency" in bad.value.data.reasons[0].message
    stranger = sdk.connect(server.client_id, server.client_secret)
    with pytest.raises(exceptions.UnauthorizedException) as unauthorized:
        stranger.sequence_sets_api().get_sequence_sets()
    assert unauthorized.value.status == 401
    assert "token" in unauthorized.value.data.message


def test_a_role_that_is_too_small_is_forbidden(sdk: Sdk, server: Server) -> None:
    issuer = server.create_client("issuer", name="small role")
    client = sdk.connect(issuer.client_id, issuer.client_secret)
    client.initialize()
    assert client.token["access_token"]
    with pytest.raises(sdk.models.exceptions.ForbiddenException) as caught:
        client.sequence_sets_api().delete_sequence_set("DEFAULT")
    assert caught.value.data.code % 100 == 10
    assert "issuer" in caught.value.data.message


def test_a_malformed_body_is_code_90(sdk: Sdk, api: Api) -> None:
    """The SDK cannot send malformed JSON by itself; its exception reads the answer that a proxy's would give."""
    answer = api.call("POST", "/v1/sequence-sets", content=b'{"sequenceSets": [')
    parsed = sdk.models.CommonResponse.from_dict(answer.json())
    assert parsed.success is False
    assert parsed.reasons[0].code % 100 == 90


def test_keys_are_percent_encoded_by_the_sdk(sdk: Sdk) -> None:
    number = f"{unique_letters()}%&+é"
    account_id = sdk.client.accounts_api().create_account(account_request(sdk, account_number=number)).account_id
    assert sdk.client.accounts_api().get_account(number).basic_info.id == account_id
    with pytest.raises(sdk.models.exceptions.NotFoundException):
        sdk.client.accounts_api().get_account("a/b")


def test_sets_made_by_hand_are_the_sdk_s_too(sdk: Sdk, api: Api) -> None:
    body = new_set()
    api.ok("POST", "/v1/sequence-sets", {"sequenceSets": [body]})
    found = sdk.client.sequence_sets_api().get_sequence_set(body["name"])
    assert found.refund.prefix == body["refund"]["prefix"]
