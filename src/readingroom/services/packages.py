"""Packages without internet: what a project may install, each fetching of it, and requests for more.

Only an administrator adds files, by hash; nothing is ever asked of an upstream index on behalf of a workspace, so a
name can't lead to another's package.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Sequence
from email.parser import Parser

from readingroom.core import packages
from readingroom.core.packages import Ecosystem, Package, PackageRequest, PackageRequestStatus
from readingroom.core.permissions import check_can_manage_packages
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied
from readingroom.services.room import ReadingRoom

MOST_OPEN_REQUESTS = 20
MOST_REASON = 2000
MOST_METADATA_BYTES = 2**20


def add(room: ReadingRoom, project: str, files: Sequence[tuple[str, bytes]], *, by: str) -> tuple[Package, ...]:
    """Allow these files (name, content) in one project, all or none; requests for them are answered.

    Raises InvalidInput for what is neither a wheel nor a pure R source package.
    """
    made = tuple(_described(room, project, name, content, by) for name, content in files)
    for _, content in files:
        room.blobs.put(content)
    with room.store.transaction() as tx:
        tx.projects.get(project)
        for package in made:
            tx.packages.add(package)
            tx.events.record(by, "package.added", f"package:{package.filename}", project, name=package.name,
                             version=package.version, sha256=package.sha256)
        names = {(package.ecosystem, package.name) for package in made}
        for request in tx.packages.requests(project):
            if request.status is PackageRequestStatus.ASKED and (request.ecosystem, request.name) in names:
                tx.packages.decide(request.id, PackageRequestStatus.ADDED, by, room.now(), "It can be installed now.")
                tx.events.record(by, "package.request-added", f"package-request:{request.id}", project,
                                 name=request.name)
    return made


def _described(room: ReadingRoom, project: str, filename: str, content: bytes, by: str) -> Package:
    ecosystem, name, version = packages.identify(filename)
    try:
        index = _requires_python(content) if ecosystem is Ecosystem.PIP else _stanza(name, content)
    except (zipfile.BadZipFile, tarfile.TarError, KeyError, EOFError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{filename} can't be read as what its name says.", rule="packages.content", value=filename,
                           next_step="Fetch it again.") from error
    return Package(project, ecosystem, name, version, filename, hashlib.sha256(content).hexdigest(), len(content),
                   index, by, room.now())


def _requires_python(wheel: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        metadata = next(entry for entry in archive.infolist() if entry.filename.endswith(".dist-info/METADATA"))
        with archive.open(metadata) as file:
            said = Parser().parsestr(file.read(MOST_METADATA_BYTES).decode())
    return said.get("Requires-Python", "")


def _stanza(name: str, source: bytes) -> str:
    with tarfile.open(fileobj=io.BytesIO(source), mode="r:gz") as archive:
        file = archive.extractfile(f"{name}/DESCRIPTION")
        if file is None:
            raise KeyError(name)
        return packages.description_stanza(file.read(MOST_METADATA_BYTES).decode())


def remove(room: ReadingRoom, project: str, name: str, *, by: str) -> int:
    """No longer allow any file of this name; what is installed in a home stays there. How many files it was."""
    with room.store.transaction() as tx:
        found = [one for one in tx.packages.of_project(project) if one.name == packages.check_name(one.ecosystem, name)]
        for package in found:
            tx.packages.remove(project, package.sha256)
            tx.events.record(by, "package.removed", f"package:{package.filename}", project, name=package.name,
                             version=package.version, sha256=package.sha256)
    return len(found)


def allowed(room: ReadingRoom, project: str) -> tuple[Package, ...]:
    """What one project may install."""
    with room.store.reading() as tx:
        found: tuple[Package, ...] = tx.packages.of_project(project)
        return found


def fetch(room: ReadingRoom, username: str, project: str, ecosystem: Ecosystem, filename: str,
          sha256: str = "") -> bytes:
    """The bytes of a file that this project may install, noted on the log. NotFound for anything else.

    Raises IntegrityError if what is stored is no longer what was added.
    """
    with room.store.transaction() as tx:
        package = next((one for one in tx.packages.of_project(project) if one.filename == filename
                        and one.ecosystem is ecosystem and sha256 in ("", one.sha256)), None)
        if package is None:
            raise NotFound(f"{filename} is not among this project's packages.", rule="packages.allowed",
                           value=filename, next_step="Ask for it: rr.packages.request(name, reason).")
        tx.events.record(username, "package.fetched", f"package:{filename}", project, name=package.name,
                         version=package.version, sha256=package.sha256)
    return room.blobs.get(package.sha256)


def ask(room: ReadingRoom, username: str, project: str, ecosystem: Ecosystem, name: str, reason: str) -> PackageRequest:
    """Ask for a package. One that is asked for already is not asked for twice."""
    name = packages.check_name(ecosystem, name.strip())
    if not reason.strip() or len(reason) > MOST_REASON:
        raise InvalidInput("Say what the package is for.", rule="packages.reason", value=len(reason),
                           next_step=f"A sentence or two, at most {MOST_REASON} characters.")
    with room.store.transaction() as tx:
        if username not in tx.projects.get(project).members:
            raise PermissionDenied("Only members of a project may ask for its packages.", rule="project.member",
                                   value=username, next_step="Ask the project's lead to add you.")
        asked = [one for one in tx.packages.requests(project) if one.status is PackageRequestStatus.ASKED]
        same = (one for one in asked if (one.ecosystem, one.name) == (ecosystem, name))
        known: PackageRequest | None = next(same, None)
        if known is not None:
            return known
        if len(asked) >= MOST_OPEN_REQUESTS:
            raise InvalidInput(f"{len(asked)} requests of this project are waiting.", rule="packages.open-requests",
                               value=len(asked), next_step="Wait until the administrator has answered some.")
        made: PackageRequest = tx.packages.ask(PackageRequest(
            0, project, username, ecosystem, name, reason.strip(), PackageRequestStatus.ASKED, room.now()))
        tx.events.record(username, "package.asked", f"package-request:{made.id}", project, name=name,
                         ecosystem=ecosystem.value)
    return made


def requests(room: ReadingRoom, project: str) -> tuple[PackageRequest, ...]:
    """One project's requests, newest first."""
    with room.store.reading() as tx:
        found: tuple[PackageRequest, ...] = tx.packages.requests(project)
        return found


def all_requests(room: ReadingRoom, viewer: str) -> tuple[PackageRequest, ...]:
    """Every project's requests, newest first, for whoever answers them."""
    with room.store.reading() as tx:
        check_can_manage_packages(tx.people.get(viewer))
        found: tuple[PackageRequest, ...] = tx.packages.requests()
        return found


def refuse(room: ReadingRoom, username: str, request_id: int, reason: str) -> PackageRequest:
    """Say no, and why."""
    with room.store.transaction() as tx:
        check_can_manage_packages(tx.people.get(username))
        request: PackageRequest = tx.packages.request(request_id)
        if request.status is not PackageRequestStatus.ASKED:
            raise InvalidTransition(f"This request is {request.status.value} already.", rule="packages.request",
                                    value=request.status.value, next_step="The researcher can ask again.")
        if not reason.strip():
            raise InvalidInput("Say why.", rule="packages.reason", next_step="The researcher reads it.")
        tx.packages.decide(request_id, PackageRequestStatus.REFUSED, username, room.now(), reason.strip()[:MOST_REASON])
        tx.events.record(username, "package.request-refused", f"package-request:{request_id}", request.project,
                         name=request.name, reason=reason.strip()[:MOST_REASON])
    return request
