"""The keys of what `readingroom check` reads: in `check.md`, which is written by hand, and as schemas."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, get_args, get_origin

from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.models.described import Described
from readingroom.core.disclosure.output_types import OUTPUT_TYPES, OutputType
from readingroom.core.disclosure.protect.forms.model import ProtectForm, PublishedForm
from readingroom.core.disclosure.tabulation.recipe import schema as recipe_schema
from readingroom.core.disclosure.verdict import combine
from readingroom.core.policy.model import Policy
from scripts.reference.page import REFERENCE, table

KEYS_START, KEYS_END = (f"<!-- {word} of the keys of descriptions: written by scripts/generate_docs.py -->"
                        for word in ("start", "end"))
RECIPE_START, RECIPE_END = (f"<!-- {word} of the keys of recipes: written by scripts/generate_docs.py -->"
                            for word in ("start", "end"))


def model_schema_page() -> str:
    types = [one for one in OUTPUT_TYPES if one.description is not None]
    return json.dumps({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A description for readingroom check model",
        "oneOf": [_type_schema(one) for one in types],
    }, indent=2) + "\n"


def _type_schema(one: OutputType) -> dict[str, Any]:
    assert one.description is not None
    schema = one.description.model_json_schema()
    schema["title"] = one.title
    schema["properties"]["type"] = {"enum": list(one.types), "description": "Which output it is."}
    schema["properties"]["policy"] = {"type": "object", "description": "Rule parameters, as in policy.md."}
    return schema


def form_schema(form: type[PublishedForm] | type[ProtectForm]) -> str:
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **form.model_json_schema()},
                      indent=2) + "\n"


def check_page() -> str:
    """docs/reference/check.md, which is written by hand, with the keys of descriptions and recipes put into it."""
    text = (REFERENCE / "check.md").read_text(encoding="utf-8")
    text = _put(text, KEYS_START, "\n".join(_keys(one) for one in OUTPUT_TYPES if one.description), KEYS_END)
    return _put(text, RECIPE_START, _recipe_keys(), RECIPE_END)


def _put(text: str, start: str, made: str, end: str) -> str:
    """The text with what was `made` between two marks."""
    before, mark, rest = text.partition(start)
    _, other, after = rest.partition(end)
    if not mark or not other:
        raise SystemExit(f"docs/reference/check.md has lost one of the marks {start} and {end}.")
    return f"{before}{start}\n{made}{end}{after}"


def _recipe_keys() -> str:
    schema = recipe_schema()
    properties: dict[str, Any] = schema["properties"]  # type: ignore[assignment]
    return table(("Key", "Value", "Meaning"), [
        (f"`{name}`", _json_shape(said), said.get("description", "")) for name, said in properties.items()])


def _json_shape(said: dict[str, Any]) -> str:
    if "anyOf" in said:
        return " or ".join(dict.fromkeys(_json_shape(one) for one in said["anyOf"]))
    if "enum" in said:
        return " or ".join(f"`{one}`" for one in said["enum"])
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
             "null": "null", "array": "list"}
    return words.get(said.get("type", ""), "object")


def _keys(one: OutputType) -> str:
    assert one.description is not None
    types = "; ".join(f"`{name}`" + (f" ({', '.join(others)})" if others else "") for name, others in one.types.items())
    tables = [_key_table(one.description)]
    seen = {one.description}
    waiting = _parts(one.description)
    while waiting:
        part = waiting.pop(0)
        if part not in seen:
            seen.add(part)
            tables.append(f"`{part.__name__}`: {(part.__doc__ or '').strip()}\n\n{_key_table(part)}")
            waiting += _parts(part)
    example = json.dumps(dict(one.example), indent=2)
    return (f"#### {one.title}\n\nTypes: {types}.\n\n" + "\n".join(tables)
            + f"\nFor example, which {_verdict_of(one)}:\n\n```json\n{example}\n```\n")


def _verdict_of(one: OutputType) -> str:
    policy = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, residual_degrees_of_freedom=10,
                    dominance=frozenset({(2, 90.0)}), p_percent=10)
    word = combine(check_description(dict(one.example), policy), checked=True).word
    return {"pass": "passes", "review": "is *review*", "fail": "fails"}[word]


def _key_table(part: type[Described]) -> str:
    rows = []
    for name, field in part.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        others = ", ".join(f"`{other}`" for other in extra.get("synonyms", ()))  # type: ignore[union-attr]
        rows.append((f"`{name}`", _shape(field.annotation) + (", required" if field.is_required() else ""), others,
                     field.description or ""))
    return table(("Key", "Value", "Other names", "Meaning"), rows)


def _shape(annotation: Any) -> str:
    """The value of a key in words: number, text, list of Level, ..."""
    if isinstance(annotation, type) and issubclass(annotation, Described):
        return f"`{annotation.__name__}`"
    origin, arguments = get_origin(annotation), [one for one in get_args(annotation) if one not in (type(None), ...)]
    if origin is Annotated:
        return _shape(arguments[0])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_shape(arguments[0])}"
    if arguments:
        return _shape(arguments[0])
    return {int: "whole number", float: "number", bool: "true or false", str: "text"}.get(annotation, "text")


def _parts(part: type[Described]) -> list[type[Described]]:
    def inside(annotation: Any) -> list[type[Described]]:
        if isinstance(annotation, type):
            return [annotation] if issubclass(annotation, Described) else []
        return [found for one in get_args(annotation) for found in inside(one)]

    return [found for field in part.model_fields.values() for found in inside(field.annotation)]
