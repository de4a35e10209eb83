"""Parses policy files: text in, checked objects or all faults with their lines out. No disk here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.policy.complete import unset_parameters
from readingroom.core.policy.model import DIRECTIONS, Layer, Policy, strictest
from readingroom.core.undertakings import Undertaking
from readingroom.errors import PolicyError

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Model = TypeVar("Model", bound=BaseModel)
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Place = tuple[int | str, ...]
Fault = tuple[Place, str]
Packs = Mapping[str, Policy]
NO_PACKS: Packs = {}
LONGEST = 200_000  # characters
DEEPEST = 20


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
    max_rows_per_person: Annotated[int, Field(ge=1)] = 1
    row_ceiling: Annotated[int | None, Field(ge=1)] = None
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
    text: Annotated[str, Field(min_length=1, max_length=50_000)]


class BareFile(Policy):
    """The fields of a policy without the rest of a layer."""

    rule_pack: Slug | None = None


FileKind = Literal["layer", "dataset", "rule-pack", "undertaking"]


def file_schema(kind: FileKind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file. Each field says which of two opinions is the tighter one."""
    models: dict[FileKind, type[_File]] = {"layer": LayerFile, "dataset": DatasetFile, "rule-pack": RulePackFile,
                                           "undertaking": UndertakingFile}
    schema = models[kind].model_json_schema()
    for name, field in schema.get("$defs", {}).get("Policy", {"properties": {}})["properties"].items():
        field["description"] += f" Of two opinions, in force is {DIRECTIONS[name].value}."
        del field["default"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def parse_dataset(text: str, file: str, packs: Packs = NO_PACKS) -> tuple[Dataset, Policy]:
    """A dataset file's contents. PolicyError lists every fault as `file:line: where: what`."""
    root, given = _read(text, file)
    found = _checked(root, given, file, DatasetFile)
    return _dataset(found), _opinion(root, file, found.policy, found.rule_pack, packs)


def parse_layer(text: str, file: str, packs: Packs = NO_PACKS) -> Layer:
    """A site or programme file's contents. PolicyError lists every fault."""
    root, given = _read(text, file)
    found = _checked(root, given, file, LayerFile)
    return Layer(found.name, _opinion(root, file, found.policy, found.rule_pack, packs), tuple(found.owners))


def parse_rule_pack(text: str, file: str) -> tuple[str, Policy]:
    """A rule pack's name and parameters. A rule pack leaves nothing open that a disclosure rule needs."""
    root, given = _read(text, file)
    found = _checked(root, given, file, RulePackFile)
    if left := unset_parameters(found.policy):
        line = _line(root, ("policy",))
        raise _refusal(file, [f"{file}:{line}: policy: does not say {name}" for name in left])
    return found.name, found.policy


def parse_undertaking(text: str, file: str) -> Undertaking:
    """An undertaking file's contents. PolicyError lists every fault."""
    root, given = _read(text, file)
    found = _checked(root, given, file, UndertakingFile)
    return Undertaking(found.organisation, found.version, found.text)


def parse_any(text: str, file: str, packs: Packs = NO_PACKS) -> Layer:
    """The layer in any policy file: of a site, programme, dataset or rule pack, or the bare fields of a policy.

    An undertaking is a policy file too, and one without an opinion on any field.
    """
    root, given = _read(text, file)
    if isinstance(given, dict) and "text" in given:
        return Layer(f"undertaking {parse_undertaking(text, file).version}", Policy())
    if isinstance(given, dict) and "tables" in given:
        dataset, policy = parse_dataset(text, file, packs)
        return Layer(f"dataset {dataset.slug}", policy)
    if isinstance(given, dict) and "source" in given:
        return Layer(*parse_rule_pack(text, file))
    if isinstance(given, dict) and not given.keys() & {"name", "title", "policy"}:
        bare = _checked(root, given, file, BareFile)
        own = Policy.model_construct(**{name: getattr(bare, name) for name in DIRECTIONS})
        return Layer(file, _opinion(root, file, own, bare.rule_pack, packs))
    return parse_layer(text, file, packs)


def _opinion(root: yaml.Node | None, file: str, own: Policy, rule_pack: str | None, packs: Packs) -> Policy:
    """What a layer says by itself and by the rule pack that it names: field by field the stricter of the two."""
    if rule_pack is None:
        return own
    if rule_pack not in packs:
        known = f"there are {', '.join(sorted(packs))}" if packs else "there are none here"
        raise _refusal(file, [f"{file}:{_line(root, ('rule_pack',))}: rule_pack: {rule_pack!r} is unknown; {known}"])
    return strictest(packs[rule_pack], own)


def _dataset(found: DatasetFile) -> Dataset:
    tables = tuple(
        Table(table.name, table.label, tuple(Column(**column.model_dump()) for column in table.columns),
              table.privacy_unit, table.max_rows_per_person, table.row_ceiling) for table in found.tables)
    return Dataset(found.slug, found.title, found.department, found.custodian, found.description, tables,
                   found.synthetic, tuple(found.known_issues), found.people or "",
                   found.synthetic_twin)


def _read(text: str, file: str) -> tuple[yaml.Node | None, object]:
    """The YAML, with and without its places. PolicyError if it is too much to read, or none."""
    if len(text) > LONGEST:
        raise _refusal(file, [f"{file}:1: has {len(text)} characters; at most {LONGEST} are read"])
    try:
        if unreadable := list(_unreadable(text)):
            raise _refusal(file, [f"{file}:{line}: {what}" for line, what in unreadable])
        return yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: 2020-13-45, or a number too long
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "cannot be read"
        raise _refusal(file, [f"{file}:{line}: is not valid YAML: {problem}"]) from error


def _checked(root: yaml.Node | None, given: object, file: str, model: type[Model]) -> Model:
    faults: list[Fault] = []
    if root is not None:
        faults += _written_twice(root, ())
        faults += _misread_codes(root, ())
    if isinstance(given, dict):
        faults += _switches_for_numbers(given, ()) if issubclass(model, Policy) else _switches_for_numbers(
            given.get("policy"), ("policy",))
        faults += _contradictions(given) if model is DatasetFile else ()
    parsed = None
    try:
        parsed = model.model_validate(given)
    except ValidationError as error:
        faults += [(fault["loc"], _said(fault, model)) for fault in error.errors()]
    if faults or parsed is None:
        lines = sorted({(_line(root, place), f"{_where(place)}: {what}") for place, what in faults})
        raise _refusal(file, [f"{file}:{line}: {what}" for line, what in lines])
    return parsed


def _said(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """The library's words, but for an unknown field which ones there are."""
    if fault["type"] != "extra_forbidden":
        return fault["msg"]
    *way, wrong = fault["loc"]
    known = sorted(_model_at(model, way).model_fields)
    close = get_close_matches(str(wrong), known, 1)
    return "is not a field here; " + (f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}")


def _model_at(model: type[BaseModel], way: Sequence[int | str]) -> type[BaseModel]:
    """The model of the mapping at `way`, lists passed through."""
    for part in way:
        annotation = model.model_fields[part].annotation if isinstance(part, str) else None
        inner = next((one for one in (annotation, *get_args(annotation)) if isinstance(one, type)
                      and issubclass(one, BaseModel)), None)
        model = inner or model
    return model


def _unreadable(text: str) -> Iterator[tuple[int, str]]:
    """What a short file must not hold because of what it would take to read it."""
    depth = 0
    for event in yaml.parse(text):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:  # reading on takes time with the square of the depth
            yield event.start_mark.line + 1, f"is nested more than {DEEPEST} deep"
            return
        if isinstance(event, yaml.AliasEvent):  # a few of them can stand for gigabytes, or for themselves
            yield event.start_mark.line + 1, f"*{event.anchor}: write it out; references within the file are not read"


def _written_twice(node: yaml.Node, place: Place) -> Iterator[Fault]:
    """YAML keeps the last of two equal keys in silence: a second `threshold` could undo the first."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*place, key.value), "is written twice"
            seen.add(key.value)
            yield from _written_twice(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _written_twice(value, (*place, position))


def _misread_codes(node: yaml.Node, place: Place) -> Iterator[Fault]:
    """Codes that YAML takes for something else: NO is false, 010 is eight."""
    if isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _misread_codes(value, (*place, position))
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value == "codes" and isinstance(value, yaml.MappingNode):
            for code, _ in value.value:
                if str(yaml.safe_load(yaml.serialize(code))) != code.value:
                    yield (*place, "codes", code.value), f"YAML does not read this as text; write it as '{code.value}'"
        else:
            yield from _misread_codes(value, (*place, key.value))


def _switches_for_numbers(policy: object, place: Place) -> Iterator[Fault]:
    """`threshold: yes` would be taken for a threshold of 1."""
    for name, value in policy.items() if isinstance(policy, dict) else ():
        field = Policy.model_fields.get(name)
        if isinstance(value, bool) and field is not None and "bool" not in str(field.annotation):
            yield (*place, name), f"is {'yes' if value else 'no'}; a number or a list is needed"


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


def _refusal(file: str, faults: list[str]) -> PolicyError:
    return PolicyError(f"{file} cannot be used:", faults=faults, rule="policy.file", value=file,
                       next_step="Correct these and load it again.")


def _where(location: Place) -> str:
    return ".".join(str(part) for part in location) or "the file"


def _line(node: yaml.Node | None, location: Place) -> int:
    """The line of the innermost node on the way to `location` that exists."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if part not in pairs:
                break
            line, node = pairs[part][0].start_mark.line + 1, pairs[part][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
