"""Ways to make a table safe: hiding cells, rounding so that totals hold, noise. The result is checked like any."""

from readingroom.core.disclosure.remedies.noise import keys_of, perturbed
from readingroom.core.disclosure.remedies.rounding import (
    round_controlled,
    with_totals_added_up,
    without_added_totals,
)
from readingroom.core.disclosure.remedies.suppressing import Suppressed, hide_unsafe

__all__ = ["Suppressed", "hide_unsafe", "keys_of", "perturbed", "round_controlled", "with_totals_added_up",
           "without_added_totals"]
