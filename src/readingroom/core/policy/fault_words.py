"""What is wrong with a value of a policy file, said to a custodian: what it is, what is allowed, what was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (int, "a number"), (float, "a number"), (date, "a date; quote it if it is text"),
    (str, "text"), (dict, "a mapping"), (list, "a list"), (type(None), "empty"))
SLUG_WORDS = "may hold lower-case letters, digits and single hyphens, beginning with a letter"
KNOWN = "; known are "
WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda said: "is missing",
    "string_type": lambda said: "must be text",
    "string_unicode": lambda said: "must be text",
    "int_type": lambda said: "must be a whole number",
    "int_from_float": lambda said: "must be a whole number",
    "float_type": lambda said: "must be a number",
    "finite_number": lambda said: "must be a number that is finite",
    "int_parsing": lambda said: "must be a whole number",
    "float_parsing": lambda said: "must be a number",
    "bool_parsing": lambda said: "must be true or false",
    "bool_type": lambda said: "must be true or false",
    "list_type": lambda said: "must be a list, such as [one, other]",
    "frozen_set_type": lambda said: "must be a list, such as [one, other]",
    "tuple_type": lambda said: "must be a list, such as [2, 90]",
    "dict_type": lambda said: "must be a mapping, such as {one: first}",
    "model_type": lambda said: "must be a mapping of fields to values",
    "literal_error": lambda said: f"must be one of {said['expected']}",
    "enum": lambda said: f"must be one of {said['expected']}",
    "greater_than": lambda said: f"must be greater than {said['gt']:g}",
    "greater_than_equal": lambda said: f"must be {said['ge']:,g} or more",
    "less_than": lambda said: f"must be less than {said['lt']:g}",
    "less_than_equal": lambda said: f"must be {said['le']:,.16g} or less",
    "string_too_short": lambda said: "must not be empty",
    "string_too_long": lambda said: f"must have {said['max_length']:,} characters at most",
    "string_pattern_mismatch": lambda said: SLUG_WORDS.replace("hyphens", "underscores") if "_" in said[
        "pattern"] else SLUG_WORDS,
    "too_short": lambda said: f"must have {said['min_length']} or more",
    "too_long": lambda said: f"must have {said['max_length']} at most",
    "value_error": lambda said: str(said["error"]),
}


def words_of(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """One fault that checking against `model` found."""
    if fault["type"] == "extra_forbidden":
        return _unknown(fault["loc"], model)
    return value_words(fault)


def value_words(fault: ErrorDetails) -> str:
    """The same of a value, in whatever file: what it is, and what it must be."""
    say = WORDS.get(fault["type"])
    said = say(fault.get("ctx", {})) if say else fault["msg"]
    shown = _shown(fault["input"])
    return f"is {shown}; it {said}" if shown and fault["type"] not in ("missing", "value_error") else said


def _unknown(place: Sequence[int | str], model: type[BaseModel]) -> str:
    *way, wrong = place
    known = sorted(_model_at(model, way).model_fields)
    close = _meant(str(wrong).strip().lower().replace("-", "_").replace(" ", "_"), known)
    return "is not a field here" + (f"; did you mean {' or '.join(map(repr, close))}?" if close
                                    else KNOWN + ", ".join(known))


def _meant(wrong: str, known: Sequence[str]) -> Sequence[str]:
    """The fields that somebody who wrote this may have meant: one that is close, or all that have it as a part.

    Example: `checkers` is close to `incoming_checkers`, and may well mean `checkers_required`.
    """
    if wrong in known or (close := get_close_matches(wrong, known, 1, 0.8)):
        return [wrong] if wrong in known else close
    having = [name for name in known if wrong and f"_{wrong}_" in f"_{name}_"]
    return having[:4] or get_close_matches(wrong, known, 1)


def _model_at(model: type[BaseModel], way: Sequence[int | str]) -> type[BaseModel]:
    """The model of the mapping at `way`, lists passed through."""
    for part in way:
        annotation = model.model_fields[part].annotation if isinstance(part, str) else None
        inner = next((one for one in (annotation, *get_args(annotation)) if isinstance(one, type)
                      and issubclass(one, BaseModel)), None)
        model = inner or model
    return model


def _shown(value: object) -> str:
    """The value, if it is short enough to be recognised by; else its kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float) and len(str(value)) <= 40:
        return "" if value == "" else repr(value)
    return next((words for kind, words in KINDS if isinstance(value, kind)), "")
