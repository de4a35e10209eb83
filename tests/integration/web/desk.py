"""The world with a request in every state that the desk decides on, and people who call its API by programs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from readingroom.core.comments import Audience, Remark
from readingroom.core.lifecycle import Direction, GrantStatus, ProjectStatus
from readingroom.core.policy import Layer, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.requests import Decision, FileKind
from readingroom.services import requests
from readingroom.services.uploads import Upload
from tests.integration.test_incoming import INCOMING
from tests.integration.web.world import BASE, CONTEXT, SAFE_TABLE, SITE, World, safe_uploads
from tests.reviews import record

DESK = f"{BASE}/api/desk/v1"
HOME = "returning-defendants"
RETURNED, RELEASED, WAITING, SETTLING, TO_SIGN, ARRIVED = 1, 2, 3, 4, 5, 6
LONG = b"offence,people\n" + b"".join(b"Offence %d,%d\n" % (n, 1000 + n) for n in range(300))
SAID = {"title": "Counts", "purpose": "A paper"}
OUT = {**SAID, "project": HOME, "files": [{"name": "counts.csv", "context": CONTEXT, "controls": "Over one hundred."}]}
IN = {**SAID, "project": HOME, "files": [{
    "name": "groups.py", "kind": "code", "purpose": "Groups offence codes as in our earlier paper.",
    "source": "written by me", "licence": "MIT"}]}


def open_desk(root) -> World:
    """One returned (ada's), one released (bilal's), one that nobody answered yet (dara's, with a comment of tomas's),
    one to settle together (noor's), one to sign off (chloe's), and one that is to come in (ada's)."""
    world = World(root)
    found = world.room.policies
    object.__setattr__(world.room, "policies", Policies(
        Layer("site", strictest(SITE.policy, INCOMING)), found.programmes, found.datasets, found.undertakings))
    for slug, member in (("sentences", "noor"), ("bail", "chloe")):
        world.project(slug, slug.title(), ProjectStatus.ACTIVE, 365, {member})
        world.grant(slug, "magistrates", GrantStatus.ACTIVE)
        world.record_version(slug)
    world.returned(author="ada")
    world.released(author="bilal", uploads=safe_uploads())
    waiting = world.in_review(author="dara", uploads=(
        Upload("returns.csv", SAFE_TABLE, CONTEXT, "All counts over one hundred."),
        Upload("long.csv", LONG, CONTEXT, "All counts over one thousand.")))
    requests.remark(world.room, "tomas", WAITING, 1, [
        Remark(waiting.files[0].id, "cell:1,2", "Who are they?", Audience.CHECKERS)])
    settling = world.in_review(author="noor", project="sentences", uploads=safe_uploads())
    world.vote("imran", settling, Decision.CHANGE, "Round them.")
    world.vote("freya", settling, Decision.APPROVE, "Fine.")
    signing = world.in_review(author="chloe", project="bail", uploads=safe_uploads())
    with world.store.transaction() as tx:
        tx.requests.set_sign_off_by(TO_SIGN, ["mercer"])
    for checker in ("imran", "freya"):
        world.vote(checker, signing, Decision.APPROVE, "Fine.")
    requests.submit(world.room, "ada", HOME, "Groups", "A paper", (Upload(
        "groups.py", b"GROUPS = {}\n", IN["files"][0]["purpose"], kind=FileKind.CODE, source="me", licence="MIT"),),
        direction=Direction.IN)
    world.keep()
    return world


def call(world, who, method, path, *, headers=None, **sent):
    """As a program of somebody who is signed in."""
    client = world.client(who)
    return client.request(method, DESK + path, headers={"X-CSRF-Token": client.session.csrf_token} | (headers or {}),
                          **sent)


def form(described, **files):
    """A description with its files, as multipart."""
    return {"data": {"request": json.dumps(described)},
            "files": [("files", (name.replace("_", "."), content)) for name, content in files.items()] or None}


def ballots(world, number, decision="approve", comment="Counts are large."):
    return [{"file": file.name, "sha256": file.sha256, "decision": decision, "comment": comment}
            for file in record(world, number).files]


def round_one(**more):
    return {"json": {"round": 1, **more}}


def placed(world):
    file = record(world, WAITING).files[0]
    return {"file": file.name, "sha256": file.sha256, "at": "cell:2,2", "comment": "Of whom?", "audience": "checkers"}


def address(world, path):
    return (path.replace("FILE", str(record(world, WAITING).files[1].id))
            .replace("SIGNED", str(record(world, TO_SIGN).files[0].id)))


def records(world):
    """Everything but the log."""
    with closing(sqlite3.connect(world._records)) as connection:
        return [line for line in connection.iterdump() if "audit_event" not in line]
