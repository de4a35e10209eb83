"""The page of the door's routes."""

from __future__ import annotations

from readingroom.settings import REPOSITORY
from scripts.reference.page import NOTE, table

DOOR_ROUTES = REPOSITORY / "images" / "door" / "inwards.map"


def door_page() -> str:
    """The door's list of routes, as the door itself reads it."""
    parts, rows = [], []
    for line in [*DOOR_ROUTES.read_text(encoding="utf-8").splitlines()[3:], "# "]:
        if line.startswith("# "):
            if rows:
                parts.append(table(("Method and path", "Route"), rows))
            parts.append(f"\n{line.removeprefix('# ')}\n\n" if line != "# " else "")
            rows = []
        elif line.strip():
            pattern, name = line.rsplit(maxsplit=1)
            rows.append((f"`` {pattern} ``", name))
    return (
        "# The door inwards\n\n" + NOTE.format(source="images/door/inwards.map")
        + "What a browser may ask of a workspace: a regular expression over the method and the path below "
        "`/user/<person>/<project>`. Everything else is answered 403 by the door, before the workspace's server sees "
        "it; so is every other spelling of a listed path (escaped dots and slashes, empty or dotted segments, absolute "
        "addresses). What else the door holds requests and answers to: "
        "[the door inwards](../adr/0023-one-door-both-ways.md).\n" + "".join(parts)
    )
