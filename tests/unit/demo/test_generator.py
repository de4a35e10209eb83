"""The synthetic people have the shapes that the demo's documentation promises."""

import numpy as np
import pyarrow.compute as pc
import pytest

from readingroom.demo import generate

PEOPLE = 20_000


@pytest.fixture(scope="module")
def made():
    return generate(PEOPLE, seed=11)


def shares(table, column):
    values = table.column(column).to_pandas()
    return values.value_counts(normalize=True, dropna=False)


def test_the_same_seed_gives_the_same_tables_and_another_seed_others():
    first, again, other = generate(200, seed=1), generate(200, seed=1), generate(200, seed=2)
    for dataset, tables in first.items():
        for name, table in tables.items():
            assert table.equals(again[dataset][name])
            assert not table.equals(other[dataset][name])


def test_two_departments_have_five_tables_that_share_people(made):
    assert {dataset: sorted(tables) for dataset, tables in made.items()} == {
        "magistrates-courts": ["cases", "defendants"], "school-history": ["absences", "exclusions", "pupils"]}
    defendants = set(made["magistrates-courts"]["defendants"].column("person_id").to_pylist())
    pupils = set(made["school-history"]["pupils"].column("person_id").to_pylist())
    assert 0.38 * PEOPLE < len(defendants & pupils) < 0.45 * PEOPLE  # 45% linked, less missed links


def test_defendants_return_as_often_as_published(made):
    cases = made["magistrates-courts"]["cases"].to_pandas().groupby("person_id").size()
    found = [(cases == 1).mean(), (cases == 2).mean(), cases.between(3, 6).mean(), (cases >= 7).mean()]
    assert found == pytest.approx([0.44, 0.17, 0.21, 0.18], abs=0.015)


def test_the_number_of_cases_agrees_between_the_tables(made):
    defendants = made["magistrates-courts"]["defendants"].to_pandas().set_index("person_id").cases
    counted = made["magistrates-courts"]["cases"].to_pandas().groupby("person_id").size()
    assert (defendants.sort_index() == counted.sort_index()).all()


def test_volume_falls_to_a_fifth_at_the_coverage_break(made):
    years = made["magistrates-courts"]["cases"].to_pandas().result_year.value_counts()
    assert years.loc[2021:2022].mean() / years.loc[2011:2020].mean() == pytest.approx(0.2, abs=0.03)
    assert sorted(years.index) == list(range(2011, 2023))


def test_offences_disposals_and_custody_are_near_their_marginals(made):
    cases = made["magistrates-courts"]["cases"]
    assert shares(cases, "offence_group")["SM"] == pytest.approx(0.45, abs=0.01)
    assert shares(cases, "disposal")["FI"] == pytest.approx(0.77, abs=0.01)
    assert shares(cases, "disposal")["CU"] == pytest.approx(0.04, abs=0.005)
    assert pc.quantile(cases.column("custody_months"), 0.5)[0].as_py() == pytest.approx(6, abs=0.5)


def test_the_dirt_of_the_real_thing_is_there(made):
    defendants = made["magistrates-courts"]["defendants"]
    ethnicity = shares(defendants, "ethnicity")
    assert ethnicity[np.nan] == pytest.approx(0.25, abs=0.03)
    assert {"Z4", "Z5", "R"} <= set(ethnicity.dropna().index)
    assert shares(defendants, "sex")[np.nan] == pytest.approx(0.015, abs=0.005)
    notes = made["magistrates-courts"]["cases"].column("hearing_note").to_pylist()
    assert "" in notes
    assert None in notes


@pytest.mark.parametrize("people", [1, 2, 7])
def test_very_few_people_work_too(people):
    assert generate(people, seed=5)["magistrates-courts"]["defendants"].num_rows == people
