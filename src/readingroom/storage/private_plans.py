"""The three OpenDP plans there are. Needs opendp and polars, so only the release worker imports this.

Every freedom that known defects need is absent (notes/dp.md 2): no casts, cuts, derived columns, invariants,
tight lengths, unknown keys, floats or library-made scales. Views are bounded per person before they get here.
"""

from __future__ import annotations

from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import opendp.prelude as dp
import polars as pl

from readingroom.core.privacy.pricing import GROUPS, HALF_UNITS, MAX_ROWS, PERSONS, SCALE_UNIT, SUMS, Shape
from readingroom.errors import IntegrityError

dp.enable_features("contrib")

TOLERANCE = Fraction(1, 10**9)


def compile_plan(shape: Shape) -> tuple[Any, Any]:
    """(measurement, d_in): what the library will release, and what one person can change in the view."""
    scale = shape.scale / SCALE_UNIT
    loss = dp.zero_concentrated_divergence()
    length = dp.len(scale=scale, signed=True).alias("number")
    if shape.kind == PERSONS:
        domain = _domain(person="String", key="i64")
        metric = dp.symmetric_id_distance(identifier=pl.col("person"))
        people = _empty(person=pl.String, key=pl.Int64).group_by("person").agg(pl.col("key").first())
        plan = _with_keys(people.group_by("key").agg(length), shape)
        return dp.m.make_private_lazyframe(domain, metric, loss, plan), 1
    if shape.kind == GROUPS:
        plan = _with_keys(_empty(key=pl.Int64).group_by("key").agg(length), shape)
        metric = dp.frame_distance(dp.symmetric_distance())
        bounds = [
            dp.polars.Bound(by=["key"], per_group=1, num_groups=shape.contributions),
            dp.polars.Bound(by=[], per_group=shape.contributions),
        ]
        return dp.m.make_private_lazyframe(_domain(key="i64"), metric, loss, plan), bounds
    assert shape.kind == SUMS
    domain = dp.with_margin(_domain(value="i64"), dp.polars.Margin(by=[], max_length=MAX_ROWS))
    total = pl.col("value").fill_null(0).dp.sum((-HALF_UNITS, HALF_UNITS), scale=shape.sum_scale / SCALE_UNIT)
    plan = _empty(value=pl.Int64).select(total.alias("total"), length)
    return dp.m.make_private_lazyframe(domain, dp.symmetric_distance(), loss, plan), shape.contributions


def checked_plan(shape: Shape, rho_micro: int) -> Any:
    """The measurement, after the library's loss was found equal to ours and within the charge."""
    measurement, d_in = compile_plan(shape)
    check_loss(Fraction(measurement.map(d_in)), shape, rho_micro)
    return measurement


def check_loss(library: Fraction, shape: Shape, rho_micro: int) -> None:
    own, charge = shape.loss(), Fraction(rho_micro, 1_000_000)
    if abs(library - own) > own * TOLERANCE or own > charge or library > charge:
        raise IntegrityError("Two computations of the privacy loss disagree.", rule="privacy-loss")


def release(measurement: Any, shape: Shape, view: Path) -> dict[str, list[int]]:
    """Run it once: `number` per key in key order, or `total` and `number`. Fresh noise at every call."""
    frame = measurement(pl.scan_parquet(view)).collect()
    if shape.kind == SUMS:
        return {"total": [int(frame["total"][0])], "number": [int(frame["number"][0])]}
    numbers = dict(zip(frame["key"].to_list(), frame["number"].to_list(), strict=True))
    return {"number": [int(numbers[key]) for key in range(shape.keys)]}


def versions() -> dict[str, str]:
    return {"opendp": version("opendp"), "polars": version("polars")}


def _empty(**schema: Any) -> pl.LazyFrame:
    return pl.LazyFrame(schema=schema)


def _domain(**columns: str) -> Any:
    return dp.lazyframe_domain(
        [dp.series_domain(name, dp.atom_domain(T=kind)) for name, kind in columns.items()]
    )


def _with_keys(plan: pl.LazyFrame, shape: Shape) -> pl.LazyFrame:
    keys = pl.LazyFrame({"key": list(range(shape.keys))}, schema={"key": pl.Int64})
    return keys.join(plan, on="key", how="left", nulls_equal=True)
