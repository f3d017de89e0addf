"""Request bodies and query strings to typed values, with errors that name the field, the value and the way out."""

import re
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from seriatim.errors import InvalidQuery, InvalidValue, Malformed, MissingField, SeriatimError, UnknownField

T = TypeVar("T")

CUSTOM_FIELD_SUFFIX = "__c"
CUSTOM_FIELDS = "*__c"
"""The field of a wire struct that takes what callers name themselves (`region__c`)."""
QUERY_PARAMETERS_MAX = 50

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_PATH_STEP = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]+)\]")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError)
"""What the decoder raises for a body that is no JSON, or has a number beyond what a decimal can hold."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
"""How JSON writes a number (RFC 8259, section 6)."""
_DIGITS = rb"(?:[0-9_\s\x80-\xff]++|\\u[0-9a-fA-F]{4}|\\[bfnrt])*+"
_ODD_NUMBER = re.compile(
    rb':\s*+"(?=[-+.0-9_\s\\\x80-\xff])(?!-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+")'
    rb'%b[-+]?+%b\.?+%b(?:[eE]%b[-+]?+%b)?+"' % ((_DIGITS,) * 5)
)
"""A field whose text Python might read as a decimal, and which is no number as JSON writes them.

Nothing in it tries a second way, which would take twice the time of every body.
"""

_anything = msgspec.json.Decoder(float_hook=Decimal)


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(wanted: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of a type; making one is slow, and there are as many types as operations."""
    decoder = _decoders.get(wanted)
    if decoder is None:
        decoder = _decoders[wanted] = msgspec.json.Decoder(wanted, float_hook=Decimal)
    return decoder


def decode_body(body: bytes, wanted: type[T]) -> T:
    """A JSON body as a wire struct. Numbers with a point are read as exact decimals.

    Raises: Malformed, MissingField, UnknownField, InvalidValue.
    """
    try:
        decoded = _decoder(wanted).decode(body)
    except msgspec.ValidationError as error:
        return _decode_slowly(body, wanted, error)
    except _UNREADABLE as error:
        raise _malformed(body, error) from error
    if _ODD_NUMBER.search(body) is not None:
        _check_numbers(decoded, _anything.decode(body))
    return decoded


def _check_numbers(decoded: Any, value: Any, path: str = "") -> None:
    """Check the decimals that were given as texts: the decoder takes whatever Python does, `1_000` and ` 10` as well.

    Raises: InvalidValue.
    """
    if isinstance(decoded, Decimal):
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            raise InvalidValue(path, value, "give a decimal number such as 100.10")
    elif isinstance(decoded, msgspec.Struct) and isinstance(value, dict):
        for attribute, name in zip(decoded.__struct_fields__, decoded.__struct_encode_fields__, strict=True):
            if name in value:
                _check_numbers(getattr(decoded, attribute), value[name], f"{path}.{name}" if path else name)
    elif isinstance(decoded, list) and isinstance(value, list):
        for index, (each, part) in enumerate(zip(decoded, value, strict=True)):
            _check_numbers(each, part, f"{path}[{index}]")


def _malformed(body: bytes, error: Exception) -> Malformed:
    if not body.strip():
        return Malformed("the body is empty; send a JSON object")
    if isinstance(error, RecursionError):
        return Malformed("the body is nested too deep; send a flatter JSON object")
    reason = "a number is out of range" if isinstance(error, ArithmeticError) else error
    return Malformed(f"the body is not JSON ({reason}); send a JSON object")


def _decode_slowly(body: bytes, wanted: type[T], first: msgspec.ValidationError) -> T:
    """Set custom fields apart, if that is what the fast way stumbled over; else say what is wrong."""
    try:
        # The typed decoder stops at its first complaint: what follows may still be no JSON at all.
        value = _anything.decode(body)
        apart = _with_custom_apart(value) if CUSTOM_FIELD_SUFFIX in str(first) else None
    except _UNREADABLE as error:
        raise _malformed(body, error) from error
    if apart is None:
        raise _explained(first, value)
    value = apart
    try:
        decoded = msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise _explained(error, value) from error
    _check_numbers(decoded, value)
    return decoded


def _with_custom_apart(value: Any) -> Any:
    """The value with the custom fields of every object gathered under `CUSTOM_FIELDS`."""
    if isinstance(value, list):
        return [_with_custom_apart(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _with_custom_apart(each) for name, each in value.items() if not name.endswith(CUSTOM_FIELD_SUFFIX)}
    custom = {name: each for name, each in value.items() if name.endswith(CUSTOM_FIELD_SUFFIX)}
    return {**kept, CUSTOM_FIELDS: custom} if custom else kept


def decode_query(query_string: bytes, wanted: type[T]) -> T:
    """A query string as a wire struct. A parameter that is not documented is refused rather than ignored.

    Raises: InvalidQuery.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, max_num_fields=QUERY_PARAMETERS_MAX, errors="strict"
        )
    except ValueError as error:
        raise InvalidQuery("query", query_string.decode("latin-1"), "send name=value pairs, percent-encoded") from error
    values = dict(pairs)
    if len(values) != len(pairs):
        repeated = next(name for name, _ in pairs if [each for each, _ in pairs].count(name) > 1)
        raise InvalidQuery(repeated, values[repeated], "give this parameter once")
    try:
        found = msgspec.convert(values, wanted, strict=False)
    except msgspec.ValidationError as error:
        explained = _explained(error, values)
        if isinstance(explained, UnknownField):
            known = ", ".join(sorted(wanted.__struct_encode_fields__))  # type: ignore[attr-defined]
            rule = f"this parameter is not known here; known are: {known or 'none'}"
            raise InvalidQuery(explained.field, values[explained.field], rule) from error
        field = explained.field if isinstance(explained, (InvalidValue, MissingField)) else "query"
        raise InvalidQuery(field, values.get(field), _rule(error)) from error
    try:
        _check_numbers(found, values)
    except InvalidValue as error:
        raise InvalidQuery(error.field, values[error.field], "give a decimal number such as 100.10") from error
    return found


def _explained(error: msgspec.ValidationError, value: Any) -> SeriatimError:
    """The decoder's complaint in our own terms, with the value that it is about."""
    message = str(error)
    path_found = _PATH.search(message)
    path = "" if path_found is None else path_found["path"].removeprefix(".")
    for pattern, kind in ((_UNKNOWN, UnknownField), (_MISSING, MissingField)):
        found = pattern.match(message)
        if found is not None:
            return kind(f"{path}.{found['name']}" if path else found["name"])
    if not path:
        return Malformed(f"the body is not what this operation takes ({message}); send a JSON object")
    return InvalidValue(path, _value_at(value, path), _rule(error))


def _rule(error: msgspec.ValidationError) -> str:
    """What would have been right: `Expected `int`, got `str`` becomes "expected int"."""
    complaint = _PATH.sub("", str(error)).split(", got ")[0].replace("`", "")
    return complaint[:1].lower() + complaint[1:]


def _value_at(value: Any, path: str) -> Any:
    """The part of a JSON value to which a path leads."""
    for step in _PATH_STEP.finditer(path):
        try:
            value = value[step["name"]] if step["index"] is None else value[int(step["index"])]
        except (KeyError, IndexError, TypeError):
            return None
    return value
