"""Last act: what anyone may read of all this, and what proves it."""

from __future__ import annotations

import json

from readingroom.tour.journey import ENDED_PROJECT, PROJECT, Journey, require
from readingroom.tour.visitor import Visitor, wait_until


def public_register(journey: Journey) -> str:
    """Anyone reads what was agreed and released, without signing in and without a name."""
    stranger = Visitor(journey.settings.public_url, "anyone", "")
    answer = stranger.get("/register.json")
    require(answer.status_code == 200 and not stranger.http.cookies, f"the register answered {answer.status_code}")
    listed = {project["slug"]: project for project in answer.json()["projects"]}
    told = listed[PROJECT]["releases"] and listed[ENDED_PROJECT]["standing"] == "live"
    require(told, f"the register does not tell of the release or the renewal: {listed}")
    require("Marsh" not in answer.text, "the register names ada")
    stranger.close()
    return f"{len(listed)} projects with their data, aims and releases, and no names"


def prove_log(journey: Journey) -> str:
    """The log of all this holds, and tells the story; an edit in the database is found."""
    wait_until(lambda: json.loads(journey.command("audit", "verify", "--json").stdout)["checkpoints"],
               "a signed checkpoint", seconds=30)
    proved = journey.command("audit", "verify")
    require(proved.returncode == 0, f"audit verify said: {proved.stdout}{proved.stderr}")
    story = json.loads(journey.command("audit", "show", "--request", str(journey.request), "--json").stdout)
    actions = [event["action"] for event in story]
    for action in ("request.submitted", "file.checked", "request.reviewed", "request.approved", "release.made",
                   "release.downloaded"):
        require(action in actions, f"the story lacks {action}: {actions}")
    return f"{proved.stdout.strip()} Request {journey.request}: {len(actions)} events"
