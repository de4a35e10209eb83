"""`/requests`: ask for outputs to be released, follow what becomes of it, answer it when it is returned.

For the token of a workspace, which acts for its own person in its own project. What decides, and what takes a package
away, is at the desk, where no workspace's token is heard (`api/desk/`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData

from readingroom.core.lifecycle import Direction
from readingroom.errors import InvalidInput
from readingroom.services import handover
from readingroom.services import requests as service
from readingroom.web.api import sent, told
from readingroom.web.api.caller import REFUSALS, Caller, Calling, caller
from readingroom.web.api.sent import Key
from readingroom.web.portal import Here, Number, read_form
from readingroom.web.presenters import comments as present_comments

router = APIRouter(tags=["requests"], responses=REFUSALS)


async def sent_form(request: Request, calling: Annotated[Caller, Depends(caller)]) -> FormData:
    """Read only for a caller who is known."""
    return await read_form(request)


Form = Annotated[FormData, Depends(sent_form)]


@router.post("/requests", status_code=201, openapi_extra=sent.form_of(sent.NewRequest))
def submit(here: Here, calling: Calling, form: Form, key: Key = None) -> told.Submitted:
    """Freeze the files and put the request in the queue."""
    asked = sent.described(form, sent.NewRequest)
    made = service.submit(
        here.room, calling.username, calling.project, asked.title, asked.purpose,
        sent.uploads(asked.files, form, calling.card.policy), sent.groups(asked.groups), key=key or "")
    return told.submitted(made)


@router.get("/requests")
def mine(here: Here, calling: Calling) -> list[told.Summary]:
    """The caller's own requests from this project, newest first."""
    return [told.summary(view) for view in service.mine(here.room, calling.username, calling.project)]


@router.get("/requests/{number}")
def one(here: Here, calling: Calling, number: Number) -> told.Followed:
    """One request of this project: a token acts for its own project only."""
    view = service.get(here.room, calling.username, number, within=calling.project)
    return told.followed(view, handover.get(here.room, calling.username, number) if view.release else None)


@router.get("/requests/{number}/comments")
def comments(here: Here, calling: Calling, number: Number) -> list[told.PlacedComment]:
    """What checkers said of places in the files, of every round that was decided, oldest first."""
    return present_comments.as_told(service.get(here.room, calling.username, number, within=calling.project))


@router.post("/requests/{number}/resubmit", status_code=201, openapi_extra=sent.form_of(sent.NextRound))
def resubmit(here: Here, calling: Calling, number: Number, form: Form, key: Key = None) -> told.Submitted:
    """Answer the caller's own returned request with a further round. 409 if it is not returned, or in another round."""
    asked = sent.described(form, sent.NextRound)
    view = service.get(here.room, calling.username, number, within=calling.project)
    if view.request.direction is Direction.IN:
        raise InvalidInput("Files come in from outside, not from a workspace.", rule="incoming.from-outside",
                           value=number, next_step=f"Answer it on its page: {told.address(view.request)}.")
    made = service.resubmit(
        here.room, calling.username, number, sent.uploads(asked.files, form, calling.card.policy),
        sent.groups(asked.groups), keep=asked.keep, round=asked.round, within=calling.project, key=key or "")
    return told.submitted(made)


@router.post("/requests/{number}/withdraw")
def withdraw(here: Here, calling: Calling, number: Number, answer: sent.Answer) -> told.Submitted:
    """Take the caller's own request back, at any time before it has left. 409 if it is over, or moved on."""
    return told.submitted(service.withdraw(
        here.room, calling.username, number, round=answer.round, within=calling.project))
