"""Figures with the table that they draw."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _outputs
from readingroom.sdk._estimates import Estimates
from readingroom.sdk._outputs import Output
from readingroom.sdk._tables import Table

if TYPE_CHECKING:
    from readingroom.sdk._preflight import Preflight

DOTS_PER_INCH = 120


@dataclass(frozen=True)
class Picture:
    """A drawing to look at, as notebooks show it; to release one, give it its table with `figure()`."""

    drawn: Any

    def _repr_png_(self) -> bytes:
        return png(self.drawn)


@dataclass(frozen=True)
class Figure:
    """A matplotlib figure and the table (or estimates) underneath; its png holds the picture and nothing else.

    `again` draws the same of another table.
    """

    drawn: Any
    underlying: Table | Estimates
    name: str = ""
    context: str = ""
    controls: str = ""
    again: Callable[[Table], Figure] | None = field(default=None, repr=False, compare=False)

    @property
    def evidence(self) -> dict[str, Any]:
        return {"kind": "figure", "underlying": self.underlying.evidence}

    def png(self) -> bytes:
        return png(self.drawn)

    def check(self) -> Preflight:
        """What the project's rules say of the table underneath."""
        from readingroom.sdk._preflight import preflight

        return preflight(self)

    def of(self, table: Table) -> Figure:
        """The same drawing of another table, such as one made safe: `figure.of(figure.underlying.suppress())`."""
        if self.again is None:
            raise InvalidInput("This figure was drawn by you.", rule="figure.again",
                               next_step="Draw it again from the other table, and give that to rr.figure().")
        return replace(self.again(table), name=self.name, context=self.context, controls=self.controls)

    def suppress(self) -> Figure:
        """The same figure of its table with unsafe cells hidden."""
        if isinstance(self.underlying, Estimates):
            raise InvalidInput("Steps are joined, not hidden.", rule="figure.suppress",
                               next_step="Make the curves anew with rr.survival().")
        return self.of(self.underlying.suppress())

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
        return f"<Figure {self.name or 'not saved'}, of {len(self.evidence['underlying'].get('cells', ()))} cells>"


def png(drawn: Any) -> bytes:
    """The picture and nothing else: no metadata, no time."""
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return out.getvalue()


def figure(drawn: Any, underlying: Table | Estimates) -> Figure:
    """A figure of yours with the table of the numbers that it shows, which is what can be checked."""
    if not isinstance(underlying, Table | Estimates):
        raise InvalidInput("A figure is checked by the table it draws.", rule="figure.underlying",
                           value=type(underlying).__name__, next_step="Give underlying=, a table of rr.table().")
    if not callable(getattr(drawn, "savefig", None)):
        drawn = getattr(drawn, "figure", drawn)  # axes know their figure
    if not callable(getattr(drawn, "savefig", None)):
        raise InvalidInput("That is no matplotlib figure.", rule="figure.kind", value=type(drawn).__name__,
                           next_step="Give the figure, or its axes.")
    return Figure(drawn, underlying)
