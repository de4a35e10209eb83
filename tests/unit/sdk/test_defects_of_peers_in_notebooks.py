"""What ACRO 1.0.2 was found to get wrong in models, figures, files and records, and what is said of the same here.

The numbers are those of the findings; those on tables are in tests/spec/disclosure/test_defects_of_peers.py.
"""

from __future__ import annotations

import json
import pickle

import numpy
import pandas
import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure import Verdict, check_output
from readingroom.core.disclosure.exchange.acro import read_acro
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput
from readingroom.sdk import _preflight
from readingroom.sdk._outputs import as_output

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL
POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png", "json"}), max_file_bytes=1_000_000,
    max_table_rows=5000)


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setattr(_preflight, "rules", lambda: _preflight.Rules(POLICY, known=True))


def people(n=400, seed=2):
    chance = numpy.random.default_rng(seed)
    frame = pandas.DataFrame({"person_id": range(n), "age": chance.integers(18, 80, n),
                              "region": chance.choice(["N", "S"], n), "pay": chance.normal(30_000, 4000, n).round(2)})
    frame.attrs["privacy_unit"] = "person_id"
    return frame


def rules(made):
    return {finding.rule for finding in made.check().findings if finding.verdict is FAIL}


def test_9_a_dummy_variable_for_one_person_is_that_persons_value():
    frame = people().assign(mine=[12, *[0] * 399])
    frame["mine"] = (frame["mine"] == 12).astype(int)
    frame.loc[0, "pay"] = 12345.0
    frame.attrs["privacy_unit"] = "person_id"
    assert "model.levels" in rules(rr.ols("pay ~ age + mine", frame))
    assert "model.levels" in rules(rr.ols("pay ~ age + C(mine)", frame))


def test_9_a_fully_interacted_model_is_a_table_of_means():
    frame = people(400)
    frame["kind"] = numpy.where(numpy.arange(400) < 4, "rare", numpy.where(numpy.arange(400) % 2, "a", "b"))
    assert rr.ols("pay ~ C(region) * C(kind)", frame).check().verdict is FAIL


def test_10_every_panel_of_a_histogram_is_checked():
    frame = people()
    frame["group"] = ["alone"] + ["others"] * 399
    try:
        made = rr.hist(frame, "pay", by="group")
    except InvalidInput:
        return
    assert made.check().verdict is FAIL


def test_13_a_record_that_was_changed_by_hand_is_no_record(tmp_path):
    path = tmp_path / "table.csv"
    rr.table(people(), "region").save(path, context="People by region in the sample, far above the limit.")
    assert check_output(*_parts(path)).verdict is PASS
    beside = tmp_path / "table.csv.evidence.json"
    said = json.loads(beside.read_text())
    path.write_bytes(path.read_bytes().replace(b"S,", b"S,1"))
    assert as_output(path).evidence is None  # the file is another one than the evidence is of
    assert check_output(*_parts(path)).verdict is not PASS
    content = path.read_bytes()
    assert check_output("table.csv", content, said["evidence"], POLICY).verdict is FAIL
    said["evidence"]["verdict"] = "pass"  # a word that nothing reads is refused, not believed
    assert check_output("table.csv", content, said["evidence"], POLICY).verdict is not PASS


def _parts(path):
    output = as_output(path)
    return output.name, output.content, output.evidence, POLICY


ROWS = people(60).to_csv(index=False).encode()
NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": "df.head(20)", "outputs": [
    {"output_type": "execute_result", "data": {"text/plain": ROWS.decode()}}]}], "nbformat": 4}).encode()


@pytest.mark.parametrize(("name", "content"), [
    ("rows.csv", ROWS), ("rows.pkl", pickle.dumps(people(60))), ("rows.csv", pickle.dumps(people(60))),
    ("rows.dta", b"<stata_dta><header><release>118</release>"), ("rows.ipynb", NOTEBOOK),
    ("rows.xlsx", b"PK\x03\x04" + b"\x00" * 40), ("rows.png", ROWS), ("plot.svg", b"<svg xmlns='x'></svg>"),
    ("fit.gph", b"graph")])
def test_14_content_is_read_whatever_the_name_says(name, content):
    assert check_output(name, content, None, POLICY).verdict is FAIL


def test_14_a_notebook_by_another_name_is_for_a_person():
    assert check_output("rows.json", NOTEBOOK, None, POLICY).verdict is REVIEW


def test_18_everybody_is_in_a_bar_those_at_the_last_edge_too():
    values = [at for at in range(0, 101, 10) for _ in range(20)]
    frame = pandas.DataFrame({"person_id": range(len(values)), "score": values})
    frame.attrs["privacy_unit"] = "person_id"
    made = rr.hist(frame, "score", bins=[0, 20, 40, 60, 80, 100])
    shown = [cell for cell in made.underlying.cells if not cell.get("margin")]
    assert sum(cell["people"] for cell in shown) == len(values)
    assert made.check().verdict is PASS


def test_19_a_survival_curve_of_many_people_passes():
    chance = numpy.random.default_rng(1)
    frame = pandas.DataFrame({"person_id": range(5000), "months": chance.integers(1, 20, 5000),
                              "event": chance.integers(0, 2, 5000)})
    frame.attrs["privacy_unit"] = "person_id"
    assert rr.survival(frame, "months", "event").check().verdict is PASS


def test_25_the_callers_data_stay_as_they_are():
    frame = people()
    before = frame.copy(deep=True)
    rr.hist(frame, "pay", by="region")
    rr.hist(frame, "pay").suppress()
    rr.table(frame, "region", value="pay", statistic="mean").suppress()
    rr.ols("pay ~ age + C(region)", frame)
    pandas.testing.assert_frame_equal(frame, before)
    assert frame.attrs == {"privacy_unit": "person_id"}


def test_27_evidence_says_what_it_was_made_from(tmp_path):
    frame = people()
    frame.attrs |= {"dataset": "courts", "version": "2026-11", "table": "cases"}
    made = rr.table(frame, "region")
    assert made.evidence["source"] == {"dataset": "courts", "version": "2026-11", "table": "cases"}
    assert made.evidence["unit"] == "person_id"
    made.save(tmp_path / "t.csv")
    assert len(json.loads((tmp_path / "t.csv.evidence.json").read_text())["sha256"]) == 64


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.0.2", "0.4.8", "2.7.1"])
def test_29_records_of_any_version_are_read_and_earn_nothing(version):
    record = {"version": version, "results": {"output_0": {
        "uid": "output_0", "status": "pass", "type": "table", "properties": {"method": "crosstab"},
        "files": [{"name": "output_0_0.csv", "sdc": {}}], "outcome": {}, "command": "", "summary": "pass",
        "timestamp": "2026-01-01T00:00:00", "comments": [], "exception": ""}}}
    found = read_acro({"results.json": json.dumps(record).encode(), "output_0_0.csv": b"region,F\nN,40\n"}, POLICY)
    assert found.version == version
    assert [one.verdict for one in found.outputs] == [REVIEW]
