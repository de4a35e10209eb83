"""Concentration: a measure of it tells most where few hold most."""

from __future__ import annotations

import itertools

from readingroom.core.disclosure.models.concentration import Concentration
from readingroom.core.disclosure.models.rules.table import rules_for_tables
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy

LARGEST = {"hhi": 10_000, "concentration-ratio": 100}  # where it is given in percent
SLACK = 0.005  # indices and shares are given to two or three decimals
SOURCE = "SACRO statbarns, Gini/Lorenz and non-linear concentration (2024); ESSnet/CoE Handbook, ch. 4.2 (2024)"


def check_concentration(found: Concentration, parameters: Policy) -> list[Finding]:
    """A Gini, Lorenz or Herfindahl-Hirschman measure is judged as the total that it divides up.

    Formula: the threshold on its units, and (n, k) dominance and p% on the largest contributions to the total, since
    the root of a Herfindahl index is at least the largest share. Every Lorenz point is a percentile: units between two
    neighbouring points, and beyond the last, must be none or >= t.

    Source: SACRO statbarns, Gini/Lorenz and non-linear concentration (2024); ESSnet/CoE Handbook, ch. 4.2 (2024).

    Example: (2, 90): a Herfindahl index of 0.64 over 40 firms where one holds 79% and another 12%: 91 > 90: fails.
    """
    findings = []
    if found.units is None:
        return [unsaid("how many units the total is spread over", "units", source=SOURCE)]
    top, total, absolute = found.top, found.total, found.absolute_total
    if top is None and found.top_shares is not None:
        top, total, absolute = found.top_shares, 1.0, None
    faults = []
    if found.n is not None and found.units > found.n:
        faults.append(f"{found.units:,} units have only {plural(found.n, 'observation')}")
    if top is not None and len(top) > found.units:
        faults.append(f"{len(top):,} contributions of {plural(found.units, 'unit')}")
    if found.value is not None and not -1e-9 <= found.value <= LARGEST.get(found.type, 1 + 1e-9):
        faults.append(f"the measure is {found.value:g}")
    if top and total is not None and absolute is None and all(value >= 0 for value in top) \
            and sum(top) > total * (1 + 1e-9):
        faults.append(f"the largest contributions come to {sum(top):g}, more than the total {total:g}")
    if found.type == "hhi" and not faults and found.value is not None and top and total:
        faults += _index(found.value, [abs(one) / abs(absolute or total) for one in top])
    if faults:
        return [Finding("model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
                        "Take the numbers from the data.", source=SOURCE) for fault in faults]
    cell: dict[str, object] = {"row": [found.type], "column": ["total"], "people": found.units,
                               "records": max(found.units, found.n or 0), "top": list(top or ()), "total": total,
                               "absolute_total": absolute}
    findings += rules_for_tables("sum", [cell], parameters)
    return findings + _points(found, parameters)


def _index(value: float, shares: list[float]) -> list[str]:
    """A Herfindahl index lies between the squares of the largest shares and these with the rest as large as the least.

    It may be given on the scale up to 10,000, in percent.
    """
    index = value / 10_000 if value > 1 else value
    known, rest = sum(share**2 for share in shares), max(0.0, 1 - sum(shares))
    most = known + rest * min(shares)
    if known * (1 - SLACK) - SLACK <= index <= most * (1 + SLACK) + SLACK:
        return []
    return [f"the index is {value:g}, and the largest shares make it {known:.3g} to {most:.3g}"]


def _points(found: Concentration, parameters: Policy) -> list[Finding]:
    if found.points is None:
        unknown = unsaid("which points of the curve are shown", "points", source=SOURCE)
        return [unknown] if found.type == "lorenz" else []
    if parameters.threshold is None or found.units is None:
        return []
    shares = [point.people_share for point in found.points]
    if any(not 0 <= share <= 1 for share in shares) or shares != sorted(shares):
        return [Finding(
            "model.contradiction", Verdict.FAIL, "The description contradicts itself: the points' shares of people are "
            "not rising from 0 to 1.", "Give shares, poorest first.", source=SOURCE)]
    reached = [point.units if point.units is not None else round(point.people_share * found.units)
               for point in found.points]
    bounds = [0, *reached, found.units]
    low = [(below, above) for below, above in itertools.pairwise(bounds)
           if above != below and is_low(above - below, parameters)]
    if not low:
        return []
    said = listing([f"{above / found.units:.1%}: {plural(above - below, 'unit')}" for below, above in low])
    return [Finding(
        "concentration.points", Verdict.FAIL,
        f"Too few units lie between two points of the curve ({said}); each needs {limit_words(parameters)}.",
        "Show fewer points, such as deciles.", tuple(Cell((f"{above / found.units:.4f}",)) for _, above in low),
        {"threshold": parameters.threshold}, SOURCE)]
