"""People who apply and decide through the portal's pages, for the tests that need what comes of it."""

from __future__ import annotations

import re

from readingroom.core.lifecycle import GrantStatus
from tests.integration.web.world import GATEWAY, PURPOSE, World

DATES = {"ends_on-day": "31", "ends_on-month": "3", "ends_on-year": "2027"}
COLUMNS = {"magistrates": ("defendants.defendant_id", "defendants.sex"),
           "pupils": ("census.defendant_id", "census.sex")}
CUSTODIANS = {"magistrates": "mercer", "pupils": "okafor"}


def started(world: World, name: str = "ada", title: str = "Reoffending after school") -> str:
    """A project that was begun; its name in addresses."""
    answer = world.client(name).do("/projects", title=title, programme="data-first")
    assert answer.status_code == 303
    return answer.headers["location"].split("/")[-2]


def revision(page) -> str:
    return re.search(r'name="revision" value="(\d+)"', page.text).group(1)


def shown(page) -> str:
    return re.search(r'name="shown" value="([^"]*)"', page.text).group(1)


class Applicant:
    """Somebody filling in the form, page by page."""

    def __init__(self, world: World, name: str, slug: str) -> None:
        self.name, self.browser, self.slug = name, world.client(name), slug

    def see(self, step: str = ""):
        return self.browser.see(f"/projects/{self.slug}/application{step}")

    def save(self, step: str, **typed: object):
        seen = revision(self.see(f"/{step}"))
        return self.browser.do(f"/projects/{self.slug}/application/{step}", **{"revision": seen, **typed})

    def fill(self, datasets=("magistrates",), members: str = "bilal", **changes):
        self.save("aim", title="Reoffending after school", aim="To learn who returns, and after what.",
                  public_benefit="Fewer victims.")
        self.save("data", datasets=list(datasets))
        self.save("gateway", purpose=PURPOSE, legal_gateway=GATEWAY)
        self.save("dates", **{**DATES, "urgent_reason": "", **changes.get("dates", {})})
        self.save("people", lead=self.name, members=members)
        self.save("settings", tier="standard", image="notebook")
        self.save("outputs", outputs="Tables by sex.")
        for dataset in datasets:
            self.pick(dataset, *COLUMNS[dataset])

    def pick(self, dataset: str, *columns: str):
        page = self.see(f"/data/{dataset}")
        self.browser.do(f"/projects/{self.slug}/application/data/{dataset}", revision=revision(page),
                        shown=shown(page), pick=list(columns), then="reasons")
        page = self.see(f"/data/{dataset}/reasons")
        self.browser.do(f"/projects/{self.slug}/application/data/{dataset}/reasons", revision=revision(page), page="1",
                        shown=shown(page), same="To compare groups.")

    def submit(self):
        return self.browser.do(f"/projects/{self.slug}/application/submit")


def grants(world: World, slug: str):
    """By dataset, those that no later version replaced."""
    with world.store.reading() as tx:
        return {grant.dataset: grant for grant in tx.grants.ever_of_project(slug)
                if grant.status is not GrantStatus.SUPERSEDED}


def agreed(world: World, slug: str, dataset: str, **form: str):
    """The custodian's yes, on the page."""
    number = grants(world, slug)[dataset].id
    return world.client(CUSTODIANS[dataset]).do(f"/grants/{number}/decision", decision="agree", reason="Fits", **form)


def populate(world: World) -> dict[str, object]:
    """Applications in each state: being written, before the owner, returned, and an amendment before its custodian."""
    draft = started(world, "noor", "Timing of school moves")
    Applicant(world, "noor", draft).save("aim", title="Timing of school moves", aim="", public_benefit="")
    waiting = Applicant(world, "kim", started(world, "kim", "Reoffending after school"))
    waiting.fill(("magistrates", "pupils"), members="bilal",
                 dates={"urgent": "yes", "urgent_reason": "The inquiry reports in May."})
    waiting.submit()
    amended = Applicant(world, "ada", "returning-defendants")
    amended.save("people", lead="ada", members="bilal dara noor")
    amended.save("outputs", outputs="Tables by sex and offence group, in a journal article and a talk.")
    amended.submit()
    asked = grants(world, waiting.slug)
    with world.store.reading() as tx:
        amendment = next(grant for grant in tx.grants.ever_of_project("returning-defendants")
                         if grant.status is GrantStatus.PROPOSED)
    return {"draft": draft, "urgent": waiting.slug, "asked": asked["magistrates"].id, "amendment": amendment.id}
