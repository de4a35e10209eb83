"""The JSON forms of `readingroom dp`, as JSON Schema (2020-12): written into docs/reference/schemas by the docs."""

from __future__ import annotations

from typing import Any

from readingroom.core.privacy import budgets, facts, keys, queries

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_NUMBER: Schema = {"type": "number"}
_WHOLE: Schema = {"type": "integer"}
_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["number", "null"]}
_CONDITIONS: Schema = {"oneOf": [_TEXT, {"type": "array", "items": {"$ref": "#/$defs/condition"}}]}
_KEY: Schema = {"oneOf": [_TEXT, {"$ref": "#/$defs/key"}]}
_COLUMNS: Schema = {"type": "array", "items": _KEY}

FIELDS: dict[str, tuple[Schema, str]] = {
    "dataset": (_TEXT, "A label; `local` if left out. In the platform: the dataset's slug."),
    "table": (_TEXT, "A label; `local` if left out. In the platform: the table's name."),
    "statistic": ({"enum": list(queries.STATISTICS)}, "What is asked."),
    "where": (_CONDITIONS, "Which rows: SQL over columns and constants, or conditions that must all hold."),
    "of": (_CONDITIONS, "The condition whose share is asked for, written like `where`."),
    "by": ({"oneOf": [_TEXT, {"$ref": "#/$defs/key"}, _COLUMNS]}, "Groups: columns with declared categories or edges."),
    "rows_per_person": (_WHOLE, "Narrows K: at most this many rows of each person are used."),
    "rho_micro": (_WHOLE, "Spend in millionths of rho (Gaussian noise)."),
    "rho": (_NUMBER, "The same in rho."),
    "epsilon": (_NUMBER, "Spend in pure epsilon (Laplace noise); with `delta`, in rho that is epsilon at delta."),
    "delta": (_NUMBER, "Only with epsilon."),
    "threshold_delta": (_NUMBER, "What finding undeclared categories may cost in delta."),
    "column": (_TEXT, "The column that is summed, averaged, ranked or counted by."),
    "lower": (_NUMBER, "Smaller values count as this."),
    "upper": (_NUMBER, "Larger values count as this."),
    "categories": ({"type": "array"}, "Declared categories."),
    "edges": ({"type": "array"}, "Rising edges; an interval holds its lower edge."),
    "undeclared": ({"type": "boolean"}, "Have the categories found privately."),
    "missing": ({"type": "boolean"}, "A group for missing values; true if left out."),
    "quantiles": ({"oneOf": [_NUMBER, {"type": "array", "items": _NUMBER}]}, "Strictly between 0 and 1."),
    "candidates": ({"oneOf": [{"type": "array", "items": _NUMBER}, {"$ref": "#/$defs/grid"}]},
                   "The values a quantile is chosen among."),
    "k": (_WHOLE, "How many of the largest categories."),
    "columns": ({"oneOf": [_COLUMNS, {"$ref": "#/$defs/columns"}]},
                "A list: the columns of a correlation or synthetic table. An object: facts of the table's columns."),
    "bounds": ({"type": "object", "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2}},
               "[lower, upper] by column."),
    "outcome": (_TEXT, "The column that a regression explains."),
    "predictors": ({"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}, "The columns that explain it."),
    "marginals": ({"type": "array", "items": {"type": "array", "items": _TEXT}},
                  "The tables that a synthetic table is made from; every pair if left out."),
    "rows": (_WHOLE, "How many synthetic rows."),
}
FACTS: dict[str, tuple[Schema, str]] = {
    "privacy_unit": (_TEXT, "The column that says whose row it is. Required, here or in `facts`."),
    "max_rows_per_person": (_WHOLE, "K: rows of one person beyond it are left out. 1 if nothing is said."),
    "row_ceiling": (_WHOLE, "A public upper bound on the rows; delta is at most 1 / (10 row_ceiling)."),
}


def query_schema() -> Schema:
    fields = {name: schema | {"description": words} for name, (schema, words) in (FIELDS | FACTS).items()}
    own = fields | {"facts": {"type": "object", "description": "The facts, apart from the question's own `columns`.",
                              "properties": dict.fromkeys(facts.TABLE_FIELDS, True),
                              "additionalProperties": False}}
    several = own | {"queries": {"type": "array", "items": {"type": "object", "properties": fields}, "minItems": 1}}
    return {"$schema": DIALECT, "title": "A private question, or several, with the facts of their table",
            "type": "object", "properties": several, "additionalProperties": False, "$defs": {
                "condition": {"oneOf": [
                    _object({"column": _TEXT, "op": {"enum": ["==", "!=", "<", "<=", ">", ">="]}, "value": True}),
                    _object({"column": _TEXT, "in": {"type": "array"}}),
                    _object({"column": _TEXT, "not_in": {"type": "array"}}),
                    _object({"column": _TEXT, "is": {"enum": ["missing", "present"]}}),
                    _object({"all": {"type": "array", "items": {"$ref": "#/$defs/condition"}}}),
                    _object({"any": {"type": "array", "items": {"$ref": "#/$defs/condition"}}})]},
                "key": {"type": "object", "properties": dict.fromkeys(sorted(keys.FIELDS), True),
                        "required": ["column"], "additionalProperties": False},
                "grid": _object({"lower": _NUMBER, "upper": _NUMBER, "step": _NUMBER}),
                "columns": {"type": "object", "additionalProperties": {
                    "type": "object", "additionalProperties": False,
                    "properties": dict.fromkeys(sorted(facts.COLUMN_FIELDS), True)
                    | {"type": {"enum": list(facts.TYPES)}}}}}}


def budget_schema() -> Schema:
    return {"$schema": DIALECT, "title": "A budget", "type": "object", "additionalProperties": False, "properties": {
        "epsilon": {"type": "number", "exclusiveMinimum": 0, "maximum": budgets.MAX_EPSILON,
                    "description": "Alone: pure. With delta: whichever noise is more exact."},
        "delta": {"type": "number", "minimum": 0, "maximum": 0.01},
        "rho": {"type": "number", "exclusiveMinimum": 0}, "rho_micro": {"type": "integer", "minimum": 1},
        "noise": {"enum": [budgets.GAUSSIAN, budgets.LAPLACE]},
        "caps": {"type": "object", "properties": {name: {"type": "integer", "minimum": 0} for name in budgets.CAPS},
                 "additionalProperties": False}},
        "oneOf": [{"required": [name]} for name in ("epsilon", "rho", "rho_micro")]}


def answer_schema() -> Schema:
    row = _object({"key": True, "label": _TEXT, "by": {"type": "object"}, "value": _NUMBER, "half_width_95": _MAYBE,
                   "low": _MAYBE, "high": _MAYBE}, more=True)
    figures = _object({"value": _MAYBE, "half_width_95": _MAYBE, "rows": {"type": "array", "items": row},
                       "interval_95": {"type": ["array", "null"], "items": _MAYBE}}, more=True)
    described = _object({
        "statistic": _TEXT, "mechanism": _TEXT, "scale": _NUMBER, "unit": _TEXT, "K": {"type": ["integer", "string"]},
        "lower": _MAYBE, "upper": _MAYBE, "set_by": {"type": "object", "additionalProperties": _TEXT},
        "rho_micro": _WHOLE, "femto_delta": _WHOLE, "epsilon": _NUMBER, "delta": _NUMBER,
        "measurements": {"type": "array"}, "leaves_out": _TEXT, "needs_human": {"type": "boolean"},
        "query": {"type": "object"}, "canonical": _TEXT, "versions": {"type": "object"}, "guarantee": _TEXT,
        "statement": _TEXT, "citation": _TEXT, "answers": {"type": "array", "items": figures, "minItems": 1},
    }, more=True)
    return _reply("readingroom-dp-answer-1", {"repeat": {"type": "integer", "minimum": 1},
                                              "results": {"type": "array", "items": described, "minItems": 1}})


def price_schema() -> Schema:
    return _reply("readingroom-dp-price-1", {"prices": {"type": "array", "items": _price(curve=True), "minItems": 1}})


def plan_schema() -> Schema:
    return _reply("readingroom-dp-plan-1", {"shared_by": {"enum": ["weights", "equal accuracy", "equal shares"]},
                                            "plan": {"type": "array", "items": _price(), "minItems": 1}})


def _price(*, curve: bool = False) -> Schema:
    fields: dict[str, Any] = {
        "query": {"type": "object"}, "rho_micro": _WHOLE, "rho": _NUMBER, "femto_delta": _WHOLE, "epsilon": _NUMBER,
        "delta": _NUMBER, "pure": {"type": "boolean"}, "loss": _NUMBER, "K": _WHOLE,
        "needs_human": {"type": "boolean"},
        "accuracy": _object({"mechanism": _TEXT, "scale": _NUMBER, "half_width_95": _NUMBER,
                             "smallest_usable_group": _WHOLE, "interval": _TEXT, "sizes": {"type": "array"}},
                            more=True)}
    return _object(fields | ({"curve": {"type": "array"}} if curve else {}))


def _reply(form: str, more: dict[str, Any]) -> Schema:
    ledger = _object({"rho_micro": _WHOLE, "femto_delta": _WHOLE, "epsilon": _NUMBER, "delta": _NUMBER})
    return {"$schema": DIALECT, "title": form} | _object({"form": {"const": form}, "budget": {"type": "object"},
                                                          "ledger": ledger} | more)


def _object(fields: dict[str, Any], *, more: bool = False) -> Schema:
    """An object with all of these fields, and no others unless `more`."""
    return {"type": "object", "properties": fields, "required": list(fields)} | (
        {} if more else {"additionalProperties": False})
