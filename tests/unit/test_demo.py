"""The synthetic Data First: the same for the same numbers, as registered, roughly as dirty as the real thing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pytest

from readingroom.core.policy.dataset_files import parse_dataset
from readingroom.demo import generate
from readingroom.storage.registration import check_tables

REGISTRATIONS = {file.stem: parse_dataset(file.read_text(), file.name)[0]
                 for file in (Path(__file__).parents[2] / "policies" / "datasets").glob("*.yaml")}
PEOPLE = 4000


@pytest.fixture(scope="module")
def made():
    return generate(PEOPLE, seed=7)


def share(values, wanted) -> float:
    return sum(value == wanted for value in values) / len(values)


def test_the_same_numbers_give_the_same_tables():
    assert generate(200, seed=1) == generate(200, seed=1)
    assert generate(200, seed=1) != generate(200, seed=2)


@pytest.mark.parametrize("people", [1, 2, 10, 100, PEOPLE])
def test_every_dataset_is_as_registered_at_any_size(people):
    """Columns, types, codes, one row per person where that was said."""
    data = generate(people, seed=3)
    assert set(data) == set(REGISTRATIONS)
    for slug, tables in data.items():
        check_tables(REGISTRATIONS[slug], tables)


def test_it_says_that_it_is_synthetic():
    for dataset in REGISTRATIONS.values():
        assert dataset.synthetic
        assert "ynthetic" in dataset.title
        assert "Nobody in it exists" in dataset.description


def test_every_registered_code_occurs(made):
    for slug, tables in made.items():
        for table in REGISTRATIONS[slug].tables:
            for column in table.columns:
                values = {str(value) for value in pc.unique(tables[table.name][column.name]).to_pylist()} - {"None"}
                assert not column.codes or values == set(column.codes), f"{slug}.{table.name}.{column.name}"


def test_most_values_lie_in_the_registered_ranges(made):
    """The ranges are what private answers clip to: what lies outside is lost to them."""
    for slug, tables in made.items():
        for table in REGISTRATIONS[slug].tables:
            for column in table.columns:
                if column.lower is None:
                    continue
                values = [value for value in tables[table.name][column.name].to_pylist() if value is not None]
                inside = sum(column.lower <= value <= column.upper for value in values) / len(values)
                assert inside > 0.9, f"{slug}.{table.name}.{column.name}: {inside:.2f}"


def test_the_shares_are_roughly_as_stated(made):
    defendants, cases = (made["magistrates-courts"][name].to_pydict() for name in ("defendants", "cases"))
    assert share(defendants["sex"], "M") == pytest.approx(0.815, abs=0.03)
    assert share(defendants["ethnicity"], None) == pytest.approx(0.27, abs=0.03)
    assert share(defendants["cases"], 1) == pytest.approx(0.44, abs=0.03)
    assert sum(count >= 7 for count in defendants["cases"]) / PEOPLE == pytest.approx(0.18, abs=0.03)
    assert share(cases["disposal"], "FI") == pytest.approx(0.77, abs=0.03)
    assert share(cases["offence_group"], "SM") == pytest.approx(0.45, abs=0.03)
    years = Counter(cases["result_year"])
    assert years[2022] < years[2019] / 2  # the known break in coverage
    pupils = made["school-history"]["pupils"].to_pydict()
    assert share(pupils["attainment_score"], None) == pytest.approx(0.08, abs=0.03)


def test_people_link_across_tables_and_departments(made):
    courts, schools = made["magistrates-courts"], made["school-history"]
    defendants, pupils = (set(table["person_id"].to_pylist()) for table in (courts["defendants"], schools["pupils"]))
    assert set(courts["cases"]["person_id"].to_pylist()) <= defendants
    for name in ("absences", "exclusions"):
        assert set(schools[name]["person_id"].to_pylist()) <= pupils
    assert 0.3 < len(defendants & pupils) / len(defendants) < 0.6
    assert pupils - defendants


def test_values_depend_on_each_other_only_within_sense(made):
    cases = made["magistrates-courts"]["cases"].to_pylist()
    assert all((case["custody_months"] is not None) == (case["disposal"] == "CU") for case in cases)
    assert all((case["fine_pounds"] is not None) == (case["disposal"] == "FI") for case in cases)
    assert all(case["result_date"].startswith(str(case["result_year"])) for case in cases)
