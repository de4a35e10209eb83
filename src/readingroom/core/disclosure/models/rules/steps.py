"""Steps of a survival curve: enough people must leave in each."""

from __future__ import annotations

import itertools
import math

from readingroom.core.disclosure.models.curves import Arm, SurvivalCurve
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words, unset
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ACRO 1.0.2 (2026), survival tables; OpenSAFELY output checking guide, Kaplan-Meier (2026)"
MIDPOINT, LARGEST_FOR_MIDPOINT = 6, 7
SLACK = 0.006  # estimates are given to two decimals


def check_steps(curve: SurvivalCurve, parameters: Policy) -> list[Finding]:
    """A survival curve fails when too few people leave the risk set between two of its steps, in any arm.

    Formula: for every arm and published step events + censored >= t (or > t), and events none or >= t, since the drop
    of the estimate gives them; those still at risk after the last step are none or >= t. With counts rounded to
    midpoint 6, f(x) = 6 ceil(x/6) - 3 and f(0) = 0, before the curve is computed, no step shows an exact count: enough
    for thresholds up to 7, REVIEW above. Estimates that the counts cannot give are a contradiction.

    Source: ACRO 1.0.2 (2026), survival tables; OpenSAFELY output checking guide, Kaplan-Meier (2026).

    Example: t = 10: between months 3 and 4 one person has the event: the step's size tells who left when: fails.
    """
    if curve.arms is None:
        return [unsaid("who leaves in each step", "arms", source=SOURCE)]
    missing = unset(parameters)
    findings = [missing_parameter(*missing)] if missing else []
    findings += [Finding("model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
                         "Take the steps from the estimate.", (Cell((arm.name,)),), source=SOURCE)
                 for arm in curve.arms for fault in _faults(arm, curve.rounding == "midpoint-6")]
    if parameters.threshold is None:
        return findings
    if curve.rounding == "midpoint-6":
        return findings + _midpoints(curve.arms, parameters)
    low = [(arm.name, f"{step.time:g}", step.exits) for arm in curve.arms for step in arm.steps
           if is_low(step.exits, parameters) and (step.exits or parameters.zeros_disclosive is not False)]
    low += [(arm.name, f"{step.time:g}, with the event", step.events) for arm in curve.arms for step in arm.steps
            if step.events and is_low(step.events, parameters) and not is_low(step.exits, parameters)]
    low += [(arm.name, "after the last step", left) for arm in curve.arms
            if (left := _left(arm)) and is_low(left, parameters)]
    if low:
        said = listing([f"{name}, {when}: {plural(count, 'person', 'people')}" for name, when, count in low])
        findings.append(Finding(
            "survival.steps", Verdict.FAIL,
            f"Too few people leave in {plural(len(low), 'step')} ({said}); each needs {limit_words(parameters)}.",
            "Merge steps until enough people leave, and have the event, in each: rr.survival() does so.",
            tuple(Cell((name,), (when,)) for name, when, _ in low), {"threshold": parameters.threshold}, SOURCE))
    return findings


def _left(arm: Arm) -> int:
    last = arm.steps[-1]
    return last.at_risk - last.exits


def _midpoints(arms: tuple[Arm, ...], parameters: Policy) -> list[Finding]:
    exact = [(arm.name, f"{step.time:g}") for arm in arms for step in arm.steps
             if not all(_is_midpoint(count) for count in (step.at_risk, step.events))]
    if exact:
        return [Finding(
            "survival.steps", Verdict.FAIL,
            f"{plural(len(exact), 'step has', 'steps have')} counts that midpoint-6 rounding cannot give "
            f"({listing([f'{name}, {when}' for name, when in exact])}).", "Round at-risk and event counts first.",
            tuple(Cell((name,), (when,)) for name, when in exact), source=SOURCE)]
    if parameters.threshold is not None and parameters.threshold > LARGEST_FOR_MIDPOINT:
        return [Finding(
            "survival.steps", Verdict.REVIEW,
            f"Counts are rounded to midpoint 6, but the threshold is {parameters.threshold}.",
            "Merge steps instead.", parameters={"threshold": parameters.threshold}, source=SOURCE)]
    return []


def _is_midpoint(count: int) -> bool:
    return count == 0 or count % MIDPOINT == MIDPOINT // 2


def _faults(arm: Arm, rounded: bool) -> list[str]:
    faults = []
    steps = arm.steps
    if any(after.time <= before.time for before, after in itertools.pairwise(steps)):
        faults.append(f"the steps of {arm.name} are not in order of time")
    if rounded:
        return faults
    if arm.units is not None and steps[0].at_risk > arm.units:
        faults.append(f"{steps[0].at_risk:,} at risk of {arm.units:,} in {arm.name}")
    for step in steps:
        if step.exits > step.at_risk:
            faults.append(f"{step.exits:,} of {step.at_risk:,} leave {arm.name} at {step.time:g}")
        if step.survival is not None and not -1e-9 <= step.survival <= 1 + 1e-9:
            faults.append(f"the survival of {arm.name} at {step.time:g} is {step.survival:g}")
    for before, after in itertools.pairwise(steps):
        if after.at_risk > before.at_risk - before.exits:
            faults.append(f"more are at risk in {arm.name} at {after.time:g} than were left before")
        if before.survival is not None and after.survival is not None and after.survival > before.survival + 1e-9:
            faults.append(f"the survival of {arm.name} rises at {after.time:g}")
    return (faults or _estimates(arm))[:10]


def _estimates(arm: Arm) -> list[str]:
    """Estimates that the counts cannot give, whatever the order of events and censoring within a step.

    With d events and c censored of r a step's factor is from 1 - d/(r - c), all censored first, to exp(-d/r) (of
    Fleming and Harrington; of Kaplan and Meier 1 - d/r). Who is gone without being listed may have had the event.
    """
    faults, low, high, left = [], 1.0, 1.0, arm.units if arm.units is not None else arm.steps[0].at_risk
    for step in arm.steps:
        low *= step.at_risk / left if left else 0.0
        low *= 1 - step.events / (step.at_risk - step.censored) if step.at_risk > step.censored else 0.0
        high *= math.exp(-step.events / step.at_risk) if step.at_risk else 1.0
        left = step.at_risk - step.exits
        if step.survival is not None and not low - SLACK <= step.survival <= high + SLACK:
            said = f"{low:.3g} to {high:.3g}" if high - low > SLACK else f"{low:.3g}"
            faults.append(f"the survival of {arm.name} at {step.time:g} is {step.survival:g}, not {said}")
    return faults
