"""Schemas in words: which fields there are, of what type, required or not, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seriatim.console.reference.operations import Schema, name_of

_NULL: Schema = {"type": "null"}
_PLAIN = {"boolean": "true or false", "string": "text", "null": "null", "object": "object", "array": "list"}
_FORMATS = {"date": "date (YYYY-MM-DD)", "decimal": "decimal number", "date-time": "time (ISO 8601)"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a shape."""

    name: str
    type: str
    is_required: bool
    default: str
    """What it is where it is left out; empty where nothing in particular."""
    shapes: tuple["Shape", ...]
    """The shapes that its type speaks of, where they were not shown before."""
    shown_before: tuple[str, ...]
    """The names of those that were."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object looks like. Its name is unique on its page."""

    name: str
    meaning: str
    fields: tuple[Field, ...]


class Outliner:
    """Puts schemas into words for one page, each shape once."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._shown: set[str] = set()

    def outline(self, schema: Schema) -> Field:
        """A body as a field without a name."""
        return self._field("", schema, is_required=True)

    def type_words(self, schema: Schema) -> str:
        """The type of a value: `text, up to 255 characters`."""
        variants = variants_of(schema)
        if len(variants) > 1:
            return " or ".join(self.type_words(variant) for variant in variants)
        schema = plain(variants[0], self._schemas)
        if "$ref" in schema:
            return name_of(schema["$ref"])
        if "enum" in schema:
            return f"one of {', '.join(map(str, schema['enum']))}"
        return self._plain_words(schema)

    def _plain_words(self, schema: Schema) -> str:
        kind, values = schema.get("type"), schema.get("additionalProperties")
        if kind == "array":
            text = _bounded(f"list of {self.type_words(schema.get('items', {}))}", schema, "Items", "entries")
        elif kind == "string":
            text = _bounded(_FORMATS.get(schema.get("format", ""), "text"), schema, "Length", "characters")
        elif kind == "integer":
            text = _ranged("whole number", schema)
        elif kind == "object" and isinstance(values, dict):
            text = f"object of {self.type_words(values)}"
        else:
            text = _PLAIN.get(str(kind), "any value")
        return text

    def _field(self, name: str, schema: Schema, *, is_required: bool) -> Field:
        type_words = self.type_words(schema)
        if is_required and _NULL in schema.get("anyOf", ()):
            type_words += " or null"
        shapes, before = [], []
        for reference in self._references(schema):
            if reference in self._shown:
                before.append(reference)
            else:
                shapes.append(self._shape(reference))
        default = schema.get("default")
        shown_default = "" if is_required or default in (None, {}, [], "") else _json_word(default)
        return Field(name, type_words, is_required, shown_default, tuple(shapes), tuple(before))

    def _references(self, schema: Schema) -> list[str]:
        """The names of the shapes that a type speaks of."""
        names: dict[str, None] = {}
        for variant in variants_of(schema):
            if "$ref" in plain(variant, self._schemas):
                names[name_of(variant["$ref"])] = None
            for inner in (variant.get("items"), variant.get("additionalProperties")):
                if isinstance(inner, dict):
                    names |= dict.fromkeys(self._references(inner))
        return list(names)

    def _shape(self, name: str) -> Shape:
        self._shown.add(name)
        schema = self._schemas[name]
        required = schema.get("required", ())
        fields = [
            self._field(field, schema["properties"][field], is_required=field in required)
            for field in sorted(schema.get("properties", {}), key=lambda field: field not in required)
        ]
        return Shape(name, schema.get("description", ""), tuple(fields))


def variants_of(schema: Schema) -> list[Schema]:
    """What a schema may be, without null."""
    variants: list[Schema] = [each for each in schema.get("anyOf") or schema.get("oneOf", ()) if each != _NULL]
    return variants or [schema]


def plain(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """A schema, or what it refers to where that is no object: words to choose from need no shape of their own."""
    if "$ref" in schema:
        found = schemas[name_of(schema["$ref"])]
        return schema if "properties" in found else found
    return schema


def _bounded(text: str, schema: Schema, noun: str, unit: str) -> str:
    least, most = schema.get(f"min{noun}"), schema.get(f"max{noun}")
    if most is None:
        return f"{text}, at least {least:,} {unit}" if least else text
    if least == most:
        return f"{text}, {most:,} {unit}"
    return f"{text}, {least:,} to {most:,} {unit}" if least else f"{text}, up to {most:,} {unit}"


def _ranged(text: str, schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{text}, {least:,} to {most:,}"
    return text


def _json_word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def choices_of(schema: Schema) -> list[str]:
    """The values that a parameter may have, where they are few; none where it is free."""
    (schema,) = variants_of(schema)
    if schema.get("type") == "boolean":
        return ["true", "false"]
    return [str(value) for value in schema.get("enum", ())]
