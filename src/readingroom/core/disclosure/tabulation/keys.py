"""Record keys for cell-key perturbation: one for each person, from who they are, never from where their row is."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from readingroom.core.disclosure.protect.cell_key import record_keys
from readingroom.core.disclosure.tabulation import frames
from readingroom.core.disclosure.tabulation.frames import Column


def key_column(column: Column, name: str, secret: bytes) -> pa.ChunkedArray:
    """The record key of each row's person; null where nobody is named.

    7 and 7.0 are one person, since a column of numbers becomes one of decimals as soon as a value is missing.
    """
    told = frames.units(column, name)
    if isinstance(column, frames.Coded):
        identities, places = list(column.labels), told.combine_chunks()
    else:
        encoded = told.dictionary_encode().combine_chunks()
        encoded = encoded if isinstance(encoded, pa.Array) else pa.concat_arrays(encoded.chunks)
        identities, places = encoded.dictionary.to_pylist(), encoded.indices
    keys = record_keys(map(_identity, identities), secret) if identities else np.zeros(0, dtype=np.uint64)
    return pa.chunked_array([pc.take(pa.array(keys, type=pa.uint64()), places)])


def _identity(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def fingerprint(secret: bytes) -> str:
    """What tells two secrets apart and gives neither away. InvalidInput if the secret is too short to be one.

    >>> fingerprint(b"0123456789abcdef") == fingerprint(b"0123456789abcdeg")
    False
    """
    record_keys((), secret)
    return hashlib.blake2b(b"fingerprint", key=secret[:64], digest_size=8).hexdigest()

