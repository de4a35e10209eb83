"""Tests of independence: as safe as the table that they test."""

from __future__ import annotations

from dataclasses import replace

from readingroom.core.disclosure.models.hypothesis_tests import IndependenceTest
from readingroom.core.disclosure.models.rules.table import rules_for_tables
from readingroom.core.disclosure.models.rules.wording import unsaid
from readingroom.core.disclosure.rules.wording import plural
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.policy import Policy

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024)"


def check_independence(test: IndependenceTest, parameters: Policy) -> list[Finding]:
    """A chi-square or exact test is judged by the counts of its table.

    Formula: the rules for tables of counts on the table tested: the statistic, with n and the margins that a paper
    gives anyway, gives back a 2 x 2 table up to order. Degrees of freedom must be (rows - 1) (columns - 1).

    Source: ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 6 (2024).

    Example: t = 10: chi-square of [[30, 25], [20, 4]]: the cell of 4 follows from the statistic and margins: fails.
    """
    table = test.table
    if table is None:
        return [unsaid("which counts were tested", "table", source=SOURCE)]
    faults = []
    if len(table.counts) != len(table.rows) or any(len(row) != len(table.columns) for row in table.counts):
        faults.append(f"the counts are not {len(table.rows)} rows of {len(table.columns)}")
    elif len(set(table.rows)) != len(table.rows) or len(set(table.columns)) != len(table.columns):
        faults.append("two rows or two columns have the same label")
    total = sum(sum(row) for row in table.counts)
    if test.n is not None and test.units is not None and test.units > test.n:
        faults.append(f"{test.units:,} units have only {plural(test.n, 'observation')}")
    said = test.n if test.units is None else test.units
    if said is not None and total != said:
        faults.append(f"the table holds {plural(total, 'unit')}, not {said:,}")
    expected = (len(table.rows) - 1) * (len(table.columns) - 1)
    if test.residual_df is not None and test.residual_df != expected:
        faults.append(f"a table of {len(table.rows)} by {len(table.columns)} has {plural(expected, 'degree')} of "
                      f"freedom, not {test.residual_df}")
    findings = [Finding("model.contradiction", Verdict.FAIL, f"The description contradicts itself: {fault}.",
                        "Give the table that was tested.", source=SOURCE) for fault in faults]
    if faults and "rows" in faults[0]:
        return findings
    cells: list[dict[str, object]] = [
        {"row": [row], "column": [column], "people": count, "records": count}
        for row, counts in zip(table.rows, table.counts, strict=True)
        for column, count in zip(table.columns, counts, strict=True)]
    return findings + [replace(one, message=f"In the table tested: {one.message[:1].lower()}{one.message[1:]}")
                       for one in rules_for_tables("count", cells, parameters)]
