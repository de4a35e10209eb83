"""A recipe: a statistic written down as data, so that anyone with the data can compute it again.

    {"rows": ["region"], "columns": ["sex"], "statistic": "mean", "value": "days", "unit": "person_id",
     "where": "year >= 2015", "margins": true}

`parse_recipe` reads one, `canonical` gives the one form that equal recipes share, `digest` its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from readingroom.core.disclosure.statistics import FRACTIONS
from readingroom.core.disclosure.statistics import canonical as canonical_name
from readingroom.core.policy.fault_words import value_words
from readingroom.errors import InvalidInput

LABELS_AT_MOST = 10
STATISTICS_AT_MOST = 20
FRACTION_WORDS = frozenset({"percentage", "percent"})
"""Other names of a share that mean hundredths."""

NEEDS_NO_VALUE = frozenset({"count", "records", "share", "rate"})
WEIGHTABLE = frozenset({"count", "sum", "mean", "share"})
SUPPORTED = frozenset({
    "count", "records", "sum", "mean", "median", "quantile", "sd", "variance", "min", "max", "range", "top_mean",
    "bottom_mean", "mode", "share", "rate", "ratio"})


def _as_list(value: object) -> object:
    return [] if value is None else [value] if isinstance(value, str) else value


Column = Annotated[str, Field(min_length=1, max_length=300)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(_as_list), Field(max_length=LABELS_AT_MOST)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Label = str | int | float | bool | None


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measure(_Model):
    """One statistic: its name, the column that it is of, and what else it needs."""

    statistic: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        description="count, records, sum, mean, median, quantile, sd, variance, min, max, range, top_mean, "
        "bottom_mean, mode, share, percentage, rate, ratio.")
    value: Column | None = Field(default=None, description="The column that the statistic is of.")
    q: Probability | None = Field(default=None, description="Which quantile: 0.9 is the 90th percentile.")
    of: Literal["row", "column", "all"] = Field(
        default="all", description="What a share is of: its row's total, its column's, or everything.")
    denominator: Column | None = Field(
        default=None, description="The column under the line of a rate or ratio, such as days at risk.")
    per: Annotated[float, Field(gt=0)] = Field(default=1.0, description="A rate is given per so many: 1000.")
    entities: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many of the most extreme people a top_mean or bottom_mean is over.")
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="What the table calls it, where it shows several statistics.")

    @property
    def canonical(self) -> str:
        return "records" if self.statistic.strip().casefold() == "records" else canonical_name(self.statistic)

    @property
    def scale(self) -> float:
        """What the plain fraction is multiplied with before it is shown."""
        return 100.0 if self.statistic.strip().casefold() in FRACTION_WORDS else self.per

    @property
    def title(self) -> str:
        """What people call it: "mean of days"."""
        if self.name:
            return self.name
        name = self.statistic if self.q is None else f"{self.q:g} quantile"
        over = f" per {self.denominator}" if self.denominator else ""
        return f"{name} of {self.value}{over}" if self.value else f"{name}{over}"

    @model_validator(mode="after")
    def _complete(self) -> Measure:
        name = self.canonical
        if name in SUPPORTED and name not in NEEDS_NO_VALUE and self.value is None:
            raise ValueError(f'a {self.statistic} needs "value", the column that it is of')
        if name in FRACTIONS and self.denominator is None:
            raise ValueError(f'a {self.statistic} needs "denominator", the column under the line')
        if (name == "quantile") != (self.q is not None):
            raise ValueError('"q" goes with the statistic quantile, and only with it')
        if name in ("top_mean", "bottom_mean") and self.entities is None:
            raise ValueError(f'a {self.statistic} needs "entities", over how many of the most extreme people')
        if name == "records" and self.value is not None:
            raise ValueError('records counts rows and has no "value"')
        return self


class Place(_Model):
    """A cell, by its labels."""

    row: tuple[Label, ...] = ()
    column: tuple[Label, ...] = ()


class Recipe(_Model):
    """What to compute. Columns are named as in the data; `unit` is the column that says whose row it is."""

    rows: Columns = Field(default=(), description="Variables down the side, outermost first.")
    columns: Columns = Field(default=(), description="Variables across the top, outermost first.")
    measures: Annotated[tuple[Measure, ...], Field(min_length=1, max_length=STATISTICS_AT_MOST)]
    unit: Column | None = Field(default=None, description="The column that says whose row it is; null: every row is "
                                "someone else's, and a person must confirm it.")
    weight: Column | None = Field(default=None, description="Sampling weights, for counts, sums, means and shares.")
    where: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="An SQL condition on columns of the data: which rows count.")
    margins: bool = Field(default=False, description="Totals of all rows and of all columns as well.")
    missing: Literal["leave-out", "category"] = Field(
        default="leave-out", description="Rows without a label: left out and counted, or a category of their own.")
    empty_cells: Literal["show", "leave-out"] = Field(
        default="show", description="Combinations of row labels that nobody has: shown as empty, or not.")
    observed: bool = Field(
        default=False, description="Categories of the data that nobody has: shown as empty (false), or left out.")
    bands: Mapping[str, tuple[float | None, ...]] = Field(
        default_factory=dict, description="Edges that cut a number into bands: {\"age\": [0, 18, 65, null]} gives 0 to "
        "under 18, 18 to under 65, 65 and over.")
    merge: Mapping[str, Mapping[str, tuple[Label, ...]]] = Field(
        default_factory=dict, description="Categories put together: {\"region\": {\"North\": [\"NE\", \"NW\"]}}.")
    cap: tuple[float | None, float | None] | None = Field(
        default=None, description="Values below the first or above the second count as these: [null, 100000].")
    structural_zeros: tuple[Place, ...] = Field(
        default=(), description="Cells that nobody can be in, such as pregnant men: "
        '[{"row": ["pregnant"], "column": ["M"]}].')
    decimals: Annotated[int, Field(ge=0, le=15)] | None = Field(
        default=None, description="Digits after the point; few are chosen where this is not said.")

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        used = [*self.rows, *self.columns]
        if len(set(used)) != len(used):
            raise ValueError("a variable is in rows and columns more than once")
        for name in (*self.bands, *self.merge):
            if name not in used:
                raise ValueError(f"{name!r} is cut or merged but is in neither rows nor columns")
        for name, edges in self.bands.items():
            inner = [edge for edge in edges if edge is not None]
            if len(edges) < 2 or inner != sorted(set(inner)) or None in edges[1:-1]:
                raise ValueError(f"the edges of {name!r} must be at least two and rise; only the first and last may be "
                                 "null")
        low, high = self.cap or (None, None)
        if low is not None and high is not None and low >= high:
            raise ValueError(f"the cap is from {low:g} to {high:g}; the first must be the smaller")
        if self.unit is not None and self.unit in used:
            raise ValueError(f"{self.unit!r} is the unit; a table of single people is not offered")
        if self.weight is not None:
            for measure in self.measures:
                if measure.canonical in SUPPORTED and measure.canonical not in WEIGHTABLE:
                    raise ValueError(f"a weighted {measure.statistic} is not offered; counts, sums, means and shares "
                                     "are")
        if len({measure.title for measure in self.measures}) != len(self.measures):
            raise ValueError('two statistics have one name; give them a "name"')
        return self

    @property
    def several(self) -> bool:
        return len(self.measures) > 1


ONE = ("statistic", "value", "q", "of", "denominator", "per", "entities", "name")
KEYS = (*ONE, "statistics", *(name for name in Recipe.model_fields if name != "measures"))


def parse_recipe(raw: object) -> Recipe:
    """The recipe in `raw`, or InvalidInput (rule `recipe.malformed`) with every fault.

    Either `statistic` with what belongs to it, or `statistics`, a list of such.
    """
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        raise _refusal(["it is not an object of named keys"])
    unknown = sorted(set(raw) - set(KEYS))
    faults = [f"{name!r} is not a key of recipes" for name in unknown]
    given = {key: value for key, value in raw.items() if key in KEYS and key not in (*ONE, "statistics")}
    one = {key: raw[key] for key in ONE if raw.get(key) is not None}
    several = raw.get("statistics")
    if several is None:
        measures: object = _quantiles(one)
    elif one:
        faults.append(f'"statistics" replaces {", ".join(map(repr, one))}; give these inside it')
        measures = several
    else:
        measures = [part for item in several for part in _quantiles(item)] if isinstance(several, list) else several
    for key in ("missing", "empty_cells", "observed", "margins", "bands", "merge", "structural_zeros"):
        if given.get(key, "") is None:
            del given[key]
    try:
        recipe = Recipe.model_validate(given | {"measures": measures})
    except ValidationError as error:
        named = [one for one in error.errors() if one["type"] != "too_short"] or error.errors()
        raise _refusal([*faults, *(_fault(one, several is not None) for one in named)]) from None
    if faults:
        raise _refusal(faults)
    return recipe


def _quantiles(one: Any) -> list[Any]:
    """Several `q` are several statistics."""
    if isinstance(one, Mapping) and isinstance(one.get("q"), list | tuple):
        return [dict(one) | {"q": q} for q in one["q"]] or [one]
    return [one]


def as_given(recipe: Recipe) -> dict[str, Any]:
    """The recipe as `parse_recipe` reads it: defaults left out, names of statistics as they were given."""
    said = recipe.model_dump(mode="json", exclude_defaults=True, exclude={"measures"})
    return said | {"statistics": [measure.model_dump(mode="json", exclude_defaults=True)
                                  for measure in recipe.measures]}


def canonical(recipe: Recipe) -> bytes:
    """The one form of equal recipes (RFC 8785): as given, names of statistics the usual ones."""
    said = as_given(recipe)
    for given, measure in zip(said["statistics"], recipe.measures, strict=True):
        is_percentage = measure.scale == 100 and measure.canonical == "share"
        given["statistic"] = "percentage" if is_percentage else measure.canonical
    encoded: bytes = rfc8785.dumps(said)
    return encoded


def digest(recipe: Recipe) -> str:
    return hashlib.sha256(canonical(recipe)).hexdigest()


def schema() -> dict[str, object]:
    """The JSON Schema of a recipe file."""
    inner, measure = Recipe.model_json_schema(), Measure.model_json_schema()
    definitions = inner.get("$defs", {})
    properties = {name: part for name, part in inner["properties"].items() if name != "measures"}
    names = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    for name in ("rows", "columns"):
        properties[name] = names | {"description": properties[name]["description"]}
    one = dict(measure["properties"])
    one["q"] = {"anyOf": [one["q"], {"type": "array", "items": {"type": "number"}}],
                "description": one["q"].get("description", "")}
    several = {"type": "array", "items": {"$ref": "#/$defs/Measure"}, "maxItems": STATISTICS_AT_MOST,
               "description": "Several statistics in one table, in place of `statistic`."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Recipe of a table",
        "type": "object", "additionalProperties": False,
        "anyOf": [{"required": ["statistic"]}, {"required": ["statistics"]}],
        "properties": json.loads(json.dumps({**one, "statistics": several, **properties})), "$defs": definitions}


def _fault(error: Any, several: bool) -> str:
    place = ".".join(str(part) for part in error["loc"] if part != "measures" and (several or part != 0))
    if error["type"] == "missing":
        return f"{place or 'statistic'!r} is missing"
    joiner = ": " if error["type"] == "value_error" else " "
    return f"{place or 'statistics'}{joiner}{value_words(error)}" if place or joiner == " " else value_words(error)


def _refusal(faults: list[str]) -> InvalidInput:
    return InvalidInput(
        f"The recipe cannot be used: {'; '.join(faults)}.", rule="recipe.malformed", value=faults[0][:200],
        next_step='A recipe is such as {"rows": ["region"], "columns": ["sex"], "statistic": "count", "unit": '
        '"person_id", "margins": true}; docs/reference/check.md has all keys.')
