"""A private answer as researchers hold it: numbers with their intervals, in words, drawn, and ready to be released."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readingroom.errors import InvalidInput
from readingroom.sdk import _door
from readingroom.sdk._data import DataColumn
from readingroom.sdk._dp.numbers import rho, written
from readingroom.sdk._dp.questions import columns_of, label_of

if TYPE_CHECKING:
    import pandas

    from readingroom.sdk._figures import Picture
    from readingroom.sdk._requests import Request

NUMBERS = ("value", "half_width_95", "low", "high")
COUNTS = ("people", "count")
AXES = {"people": "people, with noise", "count": "rows, with noise", "top": "place", "regression": "coefficient"}
WIDEST = 40  # bars; more of them are drawn lying


@dataclass(frozen=True)
class Answer:
    """`charged_micro_rho` is what this call cost: 0 when it was answered before.

    `value` is None where there are rows.
    """

    id: int
    charged_micro_rho: int
    answer: dict[str, Any] = field(repr=False)

    @property
    def statistic(self) -> str:
        return str(self.answer["statistic"])

    @property
    def value(self) -> float | None:
        value: float | None = self.answer["value"]
        return value

    @property
    def half_width_95(self) -> float | None:
        """Of the number, or the widest of the rows; None where none can be given, as for quantiles."""
        width: float | None = self.answer["half_width_95"]
        return width

    @property
    def epsilon(self) -> float:
        """What the answer tells of any one person at most, at the `delta` of its statement."""
        epsilon: float = self.answer["epsilon"]
        return epsilon

    @property
    def statement(self) -> str:
        """What to write beside the number: mechanism, privacy loss and interval."""
        return str(self.answer["statement"])

    @property
    def guarantee(self) -> str:
        """What the answer promises to each person in the data, in plain words."""
        return str(self.answer.get("guarantee", ""))

    @property
    def citation(self) -> str:
        """A line to cite the answer by."""
        return str(self.answer.get("citation") or f"Private answer {self.id}, epsilon {self.epsilon:.3g}.")

    @property
    def frame(self) -> pandas.DataFrame:
        """A row per group, coefficient or quantile (one row for a single number), with its 95% interval.

        The rows themselves for a synthetic table, which have no interval.
        """
        import pandas

        if self.answer.get("synthetic") is not None:
            return pandas.DataFrame(self.answer["synthetic"])
        interval = self.answer.get("interval_95") or (None, None)
        one = {"key": self.statistic, "label": self.statistic, "value": self.value,
               "half_width_95": self.half_width_95, "low": interval[0], "high": interval[1]}
        rows = self.answer["rows"] or ([one] if self.value is not None else [])
        columns = self._columns()
        made = pandas.DataFrame([_names(row, columns) | _numbers(row) for row in rows])
        for name in NUMBERS:
            if name not in made.columns:
                made[name] = pandas.Series(dtype=float)
        made[list(NUMBERS[1:])] = made[list(NUMBERS[1:])].astype(float)
        return made

    def _columns(self) -> Mapping[str, DataColumn]:
        """The mounted columns of the table asked about, for their labels."""
        query = self.answer.get("query") or {}
        return columns_of(str(query.get("dataset")), str(query.get("table"))) if len(_groups(self.answer)) > 1 else {}

    @property
    def wide(self) -> pandas.DataFrame:
        """The values of a table of two columns, one down and one across, in the catalogue's order."""
        frame = self.frame
        groups = _groups(self.answer)
        if len(groups) != 2:
            raise InvalidInput("Only a table of two columns can be set down and across.", rule="private.wide",
                               value=", ".join(groups), next_step="Use `.frame`, which has a row per group.")
        down, across = groups
        order = {name: list(dict.fromkeys(frame[name])) for name in groups}
        return frame.pivot(index=down, columns=across, values="value").loc[order[down], order[across]]

    def plot(self) -> Picture:
        """Bars (or points, for quantiles and coefficients) with their 95% intervals; `.drawn` is the matplotlib figure.

        A synthetic table is drawn as the shares of its first column.
        """
        return _drawn(self)

    # --- free post-processing: of noisy numbers, so it costs nothing and weakens nothing ---

    def nonnegative(self) -> Processed:
        """Counts below zero set to zero. It biases sums of small cells upwards, which its label says."""
        from readingroom.core.privacy import free

        return self._processed(lambda values: [float(one) for one in free.non_negative(values)], free.NON_NEGATIVE)

    def rounded(self, base: int = 1) -> Processed:
        """Counts rounded to multiples of `base`."""
        from readingroom.core.privacy import free

        if isinstance(base, bool) or not isinstance(base, int) or base < 1:
            raise InvalidInput("Numbers are rounded to multiples of a positive whole number.", rule="private.rounded",
                               value=base, next_step="Write .rounded(5).")
        return self._processed(lambda values: [float(one) for one in free.rounded(values, base)],
                               free.ROUNDED.format(base))

    def consistent(self, *, rows: Answer, columns: Answer) -> Processed:
        """A table of two columns moved as little as possible to add up to margins that were asked for separately.

        `rows` and `columns` are the answers by its first and by its second column, of the same question and spend.
        """
        from readingroom.core.privacy import free

        groups, table = _groups(self.answer), self.answer["rows"]
        if len(groups) != 2:
            raise InvalidInput("Only a table of two columns has two margins.", rule="private.margin",
                               value=", ".join(groups), next_step="Ask for a contingency table of two columns.")
        down, across = (list(dict.fromkeys(row["by"][name] for row in table)) for name in groups)
        value = {(row["by"][groups[0]], row["by"][groups[1]]): float(row["value"]) for row in table}
        cells, *_ = free.consistent([[value[one, other] for other in across] for one in down],
                                    _margin(rows, down, groups[0]), _margin(columns, across, groups[1]))
        moved = [cells[down.index(one)][across.index(other)] for one, other in value]
        return self._processed(lambda _: moved, free.CONSISTENT)

    def _processed(self, change: Callable[[list[Any]], list[float]], label: str) -> Processed:
        if self.statistic not in COUNTS:
            raise InvalidInput("Only counts are processed so.", rule="private.processed", value=self.statistic,
                               next_step="Compute with the numbers of `.frame`: whatever comes of them stays private.")
        before = self.frame
        labels = (*(self.labels if isinstance(self, Processed) else ()), label)
        values = [float(one) for one in change(list(before["value"]))]
        return Processed(self.id, self.charged_micro_rho, self._with(values), labels)

    def _with(self, values: list[float]) -> dict[str, Any]:
        """The record with other values; intervals stay those of the noise around what was released."""
        plain = [int(one) if one.is_integer() else one for one in values]
        if self.answer["rows"]:
            rows = [row | {"value": value} for row, value in zip(self.answer["rows"], plain, strict=True)]
            return self.answer | {"rows": rows}
        return self.answer | {"value": plain[0]}

    def release(self) -> Request:
        """Ask for this answer to leave. Where policy lets private answers out at once, no person has to check it.

        Asked again, by anyone in the project, it is the same request.
        """
        from readingroom.sdk._requests import request

        return request(_door.post(f"/private/answers/{self.id}/release", json={})["number"])

    @property
    def dry_run(self) -> bool:
        """Of made-up people: synthetic, and no answer."""
        return bool(self.answer.get("dry_run"))

    @property
    def _cost(self) -> str:
        if self.dry_run:
            return "SYNTHETIC, NOT AN ANSWER: a dry run on made-up people, which cost nothing."
        paid = rho(self.charged_micro_rho) if self.charged_micro_rho else "nothing: it was answered before"
        return f"This call cost {paid}."

    @property
    def _error(self) -> str:
        if self.half_width_95 is not None:
            return f"±{written(self.half_width_95)} in 95% of answers"
        if (rank := self.answer.get("rank_half_width_95")) is not None:
            return f"within {written(rank)} rows of the wanted rank in 95% of answers"
        return "no half-width can be given: see .statement"

    def __repr__(self) -> str:
        width = f"{self._error}, epsilon {self.epsilon:.3g}. {self._cost}"
        if self.value is None:
            return f"{self.frame.to_string(index=False, max_rows=60)}\n{width}"
        return f"{self.statistic}: {written(self.value)}, {width}"

    def _repr_html_(self) -> str:
        from html import escape

        from readingroom.sdk._html import definitions

        facts: dict[str, object] = {"Error from the noise": self._error, "Epsilon": f"{self.epsilon:.3g}"}
        shown = (self.frame.to_html(index=False, float_format=written, max_rows=200) if self.value is None
                 else f"<p>{escape(self.statistic)}: <strong>{written(self.value)}</strong></p>")
        return f"{shown}{definitions(facts)}<p>{self._cost}</p><p><small>{escape(self.statement)}</small></p>"


@dataclass(frozen=True)
class Processed(Answer):
    """An answer whose numbers were changed for nothing; `labels` say how. What is released is the answer as given."""

    labels: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        return f"{self.answer['statement']} Afterwards {' and '.join(self.labels)}, which costs no privacy."


def _groups(given: dict[str, Any]) -> list[str]:
    return list((given["rows"][0].get("by") or {}) if given["rows"] else {})


def _names(row: dict[str, Any], columns: Mapping[str, DataColumn]) -> dict[str, Any]:
    """Key and label; of a group by several columns, each column's label."""
    by = row.get("by") or {}
    if len(by) > 1:
        named = {name: label_of(value, columns.get(name)) for name, value in by.items()}
        return named | ({"quantile": row["quantile"]} if "quantile" in row else {})
    return {"key": row["key"], "label": row["label"]} | (
        {"quantile": row["quantile"]} if by and "quantile" in row else {})


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    value, width = row["value"], row.get("half_width_95")
    ends = (row.get("low"), row.get("high"))
    if ends == (None, None) and width is not None:
        ends = (value - width, value + width)
    return {"value": value, "half_width_95": width, "low": ends[0], "high": ends[1]} | (
        {"number": row["number"]} if "number" in row else {})


def _margin(margin: Answer, order: list[Any], name: str) -> list[float]:
    """The numbers of a margin in the order of the table's categories."""
    if margin.statistic not in COUNTS or _groups(margin.answer) != [name]:
        raise InvalidInput("A margin is the answer to the same question by one of the table's columns.",
                           rule="private.margin", value=", ".join(_groups(margin.answer)) or margin.statistic,
                           next_step=f"Ask for the counts by {name}, with the same conditions.")
    values = {row["by"][name]: float(row["value"]) for row in margin.answer["rows"]}
    if set(values) != set(order):
        raise InvalidInput("The margin has other categories than the table.", rule="private.margin", value=name,
                           next_step="Ask for both with the same categories.")
    return [values[one] for one in order]


def _drawn(answer: Answer) -> Picture:
    from matplotlib.figure import Figure as Canvas

    from readingroom.sdk._figures import Picture

    frame = answer.frame
    if answer.answer.get("synthetic") is not None:
        counts = frame.iloc[:, 0].value_counts(sort=False)
        frame = counts.rename("value").rename_axis("label").reset_index().assign(low=float("nan"), high=float("nan"))
    labels = [str(one) for one in (frame["label"] if "label" in frame else
                                   frame[[*_groups(answer.answer)]].astype(str).agg(", ".join, axis=1))]
    if "quantile" in frame:
        labels = [f"{label} ({q:g})" for label, q in zip(labels, frame["quantile"], strict=True)]
    spans = [span.fillna(0).clip(lower=0) for span in (frame["value"] - frame["low"], frame["high"] - frame["value"])]
    places = list(range(len(frame)))
    words = AXES.get(answer.statistic, f"{answer.statistic}, with noise")
    lying = len(frame) > WIDEST
    canvas = Canvas(figsize=(7, 0.22 * len(frame) + 1) if lying else (max(5.0, 0.5 * len(frame) + 2), 4),
                    layout="constrained")
    axes = canvas.subplots()
    style: dict[str, Any] = {"fmt": "o", "capsize": 3}
    points = answer.statistic in ("quantile", "regression", "correlation")
    if lying:
        axes.errorbar(frame["value"], places, xerr=spans, **style)
        axes.set_yticks(places, labels)
        axes.invert_yaxis()
        axes.set_xlabel(words)
        return Picture(canvas)
    if points:
        axes.errorbar(places, frame["value"], yerr=spans, **style)
    else:
        axes.bar(places, frame["value"], yerr=spans, capsize=3)
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set_xticks(places, labels, rotation=45, ha="right")
    axes.set_ylabel(words)
    return Picture(canvas)
