"""A question tried on the dataset's synthetic twin: free, with the same noise, and never to be taken for an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.core.lifecycle import AnswerStatus
from readingroom.core.policy import Policy
from readingroom.errors import InvalidTransition, NotFound, Unavailable
from readingroom.services import private_accounts, private_answers, private_releases
from tests.factories import COURTS, POLICIES, add_project, make_workshop
from tests.private_figures import record

COUNT = {"dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": 5000}


class Recording:
    """Made-up figures in place of noise; remembers which dataset and version it was asked about."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def answer(self, query, dataset, table, version):
        self.asked.append((dataset.slug, version))
        return record(query.as_dict(), dataset, version)


@pytest.fixture
def workshop(tmp_path):
    policies = replace(POLICIES, datasets=POLICIES.datasets | {
        "courts": (replace(COURTS, synthetic_twin=True), Policy())})
    made = make_workshop(tmp_path, policies=policies)
    add_project(made)
    object.__setattr__(made, "answerer", Recording())
    return made


def tried(workshop, **changes):
    return private_answers.dry_run(workshop, "ada", "returns", COUNT | changes)


def spent(workshop) -> int:
    with workshop.store.reading() as tx:
        return sum(tx.accounts.spent([name]).micro_rho for name in ("courts", "courts_twin"))


def test_it_is_computed_from_the_twin_costs_nothing_and_says_what_it_is(workshop):
    waiting = tried(workshop)
    assert waiting.waiting and waiting.dry_run and waiting.deliver_at > workshop.now()
    found = private_answers.compute(workshop, waiting.id)
    assert (found.status, workshop.answerer.asked) == (AnswerStatus.ANSWERED, [("courts_twin", "v1")])
    assert found.answer["dry_run"] and found.answer["statement"].startswith("Synthetic, not an answer")
    assert (found.answer["guarantee"], found.answer["rho_micro"], spent(workshop)) == ("", 0, 0)
    assert "Not to be cited" in found.answer["citation"] and found.answer["query"]["dataset"] == "courts"
    real, charged = private_answers.ask(workshop, "ada", "returns", COUNT)
    assert (charged, spent(workshop)) == (5000, 5000) and real.id != found.id
    assert found.answer["scale"] == private_answers.compute(workshop, real.id).answer["scale"]


def test_the_same_one_is_not_computed_twice_and_a_spent_budget_does_not_forbid_it(workshop):
    first = tried(workshop)
    private_answers.compute(workshop, first.id)
    for age in range(10, 14):
        private_answers.ask(workshop, "ada", "returns", COUNT | {"where": f"age > {age}"})
    assert tried(workshop).id == first.id
    assert tried(workshop, where="age > 50").waiting


def test_it_cannot_leave(workshop):
    found = tried(workshop)
    private_answers.compute(workshop, found.id)
    workshop.clock.forward(minutes=5)
    with pytest.raises(InvalidTransition, match="no answer"):
        private_releases.release(workshop, "ada", found.id)


def test_it_is_in_the_projects_statement_and_not_in_the_custodians_account(workshop):
    found = tried(workshop)
    _, listed = private_answers.statement(workshop, "ada", "returns")
    assert [one.id for one in listed] == [found.id]
    account = private_accounts.account(workshop, "mercer", "courts")
    assert (account.answers, dict(account.asked)) == ((), {})


def test_few_may_wait_at_a_time(workshop):
    for age in range(10, 10 + private_answers.MOST_DRY_RUNS):
        tried(workshop, where=f"age > {age}")
    with pytest.raises(Unavailable, match="dry runs"):
        tried(workshop, where="age > 90")


def test_without_a_twin_there_is_none(tmp_path):
    workshop = make_workshop(tmp_path)
    add_project(workshop)
    with pytest.raises(NotFound, match="no synthetic twin"):
        tried(workshop)


def test_nobody_else_can_try(workshop):
    with pytest.raises(NotFound):
        private_answers.dry_run(workshop, "imran", "returns", COUNT)
