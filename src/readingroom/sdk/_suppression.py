"""Which cells to hide so that no unsafe cell is shown or follows from totals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
    from readingroom.core.disclosure.rules.lines import Line
    from readingroom.core.policy import Policy

Key = tuple[tuple[str, ...], tuple[str, ...]]
ADDITIVE = frozenset({"count", "sum"})


def suppressed(raw: dict[str, Any], policy: Policy) -> tuple[dict[str, Any], ...]:
    """The cells of `raw` with `suppressed` where needed.

    Cells that fail are hidden first. Then, while the totals give a hidden cell back (as the solution of all
    rows' and columns' sums together, not only line by line), or show that the hidden ones of a line are few, the
    smallest shown cell of that line is hidden as well. Raises InvalidInput if all cells would have to go.
    """
    from readingroom.core.disclosure import Verdict, check_table_evidence
    from readingroom.core.disclosure.evidence import TableEvidence, parse_evidence

    evidence = parse_evidence(raw)
    assert isinstance(evidence, TableEvidence)
    while True:
        shown = {_key(cell) for cell in evidence.published}
        failed = [f for f in check_table_evidence(evidence, policy).findings if f.verdict is Verdict.FAIL]
        hide = {(place.row, place.column) for finding in failed for place in finding.cells} & shown
        hide = hide or _secondary(evidence, policy)
        if not hide and not failed:
            break
        if not hide or hide >= shown:
            raise InvalidInput(
                "Hiding cells does not make this table safe: " + " ".join(f.message for f in failed),
                rule="table.suppress", value=len(shown),
                next_step="Merge categories, so that each cell holds more people.")
        evidence = evidence.with_cells(tuple(
            replace(cell, suppressed=True) if _key(cell) in hide else cell for cell in evidence.cells))
    hidden = {_key(cell) for cell in evidence.cells if cell.suppressed}
    return tuple(cell | {"suppressed": True} if (tuple(cell["row"]), tuple(cell["column"])) in hidden else dict(cell)
                 for cell in raw["cells"])


def _key(cell: CellEvidence) -> Key:
    return cell.row, cell.column


def _secondary(evidence: TableEvidence, policy: Policy) -> set[Key]:
    """One more cell to hide, or none if nothing follows from what is shown."""
    from readingroom.core.disclosure.rules.lines import lines

    if evidence.statistic not in ADDITIVE:
        return set()
    table = [line for line in lines(evidence) if len(line.totals) == 1]
    exposed = determined(table)
    for line in table:
        hidden = [cell for cell in (*line.cells, *line.totals) if cell.suppressed]
        if not hidden or (not _few(line, policy) and not any(_key(cell) in exposed for cell in hidden)):
            continue
        inner = [cell for cell in line.cells if not cell.suppressed]
        candidates = inner or [cell for cell in line.totals if not cell.suppressed]
        if candidates:
            return {_key(min(candidates, key=lambda cell: (cell.people == 0, cell.people)))}
    return set()


def _few(line: Line, policy: Policy) -> bool:
    """Whether the total shows that the people hidden in this line are too few."""
    from readingroom.core.disclosure.rules.threshold import is_low

    hidden = [cell for cell in line.cells if cell.suppressed]
    return bool(hidden) and not line.totals[0].suppressed and is_low(sum(cell.people for cell in hidden), policy)


def determined(table: list[Line]) -> set[Key]:
    """Hidden cells that the sums fix: those that no solution of all lines' equations can change."""
    import numpy

    unknown = sorted({_key(cell) for line in table for cell in (*line.cells, *line.totals) if cell.suppressed})
    if not unknown or not table:
        return set()
    place = {key: number for number, key in enumerate(unknown)}
    equations = numpy.zeros((len(table), len(unknown)))
    for number, line in enumerate(table):
        for sign, cells in ((1, line.cells), (-1, line.totals)):
            for cell in cells:
                if cell.suppressed:
                    equations[number, place[_key(cell)]] = sign
    _, sizes, directions = numpy.linalg.svd(equations, full_matrices=True)
    free = directions[int((sizes > 1e-9).sum()):]
    fixed = (abs(free) < 1e-9).all(axis=0)
    return {key for key, number in place.items() if fixed[number]}
