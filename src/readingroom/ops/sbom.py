"""What is in an image, as a software bill of materials: CycloneDX 1.6 JSON, made of what the image itself lists.

The same image gives the same bytes: the serial number is made from its id and the time is when it was built.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docker.errors import DockerException
from requests.exceptions import RequestException

from readingroom import __version__, installed
from readingroom.durable import write_whole
from readingroom.errors import IntegrityError, Unavailable
from readingroom.ops.engine import client
from readingroom.settings import Settings

NAMESPACE = uuid.UUID("6f6a7b1e-3c3f-5a43-9c5f-0c9a4b1f7d21")
DISTRIBUTION = "debian-12"
# Python packages are read from their metadata, so that what pip does not know (it is not in every image) shows too.
LIST = r"""
dpkg-query -W -f='deb\t${Package}\t${Version}\t${Architecture}\n'
for info in /opt/venv/lib/python3.*/site-packages/*.dist-info; do
  [ -f "$info/METADATA" ] && awk 'BEGIN { OFS = "\t" } { sub(/\r$/, "") }
    /^Name: / { n = $2 } /^Version: / { v = $2 } /^$/ { exit }
    END { print "pypi", n, v, "" }' "$info/METADATA"
done
[ -d /opt/venv/lib/python3.11/site-packages/readingroom ] && printf 'own\treadingroom\t\t\n'
exit 0
"""


def file_of(settings: Settings, family: str) -> Path:
    return settings.state_dir / "sbom" / f"{family}.cdx.json"


def make(settings: Settings, family: str) -> Path:
    """Write the bill of the image that this installation runs, unless it is there; return its file."""
    image_id = installed.image_id(settings, family)
    file = file_of(settings, family)
    if file.exists() and image_id in file.read_text():
        return file
    try:
        with closing(client(settings)) as engine:
            image = engine.images.get(image_id)
            listed = engine.containers.run(image_id, ["-c", LIST], entrypoint="/bin/sh", remove=True, user="65534",
                                           network_mode="none", read_only=True, cap_drop=["ALL"])
    except (DockerException, RequestException) as error:
        raise Unavailable(f"The image {family} can't be listed: {error}.", rule="ops.images.sbom", value=family,
                          next_step="Check that Docker runs (`readingroom doctor`).") from error
    bill = document(family, image_id, str(image.attrs["Created"]), listed.decode())
    file.parent.mkdir(mode=0o755, exist_ok=True)
    write_whole(file, (json.dumps(bill, indent=1, sort_keys=True) + "\n").encode(), 0o644)
    return file


def document(family: str, image_id: str, created: str, listed: str) -> dict[str, Any]:
    """The bill, from lines of kind, name, version and architecture. IntegrityError for any other line."""
    rows = sorted({tuple(line.split("\t")) for line in listed.splitlines() if line})
    if odd := [row for row in rows if len(row) != 4 or row[0] not in KINDS]:
        raise IntegrityError(f"The image {family} lists what is not understood: {odd[0]!r}.", rule="ops.images.sbom",
                             value=family, next_step="Please report this; the image itself is as it was.")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, image_id)}",
        "version": 1,
        "metadata": {
            "timestamp": f"{created[:19]}Z",
            "component": {
                "type": "container", "bom-ref": image_id, "name": f"readingroom/{family}", "version": image_id,
            },
        },
        "components": [_component(kind, name, version, architecture) for kind, name, version, architecture in rows],
    }


# How each kind of package is named worldwide (package URLs), from name, version and architecture.
KINDS: dict[str, Callable[[str, str, str], str]] = {
    "deb": lambda name, version, arch: (
        f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={arch}&distro={DISTRIBUTION}"),
    "pypi": lambda name, version, _: f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version)}",
    "own": lambda name, version, _: f"pkg:generic/{name}@{version}",
}


def _component(kind: str, name: str, version: str, architecture: str) -> dict[str, Any]:
    version = __version__ if kind == "own" else version
    purl = KINDS[kind](name, version, architecture)
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
