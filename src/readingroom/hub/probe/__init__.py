"""What is tried from inside a workspace: run there by the canary, and by the containment tests as a researcher would.

The parts are one program, sent into the container as text, so they need the standard library only and each name is
given once. It prints one JSON list: for each wall its name, whether it held, and what was seen. Something that cannot
be told did not hold.
"""

import re
from pathlib import Path

from readingroom.hub.probe.report import WALLS as WALLS

PARTS = ("tables", "looking", "network", "kernel", "files", "rights", "report")
_BETWEEN_PARTS = re.compile(r"^from readingroom\.hub\.probe\.\w+ import (\([^)]*\)|.*)\n", re.MULTILINE)


def program(**tables: object) -> str:
    """All parts one after the other, without their imports of each other; `tables` replaces what may be there."""
    texts = {part: Path(__file__).with_name(f"{part}.py").read_text(encoding="utf-8") for part in PARTS}
    texts["tables"] += "".join(f"{name} = {value!r}\n" for name, value in tables.items())
    return "\n".join(_BETWEEN_PARTS.sub("", text) for text in texts.values())
