"""`readingroom tour`: the whole journey, walked on a fresh installation with real containers."""

from readingroom.tour.run import run

__all__ = ["run"]
