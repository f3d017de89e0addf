"""The operations of both APIs, as their OpenAPI documents tell them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Schema = Mapping[str, Any]

PATH, QUERY, HEADER = "path", "query", "header"
FORM_TYPE = "application/x-www-form-urlencoded"
OLDER_PATH = "_OlderPath"
"""How the ids end of operations that are there under an older path as well."""
METHODS = ("get", "post", "put", "patch", "delete")
API_NAMES = {"zuora": "Zuora", "sequence": "Sequence"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an operation takes beside its body."""

    name: str
    place: str
    """PATH, QUERY or HEADER."""
    schema: Schema
    is_required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """What an operation answers."""

    status: str
    """A status, or `default` for every other one."""
    meaning: str
    media_type: str
    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of an API."""

    api: "ApiDocument"
    id: str
    method: str
    path: str
    tag: str
    summary: str
    meaning: str
    parameters: tuple[Parameter, ...]
    body: Schema | None
    is_body_required: bool
    is_form: bool
    """Whether the body is a form and not JSON."""
    answers: tuple[AnswerShape, ...]
    needs_credentials: bool

    @property
    def is_older_path(self) -> bool:
        """Whether this is the older of two paths."""
        return self.id.endswith(OLDER_PATH)

    @property
    def gives_file(self) -> bool:
        """Whether its answer is a file and not JSON."""
        return any(answer.media_type == "application/pdf" for answer in self.answers)

    @property
    def words(self) -> str:
        """What it is found by, in lower case."""
        return f"{self.method} {self.path} {self.id} {self.tag} {self.summary}".lower()

    def at(self, place: str) -> list[Parameter]:
        """The parameters of one place."""
        return [parameter for parameter in self.parameters if parameter.place == place]


@dataclass(frozen=True, slots=True, eq=False)
class ApiDocument:
    """One API: its operations by their ids, in the document's order, and the schemas that they speak of."""

    key: str
    name: str
    meaning: str
    schemas: Mapping[str, Schema]
    operations: dict[str, Operation]

    def by_tag(self, query: str = "") -> list[tuple[str, list[Operation]]]:
        """The operations under their tags; those that have every word of a query."""
        wanted = query.lower().split()
        found: dict[str, list[Operation]] = {}
        for operation in self.operations.values():
            if all(word in operation.words for word in wanted):
                found.setdefault(operation.tag or "Other", []).append(operation)
        return [(tag, sorted(operations, key=_older_last)) for tag, operations in found.items()]


def read_apis(documents: Mapping[str, Callable[[], str]]) -> dict[str, ApiDocument]:
    """Both APIs. The first reading takes half a second: do it in a thread."""
    return {key: _parse(key, documents[key]()) for key in API_NAMES}


def name_of(reference: str) -> str:
    """The name at the end of a reference within a document."""
    return reference.rpartition("/")[2]


@lru_cache(maxsize=len(API_NAMES))
def _parse(key: str, text: str) -> ApiDocument:
    document = json.loads(text)
    components = document["components"]
    api = ApiDocument(key, API_NAMES[key], document["info"]["description"], components["schemas"], {})
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = _operation(api, path, method, methods[method], components["parameters"])
                api.operations[operation.id] = operation
    return api


def _operation(
    api: ApiDocument, path: str, method: str, told: Mapping[str, Any], headers: Mapping[str, Any]
) -> Operation:
    body: Mapping[str, Any] = told.get("requestBody", {"content": {}})
    nothing: tuple[str, Schema] = ("", {})
    media_type, content = next(iter(body["content"].items()), nothing)
    return Operation(
        api=api,
        id=told["operationId"],
        method=method.upper(),
        path=path,
        tag=(told["tags"] or [""])[0],
        summary=told["summary"],
        meaning=told["description"],
        parameters=tuple(_parameters(told["parameters"], headers)),
        body=content.get("schema"),
        is_body_required=bool(body.get("required")),
        is_form=media_type == FORM_TYPE,
        answers=tuple(_answers(told["responses"])),
        needs_credentials=told.get("security") != [],
    )


def _parameters(told: Sequence[Mapping[str, Any]], headers: Mapping[str, Any]) -> list[Parameter]:
    found = [headers[name_of(each["$ref"])] if "$ref" in each else each for each in told]
    return [
        Parameter(each["name"], each["in"], each["schema"], bool(each.get("required")), each.get("description", ""))
        for each in found
    ]


def _answers(told: Mapping[str, Any]) -> list[AnswerShape]:
    shapes = []
    for status, answer in told.items():
        media_type, content = next(iter(answer["content"].items()))
        shapes.append(AnswerShape(status, answer["description"], media_type, content.get("schema", {})))
    return shapes


def _older_last(operation: Operation) -> bool:
    return operation.is_older_path
