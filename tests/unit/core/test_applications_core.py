"""P3 for applications: what only narrows asks nobody, conditions only take away, typed text never breaks the form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.core import application_form as forms
from readingroom.core.application_changes import diff, touched
from readingroom.core.applications import Application, DatasetAsk, from_json
from readingroom.core.decisions import Conditions, conditioned
from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import Layer, Policy, Tier, strictest
from readingroom.core.policy.library import Policies
from readingroom.core.projects import Grant
from readingroom.errors import InvalidInput, NotFound
from tests.factories import COURTS, POLICIES, SCHOOLS

TODAY = date(2026, 11, 24)
ASKS = st.builds(
    DatasetAsk, st.sampled_from(["courts", "schools"]),
    st.dictionaries(st.sampled_from(["defendants", "pupils"]),
                    st.dictionaries(st.sampled_from(["age", "sex", "absences"]), st.sampled_from(["why", "because"]),
                                    min_size=1), min_size=1),
    st.dictionaries(st.sampled_from(["defendants", "pupils"]), st.sampled_from(["age > 1", "sex = 'F'"])),
    st.integers(0, 5))
APPLICATIONS = st.builds(
    Application, st.sampled_from(["A", "B"]), st.sampled_from(["aim", "other"]), st.just("benefit"),
    st.sampled_from(["ada", "bilal"]),
    st.lists(st.sampled_from(["ada", "bilal", "chloe"]), unique=True, min_size=1).map(
        lambda names: tuple(sorted(names))),
    st.just("research"), st.just("DEA"),
    st.lists(ASKS, unique_by=lambda ask: ask.dataset, min_size=1).map(tuple), st.just("tables"),
    st.integers(1, 3).map(lambda years: TODAY + timedelta(days=365 * years)), tier=st.sampled_from(Tier))


class TestChanges:
    @given(APPLICATIONS)
    def test_nothing_differs_from_itself_and_json_keeps_all(self, one):
        assert diff(one, one) == () and touched(one, one) == frozenset()
        assert from_json(one.as_json()) == one and from_json(one.as_json()).sha256 == one.sha256

    @given(APPLICATIONS, APPLICATIONS)
    def test_whoever_is_not_asked_gives_nothing_more(self, before, after):
        """For a dataset that is not touched: no new person, column, day, budget, no looser tier, no lost filter."""
        for ask in after.datasets:
            if ask.dataset in touched(before, after):
                continue
            old = before.ask(ask.dataset)
            assert old is not None and set(after.members) <= set(before.members)
            assert after.ends_on <= before.ends_on and not after.tier < before.tier
            assert ask.budget_micro_rho <= old.budget_micro_rho
            for table, columns in ask.columns.items():
                assert set(columns) <= set(old.columns.get(table, {}))
                assert not old.row_filter.get(table) or ask.row_filter.get(table) == old.row_filter[table]

    @given(APPLICATIONS, APPLICATIONS)
    def test_versions_that_differ_differ_in_something_said(self, before, after):
        if before.as_json() != after.as_json():
            assert diff(before, after) or _only_unused_filters(before, after)

    def test_a_new_column_asks_only_its_custodian(self):
        one = Application("T", "aim", "benefit", "ada", ("ada",), "research", "DEA", (
            DatasetAsk("courts", {"defendants": {"sex": "x"}}), DatasetAsk("schools", {"pupils": {"absences": "y"}})),
            "tables", TODAY)
        wider = replace(one, datasets=(DatasetAsk("courts", {"defendants": {"sex": "x", "age": "z"}}), one.datasets[1]))
        assert touched(one, wider) == {"courts"} and touched(wider, one) == frozenset()
        assert touched(one, replace(one, members=("ada", "bilal"))) == {"courts", "schools"}
        assert touched(one, replace(one, ends_on=TODAY - timedelta(days=1))) == frozenset()


def _only_unused_filters(before, after):
    """A filter for a table without columns is refused by the form before it gets here."""
    def used(one):
        return replace(one, datasets=tuple(sorted((replace(ask, row_filter={
            table: text for table, text in ask.row_filter.items() if table in ask.columns}) for ask in one.datasets),
            key=lambda ask: ask.dataset)), urgent="")
    return not diff(used(before), used(after))


GRANT = Grant(1, "p", "courts", GrantStatus.PROPOSED, {"defendants": ("person_id", "sex", "age")},
              {"defendants": "age > 20 -- adults"}, date(2028, 1, 1), 20_000)


class TestConditions:
    @given(st.frozensets(st.sampled_from(["defendants.person_id", "defendants.sex"])), st.integers(0, 20_000),
           st.integers(1, 400), st.integers(1, 50))
    def test_they_only_take_away(self, without, budget, days, threshold):
        asked = replace(GRANT, rules=Policy(threshold=12))
        made = conditioned(asked, COURTS, Conditions(
            without=without, narrower={"defendants": "sex = 'F'"}, rules=Policy(threshold=threshold),
            budget_micro_rho=budget, expires_on=TODAY + timedelta(days=days)), TODAY)
        assert set(made.columns["defendants"]) == set(asked.columns["defendants"]) - {
            one.partition(".")[2] for one in without}
        assert made.expires_on <= asked.expires_on and made.budget_micro_rho <= asked.budget_micro_rho
        assert strictest(made.rules, asked.rules) == made.rules

    def test_a_comment_in_what_was_asked_hides_no_condition(self):
        made = conditioned(GRANT, COURTS, Conditions(narrower={"defendants": "sex = 'F'"}), TODAY)
        assert made.row_filter["defendants"] == """("age" > 20) AND ("sex" = 'F')"""

    @pytest.mark.parametrize(("conditions", "rule"), [
        (Conditions(without=frozenset({"defendants.height"})), "conditions.columns"),
        (Conditions(without=frozenset({"defendants.person_id", "defendants.sex", "defendants.age"})),
         "conditions.columns"),
        (Conditions(narrower={"pupils": "absences > 1"}), "conditions.row-filter"),
        (Conditions(narrower={"defendants": "1=1) OR (1=1"}), "grant.row-filter"),
        (Conditions(expires_on=date(2029, 1, 1)), "conditions.expires-on"),
        (Conditions(expires_on=TODAY), "conditions.expires-on"),
        (Conditions(budget_micro_rho=20_001), "conditions.budget"),
        (Conditions(budget_micro_rho=-1), "conditions.budget"),
    ])
    def test_p10_what_would_open_more_or_nothing_is_refused(self, conditions, rule):
        with pytest.raises(InvalidInput) as refusal:
            conditioned(GRANT, COURTS, conditions, TODAY)
        assert refusal.value.rule == rule and refusal.value.next_step


DESK = forms.Desk(POLICIES, "data-first", {}, TODAY)
TEXT = st.text(max_size=30)
ANYTHING = TEXT | st.integers() | st.none() | st.lists(TEXT) | st.dictionaries(TEXT, TEXT)
TYPED = st.dictionaries(TEXT, ANYTHING, max_size=4)


class TestTheForm:
    @given(st.sampled_from([*forms.SECTION_TITLES, "data/courts", "data/x", "nothing", "../aim"]), TYPED)
    def test_whatever_is_sent_is_kept_or_refused_with_a_way_on(self, key, typed):
        try:
            kept = forms.clean(key, typed)
        except (InvalidInput, NotFound) as refusal:
            assert refusal.rule and refusal.next_step
            return
        application, faults = forms.read({key: kept}, DESK)
        assert application is None and faults
        assert all(fault.message and fault.next_step and fault.rule for fault in faults)

    @given(st.dictionaries(
        st.sampled_from([*(one.key for one in forms.SECTIONS), "data/courts"]),
        st.fixed_dictionaries({}, optional={name: TEXT for one in forms.SECTIONS for name in one.fields})))
    def test_any_draft_can_be_read(self, draft):
        kept = {key: forms.clean(key, {name: text for name, text in typed.items()
                                       if key.startswith("data") or name in _fields(key)})
                for key, typed in draft.items()}
        assert forms.read(kept, DESK)[0] is None

    def test_purposes_and_gateways_are_those_that_all_datasets_allow(self):
        policies = Policies(Layer("site", POLICIES.site.policy), POLICIES.programmes, {
            "courts": (COURTS, Policy(legal_gateways=frozenset({"DEA"}))),
            "schools": (SCHOOLS, Policy(legal_gateways=frozenset({"Education Act"})))})
        desk = forms.Desk(policies, "data-first", {}, TODAY)
        draft = {"data": {"datasets": ["courts", "schools"]},
                 "gateway": {"purpose": "research", "legal_gateway": "DEA"}}
        wrong = [fault for fault in forms.read(draft, desk)[1] if fault.field == "legal_gateway"]
        assert "none in common" in wrong[0].next_step


def _fields(key):
    return next((one.fields for one in forms.SECTIONS if one.key == key), ())
