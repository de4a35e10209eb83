"""An Arrow table as an R data frame, in R's own serialization, so that types, missing values and factors stay exact.

Source: "R Internals", section 1.8 (Serialization Formats): version 2, big-endian. There is no reader of Parquet among
Debian's packages for R; a stream of columns needs no temporary file and no guess about types.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy
import pyarrow as pa

from readingroom.errors import InvalidInput

LOGICAL, INTEGER, REAL, TEXT, LIST = 10, 13, 14, 16, 19
OBJECT, ATTRIBUTES, TAG = 0x100, 0x200, 0x400
PAIRS, SYMBOL, END = 2, 1, 254
ASCII_CHARACTERS, UTF8_CHARACTERS, MISSING_CHARACTERS = 0x40009, 0x8009, 9
MISSING_INTEGER = -(2**31)
MISSING_REAL = numpy.array([0x7FF00000000007A2], dtype=numpy.uint64).view(numpy.float64)[0]
LARGEST_EXACT = 2**53
HEADER = b"X\n" + struct.pack(">iii", 2, 0x040202, 0x020300)


def write(table: pa.Table, attributes: dict[str, str], to: BinaryIO) -> None:
    """Write `table` as a data frame that R's `unserialize` reads; `attributes` become attributes of the frame.

    Raises InvalidInput for a type that R has nothing like.
    """
    to.write(HEADER + struct.pack(">ii", LIST | OBJECT | ATTRIBUTES, table.num_columns))
    for name in table.column_names:
        to.write(_column(name, table.column(name).combine_chunks()))
    rows = struct.pack(">iiii", INTEGER, 2, MISSING_INTEGER, -table.num_rows)
    to.write(_attributes({"names": _texts(table.column_names), "row.names": rows, "class": _texts(["data.frame"]),
                          **{name: _texts([value]) for name, value in attributes.items()}}))


def _column(name: str, values: pa.Array) -> bytes:
    kind = values.type
    if pa.types.is_dictionary(kind):
        classes = ["ordered", "factor"] if kind.ordered else ["factor"]
        codes = values.indices.cast(pa.int32()).to_numpy(zero_copy_only=False)
        present = values.indices.is_valid().to_numpy(zero_copy_only=False)
        ones = numpy.where(present, numpy.nan_to_num(codes) + 1, MISSING_INTEGER)
        levels = [str(level) for level in values.dictionary.to_pylist()]
        return _numbers(INTEGER, ones, {"levels": _texts(levels), "class": _texts(classes)})
    if pa.types.is_boolean(kind):
        return _numbers(LOGICAL, _filled(values.cast(pa.int32()), MISSING_INTEGER))
    if pa.types.is_integer(kind):
        return _whole(values)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(REAL, _filled(values.cast(pa.float64()), MISSING_REAL))
    if pa.types.is_date(kind):
        days = _filled(values.cast(pa.date32()).cast(pa.int32()).cast(pa.float64()), MISSING_REAL)
        return _numbers(REAL, days, {"class": _texts(["Date"])})
    if pa.types.is_timestamp(kind):
        micros = values.cast(pa.timestamp("us", kind.tz)).cast(pa.int64()).cast(pa.float64(), safe=False)
        present = values.is_valid().to_numpy(zero_copy_only=False)
        seconds = numpy.where(present, _filled(micros, 0.0) / 1e6, MISSING_REAL)
        return _numbers(REAL, seconds, {"class": _texts(["POSIXct", "POSIXt"]), "tzone": _texts([kind.tz or "UTC"])})
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _strings(values)
    if pa.types.is_null(kind):
        return _numbers(LOGICAL, numpy.full(len(values), MISSING_INTEGER))
    raise InvalidInput(f"R has nothing like the type of {name}.", rule="r.type", value=str(kind),
                       next_step="Leave the column out with columns = ..., or read it in Python.")


def _whole(values: pa.Array) -> bytes:
    """Integers where R's 32 bits hold them, else doubles where those are exact, else text."""
    least, most = _range(values)
    if least > -(2**31) and most < 2**31:
        return _numbers(INTEGER, _filled(values.cast(pa.int32()), MISSING_INTEGER))
    if least >= -LARGEST_EXACT and most <= LARGEST_EXACT:
        return _numbers(REAL, _filled(values.cast(pa.float64()), MISSING_REAL))
    return _strings(values.cast(pa.string()))


def _range(values: pa.Array) -> tuple[int, int]:
    import pyarrow.compute as pc

    found = pc.min_max(values).as_py()
    return found["min"] or 0, found["max"] or 0


def _filled(values: pa.Array, missing: Any) -> Any:
    """As numpy, with R's own mark where a value is missing; NaN stays NaN."""
    present = values.is_valid().to_numpy(zero_copy_only=False)
    return numpy.where(present, values.fill_null(0).to_numpy(zero_copy_only=False), missing)


def _numbers(kind: int, values: Any, attributes: dict[str, bytes] | None = None) -> bytes:
    flags = kind | (ATTRIBUTES if attributes else 0) | (OBJECT if attributes and "class" in attributes else 0)
    body = numpy.asarray(values).astype(">f8" if kind == REAL else ">i4").tobytes()
    return struct.pack(">ii", flags, len(values)) + body + (_attributes(attributes) if attributes else b"")


def _strings(values: pa.Array) -> bytes:
    coded = values.dictionary_encode()
    known = [_characters(text) for text in coded.dictionary.to_pylist()]
    missing = struct.pack(">ii", MISSING_CHARACTERS, -1)
    body = b"".join(missing if code is None else known[code] for code in coded.indices.to_pylist())
    return struct.pack(">ii", TEXT, len(values)) + body


def _texts(texts: list[str]) -> bytes:
    return struct.pack(">ii", TEXT, len(texts)) + b"".join(_characters(text) for text in texts)


def _characters(text: str) -> bytes:
    """R's strings hold no zero byte; one is shown as the sign for what cannot be."""
    encoded = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode()
    return struct.pack(">ii", ASCII_CHARACTERS if encoded.isascii() else UTF8_CHARACTERS, len(encoded)) + encoded


def _attributes(attributes: dict[str, bytes]) -> bytes:
    pairs = b"".join(
        struct.pack(">ii", PAIRS | TAG, SYMBOL) + _characters(name) + value for name, value in attributes.items())
    return pairs + struct.pack(">i", END)
