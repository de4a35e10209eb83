"""Policy: what each layer says, and the strictest of them all."""

from readingroom.core.policy.model import (
    DIRECTIONS,
    Direction,
    Explanation,
    Layer,
    Policy,
    explain,
    strictest,
)

__all__ = ["DIRECTIONS", "Direction", "Explanation", "Layer", "Policy", "explain", "strictest"]
