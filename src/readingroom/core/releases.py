"""What happens to a release once it is made: who may download it, until when, how often; and taking it back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput, InvalidTransition, PermissionDenied

ASK_WHO_HAS_IT = "Ask a recipient who has it: the package can be verified whoever passes it on."
UNLESS_SAID: frozenset[str] = frozenset({"author", "members"})


@dataclass(frozen=True)
class Download:
    """One handing over of the package, recorded before its first byte went out."""

    person: str
    at: datetime
    sha256: str


@dataclass(frozen=True)
class Recheck:
    """One file of a later release, checked again under today's policy. `same_bytes`: a recalled file is the same."""

    request: int
    file: str
    sha256: str
    was: Verdict
    now: Verdict
    rules: tuple[str, ...]
    same_bytes: bool

    @property
    def is_worse(self) -> bool:
        return self.same_bytes or self.now > self.was


@dataclass(frozen=True)
class Recall:
    """Who took a release back, and why. `rechecks` is None until what was released since has been checked again."""

    request: int
    by: str
    at: datetime
    reason: str
    incident: int
    rechecks: tuple[Recheck, ...] | None = None


@dataclass(frozen=True)
class Terms:
    """On what terms a release is handed over, as policy is now. None: no such limit."""

    recipients: frozenset[str]
    until: datetime | None
    downloads: int | None


@dataclass(frozen=True)
class Listed:
    """A release as a line of a list. `given` counts its downloads."""

    request: int
    title: str
    project: str
    author: str
    made_at: datetime
    files: int
    given: int
    recalled: bool


def terms(policy: Policy, author: str, made_at: datetime, members: Collection[str],
          custodians: Collection[str]) -> Terms:
    """The terms of one release. Example: 90 days, made on 1 March at noon: until 30 May at noon.

    Policy is today's, so that tightening it closes what was opened under a looser one.
    """
    groups = {"author": {author}, "members": set(members), "custodians": set(custodians)}
    named = UNLESS_SAID if policy.release_recipients is None else policy.release_recipients
    days = policy.release_days
    return Terms(frozenset().union(*(groups[group] for group in named)),
                 None if days is None else made_at + timedelta(days=days), policy.release_downloads)


def check_can_download(username: str, on: Terms, given: Sequence[Download], recall: Recall | None,
                       now: datetime) -> None:
    """Refuse a recalled release to everybody, and any to who is no recipient, comes late, or after the last one."""
    if recall is not None:
        raise PermissionDenied("This release was recalled and can't be downloaded.", rule="release.recalled",
                               value=recall.incident,
                               next_step="Its page says why. Ask for its outputs again, changed, in a new request.")
    if username not in on.recipients:
        raise PermissionDenied("You are not among those to whom policy lets this release go.",
                               rule="release.recipient", value=username,
                               next_step=f"Ask one of them: {', '.join(sorted(on.recipients)) or 'nobody'}.")
    if on.until is not None and now >= on.until:
        raise PermissionDenied(f"This release could be downloaded until {on.until:%-d %B %Y}.",
                               rule="release.expired", value=on.until.isoformat(),
                               next_step=ASK_WHO_HAS_IT)
    if on.downloads is not None and len(given) >= on.downloads:
        raise PermissionDenied(f"This release was downloaded {len(given)} times, as often as policy allows.",
                               rule="release.downloads", value=len(given),
                               next_step=ASK_WHO_HAS_IT)


def check_can_recall(username: str, custodians: Collection[str], reviewers: Collection[str]) -> None:
    """The custodians whose data it came from, and the checkers who let it leave."""
    if username not in custodians and username not in reviewers:
        raise PermissionDenied("Only a custodian of its data, or a checker who approved it, can recall a release.",
                               rule="release.recall", value=username,
                               next_step="Tell one of them, or an administrator, what is wrong with it.")


def check_recallable(recall: Recall | None, reason: str) -> str:
    """The reason as it is kept. Once recalled, a release stays so."""
    if recall is not None:
        raise InvalidTransition("This release was recalled already.", rule="release.recalled", value=recall.incident,
                                next_step="Its page shows who did it, why, and who has it.")
    if not reason.strip():
        raise InvalidInput("No reason was given.", rule="release.recall-reason",
                           next_step="Say what is wrong with it: whoever has it reads this.")
    return reason.strip()
