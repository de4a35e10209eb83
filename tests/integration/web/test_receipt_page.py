"""The usage receipt: a custodian's own grants only, complete, paged, and provable later."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import timedelta

import pytest
import rfc8785

from readingroom.core.receipts import Made, sessions_of
from readingroom.core.workspaces import Opening
from readingroom.services import private_answers, receipts
from tests.integration.web.world import BASE, NOW, safe_uploads


def use(world, *, sessions=1, closed=True):
    """A grant whose extract was made, with workspaces opened under it."""
    with world.store.transaction() as tx:
        tx.events.record("system", "extract.made", "grant:1", "returning-defendants", dataset="magistrates",
                         version="v1", extract="e1", columns={"defendants": ["defendant_id", "sex"]})
    for number in range(sessions):
        world.clock.time += timedelta(minutes=10)
        with world.store.transaction() as tx:
            who = "ada" if number % 2 == 0 else "bilal"
            opening = tx.workspaces.open(who, "returning-defendants", world.clock.time)
            if closed:
                tx.workspaces.close(opening.id, world.clock.time + timedelta(minutes=5), "Closed by its person.")


def test_before_any_use_it_says_what_will_be_there(world):
    page = world.client("mercer").see("/grants/1/receipt").text
    assert "Nobody has had these data in a workspace yet" in page
    assert "/grants/1/receipt" in world.client("mercer").see("/grants/1").text


def test_it_tells_who_when_which_columns_and_what_left(world):
    use(world, sessions=3)
    world.released(author="ada", uploads=safe_uploads())
    private_answers.ask(world.room, "ada", "returning-defendants",
                        {"dataset": "magistrates", "table": "defendants", "statistic": "count", "rho_micro": 200})
    page = world.client("mercer").see("/grants/1/receipt").text
    assert "2 sessions, 10 minutes in all" in page and "Ada Marsh" in page and "Bilal Hussain" in page
    assert "defendant_id, sex" in page and "returns.csv" in page and "200 micro-rho, reserved" in page


def test_what_was_opened_without_its_extract_is_not_in_it(world):
    with world.store.transaction() as tx:
        before = tx.workspaces.open("ada", "returning-defendants", NOW - timedelta(days=1))
        tx.workspaces.close(before.id, NOW, "Closed")
    use(world)
    assert len(receipts.look(world.room, "mercer", 1).receipt.sessions) == 1


def test_many_sessions_are_paged(world):
    use(world, sessions=60)
    mercer = world.client("mercer")
    first, last = mercer.see("/grants/1/receipt").text, mercer.see("/grants/1/receipt?number=3").text
    assert first.count("Closed by its person.") == 25 and last.count("Closed by its person.") == 10
    assert "number=2" in first


def test_a_download_is_whole_and_its_hash_is_on_the_log(world):
    use(world, sessions=30)
    answer = world.client("mercer").see("/grants/1/receipt.json")
    told = answer.json()
    digest = told.pop("sha256")
    assert hashlib.sha256(rfc8785.dumps(told)).hexdigest() == digest
    assert len(told["sessions"]) == 30 and told["sessions"][0]["columns"] == {"defendants": ["defendant_id", "sex"]}
    assert "attachment" in answer.headers["content-disposition"]
    with world.store.reading() as tx:
        event = tx.events.of_subject("grant:1")[-1]
        before = next(one for one in tx.events.all() if one.seq == told["audit"]["seq"])
    assert (event.actor, event.action, event.detail["sha256"]) == ("mercer", "receipt.downloaded", digest)
    assert before.hash == told["audit"]["hash"]


def test_a_table_of_it_holds_no_formula(world):
    use(world)
    with world.store.transaction() as tx:
        tx.workspaces.close(1, world.clock.time, "=HYPERLINK(1)")
    answer = world.client("mercer").see("/grants/1/receipt.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["kind"] == "session" and rows[0]["what"] == "defendants.defendant_id defendants.sex"
    assert rows[0]["detail"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("path", ["receipt", "receipt.json", "receipt.csv"])
def test_for_everyone_but_its_custodian_it_does_not_exist(world, path):
    use(world)
    for name in ("okafor", "ada", "robin", "imran"):
        assert world.client(name).see(f"/grants/1/{path}").status_code == 404
    assert world.client("mercer").see("/grants/999/receipt").status_code == 404
    assert world.stranger().get(f"{BASE}/grants/1/{path}").status_code in (303, 302)


def test_no_other_form_exists(world):
    answer = world.client("mercer").see("/grants/1/receipt.pdf")
    assert answer.status_code == 422 and "json, csv" in answer.text


def at(hour: int):
    return NOW.replace(hour=hour)


@pytest.mark.parametrize(("hour", "version"), [(8, None), (9, "v1"), (11, "v1"), (12, None), (13, "v2"), (15, "v3")])
def test_the_columns_are_those_of_the_extract_that_was_newest_then(hour, version):
    made = (Made(at(9), at(12), "v1", {}), Made(at(13), None, "v2", {}), Made(at(14), None, "v3", {}))
    found = sessions_of([Opening(1, "ada", "p", "c", at(hour), None, "")], made)
    assert [one.version for one in found] == ([version] if version else [])
