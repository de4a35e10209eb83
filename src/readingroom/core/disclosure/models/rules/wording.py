"""How rules over descriptions say what they miss."""

from __future__ import annotations

from readingroom.core.disclosure.models.described import Level
from readingroom.core.disclosure.rules.wording import plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict


def unsaid(what: str, *keys: str, source: str = "") -> Finding:
    """REVIEW: the description leaves out what the rule needs, so nobody may assume."""
    return Finding(
        "evidence.missing", Verdict.REVIEW, f"Nothing says {what}, so this could not be checked.",
        f"Give {' or '.join(keys)}; the SDK's models record it.", parameters={"missing": list(keys)}, source=source)


def people(level: Level, of: str = "") -> str:
    """"region North: 4 people"."""
    return f"{of} {level.name}: {plural(level.units, 'person', 'people')}".strip()


def place(level: Level, column: str = "") -> Cell:
    return Cell(level.level, (column,) if column else ())
