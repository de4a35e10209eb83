"""Differencing within one output: what is hidden must not follow from what is published."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.rules.lines import Line, lines
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

SOURCE = ("ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024); Fischetti and Salazar, "
          "Management Science 47 (2001)")
ADDITIVE = frozenset({"count", "sum", "share", "mean"})


def check_differencing(evidence: TableEvidence, parameters: Policy) -> list[Finding]:
    """A hidden cell that would break a rule fails when what is published leaves too narrow a range for it.

    Formula: of all numbers that fit every published cell, total and subtotal of the output (counts whole and not
    negative), the least and the largest that a hidden cell x can be are found by linear programmes. It is exposed when
    both are within 1 to t - 1 (from 0 where zeros are disclosive), or when they reach less than its protection levels
    from x: for counts up to t and down by 1, for sums as the rules on magnitudes ask and p% of x at least. The same for
    the only person of a hidden cell, who knows that one. Counts, shares, sums and means of one output are read
    together, rounded ones by their rounding. Totals of distinct people are taken as the sums of their cells, as for a
    reader who knows who is in two of them. Hidden cells that follow exactly count as shown for the rules on lines. What
    was not settled within a bounded number of programmes is for a person to judge.

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3 (2024); Fischetti and Salazar,
    Management Science 47 (2001), section 2.

    Example: t = 10: row total 24, one cell 20, the other suppressed: 24 - 20 = 4 people: fails.
    """
    return check_together((evidence,), parameters)


def check_together(tables: tuple[TableEvidence, ...], parameters: Policy) -> list[Finding]:
    """The rule for all tables of an output."""
    if not any(cell.suppressed for table in tables if canonical(table.statistic) in ADDITIVE for cell in table.cells):
        return []
    if parameters.threshold is None:
        return [missing_parameter("threshold")]
    return [*_audit(tables, parameters), *(finding for table in tables for finding in _groups(table, parameters))]


def _audit(tables: tuple[TableEvidence, ...], parameters: Policy) -> list[Finding]:
    from readingroom.core.disclosure.protect import Exposure
    from readingroom.core.disclosure.rules.exposure import audited  # solvers take long to load
    from readingroom.core.disclosure.rules.sums import lacks_numbers

    lacking = [table.statistic for table in tables
               if lacks_numbers(table) and any(cell.suppressed and cell.people for cell in table.cells)]
    findings = [_unchecked(f"the evidence lacks the totals of a {name}") for name in lacking]
    try:
        found = audited(tables, parameters)
    except InvalidInput as error:
        return [*findings, _unchecked(error.message)]
    for one in found:
        findings += [_revealed(finding) for finding in one.revealed]
        for exposure, rule, said in (
            (Exposure.EXPOSED, "differencing", "can be worked out from what is published"),
            (Exposure.UNPROVED, "differencing.unproved",
             "could not be shown to be safe within the limits of the check"),
        ):
            inferences = [each for each in (*one.audit.inferences, *one.audit.insiders) if each.exposure is exposure]
            if not inferences:
                continue
            cells = tuple(dict.fromkeys(one.places[each.cell] for each in inferences))
            words = listing([f"suppressed cell {each.words}" for each in inferences])
            findings.append(Finding(
                rule, exposure.verdict, f"{plural(len(cells), 'suppressed cell')} {said}: {words}.",
                "Suppress further cells in the same rows and columns (the SDK's suppress() finds and proves them), or "
                "leave out the totals.", cells, {"threshold": parameters.threshold}, SOURCE))
        if one.odd:
            findings.append(_unchecked(
                f"{plural(len(one.odd), 'total')} cannot be the sum of what the evidence holds: {listing(one.odd)}"))
    return findings


def _revealed(finding: Finding) -> Finding:
    return Finding(f"differencing.{finding.rule}", finding.verdict,
                   f"With suppressed cells that follow from the totals: {finding.message}", finding.next_step,
                   finding.cells, finding.parameters, SOURCE)


def _unchecked(why: str) -> Finding:
    return Finding(
        "differencing.unchecked", Verdict.REVIEW,
        f"What readers can infer of the suppressed cells could not be checked: {why.rstrip('.')}.",
        "Give the evidence of every cell that the totals contain, or leave out the totals.", source=SOURCE)


def _groups(table: TableEvidence, parameters: Policy) -> list[Finding]:
    """Lines whose hidden cells together hold too few people, as the total shows."""
    if canonical(table.statistic) not in ("count", "sum") or not any(cell.suppressed for cell in table.cells):
        return []
    groups = [line for line in lines(table) if _small_rest(line, parameters)]
    if not groups:
        return []
    described = listing([
        f"{line.along} {line.name}: {plural(sum(c.people for c in line.cells if c.suppressed), 'person', 'people')}"
        for line in groups])
    return [Finding(
        "differencing.group", Verdict.FAIL,
        f"In {plural(len(groups), 'row or column', 'rows or columns')} the suppressed cells together hold too few "
        f"people, as the total shows ({described}).",
        "Suppress a larger cell in the same row or column as well.",
        tuple(cell.place for line in groups for cell in line.cells if cell.suppressed),
        {"threshold": parameters.threshold}, SOURCE)]


def _small_rest(line: Line, parameters: Policy) -> bool:
    hidden = [cell for cell in line.cells if cell.suppressed]
    if len(hidden) < 2 or not any(not total.suppressed for total in line.totals):
        return False
    return is_low(sum(cell.people for cell in hidden), parameters)
