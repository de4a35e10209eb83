"""What anyone may see of private answers: the custodian's account, no early answer, and never an exact value."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from readingroom.core.lifecycle import AnswerStatus
from readingroom.errors import PermissionDenied
from readingroom.services import private_accounts, private_answers
from tests.integration.web.world import API, PEOPLE, World
from tests.private_figures import record

NAMES = [name for name, _, _ in PEOPLE]
COUNT = {"dataset": "magistrates", "table": "defendants", "statistic": "people", "rho_micro": 1000}
NOISY, EXACT = 918_273, 918_275


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "state")
    yield made
    made.close()


def settled(world, query=COUNT, **figures):
    """Paid and computed, and not yet due."""
    paid, _ = private_answers.ask(world.room, "ada", "returning-defendants", query)
    given = record(paid.query, world.room.policies.dataset("magistrates")) | figures
    with world.store.transaction() as tx:
        tx.accounts.begin(paid.id)
        tx.accounts.settle(paid.id, AnswerStatus.ANSWERED, given, world.clock.now())
    return paid


def pages(number):
    return ("/", "/projects/returning-defendants", "/projects/returning-defendants/private",
            f"/private-answers/{number}", f"/private-answers/{number}?show=10", "/datasets/magistrates",
            "/datasets/magistrates/account", "/datasets/magistrates/account.csv", "/grants", "/grants/1", "/queue",
            "/audit", "/health", "/requests")


def test_no_early_answer_shows_anywhere_for_any_role(world):
    paid = settled(world, value=NOISY)
    shown = [(name, path) for name, path in itertools.product(NAMES, pages(paid.id))
             if str(NOISY) in (text := world.client(name).see(path).text) or f"{NOISY:,}" in text]
    assert shown == []
    for path in (f"/private/answers/{paid.id}", "/workspace"):
        assert str(NOISY) not in world.workspace("ada").get(API + path).text
    assert world.workspace("ada").post(f"{API}/private/answers/{paid.id}/release", json={}).status_code == 409


def test_a_due_answer_shows_to_its_project_only(world):
    paid = settled(world, value=NOISY)
    world.clock.time += timedelta(minutes=5)
    shown = {name for name, path in itertools.product(NAMES, pages(paid.id))
             if f"{NOISY:,}" in world.client(name).see(path).text}
    assert shown == {"ada", "bilal", "dara"}


def test_no_exact_value_is_kept_or_shown(world):
    """A real count of a number of people that no noise gives back: the record holds the noisy one alone."""
    paid = settled(world, value=NOISY, released={"number": [NOISY]})
    world.clock.time += timedelta(minutes=5)
    for name, path in itertools.product(NAMES, pages(paid.id)):
        text = world.client(name).see(path).text
        assert str(EXACT) not in text and f"{EXACT:,}" not in text
    with world.store.reading() as tx:
        assert str(EXACT) not in str(tx.accounts.get(paid.id))


def test_the_account_says_who_spent_what_and_what_is_left(world):
    settled(world)
    private_answers.ask(world.room, "bilal", "returning-defendants", COUNT | {"by": "sex", "rho_micro": 500})
    mercer = world.client("mercer")
    page = mercer.see("/datasets/magistrates/account").text
    for words in ("0.0015 rho of 1.000 rho spent", "Number of people by Sex in defendants", "Returning defendants",
                  "2 questions", "Bilal Hussain", "0.001 rho", "Being computed"):
        assert words in page, words
    assert "Privacy account" in mercer.see("/datasets/magistrates").text
    sheet = mercer.see("/datasets/magistrates/account.csv")
    assert sheet.headers["content-disposition"] == 'attachment; filename="privacy-account-magistrates.csv"'
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [(one["asked_by"], one["cost_micro_rho"], one["state"]) for one in lines] == [
        ("ada", "1000", "reserved"), ("bilal", "500", "reserved")]
    assert '"statistic":"people"' in lines[1]["question"]


def test_an_account_that_nobody_used_says_so(world):
    page = world.client("okafor").see("/datasets/pupils/account").text
    assert "Nothing was asked yet" in page and "0.000 rho of 1.000 rho spent" in page


@pytest.mark.parametrize("path", ["/datasets/magistrates/account", "/datasets/magistrates/account.csv"])
def test_only_its_own_custodian_sees_it(world, path):
    assert {name for name in NAMES if world.client(name).see(path).status_code == 200} == {"mercer"}
    assert "Privacy account" not in world.client("ada").see("/datasets/magistrates").text
    assert world.client("mercer").see("/datasets/nonesuch/account").status_code == 404


def test_datasets_about_the_same_people_show_sums_and_not_each_others_questions(world):
    policies = world.room.policies
    linked = {slug: (replace(dataset, people="everyone"), policy) for slug, (dataset, policy)
              in policies.datasets.items()}
    object.__setattr__(world.room, "policies", replace(policies, datasets=linked))
    settled(world)
    seen = private_accounts.account(world.room, "okafor", "pupils")
    assert seen.spent.micro_rho == 1000 and seen.answers == ()
    assert {dataset.slug: spent.micro_rho for dataset, spent in seen.linked} == {"magistrates": 1000, "pupils": 0}
    with pytest.raises(PermissionDenied) as refusal:
        private_accounts.account(world.room, "okafor", "magistrates")
    assert refusal.value.rule == "account.custodian" and "mercer" in refusal.value.next_step
    page = world.client("okafor").see("/datasets/pupils/account").text
    assert "Shared with other datasets about the same people" in page
