"""The airlock's use cases: ask, check, review, conclude."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from readingroom.core import egress
from readingroom.core.audit import Happening
from readingroom.core.comments import Comment, Remark
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import TRANSITIONS_OF, Direction, RequestStatus, check_transition
from readingroom.core.people import Person
from readingroom.core.permissions import check_can_request, check_is_author
from readingroom.core.policy import Policy, Tier
from readingroom.core.projects import Project
from readingroom.core.requests import (
    AirlockRequest,
    Group,
    OutputFile,
    Review,
    Vote,
)
from readingroom.core.resemblance import Resemblance
from readingroom.core.roles import Permission
from readingroom.errors import (
    AccessDenied,
    InvalidInput,
    InvalidTransition,
    NotFound,
    PermissionDenied,
    refusal_of,
)
from readingroom.services import access, comments, demands, freezing, independence, seen, sign_off, turnaround
from readingroom.services.attempts import attempt, refusals_logged
from readingroom.services.checking import Desk, Records, read, suggestions
from readingroom.services.moves import move
from readingroom.services.request_views import WAITING, RequestView, view_of, views_of
from readingroom.services.room import ReadingRoom
from readingroom.services.sights import Sight, sights_of
from readingroom.services.uploads import FREEZE, Upload, further_round


def submit(room: ReadingRoom, author: str, project: str, title: str, purpose: str, uploads: Sequence[Upload],
           groups: Sequence[Group] = (), direction: Direction = Direction.OUT, *, key: str = "") -> AirlockRequest:
    """Freeze the files by hash where no workspace reaches them, and put the request in the queue.

    `groups` are those that files name; a file that names none is in the request's own. Where files are to come in,
    each says its source and licence. The same under the same `key` again is the request that it made.
    """
    with refusals_logged(room, author, "request.submit", f"project:{project}"):
        with room.store.reading() as tx:
            policy = _check_may_ask(room, tx, author, project, direction)
        files = FREEZE[direction](room, uploads, groups, policy)
        with room.store.transaction() as tx:
            policy = _check_may_ask(room, tx, author, project, direction)
            if made := _made(tx, author, project, key, files):
                return made
            number = tx.requests.add(project=project, author=author, title=_text(title, "title", 200),
                                     purpose=_text(purpose, "purpose", 2000), at=room.now(),
                                     checkers_required=demands.CHECKERS[direction](policy), direction=direction)
            return _submit_round(room, tx, tx.requests.get(number), files, key)


def resubmit(room: ReadingRoom, author: str, number: int, uploads: Sequence[Upload], groups: Sequence[Group] = (), *,
             keep: Sequence[str] = (), round: int | None = None, within: str = "", key: str = "") -> AirlockRequest:
    """Answer a returned request with a new round of files; earlier reviews no longer count.

    `keep` names files of the returned round that go along as they are. Evidence goes with bytes that did not change.
    `round` is the one that is answered, where the caller saw it. `within`: only if it is of this project. The same
    under the same `key` again is the round that it made.
    """
    with refusals_logged(room, author, "request.resubmit", f"request:{number}"):
        with room.store.reading() as tx:
            request = _of_author(room, tx, author, number, within)
            egress.check_changeable(request)
            policy = _check_may_ask(room, tx, author, request.project, request.direction)
        files = FREEZE[request.direction](room, *further_round(room, request, uploads, groups, keep), policy)
        with room.store.transaction() as tx:
            request = _of_author(room, tx, author, number, within)
            egress.check_changeable(request)
            _check_may_ask(room, tx, author, request.project, request.direction)
            if made := _made(tx, author, request.project, key, files):
                return made
            egress.check_round(request, round)
            return _submit_round(room, tx, request, files, key)


def withdraw(room: ReadingRoom, author: str, number: int, *, round: int | None = None, within: str = ""
             ) -> AirlockRequest:
    """Take the request back, at any time before it has left; `round` and `within` as in `resubmit`."""
    with attempt(room, author, "request.withdraw", f"request:{number}") as tx:
        request = _of_author(room, tx, author, number, within)
        egress.check_round(request, round)
        move(tx, request, RequestStatus.WITHDRAWN, author, "request.withdrawn")
        return _request(tx, number)


def mine(room: ReadingRoom, author: str, project: str = "", *, count: int | None = None, skip: int = 0,
         direction: Direction = Direction.OUT) -> tuple[RequestView, ...]:
    """A researcher's requests of one direction, newest first; of one project if named; `count` of them after the first
    `skip`."""
    with room.store.reading() as tx:
        found = tx.requests.of_author(author, project, count, skip, direction)
        return views_of(room, tx, tx.people.get(author), found)


def count_mine(room: ReadingRoom, author: str, project: str = "", direction: Direction = Direction.OUT) -> int:
    """How many `mine` has in all."""
    with room.store.reading() as tx:
        return int(tx.requests.count_of_author(author, project, direction))


def get(room: ReadingRoom, viewer: str, number: int, within: str = "") -> RequestView:
    """One request. NotFound, as if it did not exist, for people who have nothing to do with it, and for everyone where
    it is of another project than `within`, if one is named."""
    with room.store.reading() as tx:
        person: Person = tx.people.get(viewer)
        request, records = _visible(room, tx, person, number, within)
        view = _seen(room, tx, person, request, records)
        return replace(view, likely=turnaround.likely(tx, request.direction)) if request.status in WAITING else view


def _seen(room: ReadingRoom, tx: Any, person: Person, request: AirlockRequest, records: Records) -> RequestView:
    view = view_of(room, tx, person, request, records)
    return replace(view, comments=_comments(tx, person, request, records))


def queue(room: ReadingRoom, checker: str) -> tuple[RequestView, ...]:
    """Requests in review that this checker may review or has reviewed, oldest first."""
    with room.store.reading() as tx:
        person, in_review = tx.people.get(checker), tx.requests.with_status(RequestStatus.IN_REVIEW)
        checkers = tx.people.who_may(Permission.REVIEW_OUTPUTS)
        records = read(room, tx, checkers, in_review)
        desk = Desk(room, tx, person, records)
        waiting = tuple(request for request in in_review if desk.may(request))
        asked = suggestions(room, tx, waiting, checkers, records)
        return tuple(replace(view, suggested=checker in asked[view.request.number])
                     for view in views_of(room, tx, person, waiting, records))


def file_content(room: ReadingRoom, viewer: str, number: int, file_id: int, part: int = 1, *,
                 to_check: bool = False) -> tuple[OutputFile, bytes]:
    """One file of the present round and its frozen bytes; reading them, and which part is shown, is on the log.

    PermissionDenied for members of a strict project, whose data they may see as pixels only, until it is released; and
    for checkers who may not check it. `to_check`: for nobody but those who may.
    """
    with room.store.transaction() as tx:
        person: Person = tx.people.get(viewer)
        request, records = _visible(room, tx, person, number)
        _check_not_pixels_only(person, request, records)
        if to_check or viewer not in records.projects[request.project].members:
            Desk(room, tx, person, records).check(request)
        file = next((file for file in request.files if file.id == file_id), None)
        if file is None:
            raise NotFound(f"Request {number} has no such file.", rule="request.file", value=file_id,
                           next_step="Reload the request; its files may have changed with a new round.")
        tx.events.record(viewer, "file.viewed", f"request:{number}", request.project, file=file.name,
                         sha256=file.sha256, part=part)
    return file, room.blobs.get(file.sha256)


@dataclass(frozen=True)
class Opened:
    """A request on the desk of someone who may check it: what they see of its files, by file id; what each resembles
    of what was released, for those compared; the policy that outputs have to satisfy; everyone named."""

    view: RequestView
    sights: Mapping[int, Sight]
    resembling: Mapping[int, tuple[Resemblance, ...]]
    policy: Policy
    people: Mapping[str, Person]


def opened(room: ReadingRoom, checker: str, number: int) -> Opened:
    """What a checker judges a request by, from one reading of the records; seeing each file is on the log."""
    with room.store.transaction() as tx:
        person: Person = tx.people.get(checker)
        request, records = _on_the_desk(room, tx, person, number)
        view = _seen(room, tx, person, request, records)
        named = {request.author, checker, *(review.checker for review in view.reviews),
                 *(comment.checker for comment in view.comments)}
        resembling, people = tx.memory.resemblances([file.id for file in request.files]), tx.people.among(named)
    return Opened(view, sights_of(room, request), resembling, records.policies[request.project], people)


def sights(room: ReadingRoom, checker: str, number: int) -> dict[int, Sight]:
    """Everything that a checker sees of the files of a request, by file id; reading each is on the log."""
    with room.store.transaction() as tx:
        request, _ = _on_the_desk(room, tx, tx.people.get(checker), number)
    return sights_of(room, request)


def _on_the_desk(room: ReadingRoom, tx: Any, person: Person, number: int) -> tuple[AirlockRequest, Records]:
    """The request, for someone who may check it; that they see each of its files goes on the log."""
    request, records = _visible(room, tx, person, number)
    Desk(room, tx, person, records).check(request)
    tx.events.record_all(person.username, [
        Happening("file.viewed", f"request:{number}", request.project, {"file": file.name, "sha256": file.sha256})
        for file in request.files])
    return request, records


def review(room: ReadingRoom, checker: str, number: int, votes: Sequence[Vote], note: str = "",
           remarks: Sequence[Remark] = (), *, round: int | None = None) -> AirlockRequest:
    """Give (or, while consolidating, revise) a checker's answer. The last approval missing approves the request.

    `remarks` are comments on places in the files that were not kept yet. `round` is the one that was judged, where the
    caller says so.
    """
    with attempt(room, checker, "request.review", f"request:{number}") as tx:
        request = _decidable(room, tx, checker, number)
        egress.check_round(request, round)
        comments.add(room, tx, request, checker, remarks)
        egress.check_review(request, checker, votes, comments.explained(tx, request, checker))
        seen.check(room, tx, request, checker, votes)
        tx.requests.save_review(number, Review(checker, request.round, room.now(), tuple(votes), note.strip()))
        names = {file.id: file for file in request.files}
        tx.events.record(checker, "request.reviewed", f"request:{number}", request.project, round=request.round,
                         votes=[{"file": names[vote.file_id].name, "sha256": names[vote.file_id].sha256,
                                 "decision": vote.decision.value, "comment": vote.comment} for vote in votes])
        reviewed = _request(tx, number)
        if phase(reviewed) is not Phase.INDEPENDENT and not egress.unapproved(reviewed):
            sign_off.settle(room, tx, reviewed)
        elif phase(reviewed) is Phase.CONSOLIDATING and phase(request) is Phase.INDEPENDENT:
            independence.ask(room, tx, reviewed)
        return _request(tx, number)


def remark(room: ReadingRoom, checker: str, number: int, round: int, remarks: Sequence[Remark]) -> None:
    """Keep comments on places in the files of a round while still judging; others see them once all have answered."""
    with attempt(room, checker, "request.comment", f"request:{number}") as tx:
        request = _commentable(room, tx, checker, number, round)
        if not remarks:
            raise InvalidInput("No comment was written.", rule="comment.text",
                               next_step="Write what is to be said about the place, then add it.")
        comments.add(room, tx, request, checker, remarks)


def take_comment_back(room: ReadingRoom, checker: str, number: int, round: int, comment: int) -> None:
    """Take one's own comment away before it was given with a review; the log keeps it."""
    with attempt(room, checker, "request.comment", f"request:{number}") as tx:
        comments.take_back(tx, _commentable(room, tx, checker, number, round), checker, comment)


def _commentable(room: ReadingRoom, tx: Any, checker: str, number: int, round: int) -> AirlockRequest:
    """The request in a round that this checker is still judging, or settling with others."""
    request = _decidable(room, tx, checker, number)
    egress.check_in_review(request)
    egress.check_round(request, round)
    egress.check_may_answer(request, checker)
    return request


def _comments(tx: Any, person: Person, request: AirlockRequest, records: Records) -> tuple[Comment, ...]:
    """What the person may know of, without the words of an output that they may see as pixels only."""
    found = comments.visible(tx, person, request, records.projects[request.project])
    if found and refusal_of(_check_not_pixels_only, person, request, records):
        return tuple(replace(one, anchor=replace(one.anchor, row="", column="", quote="")) for one in found)
    return found


def conclude(room: ReadingRoom, checker: str, number: int, outcome: RequestStatus, comment: str, *,
             round: int | None = None) -> AirlockRequest:
    """When checkers do not all approve: one of them returns the request for changes, or rejects it; `round` as in
    `review`."""
    if outcome not in (RequestStatus.RETURNED, RequestStatus.REJECTED):
        raise InvalidInput(f"{outcome.value} is not an outcome that a checker chooses.", rule="review.outcome",
                           value=outcome.value, next_step="Choose returned or rejected.")
    with attempt(room, checker, "request.conclude", f"request:{number}") as tx:
        request = _decidable(room, tx, checker, number)
        egress.check_in_review(request)
        egress.check_round(request, round)
        egress.check_outcome(request, outcome)
        if phase(request) is not Phase.CONSOLIDATING:
            raise InvalidTransition("Not every checker has answered yet.", rule="review.consolidating", value=number,
                                    next_step="Wait for the other review; you will see it then.")
        if checker not in {given.checker for given in egress.current_reviews(request)}:
            raise PermissionDenied("Only the checkers of this round can conclude it.", rule="review.own",
                                   value=checker, next_step="Take another request from the queue.")
        if not comment.strip():
            raise InvalidInput("No reason was given.", rule="review.comment",
                               next_step="Tell the researcher what would make it safe.")
        tx.requests.set_outcome_comment(number, comment.strip())
        move(tx, request, outcome, checker, f"request.{outcome.value}", comment=comment.strip())
        return _request(tx, number)


def _check_may_ask(room: ReadingRoom, tx: Any, author: str, slug: str, direction: Direction) -> Policy:
    project = _member_project(tx, author, slug)
    check_can_request(tx.people.get(author), project, direction)
    decision = access.decide_in(room, tx, author, project)
    if not decision.allowed:
        asked = "Files cannot be brought into" if direction is Direction.IN else "Outputs cannot be asked for from"
        raise AccessDenied(f"{asked} this project now.", reasons=decision.reasons,
                           rule="request.access", value=slug,
                           next_step=" ".join(f"{r.message} {r.next_step}" for r in decision.reasons))
    return room.policies.for_project(project, tx.grants.of_project(slug))


def _member_project(tx: Any, username: str, slug: str) -> Project:
    project: Project | None = tx.projects.find(slug)
    if project is None or username not in project.members:
        raise NotFound(f"There is no project {slug!r}.", rule="project.exists", value=slug,
                       next_step="Check the address, or start from your home page.")
    return project


def _made(tx: Any, author: str, project: str, key: str, files: Sequence[OutputFile]) -> AirlockRequest | None:
    """What was made when the same was sent before, of which the answer may have been lost."""
    made: AirlockRequest | None = tx.requests.sent_as(author, project, key) if key else None
    if made and [file.as_asked for file in made.files] != [file.as_asked for file in files]:
        raise InvalidInput(f"Other files were sent under this key, in request {made.number}.", rule="request.key",
                           value=key, next_step="Use a key again only to send the very same once more.")
    return made


def _submit_round(room: ReadingRoom, tx: Any, request: AirlockRequest, files: Sequence[OutputFile], key: str
                  ) -> AirlockRequest:
    check_transition(TRANSITIONS_OF[request.direction], request.status, RequestStatus.SUBMITTED, "request")
    tx.requests.add_round(request.number, files, room.now(), key)
    anew = replace(request, sign_off_by=frozenset())
    tx.requests.set_sign_off_by(request.number, demands.sign_off_by(room, tx, anew))
    submitted = _request(tx, request.number)
    move(tx, submitted, RequestStatus.SUBMITTED, request.author, "request.submitted", round=submitted.round,
          direction=request.direction.value,
          files=[{"name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes, "kind": file.kind.value,
                  "group": file.group.name} for file in files])
    return _request(tx, request.number)


def _decidable(room: ReadingRoom, tx: Any, checker: str, number: int) -> AirlockRequest:
    """The request as it is for a checker who is about to decide on it, once what counts no more is taken away."""
    person: Person = tx.people.get(checker)
    request, records = _visible(room, tx, person, number)
    request = freezing.settle(room, tx, request)
    Desk(room, tx, person, records).check(request)
    return independence.settle(room, tx, request)


def _request(tx: Any, number: int) -> AirlockRequest:
    request: AirlockRequest = tx.requests.get(number)
    return request


def _of_author(room: ReadingRoom, tx: Any, author: str, number: int, within: str = "") -> AirlockRequest:
    person: Person = tx.people.get(author)
    request, _ = _visible(room, tx, person, number, within)
    check_is_author(person, request)
    return request


def _visible(room: ReadingRoom, tx: Any, person: Person, number: int, within: str = ""
             ) -> tuple[AirlockRequest, Records]:
    """The request and what decides about it, or NotFound for anyone who is neither on its project nor a checker; of
    another project than `within`, if one is named, for everyone."""
    request = _request(tx, number)
    records = read(room, tx, [person], [request])
    concerned = person.username in records.projects[request.project].members or person.may(Permission.REVIEW_OUTPUTS)
    if not concerned or within not in ("", request.project):
        raise NotFound(f"There is no request {number}.", rule="request.exists", value=number,
                       next_step="Check the number, or start from your home page.")
    return request, records


def _check_not_pixels_only(person: Person, request: AirlockRequest, records: Records) -> None:
    project, policy = records.projects[request.project], records.policies.get(request.project)
    strict = policy is None or policy.tier is Tier.STRICT
    inside = request.direction is Direction.OUT and request.status is not RequestStatus.RELEASED
    if strict and person.username in project.members and inside:
        raise PermissionDenied("This project's data may be seen as pixels only, and a page here is text.",
                               rule="workspace.tier", value=project.slug,
                               next_step="Look at the file in the workspace; once it is released, it can be read here.")


def _text(value: str, what: str, longest: int) -> str:
    text = " ".join(value.split())
    if not text or len(text) > longest or not text.isprintable():
        raise InvalidInput(f"The {what} has {len(text)} characters.", rule=f"request.{what}", value=text[:80],
                           next_step=f"Write 1 to {longest} printable characters.")
    return text
