"""Data as a catalogue describes them: codes as their labels, the same as `readingroom.load` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from readingroom.core.datasets import code_of, distinct_labels
from readingroom.core.disclosure.tabulation.frames import Coded, Column

Codes = Mapping[str, Mapping[str, str]]
"""By column, the label of each code; columns without codes are left out, or have none."""


def as_loaded(rows: pa.Table, codes: Codes) -> dict[str, Column]:
    """The columns of a table, those with codes as labels in the catalogue's order; what it does not know comes last."""
    return {name: labelled(rows.column(name), known) if (known := codes.get(name)) else rows.column(name)
            for name in rows.column_names}


def labelled(column: pa.ChunkedArray, codes: Mapping[str, str]) -> Coded:
    labels = distinct_labels(codes)
    encoded = column.dictionary_encode().combine_chunks()
    encoded = encoded if isinstance(encoded, pa.Array) else pa.concat_arrays(encoded.chunks)
    names = [_name(value, labels) for value in encoded.dictionary.to_pylist()]
    order = tuple(dict.fromkeys([*labels.values(), *sorted({name for name in names if name is not None})]))
    places = {label: place for place, label in enumerate(order)}
    wanted = pa.array([None if name is None else places[name] for name in names], pa.int32())
    return Coded(pa.chunked_array([pc.take(wanted, encoded.indices)]), order, ordered=True)


def _name(value: Any, labels: Mapping[str, str]) -> str | None:
    if value is None or value != value:
        return None
    return labels.get(code_of(value), code_of(value))
