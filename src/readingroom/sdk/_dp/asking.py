"""Pay and wait. Nothing is computed here: asking twice is safe, since the second is free."""

from __future__ import annotations

import time
from typing import Any

from readingroom.errors import Unavailable
from readingroom.sdk import _door
from readingroom.sdk._dp.answers import Answer
from readingroom.sdk._dp.prices import priced
from readingroom.sdk._dp.questions import Question, check_spends
from readingroom.sdk._line import Line

WAIT_SECONDS = 180.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
WAITING = ("reserved", "computing")


def ask(made: Question) -> Answer:
    """Show the price, pay, and wait for the answer. The question must say what to spend."""
    quoted = priced(check_spends(made).query)
    line = Line()
    if not quoted.refusal:  # else the portal says so itself, as the error that it is
        line.show(repr(quoted))
    said = _door.post("/private/answers", json={"query": made.query})
    charged = said["charged_micro_rho"]  # of this call; a later look says what was once paid
    try:
        said = _waited(said, line, repr(quoted))
    finally:
        line.settle()
    return _settled(said, charged)


def dry_run(made: Question) -> Answer:
    """The same question of the dataset's synthetic twin, with the same noise: free, and no answer."""
    line = Line()
    said = _door.post("/private/dry-runs", json={"query": check_spends(made).query})
    try:
        said = _waited(said, line, "A dry run on made-up people, for nothing.")
    finally:
        line.settle()
    return _settled(said, 0)


def answer(number: int) -> Answer:
    """An answer of this project by its number, for nothing; waited for if it is still being computed."""
    line = Line()
    try:
        said = _waited(_door.get(f"/private/answers/{number}"), line, f"Answer {number}.")
    finally:
        line.settle()
    return _settled(said, 0)


def _waited(said: dict[str, Any], line: Line, words: str) -> dict[str, Any]:
    begun, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    while said["status"] in WAITING:
        waited = time.monotonic() - begun
        if waited > WAIT_SECONDS:
            raise Unavailable("The answer is not there yet. It is paid for, and still being computed.",
                              rule="private.wait", value=said["id"],
                              next_step=f"rr.dp.answer({said['id']}) gets it later; it costs nothing.")
        if waited > 1:
            line.show(f"{words} Waiting for the answer: {waited:.0f} s{_due(said)}.")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        said = _door.get(f"/private/answers/{said['id']}")
    return said


def _due(said: dict[str, Any]) -> str:
    """When its slot is: the same for every answer asked now, so it tells nothing of the data."""
    return f"; it comes at {said['deliver_at'][11:19]} UTC" if said.get("deliver_at") else ""


def _settled(said: dict[str, Any], charged: int) -> Answer:
    if said["status"] == "refunded":
        raise Unavailable(f"Question {said['id']} could not be computed any more. What it cost was given back.",
                          rule="private.refunded", value=said["id"],
                          next_step="See what rr.workspace() says of the data, then ask again.")
    if said["status"] != "answered":
        raise Unavailable(f"Answer {said['id']} failed. {said.get('message', '')}".strip(), rule="private.failed",
                          value=said["id"], next_step="Tell your administrator; what was paid stays paid.")
    return Answer(said["id"], charged, said["answer"])
