"""An application as a file: YAML with a published schema, read into the same sections as the portal's form.

It begins a draft and no more: whoever applies looks at it in the portal and submits it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from readingroom.core.application_form import FILTER as LONGEST_FILTER
from readingroom.core.application_form import (
    LIMITS,
    LONGEST,
    MOST_DATASETS,
    MOST_MEMBERS,
    REASON,
    Desk,
    Fault,
    Typed,
    clean,
    dataset_section,
    named_people,
    read,
)
from readingroom.core.policy.reading import as_model, decoded, document, told
from readingroom.core.policy.yaml_text import Document, Place
from readingroom.core.policy.yaml_text import Fault as YamlFault
from readingroom.core.projects import NOTEBOOK_IMAGE
from readingroom.core.tiers import Tier


def _a_day(given: object) -> object:
    """`2028-03-31`, as YAML reads it and as JSON writes it; a moment is no day."""
    if isinstance(given, datetime):
        raise ValueError("has a time of day; a last day is a date, such as 2028-03-31")
    if isinstance(given, str):
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise ValueError(f"{given[:40]!r} is not a date, such as 2028-03-31") from None
    return given


Day = Annotated[date, BeforeValidator(_a_day)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON)]
Filter = Annotated[str, Field(min_length=1, max_length=LONGEST_FILTER)]


def _text(name: str, description: str) -> Any:
    return Field(min_length=1, max_length=LIMITS[name], description=description)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DatasetPart(_Part):
    """What is asked of one custodian."""

    dataset: Name = Field(description="Its slug in the catalogue.")
    columns: dict[Name, Annotated[dict[Name, Reason], Field(min_length=1)]] = Field(
        min_length=1, description="By table, each column that is needed, with the reason for it.")
    row_filter: dict[Name, Filter] = Field(
        default={}, description="By table, the condition that rows satisfy; without, all rows.")
    budget_micro_rho: Annotated[int, Field(ge=0, le=2**53 - 1)] = Field(
        default=0, description="Privacy budget for private answers, in millionths of rho.")


class ApplicationFile(_Part):
    """An application for data, to begin a draft from."""

    programme: Name = Field(description="The programme that it belongs to.")
    title: str = _text("title", "Published; outsiders understand it.")
    aim: str = _text("aim", "What you want to find out. Published.")
    public_benefit: str = _text("public_benefit", "Who will be better off, and how. Published.")
    purpose: Name = Field(description="One of those that every dataset allows.")
    legal_gateway: Name = Field(description="One of those that every dataset allows.")
    ends_on: Day = Field(description="The last day of the work, such as 2028-03-31.")
    lead: Name | None = Field(default=None, description="Username; whoever begins the draft, unless said.")
    members: Annotated[list[Name], Field(max_length=MOST_MEMBERS)] = Field(
        default=[], description="Usernames of those who will open the data.")
    datasets: Annotated[list[DatasetPart], Field(min_length=1, max_length=MOST_DATASETS)] = Field(
        description="The data, dataset by dataset; each custodian decides on their own.")
    outputs: str = _text("outputs", "Which tables, figures or models, and where they will appear.")
    urgent: str = Field(default="", max_length=LIMITS["urgent_reason"],
                        description="Why it cannot wait, for the urgent lane; empty in the usual one.")
    tier: str = Field(default=Tier.STANDARD.value, json_schema_extra={"enum": [tier.value for tier in Tier]},
                      description="How workspaces are reached.")
    image: Name = Field(default=NOTEBOOK_IMAGE, description="What workspaces run.")


def application_schema() -> dict[str, Any]:
    """JSON Schema of the file (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ApplicationFile.model_json_schema()}


@dataclass(frozen=True)
class Reading:
    """A file as far as it could be read: what it says, and what is wrong with its shape.

    `said` lacks the fields in `unread`, of `datasets` those that are not as they should be: that is told already.
    """

    document: Document
    said: ApplicationFile
    faults: tuple[YamlFault, ...]
    unread: frozenset[str]


def reading(content: bytes, file: str) -> Reading:
    """PolicyError if nothing can be made of it: no text, no YAML, no mapping."""
    found = document(decoded(content, file), file)
    said, faults = as_model(found, ApplicationFile)
    faults = [*found.faults, *_twice(found.value), *faults]
    if said is not None:
        return Reading(found, said, tuple(faults), frozenset())
    if not isinstance(found.value, dict):
        raise told(found.root, file, faults)
    unread = frozenset(str(place[0]) for place, _ in faults if place)
    return Reading(found, _as_far_as_sound(found.value, unread), tuple(faults), unread)


def _as_far_as_sound(given: Mapping[str, Any], unread: frozenset[str]) -> ApplicationFile:
    """The fields that hold what they should; so that what else is wrong with them is told in the same breath."""
    sound: dict[str, Any] = {name: given[name] for name in ApplicationFile.model_fields.keys() & given.keys() - unread}
    sound["datasets"] = list(islice(_sound_datasets(given.get("datasets")), MOST_DATASETS))
    sound["ends_on"] = _a_day(sound["ends_on"]) if "ends_on" in sound else date.max
    unsaid = {name: field.get_default() if not field.is_required() else ""
              for name, field in ApplicationFile.model_fields.items()}
    return ApplicationFile.model_construct(**{**unsaid, **sound})


def _sound_datasets(given: object) -> Iterator[DatasetPart]:
    for one in given if isinstance(given, list) else []:
        try:
            yield DatasetPart.model_validate(one)
        except ValidationError:
            continue


def _asked(given: object) -> list[tuple[int, str]]:
    """The datasets that are named, with their places in the list."""
    parts = given.get("datasets") if isinstance(given, dict) else None
    return [(position, one["dataset"]) for position, one in enumerate(parts if isinstance(parts, list) else [])
            if isinstance(one, dict) and isinstance(one.get("dataset"), str)]


def _twice(given: object) -> list[YamlFault]:
    """Datasets that are named again: the second would take the place of the first."""
    names = [name for _, name in _asked(given)]
    return [(("datasets", position, "dataset"), f"{name!r} is asked for twice; say it once")
            for order, (position, name) in enumerate(_asked(given)) if name in names[:order]]


def sections(said: ApplicationFile, applicant: str) -> dict[str, Typed]:
    """The sections of the form as they would have been typed."""
    typed: dict[str, Mapping[str, Any]] = {
        "aim": {"title": said.title, "aim": said.aim, "public_benefit": said.public_benefit},
        "gateway": {"purpose": said.purpose, "legal_gateway": said.legal_gateway},
        "dates": {"ends_on": said.ends_on.isoformat(), "urgent": "yes" if said.urgent else "",
                  "urgent_reason": said.urgent},
        "people": {"lead": said.lead or applicant, "members": "\n".join(said.members)},
        "settings": {"tier": said.tier, "image": said.image},
        "outputs": {"outputs": said.outputs},
        "data": {"datasets": [one.dataset for one in said.datasets]},
        **{dataset_section(one.dataset): {"columns": one.columns, "row_filter": one.row_filter,
                                          "budget_micro_rho": str(one.budget_micro_rho)} for one in said.datasets},
    }
    return {key: clean(key, section) for key, section in typed.items()}


def named(said: ApplicationFile, applicant: str) -> tuple[str, ...]:
    """The people in it, by username."""
    return named_people(sections(said, applicant))


def check(read_of: Reading, file: str, applicant: str, desk: Desk) -> None:
    """PolicyError with all that would keep it from being submitted today, each with its line.

    What is asked of fewer datasets than are named is held against fewer rules, so what is found then holds for all.
    """
    said, faults, policies = read_of.said, list(read_of.faults), desk.policies
    if "programme" not in read_of.unread and said.programme not in policies.programmes:
        faults.append((("programme",), f"There is no programme {said.programme[:40]!r}; "
                       f"{_meant(said.programme, policies.programmes)}"))
    asked = _asked(read_of.document.value)
    faults += [(("datasets", position, "dataset"), f"There is no dataset {name[:40]!r}; "
                f"{_meant(name, policies.datasets)}") for position, name in asked if name not in policies.datasets]
    for fault in read(sections(said, applicant), desk)[1]:
        place = _place(said, fault, {name: position for position, name in reversed(asked)})
        if place[0] not in (read_of.unread - {"datasets"}) and fault.rule != "application.datasets":
            faults.append((place, f"{fault.message} {fault.next_step}"))
    if faults:
        raise told(read_of.document.root, file, faults)


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known)) or 'none'}"


def _place(said: ApplicationFile, fault: Fault, positions: Mapping[str, int]) -> Place:
    """Where in the file the form's field is; `positions` of datasets by name."""
    if fault.field == "members" and fault.which in (names := [name.lower() for name in said.members]):
        return "members", names.index(fault.which)
    if not fault.section.startswith("data/"):
        return ({"urgent_reason": "urgent"}.get(fault.field, fault.field),)
    what, _, where = fault.field.partition("-")
    column = tuple((fault.which or where).split(".", 1))
    inside: Mapping[str, Place] = {"columns": ("columns", *column), "reason": ("columns", *column),
                                   "filter": ("row_filter", where)}
    return ("datasets", positions[fault.section.removeprefix("data/")], *inside.get(what, (fault.field,)))
