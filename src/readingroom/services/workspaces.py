"""Opening and closing workspaces, and the extracts that they mount."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import rfc8785

from readingroom.core import proof
from readingroom.core.access import Reason
from readingroom.core.grants import readable_columns
from readingroom.core.policy import Policy, Tier, strictest
from readingroom.core.projects import Extract, Grant
from readingroom.core.workspaces import Opening, WorkspacePlan, closing
from readingroom.errors import AccessDenied, ReadingRoomError, Unavailable
from readingroom.ports import Engine, Hub
from readingroom.services import access, walls
from readingroom.services.changes import Changes
from readingroom.services.room import ReadingRoom
from readingroom.services.workshop import Workshop

SYSTEM = "system"
PIXELS_ONLY_NOW = "Since it was opened its data may be seen as pixels only; open it again to work so."
One = TypeVar("One")
log = logging.getLogger(__name__)


def plan(room: ReadingRoom, username: str, project_slug: str) -> WorkspacePlan:
    """What to mount and how tightly to hold it.

    Raises AccessDenied with every reason, or Unavailable while an extract is still being made (try again soon).
    """
    with room.store.reading() as tx:
        project = tx.projects.get(project_slug)
        decision = access.decide_in(room, tx, username, project)
        if not decision.allowed:
            raise AccessDenied(
                f"The workspace of {project.title} cannot be opened.", reasons=decision.reasons, rule="access",
                value=project_slug, next_step=" ".join(f"{r.message} {r.next_step}" for r in decision.reasons))
        _check_number(room, tx, username, project_slug)
        walls.check_probe(room, tx)
        grants = tx.grants.of_project(project_slug)
        mounts, made = [], tx.extracts.live_of_grants([grant.id for grant in grants])
        for grant in grants:
            path = room.extracts.path(made[grant.id].id) if grant.id in made else None
            if path is None:
                raise Unavailable(f"The extract of {grant.dataset} is still being made.", rule="extract.ready",
                                  value=grant.dataset, next_step="It takes seconds to a few minutes.")
            mounts.append((grant.dataset, path))
        limits = Policy(memory_bytes=room.settings.workspace_memory_bytes, cpus=room.settings.workspace_cpus)
        policy = strictest(room.policies.for_project(project, grants), limits)
    home = room.settings.homes_dir / project_slug / username
    return WorkspacePlan(username, project_slug, tuple(mounts), home, policy, project.image)


def _check_number(room: ReadingRoom, tx: Any, username: str, project: str) -> None:
    """AccessDenied when this person has as many other workspaces open, starting or asked for as one may have.

    The tightest counts of the installation's number and the policies of all of them, this one included.
    """
    claims = [*tx.workspaces.open_now(), *tx.turns.all()]
    others = sorted({claim.project for claim in claims if claim.username == username and claim.project != project})
    said = (policy.workspaces for policy in _policies_of(room, tx, (project, *others)).values())
    most = min([room.settings.workspaces_per_person, *(number for number in said if number is not None)])
    if len(others) >= most:
        raise AccessDenied(
            "You have as many workspaces open as one person may.", rule="workspaces.per-person", value=len(others),
            reasons=(Reason("workspaces.per-person",
                            f"You have workspaces open or asked for in {', '.join(others)}; with this one they would "
                            f"be {len(others) + 1}, and policy lets one person have {most} at once.",
                            "Close one of them, then open this one."),),
            next_step="Close one of them.")


def opened(room: ReadingRoom, username: str, project: str, container: str,
           demanded: Mapping[str, Any] | None = None, found: Mapping[str, Any] | None = None) -> None:
    """Record that the workspace now runs as this container. Called again after a restart it changes nothing.

    What the engine says of it (`found`) is first compared with what was `demanded`: AccessDenied if it differs.
    """
    drifted = proof.drifts(demanded, found) if demanded is not None and found is not None else ()
    if drifted:
        walls.refuse_drifted(room, username, project, container, drifted)
    with room.store.transaction() as tx:
        current = tx.workspaces.open_one(username, project)
        if current is not None and current.container == container:
            return
        if current is not None:
            tx.workspaces.close(current.id, room.now(), "replaced by a new start")
        opening = tx.workspaces.open(username, project, room.now(), demanded)
        tx.workspaces.set_container(opening.id, container)
        mounted = {grant.dataset: list(grant.columns) for grant in tx.grants.of_project(project)}
        tx.events.record(username, "workspace.opened", f"workspace:{username}/{project}", project,
                         container=container, mounted=mounted)
        if demanded is not None:
            walls.record_proof(room, tx, tx.workspaces.get(opening.id), ())


def closed(room: ReadingRoom, username: str, project: str, reason: str, *, by: str = SYSTEM,
           opening: int | None = None) -> None:
    """Record that it no longer runs, and why: what forbids it now, else the caller's `reason`.

    Closing what is not open changes nothing. With `opening`, only that one is closed: whoever looked at it a moment
    ago does not close the next.
    """
    with room.store.transaction() as tx:
        current = tx.workspaces.open_one(username, project)
        if current is None or opening not in (None, current.id):
            return
        reason = _reason_to_close(room, tx, current) or reason
        tx.workspaces.close(current.id, room.now(), reason)
        tx.turns.remove(username, project)
        tx.events.record(by, "workspace.closed", f"workspace:{username}/{project}", project, reason=reason)


def open_now(room: ReadingRoom) -> tuple[Opening, ...]:
    with room.store.reading() as tx:
        openings: tuple[Opening, ...] = tx.workspaces.open_now()
        return openings


def policies_of_open(room: ReadingRoom) -> tuple[tuple[Opening, Policy], ...]:
    """Each open workspace with the policy in force for it now."""
    with room.store.reading() as tx:
        openings = tx.workspaces.open_now()
        policies = _policies_of(room, tx, {opening.project for opening in openings})
        return tuple((opening, policies[opening.project]) for opening in openings)


def _policies_of(room: ReadingRoom, tx: Any, slugs: Collection[str]) -> dict[str, Policy]:
    projects, grants = tx.projects.among(slugs), tx.grants.of_projects(slugs)
    return {slug: room.policies.for_project(projects[slug], grants[slug]) for slug in slugs}


@dataclass(frozen=True)
class Wanted:
    """The extract that a live grant calls for: the newest version, and the columns that policy still allows.

    Its id is a hash of all that decides its contents.
    """

    grant: Grant
    version: str
    columns: dict[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        digest = _digest(self.grant.id, self.version, tuple(self.grant.row_filter.items()),
                         tuple(self.columns.items()))
        return f"{self.grant.project}-{self.grant.id}-{digest[:12]}"


@lru_cache(maxsize=100_000)
def _digest(grant: int, version: str, row_filter: tuple[tuple[str, str], ...],
            columns: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """The hash of an extract's contents: asked for each live grant twice a second, so remembered."""
    return hashlib.sha256(rfc8785.dumps({
        "grant": grant, "version": version, "row_filter": dict(row_filter),
        "columns": {table: list(names) for table, names in columns}})).hexdigest()


def prepare_extracts(workshop: Workshop, changes: Changes | None = None) -> int:
    """Make every extract that a live grant lacks; returns how many were made. Safe to repeat after a crash.

    One that cannot be made does not hold up the others; it is tried again next time. With `changes` only the projects
    of which something is on the log since the last time are looked at, and all of them once a minute.
    """
    with workshop.store.reading() as tx:
        newest = {slug: next(reversed(workshop.vault.versions(slug)), None)
                  for slug in tx.extracts.datasets(workshop.today())}
        projects = changes.look(tx, workshop.now(), (workshop.today(), newest)) if changes else None
        wanted = _all_wanted(workshop, tx, newest, projects)

    def make(extract: Wanted) -> None:
        grant = extract.grant
        workshop.extracts.build(extract.id, workshop.policies.dataset(grant.dataset), extract.version,
                                extract.columns, grant.row_filter, grant.project)
        with workshop.store.transaction() as tx:
            before = tx.extracts.find(extract.id)
            if before is None or before.destroyed_at is not None:  # a renewed grant calls for the very same again
                tx.extracts.put(Extract(extract.id, grant.id, extract.version, workshop.now(), None))
                tx.events.record(SYSTEM, "extract.made", f"grant:{grant.id}", grant.project, dataset=grant.dataset,
                                 version=extract.version, extract=extract.id,
                                 columns={table: list(columns) for table, columns in extract.columns.items()})

    made = _each(make, wanted)
    if changes:
        changes.looked()
    return made


def destroy_dead_extracts(workshop: Workshop) -> int:
    """Make the extracts of grants that are no longer live unreadable, also to open workspaces.

    Extracts that a newer one replaced go too, once no workspace can have them open, and so does what a crash left
    without a record. One that cannot be destroyed does not save the others.
    """
    stored = workshop.extracts.stored()
    with workshop.store.reading() as tx:
        dead = {extract.id: (extract, grant) for extract, grant in tx.extracts.dead(workshop.today())}
        in_use = {opening.project for opening in tx.workspaces.open_now()}
        dead |= {extract.id: (extract, grant) for extract, grant in tx.extracts.replaced()
                 if grant.project not in in_use}
        unknown = set(stored) - tx.extracts.ids()
        if unknown:  # what is being made has no record yet
            newest = {slug: next(reversed(workshop.vault.versions(slug)), None)
                      for slug in tx.extracts.datasets(workshop.today())}
            unknown -= {extract.id for extract in _all_wanted(workshop, tx, newest)}

    def destroy(found: tuple[Extract, Grant]) -> None:
        extract, grant = found
        workshop.extracts.destroy(extract.id)
        with workshop.store.transaction() as tx:
            tx.extracts.mark_destroyed(extract.id, workshop.now())
            tx.events.record(SYSTEM, "extract.destroyed", f"grant:{grant.id}", grant.project,
                             dataset=grant.dataset, extract=extract.id)

    destroyed = _each(destroy, dead.values())
    _each(workshop.extracts.destroy, sorted(unknown))
    return destroyed


def sweep(room: ReadingRoom, hub: Hub, engine: Engine | None = None, *, at_once: int = 1) -> int:
    """Close every open workspace that may not be open now; returns how many were asked to close.

    Where the means are gone its container is killed by the `engine` first, which waits for nobody and needs no Hub;
    one that was only open for too long is asked to end. Asking the Hub is repeated at each sweep until it reports it
    stopped; only then is the closing recorded. One that fails does not keep the others open.
    """
    stopped: list[int] = []

    def look(opening: Opening) -> None:
        with room.store.reading() as tx:
            means_gone, too_long = _reasons_to_close(room, tx, opening)
        if means_gone and engine is not None:
            for container in filter(None, opening.containers):
                engine.kill(container)
        if means_gone or too_long:
            hub.stop_workspace(opening.username, opening.project)
            stopped.append(opening.id)
        if hub.workspace_state(opening.username, opening.project) == "stopped":
            closed(room, opening.username, opening.project, "Its container is no longer running.", opening=opening.id)

    _each(look, open_now(room), at_once=at_once)
    return len(stopped)


def _reason_to_close(room: ReadingRoom, tx: Any, opening: Opening) -> str:
    """Why this workspace may not stay open, with every reason; empty if it may."""
    means_gone, too_long = _reasons_to_close(room, tx, opening)
    return " ".join([*means_gone, *too_long])


def _reasons_to_close(room: ReadingRoom, tx: Any, opening: Opening) -> tuple[list[str], list[str]]:
    """Why it may not be open at all, and why not any longer."""
    project = tx.projects.get(opening.project)
    decision = access.decide_in(room, tx, opening.username, project)
    incident = walls.closing_reason(tx.walls.incident_of_opening(opening.id))
    policy = room.policies.for_project(project, tx.grants.of_project(project.slug))
    end = closing(opening, policy)
    ended = tx.people.get(opening.username).signed_out_at
    signed_out = ended is not None and opening.opened_at <= ended
    looser = policy.tier is Tier.STRICT and opening.tier is not Tier.STRICT
    reasons = [*([incident] if incident else []), *(["You signed out everywhere."] if signed_out else []),
               *(reason.message for reason in decision.reasons), *([PIXELS_ONLY_NOW] if looser else [])]
    return reasons, [end.reason] if end is not None and room.now() > end.at else []


def _each(act: Callable[[One], None], subjects: Iterable[One], *, at_once: int = 1) -> int:
    """Do it for each, whatever became of the others, and return how many succeeded; then raise the first failure."""

    def attempt(subject: One) -> Exception | None:
        try:
            act(subject)
        except (ReadingRoomError, OSError) as error:
            log.warning("%s failed for %s: %s", act.__name__, subject, error)
            return error
        return None

    if at_once == 1:
        failures = [attempt(subject) for subject in subjects]
    else:
        with ThreadPoolExecutor(at_once) as pool:
            failures = list(pool.map(attempt, subjects))
    for failure in failures:
        if failure is not None:
            raise failure
    return len(failures)


def _all_wanted(workshop: Workshop, tx: Any, newest: Mapping[str, str | None],
                projects: Collection[str] | None = None) -> list[Wanted]:
    """What live grants, of these projects if any are named, call for and do not have. `newest` is by dataset."""
    found = []
    for grant, programme, made in tx.extracts.wanted(workshop.today(), projects) if projects != () else ():
        version = newest[grant.dataset]
        if version is None:
            continue
        wanted = Wanted(grant, version, readable_columns(grant, workshop.policies.in_programme(programme, grant)))
        if made is None or made.id != wanted.id or workshop.extracts.path(made.id) is None:
            found.append(wanted)
    return found
