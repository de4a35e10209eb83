"""Parses policy files: text in, checked objects or all faults with their lines out. No disk here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.policy.complete import NEEDED
from readingroom.core.policy.model import DIRECTIONS, Layer, Policy, Positive, strictest
from readingroom.core.policy.reading import checked, document
from readingroom.core.policy.yaml_text import Document, Fault, Place
from readingroom.core.undertakings import Undertaking

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Model = TypeVar("Model", bound=BaseModel)
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Packs = Mapping[str, Policy]
NO_PACKS: Packs = {}
COLUMN = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class ColumnFile(_File):
    """One variable of a table."""

    name: Name
    label: Text
    type: Literal["integer", "number", "text", "date", "boolean"]
    codes: dict[str, str] = {}
    lower: float | None = None
    upper: float | None = None
    identifier: bool = False
    sensitive: bool = False

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, value: object) -> object:
        return {str(code): label for code, label in value.items()} if isinstance(value, dict) else value


class TableFile(_File):
    """One table; `privacy_unit` names the column that says whose row it is."""

    name: Name
    label: Text
    privacy_unit: Name
    max_rows_per_person: Positive = 1
    row_ceiling: Positive | None = None
    columns: Annotated[list[ColumnFile], Field(min_length=1)]


class DatasetFile(_File):
    """A dataset's registration by its custodian, with its policy."""

    slug: Slug
    title: Text
    department: Text
    custodian: Slug
    description: Text
    synthetic: bool = False
    known_issues: list[Text] = []
    people: Slug | None = None
    synthetic_twin: bool = False
    tables: Annotated[list[TableFile], Field(min_length=1)]
    rule_pack: Slug | None = None
    policy: Policy = Policy()


class LayerFile(_File):
    """A site's or a programme's policy; of a rule pack that it names, the stricter of each field is its opinion."""

    name: Text
    title: str = ""
    owners: list[Slug] = []
    rule_pack: Slug | None = None
    policy: Policy = Policy()


class RulePackFile(_File):
    """A named set of disclosure parameters, and where they come from."""

    name: Slug
    title: Text
    source: Text
    policy: Policy


class UndertakingFile(_File):
    """What people sign before they may open data. Without `organisation`: everyone whose organisation has none."""

    organisation: Annotated[str, Field(max_length=200)] = ""
    version: Annotated[str, Field(min_length=1, max_length=40)]
    days: Annotated[Positive | None, Field(le=3660, description="A signature counts for so many days; without, until "
                                           "version or words change.")] = None
    text: Annotated[str, Field(min_length=1, max_length=50_000)]


class BareFile(Policy):
    """The fields of a policy without the rest of a layer."""

    rule_pack: Slug | None = None


FileKind = Literal["layer", "dataset", "rule-pack", "undertaking", "bare"]
MODELS: dict[FileKind, type[BaseModel]] = {
    "layer": LayerFile, "dataset": DatasetFile, "rule-pack": RulePackFile, "undertaking": UndertakingFile,
    "bare": BareFile}
TELLING: dict[FileKind, set[str]] = {
    "undertaking": {"text", "version"}, "dataset": {"slug", "tables", "custodian", "department"},
    "rule-pack": {"source"}, "layer": {"name", "title", "owners", "policy"}}


def file_schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file. Each field says which of two opinions is the tighter one."""
    schema = MODELS[kind].model_json_schema()
    fields = schema["properties"] if kind == "bare" else schema.get("$defs", {}).get("Policy", {"properties": {}})[
        "properties"]
    for name, direction in DIRECTIONS.items() if fields else ():
        field = fields[name]
        field["description"] += f" Of two opinions, in force is {direction.value}."
        del field["default"]
        field["anyOf"][0].pop("uniqueItems", None)  # saying a thing twice changes nothing
    if fields:
        fields["denied_columns"]["anyOf"][0]["items"]["pattern"] = f"^{COLUMN.pattern}$"
        fields["dominance"]["anyOf"][0]["items"]["prefixItems"][1]["not"] = {"exclusiveMinimum": 0, "maximum": 1}
    if kind == "rule-pack":
        said = {name: {"not": {"type": "null"}} for name in NEEDED}
        schema["properties"]["policy"] = {"allOf": [{"$ref": "#/$defs/Policy"},
                                                    {"required": list(NEEDED), "properties": said}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def parse_dataset(text: str, file: str, packs: Packs = NO_PACKS) -> tuple[Dataset, Policy]:
    """A dataset file's contents. PolicyError lists every fault as `file:line: where: what`."""
    read = document(text, file)
    found = _checked(read, file, DatasetFile, packs)
    return _dataset(found), _opinion(found.policy, found.rule_pack, packs)


def parse_layer(text: str, file: str, packs: Packs = NO_PACKS) -> Layer:
    """A site or programme file's contents. PolicyError lists every fault."""
    read = document(text, file)
    found = _checked(read, file, LayerFile, packs)
    return Layer(found.name, _opinion(found.policy, found.rule_pack, packs), tuple(found.owners))


def parse_rule_pack(text: str, file: str) -> tuple[str, Policy]:
    """A rule pack's name and parameters. A rule pack leaves nothing open that a disclosure rule needs."""
    read = document(text, file)
    found = _checked(read, file, RulePackFile)
    return found.name, found.policy


def parse_undertaking(text: str, file: str) -> Undertaking:
    """An undertaking file's contents. PolicyError lists every fault."""
    read = document(text, file)
    found = _checked(read, file, UndertakingFile)
    return Undertaking(found.organisation, found.version, found.text, found.days)


def parse_any(text: str, file: str, packs: Packs = NO_PACKS) -> Layer:
    """The layer in any policy file: of a site, programme, dataset or rule pack, or the bare fields of a policy.

    An undertaking is a policy file too, and one without an opinion on any field.
    """
    read = document(text, file)
    match _kind_of(read.value):
        case "undertaking":
            return Layer(f"undertaking {parse_undertaking(text, file).version}", Policy())
        case "dataset":
            dataset, policy = parse_dataset(text, file, packs)
            return Layer(f"dataset {dataset.slug}", policy)
        case "rule-pack":
            return Layer(*parse_rule_pack(text, file))
        case "layer":
            return parse_layer(text, file, packs)
        case "bare":
            bare = _checked(read, file, BareFile, packs)
            own = Policy.model_construct(**{name: getattr(bare, name) for name in DIRECTIONS})
            return Layer(file, _opinion(own, bare.rule_pack, packs))


def _kind_of(given: object) -> FileKind:
    """What a file is meant to be, by a field that only this kind has: so that what it lacks is told as its lack."""
    fields = given.keys() if isinstance(given, dict) else set()
    return next((kind for kind, telling in TELLING.items() if fields & telling), "bare" if fields else "layer")


def _opinion(own: Policy, rule_pack: str | None, packs: Packs) -> Policy:
    """What a layer says by itself and by the rule pack that it names: field by field the stricter of the two."""
    return own if rule_pack is None else strictest(packs[rule_pack], own)


def _dataset(found: DatasetFile) -> Dataset:
    tables = tuple(
        Table(table.name, table.label, tuple(Column(**column.model_dump()) for column in table.columns),
              table.privacy_unit, table.max_rows_per_person, table.row_ceiling) for table in found.tables)
    return Dataset(found.slug, found.title, found.department, found.custodian, found.description, tables,
                   found.synthetic, tuple(found.known_issues), found.people or "",
                   found.synthetic_twin)


def _checked(found: Document, file: str, model: type[Model], packs: Packs = NO_PACKS) -> Model:
    """The file as an object. PolicyError with all that is wrong with it: as YAML, in its fields, and between them."""
    given = found.value
    policy, place = (given, ()) if issubclass(model, Policy) else (_policy_of(given), ("policy",))
    between = [*_no_columns(policy, place), *_unknown_pack(given, packs)]
    between += _left_open(policy) if model is RulePackFile else ()
    between += _contradictions(given) if model is DatasetFile and isinstance(given, dict) else ()
    return checked(found, file, model, between)


def _policy_of(given: object) -> object:
    return given.get("policy") if isinstance(given, dict) else None


def _unknown_pack(given: object, packs: Packs) -> Iterator[Fault]:
    named = given.get("rule_pack") if isinstance(given, dict) else None
    if isinstance(named, str) and named not in packs:
        known = f"there are {', '.join(sorted(packs))}" if packs else "there are none here"
        yield ("rule_pack",), f"{named[:60]!r} is unknown; {known}"


def _left_open(policy: object) -> Iterator[Fault]:
    """A rule pack leaves nothing open that a disclosure rule needs."""
    said = policy if isinstance(policy, dict) else {}
    yield from ((("policy",), f"does not say {name}") for name in NEEDED if said.get(name) is None)


def _no_columns(policy: object, place: Place) -> Iterator[Fault]:
    """A denial that can be of no column denies nothing."""
    denied = policy.get("denied_columns") if isinstance(policy, dict) else None
    for position, name in enumerate(denied if isinstance(denied, list) else []):
        if isinstance(name, str) and not COLUMN.fullmatch(name):
            yield (*place, "denied_columns", position), f"{name[:60]!r} is not table.column"


def _contradictions(given: dict[str, Any]) -> Iterator[Fault]:
    """What no single field can show. Parts of the wrong shape are left to the field checks."""
    columns: dict[str, dict[str, dict[str, Any]]] = {}
    for position, table in _mappings(given.get("tables")):
        place: Place = ("tables", position)
        named = {str(column.get("name")): column for _, column in _mappings(table.get("columns"))}
        if str(table.get("name")) in columns:
            yield (*place, "name"), "another table has the same name"
        columns[str(table.get("name"))] = named
        unit = table.get("privacy_unit")
        if unit is not None and named.get(str(unit), {}).get("identifier") is not True:
            yield (*place, "privacy_unit"), f"{unit!r} must be a column of this table with `identifier: true`"
        seen = set()
        for at, column in _mappings(table.get("columns")):
            if str(column.get("name")) in seen:
                yield (*place, "columns", at, "name"), "another column has the same name"
            seen.add(str(column.get("name")))
            yield from (((*place, "columns", at, field), what) for field, what in _column_contradictions(column))
    policy = given.get("policy")
    denied = policy.get("denied_columns") if isinstance(policy, dict) else None
    for position, name in enumerate(denied if isinstance(denied, list) else []):
        table_name, _, column_name = str(name).partition(".")
        if column_name not in columns.get(table_name, {}):
            yield ("policy", "denied_columns", position), f"{name!r} is not a table.column of this dataset"


def _column_contradictions(column: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lower, upper, codes = column.get("lower"), column.get("upper"), column.get("codes")
    if (lower is None) != (upper is None):
        yield "lower" if upper is None else "upper", "lower and upper are given together or not at all"
    if isinstance(lower, int | float) and isinstance(upper, int | float) and lower >= upper:
        yield "lower", f"lower ({lower}) must be below upper ({upper})"
    if column.get("type") == "integer" and isinstance(codes, dict):
        wrong = [str(code) for code in codes if not str(code).removeprefix("-").isdecimal()]
        if wrong:
            yield "codes", f"an integer cannot hold {', '.join(wrong)}"


def _mappings(items: object) -> list[tuple[int, dict[str, Any]]]:
    return [(at, item) for at, item in enumerate(items if isinstance(items, list) else []) if isinstance(item, dict)]
