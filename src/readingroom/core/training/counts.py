"""Cases that are tables of counts."""

from __future__ import annotations

from collections.abc import Mapping

from readingroom.core.disclosure.rules import differencing, group, shown, threshold
from readingroom.core.training.draws import Draws
from readingroom.core.training.model import POLICY, Case, Fault, cell, csv, table

OFFENCES = ("Violence", "Theft", "Drugs", "Public order", "Motoring")
AREAS = ("North", "East", "South", "West")
SEXES = ("female", "male")
BEFORE = "Compared with release 4 of the same data, shown beside it."


def _counts(random: Draws, rows: tuple[str, ...], columns: tuple[str, ...], low: int = 40, high: int = 400
            ) -> dict[tuple[str, str], int]:
    return {(row, column): random.randrange(low, high) for row in rows for column in columns}


def _cells(counts: dict[tuple[str, str], int]) -> list[dict[str, object]]:
    return [cell(row, column, people) for (row, column), people in counts.items()]


def _grid(label: str, rows: tuple[str, ...], columns: tuple[str, ...], printed: Mapping[tuple[str, str], object]
          ) -> bytes:
    return csv(",".join([label, *columns]), [[row, *(printed[row, column] for column in columns)] for row in rows])


def small(random: Draws, bad: bool) -> Case:
    """A count below the threshold, or one just above it."""
    counts = _counts(random, OFFENCES, SEXES)
    place = random.choice(OFFENCES), random.choice(SEXES)
    counts[place] = random.randrange(2, 10) if bad else random.randrange(10, 14)
    fault = Fault("threshold", f"{place[0]}, {place[1]}: {counts[place]} people. Every count needs at least 10.",
                  threshold.SOURCE) if bad else None
    return Case("offences-by-sex.csv", _grid("offence", OFFENCES, SEXES, counts),
                "Defendants by offence and sex in 2019; each cell counts distinct people.", "None was needed.", fault,
                f"The smallest count is {min(counts.values())}: at the threshold is enough.",
                table("count", _cells(counts), row_names=["offence"], column_names=["sex"]))


def rounded(random: Draws, bad: bool) -> Case:
    """Counts that were to be rounded to 5, all of them or all but one."""
    counts = _counts(random, AREAS, SEXES)
    odd = random.choice(AREAS), random.choice(SEXES)
    counts[odd] += counts[odd] % 5 == 0
    printed = {place: 5 * round(people / 5) for place, people in counts.items()}
    exact = {odd: counts[odd]} if bad else {}
    fault = Fault("shown", f"{odd[0]}, {odd[1]}: {counts[odd]} is no multiple of 5, as the dataset's policy demands. "
                  "Exact counts can be subtracted from other exact counts.", shown.SOURCE) if bad else None
    cells = [cell(*place, people, shown=(printed | exact)[place]) for place, people in counts.items()]
    return Case("areas-by-sex.csv", _grid("area", AREAS, SEXES, printed | exact),
                "Defendants by area and sex. The dataset's policy asks that counts are rounded to 5.",
                "Counts were rounded to the nearest 5.", fault, "Every count is a multiple of 5, and none is small.",
                table("count", cells, row_names=["area"], column_names=["sex"], rounding=5),
                policy=POLICY.model_copy(update={"rounding_base": 5}))


def secondary(random: Draws, bad: bool) -> Case:
    """A hidden cell that follows from the totals, or one that does not."""
    columns = ("2018", "2019", "2020")
    counts = _counts(random, AREAS, columns)
    rows = random.shuffled(AREAS)[:2]
    years = random.shuffled(columns)[:2]
    hidden = {(rows[0], years[0])} if bad else {(row, year) for row in rows for year in years}
    lost = rows[0], years[0]
    counts[lost] = random.randrange(3, 9)
    totals = {**{(row, "all"): sum(counts[row, year] for year in columns) for row in AREAS},
              **{("All", year): sum(counts[row, year] for row in AREAS) for year in columns},
              ("All", "all"): sum(counts.values())}
    printed = {place: "[c]" if place in hidden else people for place, people in (counts | totals).items()}
    cells = [cell(row, year, people, suppressed=(row, year) in hidden, margin=(row, year) in totals)
             for (row, year), people in (counts | totals).items()]
    fault = Fault("differencing", f"{lost[0]}, {lost[1]} is hidden, but the row's total less its other two cells is "
                  f"{counts[lost]}. A second cell in its row and its column has to be hidden too.",
                  differencing.SOURCE) if bad else None
    return Case("areas-by-year.csv", _grid("area", (*AREAS, "All"), (*columns, "all"), printed),
                "Defendants by area and year, with totals; each cell counts distinct people.",
                "Suppressed as [c]: counts under 10, and what protects them.", fault,
                "Four cells are hidden, two in each row and column, so that no total gives the small one away.",
                table("count", cells, row_names=["area"], column_names=["year"]))


def against_earlier(random: Draws, bad: bool) -> Case:
    """A table that differs from one released before by few people in a cell, or by many."""
    counts = _counts(random, OFFENCES, SEXES)
    before = dict(counts)
    place = random.choice(OFFENCES), random.choice(SEXES)
    by = random.randrange(1, 9) if bad else random.randrange(30, 60)
    counts[place] += by
    fault = Fault("memory", f"{place[0]}, {place[1]} was {before[place]} in release 4 and is {counts[place]} now: "
                  f"whoever has both learns about {by} people.", differencing.SOURCE) if bad else None
    return Case("offences-updated.csv", _grid("offence", OFFENCES, SEXES, counts),
                "Defendants by offence and sex, after late records of one court were added.", BEFORE, fault,
                f"One cell differs from release 4, by {by} people: more than the threshold.",
                table("count", _cells(counts), row_names=["offence"], column_names=["sex"]),
                _grid("offence", OFFENCES, SEXES, before))


def one_category(random: Draws, bad: bool) -> Case:
    """A group all of whose people are in one category: 0% and 100%."""
    columns = ("reoffended", "did not")
    counts = _counts(random, AREAS, columns)
    area = random.choice(AREAS)
    if bad:
        counts[area, columns[1]] = 0
        counts[area, columns[0]] = random.randrange(15, 40)
    fault = Fault("group", f"All {counts[area, columns[0]]} people of {area} reoffended: whoever knows that somebody "
                  "is of that group learns it of them. Large counts do not help.", group.SOURCE) if bad else None
    return Case("outcomes-by-area.csv", _grid("area", AREAS, columns, counts),
                "Defendants of one court by area and whether they reoffended within a year.", "None was needed.",
                fault, "No area has all its people in one column.",
                table("count", _cells(counts), row_names=["area"], column_names=["outcome"]))
