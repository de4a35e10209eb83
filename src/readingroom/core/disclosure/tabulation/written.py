"""Columns of a text file, where every value is only what was written.

Nothing is lost by guessing: identifiers keep their leading zeros, "NA" is a label like any other, and whole numbers of
any size stay exact. What a column is used for decides how its values are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from readingroom.errors import InvalidInput

MISSING_NUMBERS = ("na", "n/a", "nan", "null", "none", "#n/a", ".", "-")
"""What programs write for a number that is not there, in any case. An empty field is missing everywhere."""

WHOLE = r"^[+-]?[0-9]+$"
PLAIN_WHOLE = r"^-?(0|[1-9][0-9]*)$"
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
PLAIN_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$"
FLAG = r"^(true|false|True|False|TRUE|FALSE)$"


@dataclass(frozen=True)
class Written:
    """One column as text; null where the field is empty."""

    texts: pa.ChunkedArray


def as_numbers(written: Written, name: str) -> pa.ChunkedArray:
    """The numbers that are written; InvalidInput names the first text that is none, and where it is."""
    texts = pc.utf8_trim_whitespace(written.texts)
    texts = _without(texts, MISSING_NUMBERS)
    if _all(texts, WHOLE):
        return _wholes(texts)
    bad = pc.invert(pc.match_substring_regex(texts, NUMBER))
    if pc.any(bad).as_py():
        place = pc.index(pc.fill_null(bad, False), True).as_py()
        raise InvalidInput(
            f"The column {name!r} holds {texts[place].as_py()[:60]!r} (record {place + 1:,}), which is not a number.",
            rule="data.numbers", value=name,
            next_step="Correct it, leave it empty if it is missing, or name a column of numbers.")
    return pc.cast(texts, pa.float64())


def as_typed(written: Written) -> pa.ChunkedArray:
    """Values as a condition compares them: as numbers, dates or true and false where all are, else as text.

    A number with leading zeros is text, since it is somebody's identifier or code. A column with nothing in it is of no
    type, and can be compared with anything.
    """
    texts = written.texts
    if texts.null_count == len(texts):
        return pa.chunked_array([pa.nulls(len(texts))])
    reduced = _without(texts, MISSING_NUMBERS)
    if reduced.null_count == len(reduced):
        return texts
    if _all(reduced, PLAIN_WHOLE):
        return _wholes(reduced)
    if _all(reduced, PLAIN_NUMBER):
        return pc.cast(reduced, pa.float64())
    if _all(reduced, FLAG):
        return pc.equal(pc.utf8_lower(reduced), "true")
    for pattern, kind in ((DATE, pa.date32()), (TIME, pa.timestamp("us"))):
        if _all(reduced, pattern):
            try:
                return pc.cast(reduced, kind)
            except pa.ArrowInvalid:  # such as the 30th of February
                return texts
    return texts


def _without(texts: pa.ChunkedArray, markers: tuple[str, ...]) -> pa.ChunkedArray:
    gone = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(markers, type=texts.type))
    return pc.if_else(gone, pa.scalar(None, texts.type), texts)


def _all(texts: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py() is not False)


def _wholes(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Exactly, up to 38 digits; beyond, as floating-point numbers."""
    unsigned = pc.replace_substring_regex(texts, r"^\+", "")
    try:
        return pc.cast(unsigned, pa.int64())
    except pa.ArrowInvalid:
        longest = pc.max(pc.utf8_length(unsigned)).as_py()
    if longest > 38:
        return pc.cast(unsigned, pa.float64())
    values = [None if text is None else Decimal(text) for text in unsigned.to_pylist()]
    return pa.chunked_array([pa.array(values, type=pa.decimal128(38, 0))])
