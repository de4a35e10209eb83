"""Estimates: the numbers of a model, test or curve, with the description by which they are checked."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _outputs
from readingroom.sdk._outputs import Output

if TYPE_CHECKING:
    import pandas

    from readingroom.sdk._preflight import Preflight

Labels = tuple[str, ...]
TINY_P = "<0.001"
RIGHT = 'style="text-align:right"'


@dataclass(frozen=True)
class Estimates:
    """What a model, test or curve says, in rows. Made by `rr.ols()` and its like.

    `rows` hold the numbers as they are published. `description` is what they rest on. `fitted` is the fit itself, to go
    on working with; it holds people's rows and never leaves.
    """

    title: str
    label_names: Labels
    columns: Labels
    rows: tuple[tuple[Labels, Mapping[str, str]], ...]
    description: Mapping[str, Any]
    note: str = ""
    source: Mapping[str, str] = field(default_factory=dict)
    fitted: Any = field(default=None, repr=False, compare=False)
    name: str = ""
    context: str = ""
    controls: str = ""

    @property
    def evidence(self) -> dict[str, Any]:
        """What the numbers rest on, and the numbers, as the checks read them."""
        shown = [
            {"row": list(labels), "column": [column], "value": number(values[column])}
            for labels, values in self.rows
            for column in self.columns
            if column in values
        ]
        return {"kind": "model", "version": 1, "description": dict(self.description), "shown": shown}

    @property
    def frame(self) -> pandas.DataFrame:
        """The published numbers; what is too small to be shown is missing."""
        import pandas

        index = (
            pandas.Index([labels[0] for labels, _ in self.rows], name=self.label_names[0])
            if len(self.label_names) == 1
            else pandas.MultiIndex.from_tuples([labels for labels, _ in self.rows], names=self.label_names)
        )
        return pandas.DataFrame(
            {column: [number(values.get(column, "")) for _, values in self.rows] for column in self.columns},
            index=index,
            dtype=float,
        )

    def check(self) -> Preflight:
        """What the project's rules say of it."""
        from readingroom.sdk._preflight import preflight

        return preflight(self)

    def csv(self) -> bytes:
        """One header line, then a line per row."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.label_names, *self.columns])
        for labels, values in self.rows:
            writer.writerow([*labels, *(values.get(column, "") for column in self.columns)])
        return text.getvalue().encode()

    def json(self) -> bytes:
        """A list of one object per row."""
        listed = [
            dict(zip(self.label_names, labels, strict=True))
            | {column: _plain(values.get(column, "")) for column in self.columns}
            for labels, values in self.rows
        ]
        return (json.dumps(listed, indent=1, ensure_ascii=False) + "\n").encode()

    def save(self, path: str | Path, *, context: str = "", controls: str = "") -> Estimates:
        """Write the csv (or json), and beside it its evidence. Returns the estimates under that name."""
        suffix = Path(path).suffix.lower()
        if suffix not in (".csv", ".json"):
            raise InvalidInput(
                "Estimates are saved as csv or json.",
                rule="estimates.type",
                value=path,
                next_step="Give a name that ends in .csv or .json.",
            )
        _outputs.save(path, self.json() if suffix == ".json" else self.csv(), self.evidence)
        return replace(self, name=Path(path).name, context=context or self.context, controls=controls or self.controls)

    def output(self, number: int = 1) -> Output:
        content = self.json() if self.name.endswith(".json") else self.csv()
        return Output(self.name or f"estimates-{number}.csv", content, self.evidence, self.context, self.controls)

    def _repr_html_(self) -> str:
        from readingroom.sdk._html import LEFT, preflight_html

        heads = "".join(
            f"<th{' ' + LEFT if place < len(self.label_names) else ''}>{escape(name)}</th>"
            for place, name in enumerate((*self.label_names, *self.columns))
        )
        body = "".join(
            "<tr>"
            + "".join(f"<th {LEFT}>{escape(label)}</th>" for label in labels)
            + "".join(f"<td {RIGHT}>{escape(_grouped(values.get(column, '')))}</td>" for column in self.columns)
            + "</tr>"
            for labels, values in self.rows
        )
        return (
            f"<p><strong>{escape(self.title)}</strong></p><table><thead><tr>{heads}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{escape(self.note)}</p>{preflight_html(self.check())}"
        )

    def __repr__(self) -> str:
        return f"<Estimates: {self.title}>\n{self.csv().decode()}{self.note}"


def _grouped(text: str) -> str:
    """20,150 for 20150; marks and small numbers as they are."""
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if whole.lstrip("-").isdigit() and len(whole.lstrip("-")) > 3 else text


def rounded(value: float, decimals: int) -> str:
    """With so many decimals, and no minus before zero.

    >>> rounded(-0.004, 2), rounded(1234.5, 0)
    ('0.00', '1234')
    """
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def number(text: str) -> float | None:
    """The number that is published, or None for a mark or nothing."""
    try:
        return float(text)
    except ValueError:
        return None


def _plain(text: str) -> float | str | None:
    value = number(text)
    return (text or None) if value is None else int(value) if text.lstrip("-").isdigit() else value


def decimals_for(error: float, *, figures: int = 2) -> int:
    """Decimals that show a standard error with `figures` figures: more would be false precision.

    >>> decimals_for(0.0123), decimals_for(45.0)
    (3, 0)
    """
    if not math.isfinite(error) or error <= 0:
        return 3
    return max(0, min(8, figures - 1 - math.floor(math.log10(error))))


def p_value(value: float) -> str:
    """Three decimals; what is smaller is said so."""
    return TINY_P if value < 0.001 else f"{value:.3f}"
