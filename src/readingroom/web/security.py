"""What every answer carries and every request must satisfy, before any view runs."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from readingroom.errors import InvalidInput, PermissionDenied
from readingroom.web.addresses import API, DESK, PREFIX, is_api
from readingroom.web.sessions import Session

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9a-fA-F:]{2,39}\](:[0-9]{1,5})?")
SMALL_BODY_BYTES = 1024 * 1024


def content_security_policy(host: str, frames: str = "'none'") -> str:
    """No inline script or style, nothing from elsewhere, no framing; frames only of what `frames` names.

    The Hub shares this origin: sources name our paths.
    """
    own = f"{host}{PREFIX}" if _HOST.fullmatch(host) else "'none'"
    static = f"{own}/static/" if own != "'none'" else own
    images = f"{own}/" if own != "'none'" else own
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {static}",
            f"style-src {static}",
            f"img-src {images}",
            f"connect-src {images}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"frame-src {frames}",
            "object-src 'none'",
        ]
    )


class SecurityHeaders:
    """Sets the headers on every answer, errors included. A view's own policy (a sandboxed image) is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        path = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(host, path).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def security_headers(host: str, path: str) -> dict[str, str]:
    """The headers of every answer, unless a view set a stricter one of its own."""
    return {
        "Content-Security-Policy": content_security_policy(host),
        "Cache-Control": "no-cache" if path.startswith(f"{PREFIX}/static/") else "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
    }


class OwnHost:
    """The portal's pages are at its own name: a workspace's host, which has none of them, leads there."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        self.public_url = public_url
        self.below = f".{urlsplit(public_url).hostname}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            host = Headers(scope=scope).get("host", "").partition(":")[0].lower().rstrip(".")
            if host.endswith(self.below):
                await RedirectResponse(f"{self.public_url}{PREFIX}/", status_code=303)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyTooLarge(InvalidInput):
    status_code = 413


class BodyLimit:
    """Refuses bodies that are too large while they arrive, whatever Content-Length said.

    `upload_bytes` applies where files are sent, `SMALL_BODY_BYTES` everywhere else.
    """

    UPLOADS = re.compile(rf"{PREFIX}({API}|{DESK})?/(requests(/[0-9]+/resubmit)?|incoming)/?")

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self.app = app
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.upload_bytes if self.UPLOADS.fullmatch(scope["path"]) else SMALL_BODY_BYTES
        received = 0

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit, received)
            return message

        declared = Headers(scope=scope).get("content-length", "0")
        scope.setdefault("state", {})["body_limit"] = limit
        if not declared.isdigit() or int(declared) > limit:
            if is_api(scope["path"]):  # a JSON body is read before any view can refuse it
                await JSONResponse(_too_large(limit, declared).as_dict(), status_code=413)(scope, receive, send)
                return
            scope["state"]["body_too_large"] = declared
        await self.app(scope, limited_receive, send)


def _too_large(limit: int, value: object) -> BodyTooLarge:
    return BodyTooLarge(
        f"What was sent is larger than {limit:,} bytes.",
        rule="portal.body_bytes",
        value=value,
        next_step="Send fewer or smaller files in one request.",
    )


def check_body(request: Request) -> None:
    """Refuse by the declared length, before reading a byte."""
    declared = getattr(request.state, "body_too_large", None)
    if declared is not None:
        raise _too_large(request.state.body_limit, declared)


def check_navigation(request: Request) -> None:
    """Pages are opened, not fetched: a script in a workspace (same origin) may not read them with the person's cookie.

    Browsers set Sec-Fetch-Mode themselves and scripts cannot; a client that sends none is not a browser with a victim.
    """
    mode = request.headers.get("sec-fetch-mode", "navigate")
    if mode != "navigate" or request.headers.get("sec-fetch-dest", "document") not in {"document", "empty"}:
        raise PermissionDenied(
            "This page can only be opened as a page.",
            rule="portal.navigation",
            value=mode,
            next_step="Open it in a tab of its own.",
        )


def check_token(session: Session, form: FormData) -> None:
    """A change needs the form's token, besides a page of ours as its origin (ASVS 3.5.1)."""
    sent = form.get("csrf_token")
    if not _is_ours(sent, session):
        raise PermissionDenied(
            "This form is not valid any more, or was not made here.",
            rule="portal.csrf",
            next_step="Open the page again and send it from there.",
        )


def check_call(request: Request, session: Session) -> None:
    """The same of a program's change, which carries the token in a header: no page elsewhere can know or send it."""
    if not _is_ours(request.headers.get("x-csrf-token"), session):
        raise PermissionDenied(
            "This change does not carry the token of this session.",
            rule="portal.csrf",
            next_step=f"Send X-CSRF-Token with what GET {PREFIX}{DESK}/session says.",
        )
    check_same_origin(request)


def _is_ours(sent: object, session: Session) -> bool:
    return isinstance(sent, str) and secrets.compare_digest(sent.encode(), session.csrf_token.encode())


def check_same_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    foreign = origin is not None and origin != "null" and urlsplit(origin).netloc != request.headers.get("host")
    if site != "same-origin" or foreign or origin == "null":
        raise PermissionDenied(
            "This change was asked for by another site.",
            rule="portal.same-origin",
            value=origin or site,
            next_step="Open the page in Reading Room and try again.",
        )
