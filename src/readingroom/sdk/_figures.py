"""Figures with the table that they draw."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _outputs
from readingroom.sdk._outputs import Output
from readingroom.sdk._tables import Table

DOTS_PER_INCH = 120


@dataclass(frozen=True)
class Picture:
    """A drawing to look at, as notebooks show it; to release one, give it its table with `figure()`."""

    drawn: Any

    def _repr_png_(self) -> bytes:
        return png(self.drawn)


@dataclass(frozen=True)
class Figure:
    """A matplotlib figure and the table underneath; its png holds the picture and nothing else."""

    drawn: Any
    underlying: Table
    name: str = ""
    context: str = ""
    controls: str = ""

    @property
    def evidence(self) -> dict[str, Any]:
        return {"kind": "figure", "underlying": self.underlying.evidence}

    def png(self) -> bytes:
        return png(self.drawn)

    def save(self, path: str | Path, *, context: str = "", controls: str = "") -> Figure:
        """Write the png, and beside it its evidence, which a release request by path needs.

        Returns the figure under that name, with its context.
        """
        if Path(path).suffix.lower() != ".png":
            raise InvalidInput("Figures are saved as png.", rule="figure.type", value=path,
                               next_step="Give a name that ends in .png.")
        _outputs.save(path, self.png(), self.evidence)
        return replace(self, name=Path(path).name, context=context or self.context, controls=controls or self.controls)

    def output(self, number: int = 1) -> Output:
        return Output(self.name or f"figure-{number}.png", self.png(), self.evidence, self.context, self.controls)

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        return f"<Figure {self.name or 'not saved'}, of a table of {len(self.underlying.cells)} cells>"


def png(drawn: Any) -> bytes:
    """The picture and nothing else: no metadata, no time."""
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return out.getvalue()


def figure(drawn: Any, underlying: Table) -> Figure:
    """A figure of yours with the table of the numbers that it shows, which is what can be checked."""
    if not isinstance(underlying, Table):
        raise InvalidInput("A figure is checked by the table it draws.", rule="figure.underlying",
                           value=type(underlying).__name__, next_step="Give underlying=, a table of rr.table().")
    if not callable(getattr(drawn, "savefig", None)):
        drawn = getattr(drawn, "figure", drawn)  # axes know their figure
    if not callable(getattr(drawn, "savefig", None)):
        raise InvalidInput("That is no matplotlib figure.", rule="figure.kind", value=type(drawn).__name__,
                           next_step="Give the figure, or its axes.")
    return Figure(drawn, underlying)


def plot_bar(table: Table, *, title: str = "") -> Figure:
    """Bars of a table, grouped by its columns; margins are not drawn, suppressed cells are gaps."""
    from matplotlib.figure import Figure as Canvas

    margins = {"row": _margins(table, "row"), "column": _margins(table, "column")}
    frame = table.frame.astype("Float64")
    rows, columns = table._axes()
    frame = frame.iloc[[number for number, row in enumerate(rows) if row not in margins["row"]],
                       [number for number, column in enumerate(columns) if column not in margins["column"]]]
    canvas = Canvas(figsize=(max(6.0, 0.3 * frame.size + 2), 4), layout="constrained")
    axes = canvas.subplots()
    width = 0.8 / max(1, len(frame.columns))
    for number, name in enumerate(frame.columns):
        places = [place + (number - (len(frame.columns) - 1) / 2) * width for place in range(len(frame))]
        axes.bar(places, frame[name].to_numpy(dtype=float, na_value=float("nan")), width, label=str(name))
    labels = [", ".join(row) for row in rows if row not in margins["row"]]
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_ylabel("people" if table.statistic == "count" else table.statistic)
    axes.set_xlabel(", ".join(table.row_names))
    axes.set_title(title)
    if len(frame.columns) > 1:
        axes.legend()
    return Figure(canvas, table)


def _margins(table: Table, axis: str) -> set[tuple[str, ...]]:
    from readingroom.core.disclosure.evidence import is_margin_label

    return {label for label in (getattr(cell, axis) for one in table.tables for cell in one.cells if cell.margin)
            if is_margin_label(label)}
