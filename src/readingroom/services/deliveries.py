"""Putting what was approved into the project's folder: the mirror of making a release."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.core.egress import check_releasable
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest, Delivery
from readingroom.errors import NoRoom
from readingroom.services import freezing, holdups, independence
from readingroom.services.moves import SYSTEM, move
from readingroom.services.room import ReadingRoom
from readingroom.services.visibility import not_found
from readingroom.services.workshop import Workshop

PROJECT_BYTES = 10 * 1024**3  # where no layer of the policy says


def make(workshop: Workshop, number: int) -> Delivery | None:
    """Put the files of an approved request into its project's folder; None if that is not, or no longer, to be done.

    They appear there in one step, in the transaction that says so and after the last look: where the means are gone
    nothing comes in any more (promise P6), and so where an approval does not count now. Safe to repeat after a crash.
    What keeps them from arriving is on record, and the worker tries again.
    """
    with holdups.noted(workshop, number):
        return _made(workshop, number)


def _made(workshop: Workshop, number: int) -> Delivery | None:
    with workshop.store.transaction() as tx:
        request = independence.settle(workshop, tx, freezing.settle(workshop, tx, tx.requests.get(number)))
        project = tx.projects.get(request.project)
        policy = workshop.policies.for_project(project, tx.grants.of_project(project.slug))
    if request.status is not RequestStatus.APPROVED or request.direction is not Direction.IN:
        return None
    contents = {file.name: workshop.blobs.get(file.sha256) for file in request.crossing}
    try:
        with workshop.arrivals.staged(project.slug, policy.project_bytes or PROJECT_BYTES, str(number),
                                      contents) as appear, workshop.store.transaction() as tx:
            request = independence.settle(workshop, tx, freezing.settle(workshop, tx, tx.requests.get(number)))
            if request.status is not RequestStatus.APPROVED:
                return None
            check_releasable(request, tx.projects.get(project.slug).members)
            appear()
            made = Delivery(number, workshop.now())
            move(tx, request, RequestStatus.DELIVERED, SYSTEM, "incoming.delivered", folder=made.folder,
                 files=[{"name": file.name, "sha256": file.sha256} for file in request.crossing])
            tx.requests.add_delivery(made)
            return made
    except NoRoom as full:
        holdups.wait_for_room(workshop, number, full)
        return None


@dataclass(frozen=True)
class Arrival:
    """A request to bring files in that arrived."""

    request: AirlockRequest
    project: Project
    delivery: Delivery


def arrived(room: ReadingRoom, viewer: str, project: str) -> tuple[Arrival, ...]:
    """What was brought into a project, by whomever of its members, newest first. NotFound for who is none of them."""
    with room.store.reading() as tx:
        found = tx.projects.find(project)
        if found is None or viewer not in found.members:
            raise not_found(project)
        return tuple(Arrival(request, found, delivery) for request, delivery in tx.requests.delivered([project]))


def arrived_anywhere(room: ReadingRoom, viewer: str, count: int, skip: int) -> tuple[tuple[Arrival, ...], int]:
    """The same of all projects that someone is a member of: `count` after the first `skip`, and how many in all."""
    with room.store.reading() as tx:
        own = {project.slug: project for project in tx.projects.of_member(viewer)}
        found = tx.requests.delivered(own, count, skip)
        return (tuple(Arrival(request, own[request.project], delivery) for request, delivery in found),
                tx.requests.count_delivered(own))
