"""Granted data: what is mounted, and how to load it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.core.datasets import code_of, distinct_labels
from readingroom.errors import NotFound
from readingroom.sdk._html import LEFT

if TYPE_CHECKING:
    import pandas

DATA_VARIABLE = "READINGROOM_DATA"
KEYS = ("dataset", "version", "table", "privacy_unit")


@dataclass(frozen=True)
class DataColumn:
    name: str
    label: str
    type: str
    codes: dict[str, str]
    lower: float | None
    upper: float | None
    identifier: bool


@dataclass(frozen=True)
class DataTable:
    """`privacy_unit` names the column of people: thresholds count these, never rows."""

    name: str
    label: str
    privacy_unit: str
    columns: tuple[DataColumn, ...]

    def column(self, name: str) -> DataColumn | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Dataset:
    """A mounted dataset, as far as it was granted."""

    slug: str
    title: str
    version: str
    synthetic: bool
    known_issues: tuple[str, ...]
    tables: tuple[DataTable, ...]

    def table(self, name: str) -> DataTable:
        found = next((table for table in self.tables if table.name == name), None)
        if found is None:
            raise NotFound(f"{self.slug} has no table {name!r} that was granted.", rule="data.table", value=name,
                           next_step=f"There are: {', '.join(table.name for table in self.tables)}.")
        return found

    def _repr_html_(self) -> str:
        made_up = " <em>(synthetic: nobody in it exists)</em>" if self.synthetic else ""
        rows = "".join(
            f"<tr><td {LEFT}><code>{escape(table.name)}</code></td><td {LEFT}><code>{escape(column.name)}</code></td>"
            f"<td {LEFT}>{escape(column.label)}</td><td {LEFT}>{escape(_values(column))}</td></tr>"
            for table in self.tables for column in table.columns)
        issues = "".join(f"<li>{escape(issue)}</li>" for issue in self.known_issues)
        heads = "".join(f"<th {LEFT}>{head}</th>" for head in ("Table", "Column", "Meaning", "Values"))
        return (f"<p><strong>{escape(self.title)}</strong>{made_up}, version {escape(self.version)}</p>"
                f"<ul>{issues}</ul><table><thead><tr>{heads}</tr></thead>"
                f"<tbody>{rows}</tbody></table>")


def data_directory() -> Path:
    return Path(os.environ.get(DATA_VARIABLE, "/data"))


def datasets() -> tuple[Dataset, ...]:
    """The mounted datasets, by name."""
    found = sorted(data_directory().glob("*/dataset.json"))
    return tuple(_dataset(json.loads(path.read_text(encoding="utf-8"))) for path in found)


def load(dataset: str, table: str, *, columns: list[str] | None = None, labels: bool = True) -> pandas.DataFrame:
    """A granted table as a data frame; `labels` turns codes into labels, as ordered categories in catalogue order.

    `.attrs` say dataset, version, table and privacy unit, which `table()` takes from there.
    """
    import pandas

    described = _find(dataset)
    about = described.table(table)
    known = [column.name for column in about.columns]
    missing = [name for name in columns or () if name not in known]
    if missing:
        raise NotFound(f"{dataset}.{table} has no granted column {', '.join(map(repr, missing))}.", rule="data.column",
                       value=missing[0], next_step=f"There are: {', '.join(known)}.")
    frame = pandas.read_parquet(data_directory() / described.slug / f"{about.name}.parquet", columns=columns)
    if labels:
        for column in about.columns:
            if column.codes and column.name in frame.columns:
                frame[column.name] = _labelled(frame[column.name], column.codes)
    frame.attrs = dict(zip(KEYS, (described.slug, described.version, about.name, about.privacy_unit), strict=True))
    return frame


def mounted(slug: str, version: str, table: str) -> tuple[DataTable, Path]:
    """What is known of a granted table, and its file. NotFound if this version of the dataset is not mounted."""
    described = _find(slug)
    if described.version != version:
        raise NotFound(f"Version {version} of {slug} is not mounted.", rule="data.version", value=version,
                       next_step=f"Mounted: {described.version}.")
    about = described.table(table)
    return about, data_directory() / described.slug / f"{about.name}.parquet"


def _find(slug: str) -> Dataset:
    mounted = datasets()
    found = next((one for one in mounted if one.slug == slug), None)
    if found is None:
        raise NotFound(f"{slug!r} is not mounted in this workspace.", rule="data.dataset", value=slug,
                       next_step=f"Mounted: {', '.join(one.slug for one in mounted) or 'nothing'}.")
    return found


def record_key(slug: str) -> bytes | None:
    """The secret from which keys of this dataset's people are made in this project; None if none is mounted."""
    path = next((path for path in data_directory().glob("*/dataset.json")
                 if json.loads(path.read_text(encoding="utf-8")).get("slug") == slug), None)
    said = None if path is None else json.loads(path.read_text(encoding="utf-8")).get("record_key")
    return bytes.fromhex(said) if isinstance(said, str) and said else None


def _labelled(values: pandas.Series, codes: dict[str, str]) -> pandas.Series:
    """Labels for codes, in the catalogue's order; what it does not know stays as it is and comes last."""
    import pandas

    labels = distinct_labels(codes)
    present = values.dropna().unique().tolist()
    names = {value: labels.get(code_of(value), code_of(value)) for value in present}
    order = list(dict.fromkeys([*labels.values(), *sorted(names.values(), key=str)]))
    made = pandas.Categorical(values.map(names), categories=order, ordered=True)
    return pandas.Series(made, index=values.index, name=values.name)


def _values(column: DataColumn) -> str:
    if column.codes:
        shown = ", ".join(f"{code} = {label}" for code, label in column.codes.items())
        return shown if len(shown) < 200 else shown[:200] + "…"
    if column.lower is not None and column.upper is not None:
        return f"{column.type}, {column.lower:g} to {column.upper:g}"
    return "pseudonym" if column.identifier else column.type


def _dataset(said: dict[str, Any]) -> Dataset:
    tables = tuple(
        DataTable(table["name"], table["label"], table["privacy_unit"], tuple(
            DataColumn(column["name"], column["label"], column["type"], dict(column["codes"]), column["lower"],
                       column["upper"], column["identifier"]) for column in table["columns"]))
        for table in said["tables"])
    return Dataset(said["slug"], said["title"], said["version"], said["synthetic"], tuple(said["known_issues"]), tables)
