"""Synthetic Data First: invented people with the shapes, links and dirt of the real thing. No real person is in it."""

from readingroom.demo.generator import generate

__all__ = ["generate"]
