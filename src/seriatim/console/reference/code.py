"""A request as a person would make it elsewhere: with curl, and with Python.

Whatever was typed arrives at the server exactly so: shell words are quoted by shlex, Python's literals are made by
repr. Credentials are never in it: both read them from the environment.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from seriatim.console.reference.operations import QUERY, Schema
from seriatim.console.reference.requests import TOKEN_PATH, ApiRequest
from seriatim.console.reference.schemas import variants_of
from seriatim.console.reference.sdk import QUERIES_ELSEHOW, SDK_METHODS, SdkMethod, argument_name

FILE_NAME = "document.pdf"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Code:
    """The same call, twice."""

    curl: str
    python: str
    library: str
    """What the Python code needs: `zuora-sdk` or `httpx`."""


class _Literal(str):
    """A figure of a JSON text, as it is written there: its digits are kept."""

    __slots__ = ()


def code_of(request: ApiRequest, url: str) -> Code:
    """A request as code against the server at an address."""
    method = SDK_METHODS.get(request.operation.id) if request.operation.api.key == "zuora" else None
    arguments = None if method is None else _sdk_arguments(method, request)
    if method is None or arguments is None:
        return Code(_curl(request, url), _httpx(request, url), "httpx")
    return Code(_curl(request, url), _sdk(method, arguments, url), "zuora-sdk")


def _curl(request: ApiRequest, url: str) -> str:
    operation = request.operation
    words = [f"curl --silent --show-error --request {operation.method} {shlex.quote(url + request.target)}"]
    preparation = ""
    if operation.needs_credentials and operation.api.key == "sequence":
        words.append('--user "$CLIENT_ID:$CLIENT_SECRET"')
    elif operation.needs_credentials:
        preparation = _curl_token(url)
        words.append('--header "Authorization: Bearer $TOKEN"')
    words += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in request.headers.items()]
    if operation.is_form:
        words += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in request.fields.items()]
        words += ['--data-urlencode "client_id=$CLIENT_ID"', '--data-urlencode "client_secret=$CLIENT_SECRET"']
    elif request.body:
        words += ["--header 'Content-Type: application/json'", f"--data-raw {shlex.quote(request.body)}"]
    if operation.gives_file:
        words.append(f"--output {FILE_NAME}")
    return preparation + " \\\n  ".join(words) + "\n"


def _curl_token(url: str) -> str:
    lines = (
        f"TOKEN=$(curl --silent --show-error {shlex.quote(url + TOKEN_PATH)}",
        "--data-urlencode grant_type=client_credentials",
        '--data-urlencode "client_id=$CLIENT_ID"',
        '--data-urlencode "client_secret=$CLIENT_SECRET" |',
    )
    reading = """python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""
    return " \\\n  ".join(lines) + f"\n  {reading}\n"


def _httpx(request: ApiRequest, url: str) -> str:
    operation = request.operation
    lines = ["from os import environ"]
    lines += ["from pathlib import Path"] if operation.gives_file else []
    lines += ["", "import httpx", ""]
    headers: dict[str, Any] = dict(request.headers)
    arguments = []
    if operation.needs_credentials and operation.api.key == "sequence":
        arguments.append('auth=(environ["CLIENT_ID"], environ["CLIENT_SECRET"])')
    elif operation.needs_credentials:
        lines += _httpx_token(url)
        headers["Authorization"] = _Literal('f"Bearer {token}"')
    arguments += _httpx_body(request, headers)
    if headers:
        arguments.insert(0, f"headers={_literal(headers, 1)}")
    lines += ["answer = httpx.request(", f'    "{operation.method}",', f"    {_quoted(url + request.target)},"]
    lines += [*(f"    {argument}," for argument in arguments), ")"]
    lines += [f'Path("{FILE_NAME}").write_bytes(answer.content)'] if operation.gives_file else ["print(answer.text)"]
    return "\n".join(lines) + "\n"


def _httpx_token(url: str) -> list[str]:
    return [
        "token = httpx.post(",
        f"    {_quoted(url + TOKEN_PATH)},",
        "    data={",
        '        "grant_type": "client_credentials",',
        '        "client_id": environ["CLIENT_ID"],',
        '        "client_secret": environ["CLIENT_SECRET"],',
        "    },",
        ').raise_for_status().json()["access_token"]',
    ]


def _httpx_body(request: ApiRequest, headers: dict[str, Any]) -> list[str]:
    """The argument that carries the body; what is no JSON, or what Python would write otherwise, goes as it is."""
    if request.operation.is_form:
        fields: dict[str, Any] = dict(request.fields)
        fields["client_id"] = _Literal('environ["CLIENT_ID"]')
        fields["client_secret"] = _Literal('environ["CLIENT_SECRET"]')
        return [f"data={_literal(fields, 1)}"]
    if not request.body:
        return []
    literal = _python_of(request.body)
    if literal is not None:
        return [f"json={literal}"]
    headers["Content-Type"] = "application/json"
    return [f"content={request.body!r}.encode()"]


def _sdk(method: SdkMethod, arguments: Mapping[str, Any], url: str) -> str:
    model = f"from zuora_sdk import {method.model}\n" if method.model else ""
    call = f"zuora.{method.api}().{method.name}"
    passed = [f"    {name}={_literal(value, 1)}," for name, value in arguments.items()]
    lines = [
        "from os import environ",
        "",
        f"{model}from zuora_sdk.zuora_client import ZuoraClient",
        "",
        "zuora = ZuoraClient(",
        '    client_id=environ["CLIENT_ID"],',
        '    client_secret=environ["CLIENT_SECRET"],',
        "    env=None,",
        ")",
        f"zuora.set_base_url({_quoted(url)})",
        "zuora.initialize()",
        *([f"answer = {call}(", *passed, ")"] if passed else [f"answer = {call}()"]),
        "print(answer.to_json())",
    ]
    return "\n".join(lines) + "\n"


def _sdk_arguments(method: SdkMethod, request: ApiRequest) -> dict[str, Any] | None:
    """What to pass to the SDK; None where it cannot make this very request."""
    operation = request.operation
    if QUERIES_ELSEHOW.get(operation.id, frozenset()) & request.query.keys():
        return None
    arguments: dict[str, Any] = {
        name: value or f"{{{parameter}}}"
        for name, (parameter, value) in zip(method.path_arguments, request.path_values.items(), strict=True)
    }
    if bool(method.model) != bool(request.body):
        return None
    if method.model:
        literal = _python_of(request.body)
        if literal is None or not literal.startswith("{"):
            return None
        arguments[method.body_argument] = _Literal(f"{method.model}.from_dict({literal})")
    schemas = {parameter.name: parameter.schema for parameter in operation.at(QUERY)}
    for name, text in request.query.items():
        value = _typed(schemas[name], text)
        if value is None:
            return None
        arguments[argument_name(name)] = value
    return arguments | {argument_name(name): value for name, value in request.headers.items()}


def _typed(schema: Schema, text: str) -> str | None:
    """A query parameter as the SDK takes it; None where it would refuse what was typed."""
    (schema,) = variants_of(schema)
    kind, form = schema.get("type"), schema.get("format")
    if kind == "boolean":
        return {"true": _Literal("True"), "false": _Literal("False")}.get(text)
    if kind == "integer":
        return _Literal(text) if _INTEGER.fullmatch(text) else None
    if form == "decimal":
        return _Literal(text) if _DECIMAL.fullmatch(text) else None
    if form == "date":
        return text if _DATE.fullmatch(text) else None
    return text


class _Pairs(list[tuple[str, Any]]):
    """The fields of an object, in order."""


def _python_of(text: str) -> str | None:
    """JSON as a literal of Python; None where Python would not write the same as it read."""
    try:
        if not _survives(text):
            return None
        parsed = json.loads(text, parse_float=_Literal, parse_int=_Literal, object_pairs_hook=_Pairs)
        return _literal(parsed, 1)
    except (ValueError, RecursionError):
        return None


def _survives(text: str) -> bool:
    """Whether a text says the same once Python has read and written it.

    Raises: ValueError, where it is not JSON, or a field stands there twice.
    """

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise ValueError("a field stands there twice")
        return fields

    exact = json.loads(text, parse_float=Decimal, object_pairs_hook=distinct)
    written = json.dumps(json.loads(text), allow_nan=False, ensure_ascii=False)
    written.encode()  # Half of a surrogate pair cannot be sent by itself.
    return bool(exact == json.loads(written, parse_float=Decimal))


def _literal(value: Any, depth: int) -> str:
    """A value as Python writes it, one field or entry on each line where it has any."""
    if isinstance(value, _Literal):
        return str(value)
    if isinstance(value, dict):
        value = _Pairs(value.items())
    outer, inner = "    " * depth, "    " * (depth + 1)
    if isinstance(value, _Pairs):
        lines = [f"{inner}{_quoted(name)}: {_literal(each, depth + 1)}," for name, each in value]
        return "\n".join(["{", *lines, f"{outer}}}"]) if lines else "{}"
    if isinstance(value, list):
        lines = [f"{inner}{_literal(each, depth + 1)}," for each in value]
        return "\n".join(["[", *lines, f"{outer}]"]) if lines else "[]"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """A text in double quotes where nothing in it speaks against them."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal and "\\'" not in literal else literal
