"""How two versions of an application differ, and whose data the difference touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from readingroom.core.applications import Application, DatasetAsk

WIDE_TEXTS = ("title", "aim", "public_benefit", "lead", "purpose", "legal_gateway", "outputs", "image")
SECTION_OF = {"title": "aim", "aim": "aim", "public_benefit": "aim", "lead": "people", "purpose": "gateway",
              "legal_gateway": "gateway", "outputs": "outputs", "image": "settings", "tier": "settings",
              "ends_on": "dates", "urgent": "dates"}


class Effect(StrEnum):
    """What a change does to what a custodian agreed to."""

    WIDENS = "widens"
    NARROWS = "narrows"


@dataclass(frozen=True)
class Change:
    """One difference. `dataset` is whose custodian it is about; empty: every custodian's. `what` names the thing."""

    section: str
    what: str
    before: str
    after: str
    effect: Effect
    dataset: str = ""


def diff(before: Application, after: Application) -> tuple[Change, ...]:
    """Every difference between two versions, people first, then the project, then dataset by dataset."""
    return (*_people(before, after), *_project(before, after), *_data(before, after))


def touched(before: Application, after: Application) -> frozenset[str]:
    """The datasets of `after` whose custodians have to decide: those for whom anything widens.

    Narrowing needs nobody's yes: fewer people, columns or days, a stricter tier, a filter where there was none.
    """
    widening = [change for change in diff(before, after) if change.effect is Effect.WIDENS]
    datasets = {ask.dataset for ask in after.datasets}
    if any(not change.dataset for change in widening):
        return frozenset(datasets)
    return frozenset(change.dataset for change in widening) & datasets


def _people(before: Application, after: Application) -> Iterator[Change]:
    for name in sorted(set(after.members) - set(before.members)):
        yield Change("people", "member", "", name, Effect.WIDENS)
    for name in sorted(set(before.members) - set(after.members)):
        yield Change("people", "member", name, "", Effect.NARROWS)


def _project(before: Application, after: Application) -> Iterator[Change]:
    for name in WIDE_TEXTS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and old:  # what a project was recorded without is no change to what was agreed
            yield Change(SECTION_OF[name], name, old, new, Effect.WIDENS)
    if before.ends_on != after.ends_on:
        longer = after.ends_on > before.ends_on
        yield Change("dates", "ends_on", before.ends_on.isoformat(), after.ends_on.isoformat(),
                     Effect.WIDENS if longer else Effect.NARROWS)
    if before.tier is not after.tier:
        looser = after.tier < before.tier
        yield Change("settings", "tier", before.tier.value, after.tier.value,
                     Effect.WIDENS if looser else Effect.NARROWS)


def _data(before: Application, after: Application) -> Iterator[Change]:
    old, new = ({ask.dataset: ask for ask in one.datasets} for one in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Change("data", "dataset", name, "", Effect.NARROWS, name)
        elif name not in old:
            yield Change("data", "dataset", "", name, Effect.WIDENS, name)
            yield from _ask(DatasetAsk(name, {}), new[name])
        else:
            yield from _ask(old[name], new[name])


def _ask(before: DatasetAsk, after: DatasetAsk) -> Iterator[Change]:
    def change(what: str, old: str, new: str, *, widens: bool) -> Change:
        return Change("data", what, old, new, Effect.WIDENS if widens else Effect.NARROWS, after.dataset)

    old, new = _flat(before.columns), _flat(after.columns)
    for column in sorted(new.keys() - old.keys()):
        yield change("column", "", column, widens=True)
    for column in sorted(old.keys() - new.keys()):
        yield change("column", column, "", widens=False)
    for column in sorted(old.keys() & new.keys()):
        if old[column] != new[column] and old[column]:  # the first reason given for a granted column asks for nothing
            yield change(f"reason for {column}", old[column], new[column], widens=True)
    for table in sorted(before.row_filter.keys() | after.row_filter.keys()):
        was, now = before.row_filter.get(table, ""), after.row_filter.get(table, "")
        if was != now and (was or now) and not (was and table not in after.columns):
            yield change(f"row filter of {table}", was, now, widens=bool(was))
    if before.budget_micro_rho != after.budget_micro_rho:
        yield change("privacy budget", str(before.budget_micro_rho), str(after.budget_micro_rho),
                     widens=after.budget_micro_rho > before.budget_micro_rho)


def _flat(columns: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {f"{table}.{column}": reason for table, reasons in columns.items() for column, reason in reasons.items()}
