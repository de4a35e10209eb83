"""Groups of outputs on the portal's pages and through the JSON API."""

from __future__ import annotations

import html
import json
import re

import pytest

from readingroom.core.requests import Decision, FileKind, Group
from readingroom.services import requests
from tests.factories import upload
from tests.integration.web.test_portal_pages import text_of
from tests.integration.web.world import API, CONTEXT, SAFE_TABLE

TABLES = {"name": "Tables", "context": "Defendants by sex in all courts, 2019.", "controls": "Rounded to ten."}
TYPED = {f"group-1-{what}": text for what, text in TABLES.items()}
CSV = b"a,b\n100,200\n"


def send(client, files, **fields):
    return client.do("/requests", files={f"file-{number}": (name, content, "text/csv")
                                         for number, (name, content) in enumerate(files, 1)},
                     **{"project": "returning-defendants", "title": "A table", "purpose": "An article"} | fields)


class TestTheForm:
    def test_a_group_with_an_output_and_its_code_is_asked_for(self, world):
        ada = world.client("ada")
        answer = send(ada, [("t.csv", CSV), ("t.py", b"print(1)\n")], **TYPED, **{
            "group-1": "1", "group-2": "1", "kind-1": "output", "kind-2": "code"})
        assert answer.status_code == 303
        page = text_of(ada.see("/requests/1"))
        assert TABLES["context"] in page and "code: does not leave" in page
        assert "The group Tables" in text_of(ada.see("/requests/1/files/2"))

    def test_each_file_can_be_put_in_no_group_or_in_any(self, world):
        page = text_of(world.client("ada").see("/requests/new?project=returning-defendants"))
        chosen = re.search(r'<select[^>]*name="group-1".*?</select>', page, re.DOTALL).group()
        assert re.findall(r'value="(\w*)"', chosen) == ["", "1", "2", "3", "4", "5"] and "No group" in chosen

    @pytest.mark.parametrize(("fields", "said"), [
        ({"group-1": "2"} | TYPED, "File 1 is in group 2, which has no name."),
        ({"group-1": "9"} | TYPED, "File 1 is in group 9, which has no name."),
        (TYPED | {"context-1": CONTEXT}, "holds no file"),
        ({"group-1": "1"} | TYPED | {"group-1-context": "short"}, "has no context that a checker could use"),
        ({"group-1": "1"} | TYPED | {"group-1-name": "../up"}, "is not accepted"),
        ({"kind-1": "supporting", "context-1": CONTEXT}, "The request holds no output"),
        ({"kind-1": "anything", "context-1": CONTEXT}, "Nothing was chosen"),
    ])  # fmt: skip
    def test_what_was_typed_survives_a_refusal(self, world, fields, said):
        answer = send(world.client("ada"), [("t.csv", CSV)], **fields)
        assert answer.status_code == 422 and said in html.unescape(answer.text)
        for typed in fields.values():
            assert len(typed) < 3 or typed in ("anything",) or typed in answer.text


class TestTheCheckersPage:
    def in_review(self, world):
        request = requests.submit(
            world.room, "ada", "returning-defendants", "By sex", "An article",
            (upload("t.csv", CSV, context="", group="Tables"),
             upload("behind.csv", b"a,b\n1,2\n", kind=FileKind.SUPPORTING, group="Tables"),
             upload("alone.csv", CSV), upload("t.py", b"print(1)\n", kind=FileKind.CODE)), (Group(**TABLES),))
        return world.check(request.number)

    def test_files_are_listed_by_group_and_the_groups_context_is_beside_each(self, world):
        self.in_review(world)
        page = text_of(world.client("freya").see("/requests/1/review"))
        listed = re.search(r'<nav class="rr-review__files".*?</nav>', page, re.DOTALL).group()
        places = [listed.index(name) for name in ("Tables", "t.csv", "behind.csv", "In no group", "alone.csv", "t.py")]
        assert places == sorted(places)
        assert page.count(TABLES["context"]) == 2 and page.count("does not leave and needs no approval") == 2
        assert "print(1)" in page

    def test_a_request_without_groups_has_no_headings_for_them(self, world):
        request = world.in_review()
        assert "In no group" not in text_of(world.client("freya").see(f"/requests/{request.number}/review"))
        assert "In no group" not in text_of(world.client("ada").see(f"/requests/{request.number}"))

    def test_a_review_of_the_outputs_alone_is_complete(self, world):
        request = self.in_review(world)
        outputs = [file for file in request.files if file.crosses]
        answer = world.client("freya").do("/requests/1/review", **{"round": "1"} | {
            f"{what}-{file.id}": text for file in outputs
            for what, text in (("decision", Decision.APPROVE.value), ("comment", "Large."))})
        assert answer.status_code == 303
        with world.store.reading() as tx:
            assert {vote.file_id for vote in tx.requests.get(1).reviews[0].votes} == {file.id for file in outputs}


class TestTheApi:
    def send(self, world, described, files=(("t.csv", SAFE_TABLE), ("t.py", b"print(1)\n"))):
        return world.workspace("ada").post(
            f"{API}/requests", data={"request": json.dumps(described)},
            files=[("files", (name, content, "text/csv")) for name, content in files])

    DESCRIBED = {  # noqa: RUF012
        "title": "A table", "purpose": "An article", "groups": [TABLES],
        "files": [{"name": "t.csv", "group": "Tables"}, {"name": "t.py", "group": "Tables", "kind": "code"}]}

    def test_groups_and_kinds_are_sent_and_told(self, world):
        assert self.send(world, self.DESCRIBED).status_code == 201
        told = world.workspace("ada").get(f"{API}/requests/1").json()
        assert told["groups"] == [TABLES]
        assert [(file["name"], file["kind"], file["group"]) for file in told["files"]] == [
            ("t.csv", "output", "Tables"), ("t.py", "code", "Tables")]

    @pytest.mark.parametrize(("change", "rule"), [
        ({"groups": []}, "request.group-unknown"),
        ({"groups": [TABLES, TABLES]}, "request.group-name"),
        ({"groups": [TABLES, TABLES | {"name": "Empty"}]}, "request.group-empty"),
        ({"groups": [TABLES | {"name": f"g{n}"} for n in range(300)]}, "request.max-groups"),
        ({"groups": [TABLES | {"name": "a\u202eb"}]}, "request.group-name"),
        ({"groups": [TABLES | {"colour": "red"}]}, "api.request"),
        ({"groups": "all"}, "api.request"),
        ({"files": [{"name": "t.csv", "kind": "secret"}, {"name": "t.py"}]}, "api.request"),
    ])
    def test_bad_groups_are_refused_with_their_rule(self, world, change, rule):
        answer = self.send(world, self.DESCRIBED | change)
        assert answer.status_code == 422 and answer.json()["rule"] == rule
        assert world.workspace("ada").get(f"{API}/requests").json() == []
