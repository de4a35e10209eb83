"""Data as callers hold it, as the engine reads it: Arrow columns, only those that are needed.

Anything that speaks the Arrow C stream interface column by column will do (pandas, Polars, Arrow), or a mapping of
names to columns. Values that Arrow cannot hold together, such as text beside numbers, become codes with labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from readingroom.core.disclosure.tabulation.written import Written, as_numbers, as_typed
from readingroom.errors import InvalidInput

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_LABELS = 20_000
"""Of one variable: more make no table that anyone reads, and are usually an identifier taken by mistake."""


@dataclass(frozen=True)
class Coded:
    """A column as places in `labels`, which may be of any type; null is a missing value.

    `ordered` says that the labels' order is the data's own (categories), and that those nobody has count too.
    """

    codes: pa.ChunkedArray
    labels: tuple[Any, ...]
    ordered: bool


Column: TypeAlias = pa.ChunkedArray | Coded | Written


def names_of(frame: object) -> list[str]:
    """What the columns are called, in order; InvalidInput if that cannot be known."""
    if isinstance(frame, Mapping):
        found: Iterable[object] | None = frame.keys()
    else:
        found = next((value for value in (
            getattr(frame, "column_names", None), getattr(getattr(frame, "schema", None), "names", None),
            getattr(frame, "columns", None)) if value is not None and not callable(value)), None)
    if found is None:
        raise InvalidInput(
            f"A {type(frame).__name__} is no table of data.", rule="data.kind", value=type(frame).__name__,
            next_step="Give a pandas or Polars data frame, or an Arrow table.")
    return [name if isinstance(name, str) else str(name) for name in found]


def take(frame: Any, wanted: Sequence[str]) -> dict[str, Column]:
    """The columns called `wanted`. InvalidInput names one that is not there, is there twice, or cannot be read."""
    frame = _held(frame)
    names = names_of(frame)
    places: dict[str, list[int]] = {name: [] for name in wanted}
    for place, name in enumerate(names):
        if name in places:
            places[name].append(place)
    for name, found in places.items():
        if not found:
            raise InvalidInput(f"The data have no column {name!r}.", rule="data.column", value=name,
                               next_step=_alike(name, names))
        if len(found) > 1:
            raise InvalidInput(f"The data have {len(found)} columns called {name!r}.", rule="data.column", value=name,
                               next_step="Rename all but one of them.")
    keys = list(frame.columns) if hasattr(frame, "columns") and not hasattr(frame, "column_names") else names
    columns = {name: _column(frame[keys[found[0]]], name) for name, found in places.items()}
    lengths = {len(_array(column)) for column in columns.values()}
    if len(lengths) > 1:
        raise InvalidInput("The columns are not equally long.", rule="data.length", value=sorted(lengths),
                           next_step="Give one table of data.")
    return columns


def _array(column: Column) -> pa.ChunkedArray:
    match column:
        case Coded():
            return column.codes
        case Written():
            return column.texts
        case _:
            return column


def length(frame: Any) -> int:
    """How many rows there are, where no column is looked at."""
    frame = _held(frame)
    if not isinstance(frame, Mapping):
        return len(frame)
    first = next(iter(frame.values()), ())
    return len(_array(first) if isinstance(first, Written | Coded) else first)


def _held(frame: Any) -> Any:
    """Streams and the like as a table; what can be asked for single columns stays as it is."""
    if isinstance(frame, Mapping) or hasattr(frame, "columns"):
        return frame
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return pa.table(frame)
    return frame


def _column(given: Any, name: str) -> Column:
    if isinstance(given, Written | Coded):
        return given
    categories = getattr(getattr(given, "cat", None), "categories", None)
    if categories is not None and hasattr(given.cat, "codes"):
        codes = pa.array(given.cat.codes, type=pa.int32(), from_pandas=True)
        return _coded(pc.if_else(pc.less(codes, 0), pa.scalar(None, pa.int32()), codes), list(categories), True, name)
    try:
        made = pa.chunked_array(given) if hasattr(given, "__arrow_c_stream__") else pa.array(given, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _by_value(given, name)
    made = made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])
    if isinstance(made.type, pa.BaseExtensionType):
        return _by_value(given, name)
    if pa.types.is_dictionary(made.type):
        joined = made.unify_dictionaries().combine_chunks()
        joined = joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)
        return _coded(joined.indices.cast(pa.int32()), _plain(joined.dictionary), True, name)
    if pa.types.is_floating(made.type):
        made = made.cast(pa.float64())
        if pc.any(pc.is_nan(made)).as_py():
            made = pc.if_else(pc.is_nan(made), pa.scalar(None, pa.float64()), made)
    return made


def plain_labels(column: pa.ChunkedArray, name: str) -> Coded:
    """A column that was read as a dictionary to save memory, and is no set of categories: labels as they occur."""
    joined = column.unify_dictionaries().combine_chunks()
    joined = joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)
    return _coded(joined.indices, joined.dictionary.to_pylist(), False, name)


def _plain(values: pa.Array) -> list[Any]:
    """Python values; of an extension type, such as pandas's intervals, as what it is stored as."""
    found: list[Any] = values.to_pylist()
    if values.type.__class__.__name__ == "ArrowIntervalType":
        ends = {"right": ("(", "]"), "left": ("[", ")"), "both": ("[", "]"), "neither": ("(", ")")}
        left, right = ends[values.type.closed]
        return [value if value is None else f"{left}{value['left']}, {value['right']}{right}" for value in found]
    return found


def _by_value(given: Any, name: str) -> Coded:
    """Any values that can be told apart; 1, 1.0, True and "1" are four, as they are four types."""
    places: dict[tuple[type, Any], int] = {}
    codes: list[int | None] = []
    try:
        for value in given:
            if value is None or _is_missing(value):
                codes.append(None)
            else:
                codes.append(places.setdefault((type(value), value), len(places)))
    except TypeError:
        raise InvalidInput(
            f"The column {name!r} holds a {type(value).__name__}, which is no single value.", rule="data.value",
            value=name, next_step="Make it text or a number first.") from None
    return _coded(pa.array(codes, type=pa.int32()), [value for _, value in places], False, name)


def _is_missing(value: Any) -> bool:
    """NaN, NaT and pandas's NA are not equal to themselves, or will not say."""
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def _coded(codes: pa.Array | pa.ChunkedArray, labels: list[Any], ordered: bool, name: str) -> Coded:
    """With equal labels made one, and missing labels made null."""
    if len(labels) > MOST_LABELS:
        ordered = False
    first: dict[tuple[type, Any], int] = {}
    try:
        wanted = [None if label is None or _is_missing(label) else first.setdefault((type(label), label), len(first))
                  for label in labels]
    except TypeError:
        raise InvalidInput(f"The categories of {name!r} are no single values.", rule="data.value", value=name,
                           next_step="Make them text or numbers first.") from None
    if wanted != list(range(len(labels))):
        codes = pc.take(pa.array(wanted, type=pa.int32()), codes)
        labels = [label for _, label in first]
    chunked = codes if isinstance(codes, pa.ChunkedArray) else pa.chunked_array([codes])
    return Coded(chunked, tuple(labels), ordered)


def variable(column: Column, name: str) -> Coded:
    """A column as labels: of a row or column variable, or what a mode is of."""
    if isinstance(column, Coded):
        labels = len(column.labels)
    else:
        try:
            encoded = _array(column).dictionary_encode().combine_chunks()
        except (pa.ArrowException, ValueError):
            raise InvalidInput(
                f"The column {name!r} holds {_array(column).type}, which makes no labels.", rule="data.value",
                value=name, next_step="Make it text, a number or a date first.") from None
        encoded = encoded if isinstance(encoded, pa.Array) else pa.concat_arrays(encoded.chunks)
        labels = len(encoded.dictionary)
    if labels > MOST_LABELS:
        raise InvalidInput(
            f"The column {name!r} has {labels:,} different values; at most {MOST_LABELS:,} make a table.",
            rule="table.cells", value=labels, next_step="Cut it into bands, or merge categories.")
    if isinstance(column, Coded):
        return column
    return _coded(encoded.indices, encoded.dictionary.to_pylist(), False, name)


def numbers(column: Column, name: str) -> pa.ChunkedArray:
    """A column of numbers, true and false as 1 and 0; InvalidInput for anything else."""
    if isinstance(column, Written):
        return as_numbers(column, name)
    if isinstance(column, Coded):
        if not all(isinstance(label, int | float) or type(label).__name__ == "Decimal" for label in column.labels):
            odd = next(label for label in column.labels if not isinstance(label, int | float))
            raise _no_numbers(name, f"a {type(odd).__name__} beside others")
        try:
            values = _as_numbers([int(label) if isinstance(label, bool) else label for label in column.labels])
        except (pa.ArrowException, OverflowError) as error:
            raise _too_long(name) from error
        return pa.chunked_array([pc.take(values, column.codes.combine_chunks())])
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8())
    if pa.types.is_null(column.type):
        return column.cast(pa.float64())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column
    if pa.types.is_decimal(column.type):
        try:
            return column.cast(pa.decimal128(38, column.type.scale)) if column.type.bit_width > 128 else column
        except pa.ArrowInvalid as error:
            raise _too_long(name) from error
    raise _no_numbers(name, str(column.type))


def _as_numbers(values: list[Any]) -> pa.Array:
    if any(isinstance(value, float) for value in values):
        return pa.array([float(value) for value in values], type=pa.float64())
    if all(isinstance(value, int) and abs(value) < 2**63 for value in values):
        return pa.array(values, type=pa.int64())
    if all(isinstance(value, int) for value in values):
        from decimal import Decimal

        return pa.array([Decimal(value) for value in values], type=pa.decimal128(38, 0))
    return pa.array(values)


def units(column: Column, name: str) -> pa.ChunkedArray:
    """A column that tells people apart; null where nobody is named."""
    if isinstance(column, Coded):
        return column.codes
    if isinstance(column, Written):
        return column.texts
    if pa.types.is_nested(column.type):
        raise InvalidInput(f"The unit {name!r} holds {column.type}, which names nobody.", rule="data.value",
                           value=name, next_step="Name the column of the people's identifiers.")
    return column


def readable(column: Column, name: str) -> pa.ChunkedArray:
    """A column as conditions look at it: its values and not their codes."""
    if isinstance(column, Written):
        return as_typed(column)
    if not isinstance(column, Coded):
        return column
    try:
        values = pa.array(list(column.labels), from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        values = pa.array([str(label) for label in column.labels])
    return pa.chunked_array([pc.take(values, column.codes.combine_chunks())])


def finite(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_floating(column.type):
        return True
    ends = pc.min_max(column).as_py()
    return all(end is None or math.isfinite(end) for end in ends.values())


def whole(column: pa.ChunkedArray) -> bool:
    """Whether all numbers are whole ones; where they are not, few rows mostly say so."""
    if pa.types.is_integer(column.type):
        return True
    first = column.slice(0, 1000)
    return all(bool(pc.all(pc.equal(some, pc.floor(some)), min_count=0).as_py()) for some in (first, column))


def _no_numbers(name: str, what: str) -> InvalidInput:
    return InvalidInput(f"The column {name!r} holds {what}, which is not made of numbers.", rule="data.numbers",
                        value=name, next_step="Name a column of numbers, or make it one first.")


def _too_long(name: str) -> InvalidInput:
    return InvalidInput(f"The column {name!r} holds numbers of more than 38 digits.", rule="data.numbers", value=name,
                        next_step="Round them, or make them floating-point numbers.")


def _alike(name: str, names: list[str]) -> str:
    if len(names) == 1 and (separator := next((one for one in SEPARATORS if one in names[0]), "")):
        return (f"The header is one name, {names[0][:80]!r}: put commas between columns, in place of "
                f"{SEPARATORS[separator]}.")
    close = get_close_matches(name, names[:2000], n=3, cutoff=0.6)
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, names[:20]))
    return f"There are {len(names):,}: {shown}{', ...' if len(names) > 20 else ''}."[:600]
