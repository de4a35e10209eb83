"""The JSON that the commands read. Unknown keys are refused by name; the JSON Schemas are made from these classes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from readingroom.core.disclosure.protect.rounding import Method
from readingroom.core.disclosure.protect.system import LARGEST
from readingroom.core.policy.fault_words import value_words
from readingroom.errors import InvalidInput

SMALLEST_BASE, LARGEST_BASE = 1e-6, 1e9

Model = TypeVar("Model", bound=BaseModel)
Label = Annotated[str | int | float, Field(description="A code; numbers are read as text.")]
Coordinates = Annotated[str | int | list[Label] | dict[str, Label], Field(description=(
    "One cell: codes in the order of the variables ([\"North\", \"F\"]), or by variable ({\"region\": \"North\"}; "
    "what is left out is the total), or an id."))]
Axis = Annotated[list[Label] | dict[str, list[Label]], Field(description=(
    "Labels, or {\"variable\": [labels]}; a label such as \"Total\" marks the margin."))]
Totals = Literal["both", "none", "row", "column"] | bool
Size = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Distance = Annotated[float, Field(ge=0, le=LARGEST)]
Base = Annotated[float, Field(ge=SMALLEST_BASE, le=LARGEST_BASE)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, strict=False)


class RoundingForm(_Form):
    """How the numbers were rounded: {"base": 5, "method": "nearest"}."""

    base: Base
    method: Method = "nearest"


class NoiseForm(_Form):
    """Cell-key noise: up to `largest` either way (D), with a `variance` (V), and no results from 1 to `small` (js)."""

    largest: Annotated[int, Field(ge=1, le=50, validation_alias=AliasChoices("largest", "D", "max"))] = 2
    variance: Annotated[float, Field(ge=1e-6, validation_alias=AliasChoices("variance", "V"))] = 1.0
    small: Annotated[int, Field(ge=0, validation_alias=AliasChoices("small", "js"))] = 0


class ProtectionForm(_Form):
    """What a protected cell needs: distances below and above its true value, a width, or a share of its value."""

    lower: Distance = 0
    upper: Distance = 0
    sliding: Annotated[Distance, Field(validation_alias=AliasChoices("sliding", "width"))] = 0
    percent: Annotated[float, Field(ge=0, le=1000)] = 0


class CellForm(BaseModel):
    """One cell. Other keys than these are taken as variables (`{"region": "North", "value": 4}`) if declared."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    id: str | int | None = None
    at: Coordinates | None = None
    row: Label | list[Label] | None = None
    column: Label | list[Label] | None = None
    value: Any = None
    true_value: Annotated[float | None, Field(validation_alias=AliasChoices("true_value", "true"))] = None
    status: Literal["published", "suppressed", "hidden", "missing", "rounded", "perturbed", "primary",
                    "secondary"] | None = None
    suppressed: Annotated[bool | None, Field(validation_alias=AliasChoices("suppressed", "hidden"))] = None
    lower: float | None = None
    upper: float | None = None
    rounding: RoundingForm | float | None = None
    structural: Annotated[bool, Field(validation_alias=AliasChoices("structural", "structural_zero"))] = False
    sensitive: Annotated[bool | None, Field(validation_alias=AliasChoices("sensitive", "protected", "primary"))] = None
    keep: Annotated[bool, Field(validation_alias=AliasChoices("keep", "must_publish", "released"))] = False
    cost: Distance | None = None
    contributors: Annotated[int | None, Field(ge=0, validation_alias=AliasChoices("contributors", "n"))] = None
    contributions: list[Size] | None = None
    key: Annotated[float | None, Field(ge=0, lt=1, validation_alias=AliasChoices("key", "cell_key"), description=(
        "The cell's key, a share from 0 to below 1: the fractional part of the sum of its units' record keys."))] = None
    record_keys: Annotated[list[Annotated[float, Field(ge=0, lt=1)]] | None, Field(
        description="The record keys of the cell's units, each from 0 to below 1; as many as the count.")] = None
    protection: ProtectionForm | float | None = None
    lower_level: Annotated[Distance | None, Field(validation_alias=AliasChoices("lower_level", "lpl"))] = None
    upper_level: Annotated[Distance | None, Field(validation_alias=AliasChoices("upper_level", "upl"))] = None
    sliding_level: Annotated[Distance | None, Field(validation_alias=AliasChoices("sliding_level", "spl"))] = None


class TableForm(_Form):
    """A table: `rows`, `columns` and `values` as a grid (or `dimensions` and nested `values`), or a list of `cells`."""

    name: str = ""
    rows: Axis | None = None
    columns: Axis | None = None
    dimensions: dict[str, list[Label]] | None = None
    values: Annotated[list[Any] | None, Field(validation_alias=AliasChoices("values", "data", "grid"))] = None
    true_values: Annotated[list[Any] | None, Field(validation_alias=AliasChoices("true_values", "truth"))] = None
    keys: Annotated[list[Any] | None, Field(validation_alias=AliasChoices("keys", "cell_keys"), description=(
        "A grid of cell keys, of the shape of `values`; null where it is not known."))] = None
    variables: list[str] | None = None
    cells: list[CellForm] | None = None
    totals: Totals | None = None
    total: Annotated[Label | list[Label] | None, Field(
        validation_alias=AliasChoices("total", "total_label", "total_labels"))] = None
    where: Annotated[dict[str, Label], Field(validation_alias=AliasChoices("where", "filter"))] = {}
    measure: str = ""
    kind: Annotated[Literal["count", "counts", "frequency", "magnitude", "magnitudes", "sum"] | None, Field(
        validation_alias=AliasChoices("kind", "statistic"))] = None
    negative: bool | None = None
    rounding: RoundingForm | float | None = None
    perturbation: Annotated[float | None, Field(gt=0, validation_alias=AliasChoices(
        "perturbation", "max_noise"))] = None
    sensitive: Annotated[list[Any] | None, Field(validation_alias=AliasChoices(
        "sensitive", "protected", "primary"))] = None
    keep: Annotated[list[Any] | None, Field(validation_alias=AliasChoices("keep", "must_publish", "released"))] = None


class Reference(_Form):
    """A cell of a named table."""

    table: str
    at: Coordinates


Ref = str | int | Reference


class EquationForm(_Form):
    """`total` is the sum of `parts`, or `same` are one cell, or coefficients times cells are `equals`."""

    name: str = ""
    total: Ref | None = None
    parts: list[Ref] | None = None
    same: list[Ref] | None = None
    coefficients: dict[str, Size] | None = None
    equals: Size = 0


class RulesForm(_Form):
    """Rules that find sensitive magnitudes from contributions, and the levels they need."""

    dominance: Annotated[list[tuple[int, float]], Field(description="Pairs (n, k percent).")] = []
    p_percent: Annotated[float | None, Field(gt=0)] = None
    pq: tuple[float, float] | None = None
    min_contributors: Annotated[int | None, Field(ge=1)] = None


class _Common(TableForm):
    tables: list[TableForm] | None = None
    equations: list[EquationForm] | None = None
    links: list[EquationForm] | None = None
    hierarchies: Annotated[dict[str, dict[str, list[Label]]], Field(
        validation_alias=AliasChoices("hierarchies", "hierarchy"))] = {}
    threshold: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    zeros_unsafe: bool = False
    protection: ProtectionForm | float | None = None
    singletons: Annotated[bool | list[Any], Field(validation_alias=AliasChoices("singletons", "singles"))] = True
    seconds: Annotated[float, Field(gt=0, le=3600, validation_alias=AliasChoices(
        "seconds", "time_limit", "timeout_seconds"))] = 60


class PublishedForm(_Common):
    """What `readingroom check published` reads: tables as a reader sees them."""


class ProtectForm(_Common):
    """What `readingroom check protect` reads: tables with true values, and what is sensitive in them."""

    rules: RulesForm = RulesForm()
    cost: Annotated[Literal["log", "count", "unit", "value"], Field(
        validation_alias=AliasChoices("cost", "costs"))] = "log"
    method: Literal["auto", "optimal", "heuristic", "rounding", "midpoint", "controlled-rounding", "cell-key"] = "auto"
    noise: NoiseForm = NoiseForm()
    base: Base | None = None


def parse_published(raw: object) -> PublishedForm:
    """The form, or InvalidInput naming every unknown key and wrong value with its place."""
    return _parse(PublishedForm, raw)


def parse_protect(raw: object) -> ProtectForm:
    """The form, or InvalidInput naming every unknown key and wrong value with its place."""
    return _parse(ProtectForm, raw)


def _parse(model: type[Model], raw: object) -> Model:
    if not isinstance(raw, dict):
        raise InvalidInput("The input is not a JSON object.", rule="form", value=type(raw).__name__,
                           next_step="See --example.")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = dict.fromkeys(_fault(one) for one in error.errors())
        shown = list(faults)[:6]
        more = f" and {len(faults) - 6} more" if len(faults) > 6 else ""
        unknown = any(one["type"] == "extra_forbidden" for one in error.errors())
        raise InvalidInput("; ".join(shown) + more + ".", rule="form.unknown-key" if unknown else "form",
                           value=shown[0], next_step="See --example, or docs/reference/check.md.") from None


def _fault(fault: ErrorDetails) -> str:
    where = ".".join(str(one)[:60] for one in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {where!r}"
    return f"{where}{': ' if fault['type'] == 'value_error' else ' '}{value_words(fault)}"
