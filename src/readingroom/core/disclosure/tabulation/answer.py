"""A recipe checked against data: the verdict, why, and the table with what each cell rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readingroom.core.disclosure.check import apply_rules
from readingroom.core.disclosure.evidence import TableEvidence
from readingroom.core.disclosure.statistics import canonical
from readingroom.core.disclosure.tabulation.cells import tables
from readingroom.core.disclosure.tabulation.engine import Computed, compute
from readingroom.core.disclosure.tabulation.recipe import Recipe, digest
from readingroom.core.disclosure.verdict import Finding, Verdict, combine
from readingroom.core.policy import Policy


@dataclass(frozen=True)
class Answer:
    """What `check_recipe` found: findings worst first, and a table of evidence for each statistic."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    tables: tuple[TableEvidence, ...]
    computed: Computed


def check_recipe(frame: Any, recipe: Recipe, policy: Policy, source: Mapping[str, str] | None = None) -> Answer:
    """Compute the recipe's table from the data, with its evidence, and apply every rule. InvalidInput if it cannot be.

    `frame` is a pandas or Polars data frame, an Arrow table, or a mapping of names to columns.
    """
    computed = compute(frame, recipe, top=top_needed(policy))
    made = tables(computed, source)
    findings = (*notes(computed, policy), *apply_rules(made, policy))
    ordered = tuple(sorted(findings, key=lambda finding: -finding.verdict))
    return Answer(combine(ordered, checked=True), ordered, made, computed)


def top_needed(policy: Policy) -> int:
    """How many of the largest contributions the rules of a policy look at: no more are kept, which takes time.

    >>> top_needed(Policy(dominance=frozenset({(1, 50.0), (4, 90.0)}), p_percent=10)), top_needed(Policy())
    (4, 2)
    """
    return max(2, (policy.p_percent_coalition or 1) + 1, *(n for n, _ in policy.dominance or ()))


def notes(computed: Computed, policy: Policy) -> tuple[Finding, ...]:
    """What a person must know that no rule on cells can see."""
    found = []
    absent = computed.rows.absent + computed.columns.absent
    if absent and policy.zeros_disclosive is not False:
        found.append(Finding(
            "threshold.absent", Verdict.REVIEW,
            f"{absent:,} combination{'s' if absent > 1 else ''} of the labels shown {'are' if absent > 1 else 'is'} "
            "left out because nobody has them, which tells that nobody does.",
            "Merge categories so that every combination has people, or say in the context why nobody can have them.",
            parameters={"zeros_disclosive": policy.zeros_disclosive}))
    return tuple(found)


def as_dict(answer: Answer) -> dict[str, Any]:
    """The answer as JSON: `verdict`, `findings`, `table`; docs/reference/check.md describes it."""
    return {"verdict": answer.verdict.word, "findings": [finding.as_dict() for finding in answer.findings],
            "table": table_dict(answer)}


def schema() -> dict[str, Any]:
    """The JSON Schema of the answer."""
    labels = {"type": "array", "items": {"type": "string"}}
    place = {"type": "object", "required": ["row", "column"], "properties": {"row": labels, "column": labels}}
    words = {"enum": [verdict.word for verdict in Verdict]}
    finding = {
        "type": "object", "required": ["rule", "verdict", "cells", "message", "parameters", "source"],
        "properties": {"rule": {"type": "string"}, "verdict": words, "cells": {"type": "array", "items": place},
                       "message": {"type": "string"}, "next_step": {"type": "string"}, "source": {"type": "string"},
                       "parameters": {"type": "object"}}}
    count = {"type": "integer", "minimum": 0}
    cell = {
        "type": "object",
        "required": ["row", "column", "value", "people", "records", "suppressed", "margin", "broken"],
        "properties": {
            "row": labels, "column": labels, "value": {"type": ["number", "string", "null"]}, "people": count,
            "records": count,
            "suppressed": {"type": "boolean"}, "margin": {"type": "boolean"}, "broken": labels}}
    table = {
        "type": "object", "required": ["rows", "columns", "statistics", "unit", "cells", "left_out", "recipe_sha256"],
        "properties": {
            "rows": labels, "columns": labels, "statistics": labels, "unit": {"type": ["string", "null"]},
            "cells": {"type": "array", "items": cell}, "left_out": {"type": "object", "additionalProperties": count},
            "recipe_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Answer of readingroom check table",
        "type": "object", "required": ["verdict", "findings", "table"],
        "properties": {"verdict": words, "findings": {"type": "array", "items": finding}, "table": table}}


def table_dict(answer: Answer) -> dict[str, Any]:
    """The table: its labels, and for every cell what it shows, what it rests on, and which rules it breaks."""
    computed, recipe = answer.computed, answer.computed.recipe
    broken: dict[tuple[Any, Any], list[str]] = {}
    for finding in answer.findings:
        for place in finding.cells:
            broken.setdefault((place.row, place.column), []).append(finding.rule)
    cells = [
        {"row": list(cell.row), "column": list(cell.column), "value": shown(cell, table),
         "people": cell.people, "records": cell.records, "suppressed": cell.suppressed, "margin": cell.margin,
         "broken": list(dict.fromkeys(broken.get((cell.row, cell.column), ())))}
        for table in answer.tables for cell in table.cells]
    return {
        "rows": list(recipe.rows), "columns": list(recipe.columns),
        "statistics": [measure.title for measure in recipe.measures], "unit": recipe.unit,
        "cells": cells, "left_out": dict(computed.left_out), "recipe_sha256": digest(recipe)}


def shown(cell: Any, table: TableEvidence) -> float | int | str | None:
    """The number, or the most frequent label, that a cell shows; None where it shows none."""
    if cell.suppressed:
        return None
    if cell.label is not None:
        return cell.label  # type: ignore[no-any-return]
    if cell.value is not None:
        return cell.value  # type: ignore[no-any-return]
    if canonical(table.statistic) == "count":
        return cell.people  # type: ignore[no-any-return]
    return cell.total  # type: ignore[no-any-return]
