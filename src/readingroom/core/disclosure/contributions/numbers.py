"""Numbers of a file of contributions, exactly as written."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from readingroom.core.disclosure.contributions.names import fault
from readingroom.core.policy.model import LARGEST as LARGEST_WHOLE

LARGEST = 10**300
SMALLEST_EXPONENT = -400
MOST_DIGITS = 1000


def number(value: object, place: str) -> Fraction:
    """A finite number, or a text that is one: "1234.5" and "1e3", but not "1,234", which has two meanings."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str | Fraction):
            raise fault(place, value, "a number")
        if isinstance(value, int | Fraction):
            found = Fraction(value)
        else:
            if isinstance(value, float) and not math.isfinite(value):
                raise fault(place, value, "a finite number")
            written = Decimal(str(value).strip().replace("_", "x"))
            _, digits, exponent = written.as_tuple()
            if not isinstance(exponent, int) or len(digits) > MOST_DIGITS or exponent < SMALLEST_EXPONENT or (
                    written and written.adjusted() > 300):
                raise fault(place, value, "a finite number of ordinary size, up to 1e300")
            found = Fraction(written)
    except InvalidOperation:
        raise fault(place, value, "a number, with a point and no thousands separators") from None
    if abs(found) > LARGEST:
        raise fault(place, "a huge number", "up to 1e300")
    return found


def whole(value: object, place: str, *, least: int = 1) -> int:
    found = number(value, place)
    if found.denominator != 1 or found < least:
        raise fault(place, value, f"a whole number of {least} or more")
    if found > LARGEST_WHOLE:
        raise fault(place, value, f"a whole number up to {LARGEST_WHOLE:,}")
    return int(found)


def flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise fault(place, value, "true or false")
    return value


def percent(value: object, place: str, *, above: bool = False) -> float:
    found = number(value, place)
    if not 0 <= found <= 100 or (above and not found):
        raise fault(place, value, f"a percentage {'above 0' if above else 'from 0'} to 100")
    return float(found)
