"""Mails are plain and safe whatever names, numbers and addresses are made of."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.mail.letter import NAME_CHARACTERS_MAX, Letter, LetterImpossible, ascii_address, compose, file_name
from seriatim.render.page import Buyer, Page, PageKind, Seller, Totals
from tests.fakes import NOON

NASTY = "Evil\r\nBcc: everybody@world.example\r\n\r\n<b>Ltd</b>\x00\u2028Subject: x"
MAIL = OutgoingMail(
    id="mail-1",
    entity_id="entity-1",
    document_id="document-1",
    recipients=("sophie@customer.example",),
    copies=(),
    status=MailStatus.WAITING,
    attempts=0,
    due_at=NOON,
    last_error=None,
    created_at=NOON,
    created_by="actor-1",
)
PAGE = Page(
    kind=PageKind.CREDIT_NOTE,
    currency="JPY",
    seller=Seller(legal_name="Γάμμα & Βήτα", address=None, email="λογιστήριο@seller.example"),
    buyer=Buyer(name="Sophie Germain", billing_address=None),
    totals=Totals(net=Decimal(1234567), tax=Decimal(0), gross=Decimal(1234567)),
    number="CN00000001",
    issued_on=date(2026, 3, 14),
)


def written(page: Page, mail: OutgoingMail = MAIL) -> tuple[Letter, EmailMessage]:
    letter = compose(mail, page, "documents@seriatim.example", b"%PDF-1.7")
    return letter, message_from_bytes(letter.content, policy=default)


def test_letters_of_every_script_arrive_and_only_ascii_travels() -> None:
    letter, message = written(PAGE)
    assert letter.content.isascii()
    assert message["Subject"] == "Credit note CN00000001 from Γάμμα & Βήτα"
    assert message["From"].addresses[0].display_name == "Γάμμα & Βήτα"
    assert "Reply-To" not in message
    text = message.get_body(("plain",))
    assert text is not None
    assert "¥1,234,567 (JPY)" in text.get_content()
    assert all(len(line) <= 998 for line in letter.content.split(b"\r\n"))
    assert b"\n" not in letter.content.replace(b"\r\n", b"")


def test_no_name_becomes_a_header() -> None:
    page = replace(PAGE, seller=Seller(legal_name=NASTY, address=None), buyer=Buyer(name=NASTY, billing_address=None))
    letter, message = written(page)
    assert set(message.keys()) == {
        *("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }
    assert letter.recipients == ("sophie@customer.example",)
    assert message["Subject"].startswith("Credit note CN00000001 from Evil Bcc: everybody")
    assert message["From"].addresses[0].addr_spec == "documents@seriatim.example"
    assert len(message["Subject"]) <= NAME_CHARACTERS_MAX


@pytest.mark.parametrize(
    "address",
    (
        "sophie@customer.example\r\nBcc: everybody@world.example",
        "sophie@customer.example\n",
        "sophie@customer.example,everybody@world.example",
        "<sophie@customer.example>",
        "sophie@customer.example> size=1",
        "sophie",
        "@customer.example",
        "sophie@",
        "so phie@customer.example",
        "..@customer.example",
        "sophie@customer..example",
        "sophie@-customer.example",
        f"{'s' * 65}@customer.example",
        f"sophie@{'c' * 260}.example",
        "söphie@customer.example",
        "sophie@customer.example\x00",
    ),
)
def test_what_is_no_address_is_written_nowhere(address: str) -> None:
    mail = replace(MAIL, recipients=("sophie@customer.example", address), copies=(address,))
    letter, message = written(PAGE, mail)
    assert letter.recipients == ("sophie@customer.example",)
    assert list(letter.unreachable) == [address]
    assert message["To"] == "sophie@customer.example"
    assert "Cc" not in message


def test_a_domain_of_other_letters_is_written_in_ascii() -> None:
    assert ascii_address("sophie@müller.example") == "sophie@xn--mller-kva.example"


def test_an_address_is_given_to_the_server_once() -> None:
    mail = replace(MAIL, recipients=("a@b.example", "a@b.example"), copies=("a@b.example",))
    letter, _ = written(PAGE, mail)
    assert letter.recipients == ("a@b.example",)


@pytest.mark.parametrize(
    ("number", "name"),
    (
        ("CN00000001", "CN00000001.pdf"),
        ("../../etc/passwd", "_etc_passwd.pdf"),
        ('a"; x=\r\nb\x00', "a_x_b_.pdf"),
        ("счёт", "_.pdf"),
    ),
)
def test_the_name_of_a_file_is_plain(number: str, name: str) -> None:
    assert file_name(number) == name
    _, message = written(replace(PAGE, number=number))
    (part,) = message.iter_attachments()
    assert part.get_filename() == name


@pytest.mark.parametrize("change", ({"number": None}, {"is_voided": True}))
def test_what_is_not_issued_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(LetterImpossible, match="not issued") as refusal:
        written(replace(PAGE, **change))  # type: ignore[arg-type] # names and values of its fields
    assert refusal.value.is_final
