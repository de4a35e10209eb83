"""Training on the checker's page: made-up outputs in place of real ones, and what was planted once it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from readingroom.core.disclosure.check import check_output
from readingroom.core.egress import Phase
from readingroom.core.inspection import preview
from readingroom.core.lifecycle import ProjectStatus, RequestStatus
from readingroom.core.people import Person
from readingroom.core.projects import Project
from readingroom.core.requests import AirlockRequest, Assurance, Decision, OutputFile, Vote
from readingroom.core.resemblance import resembles, shown
from readingroom.core.training import Case, Score
from readingroom.core.training.model import POLICY
from readingroom.core.training.scores import Kappa
from readingroom.services.request_views import RequestView
from readingroom.services.training import Taken
from readingroom.web.addresses import page
from readingroom.web.presenters import outputs, requests, review, times
from readingroom.web.presenters.comparisons import Alike, Comparison
from readingroom.web.presenters.outputs import Output
from readingroom.web.presenters.words import DECISION_WORDS

NOBODY = "Made-up researcher"
AIM = "All of this is made up: people, numbers and faults. Nothing here can leave, and nothing here counts at the desk."
LEAD = ("Decide on each output as at the desk. Half of them have a fault. The automatic findings are left out here: "
        "what you are to see is what they would say, and what they can't.")
NOTHING = "nothing to tell from yet"


@dataclass(frozen=True)
class Row:
    """One session in a list."""

    id: int
    who: str
    set: int
    href: str
    when: times.When | None
    result: str
    missed: str
    answer: str
    others: str


@dataclass(frozen=True)
class Told:
    """One case after the answer: what was planted, what was decided, and what the automatic check says."""

    name: str
    output: Output
    context: str
    controls: str
    right: bool
    decided: str
    expected: str
    lesson: str
    rule: str
    source: str
    findings: tuple[requests.ShownFinding, ...]


@dataclass(frozen=True)
class Result:
    set: int
    when: times.When | None
    lines: tuple[tuple[str, str, str], ...]
    told: tuple[Told, ...]


def base(taken: Taken) -> str:
    return f"/training/{taken.session.id}"


def files(taken: Taken) -> tuple[OutputFile, ...]:
    """The cases as files of a request, numbered from 1 and not checked."""
    return tuple(OutputFile(place, case.name, "made up", len(case.content), "", Assurance.DECLARED, case.context,
                            case.controls) for place, case in enumerate(taken.cases, 1))


def desk(taken: Taken, viewer: Person, now: datetime, votes: tuple[Vote, ...] = ()) -> review.ReviewPage:
    """The set as a page of the desk. It tells nothing of what was planted."""
    view = _view(taken)
    shown_outputs = {file.id: _output(taken, file, case) for file, case in zip(files(taken), taken.cases, strict=True)}
    compared = {place: _compared(case) for place, case in enumerate(taken.cases, 1)}
    made = review.review_page(view, shown_outputs, compared, dict.fromkeys(compared, ()), POLICY,
                              {viewer.username: viewer}, viewer.username, now, review.Typed(votes))
    sheets = tuple(replace(sheet, reason_needed="", say=None) for sheet in made.sheets)
    return replace(made, heading="Training", lead=LEAD, submit_text="Answer this set", sheets=sheets,
                   base=base(taken), is_training=True)


def _view(taken: Taken) -> RequestView:
    """The set dressed as a request, which no record knows."""
    begun = taken.session.begun_at
    request = AirlockRequest(
        taken.session.id, "training", NOBODY, f"set {taken.session.number}", "A made-up report",
        RequestStatus.IN_REVIEW, 1, begun, begun, files(taken), (), 2)
    project = Project("training", "Training", "", AIM, "", "", "", ProjectStatus.ACTIVE, begun.date(), frozenset())
    return RequestView(request, project, Phase.INDEPENDENT, (), None, None, 0,
                       {"review": "", "conclude": "Nobody concludes training.", "withdraw": "", "resubmit": ""})


def _output(taken: Taken, file: OutputFile, case: Case) -> Output:
    return outputs.output(taken.session.id, file, case.content, base=f"{base(taken)}/files/{file.id}")


def _compared(case: Case) -> Comparison:
    """Beside the one table released before that some cases have."""
    before, now = shown(preview(case.name, case.earlier), None), shown(preview(case.name, case.content), None)
    alike = resembles(now, before, POLICY.threshold or 0) if before and now else None
    if alike is None:
        return Comparison("", None, "Nothing released from the same data is like it.", ())
    shared, equal, _, differences = alike
    words = f"{equal} of {shared} cells with the same labels are equal."
    differences = tuple(replace(one, few=False) for one in differences)  # that is for the trainee to see
    return Comparison("", None, "Like it, and from the same data: 1 released file.",
                      (Alike("", "offences.csv, release 4", words, 0, differences),))


def result(taken: Taken, now: datetime) -> Result:
    """What was planted, beside what was decided."""
    session, score = taken.session, taken.score
    told = tuple(_told(taken, file, case, decided) for file, case, decided in zip(
        files(taken), taken.cases, session.decisions, strict=True)) if taken.cases else ()
    return Result(session.number, times.when(session.answered_at, now), _lines(score) if score else (), told)


def _told(taken: Taken, file: OutputFile, case: Case, decided: Decision) -> Told:
    checked = check_output(case.name, case.content, case.evidence, case.policy)
    with_findings = replace(file, findings=checked.findings)
    return Told(
        case.name, _output(taken, with_findings, case), case.context, case.controls, decided is case.answer,
        DECISION_WORDS[decided], DECISION_WORDS[case.answer], case.fault.why if case.fault else case.lesson,
        case.fault.rule if case.fault else "", case.fault.source if case.fault else "",
        tuple(requests.finding(one) for one in checked.findings))


def _lines(score: Score) -> tuple[tuple[str, str, str], ...]:
    return (
        ("Right", f"{score.right} of {score.cases}", "Decisions that agree with what was planted."),
        ("Faults let through", str(score.missed), "Approved with a fault in it: the mistake that harms people."),
        ("Good ones sent back", str(score.false_alarms), "A change asked for where nothing was wrong."),
        ("Cohen’s kappa with the answers", _kappa(score.answer),
         "Agreement beyond chance: 1 is complete, 0 is what chance gives. Of so few decisions it is a rough figure."),
        ("Cohen’s kappa with other checkers", _kappa(score.others),
         f"With the answers of {times.plural(score.people, 'other checker')} to the same set."))


def _kappa(found: Kappa) -> str:
    if found.share is None:
        return NOTHING
    value = "not defined: everyone chose the same" if found.kappa is None else f"{found.kappa:.2f}"
    return f"{value} (n = {found.pairs})"


def row(taken: Taken, now: datetime, who: str = "") -> Row:
    session, score = taken.session, taken.score
    return Row(
        session.id, who, session.number, page(base(taken)), times.when(session.answered_at or session.begun_at, now),
        "open" if session.answered_at is None else f"{score.right} of {score.cases} right" if score
        else "of an earlier edition", "" if score is None else str(score.missed),
        "" if score is None else _kappa(score.answer), "" if score is None else _kappa(score.others))
