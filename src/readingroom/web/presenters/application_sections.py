"""The fields of each step of an application: what is asked, what helps to answer it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readingroom.core.application_form import Fault, Typed, allowed_of
from readingroom.core.datasets import Column, Dataset
from readingroom.core.policy.model import Policy, strictest
from readingroom.core.projects import allowed_images
from readingroom.web.presenters.applications import TIERS
from readingroom.web.presenters.paging import Pager, pager

COLUMNS_A_PAGE = 200
REASONS_A_PAGE = 100


@dataclass(frozen=True)
class Item:
    value: str
    text: str
    hint: str
    checked: bool


@dataclass(frozen=True)
class Field:
    """`kind` is text, area, date, radios or checks. `error` is what is wrong with what was typed; empty if nothing."""

    name: str
    kind: str
    label: str
    hint: str
    value: Any
    items: tuple[Item, ...] = ()
    error: str = ""
    rows: int = 4


def fields(key: str, typed: Typed, faults: Iterable[Fault], datasets: Mapping[str, Dataset],
           policies: list[Policy]) -> tuple[Field, ...]:
    """The fields of one step. `policies` are those of the datasets chosen so far: they limit what can be chosen."""
    wrong = {fault.field: f"{fault.message} {fault.next_step}" for fault in reversed(tuple(faults))
             if fault.section == key}

    def text(name: str, label: str, hint: str, kind: str = "text", rows: int = 4) -> Field:
        return Field(name, kind, label, hint, typed.get(name, ""), error=wrong.get(name, ""), rows=rows)

    def radios(name: str, label: str, hint: str, choices: Iterable[tuple[str, str, str]]) -> Field:
        items = tuple(Item(value, words, why, typed.get(name, "") == value) for value, words, why in choices)
        return Field(name, "radios", label, hint, "", items, wrong.get(name, ""))

    if key == "aim":
        return (text("title", "Title", "Published in the register of projects, so that outsiders understand it."),
                text("aim", "Aim", "What you want to find out, in a few sentences.", "area"),
                text("public_benefit", "Public benefit", "Who will be better off, and how. Published.", "area"))
    if key == "gateway":
        return (radios("purpose", "Purpose", "What all the datasets that you chose may be used for.",
                       ((one, one, "") for one in sorted(allowed_of(policies, "purposes")))),
                radios("legal_gateway", "Legal gateway", "The law under which the data may be shared with you.",
                       ((one, one, "") for one in sorted(allowed_of(policies, "legal_gateways")))))
    if key == "dates":
        urgent = (Item("yes", "It cannot wait for the usual order", "Owner and custodians are asked at once and "
                       "reminded sooner. Every control stays, and it is reviewed afterwards.",
                       typed.get("urgent") == "yes"),)
        return (text("ends_on", "End date", "When the work will be finished, such as 31 3 2028.", "date"),
                Field("urgent", "checks", "Urgent lane", "", "", urgent, wrong.get("urgent", "")),
                text("urgent_reason", "Why it is urgent", "What would be lost by waiting. Leave empty if it is not.",
                     "area", 3))
    if key == "people":
        return (text("lead", "Lead", "The username of the person who answers for the project and submits it."),
                text("members", "Everyone who will open the data", "Usernames, one a line. Each needs an account here; "
                     "accreditation and training are checked when they open a workspace.", "area", 6))
    if key == "settings":
        images = sorted(allowed_images(strictest(*policies)))
        return (radios("tier", "How the data are reached", "Policy can demand the stricter one.",
                       ((value, words, "") for value, words in TIERS.items())),
                radios("image", "Workspace", "What runs in it.", ((name, name, "") for name in images)))
    if key == "outputs":
        return (text("outputs", "Outputs planned",
                     "Tables, figures, models: which, of whom, and where they will appear.", "area", 6),)
    chosen = set(typed.get("datasets", ()))
    items = tuple(Item(slug, one.title, f"{one.department}. {one.description}", slug in chosen)
                  for slug, one in sorted(datasets.items(), key=lambda pair: pair[1].title))
    return (Field("datasets", "checks", "Datasets", "Columns are chosen in the next steps.", "", items,
                  wrong.get("datasets", "")),)


@dataclass(frozen=True)
class PickColumn:
    key: str
    name: str
    label: str
    type: str
    values: str
    picked: bool
    denied: bool
    sensitive: bool
    identifier: bool


@dataclass(frozen=True)
class PickTable:
    name: str
    label: str
    columns: tuple[PickColumn, ...]
    picked: int
    total: int


@dataclass(frozen=True)
class Picker:
    """The columns of one dataset that match, by table, a page at a time; `shown` says which these are."""

    tables: tuple[PickTable, ...]
    query: str
    table: str
    choices: tuple[tuple[str, str], ...]
    matching: int
    picked: int
    total: int
    pager: Pager
    shown: str


def picker(dataset: Dataset, typed: Typed, denied: frozenset[str], path: str, query: str, only: str,
           number: int) -> Picker:
    picked = {f"{table}.{column}" for table, columns in typed.get("columns", {}).items() for column in columns}
    words = query.lower().split()

    def matches(table: str, column: Column) -> bool:
        text = f"{table} {column.name} {column.label}".lower()
        return (not only or table == only) and all(word in text for word in words)

    found = [(table, column) for table in dataset.tables for column in table.columns if matches(table.name, column)]
    here = found[(number - 1) * COLUMNS_A_PAGE:number * COLUMNS_A_PAGE]
    tables = []
    for table in dataset.tables:
        columns = tuple(_pick(table.name, column, picked, denied) for owner, column in here if owner is table)
        if columns:
            tables.append(PickTable(table.name, table.label, columns,
                                    sum(f"{table.name}.{column.name}" in picked for column in table.columns),
                                    len(table.columns)))
    kept = {name: value for name, value in (("q", query), ("table", only)) if value}
    return Picker(
        tuple(tables), query, only, tuple((table.name, table.label) for table in dataset.tables), len(found),
        len(picked), sum(len(table.columns) for table in dataset.tables),
        pager(path, "page", number, len(found), COLUMNS_A_PAGE, **kept),
        ",".join(column.key for table in tables for column in table.columns))


def _pick(table: str, column: Column, picked: set[str], denied: frozenset[str]) -> PickColumn:
    key = f"{table}.{column.name}"
    return PickColumn(key, column.name, column.label, column.type, values(column), key in picked, key in denied,
                      column.sensitive, column.identifier)


def values(column: Column) -> str:
    """What a column can hold, as its custodian registered it."""
    if column.codes:
        text = ", ".join(f"{code} {label}" for code, label in column.codes.items())
        return text if len(text) <= 160 else text[:160] + "…"
    if column.lower is not None and column.upper is not None:
        return f"{column.lower:g} to {column.upper:g}"
    return ""


@dataclass(frozen=True)
class Reason:
    key: str
    label: str
    value: str
    error: str


@dataclass(frozen=True)
class Reasons:
    rows: tuple[Reason, ...]
    missing: int
    pager: Pager
    shown: str


def reasons(dataset: Dataset, typed: Typed, faults: Iterable[Fault], path: str, number: int, *,
            show_errors: bool) -> Reasons:
    wrong = {fault.field: fault.message for fault in faults} if show_errors else {}
    chosen = [(table, column, reason) for table, columns in typed.get("columns", {}).items()
              for column, reason in columns.items()]
    here = chosen[(number - 1) * REASONS_A_PAGE:number * REASONS_A_PAGE]
    rows = []
    for table, column, reason in here:
        found = dataset.table(table)
        known = found.column(column) if found else None
        key = f"{table}.{column}"
        rows.append(Reason(key, known.label if known else "not registered any more", reason,
                           wrong.get(f"reason-{key}", "")))
    return Reasons(tuple(rows), sum(not reason for *_, reason in chosen),
                   pager(path, "page", number, len(chosen), REASONS_A_PAGE), ",".join(row.key for row in rows))


@dataclass(frozen=True)
class TableRows:
    """A table of which columns are chosen, with its row filter and what the filter may compare."""

    name: str
    label: str
    text: str
    error: str
    help: tuple[tuple[str, str, str], ...]
    example: str


def table_rows(dataset: Dataset, typed: Typed, faults: Iterable[Fault]) -> tuple[TableRows, ...]:
    wrong = {fault.field: f"{fault.message} {fault.next_step}" for fault in faults}
    found = []
    for name in typed.get("columns", {}):
        table = dataset.table(name)
        if table is None:
            continue
        help_lines = tuple((column.name, column.type, values(column)) for column in table.columns)
        found.append(TableRows(name, table.label, typed.get("row_filter", {}).get(name, ""),
                               wrong.get(f"filter-{name}", ""), help_lines, _example(table.columns)))
    return tuple(found)


def _example(columns: Iterable[Column]) -> str:
    for column in columns:
        if column.type in ("integer", "number") and column.lower is not None and column.upper is not None:
            return f"{column.name} BETWEEN {column.lower:g} AND {column.upper:g}"
    for column in columns:
        if column.codes:
            return f"{column.name} = '{next(iter(column.codes))}'"
    return "column = 'value'"
