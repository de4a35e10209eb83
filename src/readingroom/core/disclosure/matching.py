"""Does the evidence belong to the file? Compares each published number with what the evidence says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence, TablesEvidence, tables_of
from readingroom.core.disclosure.rounded import CONTROLLED, as_rounded, counts_people
from readingroom.core.disclosure.rules.magnitude import NOISE, exact
from readingroom.core.disclosure.rules.wording import listing, number, plural
from readingroom.core.disclosure.statistics import Family, canonical
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.inspection.csv_table import is_number
from readingroom.core.inspection.model import PublishedTable
from readingroom.core.inspection.small_counts import is_suppressed

COLUMN_JOINERS = (" / ", " × ", " | ", ", ", "_", " ")
"""How the labels of a column with several may be joined in the one header line; the SDK uses the first."""


@dataclass(frozen=True)
class Match:
    """`tables` have positions, and cells that the file does not show marked suppressed.

    `complete` means that every number published was found in the evidence and agrees with it.
    """

    tables: tuple[TableEvidence, ...]
    findings: tuple[Finding, ...]
    complete: bool


def match(evidence: TableEvidence | TablesEvidence, table: PublishedTable) -> Match:
    """Pair cells by their labels. Leading columns hold the row labels, the header holds column labels."""
    tables = tables_of(evidence)
    depth = len(tables[0].cells[0].row)
    by_labels = _by_labels(tables, table, depth)
    placed: dict[tuple[Labels, Labels], CellEvidence] = {}
    wrong, unknown = [], []
    for row, fields in enumerate(table.rows):
        for column in range(depth, max(len(fields), len(table.header))):
            text = fields[column] if column < len(fields) else ""
            heading = table.header[column] if column < len(table.header) else ""
            said, cell = by_labels.get((_labels(fields[:depth]), _label(heading)), (tables[0], None))
            here = Cell(tuple(fields[:depth]), (heading,), (row, column))
            if cell is None or (cell.row, cell.column) in placed:
                if text.strip():
                    unknown.append(here)
                continue
            hidden = is_suppressed(text) and text.strip() != cell.label
            cell = cell if hidden else _with_shown(cell, text, said)
            placed[cell.row, cell.column] = replace(cell, position=(row, column), suppressed=hidden)
            if not hidden and (cell.suppressed or not _agrees(text, cell, said)):
                wrong.append((here, text, cell, said))
    shown = tuple(one.with_cells(tuple(
        placed.get((cell.row, cell.column), replace(cell, suppressed=True, undefined=False)) for cell in one.cells))
        for one in tables)
    findings = _findings(wrong, unknown, bool(placed))
    return Match(shown, tuple(findings), not findings)


def _by_labels(
    tables: tuple[TableEvidence, ...], table: PublishedTable, depth: int
) -> dict[tuple[Labels, str], tuple[TableEvidence, CellEvidence]]:
    """Each cell by every form in which a file may write its labels."""
    columns = {cell.column for one in tables for cell in one.cells}
    lone = _label(table.header[-1]) if len(table.header) == depth + 1 and len(columns) == 1 else None
    return {
        (_labels(cell.row), name): (one, cell)
        for one in tables
        for cell in one.cells
        for name in (*_names(cell.column), *(() if lone is None else (lone,)))
    }


def _findings(
    wrong: list[tuple[Cell, str, CellEvidence, TableEvidence]],
    unknown: list[Cell],
    any_placed: bool,
) -> list[Finding]:
    findings = []
    if wrong:
        described = listing(
            [
                f"{cell.name}: the file says {text.strip()[:20]}, the evidence {_claim(cell, said)}"
                for _, text, cell, said in wrong
            ]
        )
        findings.append(
            Finding(
                "evidence.contradicted",
                Verdict.FAIL,
                f"{plural(len(wrong), 'published number does', 'published numbers do')} not agree with the "
                f"evidence ({described}).",
                "Make the table and its evidence in one SDK call, and do not edit the file afterwards.",
                tuple(here for here, *_ in wrong),
            )
        )
    if unknown or not any_placed:
        findings.append(
            Finding(
                "evidence.incomplete",
                Verdict.REVIEW,
                f"The evidence says nothing of {plural(len(unknown), 'published cell')}, so these were not "
                "checked."
                if any_placed
                else "The evidence describes other cells than the file shows.",
                "Make the table and its evidence in one SDK call.",
                tuple(unknown[:500]),
            )
        )
    return findings


def _names(column: Labels) -> set[str]:
    return {_label(joiner.join(column)) for joiner in COLUMN_JOINERS}


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_label(label) for label in labels)


def _label(text: str) -> str:
    """Labels as compared: 2024, 2024.0 and " 2024" are one."""
    text = text.strip()
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _expected(cell: CellEvidence, evidence: TableEvidence) -> list[Fraction]:
    """The numbers that the evidence lets a file show in this cell, before rounding; none where none follows."""
    value = [] if cell.value is None else [exact(cell.value)]
    match evidence.family:
        case Family.FREQUENCY:
            return value if cell.weighted_total is not None else [Fraction(cell.people), Fraction(cell.records)]
        case Family.LINEAR | Family.SAFE_EXTREME:
            if cell.total is None or cell.weighted_total is not None:
                return value
            if canonical(evidence.statistic) == "sum":
                return [exact(cell.total)]
            return [exact(cell.total) / cell.records] if cell.records else value
        case Family.SHARE:
            return [*_shares(cell, evidence), *(value if evidence.rounding == 1 else [])]
        case Family.COMPARISON:
            return [*_ratio(cell, evidence), *value]
        case Family.POSITION | Family.EXTREME | Family.MODE | Family.SHAPE | None:
            return value


def _shares(cell: CellEvidence, evidence: TableEvidence) -> list[Fraction]:
    """As a part of one and in percent, of the counts as they are rounded."""
    if canonical(evidence.statistic) != "share" or cell.numerator_people is None or not cell.denominator_people:
        return []
    part, whole = (_rounded(count, evidence) for count in (cell.numerator_people, cell.denominator_people))
    return [times * part / whole for times in (1, 100)] if whole else []


def _ratio(cell: CellEvidence, evidence: TableEvidence) -> list[Fraction]:
    (a, b), (c, d) = cell.two_by_two or ((0, 0), (0, 0))
    if canonical(evidence.statistic) == "odds_ratio":
        return [Fraction(a * d, b * c)] if b and c else []
    return [Fraction(a, a + b) / Fraction(c, c + d)] if a + b and c else []


def _claim(cell: CellEvidence, evidence: TableEvidence) -> str:
    if cell.suppressed:
        return "that it is suppressed"
    if cell.label is not None:
        return cell.label[:40]
    values = [
        number(int(value) if value.denominator == 1 else float(value)) for value in _expected(cell, evidence)
    ]
    return " or ".join(dict.fromkeys(values)) or "no value"


def _agrees(text: str, cell: CellEvidence, evidence: TableEvidence) -> bool:
    """Equal up to the rounding of the digits shown, and for counts as rounded to the declared base."""
    text = text.strip()
    if evidence.family is Family.SHARE:
        text = text.removesuffix("%").rstrip()
    if cell.label is not None:
        return text == cell.label.strip()
    if not is_number(text) or text.endswith("%"):
        return False
    shown = Fraction(text.replace(",", ""))
    if evidence.family is Family.FREQUENCY and cell.weighted_total is None:
        if cell.shown is not None:
            return shown == cell.shown
        return evidence.noise is None and any(
            _is_rounding(shown, int(count), evidence) for count in _expected(cell, evidence))
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    half = Fraction(1, 2) * Fraction(10) ** min(-decimals, 0)
    return any(abs(shown - value) <= half + abs(value) / NOISE for value in _expected(cell, evidence))


def _with_shown(cell: CellEvidence, text: str, evidence: TableEvidence) -> CellEvidence:
    """The cell with the number in the file, where rounding so that totals add up leaves open which one it is."""
    if cell.shown is not None or evidence.rounding == 1 or not counts_people(evidence) or not is_number(text):
        return cell
    shown = Fraction(text.strip().replace(",", "")) if not text.strip().endswith("%") else Fraction(-1)
    if evidence.rounding_method == CONTROLLED and shown >= 0 and shown.denominator == 1 and any(
            _is_rounding(shown, int(count), evidence) for count in _expected(cell, evidence)):
        return replace(cell, shown=int(shown))
    if cell.is_margin and cell.value is not None and shown == exact(cell.value) and shown.denominator == 1:
        return replace(cell, shown=int(shown), value=None)  # a total of rounded parts
    return cell


def _rounded(count: int, evidence: TableEvidence) -> Fraction:
    return Fraction(as_rounded(count, evidence.rounding, evidence.rounding_method))


def _is_rounding(shown: Fraction, count: int, evidence: TableEvidence) -> bool:
    base = evidence.rounding
    if evidence.rounding_method == CONTROLLED:
        return shown % base == 0 and abs(shown - count) < base
    half_down = shown % base == 0 and shown - count == -Fraction(base, 2)
    return shown == _rounded(count, evidence) or (evidence.rounding_method == "nearest" and half_down)
