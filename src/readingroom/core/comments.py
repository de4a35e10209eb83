"""What checkers say about a place in an output, and who may know of it when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from readingroom.core.egress import Phase, current_reviews, phase
from readingroom.core.inspection.anchors import Anchor
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import AirlockRequest
from readingroom.errors import InvalidInput

LONGEST = 5000
MOST = 200
"""Comments of one checker in one round: a review, not a second copy of the output."""
TOGETHER = frozenset({Phase.CONSOLIDATING, Phase.SIGN_OFF})
DECIDED = frozenset({RequestStatus.RETURNED, RequestStatus.REJECTED, RequestStatus.APPROVED, RequestStatus.RELEASED})


class Audience(StrEnum):
    """Whom a comment is for. Checkers read both kinds."""

    RESEARCHER = "researcher"
    CHECKERS = "checkers"


@dataclass(frozen=True)
class Remark:
    """A comment as it is written. `at` is a place as core.inspection.anchors writes it."""

    file_id: int
    at: str
    text: str
    audience: Audience


@dataclass(frozen=True)
class Comment:
    """A comment on record: `file_id` is a file of `round`, whose bytes never change. `anchor` was true of these."""

    id: int
    request: int
    round: int
    file_id: int
    checker: str
    written_at: datetime
    text: str
    audience: Audience
    anchor: Anchor = field(default_factory=Anchor)


def check_text(text: str) -> str:
    """The words without surrounding blanks. InvalidInput if there are none, or too many."""
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise InvalidInput(f"The comment has {len(words):,} characters.", rule="comment.text", value=len(words),
                           next_step=f"Write 1 to {LONGEST:,} characters, or take the comment away.")
    return words


def for_checker(request: AirlockRequest, viewer: str, written: tuple[Comment, ...]) -> tuple[Comment, ...]:
    """Comments that a checker may know of: their own at any time; others' once these count and both have answered.

    Those of earlier rounds were settled. A comment counts with its writer's review of that round: nothing is heard of
    one who never answered, or who may not check it any more.
    """
    counted = {(review.round, review.checker) for review in request.reviews if not review.void}
    answered = viewer in {review.checker for review in current_reviews(request)}
    open_now = request.status in DECIDED or (phase(request) in TOGETHER and answered)
    return tuple(one for one in written if one.checker == viewer or (
        (one.round, one.checker) in counted and (one.round < request.round or open_now)))


def for_custodian(request: AirlockRequest, written: tuple[Comment, ...]) -> tuple[Comment, ...]:
    """Comments for the researcher, of who signs it off: of this round once its checkers have settled it.

    What checkers wrote to each other stays between them.
    """
    counted = {(review.round, review.checker) for review in request.reviews if not review.void}
    settled = request.status in DECIDED or phase(request) is Phase.SIGN_OFF
    return tuple(one for one in written if one.audience is Audience.RESEARCHER and (one.round, one.checker) in counted
                 and (one.round < request.round or settled))


def for_members(request: AirlockRequest, written: tuple[Comment, ...]) -> tuple[Comment, ...]:
    """Comments for the researcher of rounds that were decided. None says whose it is: presenters name nobody."""
    counted = {(review.round, review.checker) for review in request.reviews if not review.void}
    return tuple(one for one in written if one.audience is Audience.RESEARCHER and (one.round, one.checker) in counted
                 and (one.round < request.round or request.status in DECIDED))
