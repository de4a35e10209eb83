"""A dataset's account as its custodian reads it, and takes it along as csv."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime

import rfc8785

from readingroom.services.budgets import BudgetLine, delta_of
from readingroom.services.private_accounts import Account
from readingroom.web.presenters import budgets, private_answers

COLUMNS = ("number", "project", "asked_by", "asked_at", "state", "cost_micro_rho", "cost_femto_delta",
           "question")


@dataclass(frozen=True)
class Spender:
    title: str
    slug: str
    asked: int
    gauge: budgets.Gauge


@dataclass(frozen=True)
class Page:
    title: str
    slug: str
    gauge: budgets.Gauge
    linked: tuple[tuple[str, str], ...]
    projects: tuple[Spender, ...]
    answers: tuple[tuple[str, private_answers.AnswerRow], ...]
    older: int | None


def shown(account: Account, now: datetime) -> Page:
    left = account.cap - account.spent
    whole = BudgetLine(account.dataset.slug, account.cap.micro_rho, account.spent.micro_rho, left.micro_rho,
                       delta_of(account.dataset))
    titles = {one.project.slug: one.project.title for one in account.projects}
    return Page(
        account.dataset.title, account.dataset.slug,
        budgets.gauge(whole, "All projects together, ever", with_epsilon=True),
        tuple((dataset.title, budgets.rho(spent.micro_rho)) for dataset, spent in account.linked),
        tuple(Spender(one.project.title, one.project.slug, account.asked.get(one.project.slug, 0),
                      budgets.gauge(one.line, one.project.title)) for one in account.projects),
        tuple((titles.get(answer.project, answer.project), private_answers.row(answer, account.dataset, now))
              for answer in account.answers[:private_answers.PAGE]),
        private_answers.older(account.answers),
    )


def as_csv(account: Account) -> str:
    """A line per question, oldest first: what was asked and paid, and no figure of any answer."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for answer in reversed(account.answers):
        writer.writerow([answer.id, answer.project, answer.asked_by, answer.asked_at.isoformat(), answer.status.value,
                         answer.cost.micro_rho, answer.cost.femto_delta,
                         rfc8785.dumps(answer.query).decode()])
    return text.getvalue()
