"""An installation with something of everything, and each of its pages in each of its states."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from readingroom.core.lifecycle import Direction, GrantStatus, ProjectStatus, RequestStatus
from readingroom.core.packages import Ecosystem
from readingroom.core.policy import Layer, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.requests import Decision, Delivery, FileKind, Vote
from readingroom.core.roles import Role
from readingroom.core.training import cases_of
from readingroom.services import freezing, handover, packages, people, private_answers, requests, training
from readingroom.services.uploads import Upload
from readingroom.web.private_forms import FIELDS
from tests.integration.test_incoming import INCOMING
from tests.integration.test_packages import source, wheel
from tests.integration.web import applicant
from tests.integration.web.world import CONTEXT, NOW, SITE, World, safe_uploads
from tests.private_figures import settle

PRIVATE = {
    "answer": {"statistic": "histogram", "column": "sex"},
    "wide": {"statistic": "people", "by": ["sex", {"column": "age_at_offence", "edges": list(range(10, 91))}]},
    "mean": {"statistic": "mean", "column": "age_at_offence", "where": "sex = 'F'"},
    "quantile": {"statistic": "quantile", "column": "age_at_offence", "quantiles": [0.25, 0.5, 0.75], "by": "sex"},
    "top": {"statistic": "top", "column": "offence_group", "k": 3},
    "synthetic": {"statistic": "synthetic", "columns": ["sex", "offence_group"], "rows": 500},
    "unanswered": {"statistic": "count"},
}


def second_round(world: World) -> int:
    """A table with a changed cell, a new row and a table like one released before; one file approved before."""
    safe = safe_uploads()[0].content
    first = world.in_review(author="kim", project="second-look", title="The large groups again", uploads=(
        Upload("groups.csv", safe + b"Robbery,4,310\n", CONTEXT),
        Upload("method.txt", b"How.\nCounted.\n", CONTEXT)))
    for checker, decision in (("imran", Decision.CHANGE), ("freya", Decision.CHANGE)):
        requests.review(world.room, checker, first.number, [
            Vote(first.files[0].id, decision, "Robbery is four people."),
            Vote(first.files[1].id, Decision.APPROVE, "No numbers.")])
    requests.conclude(world.room, "imran", first.number, RequestStatus.RETURNED, "Merge robbery.")
    changed = safe.replace(b"410", b"412") + b"Other,140,1310\n"
    requests.resubmit(world.room, "kim", first.number, (
        Upload("groups.csv", changed, CONTEXT, ""), Upload("method.txt", b"How.\nCounted.\n", CONTEXT)))
    return world.check(first.number).number


def to_sign(world: World) -> int:
    """Approved by its checkers, waiting for the custodian of the pupils."""
    pupils, policy = world.room.policies.datasets["pupils"]
    world.room.policies.datasets["pupils"] = (pupils, policy.model_copy(update={"custodian_sign_off": True}))
    world.project("signed", "Signed off by its custodian", ProjectStatus.ACTIVE, 300, {"kim"})
    world.grant("signed", "pupils", GrantStatus.ACTIVE)
    request = world.in_review(author="kim", project="signed", title="Absences by sex")
    for checker in ("imran", "freya"):
        world.vote(checker, request, Decision.APPROVE, "Large counts only.")
    return request.number


def populate(world: World) -> dict[str, object]:
    """Fill it; the numbers and addresses by which `pages` finds what was made."""
    numbers: dict[str, object] = {
        "released": world.released(author="bilal", uploads=safe_uploads(), title="Large groups only").number,
        "returned": world.returned(author="bilal", title="Returns by sex and offence, first try").number,
        "waiting": world.in_review(author="ada").number,
    }
    recalled = world.released(author="dara", uploads=safe_uploads(), title="Large groups, a second time").number
    handover.download(world.room, "dara", recalled)
    later = world.released(author="dara", uploads=safe_uploads(), title="And a third").number
    handover.recall(world.room, "mercer", recalled, "Together with release 1, a hidden cell can be solved for.")
    handover.finish_recheck(world.room, recalled, handover.recheck(world.room, recalled, later))
    numbers["recalled"] = recalled
    world.project("second-look", "A second look", ProjectStatus.ACTIVE, 200, {"kim"})
    world.grant("second-look", "magistrates", GrantStatus.ACTIVE)
    together = world.in_review(author="dara", title="Sentences by age band")
    world.vote(
        "imran", together, Decision.CHANGE, "Robbery among women is four people; merge it.", "Same team as before."
    )
    world.vote("freya", together, Decision.APPROVE, "Four is the number of cases known from the press.")
    numbers["together"] = together.number
    with world.store.transaction() as tx:
        tx.workspaces.open("bilal", "returning-defendants", NOW)
    numbers["second"] = second_round(world)
    numbers["to sign"] = to_sign(world)
    numbers["training"] = training.begin(world.room, "imran")
    numbers["trained"] = training.begin(world.room, "freya")
    training.answer(world.room, "freya", int(str(numbers["trained"])), [case.answer for case in cases_of(1)])
    dataset = world.room.policies.dataset("magistrates")
    for name, question in PRIVATE.items():
        asked = {"dataset": "magistrates", "table": "defendants", "rho_micro": 200, **question}
        paid, _ = private_answers.ask(world.room, "ada", "returning-defendants", asked)
        numbers[name] = paid.id
        if name != "unanswered":
            settle(world.store, paid, dataset, NOW)
    tried = private_answers.dry_run(world.room, "ada", "returning-defendants", {
        "dataset": "magistrates", "table": "defendants", "rho_micro": 200, **PRIVATE["wide"]})
    settle(world.store, tried, dataset.twin, NOW)
    numbers["tried"] = tried.id
    world.clock.time += timedelta(minutes=5)  # their time has come
    world.hub.states["bilal", "returning-defendants"] = "running"
    world.hub.states["dara", "returning-defendants"] = "starting"
    packages.add(world.room, "returning-defendants", [wheel(), source()], by="command line")
    wishes = {"plotnine": "Figures in the style of our report.", f"a-very-{'long-' * 15}name": "x" * 300}
    for name, reason in wishes.items():
        packages.ask(world.room, "ada", "returning-defendants", Ecosystem.PIP, name, reason)
    refused = packages.ask(world.room, "dara", "returning-defendants", Ecosystem.CRAN, "keras", "Deep thoughts.")
    packages.refuse(world.room, "robin", refused.id, "It downloads models when it is first used.")
    world.project("ended-early", "Ended early", ProjectStatus.ACTIVE, 90, {"chloe"})
    world.grant("ended-early", "pupils", GrantStatus.ACTIVE)
    frozen = world.in_review(author="chloe", project="ended-early", title="Counts from suspended data")
    with world.store.transaction() as tx:
        (grant,) = tx.grants.of_project("ended-early")
        tx.grants.save(replace(grant, status=GrantStatus.SUSPENDED))
    freezing.sweep(world.room)
    numbers["frozen"] = frozen.number
    numbers |= people_in_every_state(world)
    numbers |= files_on_their_way_in(world)
    numbers |= applicant.populate(world)
    world.checkpoint()
    return numbers


def files_on_their_way_in(world: World) -> dict[str, object]:
    """A script that waits for a checker, and one that arrived."""
    found = world.room.policies
    object.__setattr__(world.room, "policies", Policies(
        Layer("site", strictest(SITE.policy, INCOMING)), found.programmes, found.datasets, found.undertakings))
    script = Upload("groups.py", b'GROUPS = {"001/01": "Violence"}\n', CONTEXT, kind=FileKind.CODE,
                    source="Written by me for the first paper", licence="MIT")
    waiting, arrived = (world.check(requests.submit(
        world.room, author, "returning-defendants", "Offence groups", "The second paper", (script,),
        direction=Direction.IN).number).number for author in ("dara", "ada"))
    with world.store.transaction() as tx:
        tx.requests.set_status(arrived, RequestStatus.DELIVERED)
        tx.requests.add_delivery(Delivery(arrived, NOW))
    return {"coming": waiting, "arrived": arrived}


def people_in_every_state(world: World) -> dict[str, str]:
    """Somebody new, somebody suspended, and somebody with more on record than fits; the link of the new one."""
    why = "Asked for by the lead of “Returning defendants”, on the telephone."
    new = people.invite(world.room, "robin", "invited", "Nia New", "Leeds", [Role.RESEARCHER], reason=why)
    people.invite(world.room, "robin", "suspended", "Sid", "Leeds", [Role.RESEARCHER, Role.CHECKER], reason=why)
    people.suspend(world.room, "robin", "suspended", reason=why)
    people.invite(world.room, "robin", "overfull", "Ottilie " + "Overfull-" * 12, "Institute of " + "Longnames" * 12,
                  [Role.RESEARCHER], email="ottilie." + "o" * 50 + "@institute.example", reason=why * 8)
    people.verify(world.room, "robin", "overfull", "Seen: " + "x" * 300, reason=why)
    for number in range(12):
        people.record_training(world.room, "robin", "overfull", f"Course {number}", world.room.today(), reason=why)
    return {"invitation": new.token}


def pages(numbers: dict[str, object]) -> list[tuple[str, str]]:
    """Each page in each of its states, with someone who sees it so."""
    slug = "/projects/returning-defendants"
    written, urgent = f"/projects/{numbers['draft']}/application", f"/projects/{numbers['urgent']}/application"
    return [
        ("ada", "/projects/new"),
        *(("noor", f"{written}{step}") for step in ("", "/aim", "/gateway", "/dates", "/people", "/data", "/settings",
                                                    "/outputs", "/check", "/data/magistrates")),
        *(("kim", f"{urgent}{step}") for step in ("", "/check", "/data/magistrates/reasons", "/data/pupils/rows")),
        *(("ada", f"{slug}{part}") for part in ("/application", "/versions", "/versions/2", "/policy", "/end",
                                                "/members/bilal/remove")),
        ("olive", "/applications"),
        ("olive", f"/applications/{numbers['urgent']}"),
        ("mercer", f"/grants/{numbers['asked']}"),
        ("mercer", f"/grants/{numbers['amendment']}"),
        ("mercer", f"/grants/{numbers['asked']}/return"),
        ("mercer", "/grants/1/suspend"),
        ("ada", "/projects"),
        ("noor", "/projects"),
        ("bilal", "/projects"),
        ("chloe", "/projects"),
        ("kim", "/projects"),
        ("ada", slug),
        ("ada", "/projects/courts-and-schools"),
        ("ada", f"{slug}/workspace"),
        ("bilal", f"{slug}/workspace"),
        ("dara", f"{slug}/workspace"),
        ("bilal", f"{slug}/workspace/close"),
        ("ada", f"{slug}/packages"),
        ("ada", "/projects/courts-and-schools/packages"),
        ("robin", "/packages"),
        ("ada", "/requests"),
        ("noor", "/requests"),
        ("ada", "/requests/new"),
        ("ada", "/requests/new?project=returning-defendants"),
        ("ada", "/requests/new?project=courts-and-schools"),
        ("ada", f"/requests/{numbers['waiting']}"),
        ("bilal", f"/requests/{numbers['returned']}"),
        ("bilal", f"/requests/{numbers['returned']}/resubmit"),
        ("bilal", f"/requests/{numbers['released']}"),
        ("ada", f"/requests/{numbers['waiting']}/withdraw"),
        ("bilal", "/releases"),
        ("noor", "/releases"),
        ("bilal", f"/releases/{numbers['released']}"),
        ("mercer", f"/releases/{numbers['recalled']}"),
        ("bilal", f"/requests/{numbers['recalled']}"),
        ("mercer", f"/releases/{numbers['released']}/recall"),
        ("chloe", f"/requests/{numbers['frozen']}"),
        ("tomas", f"/requests/{numbers['frozen']}/review"),
        ("ada", f"{slug}/private"),
        *(("ada", f"{slug}/private?statistic={statistic}") for statistic in FIELDS),
        *(("ada", f"/private-answers/{numbers[name]}") for name in PRIVATE),
        ("ada", f"/private-answers/{numbers['answer']}?show=10"),
        ("ada", f"/private-answers/{numbers['tried']}"),
        ("mercer", "/datasets/magistrates"),
        ("mercer", "/datasets/magistrates/account"),
        ("okafor", "/datasets/pupils/account"),
        ("ada", "/datasets"),
        ("ada", "/datasets/magistrates"),
        ("mercer", "/grants"),
        ("okafor", "/grants"),
        ("okafor", "/grants/3"),
        ("mercer", "/grants/1"),
        ("mercer", "/grants/1/withdraw"),
        ("mercer", "/grants/1/renew"),
        ("mercer", "/grants/1/receipt"),
        ("mercer", "/grants/4/receipt"),
        ("mercer", "/grants/4/renew"),
        ("imran", "/queue"),
        ("imran", "/training"),
        ("kim", "/training"),
        ("imran", f"/training/{numbers['training']}"),
        ("freya", f"/training/{numbers['trained']}"),
        ("robin", "/training/scores"),
        ("imran", "/turnaround"),
        ("mercer", "/sign-offs"),
        ("okafor", f"/sign-offs/{numbers['to sign']}"),
        ("okafor", "/sign-offs"),
        ("robin", "/turnaround"),
        ("tomas", f"/requests/{numbers['waiting']}/review"),
        ("imran", f"/requests/{numbers['together']}/review"),
        ("imran", f"/requests/{numbers['second']}/review"),
        ("ada", "/incoming"),
        ("noor", "/incoming"),
        ("ada", "/incoming/new?project=returning-defendants"),
        ("dara", f"/requests/{numbers['coming']}"),
        ("freya", f"/requests/{numbers['coming']}/review"),
        ("ada", f"/requests/{numbers['arrived']}"),
        ("imran", "/training"),
        ("robin", "/training/scores"),
        ("robin", "/health"),
        ("robin", "/audit"),
        ("imran", "/notices"),
        ("noor", "/notices"),
        ("nobody", "/register"),
        ("nobody", "/register?number=9"),
        ("nobody", "/account"),
        ("ada", "/account"),
        ("invited", "/account"),
        ("invited", "/account/undertaking"),
        ("robin", "/people"),
        ("robin", "/people?q=nobody-of-this-name"),
        ("mercer", "/people"),
        *(("robin", f"/people/{name}") for name in ("ada", "invited", "suspended", "robin", "overfull")),
        ("mercer", "/people/ada"),
        ("robin", "/invite"),
        ("robin", f"/invitation/{numbers['invitation']}"),
        ("ada", "/requests/999"),
        ("ada", "/grants"),
    ]
