"""P7: an output is compared with all that was released from the same data, and what they tell together is a finding."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.lifecycle import GrantStatus, RequestStatus
from readingroom.core.requests import Decision, Vote
from readingroom.services import memory, releases, requests
from tests.factories import add_project, checked, make_workshop, upload, with_two_projects

PEOPLE = {("Leeds", "F"): 120, ("Leeds", "M"): 140, ("York", "F"): 60, ("York", "M"): 75}


@pytest.fixture
def workshop(tmp_path):
    return with_two_projects(make_workshop(tmp_path))


def table(people=PEOPLE, hidden=(), noise=None, source="v1", **changes):
    """A count with its evidence; `hidden` cells are suppressed, `noise` is the fingerprint of a key."""
    cells = [{"row": [row], "column": [column], "people": count, "records": count,
              "suppressed": (row, column) in hidden} | ({"shown": count} if noise else {})
             for (row, column), count in people.items()]
    rows, columns = dict.fromkeys(row for row, _ in people), dict.fromkeys(column for _, column in people)
    lines = [",".join([row, *("[c]" if (row, column) in hidden else str(people[row, column]) for column in columns)])
             for row in rows]
    evidence = {"kind": "table", "statistic": "count", "unit": "person_id", "cells": cells, "row_names": ["city"],
                "column_names": ["sex"], "source": {"dataset": "courts", "version": source, "table": "defendants"}}
    if noise:
        evidence["noise"] = {"largest": 3, "variance": 2.0, "small": 0, "key": noise}
    return upload(changes.pop("name", "by-city.csv"), ("city," + ",".join(columns) + "\n" + "\n".join(lines) + "\n")
                  .encode(), evidence=evidence, **changes)


def chart(heights, name="bars.png", evidence=None):
    drawn = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(drawn)
    for place, height in enumerate(heights):
        draw.rectangle((20 + 60 * place, 280 - height, 65 + 60 * place, 280), fill="navy")
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return upload(name, out.getvalue(), evidence=evidence)


def compared(workshop, author, project, *uploads):
    number = requests.submit(workshop, author, project, "By city", "A paper", uploads).number
    return checked(workshop, number)


def release(workshop, *uploads, author="chloe", project="other"):
    request = compared(workshop, author, project, *uploads)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number,
                        [Vote(file.id, Decision.APPROVE, "Large.") for file in request.files])
    releases.make(workshop, request.number)
    return request


def found(request, prefix="memory."):
    return {finding.rule: finding.verdict for file in request.files for finding in file.findings
            if finding.rule.startswith(prefix)}


def alike(workshop, request):
    return memory.of_request(workshop, "freya", request.number)[request.files[0].id]


def test_a_count_that_differs_by_few_people_fails_across_projects(workshop):
    release(workshop, table())
    request = compared(workshop, "ada", "returns", table(PEOPLE | {("York", "F"): 63}))
    assert found(request) == {"memory.differencing": Verdict.FAIL}
    file, = request.files
    assert file.verdict is Verdict.FAIL
    finding = next(finding for finding in file.findings if finding.rule == "memory.differencing")
    assert [(cell.row, cell.column) for cell in finding.cells] == [(("york",), ("f",))]
    with workshop.store.reading() as tx:
        told = [event for event in tx.events.of_subject(f"request:{request.number}") if event.action == "file.compared"]
    assert told[0].detail["rules"] == ["memory.differencing"]


def test_its_author_learns_nothing_of_what_was_released(workshop):
    earlier = release(workshop, table(PEOPLE | {("York", "F"): 68}, name="secret-name.csv"))
    request = compared(workshop, "ada", "returns", table())
    said = repr(requests.get(workshop, "ada", request.number).request.files[0].findings)
    assert "memory.differencing" in said
    assert "68" not in said and "secret" not in said and "other" not in said.replace("others", "")
    assert f"release {earlier.number}" not in said


def test_the_same_and_a_quite_different_table_are_no_finding(workshop):
    release(workshop, table())
    assert found(compared(workshop, "ada", "returns", table())) == {}
    other = {("Hull", "F"): 900, ("Hull", "M"): 800, ("Bath", "F"): 700, ("Bath", "M"): 650}
    assert found(compared(workshop, "bilal", "returns", table(other))) == {}


def test_where_only_labels_say_that_cells_are_the_same_a_person_judges(workshop):
    release(workshop, table())
    declared = upload("declared.csv", b"city,F,M\nLeeds,120,141\nYork,60,75\n")
    assert found(compared(workshop, "ada", "returns", declared)) == {"memory.differencing": Verdict.REVIEW}


def test_the_same_counts_with_noise_of_another_key_fail(workshop):
    release(workshop, table(noise="a" * 16))
    shifted = {place: people + 1 for place, people in PEOPLE.items()}
    request = compared(workshop, "ada", "returns", table(shifted, noise="b" * 16))
    assert found(request)["memory.noise"] is Verdict.FAIL
    again = compared(workshop, "bilal", "returns", table(noise="a" * 16))
    assert "memory.noise" not in found(again)


def test_a_hidden_cell_that_a_released_table_shows_fails(workshop):
    few = PEOPLE | {("York", "F"): 4}
    release(workshop, table(few))
    request = compared(workshop, "ada", "returns", table(few, hidden={("York", "F")}, name="hidden.csv"))
    assert found(request)["memory.links"] is Verdict.FAIL
    assert request.files[0].verdict is Verdict.FAIL
    newer = compared(workshop, "bilal", "returns", table(few, hidden={("York", "F")}, source="v2"))
    assert "memory.links" not in found(newer)  # other people, as far as anyone can tell


def test_showing_what_a_released_table_hid_fails_and_does_not_say_what(workshop):
    few = PEOPLE | {("York", "F"): 4, ("York", "M"): 4}
    release(workshop, table(few, hidden={("York", "F"), ("York", "M")}))
    request = compared(workshop, "ada", "returns", table(few, name="shown.csv"))
    assert found(request)["memory.links"] is Verdict.FAIL
    said = next(finding for finding in request.files[0].findings if finding.rule == "memory.links")
    assert said.cells == () and "4" not in said.message


def test_a_picture_that_looks_like_a_released_one_is_named(workshop):
    release(workshop, chart([200, 80, 140, 60, 220]))
    request = compared(workshop, "ada", "returns", chart([200, 80, 140, 60, 218], name="other-name.png"))
    assert [(one.looks, one.file) for one in alike(workshop, request)] == [(True, "bars.png")]
    unlike = compared(workshop, "bilal", "returns", chart([20, 180, 40, 200, 10]))
    assert alike(workshop, unlike) == ()


def test_two_white_pages_are_not_alike_for_being_white(workshop):
    release(workshop, chart([]))
    assert alike(workshop, compared(workshop, "ada", "returns", chart([]))) == ()


def test_the_numbers_behind_a_chart_are_compared_with_tables(workshop):
    release(workshop, table())
    drawn = table(PEOPLE | {("Leeds", "F"): 123}).evidence
    request = compared(workshop, "ada", "returns", chart([120, 140, 60, 75], evidence={
        "version": 1, "kind": "figure", "underlying": drawn}))
    assert found(request) == {"memory.differencing": Verdict.FAIL}
    assert [(one.file, one.few) for one in alike(workshop, request)] == [("by-city.csv", 1)]


def test_comparing_twice_finds_it_once_and_never_after_the_checks(workshop):
    release(workshop, table())
    request = compared(workshop, "ada", "returns", table(PEOPLE | {("York", "F"): 63}))
    memory.compare(workshop, request.number)
    again = requests.get(workshop, "freya", request.number).request
    assert again.files[0].findings == request.files[0].findings
    assert again.status is RequestStatus.IN_REVIEW
    with workshop.store.reading() as tx:
        told = [event.action for event in tx.events.of_subject(f"request:{request.number}")]
    assert told.count("file.compared") == 1


def test_data_of_other_datasets_are_not_compared(workshop):
    add_project(workshop, "third", members=("bilal",), grants={"schools": GrantStatus.ACTIVE})
    release(workshop, table())
    assert found(compared(workshop, "bilal", "third", table(PEOPLE | {("York", "F"): 63}))) == {}
