"""The application as a list of tasks, and as what was said in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.application_changes import Change, Effect
from readingroom.core.application_form import SECTION_TITLES, SECTIONS, Fault, chosen_datasets, dataset_section
from readingroom.core.applications import Application, Comment, DatasetAsk, Outcome, Version
from readingroom.core.datasets import Dataset
from readingroom.core.lifecycle import GrantStatus, ProjectStatus
from readingroom.core.projects import Grant
from readingroom.services.applications import Form
from readingroom.web.addresses import page
from readingroom.web.presenters import times
from readingroom.web.presenters.budgets import rho
from readingroom.web.presenters.words import GRANT_TAGS, OUTCOME_TAGS, Tag

TODO = Tag("Not yet started", "govuk-tag--blue")
PROBLEM = Tag("Something is missing", "govuk-tag--red")
DONE = Tag("Complete", "govuk-tag--green")
TIERS = {"standard": "Standard: JupyterLab in the browser, nothing can be downloaded",
         "strict": "Strict: only pictures of the screen reach the browser"}
FIELD_WORDS = {
    "title": "Title", "aim": "Aim", "public_benefit": "Public benefit", "lead": "Lead", "purpose": "Purpose",
    "legal_gateway": "Legal gateway", "outputs": "Outputs planned", "image": "Workspace", "tier": "Tier",
    "ends_on": "End date", "member": "Person", "dataset": "Dataset", "column": "Column",
    "privacy budget": "Privacy budget", "urgent": "Urgent",
}


@dataclass(frozen=True)
class Task:
    title: str
    href: str
    tag: Tag
    comments: tuple[str, ...]
    is_part: bool = False


@dataclass(frozen=True)
class TaskGroup:
    title: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class No:
    """One answer that was not a yes, and the shortest way to one."""

    who: str
    what: str
    reason: str
    way: str


def tasks(form: Form, datasets: Mapping[str, Dataset]) -> tuple[TaskGroup, ...]:
    """The Five Safes, each with its steps, whether they are complete, and what was said of them last time."""
    said = latest_comments(form.comments)
    groups: dict[str, list[Task]] = {}
    for section in SECTIONS:
        href = _section_href(form.project.slug, section.key)
        faults = [fault for fault in form.faults if fault.section == section.key]
        found = [Task(section.title, href, _tag(section.key, form, bool(faults)), said.get(section.key, ()))]
        if section.key == "data":
            found += _dataset_tasks(form, datasets)
        groups.setdefault(section.safe, []).extend(found)
    return tuple(TaskGroup(title, tuple(found)) for title, found in groups.items())


def _dataset_tasks(form: Form, datasets: Mapping[str, Dataset]) -> list[Task]:
    found = []
    for slug in chosen_datasets(form.typed):
        if slug not in datasets:
            continue
        key, title = dataset_section(slug), datasets[slug].title
        fields = [fault.field for fault in form.faults if fault.section == key]
        has_columns = any(form.typed.get(key, {}).get("columns", {}).values())
        parts = (
            ("Columns", "", has_columns and "columns" not in fields),
            ("Reasons", "/reasons", has_columns and not any(name.startswith("reason-") for name in fields)),
            ("Rows and privacy budget", "/rows", has_columns and not any(
                name.startswith(("filter-", "budget")) for name in fields)),
        )
        for name, end, done in parts:
            tag = DONE if done else PROBLEM if has_columns else TODO
            found.append(Task(f"{title}: {name.lower()}", _section_href(form.project.slug, key) + end, tag, (), True))
    return found


def _tag(key: str, form: Form, faulty: bool) -> Tag:
    if not faulty:
        return DONE
    return PROBLEM if any(form.typed.get(key, {}).values()) else TODO


def _section_href(slug: str, key: str) -> str:
    return page(f"/projects/{slug}/application/{key}")


def latest_comments(comments: Iterable[Comment]) -> dict[str, tuple[str, ...]]:
    """What was said of the version that was answered last, by section."""
    comments = tuple(comments)
    last = max((comment.version for comment in comments), default=0)
    found: dict[str, list[str]] = {}
    for comment in comments:
        if comment.version == last:
            who = f"the custodian of {comment.part}" if comment.part else "the programme’s owner"
            found.setdefault(comment.section, []).append(f"{who}: “{comment.text}”")
    return {section: tuple(texts) for section, texts in found.items()}


def noes(grants: Iterable[Grant], comments: Iterable[Comment], version: Version | None) -> tuple[No, ...]:
    """After a no: every reason of the version that was answered last, each with the shortest way to a yes."""
    if version is None or version.outcome is not Outcome.RETURNED:
        return ()
    found = [No("The programme’s owner", SECTION_TITLES.get(one.section, one.section), one.text,
                "Change this section and submit again; the owner looks at it once more.")
             for one in comments if one.version == version.number and not one.part]
    for grant in grants:
        if grant.version != version.number:
            continue
        if grant.status is GrantStatus.REFUSED:
            found.append(No(f"The custodian of {grant.dataset}", "refused", grant.decision_reason,
                            "Change what the reason names and submit again, or take the dataset out: the others have "
                            "answered, and are not asked again for what stays the same."))
        elif grant.status is GrantStatus.RETURNED:
            found += [No(f"The custodian of {grant.dataset}", SECTION_TITLES.get(one.section, one.section), one.text,
                         "Change this and submit again; only those whom the change touches are asked.")
                      for one in comments if one.version == version.number and one.part == grant.dataset]
        elif grant.status in (GrantStatus.WITHDRAWN, GrantStatus.EXPIRED):
            found.append(No(f"The custodian of {grant.dataset}", grant.status.value, grant.decision_reason,
                            "Submit again to ask anew, or take the dataset out."))
    return tuple(found)


@dataclass(frozen=True)
class Answer:
    """How one of those who are asked stands."""

    who: str
    tag: Tag
    since: str


ACCEPTED = Tag("Accepted", "govuk-tag--green")
LOOKING = Tag("Waiting for an answer", "govuk-tag--yellow")
LATER = Tag("Asked afterwards", "govuk-tag--grey")


def answers(version: Version | None, grants: Iterable[Grant], datasets: Mapping[str, Dataset],
            status: ProjectStatus) -> tuple[Answer, ...]:
    """Who is asked about the version that waits, and who has answered: never what another custodian said."""
    if version is None or version.outcome is not Outcome.WAITING:
        return ()
    found = []
    if status is not ProjectStatus.AMENDED:
        found.append(Answer("The programme’s owner", ACCEPTED if version.accepted_by else LOOKING, ""))
    asked = {grant.dataset: grant for grant in grants if grant.status is not GrantStatus.SUPERSEDED
             and (grant.version == version.number or grant.status is GrantStatus.AGREED)}
    for ask in version.application.datasets:
        title = datasets[ask.dataset].title if ask.dataset in datasets else ask.dataset
        if ask.dataset in asked:
            found.append(Answer(title, GRANT_TAGS[asked[ask.dataset].status], ""))
        elif status is ProjectStatus.OWNER_REVIEW:
            found.append(Answer(title, LATER, ""))
    return tuple(found)


@dataclass(frozen=True)
class Row:
    label: str
    text: str
    href: str = ""
    mono: bool = False


@dataclass(frozen=True)
class ChosenColumn:
    name: str
    label: str
    reason: str
    sensitive: bool


@dataclass(frozen=True)
class ChosenTable:
    label: str
    name: str
    columns: tuple[ChosenColumn, ...]
    row_filter: str


@dataclass(frozen=True)
class ChosenDataset:
    title: str
    slug: str
    tables: tuple[ChosenTable, ...]
    budget: str
    href: str


@dataclass(frozen=True)
class Summary:
    """An application as its reader sees it, in the order of the Five Safes."""

    parts: tuple[tuple[str, tuple[Row, ...]], ...]
    datasets: tuple[ChosenDataset, ...]


def summary(application: Application, datasets: Mapping[str, Dataset], names: Mapping[str, str], *,
            only: str = "", edit: str = "") -> Summary:
    """`only` leaves out the data of other custodians; `edit` is the project whose sections may be changed from here."""

    def href(key: str) -> str:
        return _section_href(edit, key) if edit else ""

    people = ", ".join(names.get(name, name) + (" (lead)" if name == application.lead else "")
                       for name in application.members)
    projects = [Row("Title", application.title, href("aim")), Row("Aim", application.aim, href("aim")),
                Row("Public benefit", application.public_benefit, href("aim")),
                Row("Purpose", application.purpose, href("gateway")),
                Row("Legal gateway", application.legal_gateway, href("gateway")),
                Row("Ends", times.day(application.ends_on), href("dates"))]
    if application.urgent:
        projects.append(Row("Urgent", application.urgent, href("dates")))
    parts = (
        ("Safe projects", tuple(projects)),
        ("Safe people", (Row("People", people, href("people")),)),
        ("Safe settings", (Row("Tier", TIERS[application.tier.value], href("settings")),
                           Row("Workspace", application.image, href("settings")))),
        ("Safe outputs", (Row("Outputs planned", application.outputs or "–", href("outputs")),)),
    )
    return Summary(parts, tuple(_chosen(ask, datasets.get(ask.dataset), href(dataset_section(ask.dataset)))
                                for ask in application.datasets if not only or ask.dataset == only))


def _chosen(ask: DatasetAsk, dataset: Dataset | None, href: str) -> ChosenDataset:
    tables = []
    for name, reasons in ask.columns.items():
        table = dataset.table(name) if dataset else None
        columns = []
        for column, reason in reasons.items():
            known = table.column(column) if table else None
            columns.append(ChosenColumn(column, known.label if known else "not registered any more", reason,
                                        bool(known and known.sensitive)))
        tables.append(ChosenTable(table.label if table else name, name, tuple(columns), ask.row_filter.get(name, "")))
    budget = rho(ask.budget_micro_rho) if ask.budget_micro_rho else "none: no private answers"
    return ChosenDataset(dataset.title if dataset else ask.dataset, ask.dataset, tuple(tables), budget, href)


@dataclass(frozen=True)
class ChangeRow:
    what: str
    before: str
    after: str
    tag: Tag


WIDENS = Tag("Opens more", "govuk-tag--orange")
NARROWS = Tag("Opens less", "govuk-tag--green")


def change_rows(changes: Iterable[Change], names: Mapping[str, str] | None = None) -> tuple[ChangeRow, ...]:
    """Differences in words, one a row."""
    names = names or {}

    def value(change: Change, text: str) -> str:
        if change.what == "ends_on" and text:
            return times.day(date.fromisoformat(text))
        if change.what == "privacy budget":
            return rho(int(text))
        return names.get(text, text) if change.what in ("member", "lead") else text

    return tuple(
        ChangeRow(_what(change), value(change, change.before), value(change, change.after),
                  WIDENS if change.effect is Effect.WIDENS else NARROWS) for change in changes)


def _what(change: Change) -> str:
    where = f" of {change.dataset}" if change.dataset and change.what != "dataset" else ""
    words = FIELD_WORDS.get(change.what, change.what[:1].upper() + change.what[1:])
    return f"{words}{where}"


@dataclass(frozen=True)
class VersionRow:
    number: int
    href: str
    tag: Tag
    submitted: times.When | None
    submitted_by: str
    settled: times.When | None
    urgent: bool


def version_row(version: Version, now: datetime, names: Mapping[str, str]) -> VersionRow:
    return VersionRow(version.number, page(f"/projects/{version.project}/versions/{version.number}"),
                      OUTCOME_TAGS[version.outcome], times.when(version.submitted_at, now),
                      names.get(version.submitted_by, version.submitted_by),
                      times.when(version.settled_at, now), bool(version.application.urgent))


def fault_links(slug: str, faults: Iterable[Fault]) -> tuple[dict[str, str], ...]:
    """For the error summary of the whole form: each fault leads to the step that mends it."""
    return tuple({"text": f"{fault.message} {fault.next_step}", "href": _place(slug, fault)} for fault in faults)


def _place(slug: str, fault: Fault) -> str:
    base = _section_href(slug, fault.section)
    if fault.section.startswith("data/"):
        end = "/reasons" if fault.field.startswith("reason-") else "" if fault.field == "columns" else "/rows"
        return base + end
    return base
