"""What is not finished is not safe: search, audit and check stop when they must, and say so."""

from __future__ import annotations

import numpy as np

from readingroom.core.disclosure import Verdict, check_table_evidence
from readingroom.core.disclosure.evidence import CellEvidence, TableEvidence
from readingroom.core.disclosure.protect import Exposure, audit, make_system, protection_of_count, suppress
from readingroom.core.disclosure.protect.closing import Closing
from readingroom.core.disclosure.protect.forms.protect import check_protect
from readingroom.core.disclosure.rules import exposure
from readingroom.core.policy import Policy

POLICY = Policy(threshold=10, threshold_inclusive=False, zeros_disclosive=False, dominance=frozenset({(2, 90.0)}),
                p_percent=10, group_disclosure=False)
TABLE = np.array([[4, 20, 31, 55], [30, 15, 45, 90], [40, 15, 1, 56], [74, 50, 77, 201]])
HIDDEN = {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)}


def evidence(hidden=HIDDEN):
    return TableEvidence("count", "id", tuple(
        CellEvidence((f"r{row}" if row < 3 else "Total",), (f"c{column}" if column < 3 else "Total",), int(people),
                     int(people), suppressed=(row, column) in hidden)
        for (row, column), people in np.ndenumerate(TABLE)))


def system():
    number = np.arange(16).reshape(4, 4)
    equations = [(f"line {at}", {int(line[-1]): 1.0, **{int(cell): -1.0 for cell in line[:-1]}})
                 for at, line in enumerate([*number, *number.T])]
    return make_system([str(cell) for cell in range(16)], equations, value=TABLE.ravel())


def test_a_check_that_is_not_finished_is_never_a_pass(monkeypatch):
    assert check_table_evidence(evidence(), POLICY).verdict is Verdict.PASS
    monkeypatch.setattr(exposure, "WORK", 0)
    monkeypatch.setattr(exposure, "LEAST_QUESTIONS", 0)
    assert check_table_evidence(evidence(), POLICY).verdict is Verdict.PASS  # deviations of four cells show it
    monkeypatch.setattr(Closing, "close", lambda *_, **__: None)
    found = check_table_evidence(evidence(), POLICY)
    assert (found.verdict, {finding.rule for finding in found.findings}) == (
        Verdict.REVIEW, {"differencing.unproved"})
    follows = check_table_evidence(evidence({(0, 0)}), POLICY)
    assert follows.verdict is Verdict.FAIL  # what follows by subtraction needs no programme


def test_cells_of_no_total_need_no_programme(monkeypatch):
    monkeypatch.setattr(exposure, "WORK", 0)
    monkeypatch.setattr(exposure, "LEAST_QUESTIONS", 0)
    inner = tuple(cell for cell in evidence().cells if "Total" not in cell.row + cell.column)
    assert check_table_evidence(TableEvidence("count", "id", inner[:6] + tuple(
        CellEvidence(("r9",), (f"c{at}",), 50, 50) for at in range(3))), POLICY).verdict is Verdict.PASS


def test_a_brief_audit_says_the_same_as_a_full_one():
    needed = {0: protection_of_count(4, 10), 10: protection_of_count(1, 10)}
    for hidden in ([0, 1, 4, 5, 2, 6, 8, 9, 10], [0, 1, 4, 5, 10], [0, 2, 8, 10], range(16)):
        seen = system().hiding(hidden)
        full, brief = (audit(seen, needed, singles=[10], briefly=briefly) for briefly in (False, True))
        assert (full.verdict, full.insiders_asked) == (brief.verdict, brief.insiders_asked)
        assert [one.exposure for one in full.inferences] == [one.exposure for one in brief.inferences]
        for wide, shown in zip(full.inferences, brief.inferences, strict=True):
            assert wide.range.lower <= shown.range.lower
            assert shown.range.upper <= wide.range.upper


def test_insiders_that_were_not_asked_are_unproved():
    seen = system().hiding([0, 1, 2, 4, 5, 6, 8, 9, 10])
    asked = iter([False])  # of the outsiders' cell, and no more
    found = audit(seen, {0: protection_of_count(4, 10)}, singles=[10], out_of_time=lambda: next(asked, True))
    assert [one.exposure for one in found.inferences] == [Exposure.PROTECTED]
    assert [one.exposure for one in found.insiders] == [Exposure.UNPROVED]
    assert found.verdict is Verdict.REVIEW


def test_a_pattern_without_time_is_not_called_safe():
    needed = {0: protection_of_count(4, 10), 10: protection_of_count(1, 10)}
    assert suppress(system(), needed).audit.verdict is Verdict.PASS
    assert suppress(system(), needed, out_of_time=lambda: True).audit.verdict is Verdict.PASS
    stopped = suppress(system(), needed, out_of_time=lambda: True, give_up=lambda: True)
    assert stopped.audit.verdict is not Verdict.PASS


def test_the_command_says_that_time_was_short():
    form = {"dimensions": {"a": ["x", "y", "Total"], "b": ["u", "v", "Total"]}, "total": ["Total"],
            "values": [[4, 20, 24], [30, 15, 45], [34, 35, 69]]}
    said = check_protect(form, out_of_time=lambda: True, give_up=lambda: True)
    assert said["verdict"] != "pass"
    assert "time allowed" in str(said["message"])
    assert check_protect(form, out_of_time=lambda: True)["verdict"] == "pass"
