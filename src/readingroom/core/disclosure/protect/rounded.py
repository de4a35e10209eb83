"""What a published rounded or perturbed number says of the true one."""

from __future__ import annotations

import math
from typing import Literal

Method = Literal["nearest", "up", "down", "random", "controlled", "midpoint"]


def behind(published: float, base: float, method: Method, *, whole: bool) -> tuple[float, float]:
    """The least and largest true value that this rounding publishes so.

    - nearest: halves go up, [v - b/2, v + b/2); a reader may know no better for magnitudes than the closed range.
    - up, down: (v - b, v] and [v, v + b).
    - random, controlled: either neighbouring multiple may be published, (v - b, v + b); multiples stay.
    - midpoint: ceil(x / b) * b - b/2, and 0 stays 0; so (v - b/2, v + b/2].

    Source: OpenSAFELY output checking documentation (2026) for midpoint; Handbook, 2nd edition, ch. 5 for the others.

    Example: 5 rounded to the nearest 5 was 3 to 7; 9 by midpoint 6 was 7 to 12; 10 by random rounding to 5 was 6 to 14.
    """
    if method == "midpoint" and published == 0:
        return 0.0, 0.0
    before, after, without_lower, without_upper = {
        "nearest": (base / 2, base / 2, False, True),
        "up": (base, 0.0, True, False),
        "down": (0.0, base, False, True),
        "random": (base, base, True, True),
        "controlled": (base, base, True, True),
        "midpoint": (base / 2, base / 2, True, False),
    }[method]
    lower, upper = published - before, published + after
    if not whole:
        return lower, upper
    return (float(math.floor(lower) + 1 if without_lower else math.ceil(lower)),
            float(math.ceil(upper) - 1 if without_upper else math.floor(upper)))


def is_rounded(published: float, base: float, method: Method) -> bool:
    """Whether a published number can come out of this rounding at all."""
    shifted = published + base / 2 if method == "midpoint" and published != 0 else published
    return abs(shifted / base - round(shifted / base)) < 1e-9
