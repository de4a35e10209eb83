"""What is sent that is no page: pictures to look at, files to keep."""

from __future__ import annotations

from fastapi.responses import Response

from readingroom.core.requests import OutputFile
from readingroom.web.presenters import outputs

CSV = "text/csv; charset=utf-8"
SANDBOXED = {"Content-Security-Policy": "sandbox; default-src 'none'"}


def picture(file: OutputFile, content: bytes) -> Response:
    """An image as we encoded it again from its pixels: never the bytes that were sent."""
    return Response(outputs.image(file, content), media_type="image/png", headers=SANDBOXED)


def download(name: str, content: str | bytes, media_type: str) -> Response:
    """A file to keep. `name` goes into a header as it is, so it must be one that we made."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
