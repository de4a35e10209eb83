"""The privacy unit: rows are not people, unless someone says so and another believes it."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.evidence.model import EVERY_ROW
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = (
    "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2, holdings (2024); distinct units as "
    "in the Bundesbank's sdcLog 0.5 (2022)"
)


def check_unit(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A table in which every row was counted as another person needs a person to confirm it.

    Formula: REVIEW when the evidence's unit is "each row" and no column that tells people apart.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2, holdings (2024); distinct units
    as in the Bundesbank's sdcLog 0.5 (2022).

    Example: 20 hearings of one defendant, counted as rows, look like 20 people and would pass a threshold of 10.
    """
    if evidence.unit != EVERY_ROW:
        return []
    return [
        Finding(
            "unit",
            Verdict.REVIEW,
            "Nothing says whose rows these are, so every row was counted as another person: someone with ten rows "
            "counts ten times.",
            "Name the column that says whose row it is, as \"unit\"; where every row is another person's, say so in "
            "the context.",
            parameters={"unit": None},
            source=SOURCE,
        )
    ]
