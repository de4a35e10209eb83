"""The life of a request from a notebook: the SDK against the real portal, as one person's workspace."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

import readingroom.sdk as rr
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.requests import Assurance, Decision, Vote
from readingroom.errors import InvalidInput, InvalidTransition, NotFound, PermissionDenied, Unavailable
from readingroom.sdk import _door, _outputs, _r
from readingroom.services import holdups, requests
from tests.integration.web.world import API, CONTEXT, LOW_TABLE, SAFE_TABLE, evidence
from tests.reviews import record

MERGED = SAFE_TABLE + b"Other,640,5100\n"


class Notebook:
    """A kernel in someone's workspace; `lost` answers get lost on their way back, and `sent` is what was asked."""

    def __init__(self, world, monkeypatch) -> None:
        self.world, self.lost, self.sent = world, 0, []
        self.speak("ada")
        monkeypatch.setattr(_door, "_call", self.call)

    def speak(self, who, project="returning-defendants"):
        self.client = self.world.workspace(who, project)

    def call(self, method, path, **sent):
        self.sent.append((method, path, sent))
        given = {name: value for name, value in sent.items() if value is not None}
        answer = self.client.request(method, API + path, **given)
        if method == "POST" and self.lost:
            self.lost -= 1
            raise Unavailable("The portal does not answer.", rule=_door.NO_ANSWER)
        if answer.is_error:
            raise _door._error(answer.status_code, answer.json())
        return answer.json()


@pytest.fixture
def notebook(world, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    _outputs.save("returns.csv", LOW_TABLE, evidence(LOW_TABLE))
    _outputs.save("safe.csv", SAFE_TABLE, evidence(SAFE_TABLE))
    Path("method.txt").write_text("Counts of distinct defendants by sex and offence group.\n")
    return Notebook(world, monkeypatch)


def ask(**more):
    return rr.request_release("Returns by sex", "A journal article", [
        rr.Group("Tables", ["returns.csv", "safe.csv"], context=CONTEXT, controls="Counts are of distinct people.")],
        supporting=("method.txt", "How it was made, in words."), **more)


def returned(world, asked):
    """Checked, looked at by two, and sent back with a comment."""
    request = world.check(asked.number)
    world.vote("imran", request, Decision.CHANGE, "Merge the small groups into Other.", "Private: seen the like.")
    world.vote("freya", request, Decision.APPROVE, "Fine by me.")
    requests.conclude(world.room, "imran", request.number, RequestStatus.RETURNED, "Please merge the small groups.")
    return rr.request(asked.number)


class TestAReturnedRequestIsAnsweredFromTheNotebook:
    def test_what_changed_takes_the_place_of_what_it_changes_and_the_rest_goes_along_with_its_evidence(
            self, notebook, world):
        asked = returned(world, ask())
        _outputs.save("returns.csv", MERGED, evidence(MERGED))
        again = asked.resubmit("returns.csv")
        assert (again.round, again.status) == (2, "submitted")
        now = {file.name: file for file in record(world, asked.number).files}
        before = {file.name: file for file in record(world, asked.number).earlier}
        assert now["returns.csv"].evidence == evidence(MERGED)
        assert now["returns.csv"].sha256 != before["returns.csv"].sha256
        for name in ("safe.csv", "method.txt"):
            assert now[name].as_asked == before[name].as_asked
        assert now["safe.csv"].assurance is Assurance.EVIDENCED
        assert now["returns.csv"].group == before["returns.csv"].group
        form = notebook.sent[-2]
        assert form[1].endswith("/resubmit") and [part[1][0] for part in form[2]["files"]] == ["returns.csv"]

    def test_the_approvals_of_what_did_not_change_still_count(self, notebook, world):
        asked = ask()
        request = world.check(asked.number)
        for checker in ("imran", "freya"):
            requests.review(world.room, checker, request.number, [
                Vote(file.id, Decision.CHANGE if file.name == "returns.csv" else Decision.APPROVE, "Because.")
                for file in request.files if file.crosses])
        requests.conclude(world.room, "imran", request.number, RequestStatus.RETURNED, "Please merge the small groups.")
        _outputs.save("returns.csv", MERGED, evidence(MERGED))
        rr.request(asked.number).resubmit("returns.csv")
        world.check(asked.number)
        view = requests.get(world.room, "tomas", asked.number)
        assert {file.name for file in view.request.files if file.id in view.carried} == {"safe.csv"}

    def test_what_keeps_an_approved_request_is_told(self, notebook, world):
        number = ask().number
        request = world.check(number)
        for checker in ("imran", "freya"):
            requests.review(world.room, checker, number, [Vote(file.id, Decision.APPROVE, "Because.")
                                                          for file in request.files if file.crosses])
        assert rr.request(number).in_the_way == ()
        with pytest.raises(OSError, match="No space"), holdups.noted(world.room, number):
            raise OSError(28, "No space left on device")
        told = rr.request(number)
        assert told.status == "approved" and len(told.in_the_way) == 1 and "In the way (1)" in told._repr_html_()
        assert "No space left on device" in told.in_the_way[0] and "tried again by itself" in told.in_the_way[0]

    def test_a_file_can_be_dropped_and_another_added(self, notebook, world):
        asked = returned(world, ask())
        Path("notes.txt").write_text("What changed.")
        asked.resubmit([("notes.txt", "What was changed since the first round.")], drop="returns.csv")
        assert {file.name for file in record(world, asked.number).files} == {"safe.csv", "method.txt", "notes.txt"}

    @pytest.mark.parametrize(("how", "rule"), [
        ({"drop": "nothing.csv"}, "request.drop"), ({"drop": ["returns.csv", "safe.csv"]}, "request.outputs"),
        ({"outputs": "absent.csv"}, "output.file")])
    def test_a_slip_is_told_before_anything_is_sent(self, notebook, world, how, rule):
        asked = returned(world, ask())
        sent = len(notebook.sent)
        with pytest.raises(InvalidInput) as refusal:
            asked.resubmit(**how)
        assert refusal.value.rule == rule and refusal.value.next_step
        assert not [one for one in notebook.sent[sent:] if one[0] == "POST"]
        assert record(world, asked.number).round == 1

    def test_only_a_returned_request_is_answered(self, notebook, world):
        asked = ask()
        with pytest.raises(InvalidTransition) as refusal:
            asked.resubmit("safe.csv")
        assert refusal.value.value == "submitted"

    def test_an_answer_to_a_round_that_was_answered_already_is_refused_and_changes_nothing(self, notebook, world):
        asked = returned(world, ask())
        asked.resubmit(drop="returns.csv")
        with pytest.raises(InvalidTransition):
            asked.resubmit("safe.csv", drop="returns.csv")
        assert record(world, asked.number).round == 2


class TestWhatIsSentTwiceIsAskedForOnce:
    def test_a_lost_answer_is_tried_again_and_finds_what_it_made(self, notebook, world):
        notebook.lost = 2
        asked = ask()
        assert asked.number == 1 and len(rr.requests()) == 1
        posts = [sent["headers"]["Idempotency-Key"] for method, _, sent in notebook.sent if method == "POST"]
        assert len(posts) == 3 and len(set(posts)) == 1

    def test_so_is_the_lost_answer_of_a_further_round(self, notebook, world):
        asked = returned(world, ask())
        notebook.lost = 1
        assert asked.resubmit(drop="returns.csv").round == 2
        assert record(world, asked.number).round == 2

    def test_it_is_not_tried_for_ever(self, notebook, world):
        notebook.lost = 9
        with pytest.raises(Unavailable):
            ask()
        assert [view.request.number for view in requests.mine(world.room, "ada")] == [1]

    def test_two_submissions_are_two(self, notebook, world):
        ask()
        with pytest.raises(InvalidTransition) as refusal:
            ask()
        assert refusal.value.rule == "request.one-active"


class TestWithdrawing:
    def test_it_is_taken_back_and_another_can_be_asked_for(self, notebook, world):
        asked = ask()
        assert asked.withdraw().status == "withdrawn"
        assert ask().number == 2

    def test_not_when_it_moved_on_since_it_was_looked_at(self, notebook, world):
        asked = returned(world, ask())
        asked.resubmit(drop="returns.csv")
        with pytest.raises(InvalidTransition) as refusal:
            asked.withdraw()
        assert refusal.value.rule == "review.round" and record(world, asked.number).round == 2

    def test_neither_another_members_nor_from_another_project(self, notebook, world):
        asked = ask()
        notebook.speak("bilal")
        with pytest.raises(PermissionDenied):
            rr.request(asked.number).withdraw()
        notebook.speak("ada", "courts-and-schools")
        with pytest.raises(NotFound):
            rr.request(asked.number)
        with pytest.raises(NotFound):
            asked.withdraw()
        assert record(world, asked.number).status.value == "submitted"
        with world.store.reading() as tx:
            logged = [(event.actor, event.detail["rule"]) for event in tx.events.of_subject("request:1")
                      if event.action == "attempt.refused"]
        assert logged == [("bilal", "request.author"), ("ada", "request.exists")]


class TestHowItLooks:
    def test_place_and_what_may_be_done_are_said_while_it_waits(self, notebook, world):
        asked = ask()
        shown = asked._repr_html_()
        assert "Place in the queue" in shown and ".withdraw()" in shown and ".resubmit(" not in shown
        assert "number 1 in the queue" in repr(asked) and "returns.csv: NOT CHECKED YET" in repr(asked)
        assert "<td" in rr.requests()._repr_html_() and repr(rr.requests()).startswith("Request 1, “Returns")

    def test_what_was_said_is_shown_once_it_is_returned_and_nothing_private(self, notebook, world):
        asked = returned(world, ask())
        shown = asked._repr_html_() + repr(asked)
        assert "Merge the small groups into Other." in shown and ".resubmit(" in shown
        assert "seen the like" not in shown and "imran" not in shown and asked.place_in_queue is None

    def test_there_may_be_none(self, notebook):
        assert repr(rr.requests()) == "No request from this project yet."

    def test_what_people_wrote_is_no_markup(self, notebook, world):
        rr.request_release("<b>Bold</b>", "A journal article", ("safe.csv", CONTEXT))
        assert "<b>" not in rr.requests()._repr_html_() + rr.request(1)._repr_html_()


class TestFromR:
    """What the R package asks of the SDK by `_r`: the same requests, in the words of its verbs."""

    def answered(self, capsys, monkeypatch, verb, **given):
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(given)))
        monkeypatch.setattr("sys.argv", ["_r", verb])
        status = _r.main()
        return status, json.loads(capsys.readouterr().out)

    def test_a_returned_request_is_answered_and_what_was_said_is_kept(self, notebook, world, capsys, monkeypatch):
        asked = returned(world, ask())
        _outputs.save("returns.csv", MERGED, evidence(MERGED))
        status, said = self.answered(capsys, monkeypatch, "resubmit", number=asked.number, drop=["method.txt"],
                                     paths=[str(Path("returns.csv").absolute())], context={})
        assert status == 0 and said == {"number": asked.number, "status": "submitted", "url": asked.url}
        now, before = record(world, asked.number), record(world, asked.number).earlier
        assert now.round == 2 and {file.name for file in now.files} == {"returns.csv", "safe.csv"}
        changed = next(file for file in now.files if file.name == "returns.csv")
        assert changed.group.context == CONTEXT and changed.evidence == evidence(MERGED)
        assert changed.sha256 not in {file.sha256 for file in before}

    def test_a_request_is_taken_back(self, notebook, world, capsys, monkeypatch):
        asked = ask()
        assert self.answered(capsys, monkeypatch, "withdraw", number=asked.number) == (
            0, {"number": asked.number, "status": "withdrawn", "url": asked.url})
        assert record(world, asked.number).status is RequestStatus.WITHDRAWN

    @pytest.mark.parametrize(("verb", "more"), [("resubmit", {"drop": [], "paths": [], "context": {}}),
                                                ("withdraw", {})])
    def test_what_cannot_be_is_refused_with_rule_and_next_step(self, notebook, world, capsys, monkeypatch, verb, more):
        asked = ask()
        asked.withdraw()
        status, said = self.answered(capsys, monkeypatch, verb, number=asked.number, **more)
        assert status == 1 and said["rule"] == "lifecycle.request" and said["next_step"]
