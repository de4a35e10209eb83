"""The rows and the columns of a table: every combination of labels, in the order to show, with its code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from readingroom.errors import InvalidInput

MOST_CELLS = 20_000
MOST_COMBINATIONS = 2**62


@dataclass(frozen=True)
class Variable:
    """The labels of one variable in the order to show, each with its code, a digit to the base `base`.

    `complete`: the data say which labels there are (categories), so those that nobody has are shown too.
    """

    order: tuple[tuple[int, str], ...]
    base: int
    complete: bool


@dataclass(frozen=True)
class Axis:
    """The rows, or the columns: for each combination of labels its code."""

    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: tuple[int, ...]
    absent: int = 0
    """How many combinations are not shown though each of their labels is."""


def check_codes(names: tuple[str, ...], variables: list[Variable]) -> bool:
    """Whether codes need more than 32 bits. InvalidInput where combinations cannot be numbered."""
    size = prod(variable.base for variable in variables)
    if size > MOST_COMBINATIONS:
        raise InvalidInput(f"{', '.join(names)} make too many combinations.", rule="table.cells", value=len(names),
                           next_step="Merge categories, or use fewer variables.")
    return size >= 2**31


def axis(names: tuple[str, ...], variables: list[Variable], occurring: set[int], *, every: bool) -> Axis:
    """All combinations of the labels that count, or (`every` false) only those that occur.

    Codes count like digits, of the last variable fastest. Labels of variables that are not complete count where they
    occur at all.
    """
    digits = [_digits(code, variables) for code in occurring if code >= 0]
    if not every:
        ranks = [{at: (rank, text) for rank, (at, text) in enumerate(one.order)} for one in variables]
        found = sorted((tuple(known[digit] for known, digit in zip(ranks, place, strict=True)), place)
                       for place in digits)
        whole = prod(len(set(one)) for one in zip(*digits, strict=True))
        return Axis(names, tuple(tuple(text for _, text in shown) for shown, _ in found),
                    tuple(_code(place, variables) for _, place in found), whole - len(found))
    seen = [set(one) for one in zip(*digits, strict=True)] or [set() for _ in variables]
    orders = [[one for one in variable.order if variable.complete or one[0] in used]
              for variable, used in zip(variables, seen, strict=True)]
    if (size := prod(map(len, orders))) > MOST_CELLS:
        raise InvalidInput(
            f"{', '.join(names)} make {size:,} combinations; at most {MOST_CELLS:,} cells are made.",
            rule="table.cells", value=size,
            next_step='Merge categories, use fewer variables, or leave out combinations that nobody has '
            '("empty_cells": "leave-out").')
    combined: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for variable, order in zip(variables, orders, strict=True):
        combined = [(code * variable.base + at, (*before, text)) for code, before in combined for at, text in order]
    return Axis(names, tuple(text for _, text in combined), tuple(code for code, _ in combined))


def _digits(code: int, variables: list[Variable]) -> tuple[int, ...]:
    found = []
    for variable in reversed(variables):
        code, digit = divmod(code, variable.base)
        found.append(digit)
    return tuple(reversed(found))


def _code(digits: Iterable[int], variables: list[Variable]) -> int:
    code = 0
    for digit, variable in zip(digits, variables, strict=True):
        code = code * variable.base + digit
    return code
