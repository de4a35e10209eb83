"""Whether the log holds, without reading all of it at each look: what is told, and where it may not be silent (P5)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, text

from readingroom.core.audit import Happening
from readingroom.errors import IntegrityError
from readingroom.services import audit
from tests.factories import add_project


@pytest.fixture
def known(workshop):
    """A log of which all was verified, and the head was witnessed."""
    add_project(workshop)
    audit.checkpoint(workshop)
    audit.verify_daily(workshop)
    return workshop


def standing(workshop):
    return audit.standing(workshop, workshop.audit_key.public_key())


def happen(workshop, count: int = 3) -> int:
    """Some more events; the number of the last."""
    with workshop.store.transaction() as tx:
        made = tx.events.record_all("ada", [Happening("test.happened", "test:1", "", {"number": one})
                                            for one in range(count)])
    return made[-1].seq


def tamper(workshop, statement: str, seq: int) -> None:
    with workshop.store.engine.connect() as connection:
        connection.execute(text(statement), {"seq": seq})
        connection.commit()


def test_what_came_since_the_last_witness_is_verified_now(known):
    before = standing(known)
    last = happen(known)
    found = standing(known)
    assert found.faults == () and (found.events, found.witnessed) == (last, before.witnessed) == (last, last - 3)
    tamper(known, "UPDATE audit_event SET actor = 'bilal' WHERE seq = :seq", last - 1)
    assert [one for one in standing(known).faults if f"event {last - 1} " in one and "was changed" in one]


def test_a_gap_or_another_order_since_then_is_seen_at_once(known):
    last = happen(known)
    tamper(known, "DELETE FROM audit_event WHERE seq = :seq", last - 1)
    assert any("is missing" in one for one in standing(known).faults)


def test_a_log_cut_off_before_the_last_witness_is_seen_at_once(known):
    witnessed = standing(known).witnessed
    tamper(known, "DELETE FROM audit_event WHERE seq >= :seq", witnessed)
    assert any("the log ends at" in one for one in standing(known).faults)


def test_an_edit_of_what_was_verified_is_found_within_a_day_and_the_page_says_of_when_its_knowledge_is(known):
    """The bargain: the page does not read what was verified again, and never says that it did."""
    verified = standing(known).whole
    tamper(known, "UPDATE audit_event SET actor = 'bilal' WHERE seq = :seq", 2)
    known.clock.forward(hours=23)
    assert audit.verify_daily(known) is None
    assert standing(known).faults == () and standing(known).whole == verified
    assert datetime.fromisoformat(verified.at) == known.clock.at - timedelta(hours=23)
    known.clock.forward(hours=1)
    audit.verify_daily(known)
    assert any("event 2 " in one and "was changed" in one for one in standing(known).faults)
    assert audit.faults(known, audit.read_checkpoints(known.settings.checkpoints_file),
                        known.audit_key.public_key())[1]


@pytest.mark.parametrize("forged", [b"", b"{}", b"[1]", b'{"events": 1, "at": "x", "faults": [], "signature": "00"}'])
def test_a_verification_that_is_not_signed_counts_for_nothing(known, forged):
    """Then all is verified now: slow, and true."""
    tamper(known, "UPDATE audit_event SET actor = 'bilal' WHERE seq = :seq", 2)
    assert standing(known).faults == ()
    known.settings.verification_file.write_bytes(forged)
    found = standing(known)
    assert found.whole is None and any("event 2 " in one for one in found.faults)


def test_a_good_word_altered_is_not_signed_any_more(known):
    tamper(known, "UPDATE audit_event SET actor = 'bilal' WHERE seq = :seq", 2)
    known.clock.forward(days=2)
    audit.verify_daily(known)
    file = known.settings.verification_file
    file.write_text(json.dumps(json.loads(file.read_text()) | {"faults": []}))
    assert standing(known).faults and standing(known).whole is None


def test_without_a_witness_all_is_verified(known):
    known.settings.checkpoints_file.unlink()
    found = standing(known)
    assert (found.witnessed, found.whole, found.faults) == (0, None, ())


def test_what_does_not_follow_is_not_witnessed(known):
    """Else the next look would begin behind the break."""
    last = happen(known)
    before = audit.read_checkpoints(known.settings.checkpoints_file)
    tamper(known, "UPDATE audit_event SET actor = 'bilal' WHERE seq = :seq", last - 1)
    with pytest.raises(IntegrityError, match="does not hold"):
        audit.checkpoint(known)
    assert audit.read_checkpoints(known.settings.checkpoints_file) == before


def test_the_last_witness_is_found_without_reading_the_others(known):
    file = known.settings.checkpoints_file
    for _ in range(30):
        happen(known, 1)
        audit.checkpoint(known)
        assert audit.last_checkpoint(file) == audit.read_checkpoints(file)[-1]
    file.write_bytes(file.read_bytes() + b'{"at": "2026-1')  # torn by a crash
    assert audit.last_checkpoint(file) == audit.read_checkpoints(file)[-1]
    file.write_bytes(b"")
    assert audit.last_checkpoint(file) is None


def test_a_look_reads_no_more_for_a_longer_log(known):
    """It reads events from the last witness on, and the head; nothing that grows."""
    happen(known, 200)
    witness, asked = audit.checkpoint(known), []

    def note(_connection, _cursor, statement, parameters, *_rest) -> None:
        if "audit_event" in statement and "LIMIT" not in statement:
            asked.append(list(parameters.values() if isinstance(parameters, dict) else parameters))

    event.listen(known.store.engine, "before_cursor_execute", note)
    assert standing(known).faults == ()
    event.remove(known.store.engine, "before_cursor_execute", note)
    assert asked == [[witness.seq]]
