"""A table as it may be published, in the form that `check published` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from readingroom.core.disclosure.protect.forms import answer
from readingroom.core.disclosure.protect.forms.grid import ReadTable
from readingroom.core.disclosure.protect.forms.problem import Problem


def shown_table(problem: Problem, number: int, table: ReadTable, seen: Callable[[int], object]) -> answer.Json:
    """`seen` says what stands in each cell."""
    head = {"name": table.name, **({"measure": table.form.measure} if table.form.measure else {}),
            **({"where": dict(table.form.where)} if table.form.where else {}),
            **({} if table.whole else {"kind": "magnitude"}),
            **({"negative": True} if table.form.negative else {})}
    if table.form.values is None:
        return {**head, "variables": list(table.variables), "cells": [
            {"at": [code or "Total" for code in one.at], "value": seen(problem.index[number, one.at])}
            for one in table.cells]}
    return {**head, "dimensions": _dimensions(table), "total": sorted(_total_labels(table)) or ["Total"],
            "values": _nested(problem.index, number, table, seen)}


def _dimensions(table: ReadTable) -> dict[str, list[str]]:
    return {name: list(labels) for name, labels in zip(table.variables, table.labels, strict=True)}


def _total_labels(table: ReadTable) -> set[str]:
    return {label for labels in table.labels for label in labels if table.code(label) is None}


def _nested(index: Mapping[tuple[int, tuple[str | None, ...]], int], number: int, table: ReadTable,
            seen: Callable[[int], object], so_far: tuple[str, ...] = ()) -> object:
    depth = len(so_far)
    if depth == len(table.labels):
        return seen(index[number, tuple(map(table.code, so_far))])
    return [_nested(index, number, table, seen, (*so_far, label)) for label in table.labels[depth]]
