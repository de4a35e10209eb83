"""What a grant may open, and what of it policy still allows today."""

from __future__ import annotations

from datetime import date, timedelta

from readingroom.core.datasets import Dataset
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant, Project
from readingroom.core.row_filters import check_row_filter
from readingroom.errors import InvalidInput


def readable_columns(grant: Grant, policy: Policy) -> dict[str, tuple[str, ...]]:
    """The granted columns less those that policy denies, by table: what an extract holds and answers may read.

    A column denied after the grant was given is gone from the next extract; a table left without columns too.
    """
    denied = policy.denied_columns or frozenset()
    left = {table: tuple(column for column in columns if f"{table}.{column}" not in denied)
            for table, columns in grant.columns.items()}
    return {table: columns for table, columns in left.items() if columns}


def check_renewal(grant: Grant, project: Project, until: date, today: date) -> None:
    """Refuse an end that is no renewal: past, not later than the present one, or beyond the project's own."""
    if until < today or until <= grant.expires_on:
        raise InvalidInput(f"{until:%-d %B %Y} is not later than {max(grant.expires_on, today):%-d %B %Y}.",
                           rule="grant.renew-later", value=until.isoformat(),
                           next_step="Choose a later day, or withdraw the grant if it should end.")
    if until > project.expires_on:
        raise InvalidInput(f"The project itself ends on {project.expires_on:%-d %B %Y}.", rule="grant.within-project",
                           value=until.isoformat(),
                           next_step=f"Choose {project.expires_on:%-d %B %Y} or earlier, until it is extended.")


def check_within_policy(grant: Grant, dataset: Dataset, policy: Policy, today: date) -> None:
    """Refuse a yes that would open more, or for longer, than policy and registration allow (P2, P3)."""
    for name, columns in grant.columns.items():
        table = dataset.table(name)
        unknown = [column for column in columns if table is None or table.column(column) is None]
        if unknown:
            raise InvalidInput(f"{dataset.slug} has no {name}.{unknown[0]}.", rule="grant.columns", value=unknown,
                               next_step="Return the application: it asks for something that is not registered.")
    if readable_columns(grant, policy) != grant.columns:
        denied = sorted(policy.denied_columns or ())
        raise InvalidInput("The application asks for columns that policy denies to everyone.",
                           rule="grant.denied-columns", value=denied,
                           next_step=f"Have these taken out of it: {', '.join(denied)}.")
    for name, condition in grant.row_filter.items():
        table = dataset.table(name)
        if table is None:
            raise InvalidInput(f"The row filter names {name}, which {dataset.slug} does not have.",
                               rule="grant.row-filter", value=name, next_step="Return the application.")
        check_row_filter(condition, table)
    if policy.max_grant_days is not None and grant.expires_on > today + timedelta(days=policy.max_grant_days):
        raise InvalidInput(
            f"The grant would last until {grant.expires_on:%-d %B %Y}; policy allows {policy.max_grant_days} days.",
            rule="grant.max-days", value=grant.expires_on.isoformat(),
            next_step="Have the application shortened; it can be renewed before it ends.")
