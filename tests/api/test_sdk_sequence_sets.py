"""Sequence sets through Zuora's official SDK: every operation, good and bad."""

from typing import Any

import pytest

from tests.api.support import SDK_WARNINGS, Sdk, unique_letters

pytestmark = list(SDK_WARNINGS)


def set_request(sdk: Sdk, prefix: str, *, start: int = 10, **changes: Any) -> Any:
    models = sdk.models
    fields = {
        "name": f"S-{prefix}",
        "invoice": models.InvoiceEntityPrefix(prefix=f"{prefix}INV", start_number=start),
        "credit_memo": models.CreditMemoEntityPrefix(prefix=f"{prefix}CM", start_number=start + 1),
        "debit_memo": models.DebitMemoEntityPrefix(prefix=f"{prefix}DM", start_number=start + 2),
        "payment": models.PaymentEntityPrefix(prefix=f"{prefix}P-", start_number=start + 3),
        "refund": models.RefundEntityPrefix(prefix=f"{prefix}R-", start_number=start + 4),
        **changes,
    }
    return models.CreateSequenceSetRequest(**{name: value for name, value in fields.items() if value is not None})


def create(sdk: Sdk, *requests: Any, **headers: str) -> Any:
    body = sdk.models.CreateSequenceSetsRequest(sequence_sets=list(requests))
    return sdk.client.sequence_sets_api().create_sequence_sets(body, **headers)


def create_one(sdk: Sdk, prefix: str | None = None, **changes: Any) -> Any:
    made = create(sdk, set_request(sdk, prefix or unique_letters(), **changes))
    assert made.success is True, made.reasons
    return made.sequence_sets[0]


def broken_rule(answer: Any) -> str:
    """The message of a broken rule: a 200 that says `success: false`."""
    assert answer.success is False
    (reason,) = answer.reasons
    assert reason.code % 100 == 30
    return str(reason.message)


def bad_request(sdk: Sdk, call: Any, category: int) -> str:
    """The message of a 400, as the SDK's own exception has parsed it."""
    with pytest.raises(sdk.models.exceptions.BadRequestException) as caught:
        call()
    assert caught.value.status == 400
    assert caught.value.data.success is False
    (reason,) = caught.value.data.reasons
    assert reason.code % 100 == category
    return str(reason.message)


def names(sdk: Sdk, **filters: Any) -> list[str]:
    return [each.name for each in sdk.client.sequence_sets_api().get_sequence_sets(**filters).sequence_sets]


def test_a_set_is_created_and_read_back_by_id_number_and_name(sdk: Sdk) -> None:
    prefix = unique_letters()
    made = create_one(sdk, prefix, sequence_set_number=f"N-{prefix}")
    assert len(made.id) == 32
    sets = sdk.client.sequence_sets_api()
    for key in (made.id, f"N-{prefix}", f"S-{prefix}"):
        found = sets.get_sequence_set(key)
        assert found.id == made.id
        assert found.name == f"S-{prefix}"
        assert found.additional_properties["sequenceSetNumber"] == f"N-{prefix}"
        assert (found.invoice.prefix, found.invoice.start_number) == (f"{prefix}INV", 10)
        assert (found.credit_memo.prefix, found.credit_memo.start_number) == (f"{prefix}CM", 11)
        assert (found.debit_memo.prefix, found.debit_memo.start_number) == (f"{prefix}DM", 12)
        assert (found.payment.prefix, found.payment.start_number) == (f"{prefix}P-", 13)
        assert (found.refund.prefix, found.refund.start_number) == (f"{prefix}R-", 14)
        assert found.credit_memo.additional_properties["nextNumber"] == 11


def test_payment_and_refund_may_be_left_out(sdk: Sdk) -> None:
    made = create_one(sdk, payment=None, refund=None)
    found = sdk.client.sequence_sets_api().get_sequence_set(made.id)
    assert found.payment is None
    assert found.refund is None


def test_a_set_gets_a_number_when_none_is_given(sdk: Sdk) -> None:
    made = create(sdk, *(set_request(sdk, unique_letters()) for _ in range(3))).sequence_sets
    numbers = [each.additional_properties["sequenceSetNumber"] for each in made]
    ordinals = [int(number.removeprefix("SS-")) for number in numbers]
    assert numbers[0] == f"SS-{ordinals[0]:08d}"
    assert ordinals == [ordinals[0], ordinals[0] + 1, ordinals[0] + 2]


def test_a_hundred_sets_are_created_at_once(sdk: Sdk) -> None:
    prefix = unique_letters()
    made = create(sdk, *(set_request(sdk, f"{prefix}{index:02d}x") for index in range(100)))
    assert made.success is True
    assert [each.name for each in made.sequence_sets] == [f"S-{prefix}{index:02d}x" for index in range(100)]


def test_a_hundred_and_one_sets_are_refused_and_none_is_created(sdk: Sdk) -> None:
    prefix = unique_letters()
    requests = [set_request(sdk, f"{prefix}{index:03d}") for index in range(101)]
    message = bad_request(sdk, lambda: create(sdk, *requests), 20)
    assert message.startswith("sequenceSets: ")
    assert "100" in message
    assert names(sdk, name=f"S-{prefix}000") == []


def test_an_empty_list_is_refused(sdk: Sdk) -> None:
    assert bad_request(sdk, lambda: create(sdk), 20).startswith("sequenceSets: ")


def test_one_bad_set_of_several_leaves_none(sdk: Sdk) -> None:
    prefix, taken = unique_letters(), create_one(sdk)
    message = broken_rule(create(sdk, set_request(sdk, prefix), set_request(sdk, f"{prefix}B", name=taken.name)))
    assert taken.name in message
    assert names(sdk, name=f"S-{prefix}") == []
    # Its prefixes are free too: another kind may claim one.
    models = sdk.models
    create_one(sdk, f"{prefix}C", invoice=models.InvoiceEntityPrefix(prefix=f"{prefix}CM", start_number=1))


def test_the_same_name_twice_in_one_call_is_refused(sdk: Sdk) -> None:
    prefix = unique_letters()
    same = f"S-{prefix}"
    message = broken_rule(create(sdk, set_request(sdk, prefix), set_request(sdk, f"{prefix}B", name=same)))
    assert same in message
    assert names(sdk, name=same) == []


def test_a_set_number_that_is_taken_is_refused(sdk: Sdk) -> None:
    prefix = unique_letters()
    create_one(sdk, prefix, sequence_set_number=f"N-{prefix}")
    again = create(sdk, set_request(sdk, f"{prefix}B", sequence_set_number=f"N-{prefix}"))
    assert f"N-{prefix}" in broken_rule(again)


@pytest.mark.parametrize(
    "name",
    ("", "sixteen-letters-", "-dash-first", "under_score", "two words", "point.", "é", "nul\x00", "line\n", "😀"),
)
def test_a_bad_name_is_refused(sdk: Sdk, name: str) -> None:
    request = set_request(sdk, unique_letters(), name=name)
    assert bad_request(sdk, lambda: create(sdk, request), 20).startswith("sequenceSets[0].name: ")


@pytest.mark.parametrize("prefix", ("", "-A", "_A", "A" * 17, "A B", "A.B", "Ä", "A\x00", "A\n", "١٢", "A/B"))
def test_a_bad_prefix_is_refused(sdk: Sdk, prefix: str) -> None:
    bad = sdk.models.CreditMemoEntityPrefix(prefix=prefix, start_number=1)
    request = set_request(sdk, unique_letters(), credit_memo=bad)
    assert bad_request(sdk, lambda: create(sdk, request), 20).startswith("sequenceSets[0].creditMemo.prefix: ")


@pytest.mark.parametrize("prefix", ("PREVIEW-", "TMP-INV-", "TMP-CM-", "TMP-DM-", "PM-", "PG-", "TMP-CM-1"))
def test_a_reserved_prefix_is_refused(sdk: Sdk, prefix: str) -> None:
    bad = sdk.models.InvoiceEntityPrefix(prefix=prefix, start_number=1)
    message = bad_request(sdk, lambda: create(sdk, set_request(sdk, unique_letters(), invoice=bad)), 20)
    assert message.startswith("sequenceSets[0].invoice.prefix: ")
    assert "reserved" in message


def test_a_payment_prefix_may_not_end_in_a_digit(sdk: Sdk) -> None:
    prefix = unique_letters()
    for kind, model in (("payment", sdk.models.PaymentEntityPrefix), ("refund", sdk.models.RefundEntityPrefix)):
        request = set_request(sdk, prefix, **{kind: model(prefix=f"{prefix}7", start_number=1)})
        message = bad_request(sdk, lambda request=request: create(sdk, request), 20)
        assert message.startswith(f"sequenceSets[0].{kind}.prefix: ")
        assert "digit" in message
    digits = sdk.models.InvoiceEntityPrefix(prefix=f"{prefix}7", start_number=1)
    create_one(sdk, prefix, invoice=digits)


@pytest.mark.parametrize("prefix", ("P-", "R-"))
def test_the_prefixes_of_default_belong_to_it(sdk: Sdk, prefix: str) -> None:
    bad = sdk.models.RefundEntityPrefix(prefix=prefix, start_number=1)
    message = broken_rule(create(sdk, set_request(sdk, unique_letters(), refund=bad)))
    assert prefix in message
    assert "DEFAULT" in message


@pytest.mark.parametrize("start", (0, -1, 10**18, 10**30, "x", 1.5, True, None))
def test_a_bad_start_number_is_refused(sdk: Sdk, start: object) -> None:
    request = set_request(sdk, unique_letters())
    request.invoice.start_number = start
    category = 22 if start is None else 20
    message = bad_request(sdk, lambda: create(sdk, request), category)
    assert message.startswith("sequenceSets[0].invoice.startNumber: ")


@pytest.mark.parametrize("kind", ("invoice", "credit_memo", "debit_memo"))
def test_a_required_kind_that_is_missing_is_named(sdk: Sdk, kind: str) -> None:
    missing: dict[str, Any] = {kind: None}
    request = set_request(sdk, unique_letters(), **missing)
    name = {"invoice": "invoice", "credit_memo": "creditMemo", "debit_memo": "debitMemo"}[kind]
    assert bad_request(sdk, lambda: create(sdk, request), 22).startswith(f"sequenceSets[0].{name}: ")


def test_an_unknown_field_is_named(sdk: Sdk) -> None:
    request = set_request(sdk, unique_letters())
    request.additional_properties = {"colour": "blue"}
    assert bad_request(sdk, lambda: create(sdk, request), 21).startswith("sequenceSets[0].colour: ")


def test_one_prefix_cannot_serve_two_kinds(sdk: Sdk) -> None:
    prefix = unique_letters()
    same = sdk.models.DebitMemoEntityPrefix(prefix=f"{prefix}CM", start_number=1)
    message = broken_rule(create(sdk, set_request(sdk, prefix, debit_memo=same)))
    assert f"{prefix}CM" in message
    assert names(sdk, name=f"S-{prefix}") == []


def test_a_prefix_stays_with_its_kind_after_its_set_is_deleted(sdk: Sdk) -> None:
    prefix = unique_letters()
    made = create_one(sdk, prefix)
    assert sdk.client.sequence_sets_api().delete_sequence_set(made.id).success is True
    other_kind = sdk.models.InvoiceEntityPrefix(prefix=f"{prefix}CM", start_number=1)
    message = broken_rule(create(sdk, set_request(sdk, f"{prefix}B", invoice=other_kind)))
    assert "credit memo" in message


def test_two_sets_may_share_a_series(sdk: Sdk) -> None:
    prefix = unique_letters()
    create_one(sdk, prefix)
    shared = sdk.models.CreditMemoEntityPrefix(prefix=f"{prefix}CM", start_number=50)
    create_one(sdk, f"{prefix}B", credit_memo=shared)
    first = sdk.client.sequence_sets_api().get_sequence_set(f"S-{prefix}")
    assert first.credit_memo.start_number == 11
    assert first.credit_memo.additional_properties["nextNumber"] == 50


def test_the_documented_partial_updates(sdk: Sdk) -> None:
    models, sets = sdk.models, sdk.client.sequence_sets_api()
    prefix = unique_letters()
    made = create_one(sdk, prefix)
    only_prefix = models.UpdateSequenceSetRequest(
        credit_memo=models.CreditMemoEntityPrefix(prefix=f"{prefix}-CM"),
    )
    assert sets.update_sequence_set(id=made.id, request=only_prefix).success is True
    found = sets.get_sequence_set(made.id)
    assert (found.credit_memo.prefix, found.credit_memo.start_number) == (f"{prefix}-CM", 11)
    assert (found.invoice.prefix, found.invoice.start_number) == (f"{prefix}INV", 10)
    several = models.UpdateSequenceSetRequest(
        name=f"T-{prefix}",
        credit_memo=models.CreditMemoEntityPrefix(prefix=f"{prefix}-X"),
        invoice=models.InvoiceEntityPrefix(start_number=100),
        payment=models.PaymentEntityPrefix(prefix=f"{prefix}-P-"),
    )
    assert sets.update_sequence_set(id=f"S-{prefix}", request=several).success is True
    found = sets.get_sequence_set(f"T-{prefix}")
    assert found.id == made.id
    assert found.credit_memo.prefix == f"{prefix}-X"
    assert (found.invoice.prefix, found.invoice.start_number) == (f"{prefix}INV", 100)
    assert found.invoice.additional_properties["nextNumber"] == 100
    assert (found.payment.prefix, found.payment.start_number) == (f"{prefix}-P-", 13)
    assert (found.debit_memo.prefix, found.debit_memo.start_number) == (f"{prefix}DM", 12)


def test_an_empty_update_changes_nothing(sdk: Sdk) -> None:
    made = create_one(sdk)
    sets = sdk.client.sequence_sets_api()
    before = sets.get_sequence_set(made.id).to_dict()
    assert sets.update_sequence_set(id=made.id, request=sdk.models.UpdateSequenceSetRequest()).success is True
    assert sets.get_sequence_set(made.id).to_dict() == before


def test_a_start_below_the_next_number_is_refused(sdk: Sdk) -> None:
    made = create_one(sdk)
    sets, models = sdk.client.sequence_sets_api(), sdk.models
    lower = models.UpdateSequenceSetRequest(invoice=models.InvoiceEntityPrefix(start_number=9))
    assert "10" in broken_rule(sets.update_sequence_set(id=made.id, request=lower))
    assert sets.get_sequence_set(made.id).invoice.start_number == 10


def test_a_bad_update_is_refused(sdk: Sdk) -> None:
    made = create_one(sdk)
    sets, models = sdk.client.sequence_sets_api(), sdk.models

    def update(**fields: Any) -> Any:
        return sets.update_sequence_set(id=made.id, request=models.UpdateSequenceSetRequest(**fields))

    bad_prefix = models.CreditMemoEntityPrefix(prefix="no blanks")
    assert bad_request(sdk, lambda: update(credit_memo=bad_prefix), 20).startswith("creditMemo.prefix: ")
    assert bad_request(sdk, lambda: update(name="no blanks"), 20).startswith("name: ")
    zero = models.InvoiceEntityPrefix(start_number=0)
    assert bad_request(sdk, lambda: update(invoice=zero), 20).startswith("invoice.startNumber: ")
    assert "DEFAULT" in broken_rule(update(name="DEFAULT"))
    assert sets.get_sequence_set(made.id).name == made.name


def test_default_can_be_neither_deleted_nor_renamed(sdk: Sdk) -> None:
    sets = sdk.client.sequence_sets_api()
    assert "DEFAULT" in broken_rule(sets.delete_sequence_set("DEFAULT"))
    renamed = sdk.models.UpdateSequenceSetRequest(name="OTHER")
    assert "DEFAULT" in broken_rule(sets.update_sequence_set(id="DEFAULT", request=renamed))
    assert names(sdk)[0] == "DEFAULT"


def test_a_deleted_set_is_gone_and_its_name_is_free(sdk: Sdk) -> None:
    made = create_one(sdk)
    sets = sdk.client.sequence_sets_api()
    assert sets.delete_sequence_set(made.id).success is True
    for key in (made.id, made.name):
        with pytest.raises(sdk.models.exceptions.NotFoundException) as caught:
            sets.get_sequence_set(key)
        assert caught.value.status == 404
        assert '"code":50000040' in caught.value.body
        assert len(caught.value.zuora_request_id) == 36
    with pytest.raises(sdk.models.exceptions.NotFoundException):
        sets.delete_sequence_set(made.id)
    with pytest.raises(sdk.models.exceptions.NotFoundException):
        sets.update_sequence_set(id=made.id, request=sdk.models.UpdateSequenceSetRequest(name="X"))
    assert names(sdk, name=made.name) == []
    assert create_one(sdk, name=made.name).id != made.id


def test_lists_come_in_pages(sdk: Sdk, entity: Any) -> None:
    entity_name = entity.headers["Zuora-Entity-Ids"]
    prefix = unique_letters()
    create(sdk, *(set_request(sdk, f"{prefix}{index}x") for index in range(5)), zuora_entity_ids=entity_name)
    sets = sdk.client.sequence_sets_api()
    pages = [sets.get_sequence_sets(page=page, page_size=4, zuora_entity_ids=entity_name) for page in (1, 2, 3)]
    found = [[each.name.removeprefix(f"S-{prefix}") for each in page.sequence_sets] for page in pages]
    assert found == [["DEFAULT", "0x", "1x", "2x"], ["3x", "4x"], []]
    assert "page=2" in pages[0].additional_properties["nextPage"]
    assert "nextPage" not in pages[1].additional_properties


def test_a_list_can_be_narrowed_to_a_name_or_number(sdk: Sdk) -> None:
    prefix = unique_letters()
    create_one(sdk, prefix, sequence_set_number=f"N-{prefix}")
    assert names(sdk, name=f"S-{prefix}") == [f"S-{prefix}"]
    assert names(sdk, name=f"N-{prefix}") == [f"S-{prefix}"]
    assert names(sdk, name="nobody") == []
