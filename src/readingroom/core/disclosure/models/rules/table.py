"""What descriptions hand to the rules for tables."""

from __future__ import annotations

from readingroom.core.disclosure.evidence import TableEvidence, parse_evidence
from readingroom.core.disclosure.rules import RULES
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput


def rules_for_tables(statistic: str, cells: list[dict[str, object]], parameters: Policy) -> list[Finding]:
    """What the rules for tables say of `cells` (as in evidence of a table), each finding once."""
    try:
        evidence = parse_evidence({"kind": "table", "statistic": statistic, "unit": "unit", "cells": cells})
    except InvalidInput as error:
        return [Finding("model.contradiction", Verdict.FAIL, f"The cells make no table: {error.message}",
                        "Give every cell once, with a label for each variable.")]
    assert isinstance(evidence, TableEvidence)
    findings: list[Finding] = []
    for rule in RULES:
        findings += [finding for finding in rule(evidence, parameters) if finding not in findings]
    return findings
