"""The SDK against a portal that speaks the contract: a real server on a Unix socket, real extracts on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse

import readingroom.sdk as rr
from readingroom.core.disclosure import check_output
from readingroom.core.policy import Policy
from readingroom.core.policy.dataset_files import parse_dataset
from readingroom.core.privacy import accounting, pricing, queries
from readingroom.demo import generate
from readingroom.errors import BudgetExceeded, InvalidInput, NotFound, PermissionDenied, Unavailable
from readingroom.storage.extract_making import describe
from readingroom.web import faults
from readingroom.web.api.workspace import rules

HERE = Path(__file__).parents[2]
API, TOKEN, TOTAL = "/services/portal/api/v1", "t0ken", 20_000
POLICY = Policy(
    threshold=10, threshold_inclusive=False, zeros_disclosive=True, dominance=frozenset({(2, 90.0)}), p_percent=10,
    residual_degrees_of_freedom=10, output_types=frozenset({"csv", "png", "txt"}), max_file_bytes=1_000_000,
    max_table_rows=5000, max_files=5)


class Portal:
    """The portal as far as a workspace sees it."""

    def __init__(self, data: Path, dataset) -> None:
        self.described = json.loads((data / dataset.slug / "dataset.json").read_text())
        self.dataset, self.spent, self.answers, self.requests = dataset, 0, {}, []
        self.app = FastAPI()
        faults.install(self.app)
        self.app.middleware("http")(self._known)
        for method, path, function in (
            ("GET", "/workspace", self.workspace), ("POST", "/private/price", self.price),
            ("POST", "/private/answers", self.ask), ("GET", "/private/answers/{number}", self.answer),
            ("POST", "/requests", self.submit), ("GET", "/requests", self.mine),
            ("GET", "/requests/{number}", self.one), ("GET", "/incoming", self.incoming),
        ):
            self.app.add_api_route(API + path, function, methods=[method], response_model=None)

    async def _known(self, request: Request, following):
        if request.headers.get("authorization") != f"token {TOKEN}":
            refused = PermissionDenied("No workspace token was sent.", rule="api.token", next_step="Use a workspace.")
            return JSONResponse(refused.as_dict() | {"error": "TokenMissing"}, status_code=401)
        return await following(request)

    async def workspace(self):
        budget = {"total_micro_rho": TOTAL, "spent_micro_rho": self.spent, "remaining_micro_rho": TOTAL - self.spent,
                  "epsilon_total": accounting.epsilon(TOTAL), "epsilon_spent": accounting.epsilon(self.spent),
                  "delta": 1e-7}
        return {"person": {"username": "ada", "display_name": "Ada Marsh"},
                "project": {"slug": "returning", "title": "Returning <b>", "expires_on": "2027-11-24"},
                "datasets": [self.described | {"budget": budget}], "rules": rules(POLICY)}

    def _quoted(self, body):
        query = queries.parse_query(body["query"], self.dataset)
        return query, queries.canonical(query), pricing.price(query, self.dataset.table(query.table))

    async def price(self, request: Request):
        _, key, quoted = self._quoted(await request.json())
        known = key in self.answers
        return {"cost_micro_rho": 0 if known else quoted.cost_micro_rho, "cost_epsilon": quoted.cost_epsilon,
                "delta": quoted.delta, "remaining_micro_rho": TOTAL - self.spent, "refusal": "",
                "accuracy": quoted.accuracy.as_dict(), "already_answered": known}

    async def ask(self, request: Request):
        query, key, quoted = self._quoted(await request.json())
        if key in self.answers:
            return self.answers[key] | {"charged_micro_rho": 0}
        cost = quoted.cost_micro_rho
        if self.spent + cost > TOTAL:
            raise BudgetExceeded(f"{cost} is more than the {TOTAL - self.spent} left.", rule="budget.project",
                                 value=cost, next_step="Ask for a larger budget.")
        self.spent += cost
        keys = [cell[0] for cell in query.cells] if query.by else ()
        answer = {"statistic": query.statistic, "value": None if keys else 1987, "half_width_95": 12.0,
                  "epsilon": quoted.cost_epsilon, "delta": quoted.delta,
                  "rows": [{"key": k, "label": str(k), "value": 100, "half_width_95": 12.0} for k in keys],
                  "statement": "People with noise <&>."}
        number = len(self.answers) + 1
        self.answers[key] = {"id": number, "status": "answered", "answer": answer, "paid": cost}
        return JSONResponse({"id": number, "status": "reserved", "charged_micro_rho": cost}, status_code=202)

    async def answer(self, number: int):
        found = next(known for known in self.answers.values() if known["id"] == number)
        return found | {"charged_micro_rho": found["paid"]}

    async def submit(self, request: Request):
        form = await request.form()
        said = json.loads(form["request"])
        sent = {part.filename: await part.read() for part in form.getlist("files")}
        assert set(sent) == {file["name"] for file in said["files"]}
        files = []
        for file in said["files"]:
            result = check_output(file["name"], sent[file["name"]], file["evidence"], POLICY)
            files.append({"name": file["name"], "sha256": hashlib.sha256(sent[file["name"]]).hexdigest(),
                          "verdict": result.verdict.word, "findings": [found.as_dict() for found in result.findings]})
        number = len(self.requests) + 1
        self.requests.append({"number": number, "title": said["title"], "status": "in-review", "round": 1,
                              "submitted_at": "2026-11-24T09:00:00+00:00", "url": f"/services/portal/requests/{number}",
                              "files": files, "comments": [], "place_in_queue": 1, "said": said})
        return JSONResponse({"number": number, "status": "submitted", "url": "", "files": []}, status_code=201)

    async def mine(self):
        return [{k: one[k] for k in ("number", "title", "status", "url", "submitted_at")}
                for one in reversed(self.requests)]

    async def incoming(self):
        return [{"number": 7, "title": "Groups <b>", "author": "ada", "folder": "/project/incoming/7",
                 "delivered_at": "2026-11-24T09:00:00+00:00", "url": "/services/portal/requests/7", "files": [
                     {"name": "groups.py", "kind": "code", "size_bytes": 3, "sha256": "0" * 64, "purpose": "Groups.",
                      "source": "me", "licence": "MIT"}]}]

    async def one(self, number: int):
        if not 0 < number <= len(self.requests):
            raise NotFound("none")
        return self.requests[number - 1]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Extracts of 2,000 synthetic people, as a workspace mounts them."""
    root = tmp_path_factory.mktemp("data")
    for slug, tables in generate(2000, seed=1).items():
        dataset = registered(slug)
        (root / slug).mkdir()
        columns = {table.name: tuple(column.name for column in table.columns if not column.sensitive)
                   for table in dataset.tables}
        for name, rows in tables.items():
            pq.write_table(rows.select(list(columns[name])), root / slug / f"{name}.parquet")
        (root / slug / "dataset.json").write_text(json.dumps(describe(dataset, "2026-11", columns)))
    return root


def registered(slug: str):
    path = HERE / "policies" / "datasets" / f"{slug}.yaml"
    return parse_dataset(path.read_text(), path.name)[0]


@pytest.fixture
def portal(data, tmp_path, monkeypatch):
    portal = Portal(data, registered("magistrates-courts"))
    socket = tmp_path / "door.sock"
    server = uvicorn.Server(uvicorn.Config(portal.app, uds=str(socket), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    for name, value in (("READINGROOM_DOOR", socket), ("JUPYTERHUB_API_TOKEN", TOKEN), ("READINGROOM_DATA", data)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    yield portal
    server.should_exit = True
    thread.join(10)


def by_region() -> rr.Table:
    return rr.table(rr.load("magistrates-courts", "defendants"), "region", "sex")


def test_loading_labels_codes_and_remembers_whose_rows_they_are(portal):
    assert [dataset.slug for dataset in rr.datasets()] == ["magistrates-courts", "school-history"]
    assert rr.datasets()[0].tables[0].name == "defendants"
    frame = rr.load("magistrates-courts", "defendants")
    assert frame.attrs == {"dataset": "magistrates-courts", "version": "2026-11", "table": "defendants",
                           "privacy_unit": "person_id"}
    assert list(frame["sex"].cat.categories) == ["Female", "Male"]
    described = rr.datasets()[0].table("defendants").column("region").codes
    assert frame["region"].cat.ordered and list(frame["region"].cat.categories) == list(described.values())
    assert set(rr.load("magistrates-courts", "cases")["sent_to_crown"].cat.categories) == {"No", "Yes"}
    assert set(rr.load("magistrates-courts", "defendants", labels=False)["sex"].dropna()) == {"F", "M"}
    with pytest.raises(NotFound):
        rr.load("magistrates-courts", "judges")


def test_the_rules_of_the_project_decide(portal):
    checked = rr.preflight(by_region())
    assert checked.passed and checked.rules_known
    few = rr.load("magistrates-courts", "defendants").head(60)
    assert not rr.table(few, "region", "sex").check().passed


def test_a_saved_table_keeps_its_evidence_until_it_is_edited(portal):
    by_region().save("table.csv")
    assert rr.preflight("table.csv").passed
    with Path("table.csv").open("a") as file:
        file.write("Nowhere,100,200\n")
    assert not rr.preflight("table.csv").passed


def test_evidence_outlives_the_kernel(portal):
    by_region().save("table.csv")
    another = "import readingroom.sdk as rr; print(rr.preflight('table.csv').verdict.name)"

    def restarted() -> str:
        return subprocess.run([sys.executable, "-c", another], check=True, capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(HERE / "src")}).stdout.strip()

    assert restarted() == "PASS"
    evidence = Path("table.csv.evidence.json")
    assert json.loads(evidence.read_text())["sha256"] == hashlib.sha256(Path("table.csv").read_bytes()).hexdigest()
    with pytest.raises(InvalidInput) as refusal:
        rr.preflight(evidence)
    assert refusal.value.rule == "output.evidence"
    request = rr.request_release("Title", "Purpose", [("table.csv", "Distinct defendants by region and sex.")])
    assert request.files[0].verdict == "pass"
    evidence.write_text("{")
    assert not rr.preflight("table.csv").passed


def test_answers_are_paid_once_and_end_with_the_budget(portal):
    dataset = rr.datasets()[0]
    ask = ("count", dataset.slug, dataset.tables[0].name)
    assert rr.dp.price(*ask, rho=0.0011).cost_micro_rho == 1100
    first = rr.dp.count(*ask[1:], rho=0.0011)
    again = rr.dp.count(*ask[1:], rho=0.0011)
    assert (first.value, first.charged_micro_rho, again.value, again.charged_micro_rho) == (1987, 1100, 1987, 0)
    assert rr.dp.price(*ask, rho=0.0011).already_answered
    assert "&lt;&amp;&gt;" in first._repr_html_()
    assert rr.dp.budget()[0].spent_micro_rho == 1100
    with pytest.raises(BudgetExceeded) as refusal:
        rr.dp.count(*ask[1:], rho=0.019)
    assert refusal.value.rule == "budget.project" and refusal.value.next_step == "Ask for a larger budget."


def test_histograms_and_means_are_asked_in_the_grammar(portal):
    regions = rr.dp.histogram("magistrates-courts", "defendants", "region", epsilon=0.2,
                                   where=[{"column": "sex", "op": "==", "value": "F"}])
    assert 0 < regions.charged_micro_rho == accounting.rho_micro_for(0.2)
    assert list(regions.frame["key"])[:2] == ["NE", "NW"] and regions.value is None
    ages = rr.dp.histogram("magistrates-courts", "defendants", "birth_year", edges=[1920, 1980, 2010], rho=0.001)
    assert len(ages.frame) == 3
    assert rr.dp.mean("magistrates-courts", "defendants", "cases", upper=20, rho=0.002).value == 1987
    with pytest.raises(InvalidInput) as refusal:
        rr.dp.mean("magistrates-courts", "defendants", "sex", rho=0.002)
    assert refusal.value.rule == "query-column"
    with pytest.raises(InvalidInput) as refusal:
        rr.dp.count("magistrates-courts", "defendants")
    assert refusal.value.rule == "private.spend"


def test_labels_mean_their_codes(portal):
    ask = ("magistrates-courts", "defendants")
    by_code = rr.dp.count(*ask, rho=0.001, where=[{"column": "sex", "op": "==", "value": "F"}])
    by_label = rr.dp.count(*ask, rho=0.001, where=[{"column": "sex", "op": "==", "value": "Female"}])
    assert (by_code.charged_micro_rho, by_label.charged_micro_rho, by_code.id) == (1000, 0, by_label.id)
    frame = rr.load(*ask)
    regions = frame["region"].cat.categories[:2]
    oldest = frame["birth_year"].min()  # of numpy's types, as researchers have them
    where = [{"column": "region", "in": regions}, {"column": "birth_year", "op": ">", "value": oldest}]
    assert rr.dp.count(*ask, rho=0.001, where=where).value == 1987
    two = rr.dp.histogram(*ask, "region", rho=0.001, categories=[regions[0], "NW"])
    assert list(two.frame["key"]) == ["NE", "NW", "missing"]
    with pytest.raises(InvalidInput) as refusal:
        rr.dp.count(*ask, rho=0.001, where=[{"column": "sex", "op": "==", "value": "Neither"}])
    assert refusal.value.rule == "query-value"
    with pytest.raises(InvalidInput) as refusal:
        rr.dp.count(*ask, rho=0.001, where=[("sex", "==", "F")])
    assert refusal.value.rule == "private.where"


def test_the_price_is_said_before_it_is_paid(portal, capsys, monkeypatch):
    spent = []
    monkeypatch.setattr("readingroom.sdk._line.Line.show", lambda line, words: spent.append((words, portal.spent)))
    rr.dp.count("magistrates-courts", "defendants", rho=0.0011)
    (words, before), *_ = spent
    assert words.startswith("Costs 0.0011 of the 0.02 rho left (epsilon ") and before == 0
    assert portal.spent == 1100 and capsys.readouterr().out == ""


def test_an_answer_shows_number_error_loss_and_cost(portal):
    first = rr.dp.count("magistrates-courts", "defendants", rho=0.0011)
    loss = f"{accounting.epsilon(1100):.3g}"
    assert repr(first) == f"people: 1,987, ±12 in 95% of answers, epsilon {loss}. This call cost 0.0011 rho."
    for said in ("1,987", "±12", loss, "This call cost 0.0011 rho"):
        assert said in first._repr_html_()
    again = rr.dp.count("magistrates-courts", "defendants", rho=0.0011)
    assert "cost nothing" in again._repr_html_() and "cost nothing" in repr(again)
    assert first.frame[["value", "low", "high"]].values.tolist() == [[1987, 1975, 1999]]
    regions = rr.dp.histogram("magistrates-courts", "defendants", "region", rho=0.0011)
    assert list(regions.frame.columns) == ["key", "label", "value", "half_width_95", "low", "high"]
    assert "low" in regions._repr_html_() and loss in repr(regions)


def test_an_answer_that_does_not_come_is_no_endless_wait(portal, monkeypatch):
    monkeypatch.setattr("readingroom.sdk._dp.asking.WAIT_SECONDS", -1.0)
    with pytest.raises(Unavailable) as refusal:
        rr.dp.count("magistrates-courts", "defendants", rho=0.001)
    assert "costs nothing" in refusal.value.next_step


def test_a_request_without_context_never_leaves(portal):
    with pytest.raises(InvalidInput) as refusal:
        rr.request_release("Title", "Purpose", [by_region()])
    assert refusal.value.rule == "request.context"
    assert portal.requests == []


def test_a_request_carries_each_outputs_own_context_and_evidence(portal):
    saved = by_region().save("by-region.csv", context="Distinct defendants by region and sex.", controls="None.")
    Path("notes.txt").write_text("Made in 2026.")
    asked = rr.request_release("First", "For the paper.", [saved, ("notes.txt", "How the table was made, in words.")])
    assert (asked.number, asked.status, asked.active) == (1, "in-review", True)
    assert [file.verdict for file in asked.files] == ["pass", "review"]
    assert asked.findings[0]["file"] == "notes.txt" and asked.url.endswith("/requests/1")
    table, notes = portal.requests[0]["said"]["files"]
    assert table["evidence"]["cells"] and table["controls"] == "None."
    assert notes["evidence"] is None and notes["context"].startswith("How the table")
    rr.request_release("Second", "For the paper.", saved)
    assert [known.number for known in rr.requests()] == [2, 1]
    assert asked.refresh() == rr.request(1)
    portal.requests[0]["comments"] = [{"file": "by-region.csv", "comment": "<b>why?</b>"}]
    assert "&lt;b&gt;why?" in asked.refresh()._repr_html_()


def test_a_group_says_once_what_holds_for_its_outputs(portal):
    Path("notes.txt").write_text("Made in 2026.")
    Path("make.py").write_text("print(1)")
    group = rr.Group("By region", [by_region().save("by-region.csv")], context="Distinct defendants by region and sex.",
                     controls="None.", supporting="notes.txt", code=["make.py"])
    rr.request_release("Grouped", "For the paper.", group)
    said = portal.requests[0]["said"]
    assert [(file["name"], file["kind"], file["group"]) for file in said["files"]] == [
        ("by-region.csv", "output", "By region"), ("notes.txt", "supporting", "By region"),
        ("make.py", "code", "By region")]
    assert said["groups"] == [{"name": "By region", "context": "Distinct defendants by region and sex.",
                               "controls": "None."}]


@pytest.mark.parametrize(("groups", "rule"), [
    ([rr.Group("A", [], context="Distinct defendants by region and sex.")], "request.outputs"),
    ([rr.Group("A", "t.txt", context="short")], "request.group-context"),
    ([rr.Group("A", "t.txt", context="Distinct defendants by region and sex."),
      rr.Group("a", "u.txt", context="Distinct defendants by region and sex.")], "request.group-name"),
    ([rr.Group("A", code="t.txt", context="Distinct defendants by region and sex.")], "request.outputs"),
])
def test_a_bad_group_never_leaves(portal, groups, rule):
    Path("t.txt").write_text("One.")
    Path("u.txt").write_text("Two.")
    with pytest.raises(InvalidInput) as refusal:
        rr.request_release("Title", "Purpose", groups)
    assert refusal.value.rule == rule and portal.requests == []


def test_what_arrived_is_listed_with_where_it_is(portal):
    (one,) = rr.incoming()
    assert (one.number, one.files[0].path, one.files[0].licence) == (7, Path("/project/incoming/7/groups.py"), "MIT")
    assert "Groups &lt;b&gt;" in one._repr_html_() and "/project/incoming/7" in one._repr_html_()


def test_refusals_keep_their_class_rule_and_next_step(portal, monkeypatch):
    with pytest.raises(NotFound):
        rr.request(99)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "another")
    with pytest.raises(PermissionDenied) as refusal:
        rr.workspace()
    assert (refusal.value.rule, refusal.value.next_step) == ("api.token", "Use a workspace.")


@pytest.mark.parametrize(("status", "error"), [
    (401, PermissionDenied), (403, PermissionDenied), (404, NotFound), (413, InvalidInput), (429, Unavailable),
    (500, Unavailable), (502, Unavailable), (503, Unavailable), (504, Unavailable), (418, Unavailable)])
def test_a_refusal_that_is_a_page_still_says_what_to_do(portal, status, error):
    portal.app.add_api_route(f"{API}/page", lambda: HTMLResponse("<h1>Bad <b>gateway</b></h1>", status))
    with pytest.raises(error) as refusal:
        rr._door.get("/page")
    assert refusal.value.next_step and refusal.value.value == f"status {status}"
    assert "<" not in str(refusal.value)


def test_an_answer_that_is_a_page_still_says_what_to_do(portal):
    portal.app.add_api_route(f"{API}/page", lambda: HTMLResponse("<h1>Welcome</h1>"))
    with pytest.raises(Unavailable) as refusal:
        rr._door.get("/page")
    assert refusal.value.rule == "door.answer" and refusal.value.next_step


def test_without_a_portal_the_message_says_what_to_do(data, monkeypatch, tmp_path):
    monkeypatch.setenv("READINGROOM_DOOR", str(tmp_path / "nothing.sock"))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    with pytest.raises(Unavailable) as refusal:
        rr.workspace()
    assert "Try again" in refusal.value.next_step


def test_the_workspace_shows_who_where_and_what_is_left(portal):
    here = rr.workspace()
    assert "0.02 of 0.02 rho left" in repr(here)
    assert "Returning &lt;b&gt;" in here._repr_html_() and "synthetic" in here._repr_html_()


class Drawn:
    """Stands in for a figure where no drawing library is installed."""

    def savefig(self, out: io.BytesIO, **_: object) -> None:
        from PIL import Image

        Image.new("RGB", (40, 30), "white").save(out, format="PNG")


def test_a_figure_is_checked_by_its_table(portal):
    figure = rr.figure(Drawn(), underlying=by_region())
    assert rr.preflight(figure).passed
    figure.save("figure.png")
    assert rr.preflight("figure.png").passed
    few = rr.table(rr.load("magistrates-courts", "defendants").head(60), "region", "sex")
    assert not rr.preflight(rr.figure(Drawn(), underlying=few)).passed
    with pytest.raises(InvalidInput):
        figure.save("figure.pdf")


NOTEBOOK = HERE / "images" / "notebook" / "welcome.ipynb"


def test_the_welcome_notebook_is_valid_and_has_no_outputs():
    import nbformat

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def test_the_welcome_notebook_runs_from_top_to_bottom_and_again(portal, data, monkeypatch):
    """Only the drawing is replaced."""
    monkeypatch.setattr(rr, "plot_bar", lambda table, **_: rr.figure(Drawn(), table))
    notebook = json.loads(NOTEBOOK.read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = [re.sub(r"^regions\.plot\(\)$", "regions.frame", cell, flags=re.M).replace('"/data/', f'"{data}/')
            for cell in cells]
    for _ in range(2):
        space: dict[str, object] = {}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            for cell in code:
                exec(compile(cell, "welcome.ipynb", "exec"), space)
    assert "True charged: 0" in printed.getvalue()
    assert not space["risky"].check().passed and space["safe"].check().passed
    assert rr.preflight(space["by_region"], space["bars"]).passed
    assert len(portal.requests) == 1 and portal.spent == 6000
    assert [file["verdict"] for file in portal.requests[0]["files"]] == ["pass", "pass"]
