"""Checking the files of a round, a file at a time, so that whoever does it can be killed and take up again."""

from __future__ import annotations

from typing import Any

from readingroom.core.disclosure.check import CheckResult, check_beside, check_code, check_output, with_findings
from readingroom.core.disclosure.evidence import Evidence, parse_evidence, readable
from readingroom.core.disclosure.links import Remembered
from readingroom.core.disclosure.recomputing import Allowance
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.incoming import inspect_incoming
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import AirlockRequest, FileKind, OutputFile
from readingroom.errors import Unavailable
from readingroom.ports import Scanner
from readingroom.services import demands, freezing, holdups
from readingroom.services.checking import bring_to_checkers
from readingroom.services.moves import SYSTEM, move
from readingroom.services.recomputing import Result, on_the_log, recompute
from readingroom.services.room import ReadingRoom


def begin_checks(room: ReadingRoom, number: int) -> AirlockRequest:
    """SUBMITTED becomes CHECKING; already checking changes nothing (a crash resumes here)."""
    with holdups.noted(room, number), room.store.transaction() as tx:
        request: AirlockRequest = tx.requests.get(number)
        if request.status is not RequestStatus.SUBMITTED:
            return request
        move(tx, request, RequestStatus.CHECKING, SYSTEM, "request.checking")
        checking: AirlockRequest = tx.requests.get(number)
        return checking


def check_files(room: ReadingRoom, number: int, scanner: Scanner | None = None) -> None:
    """Check each frozen file and record what was found, once: one that has a verdict already is left.

    A check that cannot finish is a finding (promise P9). What the files share is read once, not with each. What is to
    come in is shown to the malware scanner, where there is one.
    """
    with holdups.noted(room, number):
        request, policy = _to_check(room, number)
        allowance, said = Allowance(room.settings.recomputing_seconds), _Said(request)
        for file in request.files:
            if file.verdict is None:  # else a worker was killed after this had been recorded
                _check(room, request, file, policy, scanner, allowance, said)


def finish_checks(room: ReadingRoom, number: int) -> AirlockRequest:
    """CHECKING becomes IN_REVIEW once every file has a verdict."""
    with holdups.noted(room, number), room.store.transaction() as tx:
        request: AirlockRequest = tx.requests.get(number)
        if request.status is not RequestStatus.CHECKING or any(file.verdict is None for file in request.files):
            return request
        request = _with_demands(room, tx, request)
        if gone := freezing.reasons(room, tx, request):
            freezing.freeze(tx, request, gone)
        else:
            bring_to_checkers(room, tx, request, "request.in-review", approvals=request.approvals_needed, verdicts={
                 file.name: file.verdict.word for file in request.files if file.verdict is not None})
        checked: AirlockRequest = tx.requests.get(number)
        return checked


def _with_demands(room: ReadingRoom, tx: Any, request: AirlockRequest) -> AirlockRequest:
    """The request with how many approvals are enough, if the platform computed all of it."""
    if request.direction is Direction.IN or not request.is_verified:
        return request
    tx.requests.set_verified_checkers(request.number, demands.verified_checkers(room, tx, request))
    told: AirlockRequest = tx.requests.get(request.number)
    return told


class _Said:
    """The evidence of the outputs of a request as it was sent, each read once however many are held against it."""

    def __init__(self, request: AirlockRequest) -> None:
        self._files = tuple(file for file in request.crossing if file.evidence)
        self._read: dict[int, Evidence | None] = {}
        self.linkable = Remembered()

    def beside(self, file: OutputFile) -> dict[str, Evidence | None]:
        """What the other outputs say, by their names. None of one that can't be read, as its own check says."""
        return {other.name: self.of(other) for other in self._files if other.id != file.id}

    def of(self, file: OutputFile) -> Evidence | None:
        if file.id not in self._read:
            self._read[file.id] = readable(file.evidence)
        return self._read[file.id]


def _to_check(room: ReadingRoom, number: int) -> tuple[AirlockRequest, Policy]:
    with room.store.reading() as tx:
        request: AirlockRequest = tx.requests.get(number)
        project = tx.projects.get(request.project)
        return request, room.policies.for_project(project, tx.grants.of_project(project.slug))


def _check(room: ReadingRoom, request: AirlockRequest, file: OutputFile, policy: Policy,
           scanner: Scanner | None, allowance: Allowance, said: _Said) -> Verdict:
    again: Result | None = None
    if file.origin is not None:
        result = _checked_incoming(file, room, policy, scanner)
    else:
        result, again = _checked(request, file, room, policy, said, allowance)
    with room.store.transaction() as tx:
        if again is not None:
            tx.requests.set_recomputed(file.id, again.told, again.evidence)
        tx.requests.set_checked(file.id, result.output_type, result.verdict, result.findings)
        tx.events.record(SYSTEM, "file.checked", f"request:{request.number}", request.project, file=file.name,
                         sha256=file.sha256, verdict=result.verdict.word,
                         rules=sorted({finding.rule for finding in result.findings}), **on_the_log(again))
    return result.verdict


def _checked(request: AirlockRequest, file: OutputFile, room: ReadingRoom, policy: Policy,
             said: _Said, allowance: Allowance) -> tuple[CheckResult, Result | None]:
    """Judged by the platform's own evidence where it found the same as was sent, and else by what was sent."""
    try:
        content = room.blobs.get(file.sha256)
        if file.kind is FileKind.CODE:
            return check_code(file.name, content, policy), None
        again = recompute(room, request, file, content, said.of(file), allowance)
        evidence = said.of(file) if again is None or again.evidence is None else parse_evidence(again.evidence)
        # what is no table or cannot be read is judged as it was sent
        alone = check_output(file.name, content, evidence or file.evidence, policy)
        beside = said.beside(file) if file.crosses else {}
        judged = check_beside(alone, file.name, evidence, beside, policy, said.linkable)
        return with_findings(judged, again.findings if again else ()), again
    except Exception as error:  # noqa: BLE001  whatever broke, it must not pass (P9)
        return _broken(file, error), None


def _checked_incoming(file: OutputFile, room: ReadingRoom, policy: Policy, scanner: Scanner | None) -> CheckResult:
    try:
        content = room.blobs.get(file.sha256)
        scan = None if scanner is None else scanner.scan(content)
        return inspect_incoming(file.name, content, file.kind, policy, scan)
    except Exception as error:  # noqa: BLE001  whatever broke, it must not come in (P9)
        return _broken(file, error)


def _broken(file: OutputFile, error: Exception) -> CheckResult:
    known = f": {error.message}" if isinstance(error, Unavailable) else ""
    broken = Finding("check.failed", Verdict.FAIL,
                     f"The automatic check could not finish ({type(error).__name__}){known}",
                     "Send it again later or in a plainer format, or ask the checkers to look at the file by hand.")
    return CheckResult(file.output_type or "unknown", Verdict.FAIL, (broken,))
