"""Labels of a table: values of any type as text that people read, each different, in an order that makes sense."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from readingroom.core.disclosure.evidence import is_margin_label
from readingroom.core.disclosure.tabulation.frames import Coded
from readingroom.core.disclosure.tabulation.written import NUMBER
from readingroom.core.inspection.textual import visible
from readingroom.errors import InvalidInput

LONGEST_LABEL = 300
MISSING = "(missing)"
TOTAL = "Total"
TYPE_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def text_of(value: Any) -> str:
    """One value as people write it: 2024 for 2024.0, a date without a clock for midnight."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        midnight = value.time() == time() and not getattr(value, "nanosecond", 0)
        return value.date().isoformat() if midnight and not value.tzinfo else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def texts(labels: Sequence[Any], name: str) -> list[str]:
    """The labels as text, all different: where two read alike, their types are said as well."""
    found = [visible(text_of(label)) for label in labels]
    if any(isinstance(label, datetime) and text != label.date().isoformat()
           for label, text in zip(labels, found, strict=True)):
        found = [label.isoformat(" ") if isinstance(label, datetime) else text
                 for label, text in zip(labels, found, strict=True)]
    times = Counter(found)
    found = [f"{text} ({TYPE_WORDS.get(type(label), type(label).__name__)})" if times[text] > 1 else text
             for label, text in zip(labels, found, strict=True)]
    for text, several in Counter(found).items():
        if several > 1:
            raise InvalidInput(f"{several} different values of {name!r} read {text!r}.", rule="table.labels",
                               value=text[:80], next_step="Rename one of them, or merge them.")
        if len(text) > LONGEST_LABEL:
            raise InvalidInput(f"A label of {name!r} has {len(text):,} characters.", rule="table.labels",
                               value=text[:80], next_step=f"Shorten labels to {LONGEST_LABEL} characters.")
    return found


def in_order(coded: Coded) -> list[int]:
    """The places of the labels in the order to show: the data's own, else by size, by number where all are numbers."""
    places = list(range(len(coded.labels)))
    if coded.ordered:
        return places
    labels = coded.labels
    if all(isinstance(label, str) for label in labels):
        sizes = [_number(label) for label in labels]
        if all(size is not None for size in sizes):
            return sorted(places, key=lambda place: (sizes[place], labels[place]))
    try:
        return sorted(places, key=lambda place: labels[place])
    except TypeError:
        return sorted(places, key=lambda place: (type(labels[place]).__name__, str(labels[place])))


def _number(text: str) -> float | None:
    return float(text) if re.match(NUMBER, text) else None


def band(coded: Coded, edges: Sequence[float | None], name: str) -> Coded:
    """A variable of numbers cut at `edges`, each band from its lower edge to under its upper; outside is missing."""
    names = [_band_name(low, high) for low, high in pairwise(edges)]
    places: list[int | None] = []
    for label in coded.labels:
        number = _number(label) if isinstance(label, str) else label
        if isinstance(number, bool) or number is None or not hasattr(number, "__float__"):
            raise InvalidInput(f"{name!r} holds {text_of(label)[:40]!r}, which is no number to cut into bands.",
                               rule="table.bands", value=name, next_step="Band a column of numbers.")
        places.append(next((place for place, (low, high) in enumerate(pairwise(edges))
                            if (low is None or number >= low) and (high is None or number < high)), None))
    return _recoded(coded, places, names)


def _band_name(low: float | None, high: float | None) -> str:
    if low is None:
        return f"under {text_of(high)}" if high is not None else "any"
    return f"{text_of(low)} and over" if high is None else f"{text_of(low)} to under {text_of(high)}"


def merge(coded: Coded, groups: Mapping[str, Sequence[Any]], name: str) -> Coded:
    """Categories put together under a new name, at the place of the first of them."""
    owner: dict[str, str] = {}
    for new, old in groups.items():
        for label in old:
            if owner.setdefault(text_of(label), new) != new:
                raise InvalidInput(f"{text_of(label)!r} of {name!r} is merged twice.", rule="table.merge",
                                   value=text_of(label)[:80], next_step="Name it once.")
    known = {text_of(label) for label in coded.labels}
    if unknown := [label for label in owner if label not in known]:
        raise InvalidInput(f"{name!r} has no category {unknown[0]!r}.", rule="table.merge", value=unknown[0][:80],
                           next_step=f"There are: {', '.join(sorted(known))}."[:500])
    names: list[Any] = []
    places: dict[int, int] = {}
    for place in in_order(coded):
        shown: Any = owner.get(text_of(coded.labels[place]), coded.labels[place])
        if shown not in names:
            names.append(shown)
        places[place] = names.index(shown)
    return _recoded(coded, [places[place] for place in range(len(coded.labels))], names)


def _recoded(coded: Coded, places: Sequence[int | None], labels: Sequence[Any]) -> Coded:
    codes = pc.take(pa.array(places, type=pa.int32()), coded.codes)
    return Coded(codes, tuple(labels), ordered=True)


def without_margin_names(found: list[str]) -> list[str]:
    """A category that is called like a total is said to be a category, so that it is never taken for one."""
    return [f"{text} (category)" if is_margin_label((text,)) else text for text in found]


def missing_name(shown: list[str]) -> str:
    """What the category of missing labels is called."""
    return next(name for name in (MISSING, "(no label)", "(missing label)", "(label is missing)") if name not in shown)
