"""Small counts in a table that came without evidence: the threshold rule on the published numbers."""

from __future__ import annotations

import math

from readingroom.core.disclosure.rules.threshold import SOURCE, is_low, limit_words, unset
from readingroom.core.disclosure.rules.wording import listing, missing_parameter, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.inspection.csv_table import is_number
from readingroom.core.inspection.model import PublishedTable
from readingroom.core.inspection.people import is_count_name, whole, words_of
from readingroom.core.policy import Policy

SUPPRESSION_MARKS = frozenset(
    {
        "",
        "*",
        "**",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "...",
        ":",
        "x",
        "c",
        "[c]",
        "[x]",
        "[z]",
        "n/a",
        "na",
        "nan",
        "suppressed",
        "redacted",
        "[redacted]",
        "[suppressed]",
    }
)
LABEL_WORDS = frozenset(
    {
        "year",
        "month",
        "quarter",
        "age",
        "decile",
        "quintile",
        "quartile",
        "code",
        "week",
        "day",
        "band",
        "id",
        "index",
        "level",
        "rank",
        "group",
        "category",
    }
)


def is_suppressed(text: str) -> bool:
    """Whether a published cell shows a mark instead of a number; "<10" is one too."""
    text = text.strip().casefold()
    return text in SUPPRESSION_MARKS or (text[:1] in {"<", "≤"} and is_number(text[1:].lstrip("= ")))


def check_marks(table: PublishedTable, policy: Policy, labels: int = 1) -> list[Finding]:
    """FAIL on marks that say more than that a count is too low: "<3" where fewer than 10 are hidden.

    The first `labels` columns hold labels, such as ages "<5".
    """
    if policy.threshold is None:
        return []
    most = policy.threshold if policy.threshold_inclusive is not False else policy.threshold - 1
    telling = [(text.strip(), Cell((fields[0][:100],), (table.header[at][:100],), (row, at)))
               for row, fields in enumerate(table.rows) for at, text in enumerate(fields[:len(table.header)])
               if at >= labels and (bound := _bound(text)) is not None and bound < most]
    if not telling:
        return []
    described = listing([f"{cell.row[0]} × {cell.column[0]}: {text[:20]}" for text, cell in telling])
    return [Finding(
        "marks", Verdict.FAIL,
        f"{plural(len(telling), 'mark says', 'marks say')} more of a hidden count than that it is low ({described}).",
        f'Write "<{most + 1}", or a mark without a number such as [c].', tuple(cell for _, cell in telling),
        {"threshold": policy.threshold, "threshold_inclusive": policy.threshold_inclusive}, SOURCE)]


def _bound(text: str) -> float | None:
    """The largest whole number that "<5" or "≤4" leaves; None of anything else."""
    text = text.strip()
    rest = text[1:].lstrip("= ")
    if text[:1] not in {"<", "≤"} or not is_number(rest) or rest.endswith("%"):
        return None
    limit = float(rest.replace(",", ""))
    return math.ceil(limit) - 1 if text[0] == "<" and "=" not in text[:3] else math.floor(limit)


def check_small_counts(table: PublishedTable, policy: Policy) -> list[Finding]:
    """FAIL on small numbers in columns that are counts by name or shape, REVIEW where unclear."""
    if missing := unset(policy):
        return [missing_parameter(*missing)]
    columns = [table.column(index) for index in range(len(table.header))]
    integers = [
        index
        for index, (name, values) in enumerate(zip(table.header, columns, strict=True))
        if _is_integer_column(values) and not LABEL_WORDS & set(words_of(name))
    ]
    if integers and integers[0] == 0 and len(columns) > 1 and not is_count_name(table.header[0]):
        integers = integers[1:]
    measures = [
        index
        for index, values in enumerate(columns)
        if index not in integers and any(is_number(value) and whole(value) is None for value in values)
    ]
    sure = [index for index in integers if is_count_name(table.header[index]) or not measures]
    unsure = [index for index in integers if index not in sure]
    return _small(table, columns, sure, Verdict.FAIL, policy) + _small(
        table, columns, unsure, Verdict.REVIEW, policy
    )


def _is_integer_column(values: tuple[str, ...]) -> bool:
    numbers = [value for value in values if not is_suppressed(value)]
    return bool(numbers) and all(whole(value) is not None for value in numbers)


def _small(
    table: PublishedTable, columns: list[tuple[str, ...]], chosen: list[int], verdict: Verdict, policy: Policy
) -> list[Finding]:
    cells = []
    for row, fields in enumerate(table.rows):
        for index in chosen:
            number = whole(columns[index][row])
            if number is not None and is_low(number, policy):
                cells.append((number, Cell((fields[0][:100],), (table.header[index][:100],), (row, index))))
    if not cells:
        return []
    described = listing([f"{cell.row[0]} × {cell.column[0]}: {number}" for number, cell in cells])
    looks = ("is a count", "are counts") if verdict is Verdict.FAIL else ("may be a count", "may be counts")
    return [
        Finding(
            "threshold",
            verdict,
            f"{plural(len(cells), f'published number {looks[0]}', f'published numbers {looks[1]}')} below the limit "
            f"({described}); each count "
            "needs "
            f"{limit_words(policy)} people.",
            "Merge categories or suppress these cells, or make the table with the SDK so that its counts of "
            "people are known.",
            tuple(cell for _, cell in cells),
            {
                "threshold": policy.threshold,
                "threshold_inclusive": policy.threshold_inclusive,
                "zeros_disclosive": policy.zeros_disclosive,
            },
            SOURCE,
        )
    ]
