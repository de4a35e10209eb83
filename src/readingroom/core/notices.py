"""Notices: what people are told. Each kind is a template over identifiers, so that none can carry content.

A notice holds only facts of the shapes in FACTS (a project's slug, a request's number, a date); titles, reasons,
comments, file names and numbers from data have no shape here and can't get in, nor out with an e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from string import Formatter

FIRST_WAIT, LONGEST_WAIT, GIVE_UP_AFTER = timedelta(minutes=1), timedelta(hours=6), timedelta(days=3)

_SLUG, _NUMBER = r"[a-z0-9][a-z0-9-]{0,62}", r"[1-9][0-9]{0,9}"
FACTS: dict[str, re.Pattern[str]] = {
    "project": re.compile(_SLUG), "dataset": re.compile(_SLUG), "person": re.compile(_SLUG),
    "grant": re.compile(_NUMBER), "request": re.compile(_NUMBER), "incident": re.compile(_NUMBER),
    "until": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "rule": re.compile(r"[a-z-]+(\.[a-z-]+)+"),
}


@dataclass(frozen=True)
class Kind:
    """`subject` and `text` name facts in braces; `page` is the portal page where the reader sees more, or acts."""

    subject: str
    text: str
    page: str

    @cached_property
    def facts(self) -> frozenset[str]:
        return frozenset(name for part in (self.subject, self.text, self.page)
                         for _, name, _, _ in Formatter().parse(part) if name)


@dataclass(frozen=True)
class Notice:
    """One thing that one person was told."""

    id: int
    username: str
    kind: str
    facts: Mapping[str, str] = field(hash=False)
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Words:
    """A notice in words: what a page lists and an e-mail says."""

    subject: str
    text: str
    page: str


KINDS: dict[str, Kind] = {
    "request.to-check": Kind(
        "Request {request} waits for an output checker",
        "Request {request} of project {project} passed its automatic checks and waits for you or another checker.",
        "/requests/{request}/review"),
    "request.to-sign-off": Kind(
        "Request {request} waits for your sign-off", "The checkers of request {request} of project {project} approve "
        "every file. It leaves once the custodians whose data it is from have signed it off.", "/sign-offs/{request}"),
    "request.escalated": Kind(
        "Request {request} waits for too long", "Request {request} of project {project} waits for longer than policy "
        "lets it: for an answer of an output checker, for their agreement, or for a custodian's sign-off. Whoever can "
        "give it is asked to.", "/turnaround"),
    "request.held-up": Kind(
        "Request {request} does not go on", "Something keeps request {request} of project {project} from going on. Its "
        "page says what, and who can change it; administrators were told. Nothing is lost, and you can withdraw it.",
        "/requests/{request}"),
    "request.stuck": Kind(
        "Request {request} does not go on ({rule})", "Something keeps request {request} of project {project} from "
        "going on (rule {rule}). The turnaround page says what. What the platform does is tried again by itself.",
        "/turnaround"),
    "request.ended": Kind(
        "Request {request} ended with its project", "Project {project} is closed, and request {request} with it. "
        "Nothing of it left; what was said of it stays on the record.", "/requests/{request}"),
    "request.withdrawn": Kind(
        "Request {request} was withdrawn", "Its author took request {request} of project {project} back. There is "
        "nothing left to check.", "/requests/{request}"),
    "request.consolidating": Kind(
        "Every checker of request {request} has answered", "The checkers of request {request} of project {project} can "
        "now see each other's reviews. They did not all approve: agree on an outcome.", "/requests/{request}/review"),
    "request.returned": Kind(
        "Request {request} was returned for changes", "The checkers of request {request} of project {project} ask for "
        "changes. Their comments are on its page.", "/requests/{request}"),
    "request.rejected": Kind(
        "Request {request} was rejected", "The checkers decided against request {request} of project {project}. Their "
        "comments are on its page.", "/requests/{request}"),
    "request.approved": Kind(
        "Request {request} was approved", "Request {request} of project {project} has every approval it needs; its "
        "release, or the files that it brings in, follow by themselves.", "/requests/{request}"),
    "request.reopened": Kind(
        "Request {request} is not approved any more", "Request {request} of project {project} lacks an approval again: "
        "someone who gave one may not any more, or policy asks for more. Nothing of it has left; it waits for another "
        "answer.", "/requests/{request}"),
    "request.frozen": Kind(
        "Request {request} is frozen", "What request {request} of project {project} rests on has ended or was taken "
        "back: a grant, the project, or its author's standing. Nobody decides on it and nothing of it leaves until "
        "that is put right; it then goes on where it was.", "/requests/{request}"),
    "request.thawed": Kind(
        "Request {request} goes on", "What request {request} of project {project} rests on is there again; it goes on "
        "where it was.", "/requests/{request}"),
    "release.made": Kind(
        "Request {request} was released", "The signed package of request {request} of project {project} can be "
        "downloaded.", "/requests/{request}"),
    "incoming.delivered": Kind(
        "The files of request {request} arrived", "What request {request} brings into project {project} is below "
        "/project/incoming/{request} in its workspaces.", "/requests/{request}"),
    "incoming.held-up": Kind(
        "The files of request {request} wait for room", "What request {request} brings into project {project} is "
        "approved, and the project's shared folder is full. Delete what is not needed below /project; the files then "
        "arrive by themselves. Nothing is lost.", "/requests/{request}"),
    "release.recalled": Kind(
        "The release of request {request} was recalled", "The release of request {request} of project {project} can't "
        "be downloaded any more. Do not use or pass on what you have of it; its page says why and what happens next.",
        "/releases/{request}"),
    "release.rechecked": Kind(
        "What was released after request {request} was checked again", "After the recall of the release of request "
        "{request}, of project {project}, the platform checked again what was released since from the same data. Its "
        "page has what was found.", "/releases/{request}"),
    "grant.to-decide": Kind(
        "A grant of {dataset} waits for your decision", "Project {project} asks for {dataset}. The page shows what a "
        "yes would open.", "/grants/{grant}"),
    "grant.agreed": Kind(
        "{dataset} was granted", "The custodian of {dataset} agreed to grant {grant} of project {project}.",
        "/projects/{project}"),
    "grant.refused": Kind(
        "{dataset} was refused", "The custodian of {dataset} refused grant {grant} of project {project}. The reason is "
        "on the project's page.", "/projects/{project}"),
    "grant.withdrawn": Kind(
        "{dataset} was withdrawn", "The custodian of {dataset} withdrew grant {grant} of project {project}. Workspaces "
        "are closed; files in your homes stay. The reason is on the project's page.", "/projects/{project}"),
    "grant.returned": Kind(
        "{dataset} was returned with comments", "The custodian of {dataset} returned grant {grant} of project "
        "{project} with comments. You can answer them once everyone who was asked has answered.",
        "/projects/{project}/application"),
    "grant.suspended": Kind(
        "{dataset} was suspended", "The custodian of {dataset} suspended grant {grant} of project {project}. "
        "Workspaces are closed; files in your homes stay. The reason is on the project's page.", "/projects/{project}"),
    "grant.resumed": Kind(
        "{dataset} can be used again", "The custodian of {dataset} resumed grant {grant} of project {project}.",
        "/projects/{project}"),
    "project.to-review": Kind(
        "Project {project} waits for your review", "Project {project} applied to your programme and waits for you.",
        "/applications/{project}"),
    "project.returned": Kind(
        "Project {project} came back with comments", "Everyone who was asked about project {project} has answered, and "
        "something has to change. The answers are with its application.", "/projects/{project}/application"),
    "project.closing": Kind(
        "Project {project} is being closed", "Project {project} is over; its workspaces are closed. Files in your "
        "homes stay.", "/projects/{project}"),
    "project.lead-away": Kind(
        "The lead of project {project} can't act for it", "Project {project} has a lead who can't act for it at "
        "present. An administrator can name another of its members.", "/projects/{project}"),
    "project.lead-named": Kind(
        "{person} leads project {project}", "An administrator named {person} as the lead of project {project}, whose "
        "lead could not act for it.", "/projects/{project}"),
    "member.removed": Kind(
        "{person} left project {project}", "{person} is no member of project {project} any more.", "/projects"),
    "after-review.opened": Kind(
        "The after-review of project {project} is open", "Project {project} was decided in the urgent lane. Its "
        "after-review is due on {until}.", "/applications/{project}"),
    "grant.ends-soon": Kind(
        "{dataset} ends on {until}", "Grant {grant} of {dataset} in project {project} ends on {until}. Its custodian "
        "was told and can renew it; nothing closes if they do.", "/projects/{project}"),
    "grant.ends-soon-yours": Kind(
        "Your grant {grant} ends on {until}", "Grant {grant} of {dataset} in project {project} ends on {until}. Renew "
        "it on its page, or let it end.", "/grants/{grant}"),
    "grant.ended": Kind(
        "{dataset} ended on {until}", "Grant {grant} of {dataset} in project {project} has ended. Workspaces are "
        "closed, files in your homes stay. Its custodian can still renew it.", "/projects/{project}"),
    "grant.ended-yours": Kind(
        "Your grant {grant} ended on {until}", "Grant {grant} of {dataset} in project {project} has ended: workspaces "
        "are closed, the copies unreadable, requests frozen. You can still renew it.", "/grants/{grant}"),
    "grant.renewed": Kind(
        "{dataset} is granted until {until}", "The custodian of {dataset} renewed grant {grant} of project {project}.",
        "/projects/{project}"),
    "grant.restored": Kind(
        "{dataset} is granted until {until} after all", "Grant {grant} of {dataset} in project {project} was ended too "
        "early by a wrong clock; it is live again.", "/projects/{project}"),
    "project.ends-soon": Kind(
        "Project {project} ends on {until}", "Project {project} ends on {until}. If it needs longer, its lead applies "
        "for an extension in time.", "/projects/{project}"),
    "project.ended": Kind(
        "Project {project} ended on {until}", "Project {project} has ended: its workspaces are closed, its requests "
        "frozen. Files in its homes stay.", "/projects/{project}"),
    "project.renewed": Kind(
        "Project {project} goes on until {until}", "Project {project} was extended; what was frozen goes on.",
        "/projects/{project}"),
    "project.restored": Kind(
        "Project {project} goes on until {until} after all", "Project {project} was ended too early by a wrong clock; "
        "what was frozen goes on.", "/projects/{project}"),
    **{f"{what}.{news}": Kind(f"The {what} of {{person}} {subject}", f"The {what} of {{person}} {text}", "/")
       for what in ("training", "accreditation") for news, subject, text in (
        ("ends-soon", "ends on {until}", "ends on {until}. Renew it, and have that recorded, before then: after it no "
                                         "workspace opens."),
        ("ended", "ended on {until}", "ended on {until}. Workspaces are closed and requests frozen until its renewal "
                                      "is recorded; nothing in the homes was deleted."),
        ("renewed", "is good until {until}", "is good until {until}; what was frozen goes on."),
        ("restored", "is good until {until} after all", "was said to have ended because of a wrong clock; what was "
                                                        "frozen goes on."))},
    **{f"undertaking.{news}": Kind(f"The undertaking of {{person}} {subject}", f"The undertaking of {{person}} {text}",
                                   "/account/undertaking") for news, subject, text in (
        ("ends-soon", "ends on {until}", "ends on {until}. Sign it again before then: after it no workspace opens."),
        ("ended", "ended on {until}", "ended on {until}. Workspaces are closed and requests frozen until it is signed "
                                      "again; nothing in the homes was deleted."),
        ("renewed", "is good until {until}", "was signed again and is good until {until}; what was frozen goes on."),
        ("restored", "is good until {until} after all", "was said to have ended because of a wrong clock; what was "
                                                        "frozen goes on."))},
    "project.activated": Kind(
        "Project {project} is active", "Every custodian asked by project {project} has agreed; its workspaces can be "
        "opened.", "/projects/{project}"),
    "person.suspended": Kind(
        "The account {person} was suspended", "The account {person} was suspended. Its workspaces are closed; nothing "
        "in its homes was deleted.", "/"),
    "person.barred": Kind(
        "The account {person} was barred", "The account {person} was barred. Its workspaces are closed.", "/"),
    "person.active": Kind(
        "The account {person} is active again", "The account {person} may be used again.", "/"),
    "person.record-changed": Kind(
        "Your record changed", "What is recorded of the account {person} was changed: identity, training, "
        "accreditation, organisation or roles.", "/account"),
    "person.sign-in-reset": Kind(
        "Your sign-in was reset", "An administrator reset the sign-in of the account {person}. Its password, second "
        "factor and recovery codes are worth nothing any more. If you did not ask for it, tell them at once.",
        "/account"),
    "person.recovery-code-used": Kind(
        "A recovery code was used", "Someone signed in to the account {person} with a recovery code. If it was not "
        "you, tell an administrator at once.", "/account"),
    "incident.raised": Kind(
        "Incident {incident}: {rule}", "A wall did not hold (rule {rule}); what depends on it was closed. The health "
        "page has what was found.", "/health"),
    "incident.in-project": Kind(
        "Incident {incident} in project {project}", "A workspace of project {project}, to which you granted data, was "
        "not as its policy demands (rule {rule}) and was closed. Administrators were told.", "/grants"),
}


def facts_of(kind: str, given: Mapping[str, object]) -> dict[str, str]:
    """The facts of a notice as they are kept. ValueError unless they are exactly the kind's, each of its shape.

    A programmer's mistake, so no error for readers: a test tells every kind.
    """
    facts = {name: value.isoformat() if isinstance(value, date) else str(value) for name, value in given.items()}
    if set(facts) != KINDS[kind].facts:
        raise ValueError(f"{kind} takes {sorted(KINDS[kind].facts)}, not {sorted(facts)}")
    wrong = [name for name, value in facts.items() if not FACTS[name].fullmatch(value)]
    if wrong:
        raise ValueError(f"{kind}: {wrong[0]} is not an identifier")
    return facts


def words_of(kind: str, facts: Mapping[str, str]) -> Words:
    """A notice in words. One of a kind that this version does not know says only that."""
    known = KINDS.get(kind)
    if known is None or not known.facts <= set(facts):
        return Words(f"A notice of another version ({kind})", "It was written by another version of Reading Room.", "/")
    said = {name: _in_words(name, value) for name, value in facts.items()}
    return Words(known.subject.format(**said), known.text.format(**said), known.page.format(**facts))


def _in_words(name: str, value: str) -> str:
    return f"{date.fromisoformat(value):%-d %B %Y}" if name == "until" else value


def next_try(tries: int, at: datetime, first_at: datetime) -> datetime | None:
    """When to try an e-mail again after the `tries`-th failure; None: never.

    Waits double from a minute to six hours: 1, 2, 4, 8, ... minutes. Given up three days after the notice.
    """
    wait = min(FIRST_WAIT * 2 ** (min(tries, 20) - 1), LONGEST_WAIT)
    return None if at + wait - first_at > GIVE_UP_AFTER else at + wait


def distinct(people: Iterable[str]) -> tuple[str, ...]:
    """Everyone once, in order of name: nobody is told the same thing twice."""
    return tuple(sorted(set(people)))
