"""P4: the budget holds. Paid before it is seen, free the second time, never above the grant, under any race."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from readingroom.core.answers import delivery_time
from readingroom.core.lifecycle import AnswerStatus, GrantStatus
from readingroom.core.policy import Policy
from readingroom.db.tables import AnswerRow
from readingroom.errors import AccessDenied, BudgetExceeded, InvalidInput, InvalidTransition, NotFound, Unavailable
from readingroom.services import grants, private_accounts, private_answers, private_prices, projects, workspaces
from tests.factories import POLICIES, add_project, make_workshop, with_two_projects


@pytest.fixture
def workshop(workshop):
    return with_two_projects(workshop)


class Broken:
    def answer(self, *arguments):
        raise Unavailable("failed after spending")


def count(rho_micro=5000, **changes):
    return {"dataset": "courts", "table": "defendants", "statistic": "count", "rho_micro": rho_micro, **changes}


def spent(workshop, project="returns"):
    with workshop.store.reading() as tx:
        return tx.accounts.spent(["courts"], project).micro_rho, tx.accounts.spent(["courts"]).micro_rho


class TestP4BudgetHolds:
    def test_it_is_paid_before_anything_is_computed(self, workshop):
        answer, charged = private_answers.ask(workshop, "ada", "returns", count())
        assert (answer.status, charged, workshop.answerer.computed) == (AnswerStatus.RESERVED, 5000, 0)
        assert spent(workshop) == (5000, 5000)
        settled = private_answers.compute(workshop, answer.id)
        assert (settled.status, settled.answer["value"]) == (AnswerStatus.ANSWERED, 42)

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

    def test_a_refusal_waits_for_nobodys_lock(self, workshop):
        with workshop.store.transaction(), pytest.raises(BudgetExceeded):
            private_answers.ask(workshop, "ada", "returns", count(1_000_000))

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
        answer, _ = private_answers.ask(workshop, "ada", "returns", count())
        object.__setattr__(workshop, "answerer", Broken())
        settled = private_answers.compute(workshop, answer.id)
        assert (settled.status, settled.answer) == (AnswerStatus.FAILED, {"message": "failed after spending"})
        assert spent(workshop) == (5000, 5000)

    def test_one_question_may_not_cost_more_than_policy_allows(self, workshop):
        with pytest.raises(BudgetExceeded):
            private_answers.ask(workshop, "ada", "returns", count(5001))
        assert spent(workshop) == (0, 0)


class TestP4LinkedDatasets:
    """What is learned of a person adds up, whichever dataset it was learned from."""

    @pytest.fixture
    def linked(self, tmp_path):
        people = {slug: (replace(dataset, people="everyone"), Policy(dataset_budget_micro_rho=cap))
                  for (slug, (dataset, _)), cap in zip(POLICIES.datasets.items(), (9_000, 50_000), strict=True)}
        made = make_workshop(tmp_path, policies=replace(POLICIES, datasets=people))
        add_project(made, grants=dict.fromkeys(people, GrantStatus.ACTIVE))
        add_project(made, "other", members=("chloe",), grants=dict.fromkeys(people, GrantStatus.ACTIVE))
        return made

    def test_they_spend_from_one_budget_with_the_tightest_cap(self, linked):
        private_answers.ask(linked, "ada", "returns", count())
        with pytest.raises(BudgetExceeded) as refusal:
            private_answers.ask(linked, "chloe", "other", count(dataset="schools", table="pupils"))
        assert refusal.value.rule == "dataset_budget_micro_rho"
        assert "4000" in refusal.value.next_step
        private_answers.ask(linked, "chloe", "other", count(4000, dataset="schools", table="pupils"))

    def test_the_projects_own_share_is_of_each_dataset(self, linked):
        private_answers.ask(linked, "ada", "returns", count())
        lines = {line.dataset: line for line in projects.get(linked, "ada", "returns").budgets}
        assert (lines["courts"].spent, lines["schools"].spent) == (5000, 0)
        assert lines["schools"].remaining == 4000


class TestAnswersComeAtSetTimes:
    """How long a computation took could tell of the data."""

    def test_an_answer_is_seen_at_its_time_and_not_before(self, workshop):
        asked, _ = private_answers.ask(workshop, "ada", "returns", count())
        private_answers.compute(workshop, asked.id)
        early = private_answers.get(workshop, "ada", asked.id)
        assert (early.status, early.answer, early.answered_at) == (AnswerStatus.RESERVED, None, None)
        assert private_answers.ask(workshop, "bilal", "returns", count())[0].answer is None
        assert private_answers.statement(workshop, "ada", "returns")[1][0].answer is None
        workshop.clock.at = asked.deliver_at
        assert private_answers.get(workshop, "ada", asked.id).answer == {"statistic": "count", "value": 42}

    def test_a_failure_is_told_no_sooner_than_an_answer(self, workshop):
        object.__setattr__(workshop, "answerer", Broken())
        asked, _ = private_answers.ask(workshop, "ada", "returns", count())
        private_answers.compute(workshop, asked.id)
        assert private_answers.get(workshop, "ada", asked.id).status is AnswerStatus.RESERVED

    @given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2050, 1, 1), timezones=st.just(UTC)),
           st.sampled_from([0.5, 15.0, 60.0]))
    def test_the_time_leaves_a_whole_slot_for_computing(self, asked_at, slot):
        at = delivery_time(asked_at, slot)
        assert slot <= (at - asked_at).total_seconds() <= 2 * slot
        assert at.timestamp() % slot == 0


class TestRefunds:
    def test_what_was_never_computed_is_given_back_and_may_be_asked_again(self, workshop):
        asked, _ = private_answers.ask(workshop, "ada", "returns", count())
        grants.withdraw(workshop, "mercer", 1, "Ended")
        refunded = private_answers.compute(workshop, asked.id)
        assert (refunded.status, workshop.answerer.computed) == (AnswerStatus.REFUNDED, 0)
        assert spent(workshop) == (0, 0)
        with workshop.store.transaction() as tx:
            tx.grants.save(replace(tx.grants.get(1), status=GrantStatus.ACTIVE))
        workspaces.prepare_extracts(workshop)
        again, charged = private_answers.ask(workshop, "ada", "returns", count())
        assert (again.id != asked.id, charged) == (True, 5000)

    def test_once_computing_has_begun_nothing_is_given_back(self, workshop):
        asked, _ = private_answers.ask(workshop, "ada", "returns", count())
        with workshop.store.transaction() as tx:
            tx.accounts.begin(asked.id)  # and here the worker was killed
        grants.withdraw(workshop, "mercer", 1, "Ended")
        assert private_answers.compute(workshop, asked.id).status is AnswerStatus.ANSWERED
        with pytest.raises(InvalidTransition), workshop.store.transaction() as tx:
            tx.accounts.refund(asked.id, workshop.now())
        assert spent(workshop) == (5000, 5000)

    def test_a_version_that_is_gone_is_refunded(self, workshop):
        asked, _ = private_answers.ask(workshop, "ada", "returns", count())
        with workshop.store.transaction() as tx:
            tx.accounts._session.get_one(AnswerRow, asked.id).version = "v0"
        assert private_answers.compute(workshop, asked.id).status is AnswerStatus.REFUNDED


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
    quoted = private_prices.price(workshop, "ada", "returns", count())
    assert (quoted.cost_micro_rho, quoted.already_answered, quoted.refusal) == (5000, False, "")
    assert spent(workshop) == (0, 0)
    private_answers.ask(workshop, "ada", "returns", count())
    assert private_prices.price(workshop, "ada", "returns", count()).cost_micro_rho == 0
    line = projects.get(workshop, "ada", "returns").budgets[0]
    assert (line.total, line.spent, line.remaining) == (20_000, 5000, 15_000)


def test_grants_in_other_states_have_no_account(workshop):
    add_project(workshop, "waiting", grants={"courts": GrantStatus.PROPOSED})
    with pytest.raises(AccessDenied):
        private_answers.ask(workshop, "ada", "waiting", count())


class TestListsArePaged:
    def test_newest_first_a_page_at_a_time_and_without_figures(self, workshop):
        made = [private_answers.ask(workshop, "ada", "returns", count(1000, where=f"age > {age}"))[0].id
                for age in range(20, 25)]
        private_answers.compute(workshop, made[-1])
        _, newest = private_answers.statement(workshop, "ada", "returns", most=2)
        assert [(one.id, one.answer) for one in newest] == [(made[4], None), (made[3], None)]
        _, older = private_answers.statement(workshop, "ada", "returns", before=newest[-1].id, most=2)
        assert [one.id for one in older] == [made[2], made[1]]
        account = private_accounts.account(workshop, "mercer", "courts", most=2)
        assert [one.id for one in account.answers] == made[:2:-1] and dict(account.asked) == {"returns": 5}

    def test_the_number_of_statements_does_not_grow_with_answers(self, workshop):
        def statements() -> int:
            seen = []
            engine = workshop.store.engine
            event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
            private_answers.statement(workshop, "ada", "returns", most=50)
            private_accounts.account(workshop, "mercer", "courts", most=50)
            return len(seen)

        private_answers.ask(workshop, "ada", "returns", count(1000))
        before = statements()
        for age in range(20, 30):
            private_answers.ask(workshop, "ada", "returns", count(1000, where=f"age > {age}"))
        assert statements() <= before
