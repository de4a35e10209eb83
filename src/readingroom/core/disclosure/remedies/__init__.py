"""Ways to make a table safe: hiding cells, rounding so that totals hold. What comes of them is checked like any."""

from readingroom.core.disclosure.remedies.rounding import (
    round_controlled,
    with_totals_added_up,
    without_added_totals,
)
from readingroom.core.disclosure.remedies.suppressing import Suppressed, hide_unsafe

__all__ = ["Suppressed", "hide_unsafe", "round_controlled", "with_totals_added_up", "without_added_totals"]
