"""Parses policy files: text in, checked objects or all faults with their lines out. No disk here."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.policy.model import Layer, Policy
from readingroom.errors import PolicyError

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Model = TypeVar("Model", bound=BaseModel)
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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

    @model_validator(mode="after")
    def _range_is_one(self) -> ColumnFile:
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"lower ({self.lower}) must be below upper ({self.upper})")
        return self


class TableFile(_File):
    """One table; `privacy_unit` names the column that says whose row it is."""

    name: Name
    label: Text
    privacy_unit: Name
    max_rows_per_person: Annotated[int, Field(ge=1)] = 1
    columns: Annotated[list[ColumnFile], Field(min_length=1)]

    @model_validator(mode="after")
    def _unit_is_an_identifier(self) -> TableFile:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns have the same name")
        if not any(column.name == self.privacy_unit and column.identifier for column in self.columns):
            raise ValueError(f"privacy_unit {self.privacy_unit!r} must be a column with `identifier: true`")
        return self


class DatasetFile(_File):
    """A dataset's registration by its custodian, with its policy."""

    slug: Slug
    title: Text
    department: Text
    custodian: Slug
    description: Text
    synthetic: bool = False
    known_issues: list[Text] = []
    tables: Annotated[list[TableFile], Field(min_length=1)]
    policy: Policy = Policy()


class LayerFile(_File):
    """A site's or a programme's policy."""

    name: Text
    title: str = ""
    policy: Policy


def parse_dataset(text: str, file: str) -> tuple[Dataset, Policy]:
    """A dataset file's contents. PolicyError lists every fault as `file:line: where: what`."""
    found = _parse(text, file, DatasetFile)
    tables = tuple(
        Table(table.name, table.label, tuple(Column(**column.model_dump()) for column in table.columns),
              table.privacy_unit, table.max_rows_per_person) for table in found.tables)
    dataset = Dataset(found.slug, found.title, found.department, found.custodian, found.description, tables,
                      found.synthetic, tuple(found.known_issues))
    return dataset, found.policy


def parse_layer(text: str, file: str) -> Layer:
    """A site or programme file's contents. PolicyError lists every fault."""
    found = _parse(text, file, LayerFile)
    return Layer(found.name, found.policy)


def _parse(text: str, file: str, model: type[Model]) -> Model:
    try:
        return model.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "cannot be read"
        raise _refusal(file, [f"{file}:{line}: is not valid YAML: {problem}"]) from error
    except ValidationError as error:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        raise _refusal(file, [
            f"{file}:{_line(root, fault['loc'])}: {_where(fault['loc'])}: {fault['msg']}" for fault in error.errors()
        ]) from error


def _refusal(file: str, faults: list[str]) -> PolicyError:
    return PolicyError(f"{file} cannot be used:", faults=faults, rule="policy.file", value=file,
                       next_step="Correct these and load it again.")


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
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
