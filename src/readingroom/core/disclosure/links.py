"""Tables in different files of one request, read together: what one hides, another may show or give back.

Counts, weighted counts, sums and means of the same people are linked by the names of their variables. Two tables are
of the same people when the cells that both have hold the same numbers, or the sums over what only one is broken down by
do; tables of others, and of another dataset or unit, are no link.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence, parse_evidence, tables_of
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.protect import Table
    from readingroom.core.disclosure.rules.sums import Code, Key, Quantity

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3, linked tables (2024)"
QUESTIONS = 200  # to a solver, for one file
CLOSE = 1e-9  # sums of the same numbers in another order differ by less than this share
Place = frozenset[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Linked:
    """Numbers of one file that add up: their variables, and the key of the cell of each codes (None: all)."""

    file: str
    quantity: Quantity
    variables: tuple[str, ...]
    keys: Mapping[Code, Key]

    @property
    def table(self) -> TableEvidence:
        return self.quantity.tables[0]

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

    def shown_exactly(self) -> dict[Place, Key]:
        return {self._place(codes): key for codes, key in self.keys.items()
                if any(way.base == 1 and way.number is None for way in self.quantity.shown.get(key, ()))}

    def called(self, names: Mapping[str, str]) -> Linked:
        """The same with other names for its variables."""
        return replace(self, variables=tuple(names.get(name, name) for name in self.variables))

    def _place(self, codes: Code) -> Place:
        return frozenset((name, code) for name, code in zip(self.variables, codes, strict=True) if code is not None)


def check_links(name: str, evidence: object, others: Mapping[str, object], policy: Policy) -> list[Finding]:
    """What the other files of a request tell about this one, beyond what it tells itself.

    Formula: all numbers of the same people that add up are one system of cells and sums; a hidden cell that would break
    a rule is exposed when its range over all that fit lies below the threshold, or reaches less than its levels. A
    mean counts as showing its sum. What could not be linked, such as two ways of cutting ages into bands, is for a
    person to judge; so is a count that is a few people less in another file, whose people may be some of these.
    """
    if policy.threshold is None:
        return []
    mine = list(_linkable(name, evidence))
    theirs = [one for other, said in others.items() for one in _linkable(other, said)] if mine else []
    found: list[Finding] = []
    for one in mine:
        found += _fewer(one, theirs, policy)
        if not one.quantity.hidden:
            continue
        named = [two.called(_same_variables(one, two)) for two in theirs]
        linked = [two for two in named if _same_people(one, two)]
        if linked:
            found += _audited(one, linked, policy)
    return found


def _linkable(file: str, evidence: object) -> Iterator[Linked]:
    """The numbers in a file's evidence that add up and whose variables are named."""
    from readingroom.core.disclosure.rules.sums import quantities

    try:
        tables = tables_of(parse_evidence(evidence)) if evidence is not None else ()
    except InvalidInput:  # said where the file itself is checked
        return
    for quantity in quantities(tables):
        table = quantity.tables[0]
        if table.row_names is None or table.column_names is None:
            continue
        rows, variables = len(table.row_names), (*table.row_names, *table.column_names)
        keys = {codes if table.column_names else codes[:rows]: key for key, codes in quantity.codes.items()}
        if len(keys) == len(quantity.codes) and all(len(codes) == len(variables) for codes in keys) and len(
                set(variables)) == len(variables):
            yield Linked(file, quantity, variables, keys)


def _same_variables(one: Linked, other: Linked) -> dict[str, str]:
    """Other names for the same variable: several codes, the same in both, and each with the same number in all."""
    found: dict[str, str] = {}
    unmatched = [name for name in one.variables if name not in other.variables]
    for name in other.variables:
        said = {code: number for ((_, code),), number in _alone(other, name)}
        for mine in unmatched:
            if name not in one.variables and mine not in found.values() and len(said) > 1 and _equal(
                    said, {code: number for ((_, code),), number in _alone(one, mine)}):
                found[name] = mine
                break
    return found


def _alone(one: Linked, name: str) -> Iterable[tuple[Place, float]]:
    return one.sums([name]).items()


def _same_people(one: Linked, other: Linked) -> bool:
    """Whether two tables are linked: cells or sums that both have hold the same numbers."""
    if not _same_kind(one, other):
        return False
    mine, theirs = one.places(), other.places()
    if common := mine.keys() & theirs.keys():
        return _equal({place: mine[place] for place in common}, {place: theirs[place] for place in common})
    shared = set(one.variables) & set(other.variables)
    mine, theirs = one.sums(shared), other.sums(shared)
    if mine.keys() != theirs.keys():
        mine, theirs = one.sums(()), other.sums(())
    return _equal(mine, theirs)


def _same_kind(one: Linked, other: Linked) -> bool:
    return (one.table.unit, one.table.source, one.quantity.whole) == (
        other.table.unit, other.table.source, other.quantity.whole)


def _equal(mine: Mapping[Any, float], theirs: Mapping[Any, float]) -> bool:
    return mine.keys() == theirs.keys() and any(mine.values()) and all(
        abs(number - theirs[at]) <= CLOSE * max(abs(number), abs(theirs[at])) for at, number in mine.items())


def _fewer(one: Linked, theirs: list[Linked], policy: Policy) -> list[Finding]:
    """Counts that are shown exactly in two files, where one is nowhere more and somewhere a few people less."""
    found = []
    mine = one.places() if one.quantity.whole else {}
    for other in theirs:
        if not mine or not _same_kind(one, other) or set(one.variables) != set(other.variables):
            continue
        less = other.places()
        if not less.keys() <= mine.keys() or any(number > mine[place] for place, number in less.items()):
            continue
        shown = other.shown_exactly()
        few = [one.quantity.cells[key] for place, key in one.shown_exactly().items()
               if place in shown and less[place] < mine[place] and is_low(round(mine[place] - less[place]), policy)]
        if few:
            found.append(_differs(few, other.file, policy))
    return found


def _audited(one: Linked, linked: list[Linked], policy: Policy) -> list[Finding]:
    from readingroom.core.disclosure.protect import Exposure, audit, completed, join
    from readingroom.core.disclosure.rules.exposure import protections

    names = ", ".join(dict.fromkeys(two.file for two in linked))
    needed = protections(one.quantity, one.quantity.hidden, policy)
    if not needed:
        return []
    codes_of = {key: codes for codes, key in one.keys.items()}
    try:
        joined = join([_as_table(one, own=True), *(_as_table(two, own=False) for two in linked)])
        protected = {joined.place[0, codes_of[key]]: levels for key, levels in needed.items()}
        singles = {joined.place[at, codes] for at, two in enumerate([one, *linked]) for codes, key in two.keys.items()
                   if key not in two.quantity.shown and two.quantity.cells[key].people == 1}
        found = audit(completed(joined.system), protected, singles=sorted(singles), out_of_time=_bounded(),
                      briefly=True)
    except InvalidInput as error:
        return [_unlinked(names, error.message)]
    places = {joined.place[0, codes]: one.quantity.cells[key].place for codes, key in one.keys.items()}
    findings = [_unlinked(names, joined.gap)] if joined.gap else []
    for exposure, said in ((Exposure.EXPOSED, "can be worked out together with"),
                           (Exposure.UNPROVED, "could not be shown to be safe together with")):
        inferences = [each for each in (*found.inferences, *found.insiders) if each.exposure is exposure]
        if inferences:
            cells: tuple[Cell, ...] = tuple(dict.fromkeys(places[each.cell] for each in inferences))
            findings.append(Finding(
                "differencing.files" if exposure is Exposure.EXPOSED else "differencing.unproved", exposure.verdict,
                f"{plural(len(cells), 'suppressed cell')} {said} {names}: "
                f"{listing([f'suppressed cell {each.words}' for each in inferences])}.",
                "Suppress the same cells in every table of these people, and others where totals give them back; or "
                "ask for one of the tables only.", cells, {"threshold": policy.threshold}, SOURCE))
    return findings


def _bounded() -> Callable[[], bool]:
    left = itertools.count(QUESTIONS, -1)
    return lambda: next(left) <= 0


def _as_table(linked: Linked, *, own: bool) -> Table:
    """Numbers as a reader sees them: exactly, by their rounding or noise, or not at all.

    What a mean shows of a sum is known where the number of people is, which a file may show beside another.
    """
    from readingroom.core.disclosure.protect import Entry, Table
    from readingroom.core.disclosure.rules.seen import as_published
    from readingroom.core.disclosure.rules.sums import system_of

    quantity = linked.quantity
    sums = system_of(quantity)
    seen = as_published(sums, quantity)
    known = set() if own else quantity.by_mean
    entries = []
    for codes, key in linked.keys.items():
        at = sums.place[key]
        value, low, high = float(seen.value[at]), float(seen.lower[at]), float(seen.upper[at])
        entries.append(Entry(codes, value, *((value, value) if key in known else (low, high))))
    negative = any(entry.lower < 0 for entry in entries)
    return Table(linked.file, linked.variables, tuple(entries), whole=quantity.whole, negative=negative)


def _differs(few: list[CellEvidence], file: str, policy: Policy) -> Finding:
    return Finding(
        "differencing.subset", Verdict.REVIEW,
        f"In {file} {plural(len(few), 'count is', 'counts are')} a few people less "
        f"({listing([one.name for one in few])}): if the people there are some of those here, the difference tells "
        "about the others.",
        "Say in the context whether they are; if so round both tables, or ask for one of them only.",
        tuple(one.place for one in few), {"threshold": policy.threshold}, SOURCE)


def _unlinked(names: str, why: str) -> Finding:
    return Finding(
        "differencing.unlinked", Verdict.REVIEW,
        f"What {names} tells about the suppressed cells could not be checked: {why.rstrip('.')}.",
        "Say in the context how the tables fit together, or give them the same categories.", source=SOURCE)
