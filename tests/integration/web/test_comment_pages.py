"""Comments on places through the pages and the API: without JavaScript, inert, and nothing typed is lost."""

from __future__ import annotations

import pytest
from markupsafe import escape

from readingroom.core.requests import Decision
from readingroom.services import requests
from readingroom.services.uploads import Upload
from tests.integration.web.world import API, BASE, CONTEXT

ATTACK = '<img src=x onerror=alert(1)>"\'{{ 7*7 }}'
TABLE = f'offence,F\n"{ATTACK.replace(chr(34), chr(34) * 2)}",400\nTheft,310\n'.encode()


def in_review(world, content=TABLE, name="by-offence.csv"):
    return world.in_review(uploads=(Upload(name, content, CONTEXT),))


def fields(request, **more):
    file = request.files[0].id
    return {"round": str(request.round), f"decision-{file}": "change-needed", f"comment-{file}": "TYPED SO FAR",
            "note": "ALSO TYPED"} | {name.replace("_", "-") + f"-{file}": value for name, value in more.items()}


def review_path(request):
    return f"/requests/{request.number}/review"


def test_every_cell_leads_to_a_form_for_a_comment_on_it(world):
    request = in_review(world)
    file = request.files[0].id
    imran = world.client("imran")
    page = imran.see(review_path(request)).text
    assert f'value="{file} cell:2,2" formaction="{BASE}/requests/{request.number}/place#say-{file}"' in page
    opened = imran.get(f"{BASE}/requests/{request.number}/review?file={file}&at=cell:2,2")
    assert opened.status_code == 200
    assert 'value="cell:2,2"' in opened.text and f'id="say-{file}" open' in opened.text


@pytest.mark.parametrize("at", ["cell:99,1", "<script>alert(1)</script>", "line:1", "cell:1,1;x", "\u202e", "x" * 4000])
def test_an_address_of_no_place_is_refused_and_stays_inert(world, at):
    request = in_review(world)
    answer = world.client("imran").get(f"{BASE}{review_path(request)}", params={
        "file": request.files[0].id, "at": at})
    assert answer.status_code == 422 and "There is no place" in answer.text and "<script>alert" not in answer.text


def test_adding_a_comment_loses_nothing_that_was_typed(world):
    request = in_review(world)
    imran = world.client("imran")
    answer = imran.do(f"/requests/{request.number}/comments", **fields(
        request, at="cell:1,2", say="Who are they?", audience="researcher"))
    assert answer.status_code == 200
    assert all(words in answer.text for words in ("TYPED SO FAR", "ALSO TYPED", "Who are they?", "Take back"))
    assert 'value="change-needed" data-key="c" checked' in answer.text
    assert "<img src=x" not in answer.text and ">49<" not in answer.text and str(escape(ATTACK)) in answer.text
    assert "Who are they?" in imran.see(review_path(request)).text
    assert "Who are they?" not in world.client("freya").see(review_path(request)).text
    assert "Who are they?" not in world.client("ada").see(f"/requests/{request.number}").text


def test_following_a_place_without_javascript_loses_nothing_that_was_typed(world):
    request = in_review(world)
    file = request.files[0].id
    answer = world.client("imran").do(f"/requests/{request.number}/place", place=f"{file} cell:2,2", **fields(
        request, at="cell:1,1", say="Half a sent", audience="checkers"))
    assert answer.status_code == 200
    assert all(words in answer.text for words in (
        "TYPED SO FAR", "ALSO TYPED", "Half a sent", 'value="cell:2,2"', f'id="say-{file}" open',
        'value="checkers" selected', 'value="change-needed" data-key="c" checked'))
    assert "Half a sent" not in world.client("imran").see(review_path(request)).text


@pytest.mark.parametrize("place", ["cell:2,2", "9999 cell:2,2", "x cell:1,1", "{file} <script>alert(1)", "",
                                   "\u0661 \u202e"])
def test_a_place_that_is_none_is_refused_or_nothing_and_what_was_typed_stays(world, place):
    request = in_review(world)
    answer = world.client("imran").do(f"/requests/{request.number}/place", place=place.format(
        file=request.files[0].id), **fields(request))
    assert answer.status_code in (200, 422) and "TYPED SO FAR" in answer.text and "<script>alert" not in answer.text


def test_only_who_may_check_it_has_places_to_follow(world):
    request = in_review(world)
    for who in ("ada", "mercer", "chloe"):
        assert world.client(who).do(f"/requests/{request.number}/place", place="1 cell:1,1", **fields(
            request)).status_code in (403, 404)


def test_an_outcome_that_is_refused_loses_nothing_that_was_typed(world):
    request = in_review(world)
    world.vote("imran", request, Decision.CHANGE, "See the cell.")
    world.vote("freya", request, Decision.CHANGE, "The same.")
    answer = world.client("freya").do(f"/requests/{request.number}/conclude", outcome="returned", comment=" ", **fields(
        request, say="Of a place", at="cell:1,1"))
    assert answer.status_code == 422
    assert all(words in answer.text for words in ("TYPED SO FAR", "ALSO TYPED", "Of a place"))
    page = world.client("freya").do(f"/requests/{request.number}/place", place=f"{request.files[0].id} cell:1,1",
                                    comment="NOT SENT YET", **fields(request)).text
    assert "NOT SENT YET" in page


def test_a_refused_comment_comes_back_as_typed(world):
    request = in_review(world)
    answer = world.client("imran").do(f"/requests/{request.number}/comments", **fields(
        request, at="cell:7,7", say="About nothing", audience="checkers"))
    assert answer.status_code == 422
    assert all(words in answer.text for words in ("There is no place", "About nothing", "cell:7,7", "TYPED SO FAR"))
    assert 'value="checkers" selected' in answer.text


def test_submitting_the_review_keeps_what_stands_in_the_comments_form(world):
    request = in_review(world)
    answer = world.client("imran").do(review_path(request), **fields(request, at="", say="About all of it."))
    assert answer.status_code == 303
    assert "About all of it." in world.client("imran").see(review_path(request)).text


def test_a_comment_is_taken_back(world):
    request = in_review(world)
    imran = world.client("imran")
    imran.do(f"/requests/{request.number}/comments", **fields(request, at="", say="Never mind."))
    comment = requests.get(world.room, "imran", request.number).comments[0].id
    answer = imran.do(f"/requests/{request.number}/comments", **fields(request) | {"take-back": str(comment)})
    assert answer.status_code == 200 and "Never mind." not in answer.text and "TYPED SO FAR" in answer.text
    for wrong in ("x", "0", "-1", str(comment)):
        refused = imran.do(f"/requests/{request.number}/comments", **fields(request) | {"take-back": wrong})
        assert refused.status_code == 404


def returned(world):
    request = in_review(world)
    file = request.files[0].id
    world.client("imran").do(f"/requests/{request.number}/comments", **fields(
        request, at="cell:1,2", say="Merge it."))
    world.client("imran").do(f"/requests/{request.number}/comments", **fields(
        request, at="cell:1,2", say="Between us.", audience="checkers"))
    world.vote("imran", request, Decision.CHANGE, "See the cell.")
    world.vote("freya", request, Decision.CHANGE, "The same.")
    world.client("freya").do(f"/requests/{request.number}/conclude", round="1", outcome="returned", comment="Please.")
    return request, file


def test_the_researcher_reads_it_at_its_place_and_not_whose_it_is(world):
    request, file = returned(world)
    ada = world.client("ada")
    page = ada.see(f"/requests/{request.number}/files/{file}").text
    assert f'id="at-{file}-cell-1-2" class=" rr-said"' in page and f'href="#at-{file}-cell-1-2"' in page
    assert "Merge it." in page and "A checker" in page and "Between us." not in page and "Imran" not in page
    assert "rr-place" not in page and "Take back" not in page
    assert "<img src=x" not in page
    summary = ada.see(f"/requests/{request.number}").text
    assert "Merge it." in summary and f"/files/{file}#at-{file}-cell-1-2" in summary


def test_programs_read_it_too(world):
    request, file = returned(world)
    client = world.workspace("ada")
    comment, = client.get(f"{API}/requests/{request.number}/comments").json()
    assert comment == {
        "file": "by-offence.csv", "sha256": request.files[0].sha256, "round": 1, "at": "cell:1,2",
        "place": f"row 1 ({ATTACK}), column 2 (F)", "quote": "400", "comment": "Merge it.",
        "on_earlier_version": False}
    assert comment in client.get(f"{API}/requests/{request.number}").json()["comments"]
    assert client.get(f"{API}/requests/999/comments").status_code == 404
    assert file


def test_in_the_next_round_it_is_on_an_earlier_version_and_says_what_stands_there_now(world):
    request, _ = returned(world)
    requests.resubmit(world.room, "ada", request.number, (
        Upload("by-offence.csv", TABLE.replace(b"400", b"390"), CONTEXT),))
    again = world.check(request.number)
    for page in (world.client("freya").see(review_path(again)).text,
                 world.client("ada").see(f"/requests/{again.number}/files/{again.files[0].id}").text):
        assert "On an earlier version, of round 1." in page and "There now: “390”." in page
        assert f'href="#at-{again.files[0].id}-cell-1-2"' in page
    told, = world.workspace("ada").get(f"{API}/requests/{request.number}/comments").json()
    assert told["on_earlier_version"] is True and told["quote"] == "400"


def test_a_long_file_is_shown_in_parts(world):
    content = b"band,n\n" + b"".join(b"band %d,%d\n" % (n, 1400 + n) for n in range(450))
    request = in_review(world, content, "long.csv")
    file = request.files[0].id
    page = world.client("imran").see(review_path(request)).text
    assert "Shown in 3 parts" in page and f"/files/{file}?part=3" in page and "band 200<" not in page
    third = world.client("imran").see(f"/requests/{request.number}/files/{file}?part=3").text
    assert "band 449" in third and "band 399<" not in third
    refused = world.client("imran").do(review_path(request), **fields(request) | {f"decision-{file}": "approve"})
    assert refused.status_code == 422 and "you have not opened part 2" in refused.text


def test_a_text_in_parts_keeps_the_numbers_of_its_lines(world):
    request = in_review(world, b"".join(b"Line %d.\n" % n for n in range(1, 701)), "notes.txt")
    file = request.files[0].id
    second = world.client("imran").see(f"/requests/{request.number}/files/{file}?part=2").text
    assert '<th scope="row">501</th><td>Line 501.</td>' in second
    opened = world.client("imran").get(f"{BASE}{review_path(request)}?file={file}&at=line:650")
    assert opened.status_code == 200
