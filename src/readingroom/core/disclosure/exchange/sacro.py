"""A directory that SACRO-Viewer opens: its record, one file per output, a checksum for each.

The viewer shows labels, comments and cells as markup, follows any file name, and takes every second JSON document for a
record. So names are made plain, markup is broken, and `outputs.json` is the only record. It is for looking at; what
leaves is released by Reading Room.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.core.disclosure.check import check_output
from readingroom.core.disclosure.evidence import FigureEvidence, parse_evidence, tables_of
from readingroom.core.disclosure.models.shown import is_described, parse_described
from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.recognise import recognise
from readingroom.core.inspection.textual import decode
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

VERSION = "1.0.0"
"""The viewer compares parts of versions as text: 0.10 would be too old for it, 1.0 is not."""

RECORD, PROFILE = "outputs.json", "config.json"
TEXTS = frozenset({"csv", "json", "txt", "md"})
PICTURES = frozenset({"png", "jpeg"})
CHECK_NAMES = {"threshold": "MinimumThresholdCheck", "dominance": "NKCheck", "p-percent": "PPercentCheck",
               "degrees-of-freedom": "MinimumDoFCheck", "model.degrees-of-freedom": "MinimumDoFCheck"}
TYPES = {"linear": "regression", "logistic": "regression", "probit": "regression", "poisson": "regression",
         "kaplan-meier": "survival plot"}
MARKUP = re.compile(r"<(?=[A-Za-z/!?])")


@dataclass(frozen=True)
class ToExport:
    """One output as it was checked or will be."""

    name: str
    content: bytes
    evidence: dict[str, Any] | None = None
    context: str = ""


def sacro_directory(outputs: Sequence[ToExport], policy: Policy, timestamp: str, *,
                    exact_cells: bool = False) -> dict[str, bytes]:
    """The directory's files, by name. `timestamp` is when it is made, in ISO form.

    Cells that fail are only counted, unless `exact_cells` asks for their places: in a suppressed table these say where
    the small numbers are. InvalidInput where there is nothing to export, or a type that the viewer would show raw.
    """
    if not outputs:
        raise InvalidInput("There is nothing to export.", rule="sacro.empty", value=0,
                           next_step="Name at least one file.")
    files: dict[str, bytes] = {}
    results: dict[str, Any] = {}
    for number, output in enumerate(outputs, start=1):
        kind = recognise(output.name, output.content)
        if kind not in TEXTS | PICTURES:
            raise InvalidInput(f"{output.name} is of a type that SACRO-Viewer would show raw.", rule="sacro.type",
                               value=output.name, next_step="Export csv, json, txt, md, png or jpeg.")
        name = plain_name(output.name, number, taken=set(files))
        depth = _depth(output.evidence)
        files[name] = _shown(output.content, kind or "", depth)
        checked = check_output(output.name, output.content, output.evidence, policy)
        results[f"output_{number}"] = _result(number, name, output, checked.findings, checked.verdict, depth, timestamp,
                                              exact_cells)
    record = {"version": VERSION, "results": results}
    files[RECORD] = (json.dumps(record, indent=2) + "\n").encode()
    files[PROFILE] = (json.dumps(_profile(policy), indent=2) + "\n").encode()
    return files | {f"checksums/{name}.txt": hashlib.sha256(content).hexdigest().encode()
                    for name, content in files.items()}


def plain_name(name: str, number: int, taken: set[str]) -> str:
    """Letters, digits, dots and dashes, in no directory, and none of the names that the viewer reads itself."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip(".-")[-80:] or "output"
    if plain.casefold() in {RECORD, PROFILE, "results.json", "summary.txt", "missing-files.txt"} or plain in taken:
        plain = f"output-{number}-{plain}"
    return plain


def _depth(evidence: dict[str, Any] | None) -> int:
    """How many leading columns of the file hold labels: 1 where nothing says."""
    try:
        if is_described(evidence):
            return len(parse_described(evidence).shown.cells[0].row)
        parsed = parse_evidence(evidence) if evidence is not None else None
    except InvalidInput:
        return 1
    return 1 if parsed is None or isinstance(parsed, FigureEvidence) else len(tables_of(parsed)[0].cells[0].row)


def _shown(content: bytes, kind: str, depth: int) -> bytes:
    """The content as the viewer can show it: one index column, one header line, no markup."""
    if kind not in TEXTS:
        return content
    text = decode(content) or ""
    if kind == "json":
        return text.replace("<", "\\u003c").encode()
    if kind == "csv":
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows([[" / ".join(row[:depth]), *row[depth:]] for row in rows])
        text = out.getvalue()
    return MARKUP.sub("‹", text).encode()


def _result(number: int, name: str, output: ToExport, findings: Sequence[Finding], verdict: Verdict, depth: int,
            timestamp: str, exact_cells: bool) -> dict[str, Any]:
    failed = [one for one in findings if one.verdict is Verdict.FAIL]
    cells: dict[str, list[list[int]]] = {}
    counts: dict[str, int] = {}
    for one in failed:
        check = CHECK_NAMES.get(one.rule, one.rule)
        counts[check] = counts.get(check, 0) + len(one.cells)
        cells.setdefault(check, []).extend([cell.position[0], cell.position[1] - depth] for cell in one.cells
                                           if cell.position is not None and cell.position[1] >= depth)
    summary = verdict.word + "; " + "; ".join(f"{one.verdict.word} {CHECK_NAMES.get(one.rule, one.rule)}: {one.message}"
                                             for one in findings)
    kind = _type(output.evidence)
    return {
        "uid": f"output_{number}",
        "status": verdict.word,
        "type": kind,
        "properties": {"method": kind, "mitigation": "none", "tool": "Reading Room"},
        "files": [{"name": name, "sdc": {"summary": counts, "cells": cells} if exact_cells else {"summary": counts,
                                                                                               "cells": {}}}],
        "outcome": {},
        "command": "Reading Room",
        "summary": html.escape(summary)[:10_000],
        "timestamp": timestamp,
        "comments": [html.escape(text) for text in (
            output.context, "Checked by Reading Room; labels are joined into one column for this viewer.") if text],
        "exception": "",
    }


def _type(evidence: dict[str, Any] | None) -> str:
    if evidence is None:
        return "custom"
    if not is_described(evidence):
        return "table" if evidence.get("kind") in ("table", "tables") else "histogram"
    inner = evidence["underlying"] if evidence.get("kind") == "figure" else evidence
    description = inner.get("description")
    return TYPES.get(str(description.get("type")), "custom") if isinstance(description, Mapping) else "custom"


def _profile(policy: Policy) -> dict[str, Any]:
    """The policy in the words of ACRO's risk profile. Of several dominance pairs the first is said."""
    n, k = min(policy.dominance) if policy.dominance else (None, None)
    return {
        "safe_threshold": policy.threshold,
        "safe_dof_threshold": policy.residual_degrees_of_freedom,
        "safe_nk_n": n,
        "safe_nk_k": None if k is None else k / 100,
        "safe_pratio_p": None if policy.p_percent is None else policy.p_percent / 100,
        "check_missing_values": True,
        "survival_safe_threshold": policy.threshold,
        "zeros_are_disclosive": policy.zeros_disclosive,
    }
