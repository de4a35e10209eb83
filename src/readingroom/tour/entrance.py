"""Before the acts: people come in and see what is theirs."""

from __future__ import annotations

from readingroom.tour.journey import PROJECT, Journey, require
from readingroom.tour.visitor import Visitor


def sign_in(journey: Journey) -> str:
    """One sign-in serves hub, portal and workspace; nobody else gets in."""
    stranger = Visitor(journey.settings.public_url, "mallory", "let me in please")
    refused = stranger.sign_in()
    stranger.close()
    require("/hub/login" in refused.url, f"a stranger reached {refused.url}: {refused.status} {refused.text[:300]}")
    wrong = Visitor(journey.settings.public_url, "ada", "not the password")
    require("/hub/login" in wrong.sign_in().url, "a wrong password signed in")
    wrong.close()
    ada = journey.person("ada")
    require(ada.get("/hub/api/").status_code == 200, "the Hub does not answer")
    require(ada.http.post("/hub/api/users/ada/server").status_code in (400, 403), "the unnamed server could be started")
    return "ada is in with one sign-in; a stranger, a wrong password and the unnamed server were refused"


def see_projects(journey: Journey) -> str:
    """A researcher sees what can be opened, and why the rest cannot."""
    home = journey.person("ada").open("/projects")
    for words in ("Returning defendants", "Across two departments", "waiting for its custodian"):
        require(words.lower() in home.text.lower(), f"ada's projects do not say {words!r}: {home.text[:800]}")
    chloe = journey.person("chloe").open("/projects")
    require("ended on" in chloe.text, f"chloe is not told that her project expired: {chloe.text[:800]}")
    hidden = journey.person("chloe").open(f"/projects/{PROJECT}")
    require(hidden.status == 404, f"chloe sees a project that is not hers ({hidden.status})")
    return "ada sees one project open and one waiting for its custodian; chloe sees hers has ended, and not ada's"
