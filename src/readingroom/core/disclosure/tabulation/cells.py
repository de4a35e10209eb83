"""From what one pass found to evidence: a table of cells for each statistic of the recipe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from readingroom.core.disclosure.evidence import CellEvidence, Labels, Scale, TableEvidence
from readingroom.core.disclosure.evidence.model import EVERY_ROW
from readingroom.core.disclosure.evidence.readers import MAX_TOP
from readingroom.core.disclosure.tabulation.conditions import conjuncts
from readingroom.core.disclosure.tabulation.engine import Computed, Places
from readingroom.core.disclosure.tabulation.labels import TOTAL, text_of
from readingroom.core.disclosure.tabulation.recipe import Measure
from readingroom.core.disclosure.tabulation.sql import OVERALL

Facts = Mapping[str, Any]
Key = tuple[int, int]
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
SHARE_OF: dict[str, Callable[[Key], Key]] = {
    "row": lambda key: (key[0], OVERALL),
    "column": lambda key: (OVERALL, key[1]),
    "all": lambda key: (OVERALL, OVERALL),
}


def tables(computed: Computed, source: Mapping[str, str] | None = None) -> tuple[TableEvidence, ...]:
    """Evidence for each measure of the recipe, cells in reading order, totals last."""
    recipe = computed.recipe
    said = tuple(sorted((source or {}).items()))
    structural = {(tuple(map(text_of, place.row)), tuple(map(text_of, place.column)))
                  for place in recipe.structural_zeros}
    where = conjuncts(recipe.where) if recipe.where else ()
    made = []
    for measure, places in zip(recipe.measures, computed.places, strict=True):
        titled: Labels = (measure.title,) if recipe.several else ()
        build = _Cells(computed, measure, places)
        cells = tuple(
            CellEvidence.quick({"row": row, "column": column + titled, "margin": OVERALL in key,
                                **build(key, (row, column) in structural)})
            for row, column, key in grid(computed) if not build.is_idle(key))
        made.append(TableEvidence(
            _name(measure), recipe.unit or EVERY_ROW, cells, said, where=where, decimals=recipe.decimals,
            row_names=recipe.rows, column_names=recipe.columns, scale=_scale(computed, measure, places),
            probability=measure.q if measure.q is not None else 0.5 if measure.canonical == "median" else None))
    return tuple(made)


def grid(computed: Computed) -> Iterable[tuple[Labels, Labels, Key]]:
    """Labels and codes of every cell, totals last in each direction."""
    rows = list(zip(computed.rows.labels, computed.rows.codes, strict=True))
    columns = list(zip(computed.columns.labels, computed.columns.codes, strict=True))
    if computed.recipe.margins and computed.rows.names:
        rows.append(((TOTAL,) * len(computed.rows.names), OVERALL))
    if computed.recipe.margins and computed.columns.names:
        columns.append(((TOTAL,) * len(computed.columns.names), OVERALL))
    return ((row, column, (r, c)) for row, r in rows for column, c in columns)


def _name(measure: Measure) -> str:
    return "count" if measure.canonical == "records" else measure.canonical


def _scale(computed: Computed, measure: Measure, places: Places) -> Scale | None:
    """From the least to the largest value in any cell, where values are whole numbers and not many."""
    place = places.value
    if measure.canonical not in ("sd", "variance") or place is None or place not in computed.whole:
        return None
    ends = [(found[f"lo{place}"], found[f"hi{place}"]) for found in computed.facts.values()
            if found[f"lo{place}"] is not None]
    low, high = min((low for low, _ in ends), default=0), max((high for _, high in ends), default=0)
    return Scale(1.0, float(low), float(high), seen=True) if low < high else None


class _Cells:
    """What one measure's cells rest on, from the facts of their keys."""

    def __init__(self, computed: Computed, measure: Measure, places: Places) -> None:
        self.facts, self.measure, self.places = computed.facts, measure, places
        self.name = measure.canonical
        self.has_rows, self.has_columns = bool(computed.rows.names), bool(computed.columns.names)
        self.weighted, self.decimals = computed.recipe.weight is not None, computed.recipe.decimals
        self.mode_labels = computed.mode_labels.get(-1 if places.value is None else places.value, ())
        i = self.places.value
        self.names = {name: f"{name}{i}" for name in (
            "n", "units", "sum", "abs", "lo", "hi", "negatives", "nonzero", "lower", "upper", "top", "low")}
        self.make = BUILDERS.get(self.name, _Cells._unknown)

    def __call__(self, key: Key, structural: bool) -> dict[str, Any]:
        found = self.facts.get(key)
        if found is None or not self._people(found)[1]:
            missing = {} if found is None or self.places.value is None else {"missing": found["units"]}
            empty = {"people": 0, "records": 0, "structural": structural} | missing | self._share_below(key)
            return empty | self.nothing()
        return self.make(self, found, key)

    def _people(self, found: Facts) -> tuple[int, int]:
        if self.places.value is None:
            return found["units"], int(found["n"])
        return found[self.names["units"]], int(found[self.names["n"]])

    def nothing(self) -> dict[str, Any]:
        """A cell with nobody in it: a sum of nothing is 0, a mean of nothing is no number and is not shown."""
        name = self.name
        if name in ("count", "records"):
            return {}
        if name == "sum":
            return {"top": (), "total": 0}
        if name == "share":
            return {"value": 0.0, "numerator_people": 0}
        return {"suppressed": True, "undefined": True}

    def _base(self, found: Facts) -> dict[str, Any]:
        people, records = self._people(found)
        base: dict[str, Any] = {"people": people, "records": records}
        if self.places.value is not None:
            base["missing"] = found["units"] - people
        return base

    def _linear(self, found: Facts) -> dict[str, Any]:
        """Contributions, totals and weights of a value."""
        i, name = self.places.value, self.names
        negatives, units = found[name["negatives"]], found[name["units"]]
        said = self._base(found)
        said |= {
            "total": plain(found[name["sum"]]), "negatives": negatives,
            "constant": found[name["lo"]] == found[name["hi"]], "nonzero_people": found.get(name["nonzero"], units),
            "lower_people": found.get(name["lower"], 0), "upper_people": found.get(name["upper"], 0)}
        if negatives:
            said["absolute_total"] = plain(found[name["abs"]])
        if not self.weighted:
            said["top"] = _largest(found[name["top"]], found[name["low"]])
            return said
        pairs = sorted(found[f"wtop{i}"] or (), key=lambda pair: (-abs(pair["s"]), -pair["s"]))
        said |= {"top": tuple(pair["s"] for pair in pairs), "weighted_total": found[f"wsum{i}"],
                 "top_weights": tuple(pair["ws"] / pair["s"] if pair["s"] else pair["ww"] for pair in pairs)}
        return said | ({"weighted_absolute_total": found[f"wabs{i}"]} if found[f"negatives{i}"] else {})

    def count(self, found: Facts, key: Key) -> dict[str, Any]:
        said = self._base(found)
        if self.name == "records":
            return said | {"value": said["records"]}
        if self.weighted:
            weight = found["weights"] if self.places.value is None else found[f"weights{self.places.value}"]
            return said | {"value": weight, "weighted_total": weight}
        return said

    def sum(self, found: Facts, key: Key) -> dict[str, Any]:
        said = self._linear(found)
        return said | ({"value": said["weighted_total"]} if self.weighted else {})

    def mean(self, found: Facts, key: Key) -> dict[str, Any]:
        i = self.places.value
        said = self._linear(found)
        if self.weighted:
            return said | {"value": said["weighted_total"] / found[f"weights{i}"]}
        return said | {"value": said["total"] / said["records"]}

    def position(self, found: Facts, key: Key) -> dict[str, Any]:
        k = self.places.quantile
        return self._linear(found) | {"value": found[f"q{k}"], "below": found[f"below{k}"],
                                      "above": found[f"above{k}"], "at_value": found[f"at{k}"]}

    def extreme(self, found: Facts, key: Key) -> dict[str, Any]:
        i, name = self.places.value, self.name
        low, high = plain(found[f"lo{i}"]), plain(found[f"hi{i}"])
        ties = {"min": found[f"at_lo{i}"], "max": found[f"at_hi{i}"]}
        return self._base(found) | {
            "value": {"min": low, "max": high, "range": high - low}[name], "constant": low == high,
            "extreme_people": ties.get(name, min(ties.values()))}

    def extreme_mean(self, found: Facts, key: Key) -> dict[str, Any]:
        """Of the so many most extreme people, each by their own most extreme value."""
        i, wanted = self.places.value, int(self.measure.entities or 1)
        side = "largest" if self.name == "top_mean" else "smallest"
        values = [plain(value) for value in found[f"{side}{i}"][:wanted]]
        people = found[f"units{i}"]
        return {"people": len(values), "records": len(values), "missing": found["units"] - people,
                "top": _by_size(values)[:MAX_TOP], "total": sum(values), "value": sum(values) / len(values),
                "constant": len(set(values)) == 1, "overlap_people": min(max(0, 2 * wanted - people), len(values)),
                **({"absolute_total": sum(map(abs, values))} if any(value < 0 for value in values) else {})}

    def mode(self, found: Facts, key: Key) -> dict[str, Any]:
        i = self.places.value
        label = self.mode_labels[found[f"mode{i}"]]
        said = {"value": number} if (number := _number(label)) is not None else {"label": label}
        return self._base(found) | said | {
            "modal_people": found[f"modal{i}"], "constant": found[f"lo{i}"] == found[f"hi{i}"]}

    def spread(self, found: Facts, key: Key) -> dict[str, Any]:
        said = self._linear(found)
        deviation = found[f"sd{self.places.value}"]
        if deviation is None:  # of a single value
            return said | {"suppressed": True, "undefined": True}
        value = deviation if self.name == "sd" else deviation**2
        return said | {"value": value, "sd": deviation, "mean": said["total"] / said["records"]}

    def share(self, found: Facts, key: Key) -> dict[str, Any]:
        i = self.places.value
        whole = self.facts[self._whole(key)]
        said = self._base(found) if i is None else self._linear(found)
        if self.weighted:
            name = "weights" if i is None else f"wsum{i}"
            above, below = found[name], whole[name]
        elif i is None:
            above, below = found["units"], whole["units"]
        else:
            above, below = plain(found[f"sum{i}"]), plain(whole[f"sum{i}"])
        said |= {"numerator_people": self._sharing(found), "denominator_people": self._sharing(whole)}
        return said | ({"value": self.measure.scale * above / below} if below else {"suppressed": True})

    def _sharing(self, found: Facts) -> int:
        """Of people all, of a value those who have something else than zero."""
        people = self._people(found)[0]
        return people if self.places.value is None else int(found.get(f"nonzero{self.places.value}", people))

    def is_idle(self, key: Key) -> bool:
        """A total's share of itself is all of it, whatever the data; such a cell is left out, as pandas does."""
        return self.name == "share" and OVERALL in key and key == self._whole(key)

    def _whole(self, key: Key) -> Key:
        r, c = SHARE_OF[self.measure.of](key)
        return (r if self.has_rows else 0), (c if self.has_columns else 0)

    def _share_below(self, key: Key) -> dict[str, Any]:
        """An empty share still tells of how many; of nobody there is none."""
        if self.name != "share":
            return {}
        whole = self.facts.get(self._whole(key))
        people = 0 if whole is None else self._sharing(whole)
        return {"denominator_people": people} | ({} if people else {"suppressed": True})

    def fraction(self, found: Facts, key: Key) -> dict[str, Any]:
        above, below = self.places.value, self.places.denominator
        said = self._linear(found) | {
            "numerator_people": found[f"positives{above}"], "denominator_people": found[f"units{below}"]}
        if self.measure.value is None:  # rows are counted, which have no values that could be equal
            said["constant"] = False
        said |= {"denominator_top": _largest(found[f"top{below}"], found[f"low{below}"]),
                 "denominator_total": plain(found[f"abs{below}"])}
        total = found[f"sum{below}"]
        return said | ({"value": self.measure.scale * said["total"] / plain(total)} if total else {"suppressed": True})

    def _unknown(self, found: Facts, key: Key) -> dict[str, Any]:
        """A statistic without rules or formula here: the people are counted, nothing is shown."""
        return self._base(found) | {"suppressed": True}


BUILDERS: dict[str, Callable[[_Cells, Facts, Key], dict[str, Any]]] = {
    "count": _Cells.count, "records": _Cells.count, "sum": _Cells.sum, "mean": _Cells.mean,
    "median": _Cells.position, "quantile": _Cells.position, "min": _Cells.extreme, "max": _Cells.extreme,
    "range": _Cells.extreme, "top_mean": _Cells.extreme_mean, "bottom_mean": _Cells.extreme_mean,
    "mode": _Cells.mode, "sd": _Cells.spread, "variance": _Cells.spread, "share": _Cells.share,
    "rate": _Cells.fraction, "ratio": _Cells.fraction,
}


def plain(value: Any) -> Any:
    """A decimal as a whole number where it is one, else the float that reads the same."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _number(label: str) -> float | None:
    """The number that a label is; a code such as 007, a huge number or "nan" is a text."""
    return float(label) if NUMBER.fullmatch(label) else None


def _largest(top: list[Any] | None, low: list[Any] | None) -> tuple[Any, ...]:
    """The largest by absolute size, of the largest and of the negative ones; ties in one order."""
    if not low:
        return tuple(map(plain, top)) if top and isinstance(top[0], Decimal) else tuple(top or ())
    both = [*(value for value in top or () if value >= 0), *low]
    return tuple(map(plain, _by_size(both)[:max(len(top or ()), len(low))]))


def _by_size(values: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(values, key=lambda value: (-abs(value), -value)))
