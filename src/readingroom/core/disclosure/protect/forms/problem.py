"""What a form says, as one system with facts about its cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from readingroom.core.disclosure.protect.forms.grid import MAGNITUDES, ReadCell, ReadTable, read_table, refuse_unknown
from readingroom.core.disclosure.protect.forms.marks import read_mark
from readingroom.core.disclosure.protect.forms.model import (
    LARGEST_BASE,
    SMALLEST_BASE,
    CellForm,
    EquationForm,
    ProtectForm,
    PublishedForm,
    Ref,
    Reference,
    RoundingForm,
    TableForm,
)
from readingroom.core.disclosure.protect.rounding import behind, is_rounded
from readingroom.core.disclosure.protect.system import System, make_system
from readingroom.core.disclosure.protect.tables import Entry, Table, join
from readingroom.errors import InvalidInput

Form = PublishedForm | ProtectForm
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Facts:
    """What forms say of one cell of the system, gathered over the tables that show it."""

    cell: int
    read: tuple[ReadCell, ...]
    places: tuple[tuple[str, tuple[str, ...]], ...]
    hidden: bool
    rounded: bool
    whole: bool

    @property
    def forms(self) -> tuple[CellForm, ...]:
        return tuple(one.facts for one in self.read)

    @property
    def stated(self) -> Bounds | None:
        """The range that the cell's mark or its own bounds state, before any sum is looked at."""
        found = [one.mark.stated for one in self.read if one.mark.stated is not None]
        found += [(one.lower if one.lower is not None else -math.inf, one.upper if one.upper is not None else math.inf)
                  for one in self.forms if one.lower is not None or one.upper is not None]
        return (max(low for low, _ in found), min(high for _, high in found)) if found else None


@dataclass(frozen=True, eq=False)
class Problem:
    """`system` as a reader sees it (published) or with true values (before protection); `facts` of shown cells."""

    system: System
    facts: Mapping[int, Facts]
    tables: tuple[ReadTable, ...]
    place: Mapping[object, int]
    gap: str = ""
    index: Mapping[tuple[int, tuple[str | None, ...]], int] = field(default_factory=dict)

    def find(self, ref: Ref, where: str) -> int:
        """The cell that a reference means: an id, a place in the only table, or a place in a named one."""
        if isinstance(ref, Reference):
            matching = [(at, one) for at, one in enumerate(self.tables) if one.name == ref.table]
            if not matching:
                raise InvalidInput(f"{where}: no table is named {ref.table[:60]!r}.", rule="form.reference",
                                   value=ref.table[:60],
                                   next_step=f"Named: {', '.join(one.name for one in self.tables[:8])}.")
            return self.at(matching[0][0], ref.at, where)
        if str(ref) in self.place:
            return self.place[str(ref)]
        if len(self.tables) == 1 and not isinstance(ref, str):
            return self.at(0, ref, where)
        raise InvalidInput(f"{where}: no cell has the id {str(ref)[:60]!r}.", rule="form.reference",
                           value=str(ref)[:60], next_step="Use an id from \"cells\", or {\"table\":, \"at\":}.")

    def at(self, table: int, raw: object, where: str) -> int:
        codes = self.tables[table].at(raw, where)
        if (table, codes) not in self.index:
            shown = ", ".join(code or "Total" for code in codes)
            raise InvalidInput(f"{where}: {self.tables[table].name} has no cell {shown[:80]!r}.",
                               rule="form.reference", value=shown[:80], next_step="Use codes that the table shows.")
        return self.index[table, codes]


def build(form: Form, *, published: bool) -> Problem:
    """The problem of a form. `published`: cells are what readers see; otherwise true values are wanted."""
    raw_cells = [] if form.tables is None and _is_table(form) else list(form.cells or [])
    tables = _tables(form)
    if not tables and not raw_cells:
        raise InvalidInput("There is nothing to check.", rule="form.empty", value="",
                           next_step="Give \"tables\", one table (\"rows\", \"columns\", \"values\"), or \"cells\" and "
                           "\"equations\"; --example prints each.")
    hierarchies = {name: {parent: [str(child) for child in children] for parent, children in groups.items()}
                   for name, groups in form.hierarchies.items()}
    unknown = set(hierarchies) - {name for one in tables for name in (*one.variables, *one.form.where)}
    if unknown:
        raise InvalidInput(f"hierarchies: no table has the variable {sorted(unknown)[0][:60]!r}.",
                           rule="form.hierarchies", value=sorted(unknown)[0][:60],
                           next_step="Name the variable as the tables do (\"rows\": {\"region\": [...]}).")
    joined = join([_table(one, published=published) for one in tables], hierarchies)
    index = dict(joined.place)
    gathered: dict[int, list[tuple[ReadCell, ReadTable]]] = {}
    for at, one in enumerate(tables):
        for cell in one.cells:
            gathered.setdefault(index[at, cell.at], []).append((cell, one))
    facts = {cell: _facts(cell, shown) for cell, shown in gathered.items()}
    problem = Problem(joined.system, facts, tuple(tables), {}, joined.gap, index)
    problem = _with_raw(problem, raw_cells, form, published=published)
    return _with_equations(problem, [*(form.equations or []), *(form.links or [])])


def _is_table(form: Form) -> bool:
    """Whether the top level is itself a table rather than raw cells with ids."""
    if form.values is not None:
        return True
    return bool(form.cells) and not all(
        one.id is not None and one.at is None and one.row is None and one.column is None for one in form.cells or [])


def _tables(form: Form) -> list[ReadTable]:
    names: dict[object, str] = {}
    if form.tables is not None:
        own = {key: getattr(form, key) for key in ("rows", "columns", "dimensions", "values", "true_values")}
        if any(value is not None for value in own.values()):
            raise InvalidInput("\"tables\" stands beside a table of its own at the top.", rule="form.table",
                               value=next(key for key, value in own.items() if value is not None),
                               next_step="Move it into \"tables\".")
        inherited = {key: getattr(form, key) for key in ("kind", "negative", "rounding", "perturbation", "total")}
        forms = [one.model_copy(update={key: value for key, value in inherited.items()
                                        if value is not None and getattr(one, key) is None}) for one in form.tables]
        named = [one.name for one in forms if one.name]
        if len(set(named)) < len(named):
            raise InvalidInput("Two tables have one name.", rule="form.table", value=named[0],
                               next_step="Name each table differently.")
        return [read_table(one, number, names) for number, one in enumerate(forms)]
    if not _is_table(form):
        return []
    own_form = TableForm.model_construct(**{key: getattr(form, key) for key in TableForm.model_fields})
    return [read_table(own_form, 0, names)]


def rounding_of(given: RoundingForm | float | None) -> RoundingForm | None:
    if given is None or isinstance(given, RoundingForm):
        return given
    if not SMALLEST_BASE <= given <= LARGEST_BASE:
        raise InvalidInput(f"rounding: a base of {given:g} can't be.", rule="form.rounding", value=given,
                           next_step=f"Give a base from {SMALLEST_BASE:g} to {LARGEST_BASE:g}.")
    return RoundingForm(base=given)


def _table(read: ReadTable, *, published: bool) -> Table:
    negative = bool(read.form.negative)
    entries = tuple(_entry(cell, read, negative, published=published) for cell in read.cells)
    where = {name: str(code) for name, code in read.form.where.items()}
    return Table(read.name, read.variables, entries, where, read.form.measure, read.whole, negative)


def _entry(cell: ReadCell, read: ReadTable, negative: bool, *, published: bool) -> Entry:
    name = f"{read.name}: {', '.join(code or 'Total' for code in cell.at) or 'Total'}"
    value, (lower, upper) = _seen(cell, read.form, name, whole=read.whole, negative=negative, published=published)
    return Entry(cell.at, value, lower, upper)


def _seen(cell: ReadCell, table: TableForm, name: str, *, whole: bool, negative: bool,
          published: bool) -> tuple[float | None, Bounds]:
    """The true value, where known, and what a reader sees of it (or knew before, when nothing is published yet)."""
    before = (-math.inf if negative else 0.0, math.inf)
    for stated in ((cell.facts.lower, cell.facts.upper), cell.mark.stated or (None, None)):
        before = (max(before[0], stated[0]) if stated[0] is not None else before[0],
                  min(before[1], stated[1]) if stated[1] is not None else before[1])
    value = cell.mark.value
    if not negative and min(value or 0.0, cell.true or 0.0) < 0:
        raise InvalidInput(f"{name} is negative ({min(value or 0.0, cell.true or 0.0):g}).", rule="form.value",
                           value=value, next_step="Correct it; if magnitudes may be below 0, say \"negative\": true.")
    if not published:
        true = value if cell.true is None else cell.true
        if cell.facts.structural:
            return true or 0.0, (true or 0.0, true or 0.0)
        return true, before
    if value is None:
        return cell.true, before
    rounding = rounding_of(cell.facts.rounding if cell.facts.rounding is not None else table.rounding)
    if rounding is not None and not cell.facts.structural:
        if not is_rounded(value, rounding.base, rounding.method):
            raise InvalidInput(f"{name}: {value:g} can't come from rounding to {rounding.base:g} "
                               f"({rounding.method}).", rule="form.rounding", value=value,
                               next_step="Correct the value, the base or the method.")
        lower, upper = behind(value, rounding.base, rounding.method, whole=whole)
        return cell.true, (max(lower, before[0]), min(upper, before[1]))
    if table.perturbation is not None and not cell.facts.structural:
        return cell.true, (max(value - table.perturbation, before[0]), min(value + table.perturbation, before[1]))
    return (value if cell.true is None else cell.true), (value, value)


def _facts(cell: int, shown: Sequence[tuple[ReadCell, ReadTable]]) -> Facts:
    reads = tuple(one for one, _ in shown)
    exact = any(not one.mark.hidden and not _is_rounded_cell(one, read.form) for one, read in shown)
    return Facts(
        cell, reads, tuple((read.name, tuple(code or "Total" for code in one.at)) for one, read in shown),
        hidden=any(one.mark.hidden for one in reads),
        rounded=not exact and any(not one.mark.hidden for one in reads), whole=shown[0][1].whole)


def _is_rounded_cell(one: ReadCell, form: TableForm) -> bool:
    return not one.facts.structural and (
        one.facts.rounding is not None or form.rounding is not None or form.perturbation is not None)


def _with_raw(problem: Problem, cells: Iterable[CellForm], form: Form, *, published: bool) -> Problem:
    """The problem with cells that only have an id."""
    raw = list(cells)
    if not raw:
        return problem
    whole, negative = form.kind not in MAGNITUDES, bool(form.negative)
    own = TableForm.model_construct(**{key: getattr(form, key) for key in TableForm.model_fields})
    names, values, bounds, facts, place = [], [], [], dict(problem.facts), dict(problem.place)
    for number, one in enumerate(raw):
        where = f"cell {one.id}"
        refuse_unknown(one, where, ())
        if one.id is None or str(one.id) in place:
            raise InvalidInput(f"cell {number + 1}: {'no id' if one.id is None else f'the id {one.id} is used twice'}.",
                               rule="form.cell", value=str(one.id)[:60], next_step="Give each cell an id of its own.")
        mark = read_mark(one.value, where, whole=whole)
        read = ReadCell((), mark, one.true_value, one)
        if one.suppressed or one.status in {"suppressed", "hidden", "missing", "primary", "secondary"}:
            true = mark.value if one.true_value is None else one.true_value
            read = ReadCell((), replace(mark, value=None), true, one)
        value, seen = _seen(read, own, where, whole=whole, negative=negative, published=published)
        cell = problem.system.size + number
        place[str(one.id)] = cell
        names.append(str(one.id))
        values.append(math.nan if value is None else value)
        bounds.append(seen)
        facts[cell] = Facts(cell, (read,), ((str(one.id), ()),), hidden=read.mark.hidden,
                            rounded=not read.mark.hidden and _is_rounded_cell(read, own), whole=whole)
    added = make_system(names, [], value=values, lower=[low for low, _ in bounds], upper=[high for _, high in bounds],
                        whole=whole)
    return replace(problem, system=_side_by_side(problem.system, added), facts=facts, place=place)


def _side_by_side(one: System, other: System) -> System:
    equations = sparse.csr_array(sparse.block_diag([one.equations, other.equations])) if one.size else other.equations
    if one.size and not other.equations.shape[0]:
        equations = sparse.csr_array(sparse.hstack([one.equations, sparse.csr_array(
            (one.equations.shape[0], other.size))]))
    return System(
        (*one.names, *other.names), np.concatenate([one.value, other.value]), np.concatenate([one.lower, other.lower]),
        np.concatenate([one.upper, other.upper]), np.concatenate([one.whole, other.whole]), equations,
        (*one.rows, *other.rows))


def _with_equations(problem: Problem, forms: Sequence[EquationForm]) -> Problem:
    """The problem with further equations between its cells."""
    if not forms:
        return problem
    rows: list[tuple[str, dict[int, float]]] = []
    constants: list[float] = []
    for number, one in enumerate(forms):
        name = one.name or f"equation {number + 1}"
        for terms in _terms(problem, one, name):
            if one.equals:
                terms[problem.system.size + len(constants)] = -1.0
                constants.append(one.equals)
            rows.append((name, terms))
    system = problem.system
    if constants:
        low = np.asarray(constants)
        fixed = make_system([f"{value:g}" for value in constants], [], value=low, lower=low, upper=low, whole=False)
        system = _side_by_side(system, fixed)
    more = make_system(system.names, rows, lower=np.full(system.size, -np.inf), whole=False)
    return replace(problem, system=replace(
        system, equations=sparse.csr_array(sparse.vstack([system.equations, more.equations])),
        rows=(*system.rows, *more.rows)))


def _terms(problem: Problem, form: EquationForm, name: str) -> list[dict[int, float]]:
    """The coefficients that one equation form means, one dictionary for each equation."""
    ways = [form.parts is not None or form.total is not None, form.same is not None, form.coefficients is not None]
    if sum(ways) != 1 or (form.parts is None) != (form.total is None):
        raise InvalidInput(f"{name}: give \"total\" and \"parts\", or \"same\", or \"coefficients\".",
                           rule="form.equation", value=name, next_step="See --example.")
    if form.same is not None:
        cells = [problem.find(one, name) for one in form.same]
        return [{cells[0]: 1.0, other: -1.0} for other in cells[1:] if other != cells[0]]
    terms: dict[int, float] = {}
    given = [(ref, by) for ref, by in form.coefficients.items()] if form.coefficients is not None else [
        (form.total, 1.0), *((part, -1.0) for part in form.parts or [])]
    for ref, by in given:
        if ref is None or not math.isfinite(by):
            raise InvalidInput(f"{name}: a coefficient is not a number.", rule="form.equation", value=name,
                               next_step="Use finite coefficients.")
        cell = problem.find(ref, name)
        terms[cell] = terms.get(cell, 0.0) + by
    return [{cell: by for cell, by in terms.items() if by}]
