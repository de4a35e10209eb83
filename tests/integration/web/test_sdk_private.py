"""`rr.dp` against the real portal: every statistic, price, curve and plan, and what costs nothing afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pandas
import pytest

import readingroom.sdk as rr
from readingroom.core.answers import PrivateAnswer
from readingroom.core.datasets import Column, Dataset, Table
from readingroom.core.privacy import accounting
from readingroom.errors import BudgetExceeded, InvalidInput, NotFound
from readingroom.sdk import _door
from readingroom.services import private_answers
from readingroom.storage.extract_making import describe
from tests.integration.web.world import API
from tests.private_figures import record, settle

ON = ("magistrates", "defendants")


@pytest.fixture
def portal(world, tmp_path, monkeypatch):
    """A workspace of ada's: its catalogue on disk, its door the real application; answers come at once."""
    client = world.workspace("ada")
    dataset = world.room.policies.dataset("magistrates")
    columns = {"defendants": ("defendant_id", "sex", "age_at_offence", "offence_group", "disposal_date")}
    (tmp_path / "data" / "magistrates").mkdir(parents=True)
    (tmp_path / "data" / "magistrates" / "dataset.json").write_text(json.dumps(describe(dataset, "v1", columns)))
    monkeypatch.setenv("READINGROOM_DATA", str(tmp_path / "data"))

    def call(method, path, **sent):
        given = {name: value for name, value in sent.items() if value is not None}
        answer = client.request(method, API + path, **given)
        if answer.is_error:
            raise _door._error(answer.status_code, answer.json())
        said = answer.json()
        if method == "POST" and said.get("status") == "reserved":
            with world.store.reading() as tx:
                paid: PrivateAnswer = tx.accounts.get(said["id"])
            settle(world.store, paid, dataset.twin if paid.dry_run else dataset, world.clock.now())
            world.clock.time += timedelta(minutes=5)
        return said

    monkeypatch.setattr(_door, "_call", call)
    monkeypatch.setattr("readingroom.sdk._dp.asking.time.sleep", lambda seconds: None)
    return world


def asked(portal, number):
    return private_answers.get(portal.room, "ada", number).query


EVERY = {
    "count": lambda t: t.count(rho=0.0001),
    "people": lambda t: t.people(by="sex", rho=0.0001),
    "records": lambda t: t.records(by=[t.sex, t.age_at_offence.bands([10, 18, 90])], rho=0.0001),
    "histogram": lambda t: t.histogram(t.offence_group, rho=0.0001),
    "found": lambda t: t.histogram("disposal_date", undeclared=True, rho=0.0001),
    "contingency": lambda t: t.contingency(["sex", "offence_group"], rho=0.0001),
    "sum": lambda t: t.sum("age_at_offence", by="sex", rho=0.0001),
    "mean": lambda t: t.mean("age_at_offence", lower=18, upper=60, rho=0.0001),
    "variance": lambda t: t.variance("age_at_offence", rho=0.0001),
    "sd": lambda t: t.sd("age_at_offence", by="sex", rho=0.0001),
    "proportion": lambda t: t.proportion(t.age_at_offence < 18, by="sex", rho=0.0001),
    "quantile": lambda t: t.quantile("age_at_offence", [0.1, 0.9], by="sex", rho=0.0001),
    "median": lambda t: t.median("age_at_offence", candidates={"lower": 10, "upper": 90, "step": 5}, rho=0.0001),
    "top_k": lambda t: t.top_k("offence_group", 3, rho=0.0001),
    "synthetic": lambda t: t.synthetic(["sex", "offence_group"], 40, rho=0.0001),
    "pure": lambda t: t.count(pure_epsilon=0.01),
}


@pytest.mark.parametrize("call", EVERY.values(), ids=EVERY)
def test_every_statistic_gives_a_frame_a_plot_and_words(portal, call):
    answer = call(rr.dp.on(*ON))
    frame = answer.frame
    assert isinstance(frame, pandas.DataFrame) and len(frame) >= 1
    if answer.statistic != "synthetic":
        assert {"value", "half_width_95", "low", "high"} <= set(frame.columns)
    assert answer.plot()._repr_png_().startswith(b"\x89PNG")
    assert answer.citation.startswith("Differentially private") and "no answer more than" in answer.guarantee
    assert f"{answer.epsilon:.3g}" in repr(answer) and answer.statement in answer._repr_html_().replace("&#x27;", "'")
    assert asked(portal, answer.id)["table"] == "defendants"
    again = call(rr.dp.on(*ON))
    assert (again.id, again.charged_micro_rho) == (answer.id, 0)


NUMBERS = Dataset("d", "", "", "", "", (Table("t", "", (Column("pid", "", "text", identifier=True), *(
    Column(name, name, "number", lower=0, upper=9) for name in "xyz")), "pid"),))


@pytest.mark.parametrize(("more", "labels"), [
    ({"statistic": "correlation", "columns": ["x", "y", "z"]}, ["x, y", "x, z", "y, z"]),
    ({"statistic": "correlation", "columns": ["x", "y"]}, ["correlation"]),
    ({"statistic": "regression", "outcome": "x", "predictors": ["y", "z"]}, ["intercept", "y", "z"]),
])
def test_coefficients_have_a_row_each(more, labels):
    answer = rr.dp.Answer(1, 0, record({"dataset": "d", "table": "t", "rho_micro": 1000, **more}, NUMBERS))
    assert list(answer.frame["label"]) == labels and (answer.value is None) == (len(labels) > 1)
    assert answer.plot()._repr_png_().startswith(b"\x89PNG") and repr(answer)
    with pytest.raises(InvalidInput):
        answer.rounded(5)


def test_counts_are_of_people_and_records_of_rows(portal):
    assert asked(portal, rr.dp.count(*ON, rho=0.0001).id)["statistic"] == "people"
    assert asked(portal, rr.dp.records(*ON, rho=0.0001).id)["statistic"] == "count"


def test_labels_conditions_and_bands_become_the_grammar(portal):
    t = rr.dp.on(*ON)
    where = (t.sex == "Female") & ~(t.offence_group.isin(["Robbery", "Theft"])) | t.age_at_offence.isna()
    by = [t.sex.only(["Female", "Male"]), t.age_at_offence.bands([10, 18, 90])]
    answer = rr.dp.count(*ON, where=where, by=by, rho=0.0001)
    query = asked(portal, answer.id)
    assert query["by"] == [{"column": "age_at_offence", "edges": [10, 18, 90]},
                           {"column": "sex", "categories": ["F", "M"], "missing": False}]
    assert query["where"] == [{"any": [
        {"all": [{"column": "offence_group", "not_in": ["3", "4"]}, {"column": "sex", "op": "==", "value": "F"}]},
        {"column": "age_at_offence", "is": "missing"}]}]
    assert list(answer.frame.columns[:2]) == ["age_at_offence", "sex"]
    wide = answer.wide
    assert list(wide.columns) == ["Female", "Male"] and list(wide.index)[:2] == ["10 to under 18", "18 to under 90"]
    sql = rr.dp.count(*ON, where="sex = 'F' AND age_at_offence >= 18", rho=0.0001)
    same = rr.dp.count(*ON, where=[t.age_at_offence >= 18, t.sex == "Female"], rho=0.0001)
    assert sql.id == same.id and same.charged_micro_rho == 0


def test_a_condition_has_no_truth_of_its_own(portal):
    t = rr.dp.on(*ON)
    with pytest.raises(InvalidInput, match="neither true nor false"):
        assert t.sex == "Female" and t.age_at_offence > 3
    with pytest.raises(NotFound) as refusal:
        t.sex["Neither"]
    assert "Female" in refusal.value.next_step


def test_columns_and_categories_complete(portal):
    t = rr.dp.on(*ON)
    assert {"sex", "age_at_offence", "mean", "curve"} <= set(dir(t)) and "defendant_id" not in dir(t)
    assert t.sex._ipython_key_completions_() == ["Female", "Male", "Not recorded"]
    assert "10 to 90" in repr(t) and t._ipython_key_completions_()[0] == "sex"
    with pytest.raises(AttributeError, match="Columns: sex"):
        _ = t.height


def test_prices_and_curves_cost_nothing(portal):
    t = rr.dp.on(*ON)
    quoted = t.price("mean", "age_at_offence", rho=0.001)
    assert quoted.cost_micro_rho == 1000 and "for 10,000 rows" in quoted.expected and len(quoted.frame) == 4
    curve = t.curve("mean", "age_at_offence", epsilons=[0.1, 0.5, 2])
    widths = list(curve.frame["half_width_95"])
    assert len(widths) == 3 and widths == sorted(widths, reverse=True)
    assert list(curve.frame["affordable"]) == [True, True, False]
    assert [round(one, 1) for one in curve.frame["epsilon"]] == [0.1, 0.5, 2.0]
    assert curve.plot()._repr_png_().startswith(b"\x89PNG")
    assert len(t.curve("count").frame) == 7
    assert rr.dp.budget()[0].spent_micro_rho == 0


@pytest.mark.parametrize("share", [{}, {"weights": [3, 1]}, {"equal_accuracy": True}])
def test_a_plan_shares_the_budget_and_is_asked(portal, share):
    t = rr.dp.on(*ON)
    plan = rr.dp.plan([t.question("count"), t.question("mean", "age_at_offence", by="sex")], epsilon=0.4, **share)
    whole = accounting.rho_micro_for(0.4)
    costs = [price.cost_micro_rho for price in plan.prices]
    assert whole - 2 <= sum(costs) == plan.cost_micro_rho <= whole
    if "weights" in share:
        assert costs[0] == pytest.approx(3 * costs[1], abs=4)
    answers = plan.ask()
    assert [answer.charged_micro_rho for answer in answers] == costs
    assert rr.dp.budget()[0].spent_micro_rho == plan.cost_micro_rho
    assert "Together" in repr(plan)


def test_a_plan_that_is_no_plan_is_refused(portal):
    t = rr.dp.on(*ON)
    count = t.question("count")
    with pytest.raises(InvalidInput) as refusal:
        rr.dp.plan([count], rho=0.001, weights=[1, 2])
    assert refusal.value.rule == "plan.weights"
    with pytest.raises(InvalidInput):
        rr.dp.plan([count], rho=0.001, epsilon=1)
    with pytest.raises(InvalidInput) as refusal:
        count.ask()
    assert refusal.value.rule == "private.spend"
    with pytest.raises(BudgetExceeded):
        t.count(rho=0.011)


def test_post_processing_is_free_labelled_and_only_of_counts(portal):
    t = rr.dp.on(*ON)
    answer = t.histogram("sex", rho=0.0001)
    answer.answer["rows"][0]["value"] = -7
    done = answer.nonnegative().rounded(5)
    assert done.frame["value"].iloc[0] == 0 and all(value % 5 == 0 for value in done.frame["value"])
    assert "set to zero and numbers were rounded to multiples of 5" in done.statement
    assert answer.frame["value"].iloc[0] == -7
    with pytest.raises(InvalidInput):
        t.mean("age_at_offence", rho=0.0001).nonnegative()
    with pytest.raises(InvalidInput):
        answer.rounded(0)


def test_a_table_is_made_to_add_up_to_its_margins(portal):
    t = rr.dp.on(*ON)
    table = t.contingency(["sex", "offence_group"], rho=0.0001)
    rows, columns = t.histogram("offence_group", rho=0.0001), t.histogram("sex", rho=0.0001)
    done = table.consistent(rows=rows, columns=columns)
    wide, before = done.wide, table.wide
    assert list(wide.index) == list(before.index) and "add up" in done.statement
    gap = abs(wide.sum().sum() - rows.frame["value"].sum())
    assert gap < abs(before.sum().sum() - rows.frame["value"].sum())
    with pytest.raises(InvalidInput) as refusal:
        table.consistent(rows=columns, columns=rows)
    assert refusal.value.rule == "private.margin"


def test_the_budget_is_a_gauge(portal):
    rr.dp.count(*ON, rho=0.01)
    shown = rr.dp.budget()
    assert "[##########..........]" in repr(shown) and "0.01 of 0.02" not in repr(shown)
    assert "<meter" in shown._repr_html_() and "0.01 rho of 0.02 spent" in shown._repr_html_()


def test_a_dry_run_is_labelled_wherever_it_is_shown(portal):
    tried = rr.dp.question("mean", *ON, "age_at_offence", by="sex", rho=0.0001).dry_run()
    assert tried.dry_run and "SYNTHETIC, NOT AN ANSWER" in repr(tried) and "SYNTHETIC" in tried._repr_html_()
    assert tried.statement.startswith("Synthetic, not an answer") and tried.frame["label"].iloc[0] == "Female"
    page = portal.client("ada").get(f"/services/portal/private-answers/{tried.id}").text
    assert "Synthetic, not an answer" in page and "Take it out" not in page
    lines, _ = private_answers.statement(portal.room, "ada", "returning-defendants")
    assert sum(line.spent for line in lines) == 0


def test_an_answer_is_had_again_by_its_number(portal):
    first = rr.dp.count(*ON, rho=0.0001)
    assert rr.dp.answer(first.id).value == first.value


def test_a_synthetic_table_waits_for_a_person_even_where_answers_leave_at_once(portal):
    policies = portal.room.policies
    site = replace(policies.site, policy=policies.site.policy.model_copy(update={"private_answer_checkers": 0}))
    object.__setattr__(portal.room, "policies", replace(policies, site=site))
    t = rr.dp.on(*ON)
    made = t.synthetic(["sex", "offence_group"], 40, rho=0.0001)
    assert made.frame.shape == (40, 2)
    assert made.release().status == "in-review"
    assert t.count(rho=0.0001).release().status == "approved"
