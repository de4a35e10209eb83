"""Evidence as JSON: the form that `reading` reads. What is not said is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from readingroom.core.disclosure.evidence.fields import CELL, TABLE, Field
from readingroom.core.disclosure.evidence.model import CellEvidence, Grouping, Noise, Scale, TableEvidence

DEFAULTS = {field.name: field.default for kind in (CellEvidence, TableEvidence) for field in fields(kind)}


def written(tables: Sequence[TableEvidence]) -> dict[str, Any]:
    """One table, or several that are shown as one."""
    made = [{"kind": "table", **_said(table, TABLE), "cells": [cell_dict(cell) for cell in table.cells]}
            for table in tables]
    return made[0] if len(made) == 1 else {"kind": "tables", "tables": made}


def cell_dict(cell: CellEvidence) -> dict[str, Any]:
    return {"row": list(cell.row), "column": list(cell.column), **_said(cell, CELL)}


def _said(thing: CellEvidence | TableEvidence, known: tuple[Field, ...]) -> dict[str, Any]:
    said = {}
    for field in known:
        value = getattr(thing, field.name)
        if field.name == "source":
            said[field.name] = dict(value)
        elif field.name == "groups":
            said |= {"groups": _grouped(value)} if value else {}
        elif field.name == "recipe":
            said |= _recipe(value)
        elif isinstance(value, Noise | Scale):
            said[field.name] = asdict(value)
        elif field.required or value != DEFAULTS[field.name]:
            said[field.name] = _listed(value)
    return said


def _grouped(groups: tuple[Grouping, ...]) -> dict[str, dict[str, dict[str, list[str]]]]:
    said: dict[str, dict[str, dict[str, list[str]]]] = {}
    for variable, column, held in groups:
        said.setdefault(variable, {})[column] = {group: list(labels) for group, labels in held}
    return said


def _recipe(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    from readingroom.core.disclosure.tabulation.recipe import as_given  # pydantic comes with it

    return {"recipe": as_given(value)}


def _listed(value: Any) -> Any:
    return [_listed(one) for one in value] if isinstance(value, tuple) else value
