"""What an egress request may contain, how reviews add up, and when it may leave (promise P1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.inspection.whole import RULE as UNSEEN
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import AirlockRequest, Assurance, Decision, OutputFile, Review, Vote
from readingroom.errors import InvalidInput, InvalidTransition, PermissionDenied

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,99}")
MINIMUM_CONTEXT = 20


class Phase(StrEnum):
    """Who sees which reviews: in INDEPENDENT each checker only their own, in CONSOLIDATING checkers see all.

    In SIGN_OFF every file is approved, and a custodian has the last word.
    While it is FROZEN nobody decides, and each checker sees what they wrote.
    """

    AUTHOR = "author"
    CHECKS = "checks"
    INDEPENDENT = "independent"
    CONSOLIDATING = "consolidating"
    SIGN_OFF = "sign-off"
    FROZEN = "frozen"
    COMPLETE = "complete"


@dataclass(frozen=True)
class Approval:
    """One checker's yes to one file: given in `round`, which is an earlier one where the file has not changed since."""

    checker: str
    at: datetime
    reason: str
    round: int


def check_names(names: Iterable[str]) -> None:
    """File names that are only names, of letters, digits, spaces and ._()-, at most 100; no two alike but for case."""
    seen = set()
    for name in names:
        if not SAFE_NAME.fullmatch(name) or name.endswith((" ", ".")):
            raise InvalidInput(f"The file name {name[:100]!r} is not accepted.", rule="request.file-name",
                               value=name[:100],
                               next_step="Use letters, digits, spaces, dots, hyphens and underscores, at most 100.")
        if name.lower() in seen:
            raise InvalidInput(f"Two files are named {name!r}.", rule="request.file-name", value=name,
                               next_step="Give each file its own name.")
        seen.add(name.lower())


def check_files(files: Sequence[tuple[str, int, str]], policy: Policy) -> None:
    """Refuse what can't be asked for; `files` are (name, size in bytes, context)."""
    if not files:
        raise InvalidInput("The request holds no file.", rule="request.files", value=0,
                           next_step="Add at least one output.")
    limit = policy.max_files or 0
    if len(files) > limit:
        raise InvalidInput(f"The request holds {len(files)} files; policy allows {limit}.", rule="request.max-files",
                           value=len(files), next_step="Ask in parts, or combine tables that belong together.")
    check_names(name for name, _, _ in files)
    largest = policy.max_file_bytes or 0
    for name, size_bytes, context in files:
        if size_bytes > largest:
            raise InvalidInput(f"{name} has {size_bytes:,} bytes; policy allows {largest:,}.",
                               rule="request.max-file-bytes", value=size_bytes,
                               next_step="Ask for a summary instead of the data it was made from.")
        if len(context.strip()) < MINIMUM_CONTEXT:
            raise InvalidInput(
                f"{name} has no context that a checker could use.", rule="request.context", value=context.strip(),
                next_step="Say what it shows, for which people, and what you did to protect them, "
                          f"in at least {MINIMUM_CONTEXT} characters.")


def current_reviews(request: AirlockRequest) -> tuple[Review, ...]:
    """The reviews of the present round that count: earlier ones were of other content."""
    return tuple(review for review in request.reviews if review.round == request.round and not review.void)


def reviewers(request: AirlockRequest) -> tuple[str, ...]:
    """Who reviewed the present round."""
    return tuple(review.checker for review in current_reviews(request))


def signers(request: AirlockRequest) -> frozenset[str]:
    """The custodians whose sign-off of the present round counts."""
    return frozenset(given.custodian for given in request.sign_offs if given.round == request.round and not given.void)


def unsigned(request: AirlockRequest) -> frozenset[str]:
    """The custodians whose sign-off of the present round is demanded and missing."""
    return request.sign_off_by - signers(request)


def phase(request: AirlockRequest) -> Phase:
    match request.status:
        case RequestStatus.DRAFT | RequestStatus.RETURNED:
            return Phase.AUTHOR
        case RequestStatus.SUBMITTED | RequestStatus.CHECKING:
            return Phase.CHECKS
        case RequestStatus.FROZEN:
            return Phase.FROZEN
        case RequestStatus.IN_REVIEW:
            enough = len(current_reviews(request)) >= request.approvals_needed
            if not enough:
                return Phase.INDEPENDENT
            settled = bool(unsigned(request)) and not unapproved(request)
            return Phase.SIGN_OFF if settled else Phase.CONSOLIDATING
        case (RequestStatus.APPROVED | RequestStatus.RELEASED | RequestStatus.DELIVERED | RequestStatus.REJECTED
              | RequestStatus.WITHDRAWN):
            return Phase.COMPLETE


def check_round(request: AirlockRequest, round: int | None) -> None:
    """Refuse what was decided on sight of another round than the present one; None says nothing of what was seen."""
    if round is not None and round != request.round:
        raise InvalidTransition(f"Request {request.number} is in round {request.round}, not {round}.",
                                rule="review.round", value=round,
                                next_step="Open the request again and look at its new files.")


def check_in_review(request: AirlockRequest) -> None:
    """Refuse what only checkers of a request in review can do."""
    if request.status is RequestStatus.FROZEN:
        raise InvalidTransition(
            f"Request {request.number} is frozen: what it rests on has ended or was taken back.", rule="review.status",
            value=request.status.value, next_step="It goes on where it was when that is put right; you will be told.")
    if request.status is not RequestStatus.IN_REVIEW:
        raise InvalidTransition(f"Request {request.number} is {request.status.value}, not in review.",
                                rule="review.status", value=request.status.value,
                                next_step="Reload the page to see where it stands.")


def check_review(request: AirlockRequest, checker: str, votes: Sequence[Vote],
                 explained: Collection[int] = ()) -> None:
    """Refuse a review that is late, incomplete, unexplained, by one checker too many, or of what nobody can see.

    `explained` are the files on which this checker wrote a comment for the researcher: a change of one needs no other.
    """
    check_in_review(request)
    check_may_answer(request, checker)
    voted = {vote.file_id: vote for vote in votes}
    everything = {file.id for file in request.files}
    needed = {file.id for file in request.crossing} - carried(request)
    if len(voted) != len(votes) or not needed <= set(voted) <= everything:
        raise InvalidInput("The review does not answer for each file exactly once.", rule="review.complete",
                           value=len(votes), next_step="Decide about every file, then submit.")
    for file in request.files:
        if (vote := voted.get(file.id)) is None:
            continue
        if vote.decision is Decision.APPROVE:
            check_seen(file)
        if vote.decision is Decision.CHANGE and not vote.comment.strip() and file.id not in explained:
            raise InvalidInput(f"You ask for a change to {file.name} without saying which.", rule="review.comment",
                               value=file.name, next_step="Tell the researcher what would make it safe.")
        if vote.decision is Decision.APPROVE and is_barred(file):
            raise InvalidInput(f"{file.name} failed its checks, and what comes in failing can't be approved.",
                               rule="review.barred", value=file.name,
                               next_step="Ask for a change: the findings say what has to be another way.")
        needs_reason = file.crosses and file.verdict is not Verdict.PASS
        if vote.decision is Decision.APPROVE and needs_reason and not vote.comment.strip():
            found = "was not checked" if file.verdict is None else f"has the verdict {file.verdict.name}"
            raise InvalidInput(f"{file.name} {found}; approving it needs your reason.", rule="review.reason",
                               value=file.name, next_step="Write why it is safe all the same; it stays on the record.")


def check_may_answer(request: AirlockRequest, checker: str) -> None:
    """Refuse who has answered while others have not, and one checker too many."""
    reviewers = {review.checker for review in current_reviews(request)}
    if checker in reviewers and phase(request) is Phase.INDEPENDENT:
        raise InvalidTransition("You have already given your review of this round.", rule="review.once",
                                value=checker, next_step="You can revise it once every checker has answered.")
    if checker not in reviewers and len(reviewers) >= request.approvals_needed:
        raise InvalidTransition("This round already has all its checkers.", rule="review.enough",
                                value=len(reviewers), next_step="Take another request from the queue.")


def check_seen(file: OutputFile) -> None:
    """Refuse to approve what checkers can't be shown whole."""
    unseen = next((finding for finding in file.findings if finding.rule == UNSEEN), None)
    if unseen is not None:
        raise InvalidInput(f"{file.name} can't be approved: {unseen.parameters.get('unseen', 'not all of it')} can't "
                           "be shown.", rule="review.unseen", value=file.name,
                           next_step="Ask for a change: say that it has to be sent in a form that can be read whole.")


def is_same(earlier: OutputFile, now: OutputFile) -> bool:
    """Whether an approval of `earlier` is one of `now`: the same bytes under the same name, said to be the same, known
    as well as then, and checked by machine with no worse a verdict (policy may have tightened between the rounds)."""
    checked = earlier.verdict is not None and now.verdict is not None and now.verdict <= earlier.verdict
    alike = earlier.described == now.described and earlier.assurance is now.assurance
    return checked and alike and earlier.evidence == now.evidence


def approvals(request: AirlockRequest, file: OutputFile) -> tuple[Approval, ...]:
    """Who approves this file as it is: of each checker the last vote on exactly it counts, of whichever round."""
    places = {(request.round, file.id)} | {
        (earlier.round, earlier.id) for earlier in request.earlier if is_same(earlier, file)}
    last: dict[str, Approval | None] = {}
    for review in sorted(request.reviews, key=lambda review: review.round):
        for vote in review.votes:
            if not review.void and (review.round, vote.file_id) in places:
                approves = vote.decision is Decision.APPROVE
                last[review.checker] = Approval(review.checker, review.submitted_at, vote.comment,
                                                review.round) if approves else None
    return tuple(approval for approval in last.values() if approval is not None)


def carried(request: AirlockRequest) -> frozenset[int]:
    """The ids of files that were approved in earlier rounds and did not change: nobody need decide on them again."""
    before = replace(request, reviews=tuple(review for review in request.reviews if review.round < request.round))
    return frozenset(file.id for file in request.crossing
                     if request.approvals_needed and len(approvals(before, file)) >= request.approvals_needed)


def approvers(request: AirlockRequest) -> frozenset[str]:
    """Everyone whose approval of a file counts."""
    return frozenset(approval.checker for file in request.crossing for approval in approvals(request, file))


def unapproved(request: AirlockRequest) -> tuple[str, ...]:
    """Names of files that keep a round from being approved.

    An output without the approvals that policy demands, for exactly what it is; a supporting file or code, which needs
    none, while a checker of the round asks for a change to it.
    """
    refused = {vote.file_id for review in current_reviews(request) for vote in review.votes
               if vote.decision is Decision.CHANGE}
    return tuple(file.name for file in request.files if is_barred(file) or (
        len(approvals(request, file)) < request.approvals_needed if file.crosses else file.id in refused))


def is_barred(file: OutputFile) -> bool:
    """Whether no approval lets it pass: a file from outside that failed, or was not checked. Outputs are for people to
    judge, whatever a rule says; malware and what can't be read are not."""
    return file.origin is not None and file.verdict in (None, Verdict.FAIL)


def is_settled(request: AirlockRequest) -> bool:
    """Whether the round has its reviews, and every file the approvals that policy demands."""
    return len(current_reviews(request)) >= request.approvals_needed and not unapproved(request)


def is_complete(request: AirlockRequest) -> bool:
    """Whether it is settled and every custodian whom policy names signed it off."""
    return is_settled(request) and not unsigned(request)


def check_releasable(request: AirlockRequest, members: Collection[str]) -> None:
    """The last look before anything leaves, from the records alone (promise P1).

    Every file has the approvals demanded, by distinct checkers who are neither author nor members. Only files that
    the platform made from a private answer may need none.
    """
    reviewers = [review.checker for review in current_reviews(request)]
    insiders = {request.author, *members} & {*reviewers, *approvers(request), *signers(request)}
    if insiders or len(set(reviewers)) != len(reviewers):
        culprits = ", ".join(sorted(insiders)) or "one person twice"
        raise PermissionDenied(f"Request {request.number} was reviewed by {culprits}.",
                               rule="release.independence", value=sorted(insiders),
                               next_step="It has to be reviewed again by independent checkers.")
    made_by_platform = request.private_answer is not None and all(
        file.assurance is Assurance.PRIVATE for file in request.files)
    if request.private_answer is not None and not made_by_platform:
        raise PermissionDenied(f"Request {request.number} holds files that are not the private answer's own.",
                               rule="release.private", value=request.private_answer,
                               next_step="Ask for other outputs in a request of their own.")
    if unsigned(request):
        missing = sorted(unsigned(request))
        raise PermissionDenied(f"Request {request.number} lacks the sign-off of {', '.join(missing)}.",
                               rule="release.sign-off", value=missing,
                               next_step="The custodians of its data have to sign it off.")
    lacking = unapproved(request)
    if lacking or not request.crossing or (request.approvals_needed < 1 and not made_by_platform):
        raise PermissionDenied(f"Request {request.number} lacks approvals for: {', '.join(lacking) or 'everything'}.",
                               rule="release.approvals", value=list(lacking),
                               next_step=f"Each file needs {request.approvals_needed} independent approvals.")


def check_outcome(request: AirlockRequest, outcome: RequestStatus) -> None:
    """What can't be changed is not returned for changes: it would wait for ever, and nobody could ask for it anew."""
    if outcome is RequestStatus.RETURNED and request.private_answer is not None:
        raise InvalidTransition("The files of a private answer can't be changed, so it can't be returned for changes.",
                                rule="request.private", value=request.private_answer,
                                next_step="Approve it, or reject it: it can then be asked for again.")


def check_changeable(request: AirlockRequest) -> None:
    """A private answer leaves as the platform made it, by fewer approvals than other files would need (promise P1)."""
    if request.private_answer is not None:
        raise PermissionDenied("The files of a private answer can't be exchanged.", rule="request.private",
                               value=request.private_answer,
                               next_step="Withdraw it, or ask for other outputs in a request of their own.")
