"""Forms as they arrive: bounded, decoded, and able to say at which field they were refused."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from seriatim.console.statuses import status_of
from seriatim.errors import FieldError, Malformed, SeriatimError, TooLarge

FORM_BYTES_MAX = 1024 * 1024
"""A document of 1,000 lines fits."""
FORM_FIELDS_MAX = 12_000
MEDIA_TYPE = "application/x-www-form-urlencoded"
OK = 200


class Form:
    """What a person typed, and what is wrong with it. An empty one is what a page shows at first."""

    def __init__(self, values: Mapping[str, list[str]] | None = None) -> None:
        self._values = dict(values or {})
        self.errors: dict[str, str] = {}
        """What is wrong, by the name of the field."""
        self.error: str | None = None
        """What is wrong with no field in particular."""
        self.status = OK
        """The status that the page which shows this form should have."""

    @classmethod
    def of(cls, **values: str | list[str] | None) -> "Form":
        """A form that shows what is kept, for editing it."""
        kept = {name: [value] if isinstance(value, str) else value for name, value in values.items() if value}
        return cls(kept)

    @property
    def is_sent(self) -> bool:
        """Whether somebody filled it in."""
        return bool(self._values)

    def text(self, name: str) -> str:
        """What was typed into a field, without outer blanks; empty where nothing was."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """What was typed into a field, exactly: for passwords."""
        values = self._values.get(name)
        return values[-1] if values else ""

    def optional(self, name: str) -> str | None:
        """What was typed into a field; None where nothing was."""
        return self.text(name) or None

    def texts(self, name: str) -> list[str]:
        """All values of a field that can have several: boxes that are ticked, rows of a table."""
        return [value.strip() for value in self._values.get(name, [])]

    def checked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def names(self) -> list[str]:
        """The fields that were sent."""
        return list(self._values)

    def refuse(self, error: SeriatimError, fields: Mapping[str, str] | None = None) -> None:
        """Show an error at its field, else on top. `fields` gives the form's names for those of the command."""
        self.status = status_of(error)
        if isinstance(error, FieldError):
            name = (fields or {}).get(error.field, error.field)
            if name in self._values or name in (fields or {}).values():
                self.errors[name] = sentence(error.detail)
                return
        self.error = sentence(error.message)


def sentence(text: str) -> str:
    """A message as a sentence of its own, with a capital letter and a full stop."""
    if not text:
        return text
    ending = "" if text[-1] in ".!?…" else "."
    return f"{text[0].upper()}{text[1:]}{ending}"


async def read_form(request: Request) -> Form:
    """The form that a request carries.

    Raises: Malformed; TooLarge.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise Malformed(f"a form is sent as {MEDIA_TYPE}; use the page's own form")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_BYTES_MAX:
                raise TooLarge(f"the form is larger than {FORM_BYTES_MAX} bytes; send less at once")
    except ClientDisconnect as error:
        raise Malformed("the form did not arrive in full") from error
    return parse_form(bytes(body))


def parse_form(body: bytes) -> Form:
    """A form from its encoded bytes.

    Raises: Malformed; TooLarge.
    """
    if body.count(b"&") >= FORM_FIELDS_MAX:
        raise TooLarge(f"the form has more than {FORM_FIELDS_MAX} fields; send less at once")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise Malformed("the form is not encoded as forms are; use the page's own form") from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(values)
