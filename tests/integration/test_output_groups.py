"""Groups of outputs from asking to the signed package: only outputs leave, everything else is judged with them."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from readingroom.core import package
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Decision, FileKind, Group
from readingroom.errors import InvalidInput
from readingroom.services import handover, memory, releases, requests
from readingroom.web.presenters import comparisons
from tests.factories import add_project, checked, make_workshop, upload
from tests.reviews import vote

TABLES = Group("Tables", "Defendants by sex in all courts, 2019.", "Rounded to ten.")
GOOD, SMALL = b"sex,people\nF,120\nM,130\n", b"sex,people\nF,3\nM,130\n"
YES, NO = Decision.APPROVE, Decision.CHANGE
BUNDLE = (upload("table.csv", GOOD, context="", group="Tables"),
          upload("behind.csv", SMALL, context="", kind=FileKind.SUPPORTING, group="Tables"),
          upload("make.py", b"print('made')\n", kind=FileKind.CODE))


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    return made


def asked(workshop, uploads=BUNDLE, groups=(TABLES,)):
    return checked(workshop, requests.submit(workshop, "ada", "returns", "By sex", "A paper", uploads, groups).number)


def released(workshop, request):
    for checker in ("freya", "imran"):
        vote(workshop, checker, request, table=YES)
    releases.make(workshop, request.number)
    return handover.download(workshop, "ada", request.number)[1]


def test_what_was_said_of_a_group_is_kept_with_each_of_its_files(workshop):
    request = asked(workshop)
    assert [(file.name, file.kind.value, file.group.name) for file in request.files] == [
        ("table.csv", "output", "Tables"), ("behind.csv", "supporting", "Tables"), ("make.py", "code", "")]
    assert request.files[0].said == (TABLES.context, TABLES.controls)
    assert request.files[0].group == TABLES and request.files[2].group == Group()


def test_p1_only_outputs_are_in_the_package_and_nothing_tells_what_else_was_seen(workshop):
    content = released(workshop, asked(workshop))
    result = package.verify(content, workshop.release_key.public_key())
    assert result.holds, result.faults
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert [name for name in archive.namelist() if name.startswith("files/")] == ["files/table.csv"]
        texts = b"".join(archive.read(name) for name in archive.namelist())
        crate = json.loads(archive.read("ro-crate-metadata.json"))
    assert result.manifest["not_released"] == {"supporting": 1, "code": 1}
    assert result.manifest["groups"] == [
        {"name": "Tables", "context": TABLES.context, "controls": TABLES.controls}]
    assert result.manifest["files"][0]["group"] == "Tables"
    assert result.manifest["files"][0]["context"] == TABLES.context
    for file in asked_files(workshop):
        if not file.crosses:
            assert file.name.encode() not in texts and file.sha256.encode() not in texts
    group = next(entity for entity in crate["@graph"] if entity["@type"] == "Collection")
    assert group["name"] == "Tables" and group["hasPart"] == [{"@id": "files/table.csv"}]


def asked_files(workshop):
    with workshop.store.reading() as tx:
        return tx.requests.get(1).files


def test_a_supporting_file_with_small_cells_does_not_keep_its_output_from_leaving(workshop):
    request = asked(workshop)
    assert request.files[1].verdict.word == "fail"
    vote(workshop, "freya", request, table=YES)
    assert vote(workshop, "imran", request, table=YES).status is RequestStatus.APPROVED


def test_a_change_asked_for_to_a_supporting_file_keeps_the_request_in_review(workshop):
    request = asked(workshop)
    vote(workshop, "freya", request, table=YES, behind=NO)
    assert vote(workshop, "imran", request, table=YES).status is RequestStatus.IN_REVIEW
    back = requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "Which year?")
    again = checked(workshop, requests.resubmit(workshop, "ada", back.number, BUNDLE, (TABLES,)).number)
    assert requests.get(workshop, "tomas", again.number).carried == {again.files[0].id}
    vote(workshop, "tomas", again)
    assert vote(workshop, "imran", again).status is RequestStatus.APPROVED  # freya's objection was to round 1


def test_what_is_remembered_of_a_release_is_what_left(workshop):
    released(workshop, asked(workshop))
    memory.remember(workshop)
    with workshop.store.reading() as tx:
        assert [name for _, _, name, _ in tx.memory.of_datasets(("courts",))] == ["table.csv"]


def test_a_checker_is_told_what_changed_about_the_group_since_the_last_round(workshop):
    request = asked(workshop)
    vote(workshop, "freya", request, table=NO)
    vote(workshop, "imran", request, table=NO)
    requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "Say more.")
    again = checked(workshop, requests.resubmit(
        workshop, "ada", request.number,
        (upload("table.csv", GOOD, context="", group="Tables"),
         upload("behind.csv", SMALL, group="Tables"), upload("make.py", b"print('made')\n", kind=FileKind.CODE)),
        (Group("Tables", "Defendants by sex in Crown courts, 2019.", "Rounded to ten."),)).number)
    shown = comparisons.comparisons(again.files, requests.sights(workshop, "freya", again.number), {})
    said = {file.name: shown[file.id].since for file in again.files}
    assert said == {
        "table.csv": "The same bytes as in round 1. What is said of its group changed.",
        "behind.csv": "The same bytes as in round 1. What is said of it changed. It was supporting then. What is said "
                      "of its group changed.",
        "make.py": "The same bytes as in round 1."}


@pytest.mark.parametrize(("uploads", "groups", "rule"), [
    (BUNDLE, (), "request.group-unknown"),
    (BUNDLE, (TABLES, Group("Figures", TABLES.context)), "request.group-empty"),
    (BUNDLE[1:], (TABLES,), "request.outputs"),
    ((upload(context=""),), (), "request.context"),
])
def test_a_refused_request_leaves_nothing_behind(workshop, uploads, groups, rule):
    with pytest.raises(InvalidInput) as refused:
        requests.submit(workshop, "ada", "returns", "By sex", "A paper", uploads, groups)
    assert refused.value.rule == rule
    assert requests.mine(workshop, "ada") == ()
