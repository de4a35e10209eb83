"""How wide a reader's range must stay for a cell to count as protected, and the verdict on one range."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from readingroom.core.disclosure.protect.intruder import Range, is_point
from readingroom.core.disclosure.protect.system import number
from readingroom.core.disclosure.verdict import Verdict


class Exposure(StrEnum):
    """UNPROVED: no narrow range was found, but a solver was stopped before it could show a wide one."""

    PROTECTED = "protected"
    UNPROVED = "unproved"
    EXPOSED = "exposed"

    @property
    def verdict(self) -> Verdict:
        return {Exposure.PROTECTED: Verdict.PASS, Exposure.UNPROVED: Verdict.REVIEW,
                Exposure.EXPOSED: Verdict.FAIL}[self]


@dataclass(frozen=True)
class Protection:
    """What one cell needs. All zero and empty: only that its value doesn't follow exactly.

    - `lower`, `upper`: the range must reach this far below and above the true value (levels of the rule that made the
      cell sensitive). They count only where the true value is known.
    - `sliding`: least width of the range, wherever it lies.
    - `unsafe`: the range must not lie inside these two values, for counts (1, threshold - 1).
    - `percent`: the range must reach further than this from its middle, for magnitudes whose true value is not known.
    - `stated`: the range that the published mark itself gives ("<10"); it is no finding, a narrower one is.

    Source: Fischetti and Salazar (2001), section 2 (levels); Handbook on Statistical Disclosure Control, 2nd edition,
    ch. 4.2 (upper protection levels).
    """

    lower: float = 0.0
    upper: float = 0.0
    sliding: float = 0.0
    unsafe: tuple[float, float] | None = None
    percent: float = 0.0
    stated: tuple[float, float] | None = None


def before_insiders(needed: Protection) -> Protection:
    """What is asked of the range that an insider is left with: the width of the upper level, wherever it lies.

    An insider knows that a total is at least what they gave, so distances from the true value can't be asked for.
    """
    width = max(needed.upper or needed.lower, needed.sliding)
    return Protection(sliding=width, unsafe=needed.unsafe, stated=needed.stated)


def protection_of_count(value: float, threshold: int, *, zeros_unsafe: bool = False) -> Protection:
    """Levels for a count below a threshold: up to at least `threshold`, and down by one (a zero can't go down).

    Example: 4 with threshold 10 must look like anything from 3 or less to 10 or more.
    """
    unsafe = (0.0 if zeros_unsafe else 1.0, float(threshold - 1))
    inside = unsafe[0] <= value <= unsafe[1]
    return Protection(lower=min(1.0, value) if inside else 0.0, upper=max(1.0, threshold - value) if inside else 0.0,
                      unsafe=unsafe)


def judge(found: Range, needed: Protection, value: float | None = None) -> tuple[Exposure, str]:
    """The verdict on one range, and why. What is attained proves safety, what is bounded proves exposure."""
    why = _fault(found.lower, found.upper, needed, value)
    if why:
        return Exposure.EXPOSED, why
    if found.attained_lower > found.attained_upper:
        return Exposure.UNPROVED, "the check was stopped before it was settled"
    if _fault(found.attained_lower, found.attained_upper, needed, value):
        return Exposure.UNPROVED, "the check was stopped before a wide enough range was shown"
    return Exposure.PROTECTED, ""


def _fault(lower: float, upper: float, needed: Protection, value: float | None) -> str:
    if is_point(lower, upper):
        return "it follows exactly from what is published"
    if needed.stated is not None and needed.stated[0] >= lower and upper >= needed.stated[1]:
        return ""
    if needed.unsafe is not None and needed.unsafe[0] <= lower and upper <= needed.unsafe[1]:
        return f"every possible value is from {number(needed.unsafe[0])} to {number(needed.unsafe[1])}"
    slack = 1e-9 * max(1.0, *(abs(one) for one in (lower, upper, value or 0.0) if abs(one) != float("inf")))
    if value is not None and upper - value < needed.upper - slack:
        return f"it may be at most {number(upper - value)} above the true value, which needs {number(needed.upper)}"
    if value is not None and value - lower < needed.lower - slack:
        return f"it may be at most {number(value - lower)} below the true value, which needs {number(needed.lower)}"
    if upper - lower < needed.sliding - slack:
        return f"the range is {number(upper - lower)} wide, and needs {number(needed.sliding)}"
    if value is None and upper - lower < float("inf") and upper - lower < needed.percent / 100 * abs(upper + lower):
        return f"it is known to within {number(needed.percent)}% of the middle of the range"
    return ""
