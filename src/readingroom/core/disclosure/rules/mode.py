"""The mode: the most frequent value must be many people's, but not nearly everybody's."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.group import gives_away
from readingroom.core.disclosure.rules.threshold import is_low, limit_words
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, missing_parameter, plural, unchecked
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "UK LLC output policy, modes (January 2026); SACRO statbarn guide, mode (2024)"


def check_mode(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A mode fails when too few people have the value, or all (or nearly all) of the cell.

    Formula: with m of n people at the mode: unsafe when m is below the threshold; and by the group rule when
    n - k <= m, k up to `group_coalition`, or m > (`group_percent`/100) n.

    Source: UK LLC output policy, modes (January 2026); SACRO statbarn guide, mode (2024).

    Example: t = 10: a mode that 4 of 30 people have fails; one that 30 of 30 have tells about all of them and fails;
    12 of 30 pass.
    """
    if evidence.family is not Family.MODE:
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    filled = in_reading_order([cell for cell in evidence.published if cell.people])
    known = [(cell, cell.modal_people) for cell in filled if cell.modal_people is not None]
    rare = [(cell, people) for cell, people in known if people == 0 or is_low(people, parameters)]
    common = [(cell, people) for cell, people in known if gives_away(people, cell.people, parameters)]
    findings = []
    for rule, cells, reason in (
        ("mode", rare, f"is the value of too few people; it needs {limit_words(parameters)}"),
        ("mode.group", common, "tells the value of all or nearly all people in the cell"),
    ):
        if cells:
            described = listing([f"{cell.name}: {people:,} of {cell.people:,} people" for cell, people in cells])
            findings.append(
                Finding(
                    rule,
                    Verdict.FAIL,
                    f"In {plural(len(cells), 'cell')} the mode {reason} ({described}).",
                    "Merge these cells, or values, with others, or suppress them.",
                    tuple(cell.place for cell, _ in cells),
                    {"threshold": parameters.threshold, "group_percent": parameters.group_percent},
                    SOURCE,
                )
            )
    silent = [cell for cell in filled if cell.modal_people is None]
    return findings + unchecked("mode", silent, "how many people have the most frequent value", SOURCE)
