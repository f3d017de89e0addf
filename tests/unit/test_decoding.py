"""Decimals that come as texts: read only where they are written as JSON writes numbers, wherever in a body they are."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriatim.errors import InvalidQuery, InvalidValue
from seriatim.http.decoding import CUSTOM_FIELDS, decode_body, decode_query


class Line(msgspec.Struct, rename="camel"):
    """A part of a body, with a decimal and what only looks like one."""

    net_amount: Decimal | None = None
    note: str = ""


class Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A body with decimals on every level."""

    total: Decimal | None = None
    one_line: Line | None = None
    lines: list[Line] = []
    custom: dict[str, Any] = msgspec.field(name=CUSTOM_FIELDS, default_factory=dict)


class Query(msgspec.Struct):
    """A query with a decimal."""

    amount: Decimal | None = None
    name: str = ""


ODD = ("1_000", " 10", "10 ", "+1", "1.", ".5", "007", "-01", "1e", "\u0661", "1\u00a0", "1_0.0_1", "\t1", "1e+0_1")
PLACES = (
    ('{"total": %s}', "total"),
    ('{"total" :\n%s}', "total"),
    ('{"oneLine": {"netAmount": %s}}', "oneLine.netAmount"),
    ('{"lines": [{}, {"note": "+1", "netAmount": %s}]}', "lines[1].netAmount"),
    ('{"colour__c": "+1", "total": %s}', "total"),
)


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize(("body", "path"), PLACES)
@pytest.mark.parametrize("is_ascii", (True, False))
def test_a_text_that_is_no_json_number_is_refused(text: str, body: str, path: str, is_ascii: bool) -> None:  # noqa: FBT001
    content = (body % json.dumps(text, ensure_ascii=is_ascii)).encode()
    with pytest.raises(InvalidValue) as refused:
        decode_body(content, Body)
    assert refused.value.field == path


@pytest.mark.parametrize("text", ("0", "-0", "10", "-1.50", "0.001", "1e2", "1E-2", "12345678901234567890.5"))
@pytest.mark.parametrize("body", [body for body, _ in PLACES])
def test_a_json_number_is_read_as_a_text_as_well(text: str, body: str) -> None:
    assert decode_body((body % f'"{text}"').encode(), Body) == decode_body((body % text).encode(), Body)


@given(st.text(st.sampled_from("0123456789_+-.eE \u0661"), min_size=1, max_size=6))
def test_whatever_python_reads_is_refused_unless_json_writes_it(text: str) -> None:
    try:
        is_number = json.loads(text) is not None and text == text.strip()
    except ValueError:
        is_number = False
    try:
        decoded = decode_body(json.dumps({"total": text}).encode(), Body)
    except InvalidValue:
        assert not is_number
    else:
        assert is_number
        assert decoded.total == Decimal(text)


def test_texts_stay_what_they_are() -> None:
    body = b'{"lines": [{"note": "+1"}, {"note": " 10"}], "phone__c": "+49 30"}'
    decoded = decode_body(body, Body)
    assert [line.note for line in decoded.lines] == ["+1", " 10"]
    assert decoded.custom == {"phone__c": "+49 30"}


@pytest.mark.parametrize("text", ("1_000", "%2010", "%2B1", "10."))
def test_a_parameter_that_is_no_json_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        decode_query(f"name=%2B1&amount={text}".encode(), Query)
    assert refused.value.field == "amount"
    assert decode_query(b"name=%2B1&amount=-1.50", Query) == Query(Decimal("-1.50"), "+1")
