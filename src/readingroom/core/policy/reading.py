"""From a file's bytes to a checked object, or to all that is wrong with it, each fault with its line. No disk here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from readingroom.core.policy import yaml_text
from readingroom.core.policy.fault_words import KNOWN, words_of
from readingroom.core.policy.yaml_text import Document, Fault, Lines, Place
from readingroom.errors import PolicyError

Model = TypeVar("Model", bound=BaseModel)
MOST_BYTES = 4 * yaml_text.LONGEST
MOST_FAULTS = 500  # of the fields of one file; nobody reads more, and each takes time to say


def decoded(content: bytes, file: str) -> str:
    """The text in a file's bytes. PolicyError if it is none, or more than is read."""
    if len(content) > MOST_BYTES:
        raise refusal(file, [f"{file}:1: has more than {MOST_BYTES:,} bytes"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(file, [f"{file}:{line}: is not UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8"]
                      ) from error


def document(text: str, file: str) -> Document:
    """PolicyError if it is too much to read, or no YAML."""
    try:
        return yaml_text.read(text)
    except yaml_text.Unreadable as error:
        raise refusal(file, [f"{file}:{line}: {what}" for line, what in error.faults]) from error


def checked(found: Document, file: str, model: type[Model], between: Iterable[Fault] = ()) -> Model:
    """The document as a `model`. PolicyError with all that is wrong with it; `between`: what no single field shows."""
    parsed, faults = as_model(found, model)
    faults = [*found.faults, *between, *faults]
    if faults or parsed is None:
        raise told(found.root, file, found.faults if found.value is None and found.faults else faults)
    return parsed


def as_model(found: Document, model: type[Model]) -> tuple[Model | None, list[Fault]]:
    """The document as a `model`, or what is wrong with its fields."""
    try:
        return model.model_validate(found.value), []
    except ValidationError as error:
        wrong = [fault for fault in error.errors() if fault["type"] != "invalid_key"]  # the reader said so, with place
    faults: list[Fault] = [(fault["loc"], words_of(fault, model)) for fault in wrong[:MOST_FAULTS]]
    if len(wrong) > MOST_FAULTS:
        faults.append(((), f"has {len(wrong) - MOST_FAULTS:,} faults more than are told here; correct these first"))
    return None, faults


def told(root: yaml.Node | None, file: str, faults: Iterable[Fault]) -> PolicyError:
    """All faults, in the order of their lines."""
    lines_of = Lines(root)
    told_of = dict.fromkeys((lines_of.of(place), f"{_where(place)}: {what}") for place, what in faults)
    lines = sorted(told_of, key=lambda one: one[0])
    return refusal(file, [f"{file}:{line}: {what}" for line, what in _listing_once(lines)])


def refusal(file: str, faults: list[str]) -> PolicyError:
    return PolicyError(f"{file} cannot be used:", faults=faults, rule="policy.file", value=file,
                       next_step="Correct these and load it again.")


def _listing_once(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The fields there are, which can be many, are listed at the first that is none of them."""
    listed: dict[str, int] = {}
    for line, what in lines:
        wrong, mark, fields = what.partition(KNOWN)
        if mark and fields in listed:
            what = f"{wrong}; line {listed[fields]} lists those there are"
        listed.setdefault(fields, line)
        yield line, what


def _where(location: Place) -> str:
    return ".".join(str(part) for part in location) or "the file"
