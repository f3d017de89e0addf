"""The seller: what an entity writes on its documents about itself.

Fields of the form are called what `InvoiceMerchantDetails` of Sequence's API calls its members, with dots for those
within others. What is read of them is checked as a request of that API is.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from seriatim.auth.permissions import Permission
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.console.settings.merchant_fields import ADDRESS, COUNTRY, FIELDS, PARTS, Part
from seriatim.domain.commands.merchants import SetMerchant
from seriatim.domain.country import COUNTRIES
from seriatim.domain.merchant import PAYMENT_TERM_DAYS_MAX, Merchant
from seriatim.domain.money import CURRENCY_EXPONENTS
from seriatim.domain.snapshot import Needs
from seriatim.errors import FieldError, InvalidValue, Malformed, SeriatimError

CURRENCY = "currency"
PAYMENT_TERM = "paymentTermDays"
BENEFICIARY = "includeBeneficiaryAddressInPaymentDetails"
CUSTOM_FIELDS = "customFields"
SEEN = "seen"
"""When the details were last changed before this form was shown: whoever comes second is told."""
DAYS_DIGITS_MAX = 6


async def show_merchant(visit: Visit) -> Response:
    """What the entity says of itself: a form for those who may change it."""
    return _page(visit, await _merchant(visit), Form())


async def set_merchant(visit: Visit) -> Response:
    """Say it anew, whole. Documents that were issued before keep what they said."""
    form = await visit.form()
    merchant = await _merchant(visit)
    try:
        details = _details_of(form)
        command = SetMerchant(
            seen=replace(merchant, updated_at=_seen_at(form)),
            details=visit.console.read_merchant_details(json.dumps(details).encode()) if details else {},
            currency=form.text(CURRENCY),
            payment_term_days=_days_of(form),
            actor_id=visit.user.id,
        )
        await visit.run(command)
    except SeriatimError as error:
        _refuse(form, error)
        if form.text(SEEN) != _stamp(merchant):
            form.status = HTTPStatus.CONFLICT
        return _page(visit, merchant, form)
    notice = "The details are saved. Documents that are issued from now on carry them; those before stay as they were."
    return visit.redirect(visit.path("merchant"), notice)


async def _merchant(visit: Visit) -> Merchant:
    entity_id = visit.entity.id
    return (await visit.console.store.read(Needs(merchants={entity_id}))).merchant(entity_id)


def _page(visit: Visit, merchant: Merchant, form: Form) -> Response:
    return visit.page(
        "merchant.html",
        status=form.status,
        form=form,
        merchant=merchant,
        parts=[(part, _is_open(part, merchant.details, form)) for part in PARTS],
        shown={name: _shown(merchant.details, name) for name in FIELDS},
        custom_fields="\n".join(f"{pair['key']}: {pair['value']}" for pair in merchant.details.get(CUSTOM_FIELDS, [])),
        countries=_countries(visit),
        country_field=COUNTRY,
        currencies=[(code, code) for code in sorted(CURRENCY_EXPONENTS)],
        payment_term_days_max=PAYMENT_TERM_DAYS_MAX,
        seen=_stamp(merchant),
        is_outdated=form.is_sent and form.text(SEEN) != _stamp(merchant),
    )


def _countries(visit: Visit) -> list[tuple[str, str]]:
    """The countries that an address can have, by their names in the reader's language."""
    names = [(code, visit.locale.territories.get(code, code)) for code in COUNTRIES]
    return [("", ""), *sorted(names, key=lambda each: each[1])]


def _is_open(part: Part, details: Mapping[str, Any], form: Form) -> bool:
    """Whether a part that few need shows its fields: it has something to show."""
    names = [name for name, _, _ in part.fields]
    return any(form.errors.get(name) or form.text(name) or _shown(details, name) for name in names)


def _shown(details: Mapping[str, Any], name: str) -> str:
    """The member to which a field's name leads, as text; empty where there is none."""
    found: Any = details
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return "" if found is None else str(found)


def _details_of(form: Form) -> dict[str, Any]:
    """What was typed, in the shape of `InvoiceMerchantDetails`; empty where nothing was.

    Raises: InvalidValue.
    """
    details: dict[str, Any] = {}
    for name in FIELDS:
        text = form.text(name)
        if text:
            _put(details, name.split("."), text)
    pairs = list(_pairs_of(form.text(CUSTOM_FIELDS)))
    if pairs:
        details[CUSTOM_FIELDS] = pairs
    if form.checked(BENEFICIARY):
        details[BENEFICIARY] = True
    # What an address lacks is then told of its own fields.
    return {**details, ADDRESS: details.get(ADDRESS, {})} if details else {}


def _put(details: dict[str, Any], steps: list[str], text: str) -> None:
    for step in steps[:-1]:
        details = details.setdefault(step, {})
    details[steps[-1]] = text


def _pairs_of(text: str) -> Iterable[dict[str, str]]:
    """Lines such as `Register: HRB 1234` as keys with values.

    Raises: InvalidValue.
    """
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not key.strip() or not value.strip():
            raise InvalidValue(CUSTOM_FIELDS, line, "write each line as a name, a colon and a text")
        yield {"key": key.strip(), "value": value.strip()}


def _days_of(form: Form) -> int:
    """Raises: InvalidValue."""
    text = form.text(PAYMENT_TERM)
    if not (text.isascii() and text.isdigit() and len(text) <= DAYS_DIGITS_MAX):
        raise InvalidValue(PAYMENT_TERM, text, f"give 0 to {PAYMENT_TERM_DAYS_MAX} days")
    return int(text)


def _stamp(merchant: Merchant) -> str:
    return "" if merchant.updated_at is None else merchant.updated_at.isoformat()


def _seen_at(form: Form) -> datetime | None:
    """Raises: Malformed."""
    text = form.text(SEEN)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise Malformed("this form does not say which details it changes; reload the page and try again") from error


def _refuse(form: Form, error: SeriatimError) -> None:
    """Show an error at its field. That of one of the further lines stands at the field that has them all."""
    if isinstance(error, FieldError) and error.field.startswith(CUSTOM_FIELDS):
        form.refuse(error, {error.field: CUSTOM_FIELDS})
    else:
        form.refuse(error)


ROUTES = (
    PageRoute(method="GET", path="/e/{entity_id}/merchant", handler=show_merchant, permission=Permission.READ),
    PageRoute(method="POST", path="/e/{entity_id}/merchant", handler=set_merchant, permission=Permission.CONFIGURE),
)
