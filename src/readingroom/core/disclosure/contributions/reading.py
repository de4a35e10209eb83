"""Reads one cell's contributions, forgiving of form and strict of meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from readingroom.core.disclosure.contributions.names import CONTRIBUTION, FILE, RULES, fault, keyed, own_name
from readingroom.core.disclosure.contributions.numbers import number, whole
from readingroom.core.disclosure.contributions.rules import parse_rules
from readingroom.core.disclosure.evidence import CellEvidence
from readingroom.core.disclosure.rules.magnitude import exact
from readingroom.core.policy import Policy

MOST = 1_000_000
EXAMPLE: dict[str, object] = {
    "contributions": [
        {"unit": "A", "value": 60},
        {"unit": "B", "value": 35},
        {"unit": "C", "value": 3},
        {"unit": "C", "value": 2},
    ],
    "rules": {"threshold": 3, "nk": [[2, 90], [1, 75]], "p_percent": 10, "pq": [10, 50]},
}


@dataclass(frozen=True)
class Given:
    """One cell, one contribution per unit; the rules in the file, and the rule pack that it names."""

    cell: CellEvidence
    policy: Policy | None
    rule_pack: str | None


@dataclass(frozen=True)
class _One:
    value: Fraction
    unit: object
    weight: Fraction | None


def parse_contributions(raw: object) -> Given:
    """The cell and its rules, or InvalidInput that names what is wrong.

    `contributions` is a list of numbers (each of a person of its own), or of {"value", "unit", "weight"}, or an object
    of values by unit. Values of the same unit are added up first (holdings). null is a missing value: it counts
    nowhere. A plain list is taken as the contributions. With `total` and `n` (how many contribute in all), the list may
    be of the largest only. Rules may stand beside the contributions, too.
    """
    said = keyed(_with_rules_inside(raw) if isinstance(raw, Mapping) else {"contributions": raw}, FILE, "input")
    if "contributions" not in said:
        raise fault("input.contributions", None, "there: a list of numbers, or of {\"value\", \"unit\", \"weight\"}")
    ones, missing = _ones(said["contributions"])
    if isinstance(said.get("rules"), str) and "rule_pack" not in said:
        said["rule_pack"] = said.pop("rules")
    pack = said.get("rule_pack")
    if pack is not None and not isinstance(pack, str):
        raise fault("input.rule_pack", pack, "the name of a rule pack")
    rules = parse_rules(said["rules"], "rules") if "rules" in said else None
    cell = _cell(ones, missing)
    if "total" in said or "n" in said:
        cell = _of_largest(cell, said, weighted=any(one.weight is not None for one in ones))
    return Given(cell, rules, pack)


def _with_rules_inside(raw: Mapping[object, object]) -> dict[object, object]:
    """Parameters of rules that stand beside the contributions, among the rules."""
    beside = {key: value for key, value in raw.items() if own_name(key, FILE) is None and own_name(key, RULES)}
    rest = {key: value for key, value in raw.items() if key not in beside}
    within = next((key for key in rest if own_name(key, FILE) == "rules"), None)
    if beside and within is not None:
        raise fault(f"input.{next(iter(beside))}", next(iter(beside.values())), f"among the {within}")
    return rest | ({"rules": beside} if beside else {})


def _ones(given: object) -> tuple[list[_One], int]:
    """Contributions with a value, and how many units have none."""
    if isinstance(given, Mapping):
        given = [{"unit": unit, "value": value} for unit, value in given.items()]
    if not isinstance(given, list):
        raise fault("input.contributions", given, "a list")
    if len(given) > MOST:
        raise fault("input.contributions", f"{len(given)} contributions", f"at most {MOST}")
    ones: list[_One] = []
    without: set[object] = set()
    for at, item in enumerate(given):
        place = f"contributions[{at}]"
        said = keyed(item, CONTRIBUTION, place) if isinstance(item, Mapping) else {"value": item}
        unit = _unit(said["unit"], f"{place}.unit") if "unit" in said else (at,)
        weight = number(said["weight"], f"{place}.weight") if "weight" in said else None
        if weight is not None and weight <= 0:
            raise fault(f"{place}.weight", said["weight"], "above 0")
        if said.get("value") is None:
            if isinstance(item, Mapping) and not {str(key) for key in item} & {"value", *CONTRIBUTION["value"]}:
                raise fault(place, item, "given a value (null if it is missing)")
            without.add(unit)
        else:
            ones.append(_One(number(said["value"], place), unit, weight))
    if any(one.weight is None for one in ones) and any(one.weight is not None for one in ones):
        raise fault("input.contributions", "some with and some without a weight", "all with, or all without")
    named = sum(not isinstance(one.unit, tuple) for one in ones)
    if 0 < named < len(ones):
        raise fault("input.contributions", "some with and some without a unit", "all with, or all without")
    return ones, len(without - {one.unit for one in ones})


def _unit(value: object, place: str) -> object:
    """Units are told apart as written: 7 and "7" are one, 7 and 7.0 too."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | list | dict):
        raise fault(place, value, "a text or a number")
    found = number(value, place)
    return str(found.numerator) if found.denominator == 1 else str(value)


def _of_largest(cell: CellEvidence, said: Mapping[str, object], *, weighted: bool) -> CellEvidence:
    """The cell with contributors who are not listed: none of them may be larger than those who are."""
    listed = exact(cell.total or 0)
    total = number(said["total"], "input.total") if "total" in said else listed
    people = whole(said["n"], "input.n", least=0) if "n" in said else cell.people
    if (people, total) == (cell.people, listed):
        return cell
    smallest = exact(cell.top[-1]) if cell.top else Fraction()
    if weighted or cell.negatives:
        raise fault("input.total", float(total), "left out where there are weights or negative values")
    if not 0 <= total - listed <= (people - cell.people) * smallest:
        raise fault("input.total", float(total), f"what {people} contributors come to, of whom the largest are listed"
                    f" (they come to {float(listed):g})")
    return replace(cell, people=people, records=people, total=total, absolute_total=total)


def _cell(ones: list[_One], missing: int) -> CellEvidence:
    """One contribution per unit. A unit's weight is what its weighted values come to, relative to the plain ones."""
    sums: dict[object, Fraction] = {}
    weighted: dict[object, Fraction] = {}
    weights: dict[object, list[Fraction]] = {}
    for one in ones:
        sums[one.unit] = sums.get(one.unit, Fraction()) + one.value
        if one.weight is not None:
            weighted[one.unit] = weighted.get(one.unit, Fraction()) + one.value * one.weight
            weights.setdefault(one.unit, []).append(one.weight)
    units = sorted(sums, key=lambda unit: (-abs(sums[unit]), -sums[unit], str(unit)))
    for unit in weights:
        if len(set(weights[unit])) > 1 and not (sums[unit] and weighted[unit] / sums[unit] > 0):
            raise fault("input.contributions", f"unit {unit} with several weights", "of one weight where values cancel")
    return CellEvidence(
        (), (), len(units), len(ones), missing=missing,
        top=tuple(sums[unit] for unit in units),
        total=sum(sums.values(), Fraction()), absolute_total=sum(map(abs, sums.values()), Fraction()),
        negatives=sum(value < 0 for value in sums.values()),
        top_weights=tuple(
            weighted[unit] / sums[unit] if len(set(weights[unit])) > 1 else weights[unit][0] for unit in units
        ) if weights else (),
        weighted_total=sum(weighted.values(), Fraction()) if weights else None,
        weighted_absolute_total=sum(map(abs, weighted.values()), Fraction()) if weights else None,
    )


def contributions_schema() -> dict[str, object]:
    """JSON Schema (2020-12) of the file, by the keys' own names; other names of a key are said in its description."""
    value = {"type": ["number", "string", "null"], "description": "A number; null where it is missing."}
    one = _keys(CONTRIBUTION, {
        "value": value,
        "unit": {"type": ["string", "number"], "description": "Whose it is; values of one unit are added up."},
        "weight": {"type": "number", "exclusiveMinimum": 0, "description": "Its sampling weight."}})
    pair: dict[str, object] = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
    pairs = {"anyOf": [pair, {"type": "object"}, {"type": "array", "items": {"anyOf": [pair, {"type": "object"}]}}]}
    way: dict[str, object] = {"enum": ["expand", "total"]}
    share = {"type": "number", "minimum": 0, "maximum": 100}
    rules = _keys(RULES, {
        "threshold": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "object"}]},
        "threshold_inclusive": {"type": "boolean"}, "zeros_disclosive": {"type": "boolean"}, "dominance": pairs,
        "dominance_inclusive": {"type": "boolean"}, "p_percent": {"anyOf": [share, {"type": "object"}]},
        "p": {"anyOf": [{"const": 0}, {"type": "number", "minimum": 1, "maximum": 100}, {"type": "object"}]},
        "p_ratio": {"type": "number", "minimum": 0, "maximum": 1},
        "p_percent_coalition": {"type": "integer", "minimum": 1}, "p_q": pairs,
        "weights": {"anyOf": [way, {"type": "array", "items": way}]},
        "group_disclosure": {"type": "boolean"}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One cell's contributions",
        **_keys(FILE, {
            "contributions": {"anyOf": [
                {"type": "array", "maxItems": MOST, "items": {"anyOf": [value, one]}},
                {"type": "object", "additionalProperties": value}]},
            "rules": rules,
            "rule_pack": {"type": "string"},
            "total": {"type": "number", "description": "The sum of all, where only the largest are listed."},
            "n": {"type": "integer", "description": "How many contribute in all, where only the largest are listed."},
            "comment": {"description": "Not read."}}),
    }


def _keys(names: Mapping[str, tuple[str, ...]], properties: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    described = {}
    for name, schema in properties.items():
        others = f"Also: {', '.join(names[name])}." if names[name] else ""
        described[name] = {**schema, "description": f"{schema.get('description', '')} {others}".strip()}
    return {"type": "object", "properties": described}
