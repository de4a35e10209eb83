"""Missing values: people who drop out of a cell can be told from one that counts them."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, plural, unchecked
from readingroom.core.disclosure.statistics import Family
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ACRO 1.0.2, `check_missing_values` (2026)"


def check_missing(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """Where the policy says so, a cell of values needs a person when a few people drop out of it.

    Formula: with `missing_disclosive`, REVIEW when m > 0 people whose values are all missing are fewer than the
    threshold: the same table of counts less this one gives them. People with missing values never count towards any
    other rule.

    Source: ACRO 1.0.2, `check_missing_values` (2026).

    Example: t = 10: a mean over 42 of 45 people leaves 3 who can be told from a count of 45: REVIEW.
    """
    if not parameters.missing_disclosive or evidence.family is Family.FREQUENCY:
        return []
    few = in_reading_order([
        cell for cell in evidence.published if cell.missing and is_low(cell.missing, parameters)])
    findings = []
    if few:
        described = [f"{cell.name}: {plural(cell.missing or 0, 'person', 'people')}" for cell in few]
        findings.append(
            Finding(
                "missing",
                Verdict.REVIEW,
                f"From {plural(len(few), 'cell')} a few people drop out because their values are missing "
                f"({listing(described)}).",
                "Say in the context that no table of everybody is published, or merge these cells with others.",
                tuple(cell.place for cell in few),
                {"threshold": parameters.threshold},
                SOURCE,
            )
        )
    silent = [cell for cell in evidence.published if cell.missing is None]
    return findings + unchecked("missing", silent, "how many people have missing values", SOURCE)
