"""P4: the budget holds. Paid before it is seen, free the second time, never above the grant, under any race."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from readingroom.core.answers import ANSWERED, FAILED, RESERVED
from readingroom.core.lifecycle import GrantStatus
from readingroom.errors import AccessDenied, BudgetExceeded, InvalidInput, NotFound, Unavailable
from readingroom.services import grants, private_answers, projects
from tests.factories import add_project, make_workshop


@pytest.fixture
def workshop(tmp_path):
    made = make_workshop(tmp_path)
    add_project(made)
    add_project(made, "other", members=("chloe",))
    return made


def count(rho_micro=5000, **changes):
    return {"dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": rho_micro, **changes}


def spent(workshop, project="returns"):
    with workshop.store.reading() as tx:
        return tx.accounts.spent("courts", project), tx.accounts.spent("courts")


class TestP4BudgetHolds:
    def test_it_is_paid_before_anything_is_computed(self, workshop):
        answer, charged = private_answers.ask(workshop, "ada", "returns", count())
        assert (answer.status, charged, workshop.answerer.computed) == (RESERVED, 5000, 0)
        assert spent(workshop) == (5000, 5000)
        settled = private_answers.compute(workshop, answer.id)
        assert (settled.status, settled.answer["value"]) == (ANSWERED, 42)

    def test_the_same_question_is_free_and_gets_the_same_answer(self, workshop):
        first, _ = private_answers.ask(workshop, "ada", "returns", count())
        private_answers.compute(workshop, first.id)
        again, charged = private_answers.ask(workshop, "bilal", "returns", dict(reversed(count().items())))
        private_answers.compute(workshop, again.id)
        assert (again.id, charged, workshop.answerer.computed) == (first.id, 0, 1)
        assert spent(workshop) == (5000, 5000)

    def test_the_budget_ends_and_says_what_would_fit(self, workshop):
        for number in range(4):
            private_answers.ask(workshop, "ada", "returns", count(4900 + number))
        before = spent(workshop)
        with pytest.raises(BudgetExceeded) as refusal:
            private_answers.ask(workshop, "ada", "returns", count(4950))
        assert refusal.value.next_step
        assert spent(workshop) == before

    def test_projects_share_the_datasets_cap(self, workshop):
        for number, slug in enumerate(("a", "b", "c", "d")):
            add_project(workshop, slug)
            for step in range(4):
                with suppress(BudgetExceeded):
                    private_answers.ask(workshop, "ada", slug, count(4990 + step, where=[
                        {"column": "age", "op": ">=", "value": 20 + number}]))
        assert spent(workshop, "a")[1] <= 50_000
        assert spent(workshop, "d")[0] < 20_000

    def test_a_race_never_overspends(self, workshop):
        granted, refused = [], []

        def attempt(number):
            try:
                granted.append(private_answers.ask(workshop, "ada", "returns", count(4000 + number)))
            except BudgetExceeded:
                refused.append(number)

        threads = [threading.Thread(target=attempt, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(granted) == 4
        assert len(refused) == 12
        assert spent(workshop)[0] == sum(charged for _, charged in granted) <= 20_000

    def test_a_failure_stays_paid_and_tells_nothing(self, workshop):
        class Broken:
            def answer(self, *arguments):
                raise Unavailable("failed after spending")

        answer, _ = private_answers.ask(workshop, "ada", "returns", count())
        object.__setattr__(workshop, "answerer", Broken())
        settled = private_answers.compute(workshop, answer.id)
        assert (settled.status, settled.answer) == (FAILED, {"message": "failed after spending"})
        assert spent(workshop) == (5000, 5000)

    def test_one_question_may_not_cost_more_than_policy_allows(self, workshop):
        with pytest.raises(BudgetExceeded):
            private_answers.ask(workshop, "ada", "returns", count(5001))
        assert spent(workshop) == (0, 0)


class TestWhoMayAsk:
    def test_strangers_cannot_ask_or_read(self, workshop):
        answer, _ = private_answers.ask(workshop, "ada", "returns", count())
        with pytest.raises(NotFound):
            private_answers.ask(workshop, "chloe", "returns", count())
        with pytest.raises(NotFound):
            private_answers.get(workshop, "chloe", answer.id)

    def test_p6_a_withdrawn_grant_answers_no_more(self, workshop):
        grants.withdraw(workshop, "mercer", 1, "Ended")
        with pytest.raises(AccessDenied):
            private_answers.ask(workshop, "ada", "returns", count())

    def test_p2_columns_that_were_not_granted_are_not_answered(self, workshop):
        with workshop.store.transaction() as tx:
            grant = tx.grants.get(1)
            tx.grants.save(replace(grant, columns={"defendants": ("person_id", "sex")}))
        with pytest.raises(InvalidInput) as refusal:
            private_answers.ask(workshop, "ada", "returns", count(where=[{"column": "age", "op": ">=", "value": 30}]))
        assert refusal.value.rule == "answer.column"

    def test_p2_tables_that_were_not_granted_are_not_even_counted(self, workshop):
        with workshop.store.transaction() as tx:
            tx.grants.save(replace(tx.grants.get(1), columns={"other": ("person_id",)}))
        with pytest.raises(InvalidInput) as refusal:
            private_answers.ask(workshop, "ada", "returns", count())
        assert refusal.value.rule == "answer.table"

    @pytest.mark.parametrize("query", [None, [], "count", {}, {"dataset": "schools"}, count(rho_micro=-1),
                                       count(rho_micro=float("nan")), count(statistic="max"), count(table="nope")])
    def test_nonsense_is_refused_before_spending(self, workshop, query):
        with pytest.raises(InvalidInput):
            private_answers.ask(workshop, "ada", "returns", query)
        assert spent(workshop) == (0, 0)


def test_the_price_is_free_and_honest(workshop):
    quoted = private_answers.price(workshop, "ada", "returns", count())
    assert (quoted.cost_micro_rho, quoted.already_answered, quoted.refusal) == (5000, False, "")
    assert spent(workshop) == (0, 0)
    private_answers.ask(workshop, "ada", "returns", count())
    assert private_answers.price(workshop, "ada", "returns", count()).cost_micro_rho == 0
    line = projects.get(workshop, "ada", "returns").budgets[0]
    assert (line.total, line.spent, line.remaining) == (20_000, 5000, 15_000)


def test_grants_in_other_states_have_no_account(workshop):
    add_project(workshop, "waiting", grants={"courts": GrantStatus.PROPOSED})
    with pytest.raises(AccessDenied):
        private_answers.ask(workshop, "ada", "waiting", count())
