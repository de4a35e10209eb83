"""Reader for notebooks: code a person must read, outputs that may hold data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from readingroom.core.disclosure.verdict import Finding, Verdict
from readingroom.core.inspection.recognise import parse_json
from readingroom.core.inspection.textual import check_text

MOST_CELLS = 1_000
MOST_METADATA = 20_000
"""Characters beside the cells' own text that kernel names, cell ids and the like may take."""


@dataclass(frozen=True)
class NotebookCell:
    """`kind` is code, markdown or raw; `outputs` are the plain-text parts; `rich` names other media types."""

    kind: str
    source: str
    outputs: tuple[str, ...]
    rich: tuple[str, ...]
    attachments: bool


def read_notebook(text: str) -> tuple[NotebookCell, ...] | None:
    """The cells, or None if this is no notebook of format 4."""
    try:
        notebook = parse_json(text)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(notebook, dict)
        or notebook.get("nbformat") != 4
        or not isinstance(notebook.get("cells"), list)
    ):
        return None
    cells = [_cell(cell) for cell in notebook["cells"][: MOST_CELLS + 1]]
    if len(cells) > MOST_CELLS or any(cell is None for cell in cells):
        return None
    return tuple(cell for cell in cells if cell is not None)


def _cell(cell: object) -> NotebookCell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in {"code", "markdown", "raw"}:
        return None
    source = _joined(cell.get("source"))
    raw_outputs = cell.get("outputs", [])
    if (
        source is None
        or not isinstance(raw_outputs, list)
        or not all(isinstance(out, dict) for out in raw_outputs)
    ):
        return None
    outputs, rich = [], []
    for out in raw_outputs:
        data = out.get("data", {})
        if not isinstance(data, dict):
            return None
        parts = [out.get("text"), data.get("text/plain"), out.get("traceback"), out.get("evalue")]
        outputs += [joined for part in parts if part is not None and (joined := _joined(part)) is not None]
        rich += [str(kind)[:80] for kind in data if kind != "text/plain"]
    return NotebookCell(cell["cell_type"], source, tuple(outputs), tuple(rich), bool(cell.get("attachments")))


ORDINARY_ID = re.compile(r"[0-9a-f-]{1,36}")
TOLD = frozenset({"cell_type", "source", "outputs"})
"""What of a cell is shown with it."""


def beside_the_cells(text: str) -> str:
    """What a notebook holds besides its cells' text, as JSON: metadata, widgets' state, whatever else; "" if nothing.

    Outputs that are not text and attachments are named with their cells, and left out here.
    """
    notebook = parse_json(text)
    assert isinstance(notebook, dict)
    rest = {key: value for key, value in notebook.items() if key not in ("cells", "nbformat", "nbformat_minor")}
    if not isinstance(notebook.get("nbformat_minor", 0), int):
        rest["nbformat_minor"] = notebook["nbformat_minor"]
    cells = {f"cell {number}": left for number, cell in enumerate(notebook["cells"], 1) if (left := _beside(cell))}
    rest |= {"beside the text of cells": cells} if cells else {}
    return json.dumps(rest, indent=1, ensure_ascii=False) if any(rest.values()) else ""


def _beside(cell: dict[str, object]) -> dict[str, object]:
    told = TOLD | {"attachments"}
    left = {key: value for key, value in cell.items() if key not in told and not _is_plain(key, value)}
    outputs = cell.get("outputs", [])
    assert isinstance(outputs, list)
    rests = [rest for output in outputs if (rest := _output_beside(output))]
    return left | ({"outputs": rests} if rests else {})


def _output_beside(output: dict[str, object]) -> dict[str, object]:
    shown = {key for key in ("text", "traceback", "evalue") if _joined(output.get(key)) is not None}
    data = output.get("data")
    assert data is None or isinstance(data, dict)
    left = {key: value for key, value in output.items() if key not in shown | {"data"} and not _is_plain(key, value)}
    if data and "text/plain" in data and _joined(data["text/plain"]) is None:
        left["text/plain"] = data["text/plain"]
    return left


def _is_plain(key: str, value: object) -> bool:
    """Whether this is what every notebook has, and tells nothing."""
    match key:
        case "execution_count":
            return value is None or isinstance(value, int)
        case "metadata":
            return value == {}
        case "id":
            return isinstance(value, str) and ORDINARY_ID.fullmatch(value) is not None
        case "output_type":
            return value in ("stream", "display_data", "execute_result", "error")
        case "name":
            return value in ("stdout", "stderr")
        case _:
            return False


def _joined(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "".join(value)
    return None


def check_notebook(text: str) -> list[Finding]:
    """REVIEW at best; FAIL where a cell still shows outputs, since they hold data nobody aggregated."""
    cells = read_notebook(text)
    if cells is None:
        return [
            Finding(
                "notebook.unreadable",
                Verdict.FAIL,
                "This is not a notebook that can be read (format 4).",
                "Save it again in JupyterLab.",
            )
        ]
    findings = [
        Finding(
            "notebook.read",
            Verdict.REVIEW,
            f"A person must read the {len(cells)} cells of this notebook.",
            "Send tables and figures as files of their own, which can be checked.",
        )
    ]
    shown = [number for number, cell in enumerate(cells, start=1) if cell.outputs or cell.rich]
    if shown:
        findings.append(
            Finding(
                "notebook.outputs",
                Verdict.REVIEW,
                f"{len(shown)} cells still hold outputs (first: cell {shown[0]}); what they show is "
                "not checked.",
                "Clear all outputs before saving (Edit, Clear Outputs of All Cells).",
                parameters={"cells": shown[:50]},
            )
        )
    embedded = [number for number, cell in enumerate(cells, start=1) if cell.rich or cell.attachments]
    if embedded:
        kinds = sorted({kind for cell in cells for kind in cell.rich}) or ["attachments"]
        findings.append(
            Finding(
                "notebook.embedded-data",
                Verdict.FAIL,
                f"{len(embedded)} cells embed tables, images or other data ({', '.join(kinds[:4])}).",
                "Clear all outputs and remove attached images before saving.",
                parameters={"cells": embedded[:50]},
            )
        )
    if len(text) > MOST_METADATA + 4 * sum(
        len(part) for cell in cells for part in (cell.source, *cell.outputs)
    ):
        findings.append(
            Finding(
                "notebook.hidden-content",
                Verdict.FAIL,
                f"Most of the file's {len(text):,} characters are in places that a reader does not see "
                "(metadata, widgets).",
                "Copy the cells into a new notebook and save that.",
            )
        )
    readable = "\n".join(part for cell in cells for part in (cell.source, *cell.outputs))
    return findings + check_text(readable)
