"""The kinds of value that evidence is made of: how each is read, and its JSON Schema.

A reader takes a value and its place, and returns the value or raises InvalidInput (rule `evidence.malformed`).
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from readingroom.core.disclosure.evidence.model import Grouping, Labels, Noise, Scale, TwoByTwo
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.tabulation.recipe import Recipe

MAX_LABELS = 10
MAX_LABEL_LENGTH = 300
MAX_CONDITIONS = 100
MAX_MEMBERS = 20_000
MAX_CONDITION_LENGTH = 4000
MAX_TOP = 100
LARGEST_ROUNDING = 100
LARGEST_NOISE = 50
LARGEST_COUNT = 2**53
LARGEST_NUMBER = 1e300
LONGEST_RECIPE = 64 * 1024
ROUNDING_METHODS = ("nearest", "controlled", "midpoint")


@dataclass(frozen=True)
class Kind:
    """`read` checks one value at a place; `schema` says the same as JSON Schema."""

    read: Callable[[object, str], Any]
    schema: dict[str, object]


def fault(path: str, value: object, wanted: str) -> InvalidInput:
    return InvalidInput(
        f"{path} is {repr(value)[:80]}; it should be {wanted}.",
        rule="evidence.malformed",
        value=path,
        next_step="Make the output with the readingroom SDK, which writes the evidence.",
    )


def refuse(path: str, value: object, wanted: str) -> NoReturn:
    raise fault(path, value, wanted)


def mapping(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        refuse(path, type(value).__name__, "an object")
    return value


def only(fields: dict[str, object], known: set[str], path: str) -> None:
    if unknown := sorted(set(fields) - known):
        refuse(path, unknown, f"made of {', '.join(sorted(known))} only")


def read_text(value: object, path: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL_LENGTH:
        refuse(path, value if isinstance(value, str) else type(value).__name__, "a short text")
    if _hides_something(value):
        refuse(path, "text with control or invisible characters", "visible text")
    return value


def _hides_something(text: str) -> bool:
    """Control, format (direction, zero width) and lone surrogate characters."""
    return any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in text)


def read_flag(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        refuse(path, type(value).__name__, "true or false")
    return value


def _integer(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_COUNT:
        refuse(path, type(value).__name__, "a whole number of ordinary size")
    return value


def read_whole(value: object, path: str) -> int:
    return _integer(value, path)


def read_count(value: object, path: str) -> int:
    if _integer(value, path) < 0:
        refuse(path, value, "zero or more")
    return value  # type: ignore[return-value]


def read_rounding(value: object, path: str) -> int:
    if not 1 <= _integer(value, path) <= LARGEST_ROUNDING:  # a large base would let any number agree
        refuse(path, value, f"1 to {LARGEST_ROUNDING}")
    return value  # type: ignore[return-value]


def read_rounding_method(value: object, path: str) -> str:
    if value not in ROUNDING_METHODS:
        refuse(path, value, " or ".join(ROUNDING_METHODS))
    return str(value)


def read_decimals(value: object, path: str) -> int:
    if not 0 <= _integer(value, path) <= 20:
        refuse(path, value, "0 to 20")
    return value  # type: ignore[return-value]


def read_number(value: object, path: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or abs(value) > LARGEST_NUMBER
        or math.isnan(value)
    ):
        refuse(path, type(value).__name__, "a finite number")
    return value


def read_probability(value: object, path: str) -> float:
    if not 0 < read_number(value, path) < 1:
        refuse(path, value, "between 0 and 1, such as 0.9 for the 90th percentile")
    return value  # type: ignore[return-value]


def read_top(value: object, path: str) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) > MAX_TOP:
        refuse(path, type(value).__name__, f"a list of at most {MAX_TOP} numbers")
    return tuple(read_number(item, path) for item in value)


def read_weights(value: object, path: str) -> tuple[float, ...]:
    weights = read_top(value, path)
    if any(weight <= 0 for weight in weights):
        refuse(path, min(weights), "made of weights above zero")
    return weights


def read_two_by_two(value: object, path: str) -> TwoByTwo:
    arms = value if isinstance(value, list) else []
    if len(arms) != 2 or not all(isinstance(arm, list) and len(arm) == 2 for arm in arms):
        refuse(path, type(value).__name__, "two arms of two counts: [[with, without], [with, without]]")
    (a, b), (c, d) = ([read_count(count, path) for count in arm] for arm in arms)
    return (a, b), (c, d)


def read_scale(value: object, path: str) -> Scale:
    fields = mapping(value, path)
    only(fields, {"step", "lowest", "highest", "seen"}, path)
    step, lowest, highest = (read_number(fields.get(name), f"{path}.{name}") for name in ("step", "lowest", "highest"))
    if step <= 0 or lowest >= highest:
        refuse(path, [step, lowest, highest], "a step above zero and a lowest value below the highest")
    return Scale(step, lowest, highest, read_flag(fields.get("seen", False), f"{path}.seen"))


def read_noise(value: object, path: str) -> Noise:
    fields = mapping(value, path)
    only(fields, {"largest", "variance", "small", "key"}, path)
    largest, small = (read_count(fields.get(name), f"{path}.{name}") for name in ("largest", "small"))
    variance = read_number(fields.get("variance"), f"{path}.variance")
    if not 1 <= largest <= LARGEST_NOISE or small > largest or not 0 < variance < largest**2:
        refuse(path, [largest, variance, small],
               f"noise up to 1 to {LARGEST_NOISE}, a variance below its square, and small results up to it at most")
    return Noise(largest, float(variance), small, read_text(fields.get("key"), f"{path}.key"))


def read_labels(value: object, path: str) -> Labels:
    if not isinstance(value, list) or len(value) > MAX_LABELS:
        refuse(path, type(value).__name__, f"a list of at most {MAX_LABELS} labels")
    return tuple(_label(label, path) for label in value)


def _label(label: object, path: str) -> str:
    if label is not None and not isinstance(label, str | int | float):
        refuse(path, type(label).__name__, "labels of text or numbers")
    if isinstance(label, int) and abs(label) > LARGEST_COUNT:
        refuse(path, "a huge number", "labels of ordinary size")
    text = "" if label is None else str(label)
    if _hides_something(text):
        refuse(path, "a label with control or invisible characters", "visible text")
    if len(text) > MAX_LABEL_LENGTH:
        refuse(path, f"{len(text)} characters", f"labels of at most {MAX_LABEL_LENGTH} characters")
    return text


def read_conditions(value: object, path: str) -> Labels:
    if not isinstance(value, list) or len(value) > MAX_CONDITIONS:
        refuse(path, type(value).__name__, f"a list of at most {MAX_CONDITIONS} conditions")
    for text in value:
        if not isinstance(text, str) or not 0 < len(text) <= MAX_CONDITION_LENGTH or _hides_something(text):
            refuse(path, text if isinstance(text, str) else type(text).__name__, "made of visible text")
    return tuple(sorted(set(value)))


def read_groups(value: object, path: str) -> tuple[Grouping, ...]:
    found = []
    for variable, columns in mapping(value, path).items():
        for column, groups in mapping(columns, f"{path}.{variable}").items():
            place = f"{path}.{variable}.{column}"
            said = tuple((_label(group, place), _members(labels, place))
                         for group, labels in mapping(groups, place).items())
            found.append((read_text(variable, path), read_text(column, place), said))
    return tuple(found)


def _members(value: object, path: str) -> Labels:
    if not isinstance(value, list) or len(value) > MAX_MEMBERS:
        refuse(path, type(value).__name__, f"groups of at most {MAX_MEMBERS} labels")
    return tuple(_label(label, path) for label in value)


def read_source(value: object, path: str) -> tuple[tuple[str, str], ...]:
    pairs = mapping(value, path).items()
    return tuple(sorted((read_text(key, path), read_text(text, f"{path}.{key}")) for key, text in pairs))


def read_recipe(value: object, path: str) -> Recipe:
    from readingroom.core.disclosure.tabulation.recipe import as_given, parse_recipe  # pydantic comes with it

    try:
        recipe = parse_recipe(mapping(value, path))
    except (InvalidInput, OverflowError) as error:
        raise fault(path, getattr(error, "value", "a number beyond all size"), "a recipe that can be used") from None
    if len(json.dumps(as_given(recipe))) > LONGEST_RECIPE:
        refuse(path, "a long recipe", f"a recipe of at most {LONGEST_RECIPE:,} characters")
    return recipe


_NUMBER = {"type": "number", "minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER}
_COUNT = {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT}
_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_LABEL_LENGTH}

TEXT = Kind(read_text, _TEXT)
FLAG = Kind(read_flag, {"type": "boolean"})
WHOLE = Kind(read_whole, {"type": "integer", "minimum": -LARGEST_COUNT, "maximum": LARGEST_COUNT})
COUNT = Kind(read_count, _COUNT)
NUMBER = Kind(read_number, _NUMBER)
PROBABILITY = Kind(read_probability, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})
ROUNDING = Kind(read_rounding, {"type": "integer", "minimum": 1, "maximum": LARGEST_ROUNDING})
ROUNDING_METHOD = Kind(read_rounding_method, {"enum": list(ROUNDING_METHODS)})
DECIMALS = Kind(read_decimals, {"type": "integer", "minimum": 0, "maximum": 20})
NUMBERS = Kind(read_top, {"type": "array", "maxItems": MAX_TOP, "items": _NUMBER})
WEIGHTS = Kind(read_weights, {"type": "array", "maxItems": MAX_TOP, "items": {"type": "number", "exclusiveMinimum": 0}})
TWO_BY_TWO = Kind(read_two_by_two, {
    "type": "array", "minItems": 2, "maxItems": 2,
    "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": _COUNT}})
SCALE = Kind(read_scale, {
    "type": "object", "additionalProperties": False, "required": ["step", "lowest", "highest"],
    "properties": {"step": {"type": "number", "exclusiveMinimum": 0}, "lowest": _NUMBER, "highest": _NUMBER,
                   "seen": {"type": "boolean"}}})
NOISE = Kind(read_noise, {
    "type": "object", "additionalProperties": False, "required": ["largest", "variance", "small", "key"],
    "properties": {"largest": {"type": "integer", "minimum": 1, "maximum": LARGEST_NOISE},
                   "variance": {"type": "number", "exclusiveMinimum": 0},
                   "small": {"type": "integer", "minimum": 0, "maximum": LARGEST_NOISE}, "key": _TEXT}})
LABELS = Kind(read_labels, {
    "type": "array", "maxItems": MAX_LABELS,
    "items": {"type": ["string", "number", "boolean", "null"], "maxLength": MAX_LABEL_LENGTH}})
CONDITIONS = Kind(read_conditions, {
    "type": "array", "maxItems": MAX_CONDITIONS,
    "items": {"type": "string", "minLength": 1, "maxLength": MAX_CONDITION_LENGTH}})
GROUPS = Kind(read_groups, {"type": "object", "additionalProperties": {
    "type": "object", "additionalProperties": {"type": "object", "additionalProperties": {
        "type": "array", "maxItems": MAX_MEMBERS, "items": {"type": "string", "maxLength": MAX_LABEL_LENGTH}}}}})
RECIPE = Kind(read_recipe, {"$ref": "#/$defs/recipe"})
SOURCE = Kind(read_source, {"type": "object", "additionalProperties": _TEXT})
