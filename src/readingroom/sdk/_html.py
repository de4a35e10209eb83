"""How tables, checks and requests look in a notebook. Everything is escaped; colour never speaks alone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from readingroom.core.disclosure.verdict import Verdict

if TYPE_CHECKING:
    from readingroom.sdk._preflight import Preflight
    from readingroom.sdk._tables import Table

COLOURS = {Verdict.PASS: "#1b6e3c", Verdict.REVIEW: "#8a5a00", Verdict.FAIL: "#a8201a"}
RISKY = "background:#fbe3e1;color:#6b120e;"
MOST_ROWS = 200
LEFT = 'style="text-align:left"'  # for words: a notebook sets every cell to the right


def badge(verdict: Verdict) -> str:
    return (f'<strong style="background:{COLOURS[verdict]};color:#fff;padding:.1em .5em;border-radius:.2em">'
            f"{verdict.name}</strong>")


def table_html(made: Table) -> str:
    """The table with its unsafe cells marked in words and colour, and what the check says under it."""
    from readingroom.sdk import _tables

    checked = made.check()
    risky = {(place.row, place.column) for finding in checked.findings if finding.verdict is Verdict.FAIL
             for place in finding.cells}
    rows, columns = made._axes()
    cells = {(tuple(cell["row"]), tuple(cell["column"])): cell for cell in made.cells}
    heads = [*made.row_names, *(_tables.JOINER.join(column) for column in columns)]
    body = []
    for row in rows[:MOST_ROWS]:
        shown = "".join(f"<th {LEFT}>{escape(label)}</th>" for label in row)
        for column in columns:
            text = escape(made._text(cells[row, column], grouped=True))
            joined = (row, (_tables.JOINER.join(column),))
            bad = (row, column) in risky or joined in risky
            shown += (f'<td style="text-align:right;{RISKY}">{text} <small>unsafe</small></td>' if bad
                      else f'<td style="text-align:right">{text}</td>')
        body.append(f"<tr>{shown}</tr>")
    more = f"<p>{len(rows) - MOST_ROWS:,} more rows.</p>" if len(rows) > MOST_ROWS else ""
    head = "".join(f"<th{' ' + LEFT if place < len(made.row_names) else ''}>{escape(text)}</th>"
                   for place, text in enumerate(heads))
    return (f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{more}"
            f"<p>{_tables.caption(made)}</p>{preflight_html(checked)}")


def preflight_html(checked: Preflight) -> str:
    from readingroom.sdk._preflight import MEANING, NOTHING

    parts = []
    for output in checked.outputs:
        items = "".join(
            f"<li>{badge(finding.verdict)} {escape(finding.message)}"
            + (f"<br>Next: {escape(finding.next_step)}" if finding.next_step else "") + "</li>"
            for finding in output.findings)
        parts.append(f"<p>{badge(output.verdict)} <strong>{escape(output.name)}</strong>: "
                     f"{escape(MEANING[output.verdict])}</p>" + (f"<ul>{items}</ul>" if items else ""))
    return "".join(parts) or f"<p>{NOTHING}</p>"


def definitions(pairs: dict[str, object]) -> str:
    rows = "".join(f"<tr><th {LEFT}>{escape(name)}</th><td {LEFT}>{escape(str(value))}</td></tr>"
                   for name, value in pairs.items())
    return f"<table><tbody>{rows}</tbody></table>"
