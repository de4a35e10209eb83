"""Evidence of an output that is no table: its description, and the numbers that the file shows.

    {"kind": "model", "version": 1, "description": {"type": "linear", "n": 1240, ...},
     "shown": [{"row": ["age"], "column": ["estimate"], "value": 0.0213}, ...]}
    {"kind": "figure", "underlying": {"kind": "model", ...}}

`description` is what `readingroom check model` reads. `shown` has every number of the file, so that the check can see
that the file holds nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.evidence.readers import mapping, only, read_labels, read_number, refuse
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.model import PublishedTable

MOST_SHOWN = 20_000
STATISTICS_OF_FIT, MOST_COLUMNS = 12, 12
ONE_ROW_PER = {"linear", "logistic", "probit", "poisson", "negative-binomial", "panel", "mixed", "survival-regression"}


@dataclass(frozen=True)
class DescribedEvidence:
    """`shown` are the file's numbers as a table whose cells say their value."""

    description: Mapping[str, Any]
    shown: TableEvidence
    is_figure: bool = False


def is_described(raw: object) -> bool:
    """Whether evidence is of a description, or of a figure that draws what one describes."""
    if not isinstance(raw, Mapping):
        return False
    inner = raw.get("underlying") if raw.get("kind") == "figure" else raw
    return isinstance(inner, Mapping) and inner.get("kind") == "model"


def parse_described(raw: object) -> DescribedEvidence:
    """The evidence, or InvalidInput (rule `evidence.malformed`) naming place and value."""
    fields, path = mapping(raw, "evidence"), "evidence"
    is_figure = fields.get("kind") == "figure"
    if is_figure:
        only(fields, {"kind", "version", "underlying"}, path)
        path = "evidence.underlying"
        fields = mapping(fields["underlying"], path)
    only(fields, {"kind", "version", "description", "shown", "source"}, path)
    if fields.get("version", 1) != 1:
        refuse(f"{path}.version", fields.get("version"), "1, the only one there is")
    given = fields.get("shown")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_SHOWN:
        refuse(f"{path}.shown", type(given).__name__, f"a list of 1 to {MOST_SHOWN} numbers")
    cells = tuple(_cell(one, f"{path}.shown[{at}]") for at, one in enumerate(given))
    if len({(cell.row, cell.column) for cell in cells}) != len(cells):
        refuse(f"{path}.shown", "the same labels twice", "one entry per number")
    if len({(len(cell.row), len(cell.column)) for cell in cells}) != 1:
        refuse(f"{path}.shown", "differing numbers of labels", "equally many labels for every number")
    return DescribedEvidence(
        mapping(fields.get("description"), f"{path}.description"), TableEvidence("estimate", "unit", cells), is_figure
    )


def _cell(raw: object, path: str) -> CellEvidence:
    fields = mapping(raw, path)
    only(fields, {"row", "column", "value"}, path)
    value = fields.get("value")
    return CellEvidence(
        read_labels(fields.get("row"), f"{path}.row"),
        read_labels(fields.get("column"), f"{path}.column"),
        0,
        0,
        value=None if value is None else read_number(value, f"{path}.value"),
        suppressed=value is None,
    )


def check_length(evidence: DescribedEvidence, table: PublishedTable) -> list[Finding]:
    """REVIEW where a file has more rows or columns than what is described has numbers: they may be people's."""
    most = _rows_described(evidence.description) + STATISTICS_OF_FIT
    if table.row_count <= most and len(table.header) <= MOST_COLUMNS:
        return []
    return [
        Finding(
            "model.contents",
            Verdict.REVIEW,
            f"The file has {table.row_count:,} rows and {len(table.header):,} columns; what is described has numbers "
            f"for at most {most:,} rows.",
            "Publish the estimates and the statistics of the fit, in one row each.",
            parameters={"most_rows": most, "most_columns": MOST_COLUMNS},
        )
    ]


def _rows_described(description: Mapping[str, Any]) -> int:
    """One row for each coefficient, group, pair, step, point or cluster."""
    arms = description.get("arms")
    steps = [one.get("steps") for one in arms if isinstance(one, Mapping)] if isinstance(arms, list) else []
    listed = [*steps, *(description.get(name) for name in ("groups", "pairs", "points", "clusters"))]
    parameters = description.get("parameters")
    return sum(len(one) for one in listed if isinstance(one, list)) + (
        parameters if isinstance(parameters, int) and description.get("type") in ONE_ROW_PER else 0)
