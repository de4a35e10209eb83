"""The catalogue: what each dataset holds, as its custodian registered it. Never read from the data."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from readingroom.core.permissions import can_see_account
from readingroom.core.roles import Permission, Role
from readingroom.services import accounts, private_accounts
from readingroom.web import served
from readingroom.web.portal import Here, Looking, PageNumber, render
from readingroom.web.presenters import private_accounts as present
from readingroom.web.presenters.frame import areas_of
from readingroom.web.presenters.paging import part
from readingroom.web.presenters.private_answers import PAGE
from readingroom.web.presenters.review import rules

router = APIRouter()


def _area(looking: Looking) -> Role | None:
    areas = areas_of(looking.person)
    return areas[0].role if areas else None


@router.get("/datasets")
def catalogue(request: Request, here: Here, looking: Looking, page: PageNumber = 1) -> Response:
    found = sorted((dataset for dataset, _ in here.room.policies.datasets.values()), key=lambda one: one.title)
    shown, pager = part("/datasets", "page", page, found)
    return render(request, "datasets/catalogue.html", _area(looking), datasets=shown, pager=pager,
                  names=accounts.names(here.room, {one.custodian for one in shown}))


@router.get("/datasets/{slug}")
def dataset(request: Request, here: Here, looking: Looking, slug: str) -> Response:
    found = here.room.policies.dataset(slug)
    policy = here.room.policies.datasets[slug][1]
    return render(
        request,
        "datasets/dataset.html",
        _area(looking),
        dataset=found,
        rules=rules(policy),
        denied=sorted(policy.denied_columns or ()),
        purposes=sorted(policy.purposes or ()),
        gateways=sorted(policy.legal_gateways or ()),
        names=accounts.names(here.room, {found.custodian}),
        applies=looking.person.may(Permission.APPLY),
        sees_account=can_see_account(looking.person, found.custodian),
    )


@router.get("/datasets/{slug}/account")
def account(request: Request, here: Here, looking: Looking, slug: str,
            before: Annotated[int | None, Query(ge=1, le=2**62)] = None, page: PageNumber = 1) -> Response:
    found = private_accounts.account(here.room, looking.username, slug, before, PAGE + 1)
    shown = present.shown(found, here.room.now())
    spenders, pager = part(f"/datasets/{slug}/account", "page", page, shown.projects, before=before)
    return render(request, "datasets/account.html", Role.CUSTODIAN, before=before, account=shown, spenders=spenders,
                  pager=pager, names=accounts.names(here.room, {row.asked_by for _, row in shown.answers}))


@router.get("/datasets/{slug}/account.csv")
def account_csv(here: Here, looking: Looking, slug: str) -> Response:
    found = private_accounts.account(here.room, looking.username, slug)
    return served.download(f"privacy-account-{found.dataset.slug}.csv", present.as_csv(found), served.CSV)
