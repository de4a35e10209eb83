"""Notices in words, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readingroom.services.notices import Page, Told
from readingroom.web.addresses import page
from readingroom.web.presenters import times


@dataclass(frozen=True)
class Row:
    id: int
    subject: str
    text: str
    href: str
    at: times.When | None
    unread: bool


@dataclass(frozen=True)
class Inbox:
    """`newest` is up to where "mark all as read" goes: what came since is not swallowed."""

    rows: tuple[Row, ...]
    unread: int
    unread_words: str
    newest: int
    older: str
    address: str
    sends_mail: bool


def row(told: Told, now: datetime) -> Row:
    notice, words = told.notice, told.words
    return Row(notice.id, words.subject, words.text, page(words.page), times.when(notice.at, now),
               notice.read_at is None)


def inbox(found: Page, address: str, *, sends_mail: bool, now: datetime) -> Inbox:
    rows = tuple(row(told, now) for told in found.told)
    return Inbox(rows, found.unread, times.plural(found.unread, "unread notice"), rows[0].id if rows else 0,
                 page("/notices", before=found.older) if found.older else "", address, sends_mail)
