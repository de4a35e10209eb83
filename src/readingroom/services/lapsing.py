"""What only time does: warning before anything ends, closing it when it has, and telling everyone concerned.

Access itself asks for the dates each time (core.access), so nothing here has to run for it to end; this makes the
records follow, tells people, and freezes what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from readingroom.core.audit import Happening
from readingroom.core.lapsing import ENDED, Means, News, Term, news_of, stage_of
from readingroom.core.lifecycle import GRANT_ACTIONS, GrantAction, GrantStatus, check_action
from readingroom.core.projects import Project
from readingroom.services import freezing, notices
from readingroom.services.notices import Telling
from readingroom.services.room import ReadingRoom

SYSTEM = "system"
BATCH = 500  # terms in one transaction: others wait for half a second where thousands end on one day
ACTIONS: dict[tuple[Means, News], str] = {
    (Means.PROJECT, News.ENDED): "project.ended", (Means.PROJECT, News.RESTORED): "project.restored",
    **{(means, news): action for means in (Means.TRAINING, Means.ACCREDITATION, Means.UNDERTAKING)
       for news, action in ((News.ENDED, "person.lapsed"), (News.RESTORED, "person.restored"))}}
"""Events of what has no status to change; a grant's are those of its status. Renewals are on the log by themselves."""


def sweep(room: ReadingRoom) -> int:
    """Tell what is to be told and let states follow dates; returns of how many terms there was news.

    Safe to repeat, to be killed at any moment, and to run twice at once: each batch is one transaction, in which what
    is due is asked for.
    """
    done, more = 0, _anything_due(room)
    while more:
        with room.store.transaction() as tx:
            terms = tx.lapses.due(room.today(), BATCH)
            _follow(room, tx, terms)
        done, more = done + len(terms), len(terms) == BATCH
    freezing.sweep(room)
    return done


def _anything_due(room: ReadingRoom) -> bool:
    """Most of the time nothing is, and nobody need wait for a lock."""
    with room.store.reading() as tx:
        return bool(tx.lapses.due(room.today(), 1))


def _follow(room: ReadingRoom, tx: Any, terms: Sequence[Term]) -> None:
    if not terms:
        return
    projects = tx.projects.among({term.project for term in terms if term.project})
    custodians = _custodians(room, tx, list(projects))
    told: list[Telling] = []
    happened: list[Happening] = []
    for term in terms:
        news = news_of(term, room.today())
        if news is not None:
            told += _tellings(room, term, news, projects, custodians)
            if (term.means, news) in ACTIONS:
                happened.append(Happening(ACTIONS[term.means, news], _subject(term), term.project, {
                    "what": term.means.value, "until": term.ends_on.isoformat()}))
    happened += _change_grants(room, tx, [term for term in terms if term.means is Means.GRANT])
    tx.events.record_all(SYSTEM, happened)
    tx.lapses.set_told(terms, room.today())
    notices.tell_all(tx, told)


def _change_grants(room: ReadingRoom, tx: Any, terms: Sequence[Term]) -> list[Happening]:
    """Expire what has ended. What the clock had ended too early is live again: nobody took it back."""
    changes: dict[GrantStatus, list[int]] = {}
    happened = []
    for term in terms:
        status, ended = GrantStatus(term.status), stage_of(term.ends_on, room.today()) == ENDED
        by_date = term.told is not None and term.told.stage == ENDED
        if ended and status is GrantStatus.ACTIVE:
            action, event = GrantAction.EXPIRE, "grant.expired"
        elif not ended and status is GrantStatus.EXPIRED and by_date:
            action, event = GrantAction.RESTORE, "grant.restored"
        else:
            continue
        (target,) = check_action(GRANT_ACTIONS, action, status, "grant")
        changes.setdefault(target, []).append(int(term.key))
        happened.append(Happening(event, _subject(term), term.project, {
            "dataset": term.dataset, "until": term.ends_on.isoformat()}))
    for target, ids in changes.items():
        tx.lapses.set_grants(ids, target)
    return happened


def _subject(term: Term) -> str:
    noun = term.means.value if term.means in (Means.GRANT, Means.PROJECT) else "person"
    return f"{noun}:{term.key}"


def _tellings(room: ReadingRoom, term: Term, news: News, projects: Mapping[str, Project],
              custodians: Mapping[str, frozenset[str]]) -> list[Telling]:
    """Who is told of this, by which kind of notice."""
    kind, until = f"{term.means.value}.{news.value}", term.ends_on
    if term.means is Means.GRANT:
        facts = {"project": term.project, "dataset": term.dataset, "grant": term.key, "until": until}
        custodian = notices.custodian_of(room, term.dataset)
        members = projects[term.project].members
        if news in (News.ENDS_SOON, News.ENDED):
            return [Telling.of(members, kind, **facts), Telling.of({custodian}, f"{kind}-yours", **facts)]
        return [Telling.of({*members, custodian}, kind, **facts)]
    if term.means is Means.PROJECT:
        concerned = projects[term.project].members | custodians.get(term.project, frozenset())
        return [Telling.of(concerned, kind, project=term.project, until=until)]
    return [Telling.of({term.key}, kind, person=term.key, until=until)]


def _custodians(room: ReadingRoom, tx: Any, slugs: Sequence[str]) -> dict[str, frozenset[str]]:
    """The custodians of what each project holds or asked for."""
    found: dict[str, set[str]] = {}
    for slug, dataset in tx.grants.datasets_of(slugs):
        found.setdefault(slug, set()).add(notices.custodian_of(room, dataset))
    return {slug: frozenset(names) for slug, names in found.items()}
