"""Outputs as a directory that SACRO-Viewer opens, for colleagues who check with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from readingroom.errors import InvalidInput
from readingroom.sdk._outputs import as_output


def export_sacro(outputs: object, directory: str | Path, *, exact_cells: bool = False) -> Path:
    """Write `directory`, which must not exist, with the outputs and what the project's checks find.

    For looking at, not for release: labels are joined into one column, and markup is broken. Which cells fail is only
    counted, unless `exact_cells`.
    """
    from readingroom.core.disclosure.exchange.sacro import ToExport, sacro_directory
    from readingroom.sdk._preflight import rules

    given = outputs if isinstance(outputs, list) else [outputs]
    prepared = [as_output(thing, number) for number, thing in enumerate(given, start=1)]
    made = sacro_directory([ToExport(one.name, one.content, one.evidence, one.context) for one in prepared],
                           rules().policy, datetime.now(UTC).isoformat(timespec="seconds"), exact_cells=exact_cells)
    return write_directory(Path(directory), made)


def write_directory(to: Path, files: Mapping[str, bytes]) -> Path:
    try:
        to.mkdir(parents=True)
    except FileExistsError:
        raise InvalidInput(f"{to} exists.", rule="sacro.directory", value=to,
                           next_step="Name a new directory.") from None
    (to / "checksums").mkdir()
    for name, content in files.items():
        (to / name).write_bytes(content)
    return to
