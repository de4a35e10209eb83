"""Does the evidence belong to the file? Compares each published number with what the evidence says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence, TablesEvidence, tables_of
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
            hidden = is_suppressed(text)
            placed[cell.row, cell.column] = replace(cell, position=(row, column), suppressed=hidden)
            if not hidden and (cell.suppressed or not _agrees(text, cell, said)):
                wrong.append((here, text, cell, said))
    shown = tuple(
        one.with_cells(tuple(placed.get((cell.row, cell.column), replace(cell, suppressed=True)) for cell in one.cells))
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
            return [*_shares(cell, evidence), *value]
        case Family.COMPARISON:
            return [*_ratio(cell, evidence), *value]
        case Family.POSITION | Family.EXTREME | Family.MODE | Family.SHAPE | None:
            return value


def _shares(cell: CellEvidence, evidence: TableEvidence) -> list[Fraction]:
    """As a part of one and in percent, of the exact counts and of the rounded ones."""
    if canonical(evidence.statistic) != "share" or cell.numerator_people is None or not cell.denominator_people:
        return []
    counts = (cell.numerator_people, cell.denominator_people)
    rounded = tuple(_rounded(count, evidence) for count in counts)
    parts = [Fraction(part) / whole for part, whole in (counts, rounded) if whole]
    return [times * part for part in parts for times in (1, 100)]


def _ratio(cell: CellEvidence, evidence: TableEvidence) -> list[Fraction]:
    (a, b), (c, d) = cell.two_by_two or ((0, 0), (0, 0))
    if canonical(evidence.statistic) == "odds_ratio":
        return [Fraction(a * d, b * c)] if b and c else []
    return [Fraction(a, a + b) / Fraction(c, c + d)] if a + b and c else []


def _claim(cell: CellEvidence, evidence: TableEvidence) -> str:
    if cell.suppressed:
        return "that it is suppressed"
    values = [
        number(int(value) if value.denominator == 1 else float(value)) for value in _expected(cell, evidence)
    ]
    return " or ".join(dict.fromkeys(values)) or "no value"


def _agrees(text: str, cell: CellEvidence, evidence: TableEvidence) -> bool:
    """Equal up to the rounding of the digits shown, and for counts as rounded to the declared base."""
    text = text.strip()
    if evidence.family is Family.SHARE:
        text = text.removesuffix("%").rstrip()
    if not is_number(text) or text.endswith("%"):
        return False
    shown = Fraction(text.replace(",", ""))
    if evidence.family is Family.FREQUENCY and cell.weighted_total is None:
        return any(_is_rounding(shown, int(count), evidence) for count in _expected(cell, evidence)) or (
            evidence.rounding > 1 and cell.is_margin and cell.value is not None and shown == exact(cell.value))
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    half = Fraction(1, 2) * Fraction(10) ** min(-decimals, 0)
    return any(abs(shown - value) <= half + abs(value) / NOISE for value in _expected(cell, evidence))


def _rounded(count: int, evidence: TableEvidence) -> Fraction:
    """To the nearest multiple, half up; or to the middle of the interval that ends at the multiple above."""
    base = evidence.rounding
    if evidence.rounding_method == "midpoint":
        return Fraction(-(-count // base) * base - base // 2 if count else 0)
    return Fraction((2 * count + base) // (2 * base) * base)


def _is_rounding(shown: Fraction, count: int, evidence: TableEvidence) -> bool:
    base = evidence.rounding
    if evidence.rounding_method == "midpoint":
        return shown == _rounded(count, evidence)
    room = Fraction(base, 2) if evidence.rounding_method == "nearest" else Fraction(base - 1)
    return shown % base == 0 and abs(shown - count) <= room
