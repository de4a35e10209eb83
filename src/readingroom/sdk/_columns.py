"""The columns of a frame that an analysis uses, over the rows that have them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    import pandas


def as_pandas(frame: Any) -> pandas.DataFrame:
    """A data frame of pandas, also from Polars or Arrow, which forget whose rows they hold."""
    import pandas

    if isinstance(frame, pandas.DataFrame):
        return frame
    convert = getattr(frame, "to_pandas", None)
    if not callable(convert):
        raise InvalidInput(f"A {type(frame).__name__} is no data frame.", rule="data.frame", value=type(frame).__name__,
                           next_step="Give a pandas or Polars data frame, or an Arrow table.")
    made: pandas.DataFrame = convert()
    return made


def used(frame: Any, names: list[str], unit: str | None) -> tuple[pandas.DataFrame, str]:
    """These columns and the unit's, without rows that lack one; `.attrs` stay, and say how many rows were left out."""
    held = as_pandas(frame)
    unit = unit or held.attrs.get("privacy_unit")
    if not unit:
        raise InvalidInput("Nothing says which column holds the people.", rule="data.unit",
                           next_step="Load the data with rr.load(), or give unit='person_id'.")
    unknown = [name for name in [*names, unit] if name not in held.columns]
    if unknown or len({*names, unit}) != len(names) + 1:
        raise InvalidInput(f"The frame has no column {', '.join(map(repr, unknown))}." if unknown
                           else "Each variable, and the unit, is a column of its own.", rule="data.column",
                           value=", ".join(map(str, unknown or [*names, unit])),
                           next_step=f"Columns: {', '.join(map(str, held.columns))}."[:500])
    made = held[[*names, unit]].dropna()
    if made.empty:
        raise InvalidInput("No row has all variables.", rule="data.empty", value=", ".join(names),
                           next_step="Look for a variable that is missing everywhere.")
    made.attrs = {**held.attrs, "left_out": len(held) - len(made)}
    return made, unit


def check_number(frame: pandas.DataFrame, name: str) -> None:
    """InvalidInput unless the column holds a finite number in every row."""
    import numpy
    import pandas

    if not pandas.api.types.is_numeric_dtype(frame[name]) or not numpy.isfinite(frame[name].to_numpy(float)).all():
        raise InvalidInput(f"{name} is no finite number in every row.", rule="data.number", value=name,
                           next_step="Use a numeric column, and replace infinities by missing values.")


def note(frame: pandas.DataFrame, unit: str) -> str:
    """Whose rows these are, and how many are not in it."""
    left = frame.attrs.get("left_out", 0)
    return f"{len(frame):,} rows of {frame[unit].nunique():,} people (distinct {unit})." + (
        f" {left:,} rows with missing values are not in it." if left else "")
