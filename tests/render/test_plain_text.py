"""What users write is shown as it was written, whatever it is, and nothing of it is ever code or markup."""

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones

from dataclasses import replace

import pytest

from seriatim.render.formats import clean
from seriatim.render.page import Address
from tests.render.books import BUYER, SELLER, a_group, a_line, a_page, a_short_page, pages_of, squeezed, text_of

MARKUP = (
    "#panic()",
    '#read("/etc/passwd")',
    "#sys.inputs",
    "$ x^2 $ $",
    "*bold* _italic_ `raw` ```raw```",
    "= Heading",
    "- item + item / term: item",
    "<label> @reference https://example.test/#a",
    "\\ \\n \\u{41} \\#",
    "-- --- ... ~ 'single' \"double\"",
    "// comment /* comment */",
    "] ) } [ ( {",
    '"}, {"title": "forged"',
    "%PDF-1.7 endobj <<>>",
)


@pytest.mark.parametrize("text", MARKUP)
def test_markup_and_code_are_shown_as_they_were_written(text: str) -> None:
    line = a_line(text, description=text)
    page = a_short_page(
        lines=(line,),
        groups=(a_group(text, (line,), description=text),),
        memo=text,
        reference=text,
        purchase_order_number=text,
        invoice_number=text,
        number=text,
        seller=replace(SELLER, legal_name=text, tax_id=text, custom_fields=((text, text),)),
        buyer=replace(BUYER, name=text, emails=(text,), tax_id=text),
    )
    assert squeezed(text_of(page)).count(squeezed(text)) >= 15


def test_control_characters_are_seen_and_harmless() -> None:
    assert clean("a\x00b\x07c\x1bd\x9fe\ud800f\ufffe") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffd"
    assert clean(" a\tb\r\nc\rd\x0be\x0cf\u2028g\u2029h ") == "a b\nc\nd\ne\nf\ng\nh"
    (lines,) = pages_of(a_short_page(memo="first\x00\r\nsecond\x07"))
    assert "first\ufffd" in lines
    assert "second\ufffd" in lines


def test_a_text_cannot_turn_around_what_is_read() -> None:
    assert clean("\u202e00.1\u202c \u2066x\u2069") == "00.1 x"
    assert "abc 100" in text_of(a_short_page(memo="abc\u202e 100"))


def test_joiners_that_scripts_need_are_left() -> None:
    assert clean("می\u200cخواهم क्\u200dष") == "می\u200cخواهم क्\u200dष"


def test_unbroken_and_very_long_texts_stay_within_the_page_and_lose_nothing() -> None:
    word = "".join(chr(ord("A") + each % 26) for each in range(900))
    address = Address(line1=word, town=word, postcode=word, country=word)
    page = a_page(
        (a_line(word, description=word), a_line("wide " * 500)),
        number=word,
        purchase_order_number=word,
        memo=word,
        seller=replace(SELLER, legal_name=word, address=address, email=word),
        buyer=replace(BUYER, name=word, billing_address=address, emails=(word,)),
    )
    sheets = pages_of(page)
    text = squeezed("".join("".join(lines) for lines in sheets))
    assert text.count(word) >= 12
    assert text.count("wide") == 500
    assert max(len(line) for lines in sheets for line in lines) < 200
