"""P5: the log tells. Any edit, removal, reordering or cut is detected by someone with only key and checkpoints."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core.audit import Event, faults_of_chain, faults_of_checkpoints, following, sign_checkpoint

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WORDS = st.text("abcdefgh", min_size=1, max_size=6)
DEEDS = st.lists(st.tuples(WORDS, WORDS, st.dictionaries(WORDS, WORDS | st.integers(0, 99), max_size=2)),
                 min_size=2, max_size=12)


def chain(deeds) -> list[Event]:
    events: list[Event] = []
    for actor, action, detail in deeds:
        events.append(following(events[-1] if events else None, at="2026-11-24T00:00:00", actor=actor, action=action,
                                subject="request:1", project="p", detail=detail))
    return events


class TestP5TheLogTells:
    @given(DEEDS)
    def test_an_untouched_chain_holds(self, deeds):
        events = chain(deeds)
        witness = sign_checkpoint(events[-1], "now", KEY)
        assert faults_of_chain(events) == []
        assert faults_of_checkpoints(events, [witness], KEY.public_key()) == []

    @given(DEEDS, st.data())
    def test_any_edit_is_found(self, deeds, data):
        events = chain(deeds)
        at = data.draw(st.integers(0, len(events) - 1))
        field = data.draw(st.sampled_from(["actor", "action", "subject", "project", "at", "detail"]))
        events[at] = replace(events[at], **{field: {"x": 1} if field == "detail" else "forged"})
        assert faults_of_chain(events) or events == chain(deeds)

    @given(DEEDS, st.data())
    def test_a_removed_event_is_found(self, deeds, data):
        events = chain(deeds)
        del events[data.draw(st.integers(0, len(events) - 2))]
        assert faults_of_chain(events)

    @given(DEEDS)
    def test_a_cut_end_is_found_by_the_checkpoint(self, deeds):
        events = chain(deeds)
        witness = sign_checkpoint(events[-1], "now", KEY)
        assert faults_of_chain(events[:-1]) == []
        assert faults_of_checkpoints(events[:-1], [witness], KEY.public_key())

    @given(DEEDS)
    def test_a_log_rewritten_from_the_start_is_found_by_the_checkpoint(self, deeds):
        events = chain(deeds)
        witness = sign_checkpoint(events[-1], "now", KEY)
        forged = chain([("someone-else", action, detail) for _, action, detail in deeds])
        assert faults_of_chain(forged) == []
        assert faults_of_checkpoints(forged, [witness], KEY.public_key())

    @given(DEEDS)
    def test_a_checkpoint_by_another_key_does_not_count(self, deeds):
        events = chain(deeds)
        other = Ed25519PrivateKey.generate()
        assert faults_of_checkpoints(events, [sign_checkpoint(events[-1], "now", other)], KEY.public_key())
