"""Statistics and evidence as anyone would count them by hand: loops over rows, and nothing clever. For comparison."""

from __future__ import annotations

import math
import statistics

TOTAL = "Total"


def table(rows: list[dict], recipe: dict) -> dict[tuple[tuple, tuple], dict]:
    """By (row labels, column labels), with totals if the recipe has margins, what each non-empty cell rests on."""
    down, across, unit = recipe.get("rows", []), recipe.get("columns", []), recipe.get("unit")
    counted = []
    for number, row in enumerate(rows):
        if any(row[name] is None for name in (*down, *across)):
            continue
        if unit is not None and row[unit] is None:
            continue
        person = number if unit is None else row[unit]
        counted.append((tuple(row[name] for name in down), tuple(row[name] for name in across), person, row))
    keys = {(row, column) for row, column, _, _ in counted}
    all_rows, all_columns = (TOTAL,) * len(down), (TOTAL,) * len(across)
    if recipe.get("margins"):
        keys |= {(row, all_columns) for row, _ in keys} | {(all_rows, column) for _, column in keys}
        keys |= {(all_rows, all_columns)} if counted else set()

    def members(key):
        row, column = key
        return [(person, values) for r, c, person, values in counted
                if (r == row or row == all_rows) and (c == column or column == all_columns)]

    def whole(key):
        row, column = key
        wanted = {"row": (row, all_columns), "column": (all_rows, column), "all": (all_rows, all_columns)}
        return members(wanted[recipe.get("of", "all")])

    return {key: cell(members(key), whole(key), recipe) for key in keys}


def cell(members: list, whole: list, recipe: dict) -> dict:
    statistic, value = recipe["statistic"], recipe.get("value")
    if value is None and statistic in ("count", "records", "share"):
        people = {person for person, _ in members}
        said = {"people": len(people), "records": len(members)}
        if statistic == "records":
            said["value"] = len(members)
        if statistic == "share":
            everybody = {person for person, _ in whole}
            said |= {"numerator_people": len(people), "denominator_people": len(everybody),
                     "value": len(people) / len(everybody)}
        return said
    below = recipe.get("denominator")
    there = [(person, row[value], row) for person, row in members
             if row[value] is not None and (below is None or row[below] is not None)]
    everyone = {person for person, _ in members}
    with_value = {person for person, _, _ in there}
    said = {"people": len(with_value), "records": len(there)}
    if not there:
        return said | {"missing": len(everyone)}
    said["missing"] = len(everyone - with_value)
    values = [number for _, number, _ in there]
    holdings: dict = {}
    for person, number, _ in there:
        holdings[person] = holdings.get(person, 0) + number
    if statistic == "count":
        return said
    if statistic in ("min", "max", "range"):
        low, high = min(values), max(values)
        at_low = len({person for person, number, _ in there if number == low})
        at_high = len({person for person, number, _ in there if number == high})
        return said | {
            "value": {"min": low, "max": high, "range": high - low}[statistic], "constant": low == high,
            "extreme_people": {"min": at_low, "max": at_high, "range": min(at_low, at_high)}[statistic]}
    if statistic == "mode":
        often = {number: values.count(number) for number in values}
        mode = min(number for number in often if often[number] == max(often.values()))
        return said | {"value": mode, "constant": len(often) == 1,
                       "modal_people": len({person for person, number, _ in there if number == mode})}
    said |= {"total": math.fsum(values), "negatives": sum(held < 0 for held in holdings.values()),
             "top": tuple(sorted(holdings.values(), key=lambda held: (-abs(held), -held))[:10]),
             "constant": len(set(values)) == 1}
    if said["negatives"]:
        said["absolute_total"] = math.fsum(map(abs, holdings.values()))
    if statistic == "mean":
        said["value"] = statistics.fmean(values)
    if statistic in ("median", "quantile"):
        at = quantile(values, 0.5 if statistic == "median" else recipe["q"])
        said |= {"value": at, **{
            name: len({person for person, number, _ in there if test(number, at)}) for name, test in (
                ("below", lambda a, b: a < b), ("above", lambda a, b: a > b), ("at_value", lambda a, b: a == b))}}
    if statistic in ("sd", "variance") and len(values) > 1:
        sd = statistics.stdev(map(float, values))
        said |= {"value": sd if statistic == "sd" else sd**2, "sd": sd, "mean": statistics.fmean(values)}
    if statistic == "share":
        others = [row[value] for _, row in whole if row[value] is not None]
        shared: dict = {}
        for person, row in whole:
            if row[value] is not None:
                shared.setdefault(person, []).append(row[value])
        said |= {"numerator_people": sum(held != 0 for held in holdings.values()),
                 "denominator_people": sum(math.fsum(held) != 0 for held in shared.values())}
        if math.fsum(others):
            said["value"] = math.fsum(values) / math.fsum(others)
    if statistic in ("rate", "ratio"):
        said |= {"numerator_people": sum(held != 0 for held in holdings.values()),
                 "denominator_people": len(with_value)}
        if under := math.fsum(row[below] for _, _, row in there):
            said["value"] = recipe.get("per", 1) * math.fsum(values) / under
    return said


def quantile(values: list, q: float) -> float:
    """Between the two nearest values, as far as q says (pandas' and numpy's "linear")."""
    ordered = sorted(map(float, values))
    at = (len(ordered) - 1) * q
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
