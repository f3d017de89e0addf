"""Take the facts of the vendor's OpenAPI document, without its prose and examples: `extract.py their.json > ours.json`.

What is kept is an OpenAPI document still: paths, methods, parameters, statuses, schemas. One line is one path or one
schema, so that a later version can be compared with `diff`.
"""

import json
import sys
from pathlib import Path
from typing import Any

PROSE = frozenset(("description", "summary", "title", "example", "examples", "externalDocs", "tags", "servers"))
METHODS = ("get", "put", "post", "delete", "patch")


def facts(found: Any, *, are_names: bool = False) -> Any:
    """A part of the document without prose. Under `properties` a word of prose is the name of a field."""
    if isinstance(found, dict):
        kept = found if are_names else {word: part for word, part in found.items() if word not in PROSE}
        return {word: facts(part, are_names=word == "properties" and not are_names) for word, part in kept.items()}
    if isinstance(found, list):
        return [facts(part) for part in found]
    return found


def body_facts(found: Any) -> Any:
    """A body with its schema; what was there besides are examples."""
    return {kind: {"schema": facts(media["schema"])} for kind, media in found.get("content", {}).items()}


def operation_facts(found: Any) -> Any:
    """One operation."""
    operation: dict[str, Any] = {"operationId": found["operationId"]}
    if found.get("parameters"):
        operation["parameters"] = facts(found["parameters"])
    if "requestBody" in found:
        required = found["requestBody"].get("required", False)
        operation["requestBody"] = {"required": required, "content": body_facts(found["requestBody"])}
    operation["responses"] = {
        status: {"content": body_facts(response)} if response.get("content") else {}
        for status, response in found["responses"].items()
    }
    return operation


def lines(of: dict[str, Any]) -> str:
    """An object with one member a line."""
    members = (f"{json.dumps(name)}:{json.dumps(part, separators=(',', ':'))}" for name, part in of.items())
    return "{\n" + ",\n".join(members) + "\n}"


def main() -> None:
    """Print the facts of the document that is named."""
    theirs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    paths = {
        path: {method: operation_facts(item[method]) for method in METHODS if method in item}
        for path, item in sorted(theirs["paths"].items())
    }
    schemas = {name: facts(schema) for name, schema in sorted(theirs["components"]["schemas"].items())}
    head = json.dumps({"openapi": theirs["openapi"], "info": {"title": "Sequence", "version": "1"}})
    print(f'{head[:-1]},\n"paths":{lines(paths)},\n"components":{{"schemas":{lines(schemas)}}}}}')  # noqa: T201


if __name__ == "__main__":
    main()
