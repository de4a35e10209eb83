"""The rules again, slowly and obviously, from the records of each cell: loops and fractions, no shortcuts.

A record is (unit, value or None, weight). Nothing here is shared with the code under test.
"""

from fractions import Fraction
from itertools import combinations_with_replacement


def people(records):
    found = []
    for unit, value, _ in records:
        if value is not None and unit not in found:
            found.append(unit)
    return len(found)


def sums(records):
    """One total per unit, in no order."""
    return [sum((value for unit, value, _ in records if unit == one and value is not None), Fraction())
            for one in dict.fromkeys(unit for unit, value, _ in records if value is not None)]


def is_low(count, policy):
    if count == 0:
        return policy.zeros_disclosive
    if policy.threshold_inclusive:
        return not count > policy.threshold
    return not count >= policy.threshold


def expanded(records):
    """Each unit's contribution as often as its (whole) weight says."""
    copies = []
    for one in dict.fromkeys(unit for unit, value, _ in records if value is not None):
        mine = [(value, weight) for unit, value, weight in records if unit == one and value is not None]
        for _ in range(mine[0][1]):
            copies.append(sum((value for value, _ in mine), Fraction()))
    return copies


def largest(contributions, total, how_many):
    rest, found = sorted(map(abs, contributions)), []
    while rest and len(found) < how_many:
        found.append(rest.pop())
    return sum(found, Fraction()), total


def weighted_total(records):
    return sum((abs(one) for one in expanded(records)), Fraction())


def ways(records, policy, weighted):
    """(contributions, total) in every way that must be safe."""
    if not weighted:
        return [(sums(records), sum(map(abs, sums(records)), Fraction()))]
    found = []
    if "expand" in policy.weights:
        found.append((expanded(records), weighted_total(records)))
    if "total" in policy.weights:
        found.append((sums(records), weighted_total(records)))
    return found


def dominance(records, policy, weighted=False):
    for contributions, total in ways(records, policy, weighted):
        for n, k in policy.dominance:
            part, whole = largest(contributions, total, n)
            if whole == 0:
                continue
            share, limit = Fraction(part, whole), Fraction(str(k)) / 100
            if share > limit or (policy.dominance_inclusive and share == limit):
                return True
    return False


def p_percent(records, policy, weighted=False):
    for contributions, total in ways(records, policy, weighted):
        ordered = sorted(map(abs, contributions), reverse=True)
        if not ordered:
            continue
        others = total
        for position in range(1 + (policy.p_percent_coalition or 1)):
            if position < len(ordered):
                others -= ordered[position]
        if others < Fraction(str(policy.p_percent)) / 100 * ordered[0]:
            return True
    return False


def prior_posterior(records, policy, weighted=False):
    for contributions, total in ways(records, policy, weighted):
        ordered = sorted(map(abs, contributions), reverse=True)
        for p, q in policy.p_q:
            if ordered and total - sum(ordered[:2]) < Fraction(str(p)) / Fraction(str(q)) * ordered[0]:
                return True
    return False


def all_equal(records):
    values = [value for _, value, _ in records if value is not None]
    return bool(values) and all(value == values[0] for value in values)


def tells(part, whole, policy):
    if part == 0 or policy.group_disclosure is False:
        return False
    for coalition in range((1 if policy.group_coalition is None else policy.group_coalition) + 1):
        if part >= whole - coalition:
            return True
    return policy.group_percent is not None and Fraction(part, whole) > Fraction(str(policy.group_percent)) / 100


def group(counts, shape, policy):
    """`counts` by places (one per variable): for each variable, with all others fixed, is one cell nearly everybody?"""
    for axis in range(len(shape)):
        if shape[axis] < 2:
            continue
        for place in counts:
            line = [counts[(*place[:axis], other, *place[axis + 1:])] for other in range(shape[axis])]
            if sum(line) and any(tells(count, sum(line), policy) for count in line):
                return True
    return False


def sides(records, value):
    """Distinct units strictly below, above and exactly at a value."""
    found = {"below": set(), "above": set(), "at_value": set()}
    for unit, one, _ in records:
        if one is not None:
            found["below" if one < value else "above" if one > value else "at_value"].add(unit)
    return {side: len(units) for side, units in found.items()}


def position(records, value, policy):
    found = sides(records, value)

    def few(count):
        return count == 0 or is_low(count, policy) or count < (policy.quantile_side or 0)

    return (few(found["below"]) or few(found["above"])) and few(found["at_value"])


def samples(n, steps):
    return combinations_with_replacement(range(steps + 1), n)


def in_every_sample(moments, steps):
    """Values that occur in every sample with these moments; None if there is no such sample."""
    kept = None
    for sample in samples(moments.n, steps):
        mean = Fraction(sum(sample), moments.n)
        variance = sum((value - mean) ** 2 for value in sample) / (moments.n - 1)
        fits = moments.variance[0] <= variance <= moments.variance[1] and (
            moments.mean is None or moments.mean[0] <= mean <= moments.mean[1])
        if fits:
            kept = set(sample) if kept is None else kept & set(sample)
    return kept
