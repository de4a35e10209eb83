"""Numbers of one output that add up, each as one system of cells: people, and every value that is summed.

Tables of the same numbers are one quantity. What any of them shows is known: a count, or a share beside it; a sum, or
a mean of people whose number is shown; and a number of people where both its sum and its mean are. Shares that come to
a whole along a line say that line's total too.

People may be in several cells, so that totals of distinct people need not be sums. Here each total is the sum of its
parts: the reader is taken to know how many people are in two cells, which is more than they do. So no table contradicts
itself, and what is safe from this reader is safe.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from readingroom.core.disclosure.evidence import CellEvidence, Labels, TableEvidence
from readingroom.core.disclosure.evidence.model import Noise
from readingroom.core.disclosure.protect.system import Equation, System, make_system
from readingroom.core.disclosure.rounded import CONTROLLED, number_shown
from readingroom.core.disclosure.rules.lines import margin_labels
from readingroom.core.disclosure.statistics import canonical

Key = tuple[Labels, Labels]
Code = tuple[str | None, ...]
ADDS_UP = 1e-9  # sums of floats may be off by this share
HUNDRED = 50.0  # shares that come to more are percentages
WRONG = 1e-6  # totals that are further from the sum than this share are no matter of floats


@dataclass(frozen=True)
class Shown:
    """How something shows a cell: exactly, or as `number` by rounding or noise. `table` says which table does."""

    base: int = 1
    method: str = "nearest"
    number: int | None = None
    noise: Noise | None = None
    table: int = 0


EXACTLY = Shown()


@dataclass
class Quantity:
    """Tables of the same numbers, and of each cell its evidence, its number, and whether anything shows it."""

    whole: bool
    titled: bool = False
    tables: list[TableEvidence] = field(default_factory=list)
    cells: dict[Key, CellEvidence] = field(default_factory=dict)
    numbers: dict[Key, float] = field(default_factory=dict)
    codes: dict[Key, Code] = field(default_factory=dict)
    shown: dict[Key, list[Shown]] = field(default_factory=lambda: defaultdict(list))
    by_mean: set[Key] = field(default_factory=set)
    whole_lines: list[tuple[Code, str]] = field(default_factory=list)

    def fits(self, numbers: Mapping[Key, float], *, whole: bool) -> bool:
        common = self.numbers.keys() & numbers.keys()
        return self.whole == whole and bool(common) and all(self.numbers[key] == numbers[key] for key in common)

    def key(self, cell: CellEvidence) -> Key:
        return key_of(cell, titled=self.titled)

    def only(self, table: TableEvidence, keys: frozenset[Key]) -> TableEvidence:
        """Those cells of a table, as if they were shown."""
        return table.with_cells(tuple(replace(cell, suppressed=False) for cell in table.cells
                                      if self.key(cell) in keys))

    @property
    def hidden(self) -> list[Key]:
        return [key for key in self.cells if key not in self.shown]


def quantities(tables: Sequence[TableEvidence]) -> list[Quantity]:
    """Every quantity of an output that adds up. Weighted means, and statistics that don't add up, are none."""
    has_titles = titled(tables)
    found: list[Quantity] = []
    for table in tables:
        if (numbers := _numbers(table, titled=has_titles)) is None:
            continue
        whole = all(number.is_integer() for number in numbers.values()) and _counts_people(table)
        quantity = next((one for one in found if one.fits(numbers, whole=whole)), None)
        if quantity is None:
            quantity = Quantity(whole, has_titles)
            found.append(quantity)
        _add(quantity, table, numbers, titled=has_titles)
    _learn_from_means(found)
    return found


def titled(tables: Sequence[TableEvidence]) -> bool:
    """Whether the last column label tells several tables apart, as `evidence` has it."""
    titles = [{cell.column[-1:] for cell in table.cells} for table in tables]
    return len(tables) > 1 and all(len(one) == 1 and () not in one for one in titles) and len(
        {next(iter(one)) for one in titles}) == len(tables)


def key_of(cell: CellEvidence, *, titled: bool) -> Key:
    return cell.row, cell.column[:-1] if titled else cell.column


def _counts_people(table: TableEvidence) -> bool:
    return canonical(table.statistic) in ("count", "share") and all(
        cell.weighted_total is None and cell.total is None for cell in table.cells)


def _numbers(table: TableEvidence, *, titled: bool) -> dict[Key, float] | None:
    """What adds up in a table: of each cell the people, or the total of its value; None where nothing does."""
    name = canonical(table.statistic)
    if name not in ("count", "sum", "mean", "share") or not table.cells:
        return None
    if name == "mean" and any(cell.weighted_total is not None or cell.total is None for cell in table.cells
                              if cell.people):
        return None
    found = {}
    for cell in table.cells:
        number = _number(cell, name)
        if number is None:
            return None
        found[key_of(cell, titled=titled)] = float(number)
    return found


def _number(cell: CellEvidence, statistic: str) -> float | None:
    if statistic == "count":
        weighted = cell.weighted_total if cell.weighted_total is not None else cell.people
        return float(cell.value if cell.value is not None else weighted)
    if statistic == "share" and cell.total is None:
        return float(cell.numerator_people if cell.numerator_people is not None else cell.people)
    if cell.weighted_total is not None:
        return float(cell.weighted_total)
    if cell.total is not None:
        return float(cell.total)
    if statistic == "sum" and cell.value is not None:
        return float(cell.value)
    return None if cell.people else 0.0


def lacks_numbers(table: TableEvidence) -> bool:
    """Whether a table adds up, but its evidence doesn't say what."""
    return canonical(table.statistic) in ("count", "sum", "share") and _numbers(table, titled=False) is None


def _add(quantity: Quantity, table: TableEvidence, numbers: Mapping[Key, float], *, titled: bool) -> None:
    quantity.tables.append(table)
    repeated = added_up(table) if quantity.whole else frozenset()
    is_mean, coded = canonical(table.statistic) == "mean", _coder(table)
    for cell in table.cells:
        key = key_of(cell, titled=titled)
        quantity.cells.setdefault(key, cell)
        quantity.numbers.setdefault(key, numbers[key])
        quantity.codes[key] = coded(*key)
        if cell.suppressed or (repeated and cell in repeated):
            continue
        if is_mean:
            quantity.by_mean.add(key)
        else:
            quantity.shown[key].append(_as_shown(cell, table, len(quantity.tables)) if quantity.whole else EXACTLY)
    if canonical(table.statistic) == "share":
        quantity.whole_lines += _whole_lines(table, quantity, titled=titled)


def _coder(table: TableEvidence) -> Callable[[Labels, Labels], Code]:
    """From a cell's labels to its codes: the same, but nothing for a label that stands for a total."""
    rows, margins = len(table.cells[0].row), margin_labels(table)

    @cache
    def coded(labels: Labels, first: int) -> Code:
        return tuple(None if label in margins[at] else label for at, label in enumerate(labels, start=first))

    return lambda row, column: coded(row, 0) + coded(column, rows)


def _as_shown(cell: CellEvidence, table: TableEvidence, number: int) -> Shown:
    if table.noise is not None or table.rounding_method == CONTROLLED:
        return EXACTLY if cell.shown is None else Shown(
            table.rounding, table.rounding_method, cell.shown, table.noise, number)
    return EXACTLY if table.rounding == 1 else Shown(table.rounding, table.rounding_method, None, None, number)


def added_up(table: TableEvidence) -> frozenset[CellEvidence]:
    """Totals of rounded counts that are the sum of what is shown of their parts, and so tell nothing more."""
    if table.rounding == 1 or table.rounding_method == CONTROLLED or all(cell.shown is None for cell in table.cells):
        return frozenset()
    found = set()
    for cell, parts in parts_of(table).items():
        shown = sum(number_shown(part, table) for part in parts if not part.suppressed)
        if cell.shown is not None and cell.shown == shown:
            found.add(cell)
    return frozenset(found)


def parts_of(table: TableEvidence) -> dict[CellEvidence, list[CellEvidence]]:
    """Each total and the finest cells that make it up."""
    coded = _coder(table)
    codes = [coded(cell.row, cell.column) for cell in table.cells]
    found: dict[CellEvidence, list[CellEvidence]] = {}
    for at, parts in _decompositions(codes):
        found.setdefault(table.cells[at], [table.cells[part] for part in parts])
    return found


def _whole_lines(table: TableEvidence, quantity: Quantity, *, titled: bool) -> list[tuple[Code, str]]:
    """Lines whose shares come to one whole: along rows, along columns, or all cells together."""
    rows = len(table.cells[0].row)
    depth = len(quantity.codes[key_of(table.cells[0], titled=titled)])
    for along in (range(rows, depth), range(rows), range(depth)):
        sums: dict[Code, float] = defaultdict(float)
        for cell in table.cells:
            code = quantity.codes[key_of(cell, titled=titled)]
            if all(code[at] is not None for at in along):
                sums[tuple(None if at in along else label for at, label in enumerate(code))] += _share(cell)
        whole = 100.0 if max(sums.values(), default=0.0) > HUNDRED else 1.0
        if along and sums and all(total >= whole * (1 - WRONG) or total == 0 for total in sums.values()):
            return [(code, " ".join(["everybody", *(label for label in code if label)])) for code in sums]
    return []


def _share(cell: CellEvidence) -> float:
    """Of people what follows from their numbers, of a value what is said, of 1 or of 100."""
    if cell.total is None and cell.numerator_people is not None:
        return cell.numerator_people / cell.denominator_people if cell.denominator_people else 0.0
    return cell.value or 0.0


def _learn_from_means(found: Iterable[Quantity]) -> None:
    counts = [one for one in found if one.whole]
    for values in (one for one in found if not one.whole):
        for key in values.by_mean:
            for count in counts:
                if key in count.shown:
                    values.shown[key].append(EXACTLY)
                elif key in values.shown and key in count.cells:
                    count.shown[key].append(EXACTLY)


@dataclass(frozen=True, eq=False)
class Sums:
    """A quantity as a system with its true numbers; `place` finds cells, `odd` names totals that no overlap explains.

    The bounds are what a reader knows without the table.
    """

    system: System
    place: Mapping[Key, int]
    odd: tuple[str, ...]


def system_of(quantity: Quantity) -> Sums:
    """Each total as the sum of its parts, of all levels of subtotals. Raises InvalidInput for numbers no one could sum.

    Example: North 4 and 20, total 24: `total - 4 - 20 = 0`; with 23 people in total, one of them in both, the same.
    """
    keys = list(quantity.cells)
    codes = [quantity.codes[key] for key in keys] + [code for code, _ in quantity.whole_lines]
    names = [quantity.cells[key].name for key in keys] + [name for _, name in quantity.whole_lines]
    said = [quantity.numbers[key] for key in keys]
    numbers = said + [0.0] * len(quantity.whole_lines)
    equations: list[Equation] = []
    summed: set[int] = set()
    for at, parts in _decompositions(codes):
        total = sum(numbers[part] for part in parts)
        if at not in summed:
            numbers[at] = total
            summed.add(at)
        elif abs(total - numbers[at]) > ADDS_UP * max(1.0, abs(total)):
            continue  # a level of which the table has only a part
        equations.append((f"total of {names[at]}", {at: 1.0, **dict.fromkeys(parts, -1.0)}))
    system = make_system(names, equations, value=numbers, whole=quantity.whole,
                         lower=[float("-inf") if _may_be_negative(quantity) else 0.0] * len(names))
    odd = tuple(name for name, now, before in zip(names, numbers, said, strict=False)
                if (before - now if quantity.whole else abs(before - now)) > WRONG * max(1.0, abs(now)))
    return Sums(system, {key: at for at, key in enumerate(keys)}, odd)


def _may_be_negative(quantity: Quantity) -> bool:
    return not quantity.whole and (any(number < 0 for number in quantity.numbers.values())
                                   or any((cell.negatives or 0) > 0 for cell in quantity.cells.values()))


def _decompositions(codes: Sequence[Code]) -> Iterator[tuple[int, list[int]]]:
    """Each total and the cells that make it up, the finest first, then those of every level just below it."""
    levels: dict[frozenset[int], list[int]] = defaultdict(list)
    for at, code in enumerate(codes):
        levels[frozenset(place for place, label in enumerate(code) if label is None)].append(at)
    for total in sorted(levels, key=lambda level: (len(level), sorted(level))):
        below = sorted((one for one in levels if one < total), key=lambda level: (len(level), sorted(level)))
        for rank, level in enumerate(below):
            if rank and len(total) - len(level) > 1:
                continue
            parts: dict[Code, list[int]] = defaultdict(list)
            for at in levels[level]:
                parts[_fixed(codes[at], total)].append(at)
            yield from ((at, parts[_fixed(codes[at], total)]) for at in levels[total]
                        if _fixed(codes[at], total) in parts)


def _fixed(code: Code, summed: frozenset[int]) -> Code:
    return tuple(label for place, label in enumerate(code) if place not in summed)
