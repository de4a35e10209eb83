"""The JSON Schema of evidence, made from the fields that the reader uses."""

from __future__ import annotations

from readingroom.core.disclosure.evidence.fields import CELL, TABLE, Field
from readingroom.core.disclosure.evidence.reading import MAX_CELLS, MAX_TABLES, VERSION
from readingroom.core.disclosure.tabulation import recipe


def evidence_schema() -> dict[str, object]:
    """JSON Schema (2020-12) of what `parse_evidence` accepts, apart from what relates fields to each other."""
    shown = {"oneOf": [{"$ref": "#/$defs/table"}, {"$ref": "#/$defs/tables"}]}
    recipes = recipe.schema()
    inner = recipes.pop("$defs")
    return {
        "$schema": recipes.pop("$schema"),
        "title": "Evidence of an output",
        "type": "object",
        "properties": {"version": {"const": VERSION}},
        "oneOf": [{"$ref": "#/$defs/table"}, {"$ref": "#/$defs/tables"}, {"$ref": "#/$defs/figure"}],
        "$defs": {
            "cell": _object(CELL, {}),
            "table": _object(TABLE, {"kind": {"const": "table"}, "cells": _list_of("cell", MAX_CELLS)}),
            "tables": _object((), {"kind": {"const": "tables"}, "tables": _list_of("table", MAX_TABLES)}),
            "figure": _object((), {"kind": {"const": "figure"}, "underlying": shown}),
            "recipe": recipes,
            **inner,  # type: ignore[dict-item]
        },
    }


def _list_of(part: str, most: int) -> dict[str, object]:
    return {"type": "array", "minItems": 1, "maxItems": most, "items": {"$ref": f"#/$defs/{part}"}}


def _object(fields: tuple[Field, ...], more: dict[str, object]) -> dict[str, object]:
    properties: dict[str, object] = {"version": {"const": VERSION}, **more} if more else {}
    for field in fields:
        schema = field.kind.schema if field.required else {"anyOf": [field.kind.schema, {"type": "null"}]}
        properties[field.name] = {**schema, "description": field.meaning}
    return {
        "type": "object",
        "properties": properties,
        "required": [*more, *(field.name for field in fields if field.required)],
        "additionalProperties": False,
    }
