"""`readingroom check acro` and `export-sacro`: to and from the directories of other tools."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from readingroom.cli.check._files import Json, Rules, rules, say
from readingroom.core.disclosure.exchange.acro import AcroOutput, read_acro
from readingroom.core.disclosure.exchange.sacro import ToExport, sacro_directory
from readingroom.errors import InvalidInput
from readingroom.sdk._outputs import as_output
from readingroom.sdk._sacro import write_directory

MOST_FILES = 10_000
LARGEST = 64 * 2**20
LARGEST_TOGETHER = 2**30


def check_acro(directory: Annotated[Path, typer.Argument(file_okay=False, help="What acro.finalise() wrote.")],
               policy: Rules = None, json: Json = False) -> None:
    """Read a directory of ACRO's as evidence, never as a verdict: review at best. Exit status as for the others."""
    session = read_acro(_contents(directory), rules(policy))
    say(session.all_findings, checked=False, json=json,
        more={"version": session.version, "outputs": [_plain(output) for output in session.outputs]})


def export_sacro(
    files: Annotated[list[Path], typer.Argument(help="Outputs; evidence beside them (FILE.evidence.json) is used.")],
    to: Annotated[Path, typer.Option("--to", help="A directory to make; it must not exist.")],
    policy: Rules = None,
    exact_cells: Annotated[bool, typer.Option("--exact-cells", help="Say which cells fail too.")] = False,
) -> None:
    """Write a directory that SACRO-Viewer opens, with what the checks find."""
    outputs = [as_output(file) for file in files]
    made = sacro_directory([ToExport(one.name, one.content, one.evidence, one.context) for one in outputs],
                           rules(policy), datetime.now(UTC).isoformat(timespec="seconds"), exact_cells=exact_cells)
    write_directory(to, made)
    print(f"{len(outputs)} outputs in {to}; open it in SACRO-Viewer.")


def _contents(directory: Path) -> dict[str, bytes]:
    """The plain files of the directory and of `checksums` in it; links are not followed."""
    if not directory.is_dir():
        raise InvalidInput(f"{directory} is no directory.", rule="acro.directory", value=directory,
                           next_step="Give the directory that acro.finalise() wrote.")
    found: dict[str, bytes] = {}
    together = 0
    for folder, prefix in ((directory, ""), (directory / "checksums", "checksums/")):
        if folder.is_symlink() or not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if not entry.is_file(follow_symlinks=False):
                    continue
                size = entry.stat(follow_symlinks=False).st_size
                together += size
                if size > LARGEST or together > LARGEST_TOGETHER or len(found) >= MOST_FILES:
                    raise InvalidInput(f"{directory} holds more than is read.", rule="acro.size", value=entry.name,
                                       next_step="Give the directory that acro.finalise() wrote, and nothing else.")
                found[prefix + entry.name] = Path(entry.path).read_bytes()
    return found


def _plain(output: AcroOutput) -> dict[str, object]:
    return {"name": output.name, "type": output.type, "claimed": output.claimed, "files": list(output.files),
            "verdict": output.verdict.word, "findings": [finding.as_dict() for finding in output.findings]}
