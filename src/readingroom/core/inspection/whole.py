"""Whether checkers can see all of a file: what cannot be shown cannot be approved as if it had been seen."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.preview import preview

RULE = "output.unseen"


def check_shown(name: str, content: bytes) -> list[Finding]:
    """FAIL, which no reason of a checker overcomes, where something of the file is on no page of theirs.

    Example: a picture with bytes after its end, a notebook with a chart in it, the 20,001st row of a table.
    """
    unseen = preview(name, content).unseen
    return [_unseen(unseen)] if unseen else []


def check_image_shown(found: Sequence[Finding]) -> list[Finding]:
    """The same of a picture of which this was found: its pixels are shown, and nothing that stands beside them."""
    return [_unseen("all that the image file holds")] if found else []


def _unseen(what: str) -> Finding:
    return Finding(
        RULE, Verdict.FAIL, f"Checkers can't be shown {what}, so nobody can approve it.",
        "Send what can be read whole: tables as csv, figures as png without metadata, notebooks without outputs.",
        parameters={"unseen": what})
