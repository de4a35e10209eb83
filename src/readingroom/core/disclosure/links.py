"""Tables in different files of one request, read together: what one hides, another may show or give back.

Counts, weighted counts, sums and means of the same people are linked by the names of their variables and by their
conditions (`populations`). Two tables are of the same people when the cells that both have hold the same numbers, or
the sums over what only one is broken down by do; tables of others, and of another dataset or unit, are no link.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from readingroom.core.disclosure.evidence import CellEvidence, readable, tables_of
from readingroom.core.disclosure.populations import (
    Linked,
    grouped,
    is_part,
    nearly_same,
    same_kind,
    same_people,
    same_variables,
    sliced,
)
from readingroom.core.disclosure.rules.threshold import is_low
from readingroom.core.disclosure.rules.wording import listing, plural
from readingroom.core.disclosure.verdict import Cell, Finding, Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

if TYPE_CHECKING:
    from readingroom.core.disclosure.protect import Table

SOURCE = "ESSnet/CoE Handbook on Statistical Disclosure Control, 2nd edition, ch. 4.3, linked tables (2024)"
QUESTIONS = 200  # to a solver, for one file

Reader = Callable[[str, object], Iterable[Linked]]
"""What gives the linkable numbers of a file by its name and evidence."""


def linkable(file: str, evidence: object) -> Iterator[Linked]:
    """The numbers in a file's evidence that add up and whose variables are named."""
    from readingroom.core.disclosure.rules.sums import quantities

    said = readable(evidence)
    for quantity in quantities(tables_of(said)) if said else ():
        table = quantity.tables[0]
        if table.row_names is None or table.column_names is None:
            continue
        rows, variables = len(table.row_names), (*table.row_names, *table.column_names)
        keys = {codes if table.column_names else codes[:rows]: key for key, codes in quantity.codes.items()}
        if len(keys) == len(quantity.codes) and all(len(codes) == len(variables) for codes in keys) and len(
                set(variables)) == len(variables):
            yield Linked(file, quantity, variables, keys)


class Remembered:
    """`linkable` for whoever asks again and again of the same files: each is read once while its evidence is the same
    object."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[object, tuple[Linked, ...]]] = {}

    def __call__(self, file: str, evidence: object) -> tuple[Linked, ...]:
        known = self._read.get(file)
        if known is None or known[0] is not evidence:
            known = self._read[file] = evidence, tuple(linkable(file, evidence))
        return known[1]


@dataclass(frozen=True)
class Beside:
    """Numbers of one file beside those of the others. Of one with hidden cells the others are `linked`, or `apart`:
    of other people, as far as the numbers tell."""

    one: Linked
    others: list[Linked]
    linked: list[Linked]
    apart: list[Linked]


def check_both(name: str, evidence: object, others: Mapping[str, object], policy: Policy,
               reader: Reader = linkable) -> list[Finding]:
    """What `check_links` and `check_apart` find, from one reading of the files by `reader`: `linkable`, or one that
    remembers."""
    read = _beside(name, evidence, others, policy, reader)
    return [*_links(read, policy), *_aparts(read, policy)]


def check_links(name: str, evidence: object, others: Mapping[str, object], policy: Policy) -> list[Finding]:
    """What the other files of a request tell about this one, beyond what it tells itself.

    Formula: all numbers of the same people that add up are one system of cells and sums; a hidden cell that would break
    a rule is exposed when its range over all that fit lies below the threshold, or reaches less than its levels. A
    mean counts as showing its sum. What could not be linked, such as two ways of cutting ages into bands, is for a
    person to judge; so is a count that is a few people less in another file, whose people may be some of these.
    """
    return _links(_beside(name, evidence, others, policy), policy)


def check_apart(name: str, evidence: object, others: Mapping[str, object], policy: Policy) -> list[Finding]:
    """What was not read together with the suppressed cells of this file, so that nobody thinks it was."""
    return _aparts(_beside(name, evidence, others, policy), policy)


def _beside(name: str, evidence: object, others: Mapping[str, object], policy: Policy,
            reader: Reader = linkable) -> list[Beside]:
    """For each quantity of the file; none where policy has no threshold to hold differences against."""
    mine = list(reader(name, evidence)) if others and policy.threshold is not None else []
    theirs = [one for other, said in others.items() for one in reader(other, said)] if mine else []
    return [_sorted(one, theirs) for one in mine]


def _sorted(one: Linked, theirs: list[Linked]) -> Beside:
    linked: list[Linked] = []
    apart: list[Linked] = []
    for two in theirs if one.quantity.hidden else ():
        named = two.called(same_variables(one, two))
        (linked if same_people(one, named) else apart).append(named)
    return Beside(one, theirs, linked, apart)


def _links(read: Iterable[Beside], policy: Policy) -> list[Finding]:
    found: list[Finding] = []
    for it in read:
        found += _fewer(it.one, it.others, policy)
        if it.linked:
            found += _audited(it.one, it.linked, policy)
    return found


def _aparts(read: Iterable[Beside], policy: Policy) -> list[Finding]:
    return [finding for it in read for finding in _apart(it.one, it.apart, policy)]


def _fewer(one: Linked, theirs: list[Linked], policy: Policy) -> list[Finding]:
    """Counts that are shown exactly in two files, where one is nowhere more and somewhere a few people less."""
    found = []
    mine = one.places() if one.quantity.whole else {}
    for other in theirs:
        if not mine or not same_kind(one, other) or set(one.variables) != set(other.variables):
            continue
        less = other.places()
        if not less.keys() <= mine.keys() or any(number > mine[place] for place, number in less.items()):
            continue
        shown = other.shown_exactly()
        few = [one.quantity.cells[key] for place, key in one.shown_exactly().items()
               if place in shown and less[place] < mine[place] and is_low(round(mine[place] - less[place]), policy)]
        if few:
            found.append(_differs(few, other.file, policy, certain=is_part(*sliced([other, one]))))
    return found


def _audited(one: Linked, linked: list[Linked], policy: Policy) -> list[Finding]:
    from readingroom.core.disclosure.protect import Exposure, audit, completed, join
    from readingroom.core.disclosure.rules.exposure import protections

    names = ", ".join(dict.fromkeys(two.file for two in linked))
    one, *linked = sliced([one, *linked])
    linked, hierarchies = grouped(one, linked)
    needed = protections(one.quantity, one.quantity.hidden, policy)
    if not needed:
        return []
    codes_of = {key: codes for codes, key in one.keys.items()}
    try:
        joined = join([_as_table(one, own=True), *(_as_table(two, own=False) for two in linked)], hierarchies)
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
    return Table(linked.file, linked.variables, tuple(entries), linked.fixed, whole=quantity.whole, negative=negative)


def _differs(few: list[CellEvidence], file: str, policy: Policy, *, certain: bool) -> Finding:
    """`certain` where the conditions of both say so, and not only the numbers."""
    return Finding(
        "differencing.subset", Verdict.FAIL if certain else Verdict.REVIEW,
        f"In {file} {plural(len(few), 'count is', 'counts are')} a few people less "
        f"({listing([one.name for one in few])})" + (
            ": by its condition the people there are some of those here, so the difference tells about the others."
            if certain else ": if the people there are some of those here, the difference tells about the others."),
        "Round both tables, or ask for one of them only." if certain else
        "Say in the context whether they are; if so round both tables, or ask for one of them only.",
        tuple(one.place for one in few), {"threshold": policy.threshold}, SOURCE)


def _apart(one: Linked, others: Iterable[Linked], policy: Policy) -> Iterator[Finding]:
    """What was not read together with this file, and why; for a person, where nearly all people seem the same."""
    near: list[str] = []
    far: list[str] = []
    for other in others:
        if one.quantity.whole and same_kind(one, other):
            named = f"{other.file}: {round(other.everyone()):,}"
            (near if nearly_same(one, other, lambda few: is_low(few, policy)) else far).append(named)
    for verdict, files, why, step in (
            (Verdict.REVIEW, near, "nearly the same people, it seems, as",
             "Leave the same rows out of all: those without a label, of any variable, in any table."),
            (Verdict.PASS, far, "of other people, it seems, than", "")):
        if files:
            yield Finding(
                "differencing.apart", verdict,
                f"Not read together with the suppressed cells here, being {why} these {round(one.everyone()):,}: "
                f"{listing(list(dict.fromkeys(files)))}.", step, parameters={"threshold": policy.threshold},
                source=SOURCE)


def _unlinked(names: str, why: str) -> Finding:
    return Finding(
        "differencing.unlinked", Verdict.REVIEW,
        f"What {names} tells about the suppressed cells could not be checked: {why.rstrip('.')}.",
        "Say in the context how the tables fit together, or give them the same categories.", source=SOURCE)
