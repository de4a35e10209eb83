"""How tables, checks and requests look in a notebook. Everything is escaped; colour never speaks alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from readingroom.core.disclosure.verdict import Finding, Verdict

if TYPE_CHECKING:
    from readingroom.sdk._preflight import Preflight
    from readingroom.sdk._tables import Table

COLOURS = {Verdict.PASS: "#1b6e3c", Verdict.REVIEW: "#8a5a00", Verdict.FAIL: "#a8201a"}
RISKY = "background:#fbe3e1;color:#6b120e;"
DOUBTFUL = "background:#fdf3d8;color:#5c3d00;"
MOST_ROWS = 200
NOTE = "<strong>Note:</strong>"  # what is said for information, of a file that may pass
LEFT = 'style="text-align:left"'  # for words: a notebook sets every cell to the right


def badge(verdict: Verdict) -> str:
    return (f'<strong style="background:{COLOURS[verdict]};color:#fff;padding:.1em .5em;border-radius:.2em">'
            f"{verdict.name}</strong>")


def table_html(made: Table) -> str:
    """The table with its unsafe cells marked in words and colour, and what the check says under it."""
    from readingroom.sdk._fixes import resting
    from readingroom.sdk._layout import caption, cells_of, heading, lines_shown, text_of

    checked = made.check()
    rows, columns = lines_shown(made)
    cells = cells_of(made)
    broken = _broken(checked)
    heads = [*made.row_names, *(heading(made, column) for column in columns)]
    body = []
    for row in rows[:MOST_ROWS]:
        shown = "".join(f"<th {LEFT}>{escape(label)}</th>" for label in row)
        for column in columns:
            if (row, column) not in cells:  # a total's share of itself
                shown += "<td></td>"
                continue
            cell, one = cells[row, column]
            text = escape(text_of(cell, one, grouped=True))
            findings = broken.get((row, column)) or broken.get((row, (heading(made, column),))) or []
            shown += _cell_html(text, findings, resting(cell))
        body.append(f"<tr>{shown}</tr>")
    more = f"<p>{len(rows) - MOST_ROWS:,} more rows.</p>" if len(rows) > MOST_ROWS else ""
    head = "".join(f"<th{' ' + LEFT if place < len(made.row_names) else ''}>{escape(text)}</th>"
                   for place, text in enumerate(heads))
    return (f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{more}"
            f"<p>{caption(made)}</p>{preflight_html(checked)}{_ways_out(checked)}")


def _broken(checked: Preflight) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[Finding]]:
    """The findings on each cell, by its labels."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Finding]] = {}
    for finding in checked.findings:
        for place in finding.cells:
            found.setdefault((place.row, place.column), []).append(finding)
    return found


def _cell_html(text: str, findings: list[Finding], rests_on: str) -> str:
    """A cell; one that breaks a rule has a sign, a colour, and the numbers and the rule where one points at it."""
    if not findings:
        return f'<td style="text-align:right">{text}</td>'
    worst = max(finding.verdict for finding in findings)
    rules = ", ".join(dict.fromkeys(finding.rule for finding in findings))
    sign, style, word = (("✗", RISKY, "unsafe") if worst is Verdict.FAIL else ("?", DOUBTFUL, "to be judged"))
    said = escape(f"{word}: {rules}. Rests on {rests_on}.", quote=True)
    return (f'<td style="text-align:right;{style}" title="{said}">{text} '
            f'<small><span aria-hidden="true">{sign}</span> {word}</small></td>')


def _ways_out(checked: Preflight) -> str:
    if checked.verdict is not Verdict.FAIL:
        return ""
    return ("<p>Ways out, each checked again: <code>.fix()</code> tries them; <code>.suppress()</code>, "
            "<code>.merge({...})</code>, <code>.round(5)</code>, <code>.cap(upper=...)</code>, "
            "<code>.drop(...)</code> do one; <code>.explain()</code> says why.</p>")


def preflight_html(checked: Preflight) -> str:
    from readingroom.sdk._preflight import MEANING, NOTHING

    parts = []
    for output in checked.outputs:
        items = "".join(
            f"<li>{badge(finding.verdict) if finding.verdict else NOTE} {escape(finding.message)}"
            + (f"<br>Next: {escape(finding.next_step)}" if finding.next_step else "") + "</li>"
            for finding in output.findings)
        parts.append(f"<p>{badge(output.verdict)} <strong>{escape(output.name)}</strong>: "
                     f"{escape(MEANING[output.verdict])}</p>" + (f"<ul>{items}</ul>" if items else "")
                     + "".join(f"<p>Before you ask: {escape(note)}</p>" for note in output.notes))
    return "".join(parts) or f"<p>{NOTHING}</p>"


def rows(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table of words."""
    head = "".join(f"<th {LEFT}>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td {LEFT}>{escape(str(value))}</td>" for value in line) + "</tr>"
                   for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def definitions(pairs: dict[str, object]) -> str:
    rows = "".join(f"<tr><th {LEFT}>{escape(name)}</th><td {LEFT}>{escape(str(value))}</td></tr>"
                   for name, value in pairs.items())
    return f"<table><tbody>{rows}</tbody></table>"
