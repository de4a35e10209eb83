"""How strictly a workspace is reached. Apart from the policy that says so, which loads what the door does without."""

from __future__ import annotations

from enum import Enum
from functools import total_ordering


@total_ordering
class Tier(Enum):
    """How much of a workspace reaches the person, from loose to tight."""

    STANDARD = "standard"
    STRICT = "strict"

    def __lt__(self, other: Tier) -> bool:
        return (self is Tier.STANDARD) and (other is Tier.STRICT)
