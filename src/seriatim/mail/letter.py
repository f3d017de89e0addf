"""What a mail says: its headers, a short text in English, and the document as a PDF."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from seriatim.domain.mail import OutgoingMail
from seriatim.render.formats import Formats
from seriatim.render.page import Page
from seriatim.render.words import words_in

NAME_CHARACTERS_MAX = 120
"""Characters of a company's name in a header."""
LOCAL_PART_CHARACTERS_MAX = 64
"""RFC 5321, 4.5.3.1.1."""
ADDRESS_CHARACTERS_MAX = 254
"""RFC 5321, 4.5.3.1.3, without its angle brackets."""

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*", re.ASCII)
_NOT_OF_FILE_NAMES = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)
_POLICY = SMTP.clone(cte_type="7bit")
"""Lines end as SMTP wants them, and no server has to be asked whether it takes more than ASCII."""
_LANGUAGE = "en"


class LetterImpossible(Exception):
    """A mail cannot be written as things are; the message says why."""

    def __init__(self, words: str, *, is_final: bool) -> None:
        super().__init__(words)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it goes over the line, and its envelope."""

    sender: str
    reachable: dict[str, str]
    """The addresses of everybody who gets it, copies included, to what the mail server is given for each."""
    unreachable: dict[str, str]
    """Addresses that are none, and why."""
    content: bytes

    @property
    def recipients(self) -> tuple[str, ...]:
        """What the mail server is given, each address once."""
        return tuple(dict.fromkeys(self.reachable.values()))


def ascii_address(address: str) -> str:
    """An e-mail address as every mail server takes it: a domain of other letters becomes its ASCII form.

    Raises: ValueError, with a message for the eyes of those who gave the address.
    """
    local_part, _, domain = address.rpartition("@")
    if not _LOCAL_PART.fullmatch(local_part) or len(local_part) > LOCAL_PART_CHARACTERS_MAX:
        raise ValueError("before the @ of an address stand up to 64 ASCII letters, digits, points and signs")
    try:
        plain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        plain = ""
    if not _DOMAIN.fullmatch(plain) or len(local_part) + len(plain) >= ADDRESS_CHARACTERS_MAX:
        raise ValueError("behind the @ of an address stands the name of a domain")
    return f"{local_part}@{plain}"


def compose(mail: OutgoingMail, page: Page, own_address: str | None, pdf: bytes) -> Letter:
    """Write a mail with a document that has a number. `own_address` is the server's own, if it has one.

    The mail is from the server's own address, since that is the one that the mail server vouches for, and answers go
    to the seller's. Without an own address it is from the seller's.

    Raises: LetterImpossible.
    """
    if page.number is None or page.is_voided:
        raise LetterImpossible(
            "the document is not issued any more; what is void or a draft is not sent", is_final=True
        )
    name = _header_text(page.seller.legal_name)
    seller_address = _reachable(page.seller.email or "")
    sender = own_address or seller_address
    if sender is None:
        raise LetterImpossible(
            "there is no address to send from; set SERIATIM_SMTP_SENDER, or the merchant's email "
            "(`seriatim merchant set --email`)",
            is_final=False,
        )
    reachable, unreachable = _addresses((*mail.recipients, *mail.copies))
    to, copies = ([reachable[each] for each in given if each in reachable] for given in (mail.recipients, mail.copies))
    title = f"{words_in(_LANGUAGE)[page.kind]} {page.number}"
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = _header_text(f"{title} from {name}" if name else title)
    message["From"] = Address(name, addr_spec=sender)
    if to:
        message["To"] = [Address(addr_spec=each) for each in to]
    if copies:
        message["Cc"] = [Address(addr_spec=each) for each in copies]
    if seller_address is not None and seller_address != sender:
        message["Reply-To"] = Address(name, addr_spec=seller_address)
    message["Date"] = mail.created_at
    # The same at every attempt: who gets a mail twice can tell that it is one.
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(title, page))
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=file_name(page.number))
    return Letter(sender, reachable, unreachable, message.as_bytes())


def file_name(number: str) -> str:
    """The name of a document's PDF: its number, of letters, digits, dashes and underscores alone."""
    return f"{_NOT_OF_FILE_NAMES.sub('_', number)}.pdf"


def _text(title: str, page: Page) -> str:
    rows = {
        "From": _header_text(page.seller.legal_name),
        "To": _header_text(page.buyer.name),
        "Date": "" if page.issued_on is None else page.issued_on.isoformat(),
        "Total": f"{Formats(_LANGUAGE).money(page.totals.gross, page.currency)} ({page.currency})",
    }
    lines = [f"{label + ':':<7}{value}" for label, value in rows.items() if value]
    return "\n".join([title, "", *lines, "", "The document is attached to this mail as a PDF."]) + "\n"


def _addresses(given: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Addresses to what mail servers take them as, and those that are none to why."""
    reachable, unreachable = dict[str, str](), dict[str, str]()
    for address in given:
        try:
            reachable[address] = ascii_address(address)
        except ValueError as error:
            unreachable[address] = str(error)
    return reachable, unreachable


def _reachable(address: str) -> str | None:
    try:
        return ascii_address(address)
    except ValueError:
        return None


def _header_text(text: str) -> str:
    """A text on one line, printable, and no longer than a header should be."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:NAME_CHARACTERS_MAX]
