"""Policy: what each layer says, and the strictest of them all."""

from readingroom.core.policy.compare import Change, Difference, diff, loosened
from readingroom.core.policy.model import (
    DIRECTIONS,
    Direction,
    Explanation,
    Layer,
    Policy,
    explain,
    strictest,
)
from readingroom.core.tiers import Tier

__all__ = [
    "DIRECTIONS", "Change", "Difference", "Direction", "Explanation", "Layer", "Policy", "Tier", "diff", "explain",
    "loosened", "strictest",
]
