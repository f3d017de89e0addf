"""The vendor's contract in each of its dated versions, and the check that an answer is what it says: no more, no less.

The files in `contract/` are the vendor's own OpenAPI documents without prose (`contract/extract.py` made them).
"""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from jsonschema import Draft202012Validator, FormatChecker

from tests.servers import Json, decode

VERSIONS = ("2024-01-01", "2024-05-09", "2024-07-30")
NEWEST = VERSIONS[-1]
DIRECTORY = Path(__file__).parent / "contract"

FAILURE_STATUSES = frozenset((400, 401, 403, 404, 405, 409, 413, 422, 429, 503))
"""The vendor declares hardly a failure. Nobody can want 500, and so it is not among them."""
PDF = "application/pdf"

_FAILURE = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string", "pattern": "^([A-Z][a-z]+)+$"},
                "message": {"type": "string", "minLength": 10},
            },
        }
    },
}
_DECIMALS = frozenset(("netTotal", "totalTax", "grossTotal", "quantity", "rate", "taxRate", "balance"))
_INSTANTS = frozenset(("createdAt", "updatedAt", "archivedAt", "appliedAt", "allocatedAt", "paidAt", "calculatedAt"))
_DATES = frozenset(("issueDate", "dueDate", "accountingDate"))
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TRACES = ("Traceback", 'File "', ".py", "msgspec", "apsw", "sqlite", "asyncpg")


def _is_int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


_formats = FormatChecker(formats=("date",))
_formats.checks("int64")(_is_int64)
_formats.checks("int32")(_is_int32)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one version."""

    operation_id: str
    method: str
    path: str
    query_names: frozenset[str]
    request: str | None
    """The name of the schema of its body."""
    answers: dict[int, str | None]
    """Each declared status with the name of its schema; None: the vendor declares no content."""

    @property
    def success(self) -> int:
        """The status of its success: where two are declared, the one that has a schema."""
        declared = [status for status in self.answers if status < 300]
        return max(declared, key=lambda status: (self.answers[status] is not None, status))

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the paths of its requests look like."""
        return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", self.path))


class Contract:
    """One version of the contract."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.document: Json = json.loads((DIRECTORY / f"{version}.json").read_text(encoding="utf-8"))
        self.operations = [
            _operation(method.upper(), path, facts)
            for path, item in self.document["paths"].items()
            for method, facts in item.items()
        ]
        self.schemas: Json = {name: _strict(found) for name, found in self.document["components"]["schemas"].items()}
        self._validators: dict[str, Draft202012Validator] = {}
        # What has fewer parameters comes first: /customers/by-alias/{alias} is no /customers/{id}/aliases.
        self._ordered = sorted(self.operations, key=lambda each: each.path.count("{"))

    def find(self, method: str, path: str) -> Operation:
        """The operation that a request means."""
        for operation in self._ordered:
            if operation.method == method and operation.pattern.fullmatch(path):
                return operation
        raise AssertionError(f"{method} {path} is no operation of {self.version}")

    def names(self, schema: str) -> set[str]:
        """The fields that a schema knows."""
        return set(self.schemas[schema]["properties"])

    def faults(self, schema: str, body: object) -> list[str]:
        """What is wrong with a body."""
        if schema not in self._validators:
            whole = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": self.schemas}}
            self._validators[schema] = Draft202012Validator(whole, format_checker=_formats)
        found = self._validators[schema].iter_errors(body)
        return [f"{each.json_path}: {each.message[:300]}" for each in found] + _odd_values(body)

    def check(self, operation: Operation, answer: httpx2.Response) -> None:
        """Check an answer: its version, its status, and every field of its body."""
        said = f"{self.version} {operation.operation_id}: {answer.status_code} {answer.text[:2000]!r}"
        assert answer.headers.get("sequence-version") == self.version, said
        if answer.status_code >= 400:
            self._check_failure(operation, answer, said)
            return
        assert answer.status_code == operation.success, said
        schema = operation.answers[answer.status_code]
        if schema is None:
            assert answer.headers["content-type"] == PDF, said
            assert answer.content.startswith(b"%PDF-"), said
            return
        assert answer.headers["content-type"].startswith("application/json"), said
        found = self.faults(schema, decode(answer))
        assert not found, "\n".join([f"{self.version} {operation.operation_id} is no {schema}:", *found])

    def _check_failure(self, operation: Operation, answer: httpx2.Response, said: str) -> None:
        assert answer.status_code in FAILURE_STATUSES, said
        body = decode(answer)
        own = operation.answers.get(answer.status_code)
        if own is None or "error" in body:
            found = [each.message for each in Draft202012Validator(_FAILURE).iter_errors(body)]
        else:
            found = self.faults(own, body)
        assert not found, f"{said}\n{found}"
        assert not [trace for trace in _TRACES if trace in answer.text], said


@cache
def contract_of(version: str) -> Contract:
    """The contract of a version, read once."""
    return Contract(version)


def _operation(method: str, path: str, facts: Json) -> Operation:
    def schema_of(holder: Json) -> str | None:
        for media in holder.get("content", {}).values():
            return str(media["schema"]["$ref"]).rsplit("/", 1)[-1]
        return None

    return Operation(
        operation_id=facts["operationId"],
        method=method,
        path=path,
        query_names=frozenset(each["name"] for each in facts.get("parameters", ()) if each["in"] == "query"),
        request=schema_of(facts.get("requestBody", {})),
        answers={int(status): schema_of(answer) for status, answer in facts["responses"].items()},
    )


def _strict(schema: Any) -> Any:
    """A schema in which every object has the fields that are named, and no other.

    The vendor's schemas are OpenAPI 3.0, but use nothing that JSON Schema reads otherwise: a test sees to that.
    """
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {word: part if word == "properties" else _strict(part) for word, part in schema.items()}
    if "properties" in schema:
        strict["properties"] = {name: _strict(part) for name, part in schema["properties"].items()}
        strict.setdefault("additionalProperties", False)
    return strict


def _odd_values(body: object, where: str = "$") -> list[str]:
    """What a schema of mere strings lets pass: decimals, dates and instants that are none."""
    if isinstance(body, list):
        return [odd for index, part in enumerate(body) for odd in _odd_values(part, f"{where}[{index}]")]
    if not isinstance(body, dict):
        return []
    found = []
    for name, value in body.items():
        if isinstance(value, str) and not _reads_as_it_should(name, value):
            found.append(f"{where}.{name}: {value!r} is not what its name says")
        found += _odd_values(value, f"{where}.{name}")
    return found


def _reads_as_it_should(name: str, value: str) -> bool:
    try:
        if name in _DECIMALS:
            return _DECIMAL.fullmatch(value) is not None
        if name in _INSTANTS:
            return value.endswith("Z") and datetime.fromisoformat(value) is not None
        if name in _DATES:
            return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
    return True
