"""Lines and groups of notes: every amount exact, rounded once, and never more than the invoice has."""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seriatim.domain.commands import note_lines
from seriatim.domain.commands.note_lines import ChangeGroup, NoteLine, RemoveGroup
from seriatim.domain.document import TAXES_FIELD, Action, Document, Item
from seriatim.domain.document_view import shown_quantity, shown_rate, shown_tax_rate, shown_title
from seriatim.domain.money import AMOUNT_MINOR_MAX, CURRENCY_EXPONENTS
from seriatim.domain.numbering import Kind
from seriatim.domain.particulars import GROUPS_MAX, Group
from seriatim.errors import InvalidValue, NotFound, Rule
from tests.factories import SCOPE
from tests.unit.note_books import NoteBooks, new_line

CURRENCIES = ("JPY", "EUR", "KWD")


@pytest.fixture
def books() -> NoteBooks:
    return NoteBooks()


def titled(before: Group) -> Group:
    return replace(before, title="Renamed")


def changing_group(group_id: str, index: int | None = None) -> ChangeGroup:
    return ChangeGroup(scope=SCOPE, kind=Kind.CREDIT_MEMO, key="n", group_id=group_id, merge=titled, index=index)


def removing_group(group_id: str) -> RemoveGroup:
    return RemoveGroup(scope=SCOPE, kind=Kind.CREDIT_MEMO, key="n", group_id=group_id)


def group_ids(document: Document) -> list[str]:
    assert document.particulars is not None
    return [group.id for group in document.particulars.groups]


@pytest.mark.parametrize(
    ("currency", "quantity", "rate", "tax_rate", "net", "tax"),
    (
        ("EUR", "3", "0.335", "0", 101, 0),
        ("EUR", "3", "-0.335", "0", -101, 0),
        ("EUR", "1", "0.005", "0", 1, 0),
        ("EUR", "1", "0.00499999999999999999999999999999", "0", 0, 0),
        ("EUR", "1", "0.05", "0.1", 5, 1),
        ("EUR", "1", "-0.05", "0.1", -5, -1),
        ("EUR", "0.333333", "100", "0.19", 3333, 633),
        ("EUR", "0", "100", "0.2", 0, 0),
        ("JPY", "3", "0.5", "0.1", 2, 0),
        ("JPY", "3", "33.5", "0.1", 101, 10),
        ("JPY", "1", "0.4999", "0.1", 0, 0),
        ("KWD", "3", "0.335", "0.2", 1005, 201),
        ("KWD", "3", "0.3335", "0.05", 1001, 50),
        ("KWD", "1", "0.0005", "0", 1, 0),
    ),
)
def test_a_half_goes_away_from_zero_once_a_line(
    currency: str, quantity: str, rate: str, tax_rate: str, net: int, tax: int
) -> None:
    item = new_line(rate, quantity, tax_rate).to_item("item", currency)
    assert (item.amount_minor, item.tax_minor) == (net, tax)


@given(
    st.sampled_from(CURRENCIES),
    st.decimals(-9999, 9999, places=6),
    st.decimals(-9999, 9999, places=6),
    st.decimals(0, 1, places=4),
)
def test_any_line_is_the_exact_product_rounded_once(
    currency: str, quantity: Decimal, rate: Decimal, tax_rate: Decimal
) -> None:
    item = new_line(str(rate), str(quantity), str(tax_rate)).to_item("item", currency)
    with localcontext(prec=100):
        net = (quantity * rate * 10 ** CURRENCY_EXPONENTS[currency]).quantize(Decimal(1), ROUND_HALF_UP)
        tax = (net * tax_rate).quantize(Decimal(1), ROUND_HALF_UP)
    assert (item.amount_minor, item.tax_minor) == (net, tax)


def test_the_totals_are_the_sums_of_what_the_lines_show(books: NoteBooks) -> None:
    lines = [new_line("0.335", "3", "0.2") for _ in range(3)]
    document = books.open("n", *lines).document
    assert (document.amount_minor, document.tax_minor) == (3 * 121, 3 * 20)
    books.carry(books.removing_line("n", "n-2"))
    document = books.carry(books.changing_line("n", "n-3", new_line("1"))).view.document
    assert (document.amount_minor, document.tax_minor) == (221, 20)


def test_a_line_keeps_its_place(books: NoteBooks) -> None:
    books.open("n", new_line("1"), new_line("2"), new_line("3"))
    changed = books.carry(books.changing_line("n", "n-2", new_line("5", title="Other")))
    assert (changed.index, changed.item.id, shown_title(changed.item)) == (1, "n-2", "Other")
    assert [item.amount_minor for item in changed.view.document.items] == [100, 500, 300]
    assert books.carry(books.adding("n", new_line("4"))).index == 3
    removed = books.carry(books.removing_line("n", "n-1"))
    assert (removed.index, removed.item.amount_minor) == (0, 100)
    assert [item.id for item in removed.view.document.items] == ["n-2", "n-3", "new"]


@pytest.mark.parametrize(
    ("rate", "quantity", "word"),
    (
        ("9" * 30, "9" * 30, "too large"),
        (f"{'9' * 30}.{'9' * 30}", f"{'9' * 30}.{'9' * 30}", "too large"),
        (str(AMOUNT_MINOR_MAX), "1", "too large"),
        (f"-{AMOUNT_MINOR_MAX}", "1", "too large"),
    ),
)
@pytest.mark.parametrize("currency", CURRENCIES)
def test_too_large_an_amount_is_refused(currency: str, rate: str, quantity: str, word: str) -> None:
    with pytest.raises(InvalidValue, match=word):
        new_line(rate, quantity + ("0" if currency == "JPY" and len(rate) < 20 else "")).to_item("item", currency)


@pytest.mark.parametrize("tax_rate", ("-0.01", "1.01", "20"))
def test_a_tax_rate_is_a_fraction(tax_rate: str) -> None:
    with pytest.raises(InvalidValue, match=r"taxRate.*fraction"):
        new_line(tax_rate=tax_rate)


def test_a_total_is_not_too_large(books: NoteBooks) -> None:
    books.open("n", new_line(str(Decimal(AMOUNT_MINOR_MAX) / 100)))
    assert "total" in books.fail(books.adding("n", new_line("0.01")), InvalidValue)


def test_a_total_is_not_below_zero(books: NoteBooks) -> None:
    books.open("n", new_line("5"), new_line("-2"))
    assert "-0.01 EUR" in books.refuse(books.adding("n", new_line("-3.01")), Rule.TOTAL_NOT_POSITIVE)
    books.refuse(books.removing_line("n", "n-1"), Rule.TOTAL_NOT_POSITIVE)
    books.refuse(books.changing_line("n", "n-1", new_line("1.99")), Rule.TOTAL_NOT_POSITIVE)
    assert books.carry(books.adding("n", new_line("-3"))).view.document.amount_minor == 0


def test_a_document_has_so_many_lines(books: NoteBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(note_lines, "ITEMS_MAX", 2)
    books.open("n", new_line(), new_line())
    assert "at most 2 lines" in books.fail(books.adding("n", new_line()), InvalidValue)


def test_lines_are_named_by_their_own_document(books: NoteBooks) -> None:
    books.open("n", new_line())
    books.open("m", new_line())
    for command in (books.changing_line("n", "m-1", new_line()), books.removing_line("n", "m-1")):
        assert "1 lines" in books.fail(command, NotFound)
    books.carry(books.adding_group("m", "g"))
    assert "groupId" in books.fail(books.adding("n", new_line(group_id="g")), InvalidValue)
    assert "groupId" in books.fail(books.changing_line("n", "n-1", new_line(group_id="g")), InvalidValue)


def test_what_zuora_kept_of_a_line_stays_but_for_its_single_taxes(books: NoteBooks) -> None:
    books.make(Kind.CREDIT_MEMO, "n", "10", post=False)
    item = books.document("n").items[0]
    kept = {"sku": "SKU-1", TAXES_FIELD: [{"id": "t", "taxAmount": Decimal(2)}]}
    books.edit("n", items=(replace(item, fields=kept, tax_minor=200, is_tax_included=True, discount_minor=5),))
    changed = books.carry(books.changing_line("n", "n-1", new_line("5", tax_rate="0.1"))).item
    assert changed.fields == {"sku": "SKU-1", "skuName": "Engine hours"}
    assert (changed.amount_minor, changed.tax_minor, changed.is_tax_included, changed.discount_minor) == (
        500,
        50,
        False,
        0,
    )


@pytest.mark.parametrize(
    ("item", "quantity", "rate", "tax_rate", "title"),
    (
        (Item("i", 1000), "1", "10.00", "0", "Item"),
        (Item("i", 1000, 190, Decimal(4), "Hours"), "4", "2.5", "0.19", "Hours"),
        (
            Item("i", 1000, 333, Decimal(3), fields={"skuName": "S", "chargeName": "C"}),
            "3",
            "3.3333333333",
            "0.333",
            "S",
        ),
        (Item("i", 1000, 0, Decimal(0), fields={"chargeName": "C"}), "0", "10.00", "0", "C"),
        (Item("i", 0, 5, Decimal(2)), "2", "0", "0", "Item"),
        (Item("i", AMOUNT_MINOR_MAX, 0, Decimal("1e-30")), "1E-30", "1" + "0" * 43, "0", "Item"),
        (Item("i", 100, 0, Decimal("9" * 30)), "9" * 30, "0", "0", "Item"),
    ),
)
def test_a_line_of_zuoras_shows_what_follows_from_its_amounts(
    item: Item, quantity: str, rate: str, tax_rate: str, title: str
) -> None:
    assert str(shown_quantity(item)) == quantity
    assert format(shown_rate(item, "EUR"), "f") == rate
    assert format(shown_tax_rate(item), "f") == tax_rate
    assert shown_title(item) == title


def test_a_line_shows_what_it_was_made_of(books: NoteBooks) -> None:
    line = new_line("0.3350", "3.0", "0.20", service_start_date=date(2026, 1, 1), service_end_date=date(2026, 1, 31))
    item = books.open("n", line).document.items[0]
    assert (str(shown_quantity(item)), str(shown_rate(item, "EUR")), str(shown_tax_rate(item))) == (
        "3.0",
        "0.3350",
        "0.20",
    )
    assert (item.service_start_date, item.service_end_date) == (date(2026, 1, 1), date(2026, 1, 31))


def against_invoice(books: NoteBooks, *lines: NoteLine) -> None:
    """An invoice `i` of two lines over 100 with 20 tax and 50, and a draft `n` against it."""
    books.invoice("i", new_line("100", tax_rate="0.2"), new_line("50"))
    books.open("n", *lines, invoice_key="i")


def test_a_note_credits_no_more_than_the_invoice(books: NoteBooks) -> None:
    against_invoice(books, new_line("169.99"))
    books.carry(books.adding("n", new_line("0.01"), "full"))
    message = books.refuse(books.adding("n", new_line("0.01")), Rule.AMOUNT_ABOVE_REMAINING)
    assert "170.01 EUR" in message
    assert "only 170.00 EUR" in message
    books.refuse(books.changing_line("n", "full", new_line("0.02")), Rule.AMOUNT_ABOVE_REMAINING)
    books.open("m", invoice_key="i")
    assert "only 0.00 EUR" in books.refuse(books.adding("m", new_line("0.01")), Rule.AMOUNT_ABOVE_REMAINING)
    books.carry(books.issuing("n"))
    books.refuse(books.adding("m", new_line("0.01")), Rule.AMOUNT_ABOVE_REMAINING)
    books.carry(books.stepping(Action.VOID, "n"))
    assert books.carry(books.adding("m", new_line("170"))).view.document.amount_minor == 17000


def test_a_note_credits_no_more_than_each_line(books: NoteBooks) -> None:
    against_invoice(books)
    refused = new_line("50.01", source_item_id="i-2")
    assert "i-2" in books.refuse(books.adding("n", refused), Rule.AMOUNT_ABOVE_REMAINING)
    books.carry(books.adding("n", new_line("50", source_item_id="i-2"), "first"))
    books.refuse(books.adding("n", new_line("0.01", source_item_id="i-2")), Rule.AMOUNT_ABOVE_REMAINING)
    taxed = new_line("100", tax_rate="0.21", source_item_id="i-1")
    books.refuse(books.adding("n", taxed), Rule.AMOUNT_ABOVE_REMAINING)
    books.carry(books.adding("n", new_line("100", tax_rate="0.2", source_item_id="i-1")))
    books.open("m", invoice_key="i")
    assert "lineItemId" in books.fail(books.adding("m", new_line("1", source_item_id="n-1")), InvalidValue)
    books.open("alone")
    assert "lineItemId" in books.fail(books.adding("alone", new_line("1", source_item_id="i-1")), InvalidValue)


def test_taking_a_negative_line_away_credits_no_more_than_there_is(books: NoteBooks) -> None:
    against_invoice(books, new_line("160"), new_line("-10"), new_line("15"))
    books.refuse(books.removing_line("n", "n-2"), Rule.AMOUNT_ABOVE_REMAINING)
    books.carry(books.removing_line("n", "n-3"))
    books.carry(books.removing_line("n", "n-2"))


def test_groups_are_kept_in_their_order_and_sum_their_lines(books: NoteBooks) -> None:
    books.open("n")
    for place, group_id in enumerate("abc"):
        assert books.carry(books.adding_group("n", group_id)).index == place
    books.carry(books.adding("n", new_line("2", group_id="b"), "one"))
    books.carry(books.adding("n", new_line("3", group_id="b"), "two"))
    changed = books.carry(changing_group("b"))
    assert (changed.group.title, changed.index, [item.id for item in changed.items]) == ("Renamed", 1, ["one", "two"])
    moved = books.carry(changing_group("a", index=2))
    assert (moved.index, group_ids(moved.view.document)) == (2, ["b", "c", "a"])
    assert "0 to 2" in books.fail(changing_group("a", index=3), InvalidValue)
    assert "0 to 2" in books.fail(changing_group("a", index=-1), InvalidValue)


def test_a_group_goes_only_without_lines(books: NoteBooks) -> None:
    books.open("n")
    books.carry(books.adding_group("n", "g"))
    books.carry(books.adding("n", new_line(group_id="g"), "one"))
    assert "1 lines" in books.refuse(removing_group("g"), Rule.GROUP_IN_USE)
    books.carry(books.removing_line("n", "one"))
    assert books.carry(removing_group("g")).group.id == "g"
    for command in (removing_group("g"), changing_group("g")):
        assert "0 groups" in books.fail(command, NotFound)


def test_a_group_stands_for_one_of_the_invoice(books: NoteBooks) -> None:
    books.open("i", kind=Kind.INVOICE)
    books.carry(books.adding_group("i", "theirs"))
    books.carry(books.adding("i", new_line(group_id="theirs")))
    books.carry(books.issuing("i"))
    books.open("n", invoice_key="i")
    assert books.carry(books.adding_group("n", source_group_id="theirs")).group.source_group_id == "theirs"
    assert "lineItemGroupId" in books.fail(books.adding_group("n", "h", source_group_id="g"), InvalidValue)
    books.open("alone")
    assert "lineItemGroupId" in books.fail(books.adding_group("alone", source_group_id="theirs"), InvalidValue)


def test_a_document_has_so_many_groups(books: NoteBooks) -> None:
    books.open("n")
    for place in range(GROUPS_MAX):
        books.carry(books.adding_group("n", f"g{place}"))
    assert f"at most {GROUPS_MAX}" in books.fail(books.adding_group("n", "more"), InvalidValue)
