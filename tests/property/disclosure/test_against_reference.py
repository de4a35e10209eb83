"""Every rule says what a slow, obvious reading of its definition says, on random cells and tables."""

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.rules.comparison import check_comparison
from readingroom.core.disclosure.rules.constant import check_constant
from readingroom.core.disclosure.rules.differencing import check_differencing
from readingroom.core.disclosure.rules.dominance import check_dominance
from readingroom.core.disclosure.rules.enumeration import Moments, revealed
from readingroom.core.disclosure.rules.extremes import check_extremes, safe_extremes
from readingroom.core.disclosure.rules.group import check_group
from readingroom.core.disclosure.rules.magnitude import Contributions, exact
from readingroom.core.disclosure.rules.missing import check_missing
from readingroom.core.disclosure.rules.mode import check_mode
from readingroom.core.disclosure.rules.p_percent import check_p_percent
from readingroom.core.disclosure.rules.position import check_position
from readingroom.core.disclosure.rules.prior_posterior import check_prior_posterior
from readingroom.core.disclosure.rules.protection import protection_level
from readingroom.core.disclosure.rules.rounding import check_rounding
from readingroom.core.disclosure.rules.shares import check_shares
from readingroom.core.disclosure.rules.spread import check_spread
from readingroom.core.disclosure.rules.threshold import check_threshold
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from tests.property.disclosure import reference

FEW = settings(max_examples=60, deadline=None)

values = st.none() | st.integers(-3, 12).map(Fraction) | st.sampled_from([Fraction("0.1"), Fraction(10**300)])
units = st.integers(0, 9)
WEIGHTS = {unit: 1 + unit % 3 for unit in range(10)}
records = st.lists(st.tuples(units, values).map(lambda one: (*one, WEIGHTS[one[0]])), min_size=1, max_size=18)
policies = st.builds(
    Policy, threshold=st.integers(1, 6), threshold_inclusive=st.booleans(), zeros_disclosive=st.booleans(),
    dominance=st.frozensets(st.tuples(st.integers(1, 3), st.sampled_from([50.0, 75.0, 90.0])), max_size=2),
    dominance_inclusive=st.booleans(), p_percent=st.sampled_from([0.0, 5.0, 10.0, 50.0]),
    p_percent_coalition=st.none() | st.integers(1, 3),
    p_q=st.frozensets(st.sampled_from([(10.0, 50.0), (5.0, 10.0)])),
    weights=st.frozensets(st.sampled_from(["expand", "total"]), min_size=1), group_disclosure=st.booleans(),
    group_coalition=st.none() | st.integers(0, 2), group_percent=st.none() | st.sampled_from([60.0, 90.0]),
    quantile_side=st.none() | st.integers(1, 8), extremes_forbidden=st.booleans(),
    rounding_base=st.none() | st.integers(1, 10), missing_disclosive=st.booleans(),
    residual_degrees_of_freedom=st.integers(0, 10))


def cell_of(records, *, weighted=False, listed=None, **more):
    """Evidence of the records, by the same obvious sums; `listed` contributions are told."""
    contributions = sorted(reference.sums(records), key=lambda value: (-abs(value), -value))
    by_unit = {}
    for unit, value, weight in records:
        if value is not None:
            by_unit.setdefault(unit, [Fraction(), weight])[0] += value
    pairs = sorted(by_unit.values(), key=lambda pair: (-abs(pair[0]), -pair[0]))
    assert [value for value, _ in pairs] == contributions
    told = pairs if listed is None else pairs[:listed]
    fields = {
        "top": tuple(value for value, _ in told), "total": sum(contributions, Fraction()),
        "absolute_total": sum(map(abs, contributions), Fraction()),
        "negatives": sum(value < 0 for value in contributions),
    }
    if weighted:
        fields |= {
            "top_weights": tuple(Fraction(weight) for _, weight in told),
            "weighted_total": sum((value * weight for value, weight in pairs), Fraction()),
            "weighted_absolute_total": sum((abs(value) * weight for value, weight in pairs), Fraction())}
    numbers = [value for _, value, _ in records if value is not None]
    return CellEvidence(("a",), ("b",), reference.people(records), len(numbers), **(fields | more))


def fails(rule, statistic, cell, policy, **table):
    return max((finding.verdict for finding in rule(TableEvidence(statistic, "id", (cell,), **table), policy)),
               default=Verdict.PASS) is Verdict.FAIL


@FEW
@given(records, policies)
def test_threshold(records, policy):
    low = reference.is_low(reference.people(records), policy)
    assert fails(check_threshold, "mean", cell_of(records), policy) == low


@FEW
@given(records, policies, st.booleans())
def test_dominance(records, policy, weighted):
    assert fails(check_dominance, "sum", cell_of(records, weighted=weighted), policy) == (
        reference.dominance(records, policy, weighted))


@FEW
@given(records, policies, st.booleans())
def test_p_percent(records, policy, weighted):
    assert fails(check_p_percent, "mean", cell_of(records, weighted=weighted), policy) == (
        reference.p_percent(records, policy, weighted))


@FEW
@given(records, policies, st.booleans())
def test_prior_posterior(records, policy, weighted):
    assert fails(check_prior_posterior, "sum", cell_of(records, weighted=weighted), policy) == (
        reference.prior_posterior(records, policy, weighted))


@FEW
@given(st.lists(st.floats(0, 1e300), min_size=4, max_size=12), policies)
def test_floats_are_judged_as_the_numbers_that_they_are_written_as(numbers, policy):
    """The quick way for cells that are clearly safe never says anything else than the exact way."""
    plain = [(unit, Fraction(str(number)), 1) for unit, number in enumerate(numbers)]
    ordered = sorted(numbers, reverse=True)
    cell = CellEvidence(("a",), ("b",), len(numbers), len(numbers), tuple(ordered), sum(ordered))
    assert fails(check_dominance, "sum", cell, policy) == reference.dominance(plain, policy)
    assert fails(check_p_percent, "sum", cell, policy) == reference.p_percent(plain, policy)
    assert fails(check_prior_posterior, "sum", cell, policy) == reference.prior_posterior(plain, policy)


@FEW
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 12))
def test_equal_contributions_are_seen_without_the_list_of_all(numbers, listed):
    plain = [(unit, Fraction(number), 1) for unit, number in enumerate(numbers)]
    cell = cell_of(plain, listed=listed)
    assert fails(check_constant, "sum", cell, Policy()) == reference.all_equal(plain)


@FEW
@given(st.data(), policies)
def test_group_in_any_number_of_dimensions(data, policy):
    shape = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    rows = data.draw(st.integers(1, len(shape) - 1))
    counts = {place: data.draw(st.integers(0, 8)) for place in product(*map(range, shape))}
    cells = tuple(
        CellEvidence(tuple(f"r{label}" for label in place[:rows]), tuple(f"c{label}" for label in place[rows:]),
                     count, count) for place, count in counts.items())
    found = [one for one in check_group(TableEvidence("count", "id", cells), policy) if one.rule == "group"]
    assert bool(found) == reference.group(counts, shape, policy)


@FEW
@given(records, policies, st.integers(-3, 12))
def test_position(records, policy, value):
    sides = reference.sides(records, value)
    cell = cell_of(records, **sides)
    expected = cell.people > 0 and reference.position(records, value, policy)
    assert fails(check_position, "median", cell, policy) == expected


@FEW
@given(st.integers(1, 30), st.integers(0, 30), policies)
def test_mode_and_extremes(people, some, policy):
    some = min(some, people)
    cell = CellEvidence(("a",), ("b",), people, people, modal_people=some, extreme_people=some)
    low = some == 0 or reference.is_low(some, policy)
    assert fails(check_mode, "mode", cell, policy) == (low or reference.tells(some, people, policy))
    assert fails(check_extremes, "max", cell, policy) == (low or policy.extremes_forbidden)


@FEW
@given(st.integers(0, 30), st.integers(0, 30), st.booleans(), policies)
def test_shares(numerator, rest, constant, policy):
    whole = numerator + rest
    cell = CellEvidence(("a",), ("b",), whole, whole, numerator_people=numerator, denominator_people=whole,
                        constant=constant)
    low = any(reference.is_low(count, policy) for count in (numerator, whole))
    telling = whole > 0 and any(reference.tells(part, whole, policy) for part in (numerator, rest))
    same = whole > 0 and policy.group_disclosure is not False and (numerator == 0 or (rest == 0 and constant))
    assert fails(check_shares, "rate", cell, policy) == (low or same or (rest > 0 and reference.is_low(rest, policy)))
    assert fails(check_shares, "share", cell, policy) == (low or reference.is_low(rest, policy) or telling)


@FEW
@given(st.tuples(*[st.integers(0, 15)] * 4), policies)
def test_odds_and_risk_ratios(counts, policy):
    a, b, c, d = counts
    cell = CellEvidence(("a",), ("b",), sum(counts), sum(counts), two_by_two=((a, b), (c, d)))
    low = any(count == 0 or reference.is_low(count, policy) for count in counts)
    telling = any(reference.tells(one, one + other, policy)
                  for one, other in ((a, b), (b, a), (c, d), (d, c), (a, c), (c, a), (b, d), (d, b)))
    assert fails(check_comparison, "odds_ratio", cell, policy) == (low or telling)


@FEW
@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 12), policies)
def test_degrees_of_freedom_rounding_and_missing_values(people, missing, base, policy):
    cell = CellEvidence(("a",), ("b",), people, people, value=2.5, missing=missing)
    assert fails(check_spread, "sd", cell, policy) == (people - 1 < policy.residual_degrees_of_freedom)
    unrounded = policy.rounding_base is not None and base < policy.rounding_base
    assert fails(check_rounding, "count", cell, policy, rounding=base) == unrounded
    asked = policy.missing_disclosive and missing > 0 and reference.is_low(missing, policy)
    assert bool(check_missing(TableEvidence("mean", "id", (cell,)), policy)) == asked


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 2), st.booleans(), st.data())
def test_what_moments_reveal_is_what_occurs_in_every_sample(n, steps, decimals, with_mean, data):
    sample = data.draw(st.lists(st.integers(0, steps), min_size=n, max_size=n))
    half = Fraction(1, 2 * 10**decimals)
    mean = Fraction(sum(sample), n)
    middle = round(mean, decimals) if with_mean else None
    variance = round(sum((value - mean) ** 2 for value in sample) / (n - 1), decimals)
    moments = Moments(n, (middle - half, middle + half) if with_mean else None,
                      (max(Fraction(), variance - half), variance + half))
    expected = reference.in_every_sample(moments, steps)
    found = revealed(moments, steps)
    assert found.fits is (expected is not None)
    assert set(found.forced) == (expected or set())


@settings(max_examples=15, deadline=None)
@given(st.integers(17, 40), st.integers(1, 2), st.integers(0, 1), st.one_of(st.none(), st.integers(3, 12)), st.data())
def test_of_up_to_forty_people_every_sample_is_looked_at(n, steps, decimals, many, data):
    """On scales of two or three places all samples can be counted: so many of each place."""
    sample = data.draw(st.lists(st.integers(0, steps), min_size=n, max_size=n))
    half, mean = Fraction(1, 2 * 10**decimals), Fraction(sum(sample), n)
    variance = sum((value - mean) ** 2 for value in sample) / (n - 1)
    moments = Moments(n, (mean - half, mean + half), (max(Fraction(), variance - half), variance + half))
    fitting = []
    for ones in range(n + 1):
        for twos in range(n - ones + 1 if steps == 2 else 1):
            total, squares = ones + 2 * twos, ones + 4 * twos
            spread = (squares - Fraction(total**2, n)) / (n - 1)
            if moments.mean[0] <= Fraction(total, n) <= moments.mean[1] and (
                    moments.variance[0] <= spread <= moments.variance[1]):
                fitting.append((n - ones - twos, ones, twos)[:steps + 1])
    told = {place for place in range(steps + 1)
            if all(counts[place] and (many is None or counts[place] < many) for counts in fitting)}
    found = revealed(moments, steps, many)
    assert (found.fits, set(found.forced)) == (True, told)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=41, max_size=60), st.integers(0, 1))
def test_of_larger_samples_nothing_is_called_safe_that_is_not(sample, decimals):
    """A value that every sample must have is never missing from what is unknown: here, one that leaves none without."""
    n, half = len(sample), Fraction(1, 2 * 10**decimals)
    mean = Fraction(sum(sample), n)
    variance = sum((value - mean) ** 2 for value in sample) / (n - 1)
    moments = Moments(n, (mean - half, mean + half), (max(Fraction(), variance - half), variance + half))
    found = revealed(moments, 4)
    assert not found.forced
    if len(set(sample)) == 1 and decimals:
        assert sample[0] in found.unknown


@FEW
@given(st.lists(st.integers(0, 20), min_size=1, max_size=14), policies)
def test_safe_extremes_are_the_smallest_groups_that_satisfy_the_rules(numbers, policy):
    def first(ordered):
        for people in range(1, len(ordered) + 1):
            taken = [(unit, Fraction(number), 1) for unit, number in enumerate(ordered[:people])]
            if not (reference.is_low(people, policy) or reference.dominance(taken, policy)
                    or reference.p_percent(taken, policy) or reference.prior_posterior(taken, policy)):
                return people, Fraction(sum(ordered[:people]), people)
        return None

    low, high = first(sorted(numbers)), first(sorted(numbers, reverse=True))
    expected = None if low is None or high is None or low[0] + high[0] > len(numbers) else (low, high)
    found = safe_extremes(numbers, policy)
    assert (None if found is None else tuple((one.people, one.mean) for one in found)) == expected


@FEW
@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), policies)
def test_a_total_that_is_wider_by_the_protection_level_is_safe(numbers, policy):
    """What upper protection means: of a total that much larger no strict rule fails, of any smaller one some do."""
    policy = policy.model_copy(update={"dominance_inclusive": False})
    cell = Contributions.of(numbers)
    needed = protection_level(cell, policy)

    def unsafe(total):
        found = Contributions(cell.top, total, cell.times)
        return any(100 * found.largest(n) > exact(k) * total for n, k in policy.dominance) or (
            100 * found.rest(policy.p_percent_coalition or 1) < exact(policy.p_percent) * found.first) or any(
            exact(q) * found.rest() < exact(p) * found.first for p, q in policy.p_q)

    assert not unsafe(cell.total + needed.upper)
    assert needed.upper == 0 or unsafe(cell.total + needed.upper - Fraction(1, 10**6))
    assert (needed.upper > 0) == unsafe(cell.total)
    assert needed.lower == min(needed.upper, cell.total)


@FEW
@given(st.data())
def test_differencing_says_what_every_fitting_table_allows(data):
    """Against all tables of whole numbers that fit what is shown, one by one."""
    policy = Policy(threshold=4, threshold_inclusive=False, zeros_disclosive=False, group_disclosure=False,
                    dominance=frozenset(), p_q=frozenset())
    rows, columns = ["r0", "r1"], ["c0", "c1"][:data.draw(st.integers(1, 2))]
    counts = {(row, column): data.draw(st.integers(0, 6)) for row in rows for column in columns}
    inner = list(counts)
    for row in rows:
        counts[row, "Total"] = sum(counts[row, column] for column in columns)
    for column in (*columns, "Total"):
        counts["Total", column] = sum(counts[row, column] for row in rows)
    hidden = {place for place in inner if data.draw(st.booleans())}
    cells = tuple(CellEvidence((row,), (column,), count, count, suppressed=(row, column) in hidden)
                  for (row, column), count in counts.items())
    found = check_differencing(TableEvidence("count", "id", cells), policy)
    named = {(place.row[0], place.column[0]) for finding in found if finding.rule == "differencing"
             for place in finding.cells}
    fitting = [table for table in _tables(inner, counts, hidden) if _fits(table, counts, rows, columns)]
    for place in hidden:
        span = [table[place] for table in fitting]
        if 1 <= counts[place] < 4 and (min(span) == max(span) or (min(span) >= 1 and max(span) < 4)):
            assert place in named
        if counts[place] >= 4 or counts[place] == 0:
            assert place not in named


def _tables(inner, counts, hidden):
    for values in product(range(13), repeat=len(hidden)):
        yield {place: counts[place] for place in inner} | dict(zip(sorted(hidden), values, strict=True))


def _fits(table, counts, rows, columns):
    return all(sum(table[row, column] for column in columns) == counts[row, "Total"] for row in rows) and all(
        sum(table[row, column] for row in rows) == counts["Total", column] for column in columns)
