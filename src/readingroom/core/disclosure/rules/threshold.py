"""Threshold rule: a cell must rest on enough distinct people."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.wording import in_reading_order, listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024)"


def is_low(people: int, parameters: Policy) -> bool:
    """Whether so few people make a cell unsafe. What the policy leaves open is taken the strict way.

    Without a threshold every cell is low: nothing can be called enough.
    """
    if people == 0:
        return parameters.zeros_disclosive is not False
    if parameters.threshold is None:
        return True
    if parameters.threshold_inclusive is not False:
        return people <= parameters.threshold
    return people < parameters.threshold


def limit_words(parameters: Policy) -> str:
    """The limit as a person would say it: "at least 10" or "more than 7"."""
    relation = "at least" if parameters.threshold_inclusive is False else "more than"
    return f"{relation} {parameters.threshold}"


def unset(parameters: Policy) -> list[str]:
    """The parameters of this rule that the policy leaves open."""
    return [
        name
        for name in ("threshold", "threshold_inclusive", "zeros_disclosive")
        if getattr(parameters, name) is None
    ]


def check_threshold(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A published cell fails when it rests on too few distinct people.

    Formula: unsafe when n < t (`threshold_inclusive` false) or n <= t (true), n > 0 counting privacy units with a
    non-missing value, never rows (non-missing values must be as many too); an empty cell is unsafe when
    `zeros_disclosive`, unless declared a structural zero, which a person must confirm. A blank tells as much, where
    so few people have no such statistic (the deviation of one, the mean of nobody) and nobody chose to hide it.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.2 (2024); distinct units
    as in the Bundesbank's sdcLog; zeros and comparator differ by body, so the policy must say.

    Example: t = 10, not inclusive: 52 records of 9 people fail, 10 records of 10 people pass.
    """
    if missing := unset(parameters):
        findings = [missing_parameter(*missing)]
        if parameters.threshold is None:
            return findings
    else:
        findings = []
    structural, low = [], []
    for cell in evidence.told:
        if cell.people == 0 and cell.structural:
            structural.append(cell)
        elif is_low(min(cell.people, cell.records), parameters):
            low.append(cell)
    structural, low = in_reading_order(structural), in_reading_order(low)
    if structural:
        findings.append(
            Finding(
                "threshold.structural-zero",
                Verdict.REVIEW,
                f"{plural(len(structural), 'empty cell is', 'empty cells are')} declared impossible to fill: "
                f"{listing([cell.name for cell in structural])}.",
                "Say in the context why nobody can be in these cells.",
                tuple(cell.place for cell in structural),
                source=SOURCE,
            )
        )
    if low:
        described = listing([f"{cell.name}: {plural(cell.people, 'person', 'people')}" for cell in low])
        findings.append(
            Finding(
                "threshold",
                Verdict.FAIL,
                f"{plural(len(low), 'cell rests', 'cells rest')} on too few people ({described}); "
                f"each needs {limit_words(parameters)}.",
                "Merge categories or suppress these cells (and others, so that they cannot be worked "
                "out from "
                "totals).",
                tuple(cell.place for cell in low),
                {
                    "threshold": parameters.threshold,
                    "threshold_inclusive": parameters.threshold_inclusive,
                    "zeros_disclosive": parameters.zeros_disclosive,
                },
                SOURCE,
            )
        )
    return findings
