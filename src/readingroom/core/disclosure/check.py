"""The automatic check of one output: inspect the file, compare it with its evidence, apply the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from readingroom.core.disclosure.evidence import Evidence, FigureEvidence, TableEvidence, parse_evidence, tables_of
from readingroom.core.disclosure.links import Reader, check_both, linkable
from readingroom.core.disclosure.matching import match
from readingroom.core.disclosure.models.check import check_description
from readingroom.core.disclosure.models.shown import check_length, is_described, parse_described
from readingroom.core.disclosure.redrawn import check_redrawn
from readingroom.core.disclosure.rules import CELL_RULES, check_indicator_sums, check_subsets, check_together
from readingroom.core.disclosure.verdict import Finding, Verdict, combine
from readingroom.core.inspection.code import inspect_code
from readingroom.core.inspection.inspect import inspect
from readingroom.core.inspection.model import Inspection
from readingroom.core.inspection.recognise import IMAGES
from readingroom.core.inspection.small_counts import check_marks, check_small_counts
from readingroom.core.inspection.textual import visible
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput


@dataclass(frozen=True)
class CheckResult:
    """What the check says of one file. PASS: every step ran and found nothing; it is no approval."""

    output_type: str
    verdict: Verdict
    findings: tuple[Finding, ...]


def check_output(
    name: str, content: bytes, evidence: Evidence | dict[str, object] | None, policy: Policy
) -> CheckResult:
    """Everything known of one file, worst first.

    PASS only for a csv or json table whose every number agrees with evidence that satisfies all rules, and
    for a clean
    image with such evidence of the table it draws. Without evidence REVIEW is the best. Same arguments, same
    result.
    """
    inspection = inspect(name, content, policy)
    more, checked = _check_evidence(inspection, evidence, policy)
    return _result(inspection.output_type, (*inspection.findings, *more), checked)


def check_code(name: str, content: bytes, policy: Policy) -> CheckResult:
    """What can be told of code that goes with outputs, worst first; it does not leave, and a person has to read it."""
    inspection = inspect_code(name, content, policy)
    return _result(inspection.output_type, inspection.findings, checked=False)


def check_beside(result: CheckResult, name: str, evidence: object, others: Mapping[str, object],
                 policy: Policy, reader: Reader = linkable) -> CheckResult:
    """The result with what the other files of the request, by their evidence, tell of this one: what they give back
    of hidden cells, and whether they have other noise on the same people. `reader` as in `check_both`."""
    more = [*check_both(name, evidence, others, policy, reader), *check_redrawn(evidence, others)] if others else []
    return with_findings(result, more)


def with_findings(result: CheckResult, more: Sequence[Finding]) -> CheckResult:
    """The result with further findings, which can only worsen its verdict."""
    if not more:
        return result
    together = _result(result.output_type, (*result.findings, *more), checked=True)
    return replace(together, verdict=max(result.verdict, together.verdict))


def check_table_evidence(evidence: Evidence | dict[str, object], policy: Policy) -> CheckResult:
    """What the rules say of a table before it is a file; evidence of a figure is checked by its table."""
    try:
        parsed = parse_evidence(evidence)
    except InvalidInput as error:
        return _result("table", (_malformed(error),), checked=False)
    return _result("table", apply_rules(tables_of(parsed), policy), checked=True)


def apply_rules(tables: tuple[TableEvidence, ...], policy: Policy) -> tuple[Finding, ...]:
    """The findings of every rule on every table; the same missing parameter is named once."""
    findings = apply_cell_rules(tables, policy)
    findings += [finding for finding in check_together(tables, policy) if finding not in findings]
    return tuple(findings)


def apply_cell_rules(tables: tuple[TableEvidence, ...], policy: Policy) -> list[Finding]:
    """The same of the rules on what is shown, without what totals tell of hidden cells."""
    findings: list[Finding] = []
    for table in tables:
        for rule in CELL_RULES:
            findings += [finding for finding in rule(table, policy) if finding not in findings]
    return [*findings, *check_indicator_sums(tables, policy), *check_subsets(tables, policy)]


def _check_evidence(inspection: Inspection, raw: object, policy: Policy) -> tuple[list[Finding], bool]:
    """Findings, and whether a checker covered all that the file shows."""
    table, is_image = inspection.table, inspection.output_type in IMAGES
    if raw is None:
        return _without_evidence(inspection, policy), False
    if is_described(raw):
        return _check_described(inspection, raw, policy)
    try:
        evidence = parse_evidence(raw)
    except InvalidInput as error:
        return [_malformed(error), *_without_evidence(inspection, policy)], False
    if is_image and isinstance(evidence, FigureEvidence):
        return list(apply_rules(tables_of(evidence), policy)), True
    if table is not None and not isinstance(evidence, FigureEvidence):
        matched = match(evidence, table)
        findings = [*matched.findings, *check_marks(table, policy, len(matched.tables[0].cells[0].row)),
                    *apply_rules(matched.tables, policy)]
        if not matched.complete:
            findings += check_small_counts(table, policy)
        return findings, matched.complete
    return _of_another_kind("figure" if isinstance(evidence, FigureEvidence) else "table", inspection, policy)


def _check_described(inspection: Inspection, raw: object, policy: Policy) -> tuple[list[Finding], bool]:
    """The same for a model, test or curve: the rules on its description, and the file's numbers as it shows them."""
    try:
        evidence = parse_described(raw)
        findings = list(check_description(evidence.description, policy))
    except InvalidInput as error:
        return [_malformed(error), *_without_evidence(inspection, policy)], False
    if evidence.is_figure and inspection.output_type in IMAGES:
        return findings, True
    if evidence.is_figure or inspection.table is None:
        return _of_another_kind("figure" if evidence.is_figure else "model", inspection, policy)
    matched = match(evidence.shown, inspection.table)
    more = [] if matched.complete else check_small_counts(inspection.table, policy)
    return [*matched.findings, *findings, *check_length(evidence, inspection.table), *more], matched.complete


def _of_another_kind(kind: str, inspection: Inspection, policy: Policy) -> tuple[list[Finding], bool]:
    mismatch = Finding(
        "evidence.kind",
        Verdict.REVIEW,
        f"The evidence is of a {kind}, which this file is not.",
        "Ask for the release of the file that the SDK made this evidence for.",
    )
    return [mismatch, *_without_evidence(inspection, policy)], False


def _without_evidence(inspection: Inspection, policy: Policy) -> list[Finding]:
    if inspection.table is not None:
        declared = Finding(
            "evidence.missing",
            Verdict.REVIEW,
            "Nothing says how many people each number rests on; only the numbers themselves were checked.",
            "Make the table with the SDK, which records the people behind every cell.",
        )
        return [declared, *check_small_counts(inspection.table, policy), *check_marks(inspection.table, policy)]
    if inspection.output_type in IMAGES:
        return [
            Finding(
                "evidence.missing",
                Verdict.REVIEW,
                "A figure cannot be checked without the numbers that it draws.",
                "Attach the table behind the figure: make the figure from a table of the SDK.",
            )
        ]
    return []


def _malformed(error: InvalidInput) -> Finding:
    return Finding(
        error.rule,
        Verdict.FAIL,
        f"The evidence cannot be read: {error.message}",
        error.next_step,
        parameters={"place": str(error.value)},
    )


def _inert(finding: Finding) -> Finding:
    """The same with hostile characters (from file names, headers, labels) spelled out."""
    cells = tuple(
        replace(cell, row=tuple(map(visible, cell.row)), column=tuple(map(visible, cell.column)))
        for cell in finding.cells
    )
    parameters = {
        key: visible(value) if isinstance(value, str) else value for key, value in finding.parameters.items()
    }
    return replace(finding, message=visible(finding.message), cells=cells, parameters=parameters)


def _result(output_type: str, findings: tuple[Finding, ...], checked: bool) -> CheckResult:
    ordered = tuple(sorted(map(_inert, findings), key=lambda finding: -finding.verdict))
    return CheckResult(output_type, combine(ordered, checked=checked), ordered)
