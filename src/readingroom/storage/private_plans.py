"""The OpenDP plans there are, one per shape. Needs opendp and polars, so only the release worker imports this.

Every freedom that known defects need is absent (notes/dp.md 2): no casts, cuts, derived columns, invariants,
tight lengths, floats or library-made scales, and unknown keys only through the path that releases strictly above
its threshold. Views are bounded per person before they get here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import opendp.prelude as dp
import polars as pl

from readingroom.core.privacy.accounting import DELTA_UNITS
from readingroom.core.privacy.queries import ALPHA_UNIT
from readingroom.core.privacy.shapes import MAX_ROWS, PAIRS, PEOPLE, QUANTILES, THRESHOLD, TOP, Shape
from readingroom.errors import IntegrityError

dp.enable_features("contrib")

TOLERANCE = Fraction(1, 10**9)
DELTA_TOLERANCE = 1e-5  # the library rounds a tail upwards in several steps
Released = dict[str, list[Any]]


@dataclass(frozen=True)
class Plan:
    """What will be released of a view: `run` draws fresh noise at every call. `loss` and `delta` are the library's.

    So is `one_group`: the loss of a grouped quantile for people with all their rows in one group, the most there is.
    """

    shape: Shape
    loss: Fraction
    delta: float
    prepare: Callable[[Path], Callable[[], Released]]
    one_group: Fraction | None = None


def compile_plan(shape: Shape) -> Plan:
    if len({noisy.scale for noisy in shape.noisy}) < len(shape.noisy):
        raise IntegrityError("Two numbers of a release would share their noise.", rule="privacy-noise")
    if shape.kind == TOP:
        return _top(shape)
    measure = _measure(shape)
    if shape.kind == THRESHOLD:
        plan = _empty(key=pl.String).group_by("key").agg(_length(shape))
        made = dp.m.make_private_lazyframe(_domain(key="String"), dp.frame_distance(dp.symmetric_distance()),
                                           dp.approximate(measure), plan, threshold=shape.threshold)
        loss, delta = made.map(_once_per_group(shape))
        return Plan(shape, Fraction(loss), float(delta), _running(made, _as_found))
    if shape.kind == PEOPLE:
        plan = _with_keys(_empty(key=pl.Int32).group_by("key").agg(_length(shape)), shape)
        made = dp.m.make_private_lazyframe(_domain(key="i32"), dp.frame_distance(dp.symmetric_distance()), measure,
                                           plan)
        return Plan(shape, Fraction(made.map(_once_per_group(shape))), 0.0, _running(made, _by_key(shape)))
    outputs = _quantiles(shape) if shape.kind == QUANTILES else _sums(shape)
    columns = 1 if shape.kind == QUANTILES else len(shape.noisy) - shape.counts
    kinds = {"key": "i32"} | {f"v{place}": "i64" for place in range(columns)}
    domain = dp.with_margin(_domain(**kinds), dp.polars.Margin(by=[], max_length=MAX_ROWS))
    frame = _empty(**{name: pl.Int32 if kind == "i32" else pl.Int64 for name, kind in kinds.items()})
    plan = _with_keys(frame.group_by("key").agg(*outputs), shape) if shape.grouped or shape.kind != QUANTILES \
        else frame.select(*outputs)
    made = dp.m.make_private_lazyframe(domain, dp.symmetric_distance(), measure, plan)
    return Plan(shape, Fraction(made.map(shape.contributions)), 0.0, _running(made, _by_key(shape)),
                _in_one_group(shape, domain, measure, plan) if shape.kind == QUANTILES and shape.grouped else None)


def checked_plans(shapes: Sequence[Shape], amount: Fraction, femto_delta: int) -> list[Plan]:
    """The plans, after the library's losses were found equal to ours and together within what was paid."""
    found = [compile_plan(shape) for shape in shapes]
    for plan in found:
        check_loss(plan)
    paid = sum((plan.loss * plan.shape.loss() / plan.shape.library_loss() for plan in found), Fraction(0))
    if paid > amount or sum(plan.delta for plan in found) > femto_delta / DELTA_UNITS:
        raise _disagreement()
    return found


def check_loss(plan: Plan) -> None:
    """Refuse unless two computations of the same loss agree: the library's from its plan, ours in closed form."""
    own = plan.shape.library_loss()
    own_delta = plan.shape.delta()
    if abs(plan.loss - own) > own * TOLERANCE or abs(plan.delta - own_delta) > own_delta * DELTA_TOLERANCE + 1e-15:
        raise _disagreement()
    if plan.shape.kind == QUANTILES and plan.one_group is not None and abs(
            plan.one_group - plan.shape.loss()) > plan.shape.loss() * TOLERANCE:
        raise _disagreement()
    if plan.shape.kind == PAIRS:
        bound = plan.shape.contributions * plan.shape.noisy[0].bound
        joint = dp.m.make_laplace(dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64"),
                                  float(plan.shape.noisy[0].real_scale))
        if abs(Fraction(joint.map(bound)) - plan.shape.loss()) > own * TOLERANCE:
            raise _disagreement()


def versions() -> dict[str, str]:
    return {"opendp": version("opendp"), "polars": version("polars")}


def _disagreement() -> IntegrityError:
    return IntegrityError("Two computations of the privacy loss disagree.", rule="privacy-loss")


# --- what is released ---

def _length(shape: Shape) -> Any:
    return dp.len(scale=float(shape.noisy[0].real_scale), signed=True).alias("number")


def _sums(shape: Shape) -> list[Any]:
    outputs = [_length(shape)] if shape.counts else []
    for place, noisy in enumerate(shape.noisy[int(shape.counts):]):
        bounds = (0, noisy.bound) if shape.kind == PAIRS else (-noisy.bound, noisy.bound)
        total = pl.col(f"v{place}").fill_null(0).dp.sum(bounds, scale=float(noisy.real_scale))
        outputs.append(total.alias(f"v{place}"))
    return outputs


def _quantiles(shape: Shape) -> list[Any]:
    places = [2 * place for place in range(shape.candidates)]
    return [pl.col("v0").fill_null(0).dp.quantile(numerator / ALPHA_UNIT, candidates=places,
                                                  scale=float(noisy.real_scale)).alias(f"q{place}")
            for place, (numerator, noisy) in enumerate(zip(shape.quantiles, shape.noisy, strict=True))]


def _top(shape: Shape) -> Plan:
    made = dp.m.make_noisy_top_k(dp.vector_domain(dp.atom_domain(T="i64")), dp.linf_distance(T="i64", monotonic=True),
                                 _measure(shape), k=shape.chosen, scale=float(shape.noisy[0].real_scale))

    def prepare(view: Path) -> Callable[[], Released]:
        found = pl.scan_parquet(view).group_by("key").agg(pl.len()).collect()
        counted = dict(zip(found["key"].to_list(), found["len"].to_list(), strict=True))
        exact = [int(counted.get(place, 0)) for place in range(shape.keys)]
        return lambda: {"chosen": [int(place) for place in made(exact)]}

    return Plan(shape, Fraction(made.map(1)), 0.0, prepare)


def _running(made: Any, read: Callable[[pl.DataFrame], Released]) -> Callable[[Path], Callable[[], Released]]:
    def prepare(view: Path) -> Callable[[], Released]:
        frame = pl.scan_parquet(view)
        return lambda: read(made(frame).collect())

    return prepare


def _by_key(shape: Shape) -> Callable[[pl.DataFrame], Released]:
    """The released columns, in the order of the groups."""
    def read(frame: pl.DataFrame) -> Released:
        ordered = frame.sort("key") if "key" in frame.columns else frame
        assert ordered.height == shape.keys, "every group that was asked for is there"
        columns = {name: [int(value) for value in ordered[name].to_list()] for name in ordered.columns}
        if shape.kind == QUANTILES:
            return {"quantiles": [[value // 2 for value in columns[f"q{place}"]]
                                  for place in range(len(shape.quantiles))]}
        counted = {"number": columns["number"]} if shape.counts else {}
        sums = len(shape.noisy) - shape.counts
        return counted | {"sums": [columns[f"v{place}"] for place in range(sums)]}

    return read


def _as_found(frame: pl.DataFrame) -> Released:
    return {"keys": frame["key"].to_list(), "number": [int(value) for value in frame["number"].to_list()]}


# --- the library's words ---

def _measure(shape: Shape) -> Any:
    return dp.max_divergence() if shape.pure else dp.zero_concentrated_divergence()


def _in_one_group(shape: Shape, domain: Any, measure: Any, plan: pl.LazyFrame) -> Fraction:
    made = dp.m.make_private_lazyframe(domain, dp.frame_distance(dp.symmetric_distance()), measure, plan)
    return Fraction(made.map([dp.polars.Bound(by=["key"], per_group=shape.contributions, num_groups=1),
                              dp.polars.Bound(by=[], per_group=shape.contributions)]))


def _once_per_group(shape: Shape) -> list[Any]:
    return [dp.polars.Bound(by=["key"], per_group=1, num_groups=shape.contributions),
            dp.polars.Bound(by=[], per_group=shape.contributions)]


def _empty(**schema: Any) -> pl.LazyFrame:
    return pl.LazyFrame(schema=schema)


def _domain(**columns: str) -> Any:
    return dp.lazyframe_domain(
        [dp.series_domain(name, dp.atom_domain(T=kind)) for name, kind in columns.items()])


def _with_keys(plan: pl.LazyFrame, shape: Shape) -> pl.LazyFrame:
    keys = pl.LazyFrame({"key": list(range(shape.keys))}, schema={"key": pl.Int32})
    return keys.join(plan, on="key", how="left", nulls_equal=True)
