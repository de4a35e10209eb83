"""Ways out of a failing table: each is tried, checked by the project's rules, and shown with what it loses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.errors import InvalidInput
from readingroom.sdk._layout import JOINER, heading
from readingroom.sdk._progress import progress
from readingroom.sdk._tables import SAFE_EXTREMES, Labels, Table, known_policy

if TYPE_CHECKING:
    from readingroom.core.policy import Policy

OTHER = "Other"


@dataclass(frozen=True)
class Option:
    """One way: the call that makes it, in code and in words, the table that it gives, and what is lost, 0 to 1."""

    code: str
    words: str
    table: Table
    verdict: Verdict
    loss: float


@dataclass(frozen=True)
class Fixes:
    """Ways that help, the one that loses least first. `best` is the table of the first."""

    options: tuple[Option, ...]
    verdict: Verdict

    @property
    def best(self) -> Table:
        if not self.options:
            raise InvalidInput("Nothing that was tried makes this table safe.", rule="table.fix",
                               next_step="Merge categories (table.merge), use fewer variables, or take more people.")
        return self.options[0].table

    def __repr__(self) -> str:
        if self.verdict is Verdict.PASS:
            return "Nothing to mend: it passes."
        return "\n".join(f"{one.verdict.name:6} {one.code}: {one.words}" for one in self.options) or _NOTHING

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import LEFT, badge

        if not self.options:
            return f"<p>{escape(repr(self))}</p>"
        rows = "".join(f"<tr><td {LEFT}>{badge(one.verdict)}</td><td {LEFT}><code>{escape(one.code)}</code></td>"
                       f"<td {LEFT}>{escape(one.words)}</td></tr>" for one in self.options)
        heads = "".join(f"<th {LEFT}>{head}</th>" for head in ("Verdict", "Call", "What it does"))
        return (f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
                "<p><code>.fix().best</code> is the table of the first.</p>")


_NOTHING = "Nothing that was tried makes it safe: merge categories, use fewer variables, or take more people."


def fixes(made: Table) -> Fixes:
    """Every way that leads to a better verdict than the table has now. Unavailable without the project's rules."""
    policy = known_policy()
    now = _verdict(made, policy)
    found: list[Option] = []
    ways = list(_ways(made, policy)) if now is not Verdict.PASS else []
    with progress(len(ways)) as tell:
        for step, (code, change) in enumerate(ways):
            tell(step, f"trying {code}")
            try:
                changed = change(made)
                verdict = _verdict(changed, policy)
            except InvalidInput:  # such as nothing left to show
                continue
            if verdict < now:
                loss = _loss(made, changed)
                found.append(Option(code, _words(made, changed, loss), changed, verdict, loss))
    found.sort(key=lambda one: (one.verdict, one.loss, len(one.code)))
    files: dict[bytes, Option] = {}
    for one in found:  # of ways to the same file, the shortest
        files.setdefault(one.table.csv(), one)
    return Fixes(tuple(files.values()), now)


def _ways(made: Table, policy: Policy) -> Iterator[tuple[str, Callable[[Table], Table]]]:
    """Changes to try, each with its call; where counts must be rounded, that comes last in every one."""
    base = policy.rounding_base
    rounds = base is not None and made.rounding < base
    endings: dict[str, Callable[[Table], Table]] = {"": lambda table: table}
    if rounds:
        endings = {f".round({base})": lambda table: table.round(base or 1)}
        if made.recipe.margins:
            endings[f'.round({base}, "controlled")'] = lambda table: table.round(base or 1, "controlled")

    ways: dict[str, Callable[[Table], Table]] = {}
    if rounds:
        ways[""] = lambda table: table
    ways[".suppress()"] = Table.suppress
    if _has_empty(made):
        ways[".drop(empty=True)"] = lambda table: table.drop(empty=True)
        ways[".drop(empty=True).suppress()"] = lambda table: table.drop(empty=True).suppress()
    if made.recipe.margins:
        ways[".drop(totals=True)"] = lambda table: table.drop(totals=True)
        ways[".drop(totals=True).suppress()"] = lambda table: table.drop(totals=True).suppress()
    if any(one.statistic in SAFE_EXTREMES for one in made.tables) and policy.threshold:
        people = policy.threshold + (policy.threshold_inclusive is not False)
        ways[f".safe_extremes({people})"] = lambda table: table.safe_extremes(people)
        ways[f".safe_extremes({people}).suppress()"] = lambda table: table.safe_extremes(people).suppress()
    for name, labels in _small(made, policy):
        groups = {name: {OTHER: labels}}
        code = f".merge({groups!r})"
        ways[code] = lambda table, groups=groups: table.merge(groups)  # type: ignore[misc]
        ways[f"{code}.suppress()"] = lambda table, groups=groups: table.merge(groups).suppress()  # type: ignore[misc]
    for code, change in ways.items():
        first = _once(change)
        for ending, finish in endings.items():
            yield f"table{code}{ending}", lambda table, first=first, finish=finish: finish(first(table))  # type: ignore[misc]


def _once(change: Callable[[Table], Table]) -> Callable[[Table], Table]:
    """The change, made once however often it is asked for: all that is tried starts from the same table."""
    made: list[Table] = []

    def remembered(table: Table) -> Table:
        if not made:
            made.append(change(table))
        return made[0]

    return remembered


def _has_empty(made: Table) -> bool:
    for side in ("row", "column"):
        people: dict[Labels, int] = {}
        for one in made.tables:
            for cell in one.cells:
                people[getattr(cell, side)] = people.get(getattr(cell, side), 0) + cell.people
        if 0 in people.values():
            return True
    return False


def _small(made: Table, policy: Policy) -> Iterator[tuple[str, list[str]]]:
    """For each variable with more than two categories: those with unsafe cells, and at least the two smallest."""
    broken = {(place.row, place.column) for finding in _findings(made, policy) if finding.verdict is Verdict.FAIL
              for place in finding.cells}
    for side, names in (("row", made.recipe.rows), ("column", made.recipe.columns)):
        for at, name in enumerate(names):
            people: dict[str, int] = {}
            unsafe: set[str] = set()
            for cell in made.tables[0].cells:
                if not cell.margin:
                    label = getattr(cell, side)[at]
                    people[label] = people.get(label, 0) + cell.people
                    unsafe |= {label} if (cell.row, cell.column) in broken else set()
            smallest = sorted(people, key=lambda label: people[label])
            wanted = [label for label in smallest if label in unsafe] if len(unsafe) > 1 else smallest[:2]
            if unsafe and 2 <= len(wanted) < len(people):
                yield name, wanted


def _findings(made: Table, policy: Policy) -> tuple[Finding, ...]:
    from readingroom.core.disclosure import check_output

    output = made.draft()
    return check_output(output.name, output.content, output.evidence, policy).findings


def _verdict(made: Table, policy: Policy) -> Verdict:
    from readingroom.core.disclosure import check_output

    output = made.draft()
    return check_output(output.name, output.content, output.evidence, policy).verdict


def _filled(made: Table) -> int:
    """How many numbers about somebody are shown."""
    return sum(bool(cell.people) and not cell.suppressed for one in made.tables for cell in one.cells)


def _loss(before: Table, after: Table) -> float:
    return 1 - min(1.0, _filled(after) / max(1, _filled(before)))


def _words(before: Table, after: Table, loss: float) -> str:
    steps = "; ".join(after.done[len(before.done):]) or "as it is"
    return f"{steps}; {_filled(after):,} of {_filled(before):,} numbers stay"


@dataclass(frozen=True)
class Explanation:
    """What breaks which rule, and why."""

    rows: tuple[tuple[str, str, Finding], ...]

    def __repr__(self) -> str:
        lines = [f"{finding.verdict.name:6} {where}: {rests} {finding.message}" for where, rests, finding in self.rows]
        return "\n".join(lines) or "Nothing breaks a rule."

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import LEFT, badge

        if not self.rows:
            return "<p>Nothing breaks a rule.</p>"
        rows = "".join(
            f"<tr><td {LEFT}>{badge(finding.verdict)}</td><td {LEFT}>{escape(where)}</td>"
            f"<td {LEFT}>{escape(rests)}</td><td {LEFT}>{escape(finding.message)}<br>"
            f"<small>{escape(finding.source)}</small></td></tr>"
            for where, rests, finding in self.rows)
        heads = "".join(f"<th {LEFT}>{head}</th>" for head in ("Verdict", "Cell", "Rests on", "Why, and by whom"))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def explained(made: Table) -> Explanation:
    """One line for each cell and rule, unsafe ones first."""
    known = {(cell.row, cell.column): cell for one in made.tables for cell in one.cells}
    headings = {(cell.row, (heading(made, cell.column),)): cell for cell in known.values()}
    rows = []
    for finding in made.findings:
        for place in finding.cells or (None,):
            cell = None if place is None else known.get((place.row, place.column)) or headings.get(
                (place.row, place.column))
            rows.append((JOINER.join((*place.row, *place.column)) if place else "the table",
                         resting(cell) if cell else "", finding))
    return Explanation(tuple(rows))


def resting(cell: object) -> str:
    """What a cell rests on, in a few words: for a hover, and for explanations."""
    from readingroom.core.disclosure.evidence import CellEvidence

    assert isinstance(cell, CellEvidence)
    said = [f"{cell.people:,} {'person' if cell.people == 1 else 'people'}", f"{cell.records:,} records"]
    if cell.top and cell.total:
        total = cell.absolute_total if cell.absolute_total is not None else cell.total
        largest = sum(abs(one) for one in cell.top[:2])
        said.append(f"the two largest make up {100 * largest / abs(total):.0f}%" if len(cell.top) > 1 else "one person")
    if cell.below is not None and cell.above is not None:
        said.append(f"{cell.below:,} below and {cell.above:,} above")
    if cell.extreme_people is not None:
        said.append(f"{cell.extreme_people:,} have this value")
    if cell.modal_people is not None:
        said.append(f"{cell.modal_people:,} have this value")
    if cell.nonzero_people is not None and cell.nonzero_people < cell.people:
        said.append(f"{cell.nonzero_people:,} have something else than zero")
    if cell.numerator_people is not None and cell.denominator_people is not None:
        said.append(f"{cell.numerator_people:,} of {cell.denominator_people:,} people")
    return ", ".join(said)
