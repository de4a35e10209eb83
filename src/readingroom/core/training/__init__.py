"""Training of output checkers: made-up outputs with known faults, and how far a person's answers agree."""

from readingroom.core.training.cases import EDITION, Case, Fault, cases_of
from readingroom.core.training.scores import Score, score

__all__ = ["EDITION", "Case", "Fault", "Score", "cases_of", "score"]
