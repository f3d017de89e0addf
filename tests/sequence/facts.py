"""The facts that the server cuts its answers down by, computed anew from the vendor's contract."""

import json
from collections import defaultdict
from typing import Any

from tests.sequence.vendor import NEWEST, VERSIONS, contract_of
from tests.servers import Json

METHODS = ("get", "put", "post", "delete", "patch")


class Facts:
    """What `contract.json` of the server must hold."""

    def __init__(self) -> None:
        self.documents = {version: contract_of(version).document for version in VERSIONS}
        self.newest: dict[str, set[str]] = defaultdict(set)
        for name, schema in self._schemas(NEWEST).items():
            self.newest[_plain(name)] |= set(schema.get("enum", ()))
        self.shapes: list[dict[str, str]] = []
        self._shape_ids: dict[str, int] = {}

    def all(self) -> Json:
        """The whole file."""
        operations = {version: dict(self._operations(version)) for version in VERSIONS}
        return {
            "unknown": {version: self._unknown(version) for version in VERSIONS},
            "operations": operations,
            "shapes": self.shapes,
        }

    def _schemas(self, version: str) -> Json:
        found: Json = self.documents[version]["components"]["schemas"]
        return found

    def _unknown(self, version: str) -> dict[str, list[str]]:
        missing = {
            _plain(name): sorted(self.newest[_plain(name)] - set(schema["enum"]))
            for name, schema in self._schemas(version).items()
            if "enum" in schema
        }
        return {name: values for name, values in missing.items() if values}

    def _operations(self, version: str) -> list[tuple[str, str]]:
        found = []
        for path, methods in sorted(self.documents[version]["paths"].items()):
            for method, operation in methods.items():
                if method in METHODS:
                    responses = operation["responses"]
                    content = responses.get("201", {}).get("content") or responses["200"].get("content")
                    kind = self._kind(version, content["application/json"]["schema"]) if content else ""
                    found.append((f"{method.upper()} {path}", kind))
        return found

    def _kind(self, version: str, schema: Json) -> str:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            named = self._schemas(version)[name]
            if "enum" in named:
                return f"={_plain(name)}" if self.newest[_plain(name)] - set(named["enum"]) else ""
            return self._kind(version, named)
        if schema.get("type") == "array":
            kind = self._kind(version, schema["items"])
            return f"*{kind}" if kind else ""
        if "properties" not in schema:
            return ""
        return self._shape(version, schema["properties"], schema.get("required", ()))

    def _shape(self, version: str, properties: Json, required: Any) -> str:
        fields = {}
        for name, schema in sorted(properties.items()):
            kind = self._kind(version, schema)
            may_go = name not in required and kind.lstrip("*").startswith("=")
            fields[name] = f"{kind}?" if may_go else kind
        key = json.dumps(fields, sort_keys=True)
        if key not in self._shape_ids:
            self._shape_ids[key] = len(self.shapes)
            self.shapes.append(fields)
        return f"#{self._shape_ids[key]}"


def _plain(name: str) -> str:
    """The name of a schema without the digits by which the vendor tells copies apart."""
    return name.rstrip("0123456789")
