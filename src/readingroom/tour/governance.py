"""Act one: who may use which data, by whose yes, until when."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from readingroom.tour.journey import ENDED_PROJECT, PROJECT, Journey, posted, require
from readingroom.tour.visitor import Page, Visitor, wait_until

WITHDRAWAL_SECONDS = 60.0
TITLE = "School and the first court case"


def apply(journey: Journey) -> str:
    """An application is written step by step, faults and all, and frozen when it is submitted."""
    ada = journey.person("ada")
    made = ada.send(posted(ada.open("/projects/new"), "/projects$"), title=TITLE)
    journey.applied = made.url.split("/projects/")[1].split("/")[0]
    datasets = [one.rsplit("/", 1)[1] for one in ada.open("/datasets").links if re.search(r"/datasets/[a-z-]+$", one)]
    _fill(journey, "aim", title=TITLE, aim="Which pupils come before a court.", public_benefit="Help comes earlier.")
    _fill(journey, "data", datasets=sorted(set(datasets)))
    _fill(journey, "people", lead="ada", members="bilal")
    _fill(journey, "outputs", outputs="Tables by age at the first case.")
    wrong = _fill(journey, "dates", **{"ends_on-day": "31", "ends_on-month": "2", "ends_on-year": "2027"})
    require(wrong.status == 422 and "is not a date" in wrong.text, f"31 February was taken: {wrong.text[:400]}")
    year = str(datetime.now(UTC).year + 1)
    _fill(journey, "dates", **{"ends_on-day": "31", "ends_on-month": "3", "ends_on-year": year})
    for step in ("gateway", "settings"):
        page = ada.open(f"/projects/{journey.applied}/application/{step}")
        form = posted(page, f"application/{step}$")
        ada.send(form, **{name: choices[0] for name, choices in form.choices.items()})
    for dataset in sorted(set(datasets)):
        path = f"/projects/{journey.applied}/application/data/{dataset}"
        form = posted(ada.open(path), f"{dataset}$")
        ada.send(form, all=form.choices["all"][0])
        ada.send(posted(ada.open(f"{path}/reasons"), "reasons$"), same="To compare groups.")
    check = ada.open(f"/projects/{journey.applied}/application/check")
    done = ada.send(posted(check, "submit$"))
    require("is with those who decide" in done.text, f"it was not submitted: {check.text[:1200]}")
    hidden = journey.person("chloe").open(f"/projects/{journey.applied}/application")
    require(hidden.status == 404, "somebody else sees the application")
    return f"{len(set(datasets))} datasets asked for with a reason for each column; a wrong date was kept and said"


def two_custodians(journey: Journey) -> str:
    """The owner first, then each custodian on their own part; one of them under a condition."""
    quinn = journey.person("quinn")
    quinn.send(posted(quinn.open(f"/applications/{journey.applied}"), "accept$"))
    mercer, okafor = journey.person("mercer"), journey.person("okafor")
    first = _waiting(mercer)
    form = posted(first, "decision$")
    without = form.choices["without"][-1]
    preview = mercer.send(form, decision="preview", without=without)
    require("under these conditions" in preview.text, f"the simulator said: {preview.text[:600]}")
    mercer.send(posted(preview, "decision$"), decision="agree", without=without, reason="Fits our areas of interest.")
    state = journey.person("ada").open(f"/projects/{journey.applied}").text
    require("waiting for its data custodians" in state, f"one yes of two opened it: {state[:600]}")
    okafor.send(posted(_waiting(okafor), "decision$"), decision="agree", reason="Useful to schools.")
    page = journey.person("ada").open(f"/projects/{journey.applied}")
    require("waiting for its data custodians" not in page.text, f"it is not active: {page.text[:600]}")
    return f"open after both had agreed, without {without}, which mercer took out"


def amendment(journey: Journey) -> str:
    """More is asked of one custodian: only they decide, and what was live stays so."""
    ada, path = journey.person("ada"), f"/projects/{journey.applied}"
    dataset = re.search(r"data/([a-z-]+)/rows", ada.open(f"{path}/application").html)
    assert dataset is not None
    form = posted(ada.open(f"{path}/application/data/{dataset[1]}"), f"{dataset[1]}$")
    ada.send(form, all=form.choices["all"][0])
    ada.send(posted(ada.open(f"{path}/application/data/{dataset[1]}/reasons"), "reasons$"), same="Asked for again.")
    check = ada.open(f"{path}/application/check")
    require("Opens more" in check.text, f"nothing opens more: {check.text[:800]}")
    ada.send(posted(check, "submit$"))
    require("amendment waiting" in ada.open(path).text, "the project is not live while it waits")
    require(_waiting(journey.person("okafor"), missing=True).status == 200, "the other custodian is asked too")
    mercer = journey.person("mercer")
    mercer.send(posted(_waiting(mercer), "decision$"), decision="refuse", reason="Still not that column.")
    page = ada.open(path)
    require("amendment waiting" not in page.text and "Active" in page.text, f"a no closed it: {page.text[:600]}")
    said = ada.open(f"{path}/application").text
    require("Still not that column." in said, f"ada is not told why: {said[:600]}")
    return "only mercer was asked; their no left the project as it was, and ada reads why and what to do"


def expiry_and_renewal(journey: Journey) -> str:
    """A grant whose last day is over closes by itself and tells everyone; its custodian's renewal opens it again."""
    chloe, mercer = journey.person("chloe"), journey.person("mercer")
    home = f"/projects/{ENDED_PROJECT}"
    wait_until(lambda: "ended on" in chloe.open("/notices").text, "chloe to be told of the end", seconds=30)
    require("Ask its custodian to renew it" in chloe.open(home).text, "chloe's project does not say what would help")
    told = mercer.open("/notices").text
    grant = re.search(r"Your grant (\d+) ended on", told)
    require(grant, f"mercer is not told: {told[:800]}")
    begun = time.monotonic()
    form = mercer.open(f"/grants/{grant[1] if grant else 0}/renew").form("renew")
    renewed = mercer.send(form, reason="The work goes on.")
    require("renewed" in renewed.text, f"the grant was not renewed: {renewed.text[:800]}")

    def opens() -> bool:
        page = chloe.open(home)
        return "Ask its custodian" not in page.text and any("workspace/open" in form.action for form in page.forms)

    wait_until(opens, "the renewed project to open", seconds=60)
    require("is granted until" in chloe.open("/notices").text, "chloe is not told of the renewal")
    return (f"chloe and mercer were told that it had ended; it could be opened again {time.monotonic() - begun:.1f} s "
            "after mercer renewed it")


def withdrawal(journey: Journey) -> str:
    """A custodian's no closes the running workspace within a minute, and it stays closed."""
    mercer = journey.person("mercer")
    grant = next(path.rsplit("/", 1)[1] for path in mercer.open("/grants").links
                 if PROJECT in mercer.open(path).html and path.rsplit("/", 1)[1].isdigit())
    page = mercer.open(f"/grants/{grant}/withdraw")
    begun = time.monotonic()
    mercer.send(page.form("withdraw"), reason="The agreement with the department has ended.")
    wait_until(lambda: not journey.container(), "the workspace to close", seconds=WITHDRAWAL_SECONDS)
    seconds = time.monotonic() - begun
    project = journey.person("ada").open(f"/projects/{PROJECT}")
    require("agreement with the department has ended" in project.text, f"ada is not told why: {project.text[:800]}")
    tried = journey.person("ada").http.post(
        f"/services/portal/projects/{PROJECT}/workspace/open",
        data=journey.person("ada").open("/projects").forms[0].fields)
    require(tried.status_code == 403, f"opening it again answered {tried.status_code}")
    return f"closed {seconds:.1f} s after the withdrawal; ada reads why, and cannot open it again"


def _fill(journey: Journey, step: str, **values: str | list[str]) -> Page:
    ada = journey.person("ada")
    page = ada.open(f"/projects/{journey.applied}/application/{step}")
    return ada.send(posted(page, f"application/{step}$"), **values)


def _waiting(custodian: Visitor, *, missing: bool = False) -> Page:
    """The page of what waits for a custodian in ada's new project; with `missing`, proof that nothing does."""
    inbox = custodian.open("/grants")
    for link in inbox.links:
        page = custodian.open(link) if re.search(r"/grants/[0-9]+$", link) else None
        if page is not None and TITLE in page.text and any("decision" in form.action for form in page.forms):
            require(not missing, f"{custodian.username} is asked: {page.text[:300]}")
            return page
    require(missing, f"nothing waits for {custodian.username}: {inbox.text[:600]}")
    return inbox
