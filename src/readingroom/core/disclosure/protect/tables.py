"""Tables, alone or linked, as one system of cells and equations.

A cell is identified by what it counts: for each variable a set of finest codes, all of them where the table doesn't
break the variable down. So the total of one table and the same total in another are one cell, a group of regions is
one cell whatever the table calls it, and what one table hides another may show. Where pairs of tables are not enough
to say what fits together (three tables over three variables in a ring; groupings that cut across each other), the
finest cells that all tables share become unknowns of their own.

Example: sex x region and region groups x age: the cells "region group, both sexes, all ages" tie the two together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from readingroom.core.disclosure.protect.codes import Atoms, Code, make_variable, nested, splits
from readingroom.core.disclosure.protect.intruder import Reader
from readingroom.core.disclosure.protect.system import MAX_CELLS, RELATIVE, Equation, System, make_system, number
from readingroom.errors import InvalidInput

MOST_FINEST = 20_000  # unknowns added where tables share their finest cells only
At = tuple[Code, ...]
Key = tuple[str, tuple[Atoms, ...]]
Found = dict[frozenset[tuple[Key, float]], tuple[str, dict[Key, float]]]


@dataclass(frozen=True)
class Entry:
    """One cell of a table: its codes in the order of the table's variables (None: total), and what is known of it.

    `value` is the true value or None. `lower` and `upper` are what a reader sees: the same number twice for a cell
    published exactly, a range for a rounded one, the widest range for a hidden one.
    """

    at: At
    value: float | None
    lower: float
    upper: float


@dataclass(frozen=True)
class Table:
    """`where` holds the variables that the whole table is restricted to. Tables of other `measure`s are not linked."""

    name: str
    variables: tuple[str, ...]
    entries: tuple[Entry, ...]
    where: Mapping[str, str] = field(default_factory=dict)
    measure: str = ""
    whole: bool = True
    negative: bool = False


@dataclass(frozen=True, eq=False)
class Joined:
    """The joint system; `place` finds the cell of (table number, codes); `complete` is False where finest cells were
    too many to add, so that ranges may be wider than a reader could make them (`gap` says where)."""

    system: System
    place: Mapping[tuple[int, At], int]
    gap: str = ""

    @property
    def complete(self) -> bool:
        return not self.gap


def join(tables: Sequence[Table], hierarchies: Mapping[str, Mapping[str, Sequence[str]]] | None = None) -> Joined:
    """Everything that the tables say together. `hierarchies`: for a variable, parent: children.

    Raises InvalidInput when two tables say different things of one cell, or codes and variables don't fit.
    """
    cells: dict[Key, _Cell] = {}
    equations: Found = {}
    gaps = []
    groups = [_Group(measure, [(at, one) for at, one in enumerate(tables) if one.measure == measure],
                     hierarchies or {}) for measure in dict.fromkeys(one.measure for one in tables)]
    place: dict[tuple[int, At], Key] = {}
    for group in groups:
        for at, table in group.tables:
            for entry in table.entries:
                key = group.key(table, entry.at)
                if (at, entry.at) in place:
                    raise InvalidInput(f"{table.name}: {shown(table, entry.at)} is given twice.", rule="tables.cell",
                                       value=shown(table, entry.at), next_step="Give each cell once.")
                place[at, entry.at] = key
                if key not in cells:
                    cells[key] = _Cell(shown(table, entry.at), table.whole, table.negative)
                cells[key].learn(entry, table)
        gaps += group.collect(cells, equations)
    return _joined(cells, equations, place, [gap for gap in gaps if gap])


def shown(table: Table, at: At) -> str:
    """A cell's name for people: its labels in the table's order, Total where it isn't broken down."""
    return ", ".join([*((table.measure,) if table.measure else ()), *(code or "Total" for code in at),
                      *table.where.values()]) or "Total"


def _joined(cells: Mapping[Key, _Cell], equations: Found, place: Mapping[tuple[int, At], Key],
            gaps: Sequence[str]) -> Joined:
    index = {key: at for at, key in enumerate(cells)}
    rows: list[Equation] = [(name, {index[key]: by for key, by in terms.items()}) for name, terms in equations.values()]
    values = [math.nan if cell.value is None else cell.value for cell in cells.values()]
    system = make_system(
        [cell.name for cell in cells.values()], rows, value=values, lower=[cell.lower for cell in cells.values()],
        upper=[cell.upper for cell in cells.values()], whole=[cell.whole for cell in cells.values()])
    return Joined(system, {where: index[key] for where, key in place.items()}, "; ".join(gaps))


class _Cell:
    """What all tables say of one cell."""

    def __init__(self, name: str, whole: bool, negative: bool) -> None:
        self.name, self.whole = name, whole
        self.value: float | None = None
        self.lower, self.upper = -math.inf if negative else 0.0, math.inf
        self.said = ""

    def learn(self, entry: Entry, table: Table) -> None:
        if self.value is not None and entry.value is not None and not _same(self.value, entry.value):
            raise self._contradiction(f"{number(self.value)}", f"{number(entry.value)}", table)
        self.value = entry.value if self.value is None else self.value
        lower, upper = max(self.lower, entry.lower), min(self.upper, entry.upper)
        if lower > upper:
            if not _same(lower, upper):
                raise self._contradiction(f"{number(self.lower)} to {number(self.upper)}",
                                          f"{number(entry.lower)} to {number(entry.upper)}", table)
            lower = upper
        if entry.lower > -math.inf or entry.upper < math.inf:
            self.said = table.name
        self.lower, self.upper = lower, upper

    def _contradiction(self, before: str, now: str, table: Table) -> InvalidInput:
        source = f" in {self.said}" if self.said else ""
        return InvalidInput(
            f"{self.name} is {before}{source} and {now} in {table.name}.", rule="published.inconsistent",
            value=self.name, next_step="Correct one; tables of other people or another quantity need another "
            "\"measure\" or a \"where\", rounded ones \"rounding\".")


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= RELATIVE * max(1.0, abs(one), abs(other))


class _Group:
    """The tables of one measure."""

    def __init__(self, measure: str, tables: list[tuple[int, Table]],
                 hierarchies: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.measure, self.tables = measure, tables
        names = dict.fromkeys(itertools.chain.from_iterable((*one.variables, *one.where) for _, one in tables))
        used: dict[str, dict[Code, None]] = {name: {} for name in names}
        for _, table in tables:
            for name, code in table.where.items():
                used[name][code] = None
            for entry in table.entries:
                for name, at in zip(table.variables, entry.at, strict=True):
                    used[name][at] = None
        for name, codes in used.items():
            if not hierarchies.get(name):
                self._open(name, codes)
        self.variables = {name: make_variable(name, used[name], hierarchies.get(name, {})) for name in names}
        for name in names:
            self._refuse_crossing(name)
        self._own = {at: self._codes(table) for at, table in tables}

    def _open(self, name: str, codes: dict[Code, None]) -> None:
        """Adds the rest that no table shows."""
        shown = [{entry.at[table.variables.index(name)] for entry in table.entries}
                 for _, table in self.tables if name in table.variables]
        lone = next((code for code in codes if code is not None), None)
        if not shown or (len(codes) == 1 and lone is not None and len(self.tables) > 1):
            codes[f"other than {', '.join(code for code in codes if code is not None)}"] = None

    def _refuse_crossing(self, name: str) -> None:
        """Two ways to break a total down, each with codes that the other lacks: nothing says how they fit together."""
        shown = [{entry.at[table.variables.index(name)] for entry in table.entries}
                 for _, table in self.tables if name in table.variables]
        held = [frozenset().union(*(self.variables[name].of(code) for code in codes if code is not None))
                for codes in shown]
        for at, other in itertools.permutations(range(len(shown)), 2):
            if None in shown[at] and held[at] and held[other] - held[at] and held[at] - held[other]:
                codes = " and ".join(sorted(self.variables[name].label(frozenset((atom,)))
                                            for atom in held[other] - held[at])[:3])
                raise InvalidInput(
                    f"Two tables break {name} down in ways that can't be compared: one lacks {codes}.",
                    rule="tables.hierarchy", value=name, next_step="Say which codes make up which under "
                    "\"hierarchies\", give every table all its codes, or name the variables apart.")

    def key(self, table: Table, at: At) -> Key:
        codes = dict(zip(table.variables, at, strict=True)) | dict(table.where)
        return self.measure, tuple(variable.of(codes.get(name)) for name, variable in self.variables.items())

    def name(self, key: Key, table: Table | None) -> str:
        """The name of a cell that no table gives: all its labels in a table's order, or what it is broken down by."""
        named = dict(zip(self.variables, key[1], strict=True))
        if table is not None:
            labels = [self.variables[name].label(named[name]) for name in (*table.variables, *table.where)]
        else:
            labels = [f"{name}={self.variables[name].label(atoms)}" for name, atoms in named.items()
                      if atoms != self.variables[name].everything]
        return ", ".join([self.measure, *labels] if self.measure else labels) or "Total"

    def _codes(self, table: Table) -> dict[str, list[Atoms]]:
        """For each variable the codes of the table's own cells, with what is missing to add up."""
        found: dict[str, list[Atoms]] = {}
        for name, variable in self.variables.items():
            if name not in table.variables and (name not in table.where or len(self.tables) == 1):
                found[name] = [variable.of(table.where.get(name))]
            else:
                mine = dict.fromkeys([variable.of(table.where[name])] if name in table.where else [
                    variable.of(entry.at[table.variables.index(name)]) for entry in table.entries])
                missing = variable.everything - frozenset().union(*mine)
                mine |= dict.fromkeys(frozenset((atom,)) for atom in sorted(missing))
                if len(self.tables) > 1:
                    mine |= dict.fromkeys(self._groups(name, list(mine)))
                found[name] = list(mine)
        return found

    def _groups(self, name: str, codes: list[Atoms]) -> list[Atoms]:
        """The total, and every declared group that the codes make up: where other tables may hold on."""
        variable = self.variables[name]
        size = {code: len(code) for code in codes}
        made = []
        for group in {variable.everything, *(held for held in variable.atoms.values() if len(held) > 1)}:
            inside = [code for code in codes if size[code] <= len(group) and code <= group]
            if frozenset().union(*inside) == group:
                made.append(group)
        return sorted(made, key=lambda held: (len(held), sorted(held)))

    @cached_property
    def _needs_finest(self) -> bool:
        """Whether tables that agree on what pairs of them share may still not fit together."""
        if not all(nested(itertools.chain.from_iterable(own[name] for own in self._own.values()))
                   for name in self.variables):
            return True
        shapes = [{name for name, codes in own.items() if codes != [self.variables[name].everything]}
                  for own in self._own.values()]
        if _cyclic(shapes):
            return True
        broken_down = {name: {frozenset(own[name]) for own in self._own.values()
                              if own[name] != [self.variables[name].everything]} for name in self.variables}
        return len(shapes) > 2 and sum(len(levels) > 1 for levels in broken_down.values()) > 1

    def collect(self, cells: dict[Key, _Cell], equations: Found) -> list[str]:
        """Adds the cells that no table gives but sums need, and the equations; what could not be added."""
        for at, table in self.tables:
            self._equations(table.name, table, self._own[at], cells, equations)
        if not self._needs_finest:
            return []
        finest = {name: list(dict.fromkeys([
            *(frozenset((atom,)) for atom in sorted(variable.everything)),
            *itertools.chain.from_iterable(own[name] for own in self._own.values())]))
            for name, variable in self.variables.items()}
        size = math.prod(map(len, finest.values()))
        if size > MOST_FINEST:
            return [f"the tables share {size:,} finest cells, more than {MOST_FINEST:,}, so not all that they say "
                    "together was used"]
        self._equations("the tables together", None, finest, cells, equations)
        return []

    def _equations(
        self, source: str, table: Table | None, codes: Mapping[str, list[Atoms]], cells: dict[Key, _Cell],
        equations: Found,
    ) -> None:
        size = math.prod(map(len, codes.values()))
        if size > MAX_CELLS:
            raise InvalidInput(f"{source} has {size:,} cells with its totals, more than {MAX_CELLS:,}.",
                               rule="protect.size", value=size, next_step="Give smaller tables, or merge categories.")
        whole, negative = self.tables[0][1].whole, self.tables[0][1].negative
        names = list(codes)
        for key in itertools.product(*codes.values()):
            if (self.measure, key) not in cells:
                made = (self.measure, key)
                cells[made] = _Cell(self.name(made, table), whole, negative)
        for at, name in enumerate(names):
            others = [codes[other] for other in names if other != name]
            for total, parts in splits(codes[name]):
                for rest in itertools.product(*others):
                    def placed(atoms: Atoms, rest: tuple[Atoms, ...] = rest, at: int = at) -> Key:
                        return self.measure, (*rest[:at], atoms, *rest[at:])

                    terms = {placed(total): 1.0, **{placed(part): -1.0 for part in parts}}
                    equations.setdefault(frozenset(terms.items()), (
                        f"{source}: {cells[placed(total)].name} over {name}", terms))


def _cyclic(shapes: Iterable[set[str]]) -> bool:
    """Whether the variable sets form a ring (Graham's reduction does not empty them).

    Source: Graham, On the universal relation (1979); Beeri, Fagin, Maier and Yannakakis, J. ACM 30 (1983).
    """
    left = [set(shape) for shape in shapes]
    while True:
        counts: dict[str, int] = {}
        for name in itertools.chain.from_iterable(left):
            counts[name] = counts.get(name, 0) + 1
        reduced = [{name for name in shape if counts[name] > 1} for shape in left]
        kept = [shape for at, shape in enumerate(reduced) if shape and not any(
            shape < other or (shape == other and at < place) for place, other in enumerate(reduced) if place != at)]
        if kept == left:
            return bool(left)
        left = kept


def completed(system: System) -> System:
    """The system with values for the cells that have none: some table that fits all known values.

    Cells that sums imply get that value; ones that nothing implies get any that fits, which no range depends on.
    """
    unknown = np.isnan(system.value)
    if not unknown.any():
        return system
    reader = Reader(system.knowing(np.where(unknown, system.lower, system.value),
                                   np.where(unknown, system.upper, system.value)))
    value = np.where(unknown, np.nan, system.value)
    for cell in np.flatnonzero(unknown):
        if reader.is_known(int(cell)):
            value[cell] = reader.system.lower[cell]
        elif np.isnan(value[cell]):
            part = reader.part(int(cell))
            if not part.points:
                part.extreme(part.place[int(cell)], -1)
            if not part.points:
                raise InvalidInput(f"No value was found for {system.names[cell]} that fits the others.",
                                   rule="protect.value", value=system.names[cell],
                                   next_step="Give its true value.")
            value[part.cells] = part.points[0]
    return System(system.names, value, system.lower, system.upper, system.whole, system.equations, system.rows)
