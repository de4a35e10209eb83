"""What is sent when files are asked for: a description in JSON, and the files it names, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile

from readingroom.core.policy import Policy
from readingroom.core.requests import FileKind, Group
from readingroom.errors import InvalidInput
from readingroom.services.uploads import Upload
from readingroom.web import forms

Round = Annotated[int, Field(
    strict=True, ge=1, le=2**31 - 1, description="the round that was looked at: 409 if there is a newer")]
Key = Annotated[str | None, Header(
    alias="Idempotency-Key", pattern="^[A-Za-z0-9_-]{8,64}$", description="a new one for each submission; the same "
    "again, with the same files, is answered with what it made the first time")]


class Body(BaseModel):
    """What may be sent. A field that is not named is a mistake, and refused."""

    model_config = ConfigDict(extra="forbid")


def example(**fields: Any) -> ConfigDict:
    """The configuration of a body with an example in its document."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


TABLE = {"name": "return_by_age.csv", "context": "Distinct defendants by age and return within a year, 2011 to 2019",
         "controls": "Rounded to 10"}


class FileDescription(Body):
    """What the researcher says of one file. `evidence` is what the SDK counted: a claim.

    Only files of kind `output` leave. `group` names one of the request's groups; a file in one may do without a
    context of its own.
    """

    name: str
    context: str = ""
    controls: str = ""
    evidence: dict[str, Any] | None = None
    kind: FileKind = FileKind.OUTPUT
    group: str = ""


class GroupDescription(Body):
    """What is said of files together."""

    name: str
    context: str
    controls: str = ""


class NewRequest(Body):
    """Outputs that are asked for together."""

    model_config = example(title="Return by age", purpose="Table 2 of a working paper", files=[TABLE])
    title: str
    purpose: str
    files: list[FileDescription]
    groups: list[GroupDescription] = []


class NextRound(Body):
    """The answer to a returned round. `keep` names files of it that go along as they are, unsent; a file that is sent
    with the bytes it had, and without evidence, keeps that which it had."""

    model_config = example(round=1, keep=["method.txt"], files=[TABLE])
    round: Round
    files: list[FileDescription] = []
    groups: list[GroupDescription] = []
    keep: list[str] = []


class Answer(Body):
    """Which round it is about."""

    model_config = example(round=1)
    round: Round


Described = TypeVar("Described", bound=Body)


def form_of(described: type[Body]) -> dict[str, Any]:
    """The body of an operation that takes files, as its document says it: JSON in one part, each file in another."""
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {
        "schema": {"type": "object", "required": ["request"], "properties": {
            "request": {"type": "string", "contentMediaType": "application/json",
                        "description": described.__doc__, "contentSchema": _schema(described)},
            "files": {"type": "array", "items": {"type": "string", "format": "binary"},
                      "description": "each file that is described, in a part with its name"}}},
        "encoding": {"files": {"contentType": "application/octet-stream"}}}}}}


def _schema(described: type[Body]) -> dict[str, Any]:
    """With its `$defs`, which `document` puts among the schemas of all."""
    return TypeAdapter(described).json_schema(ref_template="#/components/schemas/{model}")


def described(form: FormData, kind: type[Described]) -> Described:
    """InvalidInput, naming each field that is not as expected."""
    raw = form.get("request")
    try:
        return kind.model_validate_json(raw if isinstance(raw, str) else "")
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'request'}: {fault['msg']}" for fault in error.errors()[:5])
        raise InvalidInput(
            f"The request is not as expected: {faults}.", rule="api.request",
            next_step=f"Send {', '.join(kind.model_fields)}; each file with name and context.") from error


def parts(form: FormData, names: list[str]) -> Mapping[str, UploadFile]:
    """Every described file, by name; InvalidInput where something is undescribed, missing or there twice."""
    sent = {part.filename or "": part for part in form.getlist("files") if isinstance(part, UploadFile)}
    if set(sent) != set(names) or len(form.getlist("files")) != len(names) or len(set(names)) != len(names):
        raise InvalidInput("The files sent and the files described are not the same.", rule="api.files",
                           value=", ".join(sorted(map(str, set(sent) ^ set(names))))[:200],
                           next_step="Send each described file once, in a part named files.")
    return sent


def uploads(files: list[FileDescription], form: FormData, policy: Policy) -> tuple[Upload, ...]:
    sent = parts(form, [file.name for file in files])
    return tuple(Upload(file.name, forms.read_upload(sent[file.name], policy), file.context, file.controls,
                        file.evidence, file.kind, file.group) for file in files)


def groups(described: list[GroupDescription]) -> tuple[Group, ...]:
    return tuple(Group(group.name, group.context, group.controls) for group in described)
