"""What the reference pages are made of."""

from __future__ import annotations

import inspect
import re

from readingroom.settings import REPOSITORY

REFERENCE = REPOSITORY / "docs" / "reference"
NOTE = "<!-- Written by scripts/generate_docs.py from {source}. Change that, then run the script. -->\n\n"


def paragraphs(docstring: str) -> str:
    """A docstring as a page shows it: paragraphs on one line each, with their first word in bold."""
    text = inspect.cleandoc(docstring)
    shown = [" ".join(block.split()) for block in text.split("\n\n")]
    return "\n\n".join(re.sub(r"^(Formula|Source|Example):", r"**\1:**", block) for block in shown)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
