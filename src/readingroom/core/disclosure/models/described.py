"""What all descriptions share: frozen, strict, every key explained, unknown keys refused.

A description says what an output that is no table rests on: the people behind each level of a regression, the
leaves of a tree, the steps of a survival curve. The same classes give the JSON Schema and the page of keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictBool, model_validator

LARGEST = 2**53
MOST_LEVELS = 20_000
MOST_TERMS = 20_000


def _whole(value: object) -> object:
    """1200.0 is a whole number; True is not."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST else value


def _labels(value: object) -> object:
    """Labels may be numbers; a level of several factors has one label for each."""
    parts = value if isinstance(value, list | tuple) else [value]
    return tuple(str(part) if isinstance(part, bool | int | float) else part for part in parts)


def listed(value: object) -> object:
    """`{"North": 300}` is short for `[{"level": "North", "units": 300}]`."""
    if not isinstance(value, Mapping):
        return value
    return [{"level": name, **(said if isinstance(said, Mapping) else {"units": said})} for name, said in value.items()]


def crossed(value: object) -> object:
    """The same of several factors: "North:F" is a level of each of two."""
    if not isinstance(value, Mapping):
        return value
    return listed({tuple(name.split(":")) if isinstance(name, str) else name: said for name, said in value.items()})


Whole = Annotated[int, Strict(), BeforeValidator(_whole), Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[int, Strict(), BeforeValidator(_whole), Field(ge=0, le=LARGEST)]
Number = Annotated[float, Strict(), Field(ge=-1e300, le=1e300)]
Flag = StrictBool
Text = Annotated[str, Strict(), Field(min_length=1, max_length=300)]
Label = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, bool | int | float) else value),
                  Strict(), Field(max_length=300)]
Labels = Annotated[tuple[Label, ...], BeforeValidator(_labels), Field(min_length=1, max_length=20)]


def key(meaning: str, *synonyms: str, default: Any = None) -> Any:
    """A key that may be left out or null ("not said"); `synonyms` are other names for it, each with this meaning."""
    return Field(default=default, description=meaning, json_schema_extra={"synonyms": list(synonyms)})


class Described(BaseModel):
    """A part of a description. ValueError names a key that is unknown, or given by two of its names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _by_one_name(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        names = synonyms(cls)
        said: dict[object, tuple[object, object]] = {}
        for name, value in given.items():
            known = names.get(name, name) if isinstance(name, str) else name
            if known in said:
                raise ValueError(f"{said[known][0]} and {name} are two names of one key; give one")
            said[known] = name, value
        return {known: value for known, (_, value) in said.items() if value is not None}


def synonyms(described: type[BaseModel]) -> dict[str, str]:
    """Other names of the keys of `described`, each with the name that it stands for."""
    return {str(other): name for name, field in described.model_fields.items()
            if isinstance(field.json_schema_extra, dict)
            for other in field.json_schema_extra.get("synonyms", ())}  # type: ignore[union-attr]


class Level(Described):
    """The people behind one level of a factor, or one combination of levels."""

    level: Labels = Field(description="The label, or a list with one label for each factor of an interaction.",
                          json_schema_extra={"synonyms": ["label", "name"]})
    units: Count = key("Distinct units (people) in it.", "people", "persons", "n_units", "distinct_units", "count",
                       default=...)
    n: Count | None = key("Observations in it.", "observations", "nobs", "records")
    events: Count | None = key("Units in it that have the outcome (binary outcomes).", "cases")
    top: tuple[Number, ...] | None = key("The largest contributions to the outcome in it, one per unit.")
    total: Number | None = key("The outcome's total in it.")
    constant: Flag | None = key("Whether all values of the outcome in it are equal.")
    absolute_total: Number | None = key("The total of its absolute values; needed where one is negative.")
    nonzero_units: Count | None = key("Units in it whose outcome is not zero.")
    lower_units: Count | None = key("Where the outcome is one of two values: units in it with the smaller one; 0 for "
                                    "both where there are more than two.")
    upper_units: Count | None = key("The same of the larger one.")

    @property
    def name(self) -> str:
        return " × ".join(self.level)


Levels = Annotated[tuple[Level, ...], BeforeValidator(listed), Field(max_length=MOST_LEVELS)]
Combinations = Annotated[tuple[Level, ...], BeforeValidator(crossed), Field(max_length=MOST_LEVELS)]
