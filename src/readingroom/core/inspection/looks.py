"""How a picture looks, in 240 bits: two that look alike differ in few of them, whatever their size and file.

Difference hash: each bit says whether a point of a coarse grey copy is clearly lighter than the one to its right. Where
a page is blank no bit is set, so that two pages are not alike for being white.

Source: Zauner, Implementation and benchmarking of perceptual image hash functions (2010), ch. 2.
"""

from __future__ import annotations

import itertools

from readingroom.core.inspection.images import picture

ACROSS, DOWN = 16, 15
CLEARLY = 4
MOST_APART = 8
LEAST_SET = 12


def look_of(content: bytes, output_type: str) -> str:
    """The bits in hexadecimal; "" for a file that cannot be decoded."""
    found = picture(content, output_type)
    if found is None:
        return ""
    grey = found.convert("L").resize((ACROSS + 1, DOWN))
    points = list(grey.tobytes())
    bits = 0
    for row in range(DOWN):
        line = points[row * (ACROSS + 1):(row + 1) * (ACROSS + 1)]
        for left, right in itertools.pairwise(line):
            bits = bits << 1 | (left > right + CLEARLY)
    return f"{bits:060x}"


def alike(one: str, other: str) -> bool:
    """Whether two looks are alike: few bits differ, and enough are set to tell."""
    first, second = int(one, 16), int(other, 16)
    return (first ^ second).bit_count() <= MOST_APART and min(first.bit_count(), second.bit_count()) >= LEAST_SET
