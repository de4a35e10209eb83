"""Kaplan-Meier curves whose every step rests on enough people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk._columns import check_number, note, used
from readingroom.sdk._estimates import Estimates, rounded

if TYPE_CHECKING:
    import numpy
    import pandas

    from readingroom.core.policy import Policy

COLUMNS = {"none": ("at risk", "survival"), "midpoint-6": ("at risk", "events", "survival")}
EVERYONE = "everyone"


def survival(
    frame: pandas.DataFrame,
    duration: str,
    event: str,
    *,
    by: str | None = None,
    unit: str | None = None,
    rounding: str = "none",
) -> Estimates:
    """Kaplan-Meier curves of the time `duration` until `event` (1; 0 where it was not seen), one per group of `by`.

    Steps are merged until so many people leave, and have the event, in each as the project's rules ask for, so that no
    step is one person's.
    The counts of events and of people censored are not shown, only who is at risk and the estimate.
    With `rounding="midpoint-6"`, counts at risk and of events are rounded first, and the curve is computed from them.
    A frame needs one row per person.
    """
    from readingroom.sdk._preflight import rules

    held, unit = used(frame, [duration, event, *([by] if by else [])], unit)
    _check(held, duration, event, unit, rounding)
    enough = _enough(rules().policy)
    arms, rows = [], []
    groups = [(str(name), part) for name, part in held.groupby(by, observed=True)] if by else [(EVERYONE, held)]
    for name, part in groups:
        steps = merged(exits(part[duration].to_numpy(dtype=float), part[event].to_numpy(dtype=float)), enough)
        steps = _rounded(steps) if rounding == "midpoint-6" else steps
        arms.append({"name": name, "units": len(part), "steps": steps})
        rows += [((f"{name}, {_time(step['time'])}",), {
            column: rounded(step[column], 3) if column == "survival" else str(step[column.replace(" ", "_")])
            for column in COLUMNS[rounding]}) for step in steps]
    description = {"type": "kaplan-meier", "rounding": rounding, "arms": arms}
    how = "Counts are rounded to midpoint 6." if rounding != "none" else (
        "Steps are merged until enough people leave in each.")
    return Estimates(f"Kaplan-Meier estimate of {duration}" + (f" by {by}" if by else ""),
                     (f"{by or 'group'}, {duration}",), COLUMNS[rounding], tuple(rows), description,
                     f"{note(held, unit)} {how}")


def exits(durations: numpy.ndarray, events: numpy.ndarray) -> list[dict[str, Any]]:
    """Every time at which somebody leaves: people at risk, with the event, censored; the estimate after it."""
    import numpy

    times, codes = numpy.unique(durations, return_inverse=True)
    had = numpy.bincount(codes, weights=events, minlength=len(times)).astype(int)
    left = numpy.bincount(codes, minlength=len(times))
    at_risk = len(durations) - numpy.concatenate([[0], numpy.cumsum(left)[:-1]])
    survival = numpy.cumprod(1 - had / at_risk)
    return [
        {
            "time": float(time),
            "at_risk": int(risk),
            "events": int(one),
            "censored": int(gone - one),
            "survival": float(estimate),
        }
        for time, risk, one, gone, estimate in zip(times, at_risk, had, left, survival, strict=True)
    ]


def merged(steps: list[dict[str, Any]], enough: Callable[[int], bool]) -> list[dict[str, Any]]:
    """Steps joined, from the first, until enough people leave in each, and nobody or enough of them with the event; too
    few at the end join the step before."""
    joined: list[dict[str, Any]] = []
    open_step: dict[str, Any] | None = None
    for step in steps:
        open_step = dict(step) if open_step is None else _join(open_step, step)
        events = open_step["events"]
        if enough(events + open_step["censored"]) and (not events or enough(events)):
            joined.append(open_step)
            open_step = None
    if open_step is not None:
        joined.append(_join(joined.pop(), open_step) if joined else open_step)
    return joined


def _join(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {
        "time": second["time"],
        "at_risk": first["at_risk"],
        "events": first["events"] + second["events"],
        "censored": first["censored"] + second["censored"],
        "survival": second["survival"],
    }


def _enough(policy: Policy) -> Callable[[int], bool]:
    from readingroom.core.disclosure.rules.threshold import is_low

    return lambda people: not is_low(people, policy)


def _rounded(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Counts at the midpoint of their six, and the estimate from these alone."""
    estimate, made = 1.0, []
    for step in steps:
        at_risk, events = _midpoint(step["at_risk"]), _midpoint(step["events"])
        estimate *= max(0.0, 1 - events / at_risk) if at_risk else 1.0
        made.append({"time": step["time"], "at_risk": at_risk, "events": events, "survival": estimate})
    return made


def _time(time: float) -> str:
    return str(int(time)) if time.is_integer() else repr(time)


def _midpoint(count: int) -> int:
    return -(-count // 6) * 6 - 3 if count else 0


def _check(held: pandas.DataFrame, duration: str, event: str, unit: str, rounding: str) -> None:
    if rounding not in COLUMNS:
        raise InvalidInput(
            f"{rounding!r} is no rounding offered.",
            rule="survival.rounding",
            value=rounding,
            next_step="Use one of none, midpoint-6.",
        )
    check_number(held, duration)
    if (held[duration] < 0).any():
        raise InvalidInput(
            f"{duration} is below zero in some row.",
            rule="survival.duration",
            value=duration,
            next_step="Durations count from zero.",
        )
    if not held[event].isin([0, 1]).all():
        raise InvalidInput(
            f"{event} has values other than 0 and 1.",
            rule="survival.event",
            value=event,
            next_step="1 where the event was seen, 0 where the person was only followed until then.",
        )
    if held[unit].duplicated().any():
        raise InvalidInput(
            "Some people have several rows.",
            rule="survival.unit",
            value=int(held[unit].duplicated().sum()),
            next_step="Take one row per person first.",
        )
