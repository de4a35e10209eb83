"""The policy model: every field says which way is tight, so combining can only tighten (promise P3).

A layer (site, programme, dataset, grant) leaves out what it has no opinion on. `strictest` combines layers
field by field with the field's direction; a field without a direction is an error at import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from readingroom.core.tiers import Tier


class Direction(Enum):
    """How two opinions on one field combine into the tighter of them."""

    MAX = "the larger"
    MIN = "the smaller"
    ANY = "yes if any layer says yes"
    ALL = "yes only if every layer says yes"
    INTERSECTION = "only what every layer allows"
    UNION = "everything that any layer demands"


TIGHTEN: dict[Direction, Callable[[Any, Any], Any]] = {
    Direction.MAX: max,
    Direction.MIN: min,
    Direction.ANY: lambda a, b: a or b,
    Direction.ALL: lambda a, b: a and b,
    Direction.INTERSECTION: lambda a, b: a & b,
    Direction.UNION: lambda a, b: a | b,
}


LARGEST = 2**53 - 1  # the largest whole number that JSON, and so the hash of a policy, holds exactly


def _whole(value: object) -> object:
    """10.0 is a whole number, in JSON as here."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Nothing is made into something else on the way in: neither "10" nor yes is a number, neither 1 nor "no" a switch.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Switch = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST), BeforeValidator(_whole)]
Positive = Annotated[int, Field(strict=True, ge=1, le=LARGEST), BeforeValidator(_whole)]
Percent = Annotated[Number, Field(ge=0, le=100)]
Names = frozenset[Annotated[str, Field(strict=True, min_length=1)]]


def _no_share(pair: object) -> object:
    """k is in percent; one of 1 or less, as files write pairs, is nearly always a share by mistake."""
    if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], int | float) and 0 < pair[1] <= 1:
        n, k = pair
        raise ValueError(f"[{n}, {k:g}] could mean {100 * k:g}% or {k:g}%: k is in percent, write [{n}, {100 * k:g}]")
    return pair


DominancePair = Annotated[tuple[Positive, Percent], BeforeValidator(_no_share)]
Ratio = Annotated[Number, Field(gt=0, le=100)]
Processors = Annotated[Number, Field(gt=0, le=10_000)]
PriorPosterior = tuple[Ratio, Ratio]
WeightsMode = Literal["expand", "total"]
IncomingKind = Literal["code", "table", "package"]
Recipient = Literal["author", "members", "custodians"]


class Policy(BaseModel):
    """One layer's opinions, or the effective policy once combined. None means "no opinion"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # disclosure: what a result must satisfy before it leaves
    threshold: Annotated[Positive | None, Direction.MAX] = Field(
        default=None, description="A cell resting on fewer distinct people than this fails.")
    threshold_inclusive: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: a cell of exactly `threshold` people fails too (`<=` instead of `<`).")
    zeros_disclosive: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: an empty cell is treated as low, unless declared a structural zero.")
    dominance: Annotated[frozenset[DominancePair] | None, Direction.UNION] = Field(
        default=None, description="(n, k): a cell whose n largest contributions exceed k percent of its total fails.")
    dominance_inclusive: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: exactly k percent fails too (`>=` instead of `>`).")
    p_percent: Annotated[Percent | None, Direction.MAX] = Field(
        default=None, description="A cell whose total less its two largest is under p percent of the largest fails.")
    p_percent_coalition: Annotated[Positive | None, Direction.MAX] = Field(
        default=None, description="How many contributors put together what they know of the largest; 1 unless said.")
    p_q: Annotated[frozenset[PriorPosterior] | None, Direction.UNION] = Field(
        default=None, description="(p, q): a cell fails whose largest contribution, known to within q percent before, "
        "is known to within p percent after.")
    weights: Annotated[frozenset[WeightsMode] | None, Direction.UNION] = Field(
        default=None, description="How sampling weights enter dominance and p%: `expand` counts a contribution as "
        "often as it weighs, `total` sets unweighted contributions against the weighted total; with both, both must "
        "hold.")
    group_disclosure: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="No: a row or column with all its people in one cell may leave, and so may values "
        "that are all equal. They fail unless every layer that speaks says no.")
    group_coalition: Annotated[Count | None, Direction.MAX] = Field(
        default=None, description="How many people of a row or column may know about themselves and still not learn "
        "about all others; 1 unless said.")
    group_percent: Annotated[Percent | None, Direction.MIN] = Field(
        default=None, description="A cell with more than this percentage of its row's or column's people fails.")
    quantile_side: Annotated[Positive | None, Direction.MAX] = Field(
        default=None, description="A median or other quantile with fewer people than this below or above it fails; "
        "`threshold` holds in any case.")
    extremes_forbidden: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: a minimum or maximum fails even where enough people share it.")
    rounding_base: Annotated[Positive | None, Direction.MAX] = Field(
        default=None, description="Counts, shares and rates that are not rounded to this base or a larger one fail.")
    missing_disclosive: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: a cell from which a few people drop out for want of a value needs a person.")
    residual_degrees_of_freedom: Annotated[Count | None, Direction.MAX] = Field(
        default=None, description="A model with fewer residual degrees of freedom than this fails.")

    # egress: what may be asked for, and who must look
    output_types: Annotated[Names | None, Direction.INTERSECTION] = Field(
        default=None, description="File types that may leave: csv, png, txt, json, ... recognised by content.")
    max_file_bytes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Largest single file, in bytes.")
    max_table_rows: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Longest table that can be an aggregate; longer ones fail as row-level data.")
    max_files: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most files in one request.")
    checkers_required: Annotated[Count | None, Direction.MAX] = Field(
        default=None, description="Independent approvals that every file needs.")
    verified_checkers: Annotated[Positive | None, Direction.MAX] = Field(
        default=None, description="Approvals that are enough where every file of a request is verified and passed its "
        "checks. It holds only for data whose own rules say it; else as many as for any other.")
    custodian_sign_off: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: after its checkers, the dataset's custodian signs off each request of a "
        "project that has its data. Private answers aside.")
    other_organisation: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: a checker may not be of the author's organisation.")
    coauthor_days: Annotated[Count | None, Direction.MAX] = Field(
        default=None, description="So many days after a project of both ended, a checker still may not check an "
        "author's outputs; until its end in any case.")
    escalate_hours: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="A request that lacks a review for so long after it was submitted is brought before "
        "every checker and the administrators.")
    release_recipients: Annotated[frozenset[Recipient] | None, Direction.INTERSECTION] = Field(
        default=None, description="Who may download a release: `author`, `members` of the project, `custodians` of its "
        "datasets; author and members, unless said.")
    release_days: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="So many days after it was made, a release can't be downloaded any more.")
    release_downloads: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most downloads of one release, by all its recipients together.")

    # privacy: differentially private answers
    max_query_micro_rho: Annotated[Count | None, Direction.MIN] = Field(
        default=None, description="Most that one private answer may cost, in millionths of rho.")
    project_budget_micro_rho: Annotated[Count | None, Direction.MIN] = Field(
        default=None, description="Most that one project may spend on a dataset, in millionths of rho.")
    dataset_budget_micro_rho: Annotated[Count | None, Direction.MIN] = Field(
        default=None, description="Most that all projects together may spend on a dataset, ever, whatever its version.")
    project_budget_femto_delta: Annotated[Count | None, Direction.MIN] = Field(
        default=None, description="Most delta that one project may spend on a dataset, in units of 1e-15. Only tables "
                                  "whose categories are not declared cost any.")
    dataset_budget_femto_delta: Annotated[Count | None, Direction.MIN] = Field(
        default=None, description="Most delta that all projects together may spend on a dataset, in units of 1e-15.")
    private_answer_checkers: Annotated[Count | None, Direction.MAX] = Field(
        default=None, description="Approvals that a private answer needs before it leaves; 0: it leaves at once.")

    # access: for whom, for what, until when
    purposes: Annotated[Names | None, Direction.INTERSECTION] = Field(
        default=None, description="Purposes for which data may be used.")
    legal_gateways: Annotated[Names | None, Direction.INTERSECTION] = Field(
        default=None, description="Legal gateways under which data may be shared.")
    denied_columns: Annotated[Names | None, Direction.UNION] = Field(
        default=None, description="Columns (table.column) that no grant may open.")
    two_people_vouch: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: whoever verified a person's identity does not record their accreditation; "
        "somebody else does. The site's own counts.")
    max_grant_days: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Longest life of a grant, in days.")

    # ingress: what may be brought in, and who must look
    incoming_kinds: Annotated[frozenset[IncomingKind] | None, Direction.INTERSECTION] = Field(
        default=None, description="What may be brought into a project: `code`, `table` (reference tables), `package`; "
        "nothing, if unsaid.")
    incoming_files: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most files in one request to bring files in; none, if unsaid.")
    incoming_file_bytes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Largest single file that may be brought in, in bytes.")
    incoming_bytes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most bytes of one request to bring files in, over all its files.")
    incoming_checkers: Annotated[Positive | None, Direction.MAX] = Field(
        default=None, description="Independent approvals that every file needs before it comes in; 1, if unsaid.")
    incoming_scanned: Annotated[Switch | None, Direction.ANY] = Field(
        default=None, description="Yes: only what a malware scanner found clean comes in. Else a checker is told that "
        "nobody scanned it, where there is no scanner.")

    # workspace: the container's limits
    memory_bytes: Annotated[Positive | None, Direction.MIN] = Field(default=None, description="Memory of a workspace.")
    cpus: Annotated[Processors | None, Direction.MIN] = Field(default=None, description="Processors of a workspace.")
    pids: Annotated[Positive | None, Direction.MIN] = Field(default=None, description="Processes of a workspace.")
    home_bytes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most that a person's home in one project may hold.")
    project_bytes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most that the folder shared by a project's members may hold.")
    images: Annotated[Names | None, Direction.INTERSECTION] = Field(
        default=None, description="Images that a project may choose for its workspaces; notebook only, if unsaid.")
    tier: Annotated[Tier | None, Direction.MAX] = Field(
        default=None, description="How a workspace is reached: standard (JupyterLab in the browser) or, stricter, "
        "strict (its pixels only, from a browser beside it).")
    terminals: Annotated[Switch | None, Direction.ALL] = Field(
        default=None, description="Yes: a workspace has terminals. They are refused unless every layer that speaks "
        "says yes.")
    workspaces: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most workspaces that one person may have open at once, over all projects; the "
        "policy of each of them counts.")
    tokens: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most tokens that the browsers of one person hold at once, at the portal and at "
        "workspaces; with one more the oldest ends, and that browser has to sign in again. The site's own counts.")
    kernels: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most kernels and terminals that one person may be connected to at once, in all "
        "their workspaces together; one that is open in two tabs counts once. 100 unless said.")
    upload_bytes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Largest file that a browser may write into a workspace in one piece; 32 MiB unless "
        "said.")
    upload_bytes_per_minute: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most that one person may send into a workspace in a minute; 128 MiB unless said.")
    requests_per_10_seconds: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="Most requests of one person to a workspace in 10 seconds; 1500 unless said "
        "(JupyterLab opening: about 150).")
    idle_minutes: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="A workspace that nobody has used through the door for so long is closed.")
    max_age_hours: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="A workspace older than this is closed.")
    shown_bytes_alert: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="More bytes than this shown to one person in 24 hours raise an alert on the log.")
    shown_bytes_limit: Annotated[Positive | None, Direction.MIN] = Field(
        default=None, description="More than this close the workspace, until enough of the 24 hours has passed.")


def _directions() -> dict[str, Direction]:
    hints = get_type_hints(Policy, include_extras=True)
    found = {}
    for name in Policy.model_fields:
        marks = [mark for mark in getattr(hints[name], "__metadata__", ()) if isinstance(mark, Direction)]
        if len(marks) != 1:
            raise TypeError(f"Policy.{name} declares {len(marks)} directions; exactly one is needed")
        found[name] = marks[0]
    return found


DIRECTIONS: dict[str, Direction] = _directions()


@dataclass(frozen=True)
class Layer:
    """A policy and where it was said: site, programme, dataset or grant.

    `owners` are the people who answer applications to a programme; where none is named, everyone with the owner role.
    """

    name: str
    policy: Policy
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why one field has its effective value: the layers that set it and what the others said."""

    field: str
    effective: object
    set_by: tuple[str, ...]
    said: dict[str, object]
    direction: Direction


def strictest(*policies: Policy) -> Policy:
    """The meet of `policies`: at least as tight as each of them, in every field.

    Commutative, associative, idempotent and monotone; of no policies, the one without opinions.
    """
    combined: dict[str, Any] = {}
    for name, direction in DIRECTIONS.items():
        said = [value for policy in policies if (value := getattr(policy, name)) is not None]
        value = None
        for opinion in said:
            value = opinion if value is None else TIGHTEN[direction](value, opinion)
        combined[name] = value
    return Policy.model_construct(**combined)


def explain(layers: tuple[Layer, ...]) -> tuple[Explanation, ...]:
    """For each field that any layer has an opinion on: its effective value and who set it."""
    effective = strictest(*(layer.policy for layer in layers))
    explanations = []
    for name, direction in DIRECTIONS.items():
        said = {layer.name: value for layer in layers if (value := getattr(layer.policy, name)) is not None}
        if not said:
            continue
        value = getattr(effective, name)
        setters = tuple(layer for layer, opinion in said.items() if opinion == value) or tuple(said)
        explanations.append(Explanation(name, value, setters, said, direction))
    return tuple(explanations)
