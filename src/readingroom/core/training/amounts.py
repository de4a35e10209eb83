"""Cases that are sums, quantiles, extremes and models."""

from __future__ import annotations

from readingroom.core.disclosure.rules import degrees_of_freedom, dominance, extremes, position
from readingroom.core.training.counts import AREAS
from readingroom.core.training.draws import Draws
from readingroom.core.training.model import Case, Fault, cell, csv, table


def dominated(random: Draws, bad: bool) -> Case:
    """A total of which the two largest contributors make up nearly all, or not."""
    cells, rows, said = [], [], []
    area = random.choice(AREAS)
    for name in AREAS:
        people, share = random.randrange(20, 60), random.uniform(0.2, 0.5)
        if bad and name == area:
            share = random.uniform(0.92, 0.97)
        total = random.randrange(5_000, 9_000)
        first = round(total * share * 0.6)
        second = round(total * share) - first
        rest = total - first - second
        cells.append(cell(name, "fines", people, total=total, top=[first, second, min(second, rest // 8)]))
        rows.append([name, total])
        said.append(f"{name} {first} and {second}")
        if name == area:
            why = (f"In {area} the two largest fines, {first} and {second}, are {100 * share:.0f}% of {total}: each of "
                   "the two can work out the other's.")
    fault = Fault("dominance", why, dominance.SOURCE) if bad else None
    return Case("fines-by-area.csv", csv("area,fines", rows), "Sum of fines in pounds by area, of at least 20 people.",
                f"The two largest fines of each area: {'; '.join(said)}.", fault,
                "The two largest are less than 90% of each total.",
                table("sum", cells, row_names=["area"]))


def percentile(random: Draws, bad: bool) -> Case:
    """A 90th percentile of few people, or of many."""
    cells, rows, said = [], [], []
    area = random.choice(AREAS)
    for name in AREAS:
        people = random.randrange(30, 70) if bad and name == area else random.randrange(200, 400)
        above = people // 10
        days = random.randrange(200, 600)
        cells.append(cell(name, "p90", people, below=people - above - 1, above=above, at_value=1, value=days))
        rows.append([name, days])
        said.append(f"{name} {people}")
    few = next(each for each in cells if each["row"] == [area])
    fault = Fault("position", f"In {area} {few['above']} people lie above the 90th percentile of {few['people']}: it "
                  "is close to single people's values. At least 10 have to lie on each side.", position.SOURCE
                  ) if bad else None
    return Case("days-percentile.csv", csv("area,90th percentile of days", rows),
                "90th percentile of days between offence and disposal, by area.",
                f"People behind each: {'; '.join(said)}.", fault, "At least 20 people lie above each percentile.",
                table("quantile", cells, row_names=["area"], probability=0.9))


def longest(random: Draws, bad: bool) -> Case:
    """A largest value, which is one person's, or a median."""
    cells, rows = [], []
    for name in AREAS:
        people = random.randrange(100, 300)
        half, days = people // 2, random.randrange(900, 1500) if bad else random.randrange(90, 150)
        cells.append(cell(name, "days", people, extreme_people=1, value=days) if bad else
                     cell(name, "days", people, below=half - 1, above=half - 1, at_value=people - 2 * half + 2,
                          value=days))
        rows.append([name, days])
    statistic = "max" if bad else "median"
    fault = Fault("extremes", f"The longest time in {AREAS[0]}, {rows[0][1]} days, is one person's.", extremes.SOURCE
                  ) if bad else None
    return Case("time-to-disposal.csv", csv("area,days", rows),
                f"{'Longest' if bad else 'Median'} time from offence to disposal in days, by area.",
                "At least 100 people in each area.", fault, "A median of many people is no one's own value.",
                table(statistic, cells, row_names=["area"]))


def model(random: Draws, bad: bool) -> Case:
    """A regression that explains nearly every observation, or one that leaves many."""
    parameters = random.randrange(6, 10)
    left = random.randrange(1, 9) if bad else random.randrange(40, 400)
    people = parameters + left
    terms = ["intercept", *(f"area {number}" for number in range(1, parameters))]
    rows: list[list[object]] = [[term, f"{random.uniform(-2, 2):.2f}", f"{random.uniform(0.1, 0.6):.2f}"]
                                for term in terms]
    fault = Fault("degrees-of-freedom", f"{people} people and {parameters} parameters leave {left} degrees of freedom; "
                  "10 are needed. Such a model nearly repeats its data.", degrees_of_freedom.SOURCE) if bad else None
    cells = [cell(str(row[0]), column, people, value=float(str(value)))
             for row in rows for column, value in zip(("estimate", "standard error"), row[1:], strict=True)]
    return Case("regression.csv", csv("term,estimate,standard error", rows),
                "Linear regression of days to disposal on area.",
                f"{people} people, {parameters} parameters.", fault,
                f"{left} residual degrees of freedom: far more than 10.",
                table("regression", cells, residual_degrees_of_freedom=left))
