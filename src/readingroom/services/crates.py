"""The RO-Crate of a release, in the Five Safes profile: who, for which project, from which data, judged by whom.

Follows https://w3id.org/5s-crate/0.4 as far as it can without a workflow: a release is of outputs that people asked
for, so the main action is their making (CreateAction), and there is no Workflow RO-Crate to point to. Reviews are
AssessActions mentioned by the root: the custodians' sign-off, the automatic check, each checker's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.person import Person as CratePerson
from rocrate.rocrate import ROCrate

from readingroom.core import package
from readingroom.core.answers import PrivateAnswer
from readingroom.core.datasets import Dataset
from readingroom.core.egress import approvals
from readingroom.core.groups import arranged
from readingroom.core.people import Person
from readingroom.core.projects import Grant, Project
from readingroom.core.requests import AirlockRequest, Assurance
from readingroom.services import private_crates

PROFILE = "https://w3id.org/5s-crate/0.4"
SHP = "https://w3id.org/shp#"
COMPLETED = "http://schema.org/CompletedActionStatus"
CRITERIA = "#disclosure-criteria"


@dataclass(frozen=True)
class Told:
    """What a crate tells, as the records have it: `sources` are grants with their dataset, `statement` the manifest."""

    request: AirlockRequest
    project: Project
    author: Person
    sources: tuple[tuple[Grant, Dataset], ...]
    statement: dict[str, Any]
    environment: str
    answer: PrivateAnswer | None = None


def write(told: Told) -> bytes:
    """The crate's metadata as bytes: the same for the same records."""
    crate = ROCrate()
    root = crate.root_dataset
    crate.name, crate.description = told.request.title, told.request.purpose
    crate.datePublished = told.statement["approved_at"]
    _add(crate, PROFILE, "Profile", name="Five Safes RO-Crate profile", version="0.4")
    root["conformsTo"] = {"@id": PROFILE}
    environment = _add(crate, "#environment", "Organization", name="Secure research environment", url=told.environment)
    root["publisher"] = _at(environment)
    root["license"] = _at(_add(
        crate, "#conditions", "CreativeWork", name="Conditions of use",
        description=f"Under the project's agreement, for the purpose {told.project.purpose}, for: "
                    f"{told.request.purpose}"))
    project = _project(crate, told)
    author = _author(crate, told, project)
    root["sourceOrganization"], root["author"] = _at(project), _at(author)
    files = _files(crate, told.request)
    for group in _groups(crate, told.request, files):
        _mention(root, group)
    data = _datasets(crate, told)
    tools = _tools(crate, told, environment)
    criteria = _criteria(crate, told)
    if told.answer is not None:
        private_crates.describe(crate, told.answer, [file.id for file in files.values()])
    else:
        _mention(root, _add(crate, "#making", "CreateAction", name="Made in a workspace of the project",
                            actionStatus=COMPLETED, agent=_at(author),
                            endTime=(told.request.submitted_at or told.request.created_at).isoformat(),
                            instrument=[_at(tool) for tool in tools], object=[_at(one) for one in data.values()],
                            result=[_at(file) for file in files.values()]))
    for one in told.statement["sign_offs"]:
        _mention(root, _assess(crate, f"#sign-off-{one['custodian']}", "SignOff", "Sign-off by the custodian: approved",
                               agent=_person(crate, one["custodian"]), at=one["at"], by=criteria,
                               about=[{"@id": "./"}, *map(_at, files.values())]))
    for action in (*_sign_offs(crate, told, project, data), _automatic_check(crate, told, files, criteria),
                   *_reviews(crate, told, files, criteria)):
        _mention(root, action)
    return json.dumps(crate.metadata.generate(), sort_keys=True, indent=1).encode()


def _project(crate: ROCrate, told: Told) -> Any:
    project = told.project
    local = _add(crate, f"_:localid:{project.slug}", "PropertyValue", name="project", value=project.slug)
    return _add(crate, f"#project-{project.slug}", "Project", name=project.title, description=project.aim,
                identifier=[_at(local)], abstract=project.public_benefit, keywords=[project.programme, project.purpose,
                                                                                    project.legal_gateway])


def _author(crate: ROCrate, told: Told, project: Any) -> Any:
    employer = _add(crate, f"#organisation-of-{told.author.username}", "Organization", name=told.author.organisation)
    return crate.add(CratePerson(crate, f"#person-{told.author.username}", properties={
        "name": told.author.username, "affiliation": _at(employer), "memberOf": [_at(project)]}))


def _files(crate: ROCrate, request: AirlockRequest) -> dict[int, Any]:
    return {file.id: crate.add_file(dest_path=f"{package.FILES}{file.name}", source=None, properties={
        "name": file.name, "description": file.said[0], "contentSize": str(file.size_bytes), "sha256": file.sha256,
        "additionalType": file.output_type}) for file in request.crossing}


def _groups(crate: ROCrate, request: AirlockRequest, files: dict[int, Any]) -> tuple[Any, ...]:
    """Outputs that belong together, each with what was said of them; not where a request has no groups."""
    return tuple(
        _add(crate, f"#group-{number}", "Collection", name=group.name, description=group.context,
             hasPart=[_at(files[file.id]) for file in members])
        for number, (group, members) in enumerate(arranged(request.crossing), start=1) if group.name)


def _datasets(crate: ROCrate, told: Told) -> dict[int, Any]:
    """The data that the project had, with the version used: they are not in the crate."""
    versions = {entry["grant"]: entry for entry in told.statement["datasets"]}
    found = {}
    for grant, dataset in told.sources:
        owner = _add(crate, f"#owner-of-{dataset.slug}", "Organization", name=dataset.department)
        found[grant.id] = _add(crate, f"#dataset-{dataset.slug}", "Dataset", name=dataset.title,
                               description=dataset.description, version=versions[grant.id]["version"],
                               publisher=_at(owner), isAccessibleForFree=False)
    return found


def _tools(crate: ROCrate, told: Told, environment: Any) -> tuple[Any, ...]:
    return tuple(_add(crate, f"#software-{name}", "SoftwareApplication", name=name, softwareVersion=version,
                      **({"provider": _at(environment)} if name == "readingroom" else {}))
                 for name, version in told.statement["made_by"].items() if version != "absent")


def _criteria(crate: ROCrate, told: Told) -> Any:
    """What the outputs were judged by, each as a value that a program can read."""
    values = [_add(crate, f"#criterion-{name}", "PropertyValue", propertyID=name, name=said["means"],
                   value=said["value"] if isinstance(said["value"], bool | int | float | str)
                   else json.dumps(said["value"]), measurementTechnique=f"set by {', '.join(said['set_by'])}")
              for name, said in told.statement["criteria"].items()]
    return _add(crate, CRITERIA, "CreativeWork", name="Disclosure criteria in force", hasPart=[_at(v) for v in values],
                version=", ".join(f"{entry['slug']} {entry['policy'][:16]}" for entry in told.statement["datasets"]))


def _sign_offs(crate: ROCrate, told: Told, project: Any, data: dict[int, Any]) -> tuple[Any, ...]:
    """Each custodian's yes to the project's use of their data."""
    return tuple(
        _assess(crate, f"#sign-off-of-grant-{grant.id}", "SignOff", f"Use of {grant.dataset} by the project: agreed",
                agent=_person(crate, grant.decided_by), at=grant.decided_at.isoformat(),
                about=[{"@id": "./"}, _at(project), _at(data[grant.id])])
        for grant, _ in told.sources if grant.decided_by and grant.decided_at)


def _automatic_check(crate: ROCrate, told: Told, files: dict[int, Any], criteria: Any) -> Any:
    """What the platform's own check said of each file: its verdict and the rules that spoke."""
    verdicts = [
        _add(crate, f"#verdict-{file.id}", "PropertyValue", propertyID="verdict", name=f"Verdict on {file.name}",
             value="unchecked" if file.verdict is None else file.verdict.word,
             description=", ".join(sorted({found.rule for found in file.findings})) or "no rule found anything")
        for file in told.request.crossing]
    verdicts += [
        _add(crate, f"#recomputed-{file.id}", "PropertyValue", propertyID="recomputed",
             name=f"{file.name} was computed again from the data, and is the same", value=file.recomputed.version,
             description=f"dataset {file.recomputed.dataset}, table {file.recomputed.table}, at "
                         f"{file.recomputed.at.isoformat()}")
        for file in told.request.crossing if file.recomputed and file.assurance is Assurance.VERIFIED]
    return _assess(crate, "#automatic-check", "DisclosureCheck", "Automatic disclosure check",
                   agent={"@id": "#software-readingroom"}, at=told.statement["approved_at"],
                   about=[{"@id": "./"}, *map(_at, files.values())], by=criteria, result=[_at(one) for one in verdicts])


def _reviews(crate: ROCrate, told: Told, files: dict[int, Any], criteria: Any) -> Sequence[Any]:
    if told.request.checkers_required == 0:
        return [_assess(crate, "#sign-off-by-rule", "DisclosureCheck",
                        "Released by rule: a differentially private answer, which the policies of its datasets let "
                        "leave without approval (private_answer_checkers: 0)", agent={"@id": "#software-readingroom"},
                        at=told.statement["approved_at"], about=[{"@id": "./"}], by=criteria)]
    signed: dict[tuple[str, int], list[Any]] = {}
    times = {}
    for file in told.request.crossing:
        for approval in approvals(told.request, file):
            signed.setdefault((approval.checker, approval.round), []).append(files[file.id])
            times[approval.checker, approval.round] = approval.at
    return [_assess(crate, f"#sign-off-{checker}" + ("" if round_ == told.request.round else f"-round-{round_}"),
                    "DisclosureCheck", "Disclosure check and sign-off: approved", agent=_person(crate, checker),
                    at=times[checker, round_].isoformat(), by=criteria, about=[{"@id": "./"}, *map(_at, approved)])
            for (checker, round_), approved in sorted(signed.items())]


def _assess(crate: ROCrate, key: str, kind: str, name: str, *, agent: dict[str, str], at: str,
            about: list[dict[str, str]], by: Any = None, **more: object) -> Any:
    return _add(crate, key, "AssessAction", additionalType={"@id": f"{SHP}{kind}"}, name=name, actionStatus=COMPLETED,
                endTime=at, agent=agent, object=about, **({} if by is None else {"instrument": _at(by)}), **more)


def _person(crate: ROCrate, username: str) -> dict[str, str]:
    if crate.get(f"#person-{username}") is None:
        crate.add(CratePerson(crate, f"#person-{username}", properties={"name": username}))
    return {"@id": f"#person-{username}"}


def _add(crate: ROCrate, key: str, kind: str, **properties: object) -> Any:
    return crate.add(ContextEntity(crate, key, properties={"@type": kind, **properties}))


def _mention(root: Any, action: Any) -> None:
    root.append_to("mentions", _at(action))


def _at(entity: Any) -> dict[str, str]:
    return {"@id": entity.id}
