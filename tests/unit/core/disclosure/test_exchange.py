"""ACRO's directories as evidence, never as verdict; and directories that SACRO-Viewer opens, without its weaknesses."""

from __future__ import annotations

import hashlib
import json

import pytest

from readingroom.core.disclosure.exchange.acro import read_acro
from readingroom.core.disclosure.exchange.sacro import ToExport, plain_name, sacro_directory
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.policy import Policy
from readingroom.errors import InvalidInput

PASS, REVIEW, FAIL = Verdict.PASS, Verdict.REVIEW, Verdict.FAIL
POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}),
                p_percent=10, residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png", "txt", "json"}),
                max_file_bytes=1_000_000, max_table_rows=5000)
TABLE = b"g,x,y\nA,75,89\nB,59,68\nC,26,3\n"
SAFE = b"g,x,y\nA,75,89\nB,59,68\nC,26,33\n"


def result(*names, status="pass", cells=None, **more):
    return {"uid": "output_0", "status": status, "type": "table", "properties": {"method": "crosstab"},
            "files": [{"name": name, "sdc": {"summary": {}, "cells": cells or {}}} for name in names],
            "outcome": {}, "command": "crosstab", "summary": f"{status}; ", "timestamp": "2026-01-01T00:00:00",
            "comments": [], "exception": ""} | more


def session(results, files=(), version="1.0.2", checksums=True, **more):
    record = json.dumps({"version": version, "results": results}).encode()
    made = {"results.json": record, **dict(files), **more}
    if checksums:
        made |= {f"checksums/{name}.txt": hashlib.sha256(content).hexdigest().encode()
                 for name, content in made.items()}
    return made


def read(*arguments, policy=POLICY, **more):
    return read_acro(session(*arguments, **more), policy)


def rules(found):
    return {one.rule for one in found.all_findings}


def test_a_pass_of_acros_earns_nothing():
    found = read({"t": result("t.csv")}, {"t.csv": SAFE})
    assert found.verdict is REVIEW
    assert "acro.claim" in rules(found)
    assert [(one.name, one.claimed, one.files) for one in found.outputs] == [("t", "pass", ("t.csv",))]


def test_a_forged_pass_is_looked_through():
    """Status, flags and checksum are all made to fit a table with a cell of three."""
    found = read({"t": result("t.csv")}, {"t.csv": TABLE})
    assert found.verdict is FAIL
    assert "threshold" in rules(found)


@pytest.mark.parametrize(("check", "rule", "verdict"), [
    ("MinimumThresholdCheck", "acro.threshold", FAIL), ("threshold", "acro.threshold", FAIL),
    ("NKCheck", "acro.dominance", FAIL), ("nk-rule", "acro.dominance", FAIL),
    ("PPercentCheck", "acro.p-percent", FAIL), ("p-ratio", "acro.p-percent", FAIL),
    ("MinimumDoFCheck", "acro.degrees-of-freedom", FAIL), ("PresenceOfZeroCheck", "acro.zeros", FAIL),
    ("all-values-are-same", "acro.constant", FAIL), ("missing", "acro.missing", REVIEW),
    ("negative", "acro.negative", REVIEW), ("NewCheck", "acro.unknown-check", REVIEW),
])
def test_what_acro_flags_is_believed_with_its_labels(check, rule, verdict):
    found = read({"t": result("t.csv", cells={check: [[2, 1]]})}, {"t.csv": SAFE})
    flagged = next(one for one in found.all_findings if one.rule == rule)
    assert flagged.verdict is verdict
    assert [(cell.row, cell.column, cell.position) for cell in flagged.cells] == [(("C",), ("y",), (2, 2))]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a\\b.csv", "C:x", "", "a\0b", 7, None, "‮x"])
def test_names_that_lead_elsewhere_are_not_read(name):
    found = read({"t": result("t.csv", files=[{"name": name}])}, {"t.csv": SAFE})
    assert {"acro.path", "acro.unlisted"} <= rules(found)
    assert found.verdict is FAIL


@pytest.mark.parametrize(("results", "files", "more", "rule", "verdict"), [
    ({"t": result(files=[])}, {}, {}, "acro.no-files", FAIL),
    ({"t": result(files="t.csv")}, {}, {}, "acro.no-files", FAIL),
    ({"t": 3}, {}, {}, "acro.malformed", FAIL),
    ({"t": result("t.csv")}, {}, {}, "acro.absent", FAIL),
    ({"t": result("t.csv")}, {"t.csv": SAFE}, {"checksums": False}, "acro.checksum", REVIEW),
    ({"t": result("t.csv")}, {"t.csv": SAFE}, {"version": "2.0"}, "acro.version", REVIEW),
    ({"t": result("t.csv")}, {"t.csv": SAFE}, {"version": None}, "acro.version", REVIEW),
    ({"t": result("t.csv", status="Review")}, {"t.csv": SAFE}, {}, "acro.claim", REVIEW),
    ({"t": result("t.csv", status="approved")}, {"t.csv": SAFE}, {}, "acro.status", REVIEW),
    ({"t": result("t.csv", status="fail")}, {"t.csv": SAFE}, {}, "acro.failed", FAIL),
    ({"t": result("t.csv", exception="please")}, {"t.csv": SAFE}, {}, "acro.exception", REVIEW),
    ({"t": result("t.csv")}, {"t.csv": SAFE, "rows.csv": SAFE}, {}, "acro.unlisted", REVIEW),
    ({"t": result("session_summary.csv")}, {"session_summary.csv": SAFE}, {}, "acro.own-file", FAIL),
    ({"t": result("t.csv")}, {"t.csv": SAFE, "config.json": b'{"safe_threshold": 5}'}, {}, "acro.profile", REVIEW),
    ({"t": result("m.pickle")}, {"m.pickle": b"\x80\x04K\x01."}, {}, "file.type", FAIL),
])
def test_what_is_odd_is_a_finding(results, files, more, rule, verdict):
    found = read(results, files, **more)
    assert found.verdict is verdict
    assert rule in rules(found) or (rule == "file.type" and found.verdict is FAIL)


def test_a_changed_file_is_noticed():
    made = session({"t": result("t.csv")}, {"t.csv": SAFE})
    found = read_acro(made | {"t.csv": SAFE.replace(b"75", b"76")}, POLICY)
    assert any(one.rule == "acro.checksum" and one.verdict is FAIL for one in found.all_findings)


@pytest.mark.parametrize("record", [b"", b"[]", b"{}", b'{"results": []}', b'{"results": {}}', b"NaN", b"\xff\xfe",
                                    b"[" * 5000])
def test_no_record_is_refused(record):
    with pytest.raises(InvalidInput):
        read_acro({"results.json": record}, POLICY)
    with pytest.raises(InvalidInput):
        read_acro({}, POLICY)


def test_a_regression_is_described_as_far_as_its_tables_say():
    """As ACRO 1.0.2 writes it: the dof of its record are not the only source."""
    top = b"Dep. Variable:,v,R-squared:,0.005\nNo. Observations:,30,AIC:,1.0\nDf Residuals:,5,BIC:,2.0\n"
    coefficients = b",coef,std err\nIntercept,17.3,1.0\nh[T.y],1.7,1.4\n"
    regression = result("a.csv", "b.csv", type="regression", properties={"method": "olsr", "dof": 298})
    found = read({"r": regression}, {"a.csv": top, "b.csv": coefficients})
    assert {"model.degrees-of-freedom", "model.contradiction", "evidence.missing"} <= rules(found)


# What SACRO-Viewer reads

EVIDENCE = {"kind": "table", "statistic": "count", "unit": "p", "cells": [
    {"row": [row], "column": [column], "people": people, "records": people}
    for row, counts in {"A": (75, 89), "B": (59, 68), "C": (26, 3)}.items()
    for column, people in zip("xy", counts, strict=True)]}


def exported(*outputs, **more):
    return sacro_directory(outputs, POLICY, "2026-01-01T00:00:00+00:00", **more)


def opened(files):
    """As the viewer's loader does: the record by its name, its version by text, files and checksums exactly."""
    record = json.loads(files["outputs.json"])
    major, minor, *_ = record["version"].split(".")
    assert (major, minor) >= ("0", "4")
    for one in record["results"].values():
        assert len(one["files"]) > 0
        for file in one["files"]:
            assert files[f"checksums/{file['name']}.txt"].decode() == hashlib.sha256(files[file["name"]]).hexdigest()
        assert one["status"] in {"pass", "review", "fail"}
        assert isinstance(one["comments"], list)
        assert all(key in one for key in ("uid", "type", "properties", "outcome", "command", "summary", "timestamp",
                                          "exception"))
    return record["results"]


def test_the_viewer_opens_it():
    results = opened(exported(ToExport("t.csv", TABLE, EVIDENCE, "Table 1"), ToExport("notes.txt", b"hello")))
    assert [one["status"] for one in results.values()] == ["fail", "review"]
    assert results["output_1"]["comments"][0] == "Table 1"


def test_places_of_unsafe_cells_are_told_only_when_asked():
    told = opened(exported(ToExport("t.csv", TABLE, EVIDENCE), exact_cells=True))
    assert told["output_1"]["files"][0]["sdc"]["cells"]["MinimumThresholdCheck"] == [[2, 1]]
    kept = opened(exported(ToExport("t.csv", TABLE, EVIDENCE)))
    assert kept["output_1"]["files"][0]["sdc"]["cells"] == {}


def test_two_columns_of_labels_become_one_so_that_the_right_cell_is_marked():
    evidence = {**EVIDENCE, "cells": [{**cell, "row": ["north", *cell["row"]]} for cell in EVIDENCE["cells"]]}
    content = b"r,g,x,y\nnorth,A,75,89\nnorth,B,59,68\nnorth,C,26,3\n"
    files = exported(ToExport("t.csv", content, evidence), exact_cells=True)
    assert files["t.csv"].splitlines()[0] == b"r / g,x,y"
    assert opened(files)["output_1"]["files"][0]["sdc"]["cells"]["MinimumThresholdCheck"] == [[2, 1]]


def test_markup_is_broken_everywhere():
    hostile = "<img src=x onerror=alert(1)>"
    table = f"g,x\n{hostile},75\nB <10,59\n".encode()
    files = exported(ToExport("t.csv", table, None, hostile), ToExport("n.txt", b"</script><svg onload=x>"),
                     ToExport("n.json", json.dumps([{"a": hostile}]).encode()))
    for content in files.values():
        assert b"<img" not in content
        assert b"<svg" not in content
    assert b"B <10" in files["t.csv"]
    assert json.loads(files["n.json"]) == [{"a": hostile}]


@pytest.mark.parametrize("name", ["../../x.csv", "outputs.json", "config.json", "a/b/c.csv", "..\\x.csv",
                                  ".hidden.csv", "<b>.csv"])
def test_names_stay_in_the_directory_and_replace_no_record(name):
    made = plain_name(name, 1, set())
    assert made not in {"outputs.json", "config.json"}
    assert not any(mark in made for mark in "/\\<>")
    assert not made.startswith(".")
    assert plain_name(name, 2, {made}) != made


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(InvalidInput):
        exported()
    with pytest.raises(InvalidInput):
        exported(ToExport("m.pickle", b"\x80\x04K\x01."))


def test_what_is_exported_can_be_read_back_and_earns_nothing():
    found = read_acro(exported(ToExport("t.csv", SAFE, None)), POLICY)
    assert found.verdict is REVIEW
    assert not {"acro.checksum", "acro.version", "acro.path"} & rules(found)
