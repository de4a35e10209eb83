"""Run the portal: `python -m readingroom.web`."""

from __future__ import annotations

import logging
import sys

import uvicorn

from readingroom import bootstrap
from readingroom.errors import ReadingRoomError
from readingroom.settings import load_settings
from readingroom.web.app import create_app


def main() -> None:
    """Serve on the installation's Unix socket; the directory it lies in decides who may connect."""
    settings = load_settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    socket = settings.portal_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)  # left behind by a process that was killed
    app = create_app(
        bootstrap.build(settings),
        bootstrap.hub_client(settings, "portal-token"),
        bootstrap.public_key(settings.keys_dir / "audit-signing.pub.pem"),
    )
    uvicorn.run(
        app,
        uds=str(socket),
        proxy_headers=False,
        server_header=False,
        date_header=True,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
    )


if __name__ == "__main__":
    try:
        main()
    except ReadingRoomError as error:
        sys.exit(f"The portal did not start. {error}")
