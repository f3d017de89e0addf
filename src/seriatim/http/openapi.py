"""The OpenAPI document, made from the table of endpoints and the types of their bodies."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from seriatim.http.endpoint import Endpoint

OPENAPI_VERSION = "3.1.0"
_PATH_PARAMETER = re.compile(r"\{(?P<name>[a-z]+)\}")
_REFERENCE = "#/components/schemas/{name}"

Json = dict[str, Any]


def describe(
    title: str,
    version: str,
    description: str,
    endpoints: Sequence[Endpoint],
    failure: Any,
    headers: Mapping[str, str],
    *,
    success: str,
    scheme: str = "bearer",
    methods_with_keys: Collection[str] = ("POST",),
) -> Json:
    """The document of some endpoints. `headers` are those that every operation takes, with what they mean.

    `success` tells what the answer of an operation is; `scheme` is how callers say who they are; `methods_with_keys`
    are those that take an idempotency key.
    """
    parts = (part for endpoint in endpoints for part in (endpoint.body, endpoint.form, endpoint.answer))
    types = [wanted for wanted in parts if wanted is not None]
    _, schemas = msgspec.json.schema_components([*types, failure], ref_template=_REFERENCE)
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        taken = {
            name: meaning
            for name, meaning in headers.items()
            if name != "Idempotency-Key" or endpoint.method in methods_with_keys
        }
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, failure, taken, success)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version, "description": description},
        "security": [{scheme: []}],
        "paths": paths,
        "components": {
            "parameters": {
                name: {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
                for name, description in headers.items()
            },
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {scheme: {"type": "http", "scheme": scheme}},
        },
    }


def _operation(endpoint: Endpoint, failure: Any, headers: Mapping[str, str], success: str) -> Json:
    operation: Json = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "description": (endpoint.handler.__doc__ or "").split("\n")[0],
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint, headers),
        "responses": {
            str(endpoint.success_status): _answer(endpoint, success),
            "default": _content("A failure.", failure),
        },
    }
    if endpoint.permission is None:
        operation["security"] = []
    if endpoint.form is not None:
        schema = _schema_of(endpoint.form)
        operation["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": schema}}
    if endpoint.body is not None:
        content = _content("", endpoint.body)["content"]
        operation["requestBody"] = {"required": endpoint.body_required, "content": content}
    return operation


def _parameters(endpoint: Endpoint, headers: Mapping[str, str]) -> list[Json]:
    parameters: list[Json] = [
        {"name": found["name"], "in": "path", "required": True, "schema": {"type": "string"}}
        for found in _PATH_PARAMETER.finditer(endpoint.path)
    ]
    if endpoint.query is not None:
        (reference,), schemas = msgspec.json.schema_components([endpoint.query], ref_template=_REFERENCE)
        properties = schemas[reference["$ref"].rsplit("/", 1)[1]]["properties"]
        parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]
    return [*parameters, *({"$ref": f"#/components/parameters/{name}"} for name in headers)]


def _answer(endpoint: Endpoint, success: str) -> Json:
    if endpoint.answer is None:
        return {"description": "A document as PDF.", "content": {"application/pdf": {}}}
    return _content(success, endpoint.answer)


def _content(description: str, wanted: Any) -> Json:
    return {"description": description, "content": {"application/json": _schema_of(wanted)}}


def _schema_of(wanted: Any) -> Json:
    (schema,), _ = msgspec.json.schema_components([wanted], ref_template=_REFERENCE)
    return {"schema": schema}
