"""Is this table rows of people? Signs that a "table" is the data itself."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal, InvalidOperation

from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.inspection.csv_table import is_number
from readingroom.core.inspection.model import PublishedTable
from readingroom.core.policy import Policy

FEW_ROWS = 20
"""Below this many rows, uniqueness says nothing: every small table has unique labels."""
NEARLY_ALL = 0.95
PERSON_WORDS = frozenset(
    {
        "person",
        "people",
        "defendant",
        "offender",
        "prisoner",
        "child",
        "patient",
        "party",
        "individual",
        "subject",
        "applicant",
        "respondent",
        "claimant",
        "victim",
        "pupil",
        "member",
        "client",
        "case",
        "record",
        "participant",
    }
)
KEY_WORDS = frozenset({"id", "ids", "hash", "key", "pseudonym", "identifier", "uuid", "guid", "ref", "urn"})
DIRECT_NAMES = frozenset(
    {
        "name",
        "surname",
        "forename",
        "first_name",
        "last_name",
        "full_name",
        "dob",
        "date_of_birth",
        "birth_date",
        "postcode",
        "address",
        "email",
        "phone",
        "telephone",
        "nhs_number",
        "nino",
        "ni_number",
        "pnc",
        "pnc_id",
        "cro",
        "noms",
        "noms_id",
        "nomis_id",
        "crn",
        "upn",
        "passport",
        "username",
    }
)
COUNT_WORDS = frozenset(
    {
        "n",
        "count",
        "counts",
        "people",
        "persons",
        "number",
        "freq",
        "frequency",
        "total",
        "records",
        "cases",
        "defendants",
        "offenders",
        "prisoners",
        "size",
        "all",
    }
)
HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{10,128}\Z|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_-]{8,128}\Z")
AREA = re.compile(r"[EWSNKJLM]\d{8}\Z")
"""ONS codes of areas, as E06000001: they look hexadecimal but are no person."""
WHOLE = re.compile(r"\d{1,18}(?:\.0+)?\Z")
DAY = re.compile(r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4})(?:[ T][\d:.+Z]*)?\Z")


def words_of(name: str) -> list[str]:
    """`DefendantID`, `defendant-id` and "defendant id" all give [defendant, id]."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return [word for word in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if word]


def is_count_name(name: str) -> bool:
    return bool(COUNT_WORDS & set(words_of(name)))


def whole(text: str) -> int | None:
    """The non-negative whole number that the cell shows (thousands separators allowed), or None."""
    plain = text.strip().replace(",", "")
    return int(plain.partition(".")[0]) if WHOLE.match(plain) else None


def check_people(table: PublishedTable, policy: Policy) -> list[Finding]:
    """All signs found; none does not prove that the table is an aggregate."""
    columns = [table.column(index) for index in range(len(table.header))]
    findings = _rows(table, policy)
    for index, (name, values) in enumerate(zip(table.header, columns, strict=True)):
        findings += _name(index, name, values, policy)
        findings += _identifiers(index, name, values)
        findings += _precision(index, name, values)
    findings += _repeated_rows(table)
    findings += _listed_values(table, columns)
    return findings


def _rows(table: PublishedTable, policy: Policy) -> list[Finding]:
    if policy.max_table_rows is None:
        return [
            Finding(
                "policy.incomplete",
                Verdict.REVIEW,
                "The policy does not say how long a table may be.",
                "Ask an administrator to set max_table_rows in the site policy.",
                parameters={"missing": ["max_table_rows"]},
            )
        ]
    if table.row_count <= policy.max_table_rows:
        return []
    return [
        Finding(
            "people.many-rows",
            Verdict.FAIL,
            f"The table has {table.row_count:,} rows; {policy.max_table_rows:,} is the most that an "
            "aggregate may "
            "have.",
            "Aggregate further, or send fewer tables' worth of rows.",
            parameters={"rows": table.row_count, "max_table_rows": policy.max_table_rows},
        )
    ]


def _name(index: int, name: str, values: tuple[str, ...], policy: Policy) -> list[Finding]:
    words = words_of(name)
    joined = "_".join(words)
    denied = {"_".join(words_of(column.rpartition(".")[2])) for column in policy.denied_columns or ()}
    person_key = bool(words) and words[-1] in KEY_WORDS and bool(PERSON_WORDS & set(words))
    if joined in DIRECT_NAMES or person_key or (joined and joined in denied):
        return [
            Finding(
                "people.identifier-column",
                Verdict.FAIL,
                f"Column {index + 1} is called “{name[:60]}”, like an identifier of people.",
                "Leave the column out, or give the number of distinct people instead.",
                tuple(_places(values, index)),
                {"column": name[:60]},
            )
        ]
    if words and words[-1] in KEY_WORDS:
        return [
            Finding(
                "people.key-column",
                Verdict.REVIEW,
                f"Column {index + 1} is called “{name[:60]}”, like a key.",
                "Leave keys out, or rename the column if it names a category.",
                parameters={"column": name[:60]},
            )
        ]
    return []


def _identifiers(index: int, name: str, values: tuple[str, ...]) -> list[Finding]:
    filled = [value.strip() for value in values if value.strip()]
    hexes = sum(1 for value in filled if HEX.match(value) and not is_number(value))
    codes = sum(
        1
        for value in filled
        if CODE.match(value) and not (is_number(value) or DAY.match(value) or AREA.match(value))
    )
    distinct = len(set(filled))
    if hexes >= 3 and hexes >= len(filled) / 2:
        return [
            Finding(
                "people.pseudonyms",
                Verdict.FAIL,
                f"Column {index + 1} (“{name[:60]}”) holds {hexes:,} values that look like "
                "pseudonyms of people "
                "(hexadecimal codes).",
                "Leave identifiers out, pseudonymised ones too.",
                tuple(_places(values, index)),
            )
        ]
    if len(filled) < FEW_ROWS or distinct < NEARLY_ALL * len(filled):
        return []
    numbers = [number for value in filled if (number := whole(value)) is not None]
    if codes >= NEARLY_ALL * len(filled):
        return [
            Finding(
                "people.unique-key",
                Verdict.FAIL,
                f"Column {index + 1} (“{name[:60]}”) has {distinct:,} different codes in "
                f"{len(filled):,} rows: a "
                "key, so each row may be a person.",
                "Aggregate, and leave the key out.",
            )
        ]
    if len(numbers) == len(filled):
        running = index == 0 and [value - numbers[0] for value in numbers] == list(range(len(numbers)))
        fixed_width = (
            len({len(value) for value in filled}) == 1 and len(filled[0]) >= 6 and "." not in filled[0]
        )
        if (running and numbers[0] in (0, 1)) or fixed_width:
            return [
                Finding(
                    "people.unique-key",
                    Verdict.REVIEW if running else Verdict.FAIL,
                    f"Column {index + 1} (“{name[:60]}”) has a different whole number in each of "
                    f"{len(filled):,} "
                    "rows, like a row number or key: each row may be a person.",
                    "Aggregate, and leave row numbers out (to_csv(index=False)).",
                )
            ]
        return []
    if all(DAY.match(value) for value in filled) or (
        index > 0 and not any(is_number(value) for value in filled)
    ):
        return [
            Finding(
                "people.unique-key",
                Verdict.REVIEW,
                f"Column {index + 1} (“{name[:60]}”) has {distinct:,} different values in "
                f"{len(filled):,} rows, so "
                "each row may be a person.",
                "Group the values (months, bands, regions) and aggregate.",
            )
        ]
    return []


def _precision(index: int, name: str, values: tuple[str, ...]) -> list[Finding]:
    precise = [value for value in values if is_number(value) and _digits(value) >= 9]
    if not precise:
        return []
    return [
        Finding(
            "precision",
            Verdict.REVIEW,
            f"Column {index + 1} (“{name[:60]}”) has numbers of up to {max(map(_digits, precise))} "
            "significant "
            "digits, enough to work out exact values of people.",
            "Round to what a reader needs, for example three significant digits.",
        )
    ]


def _digits(value: str) -> int:
    """Significant digits of a number with decimals; 0 for whole ones."""
    try:
        number = Decimal(value.strip().rstrip("%").replace(",", "")).normalize()
    except InvalidOperation:
        return 0
    _, digits, exponent = number.as_tuple()  # the exponent is a letter for infinity and not-a-number
    return len(digits) if isinstance(exponent, int) and exponent < 0 else 0


def _repeated_rows(table: PublishedTable) -> list[Finding]:
    repeats = sum(times - 1 for times in Counter(table.rows).values())
    labels = [
        index
        for index in range(len(table.header))
        if not any(is_number(value) for value in table.column(index))
    ]
    if repeats and len(table.rows) >= 5:
        return [
            Finding(
                "people.repeated-rows",
                Verdict.FAIL,
                f"{repeats:,} of {len(table.rows):,} rows repeat another exactly, which rows of an "
                "aggregate never "
                "do: each row may be a person.",
                "Aggregate: one row per group, with a count.",
            )
        ]
    groups = {tuple(row[index] if index < len(row) else "" for index in labels) for row in table.rows}
    if labels and len(table.rows) >= FEW_ROWS and len(groups) < len(table.rows) / 2:
        return [
            Finding(
                "people.repeated-labels",
                Verdict.REVIEW,
                f"{len(table.rows):,} rows share {len(groups):,} different labels, so each row may "
                "be a person.",
                "Give every group one row.",
            )
        ]
    return []


def _listed_values(table: PublishedTable, columns: list[tuple[str, ...]]) -> list[Finding]:
    """value_counts of a measure: numbers that are nearly all different, each with a tiny count."""
    if len(columns) != 2 or len(table.rows) < FEW_ROWS:
        return []
    values, counts = columns
    tiny = sum(1 for value in counts if whole(value) == 1)
    numeric = sum(1 for value in values if is_number(value))
    if numeric < NEARLY_ALL * len(values) or tiny < len(counts) / 2:
        return []
    return [
        Finding(
            "people.listed-values",
            Verdict.FAIL,
            f"{tiny:,} of {len(counts):,} values occur once: this lists the values of people "
            "(value_counts of a "
            "measure), it does not summarise them.",
            "Put the values into bands (pd.cut) and count those.",
            tuple(Cell(position=(row, 1)) for row, value in enumerate(counts[:500]) if whole(value) == 1),
        )
    ]


def _places(values: tuple[str, ...], index: int) -> list[Cell]:
    return [Cell(position=(row, index)) for row in range(min(len(values), 50))]
