"""Builds the portal. Connects to nothing until a request comes."""

from __future__ import annotations

import gc
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI
from fastapi.responses import FileResponse, Response

from readingroom.errors import NotFound
from readingroom.services.room import ReadingRoom
from readingroom.settings import REPOSITORY
from readingroom.web import faults, forms
from readingroom.web.addresses import PREFIX
from readingroom.web.api.document import programs
from readingroom.web.portal import HERE, Hub, Portal, make_templates
from readingroom.web.security import BodyLimit, OwnHost, SecurityHeaders
from readingroom.web.sessions import Identities, Seal
from readingroom.web.views import (
    account,
    administration,
    application_starts,
    applications,
    datasets,
    elsewhere,
    grants,
    incoming,
    invitation,
    notices,
    owners,
    packages,
    people,
    private_answers,
    projects,
    receipts,
    register,
    releases,
    renewals,
    requests,
    review,
    sign_in,
    sign_offs,
    training,
    turnaround,
)

STATIC_FILES: dict[str, Path] = {
    "portal.css": REPOSITORY / "build" / "static" / "portal.css",
    **{file.name: file for file in (HERE / "static" / "js").glob("*.js")},
    **{file.name: file for file in (HERE / "static").glob("*.svg")},
}
FORM_OVERHEAD_BYTES = 1024 * 1024
DEFAULT_UPLOAD_BYTES = 100 * 1024 * 1024
DEFAULT_UPLOAD_FILES = 100
PAGES = (
    sign_in,
    application_starts,
    applications,
    owners,
    projects,
    packages,
    requests,
    incoming,
    releases,
    review,
    private_answers,
    grants,
    renewals,
    receipts,
    datasets,
    administration,
    notices,
    register,
    people,
    account,
    invitation,
    training,
    turnaround,
    sign_offs,
)

# Pages are short and mostly Python: more threads than this only wait for each other (20 people at once: 40 threads
# 603 ms at the 95th percentile, 8 threads 439 ms). Fewer would let a slow Hub hold up everyone.
THREADS = 8


@asynccontextmanager
async def _running(_app: FastAPI) -> AsyncIterator[None]:
    """What was loaded stays: looking through all of it for garbage stopped every page for 0.15 s, now and then."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def create_app(room: ReadingRoom, hub: Hub, audit_key: Ed25519PublicKey | None = None) -> FastAPI:
    """The portal over `room`. `hub` is ports.Hub with sign-in; `audit_key` lets the audit page prove the log."""
    app = programs(lifespan=_running)
    seal = Seal((room.settings.keys_dir / "portal-session").read_text().strip())
    app.state.portal = Portal(
        room=room,
        hub=hub,
        seal=seal,
        identities=Identities(hub.identify),
        templates=make_templates(),
        upload_bytes=upload_limit(room),
        upload_files=max(forms.MAX_SLOTS, room.policies.site.policy.max_files or DEFAULT_UPLOAD_FILES),
        audit_key=audit_key,
    )
    app.add_middleware(BodyLimit, upload_bytes=app.state.portal.upload_bytes)
    app.add_middleware(OwnHost, public_url=room.settings.public_url)
    app.add_middleware(SecurityHeaders)
    for module in PAGES:
        app.include_router(module.router, prefix=PREFIX, include_in_schema=False)
    app.add_api_route(f"{PREFIX}/static/{{name}}", static_file, include_in_schema=False)
    app.add_api_route(PREFIX, sign_in.front, include_in_schema=False)
    app.include_router(elsewhere.router, include_in_schema=False)
    faults.install(app)
    return app


def upload_limit(room: ReadingRoom) -> int:
    """Most bytes of one upload: what the site's policy lets one request hold, out or in, plus the form around it."""
    site = room.policies.site.policy
    if site.max_files is None or site.max_file_bytes is None:
        return DEFAULT_UPLOAD_BYTES
    return max(site.max_files * site.max_file_bytes, site.incoming_bytes or 0) + FORM_OVERHEAD_BYTES


def static_file(name: str) -> Response:
    """The compiled style sheet and our few scripts, by exact name."""
    file = STATIC_FILES.get(name)
    if file is None or not file.is_file():
        raise NotFound(f"There is no static file {name!r}.", rule="address")
    return FileResponse(file, media_type=mimetypes.guess_type(name)[0])
