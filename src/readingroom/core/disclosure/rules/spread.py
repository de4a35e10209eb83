"""Standard deviations and variances: enough people, and no value that n, mean and SD give away."""

from __future__ import annotations

import math
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, Scale, TableEvidence
from readingroom.core.disclosure.rules.enumeration import LARGEST_EXACT, MOST_STEPS, Moments, Revealed, revealed
from readingroom.core.disclosure.rules.magnitude import NOISE, exact
from readingroom.core.disclosure.rules.wording import (
    in_reading_order,
    listing,
    missing_parameter,
    number,
    plural,
    unchecked,
)
from readingroom.core.disclosure.statistics import Family, canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "ACRO 1.0.2, `safe_dof_threshold` (2026); enumeration after Derrick, Green, Ritchie & White, "
    "Disclosure risks of means and standard deviations (uwedragon 0.1.0, 2022)"
)


def _range(value: float, decimals: int | None) -> tuple[Fraction, Fraction]:
    """What may have been rounded to this; without decimals the number is taken as exact up to the noise of floats."""
    half = abs(exact(value)) / NOISE if decimals is None else Fraction(1, 2 * 10**decimals)
    return exact(value) - half, exact(value) + half


def _moments(cell: CellEvidence, evidence: TableEvidence, scale: Scale) -> Moments | None:
    """The published numbers in steps of the scale; None where the evidence does not say them."""
    step, lowest = exact(scale.step), exact(scale.lowest)
    shown_variance = cell.sd is None and canonical(evidence.statistic) == "variance"
    spread = cell.value if cell.sd is None else cell.sd
    if spread is None:
        return None
    low, high = (max(Fraction(), limit) for limit in _range(spread, evidence.decimals))
    variance = (low / step**2, high / step**2) if shown_variance else ((low / step) ** 2, (high / step) ** 2)
    if cell.mean is None:
        return Moments(cell.records, None, variance)
    least, most = _range(cell.mean, evidence.decimals)
    return Moments(cell.records, ((least - lowest) / step, (most - lowest) / step), variance)


def check_spread(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A standard deviation or variance fails when it rests on too few degrees of freedom, or reveals a value.

    Formula: unsafe when n - 1 < d0 (`residual_degrees_of_freedom`), n counting people; a standard deviation of 0 is
    unsafe by the rule on all-equal values. Where a discrete scale is declared: unsafe when some value occurs in every
    sample of n values on the scale that has the published mean and standard deviation after rounding. Where the data
    are whole numbers of at most ten steps and nobody declared a scale, the same is REVIEW. Scales of more than 20 steps
    are REVIEW. In samples of more than 16 values, one that people of the threshold's number may have is
    told of nobody; of more than 40 not all samples are looked at, and it is REVIEW where for some value none was found
    that lacks it, or has it so often.

    Source: ACRO 1.0.2, `safe_dof_threshold` (2026); enumeration after Derrick, Green, Ritchie & White, Disclosure
    risks of means and standard deviations (uwedragon 0.1.0, 2022).

    Example: d0 = 10: 10 people leave 9: fails; 11 pass. Twelve people with mean 4.92 and SD 0.29 on a scale from 1 to
    5 must be eleven fives and a four: fails.
    """
    if evidence.family is not Family.SHAPE:
        return []
    needed = parameters.residual_degrees_of_freedom
    if needed is None:
        return [missing_parameter("residual_degrees_of_freedom")]
    filled = in_reading_order([cell for cell in evidence.published if cell.people])
    few = [cell for cell in filled if cell.people - 1 < needed]
    findings = []
    if few:
        described = listing([f"{cell.name}: {cell.people - 1}" for cell in few])
        findings.append(
            Finding(
                "spread",
                Verdict.FAIL,
                f"{plural(len(few), 'cell leaves', 'cells leave')} too few degrees of freedom ({described}); "
                f"{needed} are needed, so {needed + 1} people.",
                "Merge these cells with others or suppress them.",
                tuple(cell.place for cell in few),
                {"residual_degrees_of_freedom": needed},
                SOURCE,
            )
        )
    return findings + (_enumerated(filled, evidence, evidence.scale, _many(parameters)) if evidence.scale else [])


def _many(parameters: Policy) -> int | None:
    """So many people that a value is nobody's own."""
    if parameters.threshold is None:
        return None
    return parameters.threshold + (parameters.threshold_inclusive is not False)


def _enumerated(cells: list[CellEvidence], evidence: TableEvidence, scale: Scale, many: int | None) -> list[Finding]:
    steps = math.floor((exact(scale.highest) - exact(scale.lowest)) / exact(scale.step))
    silent, told, doubtful, impossible = [], [], [], []
    for cell in cells:
        moments = _moments(cell, evidence, scale)
        if moments is None:
            silent.append(cell)
            continue
        if moments.n < 2:
            continue  # no standard deviation of one value; the threshold rule fails the cell
        found = revealed(moments, steps, many)
        if found.fits is False:
            impossible.append(cell)
        elif found.forced:
            told.append((cell, found))
        elif found.unknown:
            doubtful.append(cell)
    findings = unchecked("spread", silent, "its standard deviation", SOURCE)
    if told:
        described = listing([f"{cell.name}: {_values(found, scale)}" for cell, found in told])
        findings.append(
            Finding(
                "spread.enumeration",
                Verdict.REVIEW if scale.seen else Verdict.FAIL,
                f"In {plural(len(told), 'cell')} number, mean and standard deviation fit only samples in which "
                f"somebody has a certain value ({described}); all samples were looked at, as for up to {LARGEST_EXACT} "
                "people.",
                "Round mean and standard deviation further, or leave the standard deviation out.",
                tuple(cell.place for cell, _ in told),
                {"scale": [scale.lowest, scale.highest, scale.step], "decimals": evidence.decimals},
                SOURCE,
            )
        )
    for rule, found_cells, reason in (
        ("spread.impossible", impossible, "no sample on the scale has the number, mean and standard deviation "
         "shown"),
        ("spread.undecided", doubtful, "there are too many samples to tell whether a value occurs in all that fit "
         f"(all are looked at for up to {LARGEST_EXACT} people on scales of up to {MOST_STEPS} steps)"),
    ):
        if found_cells:
            findings.append(
                Finding(
                    rule,
                    Verdict.REVIEW,
                    f"In {plural(len(found_cells), 'cell')} {reason}: {listing([cell.name for cell in found_cells])}.",
                    "Check scale and decimals; say in the context how the values are spread.",
                    tuple(cell.place for cell in found_cells),
                    source=SOURCE,
                )
            )
    return findings


def _values(found: Revealed, scale: Scale) -> str:
    return ", ".join(number(scale.lowest + place * scale.step) for place in found.forced)
