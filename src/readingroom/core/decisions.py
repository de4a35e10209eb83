"""What a custodian may attach to a yes: only what opens less than was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from readingroom.core.datasets import Dataset
from readingroom.core.policy.model import Policy, strictest
from readingroom.core.projects import Grant
from readingroom.core.row_filters import check_row_filter
from readingroom.errors import InvalidInput


@dataclass(frozen=True)
class Conditions:
    """`without` are columns (table.column) taken out, `narrower` row conditions by table, `rules` stricter rules.

    `expires_on` and `budget_micro_rho` are the most that is agreed; None leaves them as asked.
    """

    without: frozenset[str] = frozenset()
    narrower: Mapping[str, str] = field(default_factory=dict)
    rules: Policy = field(default_factory=Policy)
    budget_micro_rho: int | None = None
    expires_on: date | None = None
    words: str = ""


def conditioned(asked: Grant, dataset: Dataset, conditions: Conditions, today: date) -> Grant:
    """The grant that a yes under `conditions` makes. InvalidInput, naming it, for one that opens more, or nothing.

    Example: columns {age, sex} asked, {age} taken out -> {sex}; filter `a` narrowed by `b` -> `(a) AND (b)`.
    """
    known = {f"{table}.{column}" for table, columns in asked.columns.items() for column in columns}
    if foreign := sorted(conditions.without - known):
        raise InvalidInput(f"{foreign[0]} was not asked for, so it cannot be taken out.", rule="conditions.columns",
                           value=foreign[0], next_step="Choose among the columns asked for.")
    left = {table: tuple(column for column in columns if f"{table}.{column}" not in conditions.without)
            for table, columns in asked.columns.items()}
    left = {table: columns for table, columns in left.items() if columns}
    if not left:
        raise InvalidInput("No column would be left.", rule="conditions.columns",
                           next_step="Refuse, or leave at least one column in.")
    return replace(
        asked, columns=left, row_filter=_narrowed(asked, dataset, conditions.narrower, left),
        expires_on=_no_later(asked, conditions.expires_on, today), budget_micro_rho=_no_more(asked, conditions),
        rules=strictest(asked.rules, conditions.rules), conditions=conditions.words)


def _narrowed(asked: Grant, dataset: Dataset, narrower: Mapping[str, str],
              left: Mapping[str, object]) -> dict[str, str]:
    filters = {table: text for table, text in asked.row_filter.items() if table in left}
    for name, text in narrower.items():
        table = dataset.table(name)
        if not text.strip():
            continue
        if table is None or name not in left:
            raise InvalidInput(f"{name} is not granted, so its rows cannot be narrowed.", rule="conditions.row-filter",
                               value=name, next_step="Narrow a table of which columns are granted.")
        narrow = check_row_filter(text, table)  # written anew: no comment of one side hides the other
        asked_for = filters.get(name)
        filters[name] = f"({check_row_filter(asked_for, table)}) AND ({narrow})" if asked_for else narrow
        check_row_filter(filters[name], table)
    return filters


def _no_later(asked: Grant, expires_on: date | None, today: date) -> date:
    if asked.expires_on < today:
        raise InvalidInput(f"It was asked for until {asked.expires_on:%-d %B %Y}, which is over.",
                           rule="conditions.expires-on", value=asked.expires_on.isoformat(),
                           next_step="Return it with a comment on the end date.")
    if expires_on is None:
        return asked.expires_on
    if expires_on > asked.expires_on:
        raise InvalidInput(f"{expires_on:%-d %B %Y} is later than was asked for ({asked.expires_on:%-d %B %Y}).",
                           rule="conditions.expires-on", value=expires_on.isoformat(),
                           next_step="A condition can only shorten. The project can ask for longer itself.")
    if expires_on <= today:
        raise InvalidInput(f"{expires_on:%-d %B %Y} is not in the future.", rule="conditions.expires-on",
                           value=expires_on.isoformat(), next_step="Give a later day, or refuse.")
    return expires_on


def _no_more(asked: Grant, conditions: Conditions) -> int:
    budget = conditions.budget_micro_rho
    if budget is None:
        return asked.budget_micro_rho
    if not 0 <= budget <= asked.budget_micro_rho:
        raise InvalidInput(f"A privacy budget of {budget:,} is more than was asked for ({asked.budget_micro_rho:,}).",
                           rule="conditions.budget", value=budget,
                           next_step="A condition can only lower it; 0 allows no private answers.")
    return budget
