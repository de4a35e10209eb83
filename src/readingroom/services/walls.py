"""The walls, watched from outside: the proof of each open workspace, the canary's runs, and incidents."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from readingroom.core.access import Reason
from readingroom.core.proof import Drift, compared, drifts
from readingroom.core.roles import Permission
from readingroom.core.walls import Finding, Incident, Probe, next_proof, stale
from readingroom.core.workspaces import Opening
from readingroom.errors import AccessDenied, PermissionDenied, ReadingRoomError, Unavailable
from readingroom.ports import Engine, Hub
from readingroom.services import notices
from readingroom.services.room import ReadingRoom

SYSTEM = "system"
DRIFT, PROBE, BRIDGE = "walls.drift", "walls.probe", "walls.bridge"
NO_DEMAND = (Drift("demand", "on record", "absent: it was opened before demands were recorded"),)
log = logging.getLogger(__name__)


def prove_all(room: ReadingRoom, engine: Engine, hub: Hub) -> int:
    """Compare every open workspace with what was demanded; close those that drifted. Returns how many held.

    One that cannot be looked at does not keep the others from it; the first failure is raised at the end.
    """
    with room.store.reading() as tx:
        openings: tuple[Opening, ...] = tx.workspaces.open_now()
    held, first = 0, None
    for opening in openings:
        try:
            held += prove(room, engine, hub, opening)
        except ReadingRoomError as error:
            log.warning("the proof of %s/%s failed: %s", opening.username, opening.project, error)
            first = first or error
    if first is not None:
        raise first
    return held


def prove(room: ReadingRoom, engine: Engine, hub: Hub, opening: Opening) -> bool:
    """Whether this workspace runs as demanded. One that does not is killed first, then recorded, then closed."""
    found = engine.inspect(opening.container)
    if found is None:  # it ended; the sweep records that
        return False
    beside = {container: engine.inspect(container) for container in opening.containers[1:]}
    drifted = drifts(opening.demand, {**found, "beside": beside}) if opening.demand else NO_DEMAND
    if drifted:
        for container in opening.containers:
            engine.kill(container)
    with room.store.transaction() as tx:
        record_proof(room, tx, opening, drifted)
    if drifted:
        hub.stop_workspace(opening.username, opening.project)
    return not drifted


def record_proof(room: ReadingRoom, tx: Any, opening: Opening, drifted: Sequence[Drift]) -> None:
    """Keep this comparison with the opening; on the log the first, each change, and one an hour."""
    demanded = opening.demand or {"host": {}}
    proof, telling = next_proof(opening.proof, demanded, len(compared(demanded)), tuple(drifted), room.now())
    tx.workspaces.set_proof(opening.id, proof)
    subject = f"workspace:{opening.username}/{opening.project}"
    if telling:
        tx.events.record(SYSTEM, "workspace.proved", subject, opening.project, held=proof.held, facts=proof.facts,
                         container=opening.container, demand=proof.fingerprint, drifts=list(proof.drifts))
    if drifted and tx.walls.incident_of_opening(opening.id) is None:
        _raise(room, tx, DRIFT, subject, "A running workspace was not as its policy demanded; it was closed.",
               proof.drifts, opening.project, opening.id)


def refuse_drifted(room: ReadingRoom, username: str, project: str, container: str, drifted: Sequence[Drift]) -> None:
    """Record that a workspace which had just started was not as demanded, and raise AccessDenied."""
    found = tuple(str(drift) for drift in drifted)
    with room.store.transaction() as tx:
        _raise(room, tx, DRIFT, f"workspace:{username}/{project}",
               f"A workspace that had just started (container {container[:12]}) was not as its policy demanded; it was "
               "not opened.", found, project)
    raise AccessDenied(
        "Your workspace did not start as its policy demands, so it was not opened.", rule=DRIFT, value=found[0],
        reasons=tuple(Reason(DRIFT, f"{one}.", "An administrator was told.") for one in found),
        next_step="An administrator was told; try again later.")


def rules_were_missing(room: ReadingRoom, rules: Sequence[str]) -> None:
    """Record that the firewall had lost rules around workspaces' bridges; they have been put back."""
    with room.store.transaction() as tx:
        _raise(room, tx, BRIDGE, "walls:firewall", "Rules around workspaces' bridges were missing from this machine's "
               "firewall; they were put back.", tuple(rules))


def record_probe(room: ReadingRoom, findings: Sequence[Finding]) -> Probe:
    """Keep one run of the canary, with an incident when a wall newly fell. No findings at all is a failure."""
    findings = tuple(findings) or (Finding("canary", False, "it reported nothing"),)
    probe = Probe(room.now(), all(finding.held for finding in findings), findings)
    with room.store.transaction() as tx:
        before = tx.walls.last_probe()
        tx.walls.add_probe(probe)
        fallen = tuple(f"{finding.wall}: {finding.seen}" for finding in probe.fallen)
        tx.events.record(SYSTEM, "walls.probed", "walls:canary", held=probe.held, tried=len(findings),
                         fallen=list(fallen))
        if fallen and (before is None or before.fallen != probe.fallen):
            _raise(room, tx, PROBE, "walls:canary", "The canary found a wall that does not hold; no workspace starts.",
                   fallen)
    return probe


def check_probe(room: ReadingRoom, tx: Any) -> None:
    """Raise AccessDenied while the last run of the canary found a fallen wall; Unavailable while nothing is known."""
    probe = tx.walls.last_probe()
    if probe is None or stale(probe, room.now(), room.settings.canary_seconds):
        raise Unavailable(
            "The walls around workspaces are being tried first.", rule=PROBE,
            value=None if probe is None else probe.at,
            next_step="It takes a few seconds; if it lasts, an administrator finds the reason with "
                      "`readingroom doctor --probe`.")
    if not probe.held:
        raise AccessDenied(
            "No workspace starts now: a wall around workspaces does not hold.", rule=PROBE,
            value=", ".join(finding.wall for finding in probe.fallen),
            reasons=(Reason(PROBE, "No workspace starts now: a wall around workspaces does not hold. They start again "
                                   "once it does.", "An administrator was told and can see which wall it is."),),
            next_step="An administrator was told. Nothing of yours is lost; try again later.")


def last_probe(room: ReadingRoom) -> Probe | None:
    with room.store.reading() as tx:
        found: Probe | None = tx.walls.last_probe()
        return found


def known_containers(room: ReadingRoom) -> frozenset[str]:
    """The containers of all workspaces that are open, by the records."""
    with room.store.reading() as tx:
        return frozenset(one for opening in tx.workspaces.open_now() for one in opening.containers)


def incidents(room: ReadingRoom, viewer: str, limit: int = 50) -> tuple[Incident, ...]:
    """The newest first, for those who manage the installation; PermissionDenied for everyone else."""
    with room.store.reading() as tx:
        if not tx.people.get(viewer).may(Permission.MANAGE_PEOPLE):
            raise PermissionDenied("Only administrators see incidents.", rule="role.manage-people", value=viewer,
                                   next_step="Start from your home page.")
        found: tuple[Incident, ...] = tx.walls.incidents(limit)
        return found


def _raise(room: ReadingRoom, tx: Any, rule: str, subject: str, message: str, detail: tuple[str, ...],
           project: str = "", opening: int | None = None) -> Incident:
    incident: Incident = tx.walls.add_incident(room.now(), rule, subject, message, detail, project, opening)
    tx.events.record(SYSTEM, "incident.raised", subject, project, incident=incident.id, rule=rule, message=message,
                     found=list(detail))
    facts = {"incident": incident.id, "rule": rule}
    notices.tell(tx, notices.holding(tx, Permission.MANAGE_PEOPLE), "incident.raised", **facts)
    if project:
        notices.tell(tx, notices.custodians(room, tx, project), "incident.in-project", project=project, **facts)
    log.error("incident %d: %s %s", incident.id, message, "; ".join(detail))
    return incident


def closing_reason(incident: Incident | None) -> str:
    """What the person is told of an incident that closed their workspace; empty if there was none."""
    if incident is None:
        return ""
    return f"{incident.message} Found: {'; '.join(incident.detail)}."


