"""Whose numbers the files of a request are: which people two tables have in common, by their conditions and numbers.

A table whose rows meet a condition is a slice: of a variable that another table is by (`sex = 'F'` beside a table by
sex), or of one that is made of the condition itself, which the other table shows the total over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from readingroom.core.disclosure.evidence import TableEvidence

if TYPE_CHECKING:
    from readingroom.core.disclosure.rules.sums import Code, Key, Quantity

CLOSE = 1e-9  # sums of the same numbers in another order differ by less than this share
EQUALS = re.compile(r"(?:\"((?:[^\"]|\"\")+)\"|(\w+)) = (?:'((?:[^']|'')*)'|(-?\d+))")
Place = frozenset[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Linked:
    """Numbers of one file that add up: their variables, and the key of the cell of each codes (None: all).

    `fixed` are codes that all of its people have, where other tables tell them apart.
    """

    file: str
    quantity: Quantity
    variables: tuple[str, ...]
    keys: Mapping[Code, Key]
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> TableEvidence:
        return self.quantity.tables[0]

    @property
    def conditions(self) -> frozenset[str]:
        return frozenset(self.table.where or ())

    def places(self) -> dict[Place, float]:
        """Numbers by what they count, whatever the order of variables."""
        return {self._place(codes): self.quantity.numbers[key] for codes, key in self.keys.items()}

    def sums(self, over: Iterable[str]) -> dict[Place, float]:
        """The numbers of the finest cells added up to the variables `over`."""
        wanted, found = set(over), defaultdict[Place, float](float)
        for codes, key in self.keys.items():
            if None not in codes:
                place = frozenset((name, code) for name, code in self._place(codes) if name in wanted)
                found[place] += self.quantity.numbers[key]
        return dict(found)

    def everyone(self) -> float:
        """What the finest cells come to."""
        return self.sums(()).get(frozenset(), 0.0)

    def shown_exactly(self) -> dict[Place, Key]:
        return {self._place(codes): key for codes, key in self.keys.items()
                if any(way.base == 1 and way.number is None for way in self.quantity.shown.get(key, ()))}

    def called(self, names: Mapping[str, str]) -> Linked:
        """The same with other names for its variables."""
        return replace(self, variables=tuple(names.get(name, name) for name in self.variables))

    def grouped_under(self, variable: str, column: str) -> Linked:
        """The same with `column` as a variable of groups of `variable`'s codes."""
        at = self.variables.index(column)
        keys = {tuple(_group(column, code) if place == at and code is not None else code
                      for place, code in enumerate(codes)): key for codes, key in self.keys.items()}
        return replace(self.called({column: variable}), keys=keys)

    def has(self, name: str, code: str) -> bool:
        """Whether it is broken down by this variable, and has this code."""
        at = self.variables.index(name) if name in self.variables else None
        return at is not None and any(codes[at] == code for codes in self.keys)

    def _place(self, codes: Code) -> Place:
        return frozenset((*((name, code) for name, code in zip(self.variables, codes, strict=True)
                            if code is not None), *self.fixed.items()))


def sliced(tables: Sequence[Linked]) -> list[Linked]:
    """The tables with what conditions fix that not all of them share."""
    shared = frozenset.intersection(*(one.conditions for one in tables))
    return [replace(one, fixed=dict(_fixed(one, tables, shared))) for one in tables]


def _fixed(one: Linked, tables: Sequence[Linked], shared: frozenset[str]) -> Iterator[tuple[str, str]]:
    for condition in sorted(one.conditions - shared):
        said = EQUALS.fullmatch(condition)
        column = (said[1] or said[2]).replace('""', '"').casefold() if said else None
        code = (said[3].replace("''", "'") if said[3] is not None else said[4]) if said else ""
        if any(name.casefold() == column for name in one.variables):
            continue  # all its rows are in the one category shown
        names = {name for two in tables for name in two.variables if name.casefold() == column and two.has(name, code)}
        yield (min(names), code) if names else (condition, condition)


def grouped(one: Linked, others: Sequence[Linked]) -> tuple[list[Linked], dict[str, dict[str, list[str]]]]:
    """The others with their columns that put codes of `one` together as groups of these, and which codes are in which.

    Such a column keeps its name in front of its codes, which may be called as codes of the variable are.
    """
    hierarchies: dict[str, dict[str, list[str]]] = {}
    found = []
    for other in others:
        for variable, column, groups in one.table.groups:
            if variable in one.variables and variable not in other.variables and column in other.variables and (
                    column not in one.variables):
                other = other.grouped_under(variable, column)
                hierarchies.setdefault(variable, {}).update({
                    _group(column, group): held for group, labels in groups
                    if (held := [label for label in labels if one.has(variable, label)])})
        found.append(other)
    return found, hierarchies


def _group(column: str, code: str) -> str:
    return f"{column} {code}"


def same_variables(one: Linked, other: Linked) -> dict[str, str]:
    """Other names for the same variable: several codes, the same in both, and each with the same number in all."""
    found: dict[str, str] = {}
    unmatched = [name for name in one.variables if name not in other.variables]
    for name in other.variables:
        said = {code: number for ((_, code),), number in other.sums([name]).items()}
        for mine in unmatched:
            if name not in one.variables and mine not in found.values() and len(said) > 1 and _equal(
                    said, {code: number for ((_, code),), number in one.sums([mine]).items()}):
                found[name] = mine
                break
    return found


def same_kind(one: Linked, other: Linked) -> bool:
    return (one.table.unit, one.table.source, one.quantity.whole) == (
        other.table.unit, other.table.source, other.quantity.whole)


def same_people(one: Linked, other: Linked) -> bool:
    """Whether two tables are linked: cells or sums that both have hold the same numbers, or one is a part of the
    other's people by its conditions and nowhere more."""
    if not same_kind(one, other):
        return False
    one, other = sliced([one, other])
    mine, theirs = one.places(), other.places()
    if common := mine.keys() & theirs.keys():
        return _equal({place: mine[place] for place in common}, {place: theirs[place] for place in common})
    if is_part(one, other) or is_part(other, one):
        return True
    if one.conditions != other.conditions:
        return False
    shared = set(one.variables) & set(other.variables)
    mine, theirs = one.sums(shared), other.sums(shared)
    if mine.keys() != theirs.keys():
        mine, theirs = one.sums(()), other.sums(())
    return _equal(mine, theirs)


def is_part(some: Linked, whole: Linked) -> bool:
    """Whether the conditions of one table, both sliced, say that its people are some of the other's, and no number
    speaks against it."""
    if not whole.conditions < some.conditions or whole.table.where is None or _has_negatives(whole):
        return False
    over = set(some.variables) & set(whole.variables)
    mine, theirs = some.sums(over), whole.sums(over)
    return some.everyone() <= whole.everyone() * (1 + CLOSE) and all(
        number <= theirs.get(place, 0.0) * (1 + CLOSE) for place, number in mine.items()) and any(mine.values())


def nearly_same(one: Linked, other: Linked, is_few: Callable[[int], bool]) -> bool:
    """Whether two tables that are not linked would be but for a few people: in the cells that both have, or in all."""
    mine, theirs = (each.places() for each in sliced([one, other]))
    common = mine.keys() & theirs.keys()
    if not common:
        if one.conditions != other.conditions:
            return False
        mine, theirs, common = one.sums(()), other.sums(()), one.sums(()).keys() & other.sums(()).keys()
    apart = [round(abs(mine[place] - theirs[place])) for place in common]
    return any(apart) and all(not few or is_few(few) for few in apart)


def _has_negatives(one: Linked) -> bool:
    return any(number < 0 for number in one.quantity.numbers.values()) or any(
        cell.negatives for cell in one.table.cells)


def _equal(mine: Mapping[Any, float], theirs: Mapping[Any, float]) -> bool:
    return mine.keys() == theirs.keys() and any(mine.values()) and all(
        abs(number - theirs[at]) <= CLOSE * max(abs(number), abs(theirs[at])) for at, number in mine.items())
