"""Tables as people write them, brought to one shape: variables, and cells with codes, marks and facts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from readingroom.core.disclosure.protect.codes import Code
from readingroom.core.disclosure.protect.forms.marks import Mark, read_mark
from readingroom.core.disclosure.protect.forms.model import CellForm, TableForm
from readingroom.core.disclosure.protect.tables import At
from readingroom.core.policy.fault_words import value_words
from readingroom.errors import InvalidInput

TOTAL_LABELS = frozenset({"total", "totals", "all", "(all)", "all people", "overall", "overall total", "sum",
                          "grand total"})
MAGNITUDES = {"magnitude", "magnitudes", "sum"}
PLAIN = CellForm()


@dataclass(frozen=True)
class ReadCell:
    """`mark` is what is published (or, before protection, the true value); `true` the true value where given."""

    at: At
    mark: Mark
    true: float | None
    facts: CellForm


@dataclass(frozen=True)
class ReadTable:
    """One table in one shape. `labels` are its codes per variable in the order given, to print it again."""

    name: str
    variables: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    totals: frozenset[str]
    cells: tuple[ReadCell, ...]
    form: TableForm
    whole: bool

    def at(self, raw: object, where: str) -> At:
        """Codes in the order of the variables, from any of the spellings of coordinates."""
        if isinstance(raw, Mapping):
            unknown = [str(key) for key in raw if key not in self.variables]
            if unknown:
                raise InvalidInput(f"{where}: {self.name} has no variable {unknown[0][:60]!r}.", rule="form.cell",
                                   value=unknown[0][:60], next_step=f"Its variables: {', '.join(self.variables)}.")
            return tuple(self.code(raw[name]) if name in raw else None for name in self.variables)
        listed = list(raw) if isinstance(raw, list | tuple) else [raw]
        if len(listed) != len(self.variables):
            raise InvalidInput(f"{where}: {len(listed)} codes for {len(self.variables)} variables.", rule="form.cell",
                               value=str(listed)[:60],
                               next_step=f"Give one each for {', '.join(self.variables)}; \"Total\" for a total.")
        return tuple(map(self.code, listed))

    def code(self, raw: object) -> Code:
        label = text_of(raw)
        return None if label in self.totals or label.strip().lower() in self.totals else label


def text_of(raw: object) -> str:
    """A label as text: 2024 and 2024.0 are "2024"."""
    return f"{raw:g}" if isinstance(raw, float) else str(raw)


def read_table(form: TableForm, number: int, names: dict[object, str]) -> ReadTable:
    """The table in one shape. `names` remembers unnamed axes, so that equal ones of several tables are one variable.

    Refuses ragged grids, unknown marks, cells without a place, and cells given twice.
    """
    name = form.name or f"table {number + 1}"
    given = [form.values is not None, form.cells is not None]
    if sum(given) != 1:
        raise InvalidInput(f"{name}: give either \"values\" (a grid) or \"cells\" (a list).", rule="form.table",
                           value=name, next_step="See --example.")
    whole = form.kind not in MAGNITUDES
    totals = _total_labels(form)
    if form.values is not None:
        return _grid(form, name, number, totals, whole, names)
    return _listed(form, name, totals, whole)


def _total_labels(form: TableForm) -> frozenset[str]:
    if form.total is None:
        return frozenset(TOTAL_LABELS)
    given = form.total if isinstance(form.total, list) else [form.total]
    return frozenset(map(text_of, given))


def _grid(form: TableForm, name: str, number: int, totals: frozenset[str], whole: bool,
          names: dict[object, str]) -> ReadTable:
    values = form.values or []
    shape = _shape(values, name)
    axes = _axes(form, shape, name)
    variables, labels = [], []
    for at, (axis, given) in enumerate(axes):
        found, margin = _labels(given, shape[at], at, len(shape), form, totals, f"{name}: {axis or at}")
        labels.append(tuple(found))
        key = (at, frozenset(found) - margin) if given is not None else (at, number)
        variables.append(axis or names.setdefault(key, f"{('row', 'column')[at] if at < 2 else f'axis {at + 1}'}"
                                                  if not any(used[0] == at for used in names if isinstance(used, tuple))
                                                  else f"{name} {('row', 'column', 'axis')[min(at, 2)]}"))
        totals = totals | margin if form.totals not in (False, "none") else frozenset()
    if len(set(variables)) < len(variables):
        raise InvalidInput(f"{name}: two axes have one name.", rule="form.table", value=variables[0],
                           next_step="Name the variables apart.")
    table = ReadTable(name, tuple(variables), tuple(labels), totals, (), form, whole)
    truth = form.true_values
    if truth is not None and _shape(truth, f"{name}: true_values") != shape:
        raise InvalidInput(f"{name}: true_values and values have different shapes.", rule="form.table", value=name,
                           next_step="Give one true value for each cell.")
    if form.keys is not None and _shape(form.keys, f"{name}: keys") != shape:
        raise InvalidInput(f"{name}: keys and values have different shapes.", rule="form.table", value=name,
                           next_step="Give one key for each cell, or null.")
    cells = []
    for index in itertools.product(*map(range, shape)):
        at_labels = [labels[axis][place] for axis, place in enumerate(index)]
        where = f"{name}: {', '.join(at_labels)}"
        raw, facts = _deep(values, index), PLAIN
        if isinstance(raw, Mapping):
            facts = cell_form(raw, where, allowed=())
            raw = facts.value
        if form.keys is not None:
            facts = _with_key(facts, _deep(form.keys, index), where)
        true = read_mark(_deep(truth, index), where, whole=whole).value if truth is not None else facts.true_value
        cells.append(_cell(table.at(at_labels, where), raw, true, facts, where, whole))
    return _with_cells(table, cells)


def _with_key(facts: CellForm, key: object, where: str) -> CellForm:
    if key is None:
        return facts
    if isinstance(key, bool) or not isinstance(key, int | float) or not 0 <= key < 1:
        raise InvalidInput(f"{where}: the key is {str(key)[:40]!r}.", rule="form.key", value=str(key)[:40],
                           next_step="A key is a share from 0 to below 1.")
    return facts.model_copy(update={"key": float(key)})


def _axes(form: TableForm, shape: tuple[int, ...], name: str) -> list[tuple[str, list[Any] | None]]:
    """(variable or "", labels or None) for each axis of the grid."""
    if form.dimensions is not None:
        axes: list[tuple[str, list[Any] | None]] = list(form.dimensions.items())
    else:
        axes = []
        for axis in (form.rows, form.columns)[:max(len(shape), 1)]:
            if isinstance(axis, dict):
                if len(axis) != 1:
                    raise InvalidInput(f"{name}: rows and columns hold one variable each.", rule="form.table",
                                       value=name, next_step="Use \"dimensions\" for more variables.")
                axes.append(next(iter(axis.items())))
            else:
                axes.append(("", axis))
        if len(shape) == 1 and form.columns is not None and form.rows is None:
            axes = [next(iter(form.columns.items())) if isinstance(form.columns, dict) else ("", form.columns)]
        axes += [("", None)] * (len(shape) - len(axes))
    if form.variables is not None:
        if len(form.variables) != len(axes):
            raise InvalidInput(f"{name}: {len(form.variables)} variables for {len(axes)} dimensions.",
                               rule="form.table", value=name, next_step="Name each dimension once.")
        axes = [(given, labels) for given, (_, labels) in zip(form.variables, axes, strict=True)]
    if len(axes) != len(shape):
        raise InvalidInput(f"{name}: values nest {len(shape)} deep, but {len(axes)} dimensions are named.",
                           rule="form.table", value=name, next_step="Nest values once for each dimension.")
    return axes


def _labels(given: list[Any] | None, length: int, at: int, depth: int, form: TableForm, totals: frozenset[str],
            where: str) -> tuple[list[str], frozenset[str]]:
    """The labels of one axis, and those of them that mean its total."""
    wanted = form.totals if form.totals is not None else ("both" if given is None else None)
    last = wanted in (True, "both") or (wanted == "row" and at == 0) or (wanted == "column" and at == 1) or (
        wanted in {"row", "column"} and depth == 1)
    if given is None:
        if last and length < 2:
            last = False
        return [*(str(place + 1) for place in range(length - last)), *(["Total"] if last else [])], (
            frozenset({"Total"}) if last else frozenset())
    labels = [text_of(one) for one in given]
    if len(labels) != length:
        raise InvalidInput(f"{where}: {len(labels)} labels for {length} lines of values.", rule="form.table",
                           value=where, next_step="Give a label for each line, totals included.")
    twice = [label for label in labels if labels.count(label) > 1] if len(set(labels)) < len(labels) else []
    if twice:
        raise InvalidInput(f"{where}: {twice[0][:60]!r} is there twice.", rule="form.table", value=twice[0][:60],
                           next_step="Name each line once.")
    if wanted in (False, "none"):
        return labels, frozenset()
    named = frozenset(label for label in labels if label in totals or label.strip().lower() in totals)
    return labels, named or (frozenset(labels[-1:]) if last else frozenset())


def _shape(values: object, where: str) -> tuple[int, ...]:
    """The lengths of nested lists; refuses ragged and empty ones."""
    if not isinstance(values, list):
        return ()
    inner = {_shape(one, where) for one in values}
    if not values or len(inner) != 1:
        raise InvalidInput(f"{where}: {'rows of different lengths' if values else 'no values'}.", rule="form.table",
                           value=where, next_step="Give every line the same number of cells, at least one.")
    return len(values), *inner.pop()


def _deep(values: Any, index: Sequence[int]) -> Any:
    for place in index:
        values = values[place]
    return values


def cell_form(raw: Mapping[str, Any], where: str, *, allowed: Sequence[str]) -> CellForm:
    """The facts of one cell; other keys than its own and the variables are refused by name."""
    try:
        facts = CellForm.model_validate(raw)
    except ValidationError as error:
        one = error.errors()[0]
        place = ".".join(map(str, one["loc"]))
        raise InvalidInput(f"{where}: {place} {value_words(one)}.", rule="form.cell", value=place,
                           next_step="See docs/reference/check.md.") from None
    refuse_unknown(facts, where, allowed)
    return facts


def refuse_unknown(facts: CellForm, where: str, allowed: Sequence[str]) -> None:
    unknown = [key for key in facts.model_extra or {} if key not in allowed]
    if unknown:
        raise InvalidInput(f"{where}: unknown key {unknown[0][:60]!r}.", rule="form.unknown-key",
                           value=unknown[0][:60], next_step="Declare variables with \"variables\", or correct the key.")


def _listed(form: TableForm, name: str, totals: frozenset[str], whole: bool) -> ReadTable:
    facts = form.cells or []
    if not facts:
        raise InvalidInput(f"{name}: no cells.", rule="form.table", value=name, next_step="Give at least one cell.")
    variables = tuple(form.variables or _variables(facts))
    table = ReadTable(name, variables, (), totals, (), form, whole)
    cells = []
    for number, one in enumerate(facts):
        where = f"{name}: cell {number + 1}"
        refuse_unknown(one, where, variables)
        cells.append(_cell(table.at(_place(one, where, variables), where), one.value, one.true_value, one, where,
                           whole))
    labels = tuple(tuple(dict.fromkeys(cell.at[at] or "Total" for cell in cells))
                   for at in range(len(variables)))
    return _with_cells(ReadTable(name, variables, labels, totals, (), form, whole), cells)


def _variables(facts: Sequence[CellForm]) -> Iterator[str]:
    """The variables of a list of cells that doesn't declare them: keys that every cell has, or what `at` names."""
    first = facts[0]
    if isinstance(first.at, dict):
        yield from dict.fromkeys(itertools.chain.from_iterable(one.at for one in facts if isinstance(one.at, dict)))
    elif first.at is not None:
        depth = len(first.at) if isinstance(first.at, list) else 1
        yield from ("row", "column", *(f"axis {number + 1}" for number in range(2, depth)))[:depth]
    elif first.row is not None or first.column is not None:
        for name, held in (("row", first.row), ("column", first.column)):
            depth = len(held) if isinstance(held, list) else int(held is not None)
            yield from (name if number == 0 else f"{name} {number + 1}" for number in range(depth))
    else:
        yield from (key for key in first.model_extra or {} if all(key in (one.model_extra or {}) for one in facts))


def _place(facts: CellForm, where: str, variables: Sequence[str]) -> object:
    extra = facts.model_extra or {}
    if facts.at is not None:
        return facts.at
    if facts.row is not None or facts.column is not None:
        return [one for held in (facts.row, facts.column) if held is not None
                for one in (held if isinstance(held, list) else [held])]
    if extra or len(variables) == 0:
        return extra if extra else []
    raise InvalidInput(f"{where} says no place.", rule="form.cell", value=where,
                       next_step="Give \"at\": [codes], \"row\" and \"column\", or a key for each variable.")


def _cell(at: At, raw: object, true: float | None, facts: CellForm, where: str, whole: bool) -> ReadCell:
    mark = read_mark(raw, where, whole=whole)
    if facts.suppressed or facts.status in {"suppressed", "hidden", "missing", "primary", "secondary"}:
        true = mark.value if true is None else true
        mark = Mark(stated=mark.stated)
    if facts.suppressed is False and mark.hidden and not facts.structural:
        raise InvalidInput(f"{where} is said to be published but has no value.", rule="form.cell", value=where,
                           next_step="Give its value, or mark it as suppressed.")
    if facts.structural and mark.hidden:
        mark = Mark(0.0)
    return ReadCell(at, mark, true, facts)


def _with_cells(table: ReadTable, cells: Sequence[ReadCell]) -> ReadTable:
    return ReadTable(table.name, table.variables, table.labels, table.totals, tuple(cells), table.form, table.whole)
