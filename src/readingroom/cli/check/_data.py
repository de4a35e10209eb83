"""Data from a file: the columns that a recipe needs, with nothing lost by guessing types."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from readingroom.core.disclosure.tabulation import frames
from readingroom.core.disclosure.tabulation.engine import columns_needed
from readingroom.core.disclosure.tabulation.recipe import Recipe
from readingroom.core.disclosure.tabulation.written import Written
from readingroom.errors import InvalidInput


def read_data(file: Path, recipe: Recipe) -> Mapping[str, Any] | pa.Table:
    """The recipe's columns of a .csv (as written) or .parquet file. InvalidInput says why it cannot be read."""
    if not file.is_file():
        raise InvalidInput(f"There is no file {file}.", rule="check.data", value=file, next_step="Give --data FILE.")
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise InvalidInput(f"{file.name} is neither .csv nor .parquet.", rule="check.data", value=file,
                           next_step="Save the data as csv (UTF-8, commas, a header line) or Parquet.")
    try:
        return reader(file, recipe)
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise InvalidInput(f"{file.name} cannot be read: {reason}", rule="check.data", value=file,
                           next_step="Save the data as csv (UTF-8, commas, a header line) or Parquet.") from error


def _csv(file: Path, recipe: Recipe) -> Mapping[str, Any]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        names = next(csv.reader(lines), [])
    if not names:
        raise InvalidInput(f"{file.name} is empty.", rule="check.data", value=file,
                           next_step="Give a file with a header line.")
    wanted = columns_needed(recipe, names) or names[:1]
    inner = [f"c{place}" for place in range(len(names))]  # names that are there twice would be one to the reader
    read = pyarrow.csv.read_csv(
        file, pyarrow.csv.ReadOptions(column_names=inner),
        pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1),
        pyarrow.csv.ConvertOptions(
            include_columns=[inner[place] for place, name in enumerate(names) if name in wanted] or inner[:1],
            column_types=dict.fromkeys(inner, pa.string()), null_values=[""], strings_can_be_null=True)).slice(1)
    for name in wanted:
        if names.count(name) > 1:
            raise InvalidInput(f"{file.name} has {names.count(name)} columns called {name!r}.", rule="data.column",
                               value=name, next_step="Rename all but one of them.")
    found: dict[str, Any] = {
        name: Written(read.column(inner[names.index(name)])) for name in wanted if name in names}
    return found | {name: None for name in names if name not in found}  # known by name, and not looked at


def _parquet(file: Path, recipe: Recipe) -> Mapping[str, Any]:
    """Columns as the file has them; labels of text as codes, which take a fraction of the memory."""
    schema = pq.read_schema(file)
    wanted = [name for name in columns_needed(recipe, schema.names) if name in schema.names]
    texts = [name for name in wanted if name in (*recipe.rows, *recipe.columns) and schema.names.count(name) == 1
             and pa.types.is_string(schema.field(name).type)]
    read = pq.read_table(file, columns=wanted or schema.names[:1], read_dictionary=texts, pre_buffer=False)
    if len(set(schema.names)) != len(schema.names):
        return read
    found = {name: frames.plain_labels(read.column(name), name) if name in texts else read.column(name)
             for name in read.column_names}
    return found | {name: None for name in schema.names if name not in found}


READERS = {".csv": _csv, ".parquet": _parquet, ".pq": _parquet}
