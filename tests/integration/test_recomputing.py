"""Outputs computed again from the vault: what is verified, what differs, and what cannot be, with the reason."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import readingroom.sdk as rr
from readingroom.core.disclosure.recomputing import Outcome
from readingroom.core.disclosure.verdict import Verdict
from readingroom.core.egress import approvals
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.policy.dataset_files import parse_dataset
from readingroom.core.requests import Assurance, Decision, Vote
from readingroom.demo import generate
from readingroom.errors import Unavailable
from readingroom.sdk import _preflight
from readingroom.services import requests, workspaces
from readingroom.web.presenters.recomputed import came_about
from tests import recomputing_world as world
from tests.factories import SITE, checked
from tests.integration.test_crashes import at_every_statement
from tests.recomputing_world import asked, one_of

HERE = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def rules(monkeypatch):
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: _preflight.Rules(SITE, known=True))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return world.make(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def workshop(shared, monkeypatch):
    """One that no test changes the data or the grant of."""
    monkeypatch.setenv("READINGROOM_DATA", str(shared.settings.state_dir / "mounted"))
    return shared


@pytest.fixture
def own(tmp_path, monkeypatch):
    """One for this test alone."""
    monkeypatch.setenv("READINGROOM_DATA", str(tmp_path / "mounted"))
    return world.make(tmp_path)


def loaded():
    return rr.load("courts", "cases")


@pytest.fixture
def cases(workshop):
    return rr.load("courts", "cases")


EVERY = [{"statistic": name, "value": value} for value in ("days", "fine") for name in (
    "sum", "mean", "median", "sd", "min", "max", "range")] + [
    {"statistic": "count"}, {"statistic": "records"}, {"statistic": "percentage", "of": "row"},
    {"statistic": "rate", "value": "fine", "denominator": "days", "per": 100}, {"statistic": "mode", "value": "year"}]


class TestVerified:
    @pytest.mark.parametrize("more", [
        {}, {"totals": True}, {"where": "year >= 2020 AND region <> 'Wales'", "totals": True},
        {"missing": "category"}, {"bands": {"year": [None, 2020, None]}},
        {"merge": {"region": {"North": ["North East", "North West"]}}}, {"columns": ["guilty", "year"]},
        {"weight": "weight"}, {"statistics": EVERY, "totals": True}, {"value": "days", "statistic": "mean"},
        {"value": "fine", "statistic": "top_mean", "entities": 12}, {"rows": "year", "columns": None},
        {"structural_zeros": [{"row": ["London"], "column": ["2019"]}]}, {"cap": [None, 300], "value": "fine",
                                                                          "statistic": "sum"}])
    def test_whatever_the_sdk_computes_of_data_as_loaded(self, workshop, cases, more):
        file = one_of(workshop, rr.table(cases, **({"rows": "region", "columns": "year"} | more)))
        assert (file.assurance, file.recomputed.outcome) == (Assurance.VERIFIED, Outcome.VERIFIED)
        version = workshop.vault.versions("courts")[-1]
        assert (file.recomputed.dataset, file.recomputed.version, file.recomputed.at) == (
            "courts", version, workshop.now())

    @pytest.mark.parametrize("protect", [
        lambda table: table.suppress(), lambda table: table.round(5), lambda table: table.round(6, "midpoint"),
        lambda table: table.drop("London"), lambda table: table.drop(totals=True).round(10),
        lambda table: table.drop("Wales").round(5), lambda table: table.perturb(2),
        lambda table: table.suppress().round(5),
        lambda table: table.band({"year": [None, 2021, None]}).suppress()])
    def test_protection_is_no_difference(self, workshop, cases, protect):
        file = one_of(workshop, protect(rr.table(cases, "region", "year", totals=True)))
        assert file.assurance is Assurance.VERIFIED
        assert not [finding for finding in file.findings if finding.rule.startswith(("evidence", "recomputed"))]

    def test_rounding_so_that_totals_hold(self, workshop, cases):
        one_each = rr.table(cases, "region", statistic="records", totals=True)
        for table in (one_each.round(5, "controlled"), one_each.round(5, totals="added")):
            assert one_of(workshop, table).assurance is Assurance.VERIFIED

    def test_codes_as_they_are_and_frames_in_another_order(self, workshop, cases):
        raw = rr.load("courts", "cases", labels=False)
        by_code = rr.table(raw, "region", "guilty", where="region = 'NE'")
        assert one_of(workshop, by_code).assurance is Assurance.VERIFIED
        mixed = cases.sample(frac=1, random_state=3)
        mixed["mine"] = 1
        by_region = rr.table(mixed, "region", value="days", statistic="mean")
        assert one_of(workshop, by_region).assurance is Assurance.VERIFIED

    def test_the_platforms_numbers_are_kept_and_the_log_says_what_was_read(self, workshop, cases):
        def nudge(upload):
            said = copy.deepcopy(upload.evidence)
            for cell in said["cells"]:
                cell["total"] *= 1 + 1e-13
            return replace(upload, evidence=said)
        table = rr.table(cases, "region", value="days", statistic="mean")
        exact, nudged = one_of(workshop, table), one_of(workshop, table, change=nudge)
        assert nudged.assurance is Assurance.VERIFIED and nudged.evidence == exact.evidence
        assert nudged.as_asked != exact.as_asked, "what was sent is still known"
        with workshop.store.reading() as tx:
            told = next(one for one in reversed(tuple(tx.events.all())) if one.action == "file.checked").detail
        assert told["recomputed"] == {"outcome": "verified", "dataset": "courts", "table": "cases",
                                      "version": workshop.vault.versions("courts")[-1]}

    def test_an_older_version_that_the_project_had(self, own):
        table = rr.table(loaded(), "region").output()
        own.vault.add("courts", {"cases": world.rows(seed=8)})
        workspaces.prepare_extracts(own)
        workspaces.destroy_dead_extracts(own)
        assert one_of(own, table).assurance is Assurance.VERIFIED

    def test_rows_that_the_grant_leaves_out_are_left_out(self, tmp_path, monkeypatch):
        monkeypatch.setenv("READINGROOM_DATA", str(tmp_path / "mounted"))
        workshop = world.make(tmp_path, row_filter={"cases": "year >= 2020"})
        table = rr.table(rr.load("courts", "cases"), "year")
        assert [cell["row"] for cell in table.cells] == [["2020"], ["2021"]]
        assert one_of(workshop, table).assurance is Assurance.VERIFIED

    def test_in_a_process_apart(self, own):
        from readingroom.ops.install import create_keys
        from readingroom.storage.apart import Apart, RecomputerApart
        create_keys(own.settings)
        apart = Apart(own.settings, "recipes", 5.0)
        try:
            room = replace(own, recomputer=RecomputerApart(apart, 60))
            assert one_of(room, rr.table(loaded(), "region", "year")).assurance is Assurance.VERIFIED
            slow = replace(own, recomputer=RecomputerApart(apart, 0.0))
            file = one_of(slow, rr.table(loaded(), "region"))
            assert (file.assurance, file.recomputed.outcome) == (Assurance.EVIDENCED, Outcome.TOO_LONG)
            assert apart._process is None, "it was ended"
            hurried = replace(room, settings=replace(own.settings, recomputing_seconds=0.001))
            file = one_of(hurried, rr.table(loaded(), "region"))
            assert (file.assurance, file.recomputed.outcome) == (Assurance.EVIDENCED, Outcome.TIME_USED)
            assert apart._process is None, "it was ended"
        finally:
            apart.close()


def test_the_people_of_one_project_are_never_named_as_those_of_another(own):
    """Names are made once for tables of the same people in a row, whatever was computed in between."""
    known = (*own.policies.datasets["courts"][:1], own.vault.versions("courts")[-1], "cases", ("person_id", "year"))
    names = [own.extracts.granted(*known, condition, project).column("person_id").to_pylist()
             for project, condition in (("returns", ""), ("returns", ""), ("other", ""), ("returns", "year >= 2020"),
                                        ("other", "year >= 2020"), ("returns", ""))]
    assert names[0] == names[1] == names[5] and set(names[3]) < set(names[0]) and set(names[4]) < set(names[2])
    assert not set(names[0]) & set(names[2])


class TestTimeOfARequest:
    """A hundred tables that take a minute each would hold up every other request."""

    SLOW = 40.0

    def slowly(self, workshop, **settings):
        """Each table takes so long."""
        computed, real = [], workshop.recomputer

        class Slow:
            def recompute(self, asked, allowance):
                computed.append(asked)
                allowance.spent += TestTimeOfARequest.SLOW
                if len(computed) in fails:
                    raise Unavailable("The work on tables broke off.", rule="tables.process")
                return real.recompute(asked, allowance)

        fails = settings.pop("fails", ())
        return computed, replace(workshop, recomputer=Slow(), settings=replace(workshop.settings, **settings))

    def outcomes(self, workshop, cases, count=4):
        names = ("a.csv", "b.csv", "c.csv", "d.csv", "e.csv")[:count]
        request = asked(workshop, *(rr.table(cases, "region", "year").save(Path(name)) for name in names))
        requests.withdraw(workshop, "ada", request.number)
        assert request.status is RequestStatus.IN_REVIEW, "what was not computed again holds nothing up"
        return request.files, [file.recomputed.outcome for file in request.files]

    @pytest.fixture(autouse=True)
    def here(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def test_tables_beyond_it_are_not_computed_and_say_so(self, workshop, cases):
        computed, slow = self.slowly(workshop)
        files, found = self.outcomes(slow, cases)
        assert found == [Outcome.VERIFIED, Outcome.VERIFIED, Outcome.TIME_USED, Outcome.TIME_USED]
        assert len(computed) == 2, "two take eighty seconds of sixty"
        assert [file.assurance for file in files[2:]] == [Assurance.EVIDENCED] * 2
        assert not [one for file in files[2:] for one in file.findings if one.rule.startswith("recomputed")]
        assert came_about(files[2]).endswith("Not verified: the time for this request was used up by its other "
                                             "tables. Sent in a smaller request, it is computed again.")

    def test_what_broke_off_has_taken_its_time_too(self, workshop, cases):
        computed, slow = self.slowly(workshop, fails=(1, 2))
        _, found = self.outcomes(slow, cases)
        assert found == [Outcome.BROKE_OFF] * 2 + [Outcome.TIME_USED] * 2 and len(computed) == 2

    @pytest.mark.parametrize(("seconds", "verified"), [(0, 0), (1, 1), (121, 4)])
    def test_how_long_is_a_setting(self, workshop, cases, seconds, verified):
        computed, slow = self.slowly(workshop, recomputing_seconds=seconds)
        _, found = self.outcomes(slow, cases)
        assert found == [Outcome.VERIFIED] * verified + [Outcome.TIME_USED] * (4 - verified)
        assert len(computed) == verified

    def test_every_request_has_its_own(self, workshop, cases):
        _, slow = self.slowly(workshop, recomputing_seconds=1)
        assert self.outcomes(slow, cases, 1)[1] == self.outcomes(slow, cases, 1)[1] == [Outcome.VERIFIED]


def test_the_table_of_the_welcome_notebook(tmp_path, monkeypatch):
    """Its own cells, on the demonstration's data as they are registered."""
    monkeypatch.setenv("READINGROOM_DATA", str(tmp_path / "mounted"))
    registered = HERE / "policies" / "datasets" / "magistrates-courts.yaml"
    dataset = parse_dataset(registered.read_text(), registered.name)[0]
    workshop = world.make(tmp_path, dataset=dataset, tables=generate(3000, seed=1)[dataset.slug], granted={
        table.name: tuple(column.name for column in table.columns if not column.sensitive) for table in dataset.tables})
    notebook = json.loads((HERE / "images" / "notebook" / "welcome.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    known = {"rr": rr}
    for wanted in ('rr.load("magistrates-courts"', "by_region = ", "risky = ", "safe = "):
        code = next(cell for cell in cells if wanted in cell)
        exec(code, known)
    assert one_of(workshop, known["by_region"]).assurance is Assurance.VERIFIED
    joined = one_of(workshop, known["safe"])
    assert (joined.assurance, joined.recomputed.outcome) == (Assurance.EVIDENCED, Outcome.NO_RECIPE)


def outcome(workshop, output, **more):
    file = one_of(workshop, output, **more)
    assert file.assurance is not Assurance.VERIFIED
    return file.recomputed and file.recomputed.outcome


def edited(change):
    """The evidence changed on its way; the file too, where it shows the number."""
    def do(upload):
        said = copy.deepcopy(upload.evidence)
        change(said)
        return replace(upload, evidence=said)
    return do


class TestNotVerified:
    def test_a_number_of_the_evidence_that_is_not_so(self, workshop, cases):
        def lie(said):
            said["cells"][0]["people"] -= 1
            said["cells"][0]["records"] -= 1
        file = one_of(workshop, rr.table(cases, "region", "year"), change=edited(lie))
        assert (file.assurance, file.recomputed.outcome) == (Assurance.EVIDENCED, Outcome.DIFFERS)
        finding = next(one for one in file.findings if one.rule == "recomputed.differs")
        assert finding.verdict is Verdict.REVIEW and finding.cells[0].row == ("North East",)
        told = {one.field: (one.said, one.found) for one in file.recomputed.differences}
        said, found = told["people"]
        assert found == said + 1 and str(found) not in finding.message

    def test_a_number_of_the_file_that_is_not_so(self, workshop, cases):
        def lie(upload):
            return replace(upload, content=upload.content.replace(b"\nLondon,", b"\nLondon,1"))
        file = one_of(workshop, rr.table(cases, "region", "year"), change=lie)
        assert (file.assurance, file.recomputed.outcome, file.verdict) == (
            Assurance.EVIDENCED, Outcome.OTHER_FILE, Verdict.FAIL)

    @pytest.mark.parametrize("smuggle", [
        lambda text: text.replace(b"\n", b"\r\n"), lambda text: text + b"Jane Doe has it,,,\n",
        lambda text: text.replace(b"region", b"Jane Doe"), lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"London", b"London "), lambda text: text.replace(b"London", b'"London"'),
        lambda text: b"\n".join([(lines := text.split(b"\n"))[0], *reversed(lines[1:-1]), b""]),
        lambda text: text + b"\n"])
    def test_a_file_that_says_more_than_the_table(self, workshop, cases, smuggle):
        def change(upload):
            return replace(upload, content=smuggle(upload.content))
        assert outcome(workshop, rr.table(cases, "region", "year"), change=change) is Outcome.OTHER_FILE

    def test_what_was_prepared_in_the_notebook(self, workshop, cases):
        cases["old"] = cases["year"] < 2020
        for table in (rr.table(cases, "old"), rr.table(cases[cases["year"] > 2019], "region"),
                      rr.table(cases, "region", unit="case_id"), rr.table(cases.head(400), "region")):
            file = one_of(workshop, table)
            assert (file.assurance, file.recomputed.outcome) in (
                (Assurance.EVIDENCED, Outcome.NO_RECIPE), (Assurance.EVIDENCED, Outcome.OTHER_UNIT))
            assert not [finding for finding in file.findings if finding.rule.startswith("recomputed")]

    def test_a_picture(self, workshop, cases):
        drawn = rr.bar(rr.table(cases, "region", "year"))
        assert outcome(workshop, drawn.save(workshop.settings.state_dir / "bars.png")) is Outcome.PICTURE

    def test_noise_of_a_key_that_the_platform_has_not(self, workshop, cases):
        table = rr.table(cases, "region").perturb(2, key="a secret of my own!")
        assert outcome(workshop, table) is Outcome.OWN_NOISE

    def test_noise_that_is_not_the_keys(self, workshop, cases):
        def lie(said):
            cell = said["cells"][0]
            cell["shown"] += 1 if cell["shown"] <= cell["people"] else -1
        assert outcome(workshop, rr.table(cases, "region").perturb(2), change=edited(lie)) is Outcome.DIFFERS

    def test_columns_and_rows_that_are_not_granted_any_more(self, own):
        table = rr.table(loaded(), "region", "year").output()
        with own.store.transaction() as tx:
            grant = tx.grants.of_project("returns")[0]
            tx.grants.save(replace(grant, columns={"cases": ("person_id", "region")}))
        assert outcome(own, table) is Outcome.NOT_GRANTED
        with own.store.transaction() as tx:
            tx.grants.save(replace(grant, row_filter={"cases": "year = 2019"}))
        assert outcome(own, table) is Outcome.DIFFERS

    def test_a_version_that_is_gone_or_was_never_theirs(self, own):
        table = rr.table(loaded(), "region").output()
        never = own.vault.add("courts", {"cases": world.rows(seed=9)})
        for version in (never, "0" * 16, "../../etc"):
            change = edited(lambda said, version=version: said["source"].update(version=version))
            assert outcome(own, table, change=change) is Outcome.VERSION
        shutil.rmtree(own.settings.state_dir / "vault" / "courts" / table.evidence["source"]["version"])
        assert outcome(own, table) is Outcome.VERSION

    @pytest.mark.parametrize(("source", "expected"), [
        ({"dataset": "schools"}, Outcome.NOT_GRANTED), ({"table": "people"}, Outcome.NOT_GRANTED),
        ({"dataset": "courts_twin"}, Outcome.NOT_GRANTED)])
    def test_data_of_others(self, workshop, cases, source, expected):
        change = edited(lambda said: said["source"].update(source))
        assert outcome(workshop, rr.table(cases, "region"), change=change) is expected

    @pytest.mark.parametrize("where", [
        "1 = 1 OR region IN (SELECT region FROM read_csv('/etc/passwd'))", "secret = 'secret-1'",
        "region = 'x'; COPY data TO '/tmp/out.csv'", "getenv('HOME') = 'x'", "year = (SELECT 1)", "cases.secret = 'x'",
        "read_text('/etc/passwd') = 'x'", "list_sum(range(100000000)) > 1"])
    def test_hostile_conditions_reach_nothing(self, workshop, cases, where):
        change = edited(lambda said: said["recipe"].update(where=where))
        assert outcome(workshop, rr.table(cases, "region"), change=change) is Outcome.NO_FIT

    def test_a_column_that_was_not_granted_is_never_read(self, workshop, cases, monkeypatch):
        read = []
        real = type(workshop.vault).read
        monkeypatch.setattr(type(workshop.vault), "read",
                            lambda self, *args: read.append(list(args[-1])) or real(self, *args))
        for change in ({"rows": ["secret"]}, {"statistics": [{"statistic": "mode", "value": "secret"}]},
                       {"weight": "secret"}, {"columns": ["secret"]}):
            asks = edited(lambda said, change=change: said["recipe"].update(change))
            found = outcome(workshop, rr.table(cases, "region"), change=asks)
            assert found is Outcome.NOT_GRANTED
        assert all("secret" not in columns for columns in read)

    @pytest.mark.parametrize("change", [
        {"rows": ["case_id"], "columns": ["year"]}, {"statistics": [{"statistic": "mean", "value": "region"}]},
        {"bands": {"region": [0, 1]}}, {"merge": {"region": {"N": ["Atlantis"]}}}, {"rows": ["nothing"]},
        {"statistics": [{"statistic": "top_mean", "value": "fine", "entities": 10**18}]},
        {"statistics": [{"statistic": "count"}, {"statistic": "records"}]}, {"unit": "case_id"}, {"unit": None}])
    def test_recipes_of_something_else(self, workshop, cases, change):
        found = outcome(workshop, rr.table(cases, "region"), change=edited(lambda said: said["recipe"].update(change)))
        assert found in (Outcome.DIFFERS, Outcome.NO_FIT, Outcome.NOT_GRANTED, Outcome.SEVERAL, Outcome.OTHER_UNIT,
                         Outcome.BROKE_OFF)

    @pytest.mark.parametrize("recipe", [
        [], "count", {"statistic": "count", "rows": ["region"], "more": 1}, {"rows": [{"a": 1}], "statistic": "count"},
        {"statistic": "count", "where": "x" * 3000}, {"statistic": "count", "rows": ["region"],
                                                     "merge": {"region": {"N": ["x" * 70_000]}}}])
    def test_a_recipe_that_is_none_is_refused_by_name(self, workshop, cases, recipe):
        change = edited(lambda said: said.update(recipe=recipe))
        file = one_of(workshop, rr.table(cases, "region"), change=change)
        assert file.verdict is Verdict.FAIL and file.recomputed is None
        assert "evidence.recipe" in file.findings[0].message

    def test_a_recomputer_that_breaks_is_no_verdict(self, workshop, cases):
        class Broken:
            def recompute(self, asked, allowance):
                raise OSError("disk")
        assert outcome(replace(workshop, recomputer=Broken()), rr.table(cases, "region")) is Outcome.BROKE_OFF


def returned_after_approvals(workshop, output):
    """A request of two files, one approved by both checkers, returned because of the other."""
    request = asked(workshop, output, rr.table(loaded(), "year").save(workshop.settings.state_dir / "by-year.csv"))
    for checker in ("freya", "imran"):
        votes = [Vote(request.files[0].id, Decision.APPROVE, "Far above ten."),
                 Vote(request.files[1].id, Decision.CHANGE, "Please leave out 2019.")]
        requests.review(workshop, checker, request.number, votes)
    requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "See the comments.")
    return request


def again(workshop, number, *outputs, room=None):
    made = [rr._outputs.as_output(one, place) for place, one in enumerate(outputs, start=1)]
    requests.resubmit(workshop, "ada", number, [
        world.Upload(one.name, one.content, world.CONTEXT, one.controls, one.evidence) for one in made])
    return checked(room or workshop, number)


def mean_table(workshop):
    return rr.table(loaded(), "region", value="days", statistic="mean").save(workshop.settings.state_dir / "mean.csv")


def carried(request):
    """Who approves that table, which is verified, in the round that it is in now."""
    kept = next(file for file in request.files if file.name == "mean.csv")
    assert kept.assurance is Assurance.VERIFIED
    return {one.checker for one in approvals(request, kept)}


class TestRounds:
    def test_an_unchanged_file_keeps_its_approvals(self, own):
        table = mean_table(own)
        request = returned_after_approvals(own, table)
        now = again(own, request.number, table, rr.table(loaded(), "year", where="year > 2019"))
        assert carried(now) == {"freya", "imran"}

    def test_so_does_one_that_goes_along_as_it_is(self, own):
        table = mean_table(own)
        request = returned_after_approvals(own, table)
        other = rr.table(loaded(), "year", where="year > 2019").output()
        requests.resubmit(own, "ada", request.number, keep=["mean.csv"], uploads=[
            world.Upload(other.name, other.content, world.CONTEXT, "", other.evidence)])
        now = checked(own, request.number)
        assert carried(now) == {"freya", "imran"}

    def test_what_was_approved_as_verified_is_not_as_a_claim(self, own):
        table = mean_table(own)
        request = returned_after_approvals(own, table)
        now = again(own, request.number, table, room=replace(own, recomputer=None))
        assert now.files[0].assurance is Assurance.EVIDENCED and approvals(now, now.files[0]) == ()


def test_a_worker_killed_while_it_recomputes_takes_up_again(own):
    output = rr.table(loaded(), "region", "year").output()
    number = requests.submit(own, "ada", "returns", "Cases", "A paper", [
        world.Upload(output.name, output.content, world.CONTEXT, "", output.evidence)]).number
    own.store.engine.dispose()

    def whole():
        file = requests.get(own, "ada", number).request.files[0]
        assert (file.verdict is None) == (file.recomputed is None) == (file.assurance is Assurance.EVIDENCED)

    at_every_statement(own, lambda room: checked(room, number), whole)
    with own.store.reading() as tx:
        events = [one for one in tx.events.of_subject(f"request:{number}") if one.action == "file.checked"]
    assert [one.detail["recomputed"]["outcome"] for one in events] == ["verified"]
