"""The application as it is typed: sections that are saved one by one, read as a whole when it is submitted.

What was typed is kept whatever it is, so that nothing is lost; `read` says everything that is still wrong with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from readingroom.core.applications import Application, DatasetAsk
from readingroom.core.datasets import Dataset
from readingroom.core.people import Person
from readingroom.core.policy.library import Policies
from readingroom.core.policy.model import Policy, strictest
from readingroom.core.policy.yaml_text import INVISIBLE, JOINERS
from readingroom.core.projects import allowed_images
from readingroom.core.roles import Permission
from readingroom.core.row_filters import check_row_filter
from readingroom.core.tiers import Tier
from readingroom.errors import InvalidInput, NotFound

LIMITS = {"title": 100, "aim": 4000, "public_benefit": 4000, "outputs": 4000, "urgent_reason": 2000, "members": 2000}
LONGEST, REASON, FILTER = 200, 500, 2000
MOST_MEMBERS, MOST_DATASETS = 50, 20
KEPT = JOINERS - {"\r"}


@dataclass(frozen=True)
class Section:
    """One step of the form. `safe` is the dimension of the Five Safes that it answers; `fields` are texts."""

    key: str
    title: str
    safe: str
    fields: tuple[str, ...]


SECTIONS = (
    Section("aim", "Aim and public benefit", "Safe projects", ("title", "aim", "public_benefit")),
    Section("gateway", "Purpose and legal gateway", "Safe projects", ("purpose", "legal_gateway")),
    Section("dates", "End date and urgency", "Safe projects", ("ends_on", "urgent", "urgent_reason")),
    Section("people", "People", "Safe people", ("lead", "members")),
    Section("data", "Datasets and columns", "Safe data", ()),
    Section("settings", "Where the work is done", "Safe settings", ("tier", "image")),
    Section("outputs", "Outputs planned", "Safe outputs", ("outputs",)),
)
SECTION_TITLES = {section.key: section.title for section in SECTIONS}
Typed = dict[str, Any]
Draft = Mapping[str, Typed]


@dataclass(frozen=True)
class Fault:
    """What keeps an application from being submitted: where, what, and what to do about it.

    `which` is the dataset, person or column meant, where the field holds several.
    """

    section: str
    field: str
    message: str
    next_step: str
    rule: str
    which: str = ""


@dataclass(frozen=True)
class Desk:
    """What a form is checked against: the policies, the people named in it as far as they are known, and today."""

    policies: Policies
    programme: str
    people: Mapping[str, Person]
    today: date

    def policy(self, dataset: str) -> Policy:
        return strictest(*(layer.policy for layer in self.policies.layers(self.programme, dataset)))


def dataset_section(dataset: str) -> str:
    """The key of the section about one dataset's columns, filters and budget."""
    return f"data/{dataset}"


def clean(key: str, typed: Mapping[str, Any]) -> Typed:
    """What is kept of a section: its own fields, as text within limits. InvalidInput for anything else, by name."""
    if key == "data":
        return {"datasets": _names(typed.get("datasets", []))}
    if key.startswith("data/"):
        return _clean_dataset(typed)
    section = next((section for section in SECTIONS if section.key == key), None)
    if section is None:
        raise NotFound(f"The application has no section {key!r}.", rule="application.section", value=key,
                       next_step=f"It has: {', '.join(SECTION_TITLES)}.")
    if unknown := sorted(set(typed) - set(section.fields)):
        raise InvalidInput(f"{section.title} has no field {unknown[0]!r}.", rule="application.field", value=unknown[0],
                           next_step=f"It has: {', '.join(section.fields)}.")
    return {name: _text(typed.get(name, ""), name, LIMITS.get(name, LONGEST)) for name in section.fields}


def _clean_dataset(typed: Mapping[str, Any]) -> Typed:
    columns, filters = typed.get("columns", {}), typed.get("row_filter", {})
    if not isinstance(columns, Mapping) or not all(isinstance(one, Mapping) for one in columns.values()):
        raise InvalidInput("The columns are not given by table.", rule="application.columns",
                           next_step='Send {"table": {"column": "reason"}}.')
    if not isinstance(filters, Mapping):
        raise InvalidInput("The row filters are not given by table.", rule="application.row-filter",
                           next_step='Send {"table": "condition"}.')
    return {
        "columns": {_text(table, "table", LONGEST): {
            _text(column, "column", LONGEST): _text(reason, f"reason for {table}.{column}", REASON)
            for column, reason in chosen.items()} for table, chosen in columns.items() if chosen},
        "row_filter": {_text(table, "table", LONGEST): said for table, text in filters.items()
                       if (said := _text(text, f"row filter of {table}", FILTER))},
        "budget_micro_rho": _text(typed.get("budget_micro_rho", ""), "budget_micro_rho", 20),
    }


def _names(given: object) -> list[str]:
    if not isinstance(given, list | tuple) or len(given) > MOST_DATASETS:
        raise InvalidInput(f"Datasets are given as a list of at most {MOST_DATASETS} names.",
                           rule="application.datasets", next_step="Choose fewer; a further project can ask for more.")
    return list(dict.fromkeys(_text(one, "datasets", LONGEST) for one in given))


def _text(given: object, name: str, limit: int) -> str:
    """Text without what no one types: characters that cannot be seen, halves of characters, blanks around it.

    Some of those turn the direction of what follows: a title could then rewrite the public register around it.
    """
    if given is not None and not isinstance(given, str | int):
        raise InvalidInput(f"{name[:80]} is not text.", rule="application.text", value=type(given).__name__,
                           next_step="Send text.")
    text = str("" if given is None else given).replace("\r\n", "\n")
    text = "".join(c for c in text if c in KEPT or unicodedata.category(c) not in INVISIBLE).strip()
    if len(text) > limit:
        raise InvalidInput(f"{name[:80]} has {len(text):,} characters; at most {limit:,} are kept.",
                           rule="application.length", value=len(text), next_step="Shorten it; nothing was saved of it.")
    return text


def typed_from(application: Application) -> dict[str, Typed]:
    """An application as its form would hold it: where an amendment, or a returned application, goes on."""
    return {
        "aim": {"title": application.title, "aim": application.aim, "public_benefit": application.public_benefit},
        "gateway": {"purpose": application.purpose, "legal_gateway": application.legal_gateway},
        "dates": {"ends_on": application.ends_on.isoformat(), "urgent": "yes" if application.urgent else "",
                  "urgent_reason": application.urgent},
        "people": {"lead": application.lead, "members": "\n".join(application.members)},
        "settings": {"tier": application.tier.value, "image": application.image},
        "outputs": {"outputs": application.outputs},
        "data": {"datasets": [ask.dataset for ask in application.datasets]},
        **{dataset_section(ask.dataset): {"columns": {table: dict(reasons) for table, reasons in ask.columns.items()},
                                          "row_filter": dict(ask.row_filter),
                                          "budget_micro_rho": str(ask.budget_micro_rho)}
           for ask in application.datasets},
    }


def named_people(draft: Draft) -> tuple[str, ...]:
    """Usernames in the people section, the lead first, each once."""
    typed = draft.get("people", {})
    written = [typed.get("lead", ""), *re.split(r"[\s,;]+", typed.get("members", ""))]
    return tuple(dict.fromkeys(name.lower() for name in written if name))


def chosen_datasets(draft: Draft) -> tuple[str, ...]:
    return tuple(draft.get("data", {}).get("datasets", ()))


def read(draft: Draft, desk: Desk) -> tuple[Application | None, tuple[Fault, ...]]:
    """The application that was typed, or None with every fault in it, in the order of the form."""
    faults = [*_aim(draft), *_gateway(draft, desk), *_dates(draft, desk), *_people(draft, desk), *_data(draft, desk),
              *_settings(draft, desk)]
    if not draft.get("outputs", {}).get("outputs"):
        faults.append(Fault("outputs", "outputs", "Nothing is said of the outputs planned.",
                            "Say which tables, figures or models you expect, and where they will appear.",
                            "application.outputs"))
    if faults:
        return None, tuple(faults)
    aim, gateway, settings, dates = (draft[key] for key in ("aim", "gateway", "settings", "dates"))
    people = named_people(draft)
    return Application(
        title=aim["title"], aim=aim["aim"], public_benefit=aim["public_benefit"], lead=people[0],
        members=tuple(sorted(people)), purpose=gateway["purpose"], legal_gateway=gateway["legal_gateway"],
        datasets=tuple(_ask(draft, name) for name in sorted(chosen_datasets(draft))),
        outputs=draft["outputs"]["outputs"], ends_on=date.fromisoformat(_iso(dates["ends_on"])),
        image=settings["image"], tier=Tier(settings["tier"]),
        urgent=dates["urgent_reason"] if dates.get("urgent") == "yes" else ""), ()


def _ask(draft: Draft, dataset: str) -> DatasetAsk:
    typed = draft[dataset_section(dataset)]
    return DatasetAsk(dataset, {table: dict(columns) for table, columns in typed["columns"].items()},
                      dict(typed["row_filter"]), int(typed["budget_micro_rho"] or 0))


def _aim(draft: Draft) -> Iterator[Fault]:
    typed = draft.get("aim", {})
    for name, what, way in (
        ("title", "The project has no title.", "Give it one that outsiders understand; it is published."),
        ("aim", "The aim is not said.", "Say in a few sentences what you want to find out."),
        ("public_benefit", "The public benefit is not said.", "Say who will be better off, and how."),
    ):
        if not typed.get(name):
            yield Fault("aim", name, what, way, f"application.{name.replace('_', '-')}")


def _gateway(draft: Draft, desk: Desk) -> Iterator[Fault]:
    typed = draft.get("gateway", {})
    policies = [desk.policy(name) for name in _registered(draft, desk)] or [desk.policies.site.policy]
    for name, allowed, what in (("purpose", allowed_of(policies, "purposes"), "purpose"),
                                ("legal_gateway", allowed_of(policies, "legal_gateways"), "legal gateway")):
        given, rule = typed.get(name, ""), f"application.{name.replace('_', '-')}"
        shown = "; ".join(sorted(allowed)) or "none in common: apply for these datasets in separate projects"
        if not given and not chosen_datasets(draft):
            yield Fault("gateway", name, f"No {what} is chosen.", "Choose datasets first: they say which there are.",
                        rule)
        elif not given:
            yield Fault("gateway", name, f"No {what} is chosen.", f"The datasets you chose allow: {shown}.", rule)
        elif given not in allowed:
            yield Fault("gateway", name, f"“{given}” is not a {what} that all your datasets allow.",
                        f"They allow: {shown}.", rule)


def allowed_of(policies: list[Policy], field: str) -> frozenset[str]:
    """What all of these policies allow of purposes or gateways; no opinion anywhere allows nothing."""
    found: frozenset[str] | None = getattr(strictest(*policies), field)
    return found or frozenset()


def _iso(text: str) -> str:
    """`2027-3-1` as people type it, in the form that dates are read in."""
    year, *rest = text.split("-")
    return "-".join([year, *(part.zfill(2) for part in rest)])


def _dates(draft: Draft, desk: Desk) -> Iterator[Fault]:
    typed = draft.get("dates", {})
    given = typed.get("ends_on", "")
    days = [policy.max_grant_days for name in _registered(draft, desk)
            if (policy := desk.policy(name)).max_grant_days is not None]
    latest = desk.today + timedelta(days=min(days)) if days else None
    try:
        ends_on = date.fromisoformat(_iso(given))
    except ValueError:
        yield Fault("dates", "ends_on", f"“{given}” is not a date." if given.strip("-") else "No end date is given.",
                    "Give day, month and year, such as 31 3 2028.", "application.end-date")
    else:
        if ends_on <= desk.today:
            yield Fault("dates", "ends_on", f"{ends_on:%-d %B %Y} is not in the future.",
                        "Give the day on which the work will be finished.", "application.end-date")
        elif latest is not None and ends_on > latest:
            yield Fault("dates", "ends_on", f"{ends_on:%-d %B %Y} is later than policy allows for these datasets.",
                        f"End by {latest:%-d %B %Y}; it can be extended later.", "application.max-days")
    if typed.get("urgent") == "yes" and not typed.get("urgent_reason"):
        yield Fault("dates", "urgent_reason", "Why it is urgent is not said.",
                    "Say what would be lost by waiting; it is reviewed afterwards.", "application.urgent")


def _people(draft: Draft, desk: Desk) -> Iterator[Fault]:
    names = named_people(draft)
    if not draft.get("people", {}).get("lead"):
        yield Fault("people", "lead", "Nobody leads the project.", "Name the person who answers for it.",
                    "application.lead")
    if len(names) > MOST_MEMBERS:
        yield Fault("people", "members", f"{len(names)} people are named; a project has at most {MOST_MEMBERS}.",
                    "Name those who will open the data.", "application.members")
        return
    for name in names:
        person = desk.people.get(name)
        if person is None or not person.may(Permission.APPLY):
            yield Fault("people", "members", f"No researcher here goes by “{name}”.",
                        "Check the name; new people need an account from the administrator first.",
                        "application.members", name)


def _registered(draft: Draft, desk: Desk) -> list[str]:
    return [name for name in chosen_datasets(draft) if name in desk.policies.datasets]


def _data(draft: Draft, desk: Desk) -> Iterator[Fault]:
    chosen = chosen_datasets(draft)
    if not chosen:
        yield Fault("data", "datasets", "No dataset is chosen.", "Choose at least one from the catalogue.",
                    "application.datasets")
    for name in chosen:
        if name not in desk.policies.datasets:
            yield Fault("data", "datasets", f"There is no dataset {name} any more.", "Take it out.",
                        "application.datasets", name)
            continue
        dataset, _ = desk.policies.datasets[name]
        yield from dataset_faults(dataset, desk.policy(name), draft.get(dataset_section(name), {}))


def dataset_faults(dataset: Dataset, policy: Policy, typed: Typed) -> Iterator[Fault]:
    """What is wrong with what was typed about one dataset."""
    columns: dict[str, dict[str, str]] = typed.get("columns", {})
    key = dataset_section(dataset.slug)
    if not any(columns.values()):
        yield Fault(key, "columns", f"No column of {dataset.title} is chosen.", "Choose those that you need.",
                    "application.columns")
    denied = policy.denied_columns or frozenset()
    for table, reasons in columns.items():
        found = dataset.table(table)
        for column, reason in reasons.items():
            name = f"{table}.{column}"
            if found is None or found.column(column) is None:
                yield Fault(key, "columns", f"{dataset.title} has no {name}.", "Take it out.",
                            "application.columns", name)
            elif name in denied:
                yield Fault(key, "columns", f"Policy opens {name} to nobody.", "Take it out.",
                            "application.denied-columns", name)
            elif not reason:
                yield Fault(key, f"reason-{name}", f"No reason is given for {name}.",
                            "Say in a sentence what you need it for.", "application.reason")
    for table, text in typed.get("row_filter", {}).items():
        found = dataset.table(table)
        if found is None or not columns.get(table):
            yield Fault(key, f"filter-{table}", f"There is a row filter for {table}, of which no column is chosen.",
                        "Take the filter out, or choose columns of the table.", "application.row-filter")
            continue
        try:
            check_row_filter(text, found)
        except InvalidInput as refusal:
            yield Fault(key, f"filter-{table}", f"{table}: {refusal.message}", refusal.next_step,
                        "application.row-filter")
    yield from _budget(key, typed.get("budget_micro_rho", ""), policy)


def _budget(key: str, given: str, policy: Policy) -> Iterator[Fault]:
    most = policy.project_budget_micro_rho or 0
    if given and not (given.isascii() and given.isdigit()):
        yield Fault(key, "budget_micro_rho", f"“{given}” is not a whole number of millionths of rho.",
                    f"Give a whole number up to {most:,}; 0 for no private answers.", "application.budget")
    elif given and int(given) > most:
        yield Fault(key, "budget_micro_rho", f"A privacy budget of {int(given):,} is more than policy allows.",
                    f"Ask for at most {most:,}.", "application.budget")


def _settings(draft: Draft, desk: Desk) -> Iterator[Fault]:
    typed = draft.get("settings", {})
    tiers = [tier.value for tier in Tier]
    if typed.get("tier") not in tiers:
        yield Fault("settings", "tier", "No tier is chosen." if not typed.get("tier") else
                    f"“{typed['tier']}” is not a tier.", f"Choose one of: {', '.join(tiers)}.", "application.tier")
    images = allowed_images(strictest(desk.policies.site.policy, *map(desk.policy, _registered(draft, desk))))
    if typed.get("image") not in images:
        yield Fault("settings", "image", "No workspace is chosen." if not typed.get("image") else
                    f"“{typed['image']}” is not a workspace that policy allows here.",
                    f"Choose one of: {', '.join(sorted(images)) or 'none: ask the administrator'}.",
                    "application.image")
