"""Making a release: the last look, the signed package, and the record that it may leave."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import readingroom
from readingroom.core import package
from readingroom.core.egress import approvals, check_releasable, current_reviews, signers
from readingroom.core.groups import arranged
from readingroom.core.lifecycle import Direction, RequestStatus
from readingroom.core.policy import Layer
from readingroom.core.policy.criteria import criteria
from readingroom.core.privacy.publication import files_of
from readingroom.core.projects import Grant, Project
from readingroom.core.requests import KINDS, AirlockRequest, Assurance, FileKind, OutputFile, Release
from readingroom.errors import IntegrityError
from readingroom.services import freezing, holdups, independence
from readingroom.services.moves import SYSTEM, move
from readingroom.services.workshop import Workshop

FORMAT = "readingroom-release/1"
TOOLS = ("opendp", "pandas", "duckdb", "pyarrow")


def make(workshop: Workshop, number: int) -> Release | None:
    """Build, sign and record the release of an approved request; None if it is not (or no longer) approved.

    One whose means are gone is frozen instead: no byte leaves after a grant was taken back (promise P6). One whose
    approvals do not count any more goes back to its checkers (promise P1). What keeps it from being made is on record.

    Safe to repeat after a crash: the package is a function of the records, and is recorded once.
    """
    with holdups.noted(workshop, number):
        return _made(workshop, number)


def _made(workshop: Workshop, number: int) -> Release | None:
    with workshop.store.transaction() as tx:
        request = independence.settle(workshop, tx, freezing.settle(workshop, tx, tx.requests.get(number)))
        project = tx.projects.get(request.project)
        sources = tuple((grant, extract.version) for grant in tx.grants.of_project(project.slug)
                        if (extract := tx.extracts.newest_of_grant(grant.id)) is not None)
        author = tx.people.get(request.author)
        answer = None if request.private_answer is None else tx.accounts.get(request.private_answer)
    if request.status is not RequestStatus.APPROVED or request.direction is not Direction.OUT:
        return None
    check_releasable(request, project.members)
    contents = {file.name: workshop.blobs.get(file.sha256) for file in request.crossing}
    if answer is not None and contents != files_of(answer):
        raise IntegrityError(f"Request {number} does not hold what private answer {answer.id} gave.",
                             rule="release.private", value=answer.id,
                             next_step="Nothing was released. Please report it.")
    from readingroom.services import crates  # what it writes with takes 5 MiB, and most days release nothing

    statement = _statement(workshop, request, project, sources)
    crate = crates.write(crates.Told(
        request, project, author, tuple((grant, workshop.policies.dataset(grant.dataset)) for grant, _ in sources),
        statement, workshop.settings.public_url, answer))
    content = package.build(contents, crate, statement, workshop.release_key)
    made = Release(number, f"release-{number}-{project.slug}.zip", workshop.blobs.put(content), workshop.now())
    with workshop.store.transaction() as tx:
        request = independence.settle(workshop, tx, freezing.settle(workshop, tx, tx.requests.get(number)))
        if request.status is not RequestStatus.APPROVED:  # means or an approval were lost since the last one was given
            return None
        check_releasable(request, tx.projects.get(project.slug).members)
        move(tx, request, RequestStatus.RELEASED, SYSTEM, "release.made", sha256=made.sha256,
             files=[{"name": file.name, "sha256": file.sha256} for file in request.crossing])
        tx.requests.add_release(made)
    return made


def _statement(workshop: Workshop, request: AirlockRequest, project: Project,
               sources: tuple[tuple[Grant, str], ...]) -> dict[str, object]:
    """What the manifest says. `sources` are the grants that the project had data under, with the version used."""
    return {
        "format": FORMAT,
        "request": request.number,
        "round": request.round,
        "title": request.title,
        "purpose": request.purpose,
        "author": request.author,
        "approved_at": max([request.submitted_at or request.created_at,
                            *(review.submitted_at for review in current_reviews(request))]).isoformat(),
        "private_answer": request.private_answer,
        "approvals_required": request.approvals_needed,
        "approvals_rule": _rule(request),
        "project": {"slug": project.slug, "title": project.title, "programme": project.programme,
                    "purpose": project.purpose, "legal_gateway": project.legal_gateway},
        "datasets": [{"slug": grant.dataset, "grant": grant.id,
                      "version": _version_of(workshop, request, grant, version),
                      "synthetic": workshop.policies.dataset(grant.dataset).synthetic,
                      "policy": workshop.policies.fingerprint(project.programme, grant.dataset)}
                     for grant, version in sources],
        "sign_offs": [{"custodian": one.custodian, "at": one.at.isoformat(), "comment": one.comment}
                      for one in request.sign_offs if one.custodian in signers(request) and one.round == request.round],
        "criteria": criteria(_layers(workshop, project, sources)),
        "groups": [{"name": group.name, "context": group.context, "controls": group.controls}
                   for group, _ in arranged(request.crossing) if group.name],
        "files": [_file_statement(request, file) for file in request.crossing],
        "not_released": {kind.value: sum(file.kind is kind for file in request.files)
                         for kind in KINDS[Direction.OUT] if kind is not FileKind.OUTPUT},
        "made_by": {"readingroom": readingroom.__version__, **{tool: _version(tool) for tool in TOOLS}},
    }


def _rule(request: AirlockRequest) -> str:
    """The policy field that says how many approvals were enough."""
    if request.private_answer is not None:
        return "private_answer_checkers"
    return "checkers_required" if request.approvals_needed == request.checkers_required else "verified_checkers"


def _layers(workshop: Workshop, project: Project, sources: tuple[tuple[Grant, str], ...]) -> tuple[Layer, ...]:
    """Every policy layer that any of the grants was given under, once."""
    found = {layer.name: layer for grant, _ in sources
             for layer in workshop.policies.layers(project.programme, grant.dataset)}
    return tuple(found.values()) or (workshop.policies.site,)


def _version_of(workshop: Workshop, request: AirlockRequest, grant: Grant, version: str) -> str:
    """The version's name; of a private answer only its place in order, since the name is a hash of exact data."""
    if request.private_answer is None:
        return version
    return str(1 + workshop.vault.versions(grant.dataset).index(version))


def _file_statement(request: AirlockRequest, file: OutputFile) -> dict[str, object]:
    approved = [{"checker": one.checker, "at": one.at.isoformat(), "reason": one.reason, "round": one.round}
                for one in approvals(request, file)]
    return {
        "name": file.name, "sha256": file.sha256, "output_type": file.output_type,
        "assurance": file.assurance.value, "verdict": None if file.verdict is None else file.verdict.word,
        "context": file.said[0], "controls": file.said[1], "group": file.group.name,
        "rules": sorted({finding.rule for finding in file.findings}), "approvals": approved, **_recomputed(file),
    }


def _recomputed(file: OutputFile) -> dict[str, object]:
    """From which data, and when, the platform computed a verified file itself."""
    told = file.recomputed
    if told is None or file.assurance is not Assurance.VERIFIED:
        return {}
    return {"recomputed": {"dataset": told.dataset, "version": told.version, "table": told.table,
                           "at": told.at.isoformat()}}


def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return "absent"
