"""Tickets: how the door knows that the portal let this person in to the screen of their strict workspace.

A standard workspace's server asks the Hub whose browser it is. A screen asks nobody, so the door looks: the portal
gives a ticket for a minute, "<end>.<HMAC-SHA256 of enter/<owner>/<end>>", under a key that only the two have. The door
gives a cookie of the same form for it, whose claim begins with "stay" (images/door/inwards.cfg). Nothing is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from readingroom.hub.names import workspace_key
from readingroom.settings import Settings

KEY_FILE = "screen-ticket"
SECONDS = 60


def door_key(settings: Settings) -> str:
    """The key as HAProxy wants it. Without a key nobody knows it, so nobody enters."""
    try:
        key = _key(settings)
    except OSError:
        key = secrets.token_bytes(32)
    return base64.b64encode(key).decode()


def entrance(settings: Settings, username: str, project: str, now: datetime) -> str:
    """The address at which a ticket for this workspace's screen is taken."""
    end = int(now.timestamp()) + SECONDS
    claim = f"enter/{settings.instance}/{username}/{project}/{end}"
    ticket = f"{end}.{hmac.new(_key(settings), claim.encode(), hashlib.sha256).hexdigest()}"
    origin = settings.workspace_origin(workspace_key(settings, username, project))
    return f"{origin}/user/{username}/{project}/pixels/enter?ticket={ticket}"


def _key(settings: Settings) -> bytes:
    key = (settings.keys_dir / KEY_FILE).read_text().strip().encode()
    if not key:  # everybody knows an empty one
        raise FileNotFoundError(f"{KEY_FILE} is empty")
    return key
