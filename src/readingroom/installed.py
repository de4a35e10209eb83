"""Which images this installation runs, by the engine's own id: written by `ops.images`, read at every start.

An id is a hash of the image's content, so installations of different versions can share one engine and
neither runs what the other made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from readingroom.errors import Unavailable
from readingroom.settings import Settings

NOTEBOOK, DOOR, DISPLAY = "notebook", "door", "display"


@dataclass(frozen=True)
class Installed:
    """An image as it was when this installation took it into use: its name then, and its id for good."""

    name: str
    image_id: str


def wanted_name(settings: Settings, family: str) -> str:
    """The image's name by the settings. Without a tag, the tag is the hash of what the image is made from."""
    named = {NOTEBOOK: settings.notebook_image, DOOR: settings.door_image}
    return named.get(family, f"readingroom/{family}")


def has_tag(name: str) -> bool:
    return ":" in name.rpartition("/")[2]


def images(settings: Settings) -> dict[str, Installed]:
    """By family (notebook, door ...); empty before the first `up`."""
    if not settings.images_file.exists():
        return {}
    found = json.loads(settings.images_file.read_text())
    return {family: Installed(**known) for family, known in found.items()}


def image_id(settings: Settings, family: str) -> str:
    """The id of the image to run. Unavailable, saying what makes it, if there is none by the settings' name."""
    wanted, known = wanted_name(settings, family), images(settings).get(family)
    if known is None or wanted not in (known.name, known.name.rpartition(":")[0]):
        raise missing(wanted)
    return known.image_id


def missing(name: str) -> Unavailable:
    return Unavailable(
        f"The image {name} is missing.",
        rule="ops.images.present",
        value=name,
        next_step="Run `make up`: it makes the image.",
    )


def as_text(known: Mapping[str, Installed]) -> str:
    return json.dumps({family: asdict(one) for family, one in sorted(known.items())}, indent=2) + "\n"
