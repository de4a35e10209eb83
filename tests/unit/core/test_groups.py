"""Groups of outputs: what may be asked for together, and which files need approvals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from readingroom.core import egress
from readingroom.core.disclosure.check import check_code
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.groups import arranged, check_groups
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import (
    KINDS,
    AirlockRequest,
    Assurance,
    Decision,
    Direction,
    FileKind,
    Group,
    OutputFile,
    Review,
    Vote,
)
from readingroom.errors import InvalidInput, PermissionDenied

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CONTEXT = "Defendants by sex, all courts, 2019"
TABLES = Group("Tables", CONTEXT, "Rounded to 10.")
OUTPUT, SUPPORTING, CODE = KINDS[Direction.OUT]


def file(number: int, kind: FileKind = OUTPUT, group: Group = TABLES, verdict: Verdict = Verdict.PASS) -> OutputFile:
    return OutputFile(number, f"f{number}.csv", "0" * 64, 10, "csv", Assurance.DECLARED, "", "", verdict=verdict,
                      kind=kind, group=group)


FILES = (file(1), file(2, SUPPORTING, verdict=Verdict.FAIL), file(3, CODE, Group()))
REQUEST = AirlockRequest(1, "p", "ada", "T", "P", RequestStatus.IN_REVIEW, 1, NOW, NOW, FILES, (), 2)


def reviewed(*said: dict[int, Decision]) -> AirlockRequest:
    return replace(REQUEST, reviews=tuple(
        Review(checker, 1, NOW, tuple(Vote(number, decision, "Because.") for number, decision in votes.items()))
        for checker, votes in zip(("freya", "imran"), said, strict=False)))


@pytest.mark.parametrize(("groups", "files", "rule"), [
    ([], [(SUPPORTING, ""), (CODE, "")], "request.outputs"),
    ([], [], "request.outputs"),
    ([TABLES], [(OUTPUT, "")], "request.group-empty"),
    ([TABLES], [(OUTPUT, "Tables"), (OUTPUT, "Figures")], "request.group-unknown"),
    ([TABLES, replace(TABLES, name="TABLES")], [(OUTPUT, "Tables"), (OUTPUT, "TABLES")], "request.group-name"),
    ([TABLES, TABLES], [(OUTPUT, "Tables")], "request.group-name"),
    ([replace(TABLES, context="short")], [(OUTPUT, "Tables")], "request.group-context"),
    ([replace(TABLES, context="x" * 5001)], [(OUTPUT, "Tables")], "request.group-context"),
    ([replace(TABLES, controls="x" * 5001)], [(OUTPUT, "Tables")], "request.group-controls"),
    ([replace(TABLES, name=f"g{n}") for n in range(300)], [(OUTPUT, f"g{n}") for n in range(300)],
     "request.max-groups"),
    *(([replace(TABLES, name=name)], [(OUTPUT, name)], "request.group-name") for name in (
        "../up", "a/b", "a\\b", "", " ", ".", "..", "a\u202eb", "a\u200bb", "a\nb", "\x00", "é", "x" * 101, "end. ")),
])  # fmt: skip
def test_groups_that_nobody_could_judge_are_refused_with_their_rule(groups, files, rule):
    with pytest.raises(InvalidInput) as refused:
        check_groups(groups, files, most=5)
    assert refused.value.rule == rule and refused.value.next_step


def test_a_request_without_groups_and_one_with_several_are_fine():
    check_groups([], [(OUTPUT, ""), (CODE, "")], most=5)
    check_groups([TABLES, replace(TABLES, name="Figures")], [(OUTPUT, "Tables"), (CODE, "Figures"), (OUTPUT, "")], 5)


def test_files_are_laid_out_by_group_with_outputs_first():
    shown = arranged((file(1, CODE), file(2, OUTPUT, Group()), file(3)))
    assert [(group.name, [one.id for one in files]) for group, files in shown] == [("Tables", [3, 1]), ("", [2])]


class TestOnlyOutputsLeave:
    def test_supporting_files_and_code_need_no_vote_and_no_approval(self):
        yes = {1: Decision.APPROVE}
        egress.check_review(REQUEST, "freya", [Vote(1, Decision.APPROVE)])
        egress.check_releasable(reviewed(yes, yes), {"ada"})

    def test_but_a_change_asked_for_to_one_of_them_holds_the_request(self):
        asked = reviewed({1: Decision.APPROVE, 2: Decision.CHANGE}, {1: Decision.APPROVE})
        assert egress.unapproved(asked) == ("f2.csv",)
        with pytest.raises(PermissionDenied):
            egress.check_releasable(asked, {"ada"})

    def test_a_request_of_which_nothing_would_leave_is_never_released(self):
        nothing = replace(REQUEST, files=FILES[1:], reviews=(
            Review("freya", 1, NOW, (Vote(2, Decision.APPROVE),)), Review("imran", 1, NOW, ())))
        with pytest.raises(PermissionDenied):
            egress.check_releasable(nothing, {"ada"})

    @pytest.mark.parametrize("change", [
        {"kind": SUPPORTING}, {"group": replace(TABLES, context=f"{CONTEXT}, corrected")},
        {"group": replace(TABLES, controls="Rounded to 5.")}, {"group": Group()}])
    def test_an_approval_is_of_the_kind_and_of_what_is_said_of_the_group(self, change):
        assert egress.is_same(FILES[0], replace(FILES[0], id=9, round=2))
        assert not egress.is_same(FILES[0], replace(FILES[0], id=9, round=2, **change))


@pytest.mark.parametrize(("name", "content", "verdict", "rule"), [
    ("a.py", b"print(1)\n", Verdict.REVIEW, "code.read"),
    ("a.R", b"<- 1", Verdict.REVIEW, "code.read"),
    ("a.py", "x = 'a\u202eb'".encode(), Verdict.FAIL, "text.hidden-characters"),
    ("a.py", b"MZ\x90\x00", Verdict.FAIL, "code.type"),
    ("a.exe", b"print(1)", Verdict.FAIL, "code.type"),
    ("a.ipynb", b"{}", Verdict.FAIL, "code.type"),
    ("a.py", b"", Verdict.FAIL, "code.type"),
    ("a.py", b"#" * 2000, Verdict.FAIL, "file.size"),
])
def test_code_is_text_that_a_person_reads(name, content, verdict, rule):
    result = check_code(name, content, Policy(max_file_bytes=1000))
    assert result.verdict is verdict and result.findings[0].rule == rule
