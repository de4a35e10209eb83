"""Release memory: each output is compared with everything released from the same datasets, across projects.

What two outputs tell together is a finding of the new one, which its author reads too: findings say nothing of what was
released. What it resembles, and how, is for those who may check it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from readingroom.core.disclosure.evidence import readable
from readingroom.core.disclosure.links import SOURCE, check_links
from readingroom.core.disclosure.redrawn import check_redrawn
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection import Preview
from readingroom.core.inspection.looks import look_of
from readingroom.core.inspection.preview import ALL, preview
from readingroom.core.inspection.recognise import IMAGES, recognise
from readingroom.core.lifecycle import Direction, GrantStatus, RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.projects import Grant
from readingroom.core.requests import OutputFile
from readingroom.core.resemblance import Resemblance, Shown, check_memory, resemblance, shown
from readingroom.errors import ReadingRoomError
from readingroom.services.checking import Desk
from readingroom.services.moves import SYSTEM
from readingroom.services.room import ReadingRoom

MOST_FOUND = 10
MOST_LINKED, MOST_READ = 20, 1000
"""Of the newest released outputs of which evidence is read, how many of those about the same variables are joined."""
LINKS = "memory.links"
RULES = {"differencing.subset": "memory.differencing", "noise.redrawn": "memory.noise"}
"""What rules on the files of one request are called where one of the files was released before."""
GUESSED = frozenset({"differencing.subset"})
"""For a person: conditions tell who is among whom in one project; another's grant may have other rows."""
BEING_CHECKED = (RequestStatus.SUBMITTED, RequestStatus.CHECKING)


def compare(room: ReadingRoom, number: int) -> None:
    """Find, for each output of a request's round, the released ones like it and what they tell together.

    A file that can't be read is not compared, and the checker's page says so. Safe to repeat.
    """
    remember(room)
    with room.store.reading() as tx:
        request = tx.requests.get(number)
        if request.direction is Direction.IN:
            return
        data = datasets(tx, request.project)
        released = [one for one in tx.memory.of_datasets(data) if one[0] != number]
        evidence = tx.memory.evidence_of(data, number, MOST_READ)
        project = tx.projects.get(request.project)
        policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    read = {file.id: _read(room, file) for file in request.crossing}
    found = {file_id: _like(what[0], released, policy.threshold or 0) for file_id, what in read.items() if what}
    told = {file.id: _told(check_memory(found.get(file.id, ()), policy.threshold or 0), _linked(file, evidence, policy))
            for file in request.crossing}
    with room.store.transaction() as tx:
        for file_id, ones in found.items():
            tx.memory.set_resemblances(file_id, ones)
        request = tx.requests.get(number)
        for file in request.crossing if request.status in BEING_CHECKED else ():
            findings = told.get(file.id, ())
            if findings and tx.requests.add_findings(file.id, findings):
                tx.events.record(SYSTEM, "file.compared", f"request:{number}", request.project, file=file.name,
                                 sha256=file.sha256, rules=sorted({finding.rule for finding in findings}))


def remember(room: ReadingRoom) -> None:
    """Keep what was released since the last time, to compare later outputs with. Safe to repeat."""
    with room.store.reading() as tx:
        waiting = [tx.requests.get(number) for number in tx.memory.forgotten()]
    for request in waiting:
        read = {file.id: _read(room, file) for file in request.crossing}
        with room.store.transaction() as tx:
            for file_id, what in read.items():
                if what:
                    tx.memory.remember(request.number, file_id, datasets(tx, request.project) or ("",), what[0])


def of_request(room: ReadingRoom, checker: str, number: int) -> dict[int, tuple[Resemblance, ...]]:
    """What each file of the present round resembles, for those compared. Only for who may check it: it tells of other
    projects' outputs."""
    with room.store.reading() as tx:
        request = tx.requests.get(number)
        Desk(room, tx, tx.people.get(checker)).check(request)
        found: dict[int, tuple[Resemblance, ...]] = tx.memory.resemblances([file.id for file in request.files])
        return found


def datasets(tx: Any, project: str) -> tuple[str, ...]:
    """The datasets that a project has or had data of."""
    return once_live(tx.grants.of_project(project))


def once_live(grants: Iterable[Grant]) -> tuple[str, ...]:
    """The datasets of those of these grants that were ever given."""
    never_live = (GrantStatus.PROPOSED, GrantStatus.REFUSED)
    return tuple(sorted({grant.dataset for grant in grants if grant.status not in never_live}))


def _read(room: ReadingRoom, file: OutputFile) -> tuple[Shown | None] | None:
    """What a file shows, in a tuple; None if its bytes can't be read now."""
    try:
        content = room.blobs.get(file.sha256)
        kind = recognise(file.name, content)
        if kind in IMAGES:
            return (shown(Preview("image"), file.evidence, look_of(content, kind)),)
        return (shown(preview(file.name, content, part=ALL), file.evidence),)
    except ReadingRoomError:
        return None


def _like(new: Shown | None, released: list[tuple[int, int, str, Shown]], threshold: int) -> tuple[Resemblance, ...]:
    """The most telling first: cells that differ by few people, then by how much is shared; at most ten."""
    if new is None:
        return ()
    found = [alike for request, file_id, name, old in released
             if (alike := resemblance(request, name, file_id, new, old, threshold)) is not None]
    return tuple(sorted(found, key=lambda one: (-one.few, -one.shared, -one.numbers, not one.looks,
                                                -one.request))[:MOST_FOUND])


def _linked(file: OutputFile, released: tuple[dict[str, object], ...], policy: Policy) -> list[Finding]:
    """What follows of cells that either hides from the counts of the same people that the other shows."""
    if file.evidence is None:
        return []
    others = {f"released output {place}": evidence for place, evidence in enumerate(released, 1)}
    names = _variables(file.evidence)
    newest = dict([one for one in others.items() if names & _variables(one[1])][:MOST_LINKED])
    noisy = others if any(table.get("noise") for table in _tables(file.evidence)) else {}
    said = readable(file.evidence)
    findings = [*check_links(file.name, said, newest, policy), *check_redrawn(said, noisy)]
    findings = [replace(finding, rule=RULES.get(finding.rule, LINKS), parameters={}, verdict=finding.verdict if
                        finding.rule not in GUESSED else min(finding.verdict, Verdict.REVIEW)) for finding in findings]
    if any(finding.verdict is Verdict.FAIL for evidence in newest.values()
           for finding in check_links("released", evidence, {file.name: said}, policy)):
        findings.append(Finding(
            LINKS, Verdict.FAIL, "A cell that an output released from these data before hides can be worked "
            "out together with this one.", "Hide the same cells as in what was released, or ask for fewer totals.",
            source=SOURCE))
    return findings


def _told(by_labels: list[Finding], by_evidence: list[Finding]) -> tuple[Finding, ...]:
    """Both, without saying again by evidence what labels had told."""
    known = {finding.rule for finding in by_labels}
    return (*by_labels, *(finding for finding in by_evidence if finding.rule == LINKS or finding.rule not in known))


def _variables(evidence: Mapping[str, object]) -> frozenset[object]:
    """The names of the variables that an output is by, read without checking the rest."""
    return frozenset(name for table in _tables(evidence) for key in ("row_names", "column_names")
                     if isinstance(names := table.get(key), list) for name in names if isinstance(name, str))


def _tables(evidence: object) -> list[Mapping[str, object]]:
    """The tables in evidence as it was sent, whatever it is of."""
    if not isinstance(evidence, dict):
        return []
    inner = [evidence.get("underlying"), *(evidence["tables"] if isinstance(evidence.get("tables"), list) else ())]
    return [evidence, *(table for one in inner for table in _tables(one))]
