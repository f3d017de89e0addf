"""Every failure that a caller can be told about, as one tree that knows no HTTP and no dialect.

A dialect maps `Category` to its own status and body, and may map `Rule` to finer codes; a test walks
both enumerations through every dialect's table, so that a new member cannot be forgotten.
Messages name the field, the value and the way out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

VALUE_SHOWN_CHARACTERS_MAX = 60


class Category(StrEnum):
    """What kind of failure it is: enough for a client to decide what to do next."""

    INVALID_VALUE = "invalid_value"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    INVALID_QUERY = "invalid_query"
    INVALID_HEADER = "invalid_header"
    MALFORMED = "malformed"
    BROKEN_RULE = "broken_rule"
    NOT_FOUND = "not_found"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    KEY_IN_PROGRESS = "key_in_progress"
    KEY_REUSED = "key_reused"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_SERVED = "not_served"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class Rule(StrEnum):
    """The business rules that a well-formed request can break."""

    SET_NAME_TAKEN = "set_name_taken"
    SET_NUMBER_TAKEN = "set_number_taken"
    SET_IN_USE = "set_in_use"
    SET_IS_DEFAULT = "set_is_default"
    PREFIX_OF_ANOTHER_KIND = "prefix_of_another_kind"
    PREFIX_OF_DEFAULT = "prefix_of_default"
    PREFIX_COLLIDES = "prefix_collides"
    NUMBERING_INCOMPLETE = "numbering_incomplete"
    START_BELOW_NEXT = "start_below_next"
    START_PAST_CEILING = "start_past_ceiling"
    SERIES_EXHAUSTED = "series_exhausted"
    NUMBER_TAKEN = "number_taken"
    NUMBER_IN_SERIES = "number_in_series"
    ACCOUNT_NUMBER_TAKEN = "account_number_taken"
    ACCOUNT_HAS_DOCUMENTS = "account_has_documents"
    CURRENCY_MISMATCH = "currency_mismatch"
    TRANSITION_NOT_ALLOWED = "transition_not_allowed"
    DOCUMENT_HAS_NUMBER = "document_has_number"
    NOT_SETTLEABLE = "not_settleable"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    AMOUNT_ABOVE_REMAINING = "amount_above_remaining"
    ACCOUNT_MISMATCH = "account_mismatch"
    ALREADY_SETTLED = "already_settled"
    DOCUMENT_IS_REFERRED_TO = "document_is_referred_to"
    DOCUMENT_NOT_DRAFT = "document_not_draft"
    NO_GATEWAY = "no_gateway"
    NO_LINES = "no_lines"
    NO_RECIPIENT = "no_recipient"
    NO_MAIL_SERVER = "no_mail_server"
    MAIL_NOT_WAITING = "mail_not_waiting"
    TOTAL_NOT_POSITIVE = "total_not_positive"
    ACCOUNT_ARCHIVED = "account_archived"
    ALIAS_TAKEN = "alias_taken"
    GROUP_IN_USE = "group_in_use"
    NOT_IN_THIS_VERSION = "not_in_this_version"
    NAME_TAKEN = "name_taken"
    CLIENT_REVOKED = "client_revoked"
    USER_DISABLED = "user_disabled"
    LAST_ADMIN = "last_admin"


class SeriatimError(Exception):
    """A failure with a category and a message that is fit for the caller's eyes."""

    category = Category.INTERNAL

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FieldError(SeriatimError):
    """A failure of one named field of a request; `within` puts the name of what contains it in front."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.detail = message
        self.message = f"{field}: {message}"

    def within(self, container: str) -> "FieldError":
        """Name the field by its whole path, as the caller wrote it: `sequenceSets[0].creditMemo.prefix`."""
        self.field = f"{container}.{self.field}" if self.field else container
        self.message = f"{self.field}: {self.detail}"
        return self

    def __str__(self) -> str:
        return self.message


class InvalidValue(FieldError):
    """A field's value has the wrong type, form or range."""

    category = Category.INVALID_VALUE

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(field, f"{show(value)} is not allowed here; {rule}")


class UnknownField(FieldError):
    """The request carries a field that the contract does not have."""

    category = Category.UNKNOWN_FIELD

    def __init__(self, field: str) -> None:
        super().__init__(field, "this field is not known here; remove it or correct its name")


class MissingField(FieldError):
    """The request lacks a field that it must carry."""

    category = Category.MISSING_FIELD

    def __init__(self, field: str, rule: str = "this field is required") -> None:
        super().__init__(field, rule)


class InvalidQuery(FieldError):
    """A query parameter has the wrong form or range."""

    category = Category.INVALID_QUERY

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(field, f"{show(value)} is not allowed here; {rule}")


class InvalidHeader(FieldError):
    """A request header has the wrong form, or names what does not exist or is not permitted."""

    category = Category.INVALID_HEADER

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(field, f"{show(value)} is not allowed here; {rule}")


class Malformed(SeriatimError):
    """The body is not what its media type says."""

    category = Category.MALFORMED


class BrokenRule(SeriatimError):
    """A well-formed request that a business rule refuses. Nothing was changed and no number was taken."""

    category = Category.BROKEN_RULE

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class NotFound(SeriatimError):
    """What the request names does not exist, or not where this caller may look."""

    category = Category.NOT_FOUND

    def __init__(self, noun: str, key: str, advice: str = "check the id or the number") -> None:
        super().__init__(f"no {noun} {show(key)} was found; {advice}")
        self.noun = noun
        self.key = key


class Unauthenticated(SeriatimError):
    """The credentials are missing, wrong, expired or revoked."""

    category = Category.UNAUTHENTICATED


class Forbidden(SeriatimError):
    """The caller is known, and may not do this."""

    category = Category.FORBIDDEN


class KeyInProgress(SeriatimError):
    """Another request with the same idempotency key has not been answered yet."""

    category = Category.KEY_IN_PROGRESS

    def __init__(self, key: str) -> None:
        super().__init__(f"a request with the idempotency key {show(key)} is still in progress; try again in a moment")


class KeyReused(SeriatimError):
    """The idempotency key was used for another request within its lifetime."""

    category = Category.KEY_REUSED

    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {show(key)} belongs to another request; use a new key for a new request")


class BalancesMoved(SeriatimError):
    """What remains of two documents has changed since the caller read it. It tells how they stand now."""

    category = Category.CONFLICT

    def __init__(self, message: str, balances: tuple[Any, Any]) -> None:
        super().__init__(message)
        self.balances = balances
        """The credit memo and the invoice as they are now."""


class TooLarge(SeriatimError):
    """The request is larger than a named limit."""

    category = Category.TOO_LARGE


class MethodNotAllowed(SeriatimError):
    """The path exists, but not with this method."""

    category = Category.METHOD_NOT_ALLOWED


class NotServed(SeriatimError):
    """An operation of the vendor's contract that Seriatim does not serve."""

    category = Category.NOT_SERVED


class RateLimited(SeriatimError):
    """The client has used up its allowance for this window."""

    category = Category.RATE_LIMITED

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(SeriatimError):
    """A bounded queue is full. Nothing was changed; the same request may be sent again."""

    category = Category.OVERLOADED
    retry_after_seconds = 1


class Unavailable(SeriatimError):
    """The database cannot be reached, or the server is stopping. The same request may be sent again."""

    category = Category.UNAVAILABLE
    retry_after_seconds = 1


class InternalError(SeriatimError):
    """A fault of the server. What happened is in its log, under the request's id."""

    category = Category.INTERNAL

    def __init__(self) -> None:
        super().__init__("the server failed; its log has the details under this request id")


@contextmanager
def within(container: str) -> Iterator[None]:
    """Name the fields of failures raised inside by their whole path: `sequenceSets[0].creditMemo.prefix`."""
    try:
        yield
    except FieldError as error:
        raise error.within(container) from error.__cause__


def show(value: object) -> str:
    """A value as an error message may show it: quoted, and no longer than the message can bear."""
    text = repr(value) if isinstance(value, str) else str(value)
    if len(text) <= VALUE_SHOWN_CHARACTERS_MAX:
        return text
    return f"{text[: VALUE_SHOWN_CHARACTERS_MAX - 1]}…"
