"""Data are registered only if they are what their description says; every fault is told, no value is."""

from __future__ import annotations

import pyarrow as pa
import pytest

from readingroom.core.datasets import Column, Dataset, Table
from readingroom.errors import InvalidInput, NotFound
from readingroom.storage.registration import RegisteredVault, check_tables

ID = Column("person_id", "Person", "text", identifier=True)
COURTS = Dataset("courts", "Courts", "MoJ", "mercer", "d", (
    Table("people", "People", (ID, Column("sex", "Sex", "text", codes={"F": "F", "M": "M"}),
                               Column("fsm", "FSM", "integer", codes={"0": "No", "1": "Yes"}),
                               Column("score", "Score", "number"), Column("born", "Born", "date"),
                               Column("held", "Held", "boolean")), "person_id"),
    Table("cases", "Cases", (ID, Column("year", "Year", "integer", lower=2010, upper=2020)), "person_id", 5)))
PEOPLE = {"person_id": ["a", "b", "c"], "sex": ["M", "F", None], "fsm": [0, 1, None], "score": [0.5, None, 2.0],
          "born": pa.array([0, 1, None], pa.date32()), "held": [True, None, False]}
CASES = {"person_id": ["a", "a", "z"], "year": [2010, 2050, None]}


def tables(cases: dict | None = None, **changes) -> dict[str, pa.Table]:
    return {"people": pa.table(PEOPLE | changes), "cases": pa.table(CASES | (cases or {}))}


def refusal(given: dict[str, pa.Table]) -> str:
    with pytest.raises(InvalidInput) as refused:
        check_tables(COURTS, given)
    assert refused.value.rule == "dataset.matches"
    return refused.value.message


@pytest.mark.parametrize("given", [
    tables(), tables(sex=[None] * 3), tables(sex=pa.nulls(3)), tables(score=[1, 2, 3]),
    tables(sex=pa.array(["M", "F", None]).dictionary_encode()),
    {name: table.slice(0, 0) for name, table in tables().items()},
    {name: pa.concat_tables([table.slice(0, 1), table.slice(1)]) for name, table in tables().items()},
    tables(born=["2020-01-01", None, None]), tables(person_id=pa.array(["a", "b", "é"], pa.large_string())),
    tables(fsm=pa.array([0, 1, None], pa.int8())),
])
def test_data_as_described_are_accepted(given):
    check_tables(COURTS, given)


@pytest.mark.parametrize(("given", "said"), [
    (tables(person_id=["a", "b", None]), "people.person_id, which says whose row it is, is missing in 1 rows"),
    (tables({"person_id": [None, None, "a"]}), "cases.person_id, which says whose row it is, is missing in 2 rows"),
    (tables(person_id=["a", "b", " "]), "blank in 1 rows"),
    (tables(person_id=["a", "b", "a"]), "people is registered as one row per person and has 1 rows too many"),
    (tables(person_id=pa.nulls(3)), "missing in 3 rows"),
    (tables(person_id=[1, 2, 3]), "people.person_id is registered as text and stored as int64"),
    (tables(person_id=[["a"], ["b"], ["c"]]), "people.person_id is registered as text and stored as list"),
    (tables(sex=["M", "f", "X"]), "people.sex has 2 rows with codes that are not registered"),
    (tables(sex=["M", "F", ""]), "people.sex has 1 rows with codes"),
    (tables(fsm=[0, 1, 2]), "people.fsm has 1 rows with codes"),
    (tables(fsm=[0.0, 1.0, 0.0]), "people.fsm is registered as integer and stored as double"),
    (tables(score=["1", "2", "3"]), "people.score is registered as number and stored as string"),
    (tables(score=[float("nan"), float("inf"), 1.0]), "people.score has 2 rows that are not a finite number"),
    (tables(held=[0, 1, 0]), "people.held is registered as boolean and stored as int64"),
    (tables(born=[1, 2, 3]), "people.born is registered as date"),
    (tables(postcode=["x"] * 3), "people.postcode is not registered"),
    ({"people": pa.table(PEOPLE)}, "the table cases is missing"),
    (tables() | {"more": pa.table(CASES)}, "the table more is not registered"),
    (tables() | {"cases": pa.table({"person_id": ["a"]})}, "cases.year is missing"),
    (tables() | {"cases": pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array([2])],
                                               names=["person_id", "year", "year"])}, "2 columns called year"),
])
def test_each_fault_is_named(given, said):
    assert said in refusal(given)


def test_every_fault_is_told_at_once_and_no_value():
    message = refusal(tables({"year": ["secret"] * 3}, person_id=["secret", "secret", None], sex=["secret"] * 3))
    assert message.count(";") == 3
    assert "secret" not in message


def test_nothing_reaches_the_vault_that_was_refused():
    class Recorder:
        added = ()

        def add(self, dataset, given):
            self.added += (dataset,)
            return "v1"

    inner = Recorder()

    def registered(slug):
        if slug != "courts":
            raise NotFound("No such dataset.")
        return COURTS

    vault = RegisteredVault(inner, registered)
    with pytest.raises(InvalidInput):
        vault.add("courts", tables(person_id=["a", "a", "a"]))
    with pytest.raises(NotFound):
        vault.add("schools", tables())
    assert inner.added == ()
    assert vault.add("courts", tables()) == "v1"
