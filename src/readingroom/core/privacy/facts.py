"""What a vault would know of a table, said in a query's file instead: for data that have no catalogue.

A local query is a question of the grammar together with the facts of its table: `privacy_unit`,
`max_rows_per_person` (K), `row_ceiling` and `columns`. Types that are not said come from the file's schema, or, where
there is no file, from the constants that the question itself holds. Values of the data decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy.queries import MAX_ROWS_PER_PERSON
from readingroom.core.privacy.values import given_number, is_object, items, listed, refuse, whole
from readingroom.core.sql_conditions import parse_condition
from readingroom.errors import InvalidInput

LOCAL = "local"
TABLE_FIELDS = ("privacy_unit", "max_rows_per_person", "row_ceiling", "columns")
COLUMN_FIELDS = frozenset({"type", "lower", "upper", "categories", "codes", "label"})
TYPES = ("integer", "number", "text", "date", "boolean")
MAX_QUESTIONS = 100
_NAMING = ("column", "columns", "outcome", "predictors", "by", "where", "of", "bounds")
_NUMERIC = ("lower", "upper", "candidates", "quantiles", "edges")


def parse_local(raw: object, schema: Mapping[str, str] | None = None) -> tuple[Dataset, tuple[dict[str, Any], ...]]:
    """The table, and its question or questions, of a query file. `schema` has the type of each column of the data.

    One question, or several under `queries` that share the facts. Raises InvalidInput.
    """
    if not is_object(raw):
        refuse("A query file holds a JSON object.", "query-object", type(raw).__name__,
               'Start with {"statistic": ...}.')
    shared = dict(raw)
    several = shared.pop("queries", None)
    if several is not None and "statistic" in shared:
        refuse("A query file has one question or `queries`, not both.", "query-object", "statistic", "Keep one.")
    facts = _facts(shared)
    given = [shared] if several is None else items(several, "queries", "query-object", MAX_QUESTIONS)
    questions = [dict(shared) | dict(one) if is_object(one) and several is not None else one for one in given]
    if not all(is_object(one) for one in questions):
        refuse("Each of `queries` is a JSON object.", "query-object", "queries", 'Write {"statistic": ...}.')
    plain: list[dict[str, Any]] = [{name: value for name, value in one.items() if value is not None}  # type: ignore[attr-defined]
                                   for one in questions]
    table = _table(facts, plain, schema)
    name = plain[0].get("dataset", LOCAL)
    dataset = Dataset(name if isinstance(name, str) else LOCAL, "", "", "", "", (table,))
    return dataset, tuple({"dataset": dataset.slug, "table": table.name} | one for one in plain)


def _facts(shared: dict[str, Any]) -> dict[str, Any]:
    """Take the facts out of a query file: from its top level, or from `facts`. A list of columns is the question's."""
    within = shared.pop("facts", None) or {}
    if not is_object(within) or not set(within) <= set(TABLE_FIELDS):
        refuse("`facts` describes the table.", "query-facts", listed(within) if is_object(within) else within,
               f"Fields: {listed(TABLE_FIELDS)}.")
    found = dict.fromkeys(TABLE_FIELDS) | dict(within)
    for name in TABLE_FIELDS:
        if name in shared and not (name == "columns" and isinstance(shared[name], list)):
            if name in within:
                refuse("A fact is said twice.", "query-facts", name, "Say it at the top or in `facts`, not both.")
            found[name] = shared.pop(name)
    return found


def _table(facts: Mapping[str, Any], questions: list[dict[str, Any]], schema: Mapping[str, str] | None) -> Table:
    unit = facts["privacy_unit"]
    if not isinstance(unit, str) or not unit or (schema is not None and unit not in schema):
        refuse("`privacy_unit` names the column that says whose row it is.", "query-privacy-unit", unit,
               f"Use one of {listed(schema)}." if schema else 'Write "privacy_unit": "person_id".')
    most = facts["max_rows_per_person"]
    if most is None:
        most = max((given for one in questions if isinstance(given := one.get("rows_per_person"), int)), default=1)
    rows = whole(most, "max_rows_per_person", "query-rows-per-person", 1, MAX_ROWS_PER_PERSON)
    ceiling = facts["row_ceiling"]
    if ceiling is not None:
        ceiling = whole(ceiling, "row_ceiling", "query-row-ceiling", 1, 2**31 - 1)
    declared = facts["columns"] or {}
    if not is_object(declared):
        refuse("`columns` describes columns by name.", "query-columns", declared,
               'Write {"age": {"type": "integer", "lower": 0, "upper": 100}}.')
    if schema is not None and (unknown := sorted(set(declared) - set(schema))):
        refuse("The file has no such column.", "query-columns", listed(unknown), f"Columns: {listed(schema)}.")
    stored = schema if schema is not None else {}
    guessed = {} if schema is not None else _inferred(questions)
    columns = [_column(name, declared.get(name, {}), stored.get(name), guessed.get(name))
               for name in {**stored, **guessed, **declared} if name != unit]
    unit_column = Column(unit, unit, "text", identifier=True)
    name = questions[0].get("table", LOCAL)
    return Table(name if isinstance(name, str) else LOCAL, "", (unit_column, *(one for one in columns if one)), unit,
                 rows, ceiling)


def _column(name: str, said: object, kind: str | None, guess: str | None) -> Column | None:
    """A column with what was declared of it; None if nothing is known that a question could use.

    `kind` is how the file stores it, which a declaration must fit; `guess` is only for want of one.
    """
    if not is_object(said) or not set(said) <= COLUMN_FIELDS:
        refuse(f"`columns.{name}` is an object.", "query-columns", listed(said) if is_object(said) else said,
               f"Fields: {listed(sorted(COLUMN_FIELDS))}.")
    chosen = said.get("type") or kind or guess or ("text" if said.get("categories") or said.get("codes") else None)
    if chosen is None or chosen == "":
        return None
    if chosen not in TYPES or (kind and not _stored_as(str(chosen), kind)):
        refuse(f"`columns.{name}.type` does not fit.", "query-columns", chosen,
               f"Use one of {listed(TYPES)}" + (f"; the file holds {kind}." if kind else "."))
    ends = [said.get("lower"), said.get("upper")]
    numbers = [None if end is None else given_number(end) for end in ends]
    if (ends[0] is None) != (ends[1] is None) or (ends[0] is not None and (
            None in numbers or not numbers[0] < numbers[1])):  # type: ignore[operator]
        refuse(f"`columns.{name}` has a lower and an upper bound, the lower one first.", "query-range", listed(ends),
               "Give both as finite numbers, or neither.")
    codes = said.get("codes", {})
    if said.get("categories") is not None:
        codes = {_code(one): _code(one) for one in items(said["categories"], f"columns.{name}.categories",
                                                         "query-categories", 1000)}
        if len(codes) != len(said["categories"]):  # type: ignore[arg-type]
            refuse("A category is listed twice.", "query-categories", name, "List each once.")
    if not is_object(codes) or not all(isinstance(label, str) for label in codes.values()):
        refuse(f"`columns.{name}.codes` gives a label for each code.", "query-categories", codes,
               'Write {"F": "Female", "M": "Male"}, or `categories` as a list.')
    return Column(name, str(said.get("label", name)), str(chosen), dict(codes), numbers[0], numbers[1])  # type: ignore[arg-type]


def _code(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stored_as(declared: str, kind: str) -> bool:
    return declared == kind or (declared, kind) in (("number", "integer"), ("date", "text"))


# --- types from constants, for prices without data ---

def _inferred(questions: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for question in questions:
        for name, kind in _mentions(question):
            if kind or name not in found:
                found[name] = kind or found.get(name, "")
    return found


def _mentions(question: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    numeric = any(field in question for field in _NUMERIC) or question.get("statistic") in (
        "sum", "mean", "variance", "sd", "median", "quantile")
    of_numbers = {"outcome", "predictors", "bounds"} | ({"column"} if numeric else set()) | (
        {"columns"} if question.get("statistic") == "correlation" else set())
    for field in _NAMING:
        yield from _named(question.get(field), "number" if field in of_numbers else "")


def _named(part: object, kind: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        yield from _in_sql(part) if " " in part or "=" in part or "<" in part or ">" in part else [(part, kind)]
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _named(one, kind)
    elif is_object(part):
        if isinstance(name := part.get("column"), str):
            constants = [one for field in ("categories", "edges", "in", "not_in") for one in _listed(part.get(field))]
            yield name, _kind_of([*constants, *([part["value"]] if "value" in part else [])]) or kind
        for joint in ("all", "any"):
            yield from _named(part.get(joint), kind)
        if not {"column", "all", "any"} & set(part):
            for name in part:
                yield name, "number"


def _in_sql(text: str) -> Iterator[tuple[str, str]]:
    try:
        parsed = parse_condition(text, InvalidInput)
    except InvalidInput:
        return  # refused with its reason when the filter is parsed
    for node in parsed.find_all(exp.Column):
        literals = list(node.parent.find_all(exp.Literal, exp.Boolean)) if node.parent is not None else []
        kinds = {"boolean" if isinstance(one, exp.Boolean) else "text" if one.is_string else "number"
                 for one in literals}
        yield node.name, kinds.pop() if len(kinds) == 1 else ""


def _listed(part: object) -> list[object]:
    return list(part) if isinstance(part, list | tuple) else []


def _kind_of(values: list[object]) -> str:
    if not values:
        return ""
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "integer" if all(float(value).is_integer() for value in values) else "number"  # type: ignore[arg-type]
    return "text"
