"""How the desk does: how long requests take, what sends them back, how far checkers agree. Read from the log's events.

Definitions. *Time to a decision*: from a round's submission to its approval, return or rejection. *Minutes per output*:
from a checker's first look at a round's files to their first answer, divided by its files; looks of more than four
hours were interrupted and don't count. *Comments per output*: comments on places for the researcher that were kept in
rounds decided, divided by their files. *Agreement*: of files on which two checkers answered without knowing of each
other, the share on which they chose the same; and Cohen's kappa, the agreement beyond chance,
(p_o - p_e) / (1 - p_e), where each pair counts in both orders because checkers have no fixed seats.

Source: Cohen, Educational and Psychological Measurement 20 (1960).

Example: of 10 pairs 9 agree, 80% of all choices are approvals: p_e = 0.8^2 + 0.2^2 = 0.68, kappa = 0.22 / 0.32 = 0.69.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from statistics import median

from readingroom.core.audit import Event
from readingroom.core.requests import Decision

OUTCOMES = {"request.approved": "approved", "request.returned": "returned", "request.rejected": "rejected"}
COMMENTS, RESEARCHER = {"comment.written": 1, "comment.taken-back": -1}, "researcher"
LONGEST_LOOK_MINUTES = 240
BY_A_PERSON = "seen by a checker only"


@dataclass
class Round:
    """One round of one request, as its events tell it. Times are None until they happened."""

    submitted_at: datetime
    files: int
    outcome: str = ""
    decided_at: datetime | None = None
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    looked: dict[str, datetime] = field(default_factory=dict)
    answered: dict[str, datetime] = field(default_factory=dict)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    comments: int = 0


@dataclass(frozen=True)
class Agreement:
    """`pairs` of answers to one file; None: there are too few choices to tell."""

    pairs: int
    share: float | None
    kappa: float | None


@dataclass(frozen=True)
class Figures:
    """Of the rounds given, and the `outputs` in those decided. Hours and minutes are None where nothing was yet."""

    decided: int
    outputs: int
    median_hours: float | None
    slow_hours: float | None
    minutes_per_output: float | None
    returned_share: float | None
    comments_per_output: float | None
    causes: tuple[tuple[str, int], ...]
    agreement: Agreement


def rounds(events: Iterable[Event]) -> tuple[Round, ...]:
    """The rounds of one request, from its events in order."""
    found: list[Round] = []
    for event in events:
        at, detail = datetime.fromisoformat(event.at), event.detail
        if event.action == "request.submitted":
            found.append(Round(at, len(detail["files"])))  # type: ignore[arg-type]
        elif found:
            _tell(found[-1], event, at, detail)
    return tuple(found)


def _tell(now: Round, event: Event, at: datetime, detail: dict[str, object]) -> None:
    if event.action == "file.checked":
        now.rules[str(detail["file"])] = tuple(detail["rules"])  # type: ignore[arg-type]
    elif event.action == "file.compared":
        file = str(detail["file"])
        now.rules[file] = (*now.rules.get(file, ()), *detail["rules"])  # type: ignore[misc]
    elif event.action == "file.viewed":
        now.looked.setdefault(event.actor, at)
    elif event.action == "request.reviewed" and event.actor not in now.answered:  # the first answer is the blind one
        now.answered[event.actor] = at
        now.answers[event.actor] = {vote["file"]: vote["decision"] for vote in detail["votes"]}  # type: ignore[attr-defined]
    elif event.action in COMMENTS and detail.get("audience", RESEARCHER) == RESEARCHER:
        now.comments += COMMENTS[event.action]
    elif event.action == "request.reopened":  # an approval counts no more: it was not decided after all
        now.outcome, now.decided_at = "", None
    elif event.action in OUTCOMES:
        now.outcome, now.decided_at = OUTCOMES[event.action], at


def figures(of: Sequence[Round], checker: str = "") -> Figures:
    """Of these rounds; the minutes and the agreement of one checker only, if named."""
    decided = [one for one in of if one.decided_at is not None]
    hours = sorted((one.decided_at - one.submitted_at).total_seconds() / 3600 for one in decided if one.decided_at)
    sent_back = [one for one in decided if one.outcome != "approved"]
    looks = [minutes for one in of for minutes in _looks(one, checker)]
    outputs = sum(one.files for one in decided)
    return Figures(
        len(decided), outputs,
        median(hours) if hours else None, ninth_tenth(hours), median(looks) if looks else None,
        len(sent_back) / len(decided) if decided else None,
        sum(one.comments for one in decided) / outputs if outputs else None, _causes(sent_back),
        _agreement(of, checker))


def ninth_tenth(ordered: Sequence[float]) -> float | None:
    """The smallest value that nine in ten do not exceed."""
    return ordered[-(-9 * len(ordered) // 10) - 1] if ordered else None


def _looks(one: Round, only: str) -> list[float]:
    """Minutes per output of each checker of a round."""
    spent = {checker: (at - one.looked[checker]).total_seconds() / 60
             for checker, at in one.answered.items()
             if only in ("", checker) and checker in one.looked and one.looked[checker] <= at}
    return [minutes / one.files for minutes in spent.values() if minutes <= LONGEST_LOOK_MINUTES and one.files]


def _causes(sent_back: Sequence[Round]) -> tuple[tuple[str, int], ...]:
    """How many files that a checker wanted changed each rule had spoken about; most frequent first."""
    counted: Counter[str] = Counter()
    for one in sent_back:
        wanted = {file for votes in one.answers.values() for file, choice in votes.items()
                  if choice == Decision.CHANGE.value}
        for file in wanted:
            counted.update(one.rules.get(file) or (BY_A_PERSON,))
    return tuple(sorted(counted.items(), key=lambda cause: (-cause[1], cause[0])))


def _agreement(of: Sequence[Round], only: str) -> Agreement:
    pairs = [(mine[file], theirs[file]) for one in of
             for (first, mine), (second, theirs) in combinations(one.answers.items(), 2)
             if only in ("", first, second) for file in mine if file in theirs]
    if not pairs:
        return Agreement(0, None, None)
    share = sum(one == other for one, other in pairs) / len(pairs)
    chosen = Counter(choice for pair in pairs for choice in pair)
    by_chance = sum((count / (2 * len(pairs))) ** 2 for count in chosen.values())
    return Agreement(len(pairs), share, None if by_chance == 1 else (share - by_chance) / (1 - by_chance))
