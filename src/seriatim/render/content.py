"""A page as the template takes it: every text formatted and clean, in the order of the page."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from seriatim.render.formats import Formats, clean, places_of, readable_colour, trimmed
from seriatim.render.page import AccountField, Address, BankAccount, Group, Line, Page, PageKind, all_lines
from seriatim.render.words import Entry, Word, words_in

ALIGNED_PLACES_MAX = 6
"""Decimals up to which prices and quantities are filled up with zeros, so that their points stand in line."""
AMOUNT_CHARACTERS_SHOWN_THRICE_MAX = 13
"""Up to this width each line shows its net, tax and gross amount; beyond it the net amount alone, in smaller type."""
RUNNING_HEAD_CHARACTERS_MAX = 50
"""Characters of the seller's name, and of the document's, at the top of the pages after the first."""
EMAILS_SHOWN_MAX = 3
"""Addresses of the buyer that are printed; there may be more recipients than a letterhead has room for."""
TEXT_KEPT_WITH_TOTALS_CHARACTERS_MAX = 600
TEXT_KEPT_WITH_TOTALS_ROWS_MAX = 12
TAXES_KEPT_WITH_TOTALS_MAX = 20
"""A last line and taxes up to this large are kept on one page with the totals; larger ones may need more than one."""
HEADING_REPEATED_CHARACTERS_MAX = 200
"""A group's title and description up to this long are repeated on every page that the group runs over."""
LETTER_COUNTRIES = ("US", "CA")
"""Countries whose sellers print on US letter; all others on A4."""

_GROUPED_BY_FOUR = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
"""An IBAN without blanks (ISO 13616)."""


def content_of(page: Page) -> dict[str, Any]:
    """What the template shows, as JSON can carry it.

    Raises: InvalidValue, for a locale that nobody knows.
    """
    return _Content(page).whole()


class _Content:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.formats = Formats(page.locale)
        self.words = words_in(self.formats.language)
        lines = tuple(all_lines(page))
        rates = _common_places(line.rate for line in lines if not line.is_rate_percentage)
        self.rate_places = max(rates, places_of(page.totals.gross))
        self.quantity_places = _common_places(line.quantity for line in lines)
        amounts = [amount for line in lines for amount in (line.net, line.tax, line.gross)]
        self.widest = max((len(self.formats.decimal(amount)) for amount in {*amounts, page.totals.gross}), default=0)
        self.is_compact = self.widest > AMOUNT_CHARACTERS_SHOWN_THRICE_MAX
        self.has_tax = page.totals.tax != 0 or any(line.tax_rate or line.tax for line in lines)
        self.columns = self._columns()

    def _columns(self) -> tuple[str, ...]:
        """The figures of a line, from left to right; an untaxed document has no columns about tax."""
        if not self.has_tax:
            return ("quantity", "rate", "net")
        return (
            ("quantity", "rate", "net", "tax_rate")
            if self.is_compact
            else (*("quantity", "rate", "net", "tax_rate", "tax", "gross"),)
        )

    def whole(self) -> dict[str, Any]:
        page, words = self.page, self.words
        seller = page.seller
        country = seller.address.country.upper() if seller.address else ""
        status = words[Word.VOID] if page.is_voided else words[Word.DRAFT] if page.number is None else None
        title = f"{words[page.kind]} {page.number or ''}"
        return {
            "language": self.formats.language,
            "paper": "us-letter" if country in LETTER_COUNTRIES else "a4",
            "date": [page.issued_on.year, page.issued_on.month, page.issued_on.day] if page.issued_on else None,
            "accent": readable_colour(seller.colour),
            "kind": words[page.kind],
            "number": clean(page.number) if page.number is not None else None,
            "status": status,
            "page_word": words[Word.PAGE],
            "running_head": [_shortened(clean(text)) for text in (seller.legal_name, title)],
            "seller": {"name": clean(seller.legal_name), "lines": self._seller_lines()},
            "parties": self._parties(),
            "facts": self._facts(),
            "table": self._table(),
            "taxes": self._taxes(),
            "totals": self._totals(),
            "notes": self._notes(),
            "payment": self._payment(),
        }

    def _labelled(self, label: Entry, value: str | None) -> list[str]:
        return [f"{self.words[label]}: {text}"] if value and (text := clean(value)) else []

    def _seller_lines(self) -> list[str]:
        seller = self.page.seller
        contact = [text for value in (seller.email, seller.phone) if value and (text := clean(value))]
        return [
            *(self.formats.address(seller.address) if seller.address else ()),
            *self._labelled(Word.TAX_ID, seller.tax_id),
            *(f"{clean(name)}: {clean(value)}" for name, value in seller.custom_fields),
            *contact,
        ]

    def _parties(self) -> list[dict[str, Any]]:
        buyer = self.page.buyer
        is_credit = self.page.kind is PageKind.CREDIT_NOTE
        billed = [
            *(self.formats.address(buyer.billing_address) if buyer.billing_address else ()),
            *self._labelled(Word.TAX_ID, buyer.tax_id),
            *map(clean, buyer.emails[:EMAILS_SHOWN_MAX]),
        ]
        label = self.words[Word.CREDITED_TO if is_credit else Word.BILLED_TO]
        parties: list[dict[str, Any]] = [{"label": label, "name": clean(buyer.name), "lines": billed}]
        if buyer.shipping_address and buyer.shipping_address != buyer.billing_address:
            lines = self.formats.address(buyer.shipping_address)
            parties.append({"label": self.words[Word.SHIPPED_TO], "name": None, "lines": lines})
        return parties

    def _facts(self) -> list[list[str]]:
        page, formats = self.page, self.formats
        facts: list[tuple[Word, str | None]] = [
            (Word.ISSUE_DATE, formats.day(page.issued_on) if page.issued_on else None),
            (Word.DUE_DATE, formats.day(page.due_on) if page.due_on else None),
            (Word.ACCOUNTING_DATE, formats.day(page.accounting_date) if page.accounting_date else None),
            (Word.SERVICE_PERIOD, formats.period(page.service_period) if page.service_period else None),
            (Word.CREDITS_INVOICE, page.invoice_number),
            (Word.PURCHASE_ORDER, page.purchase_order_number),
            (Word.REFERENCE, page.reference),
            (Word.CURRENCY, page.currency),
        ]
        return [[self.words[word], text] for word, value in facts if value and (text := clean(value))]

    def _table(self) -> dict[str, Any]:
        heading = {"quantity": Word.QUANTITY, "rate": Word.RATE, "net": Word.NET, "tax_rate": Word.TAX_RATE}
        heading |= {"tax": Word.TAX, "gross": Word.GROSS}
        if not self.has_tax:
            heading["net"] = Word.AMOUNT
        sections: list[dict[str, Any]] = [
            {"title": None, "description": None, "rows": self._rows(self.page.lines), "subtotal": None}
        ]
        return {
            "headings": [self.words[Word.DESCRIPTION], *(self.words[heading[column]] for column in self.columns)],
            "is_compact": self.is_compact,
            "is_end_kept": self._is_end_small(),
            "sections": [section for section in [*sections, *map(self._section, self.page.groups)] if section["rows"]],
        }

    def _is_end_small(self) -> bool:
        """Whether the last line and the totals surely have room on one page."""
        lines = tuple(all_lines(self.page))
        if not lines or len(self.page.taxes) > TAXES_KEPT_WITH_TOTALS_MAX:
            return False
        last = lines[-1]
        text = clean(f"{last.title}\n{last.description or ''}")
        has_few_rows = text.count("\n") < TEXT_KEPT_WITH_TOTALS_ROWS_MAX
        return has_few_rows and len(text) <= TEXT_KEPT_WITH_TOTALS_CHARACTERS_MAX

    def _section(self, group: Group) -> dict[str, Any]:
        figures = {"net": group.net, "tax": group.tax, "gross": group.gross}
        cells = [self.formats.decimal(figures[column]) if column in figures else "" for column in self.columns]
        title, description = clean(group.title), clean(group.description or "")
        is_short = len(title + description) <= HEADING_REPEATED_CHARACTERS_MAX and "\n" not in title + description
        return {
            "title": title,
            "description": description,
            "rows": self._rows(group.lines),
            "is_heading_repeated": is_short,
            "subtotal": [self.words[Word.SUBTOTAL], *cells],
        }

    def _rows(self, lines: Iterable[Line]) -> list[dict[str, Any]]:
        return [
            {
                "title": clean(line.title),
                "description": clean(line.description or ""),
                "period": self.formats.period(line.service_period) if line.service_period else "",
                "cells": self._cells(line),
            }
            for line in lines
        ]

    def _cells(self, line: Line) -> list[str]:
        formats = self.formats
        texts = {
            "quantity": _figure(formats, line.quantity, self.quantity_places),
            "rate": _percent(formats, line.rate)
            if line.is_rate_percentage
            else _figure(formats, line.rate, self.rate_places),
            "net": formats.decimal(line.net),
            "tax_rate": _percent(formats, line.tax_rate),
            "tax": formats.decimal(line.tax),
            "gross": formats.decimal(line.gross),
        }
        return [texts[column] for column in self.columns]

    def _taxes(self) -> dict[str, Any] | None:
        if not self.page.taxes or not self.has_tax:
            return None
        rows = [
            [_percent(self.formats, part.rate), self.formats.decimal(part.net), self.formats.decimal(part.tax)]
            for part in self.page.taxes
        ]
        return {"headings": [self.words[word] for word in (Word.TAX_RATE, Word.NET, Word.TAX)], "rows": rows}

    def _totals(self) -> list[dict[str, Any]]:
        totals, is_credit = self.page.totals, self.page.kind is PageKind.CREDIT_NOTE
        rows: list[tuple[Word, Decimal | None, bool]] = [
            (Word.NET_TOTAL, totals.net if self.has_tax else None, False),
            (Word.TAX_TOTAL, totals.tax if self.has_tax else None, False),
            (Word.TOTAL, totals.gross, True),
            (Word.APPLIED if is_credit else Word.PAID, None if totals.settled is None else -totals.settled, False),
            (Word.CREDIT_LEFT if is_credit else Word.AMOUNT_DUE, totals.balance, True),
        ]
        return [
            {"label": self.words[word], "value": self.formats.money(amount, self.page.currency), "is_strong": is_strong}
            for word, amount, is_strong in rows
            if amount is not None
        ]

    def _notes(self) -> list[dict[str, str | None]]:
        notes: list[dict[str, str | None]] = []
        if self.page.is_reverse_charge:
            notes.append({"label": None, "text": self.words[Word.REVERSE_CHARGE]})
        if self.page.memo and (memo := clean(self.page.memo)):
            notes.append({"label": self.words[Word.MEMO], "text": memo})
        return notes

    def _payment(self) -> dict[str, Any] | None:
        accounts = [self._account(account) for account in self.page.seller.bank_accounts if account.rows]
        return {"label": self.words[Word.PAYMENT_DETAILS], "accounts": accounts} if accounts else None

    def _account(self, account: BankAccount) -> dict[str, Any]:
        rows = [[self.words[field], self._account_value(field, value)] for field, value in account.rows]
        return {"label": self.words[account.kind], "rows": rows}

    def _account_value(self, field: AccountField, value: str | Address) -> str:
        if isinstance(value, Address):
            return ", ".join(self.formats.address(value))
        text = clean(value)
        if field is AccountField.IBAN and _GROUPED_BY_FOUR.fullmatch(text):
            return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
        return text


def _common_places(values: Iterable[Decimal | None]) -> int:
    """Places that let all the values stand with their points in line, unless one has too many."""
    places = [places_of(trimmed(value)) for value in values if value is not None]
    return max((count for count in places if count <= ALIGNED_PLACES_MAX), default=0)


def _shortened(text: str) -> str:
    """What fits into half a running head."""
    is_long = len(text) > RUNNING_HEAD_CHARACTERS_MAX
    return f"{text[: RUNNING_HEAD_CHARACTERS_MAX - 1]}\N{HORIZONTAL ELLIPSIS}" if is_long else text


def _figure(formats: Formats, value: Decimal | None, places: int) -> str:
    return "" if value is None else formats.decimal(trimmed(value), places)


def _percent(formats: Formats, fraction: Decimal | None) -> str:
    return "" if fraction is None else formats.percent(trimmed(fraction))
