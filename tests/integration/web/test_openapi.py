"""The JSON API is what its OpenAPI document says, for everyone who could call it.

Schemathesis draws requests from the document, some as it asks for them and some not, and holds each answer against
it: status, media type and form. What it can't guess (a question that has an answer) is asked for in `SENSIBLE`.
"""

from __future__ import annotations

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from readingroom.core.packages import Ecosystem
from readingroom.services import packages, private_answers
from tests.integration.test_packages import source, wheel
from tests.integration.web.world import API, BASE, CONTEXT, World, safe_uploads
from tests.private_figures import settle

METHODS = {"get", "post", "put", "delete", "patch"}
PIP = Ecosystem.PIP
HOME, OTHER = "returning-defendants", "courts-and-schools"
QUESTION = {"dataset": "magistrates", "table": "defendants", "statistic": "count", "rho_micro": 200}
EXAMPLES = 20
SPEAKS = {("get", "/requests/2"): "bilal", ("post", "/requests"): "dara",
          ("post", "/requests/3/withdraw"): "dara"}  # for the rest it is ada


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """With one of everything that an operation may be about, so that each has something to answer."""
    world = World(tmp_path_factory.mktemp("openapi") / "state")
    world.returned(author="ada")
    world.released(author="bilal", uploads=safe_uploads())
    packages.add(world.room, HOME, [wheel(), source()], by="command line")
    world.wheel, world.source = sorted(packages.allowed(world.room, HOME), key=lambda one: one.ecosystem is not PIP)
    paid, _ = private_answers.ask(world.room, "ada", HOME, QUESTION | {"statistic": "histogram", "column": "sex"})
    settle(world.store, paid, world.room.policies.dataset("magistrates"), world.clock.now())
    world.answer, world.clock.time = paid.id, paid.deliver_at
    world.keep()
    yield world
    world.close()


@pytest.fixture(scope="module")
def api(site):
    load_all_checks()
    return schemathesis.openapi.from_asgi(f"{API}/openapi.json", site.app)


@pytest.fixture(scope="module")
def document(api):
    return api.raw_schema


def operations(document, below=API):
    """Those that workspaces call; what is done at the desk is tried in test_desk_api."""
    return [(method, path, described) for path, methods in document["paths"].items()
            for method, described in methods.items() if method in METHODS and path.startswith(below)]


def token(world, caller):
    """What each kind of caller sends as Authorization; nothing for those who have nothing."""
    kind, _, name = caller.partition(" ")
    made = {"workspace": lambda: world.hub.workspace_token(name or "ada", HOME if name != "chloe" else OTHER),
            "browser": lambda: world.hub.browser_token(name), "junk": lambda: "junk", "nothing": lambda: ""}[kind]()
    return {"Authorization": f"token {made}"} if made else {}


STRANGERS = ("nothing", "junk", "browser ada", "browser imran", "browser mercer", "browser robin", "browser olive")


class TestTheDocument:
    def test_it_is_complete(self, document):
        assert document["openapi"].startswith("3.1")
        names = [described["operationId"] for _, _, described in operations(document)]
        assert len(names) == len(set(names)) > 20
        for method, path, described in operations(document, BASE):
            if path.startswith(API):
                assert described["security"] == [{"workspaceToken": []}], (method, path)
            else:
                token = {"sessionToken": []} if method == "post" else {}
                assert described["security"] == [{"portalSession": []} | token], (method, path)
            assert described["summary"] and described["description"], (method, path)
            assert {"400", "401", "403", "404", "422"} <= set(described["responses"]), (method, path)
            declared = {given["name"] for given in described.get("parameters", ()) if given["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), (method, path)

    def test_every_schema_in_it_is_one(self, document):
        for schema in document["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)

    def test_every_json_answer_says_which_keys_it_has(self, document):
        """An answer that is any object at all would make the checks of its form say nothing."""
        for method, path, described in operations(document, BASE):
            for status, answer in described["responses"].items():
                form = answer.get("content", {}).get("application/json", {}).get("schema")
                if form is not None:
                    form = form.get("items", form)
                    if "$ref" in form:
                        form = document["components"]["schemas"][form["$ref"].rsplit("/", 1)[1]]
                    assert form["required"] and form["additionalProperties"] is False, (method, path, status)

    def test_every_reference_in_it_leads_somewhere(self, document):
        named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
        assert named and named <= set(document["components"]["schemas"])

    def test_every_body_has_an_example_that_is_one(self, document):
        for method, path, described in operations(document, BASE):
            for media in described.get("requestBody", {}).get("content", {}).values():
                form = media["schema"]
                if "properties" in form:
                    form = form["properties"]["request"]["contentSchema"]
                schema = {**form, "components": document["components"]}
                while "examples" not in form:
                    form = document["components"]["schemas"][form["$ref"].rsplit("/", 1)[1]]
                Draft202012Validator(schema).validate(form["examples"][0])
                assert form["description"], (method, path)

    def test_nothing_in_it_names_a_person_or_a_project(self, document):
        """The token alone says for whom and where: what cannot be named cannot be somebody else's."""
        bodies = {name for name in document["components"]["schemas"] if name in (
            "Answer", "Question", "OtherSpends", "Share", "Typed", "Wish")}
        assert len(bodies) == 6
        sent = {given["name"] for _, _, described in operations(document) for given in described.get("parameters", ())}
        sent |= {field for name in bodies for field in document["components"]["schemas"][name]["properties"]}
        assert not sent & {"person", "username", "author", "project", "slug", "as", "user"}, sent


class TestWhoMayCall:
    @pytest.mark.parametrize("caller", STRANGERS)
    def test_nothing_is_answered_without_a_workspaces_token(self, site, document, caller):
        """Checkers, custodians and administrators included: their tokens open pages, and their cookies nothing here."""
        clients = [site.stranger(), *([site.client(caller.split()[1])] if " " in caller else [])]
        for method, path, _ in operations(document):
            address = re.sub(r"{\w+}", "1", path)
            for client in clients:
                answer = client.request(method, address, headers=token(site, caller))
                assert answer.status_code in (401, 403), (method, path)
                assert set(answer.json()) == {"error", "message", "rule", "value", "next_step"}

    def test_a_token_is_for_its_own_project(self, site):
        """Numbers of another project's things are answered as if they did not exist."""
        answer, chloe = site.answer, site.workspace("chloe", OTHER)
        paths = ("/requests/1", f"/private/answers/{answer}", "/packages/cran/src/contrib/" + site.source.filename)
        for path in paths:
            assert site.workspace("ada").get(API + path).status_code == 200, path
            told = chloe.get(API + path)
            assert told.status_code == 404, path
            unheard = chloe.get(API + re.sub(r"[0-9]+$|[^/]+\.gz$", "987654", path))
            assert unheard.status_code == 404 and unheard.json()["message"] == told.json()["message"]
        assert chloe.post(f"{API}/private/answers/{answer}/release").status_code == 404
        assert chloe.get(f"{API}/project").json()["slug"] == OTHER
        for path in ("/requests", "/packages/list", "/packages/requests"):
            assert chloe.get(API + path).json() == [], path

    def test_a_token_is_for_its_own_person(self, site):
        """A member of the same project reads nothing that is another's own."""
        bilal = site.workspace("bilal")
        assert [one["number"] for one in bilal.get(f"{API}/requests").json()] == [2]
        assert bilal.get(f"{API}/person").json()["username"] == "bilal"
        told = {one["id"] for one in site.workspace("ada").get(f"{API}/notices").json()["notices"]}
        assert told and not told & {one["id"] for one in bilal.get(f"{API}/notices").json()["notices"]}
        assert bilal.post(f"{API}/notices/{min(told)}/read").json() == {"marked": 0}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("caller", ["workspace ada", "workspace chloe"])
def test_whatever_is_sent_is_answered_as_documented(site, api, caller, mode):
    """Nothing breaks; each answer has a documented status, media type and form; what is not as asked for is refused.

    That something is as the document asks for does not make it acceptable: 422 says which rule it broke.
    """
    tried = 0
    for found in api.get_all_operations():
        if found.ok().path.startswith(API):
            holds(site, found.ok(), caller, mode)
            tried += 1
    assert tried == len(operations(api.raw_schema))


def holds(site, operation, caller, mode):
    """Each change is tried on the records as they were, so that it finds something to change."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def hold(case):
        if operation.method.upper() != "GET":
            site.again()
        case.call_and_validate(headers=token(site, caller), excluded_checks=[positive_data_acceptance])

    hold()


def multipart(names=("counts.csv",)):
    """A request as the SDK sends it; bytes as they are."""
    described = {"title": "Counts", "purpose": "A paper", "files": [
        {"name": name, "context": CONTEXT, "controls": "", "evidence": None} for name in names]}
    return {"data": {"request": json.dumps(described)},
            "files": [("files", (name, safe_uploads()[0].content)) for name in names]}


def next_round():
    """The answer to a returned round: one file kept, one sent."""
    said = {"round": 1, "keep": ["method.txt"], "files": [{"name": "returns.csv", "context": CONTEXT}]}
    return {"data": {"request": json.dumps(said)}, "files": [("files", ("returns.csv", safe_uploads()[0].content))]}


def sensible(world):
    """For each operation one request that is fine, and what it is answered: (method, path, what to send, status)."""
    one = {"query": QUESTION}
    answer = world.answer
    section = world.workspace("ada").get(f"{API}/project/application").json()["sections"]["aim"]
    return (
        ("get", "/person", {}, 200), ("get", "/workspace", {}, 200), ("get", "/workspace/standing", {}, 200),
        ("get", "/project", {}, 200), ("get", "/project/versions", {}, 200), ("get", "/project/versions/1", {}, 200),
        ("get", "/project/application", {}, 200), ("post", "/project/application/aim", {"json": section}, 200),
        ("get", "/packages/list", {}, 200), ("get", "/packages/requests", {}, 200),
        ("post", "/packages/requests", {"json": {"name": "plotnine", "reason": "For the figures."}}, 201),
        ("get", "/packages/pip/simple/", {}, 200), ("get", f"/packages/pip/simple/{world.wheel.name}/", {}, 200),
        ("get", f"/packages/pip/files/{world.wheel.sha256}/{world.wheel.filename}", {}, 200),
        ("get", "/packages/cran/src/contrib/PACKAGES", {}, 200),
        ("get", f"/packages/cran/src/contrib/{world.source.filename}", {}, 200),
        ("get", "/requests", {}, 200), ("get", "/requests/1", {}, 200),
        ("get", "/requests/1/comments", {}, 200), ("get", "/requests/2", {}, 200), ("get", "/incoming", {}, 200),
        ("post", "/requests", multipart(), 201), ("post", "/requests/3/withdraw", {"json": {"round": 1}}, 200),
        ("post", "/requests/1/resubmit", next_round(), 201),
        ("post", "/private/price", {"json": one}, 200), ("post", "/private/curve", {"json": one}, 200),
        ("post", "/private/plan", {"json": {"queries": [QUESTION], "budget": {"epsilon": 0.1}}}, 200),
        ("post", "/private/answers", {"json": one}, 202), ("post", "/private/dry-runs", {"json": one}, 202),
        ("get", f"/private/answers/{answer}", {}, 200), ("post", f"/private/answers/{answer}/release", {}, 200),
        ("get", "/notices", {}, 200), ("post", "/notices/1/read", {}, 200))


def test_every_operation_answers_a_sensible_request_in_the_form_it_documents(site, api, document):
    """By the document's own schema of that status: exactly the keys it names, none missing, none more."""
    answered = set()
    site.again()
    for method, path, sent, status in sensible(site):
        answer = site.workspace(SPEAKS.get((method, path), "ada")).request(method, API + path, **sent)
        assert answer.status_code == status, (method, path, answer.text)
        known = next(one for one in sorted(document["paths"]) if method in document["paths"][one]
                     and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), API + path))
        answered.add((method, known))
        described = document["paths"][known][method]["responses"][str(status)]
        (media,) = described["content"]
        assert answer.headers["content-type"].partition(";")[0] == media, path
        if media == "application/json":
            schema = {**described["content"][media]["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(answer.json())
    assert answered == {(method, path) for method, path, _ in operations(document)}


class TestABundleOfTenThousandFiles:
    NAMES = tuple(f"t{number}.csv" for number in range(10_000))

    def test_it_is_refused_in_words_and_nothing_of_it_is_kept(self, site):
        before = set(site.room.blobs._known)
        answer = site.workspace("dara").post(f"{API}/requests", **multipart(self.NAMES))
        assert answer.status_code == 422, answer.text[:300]
        told = answer.json()
        assert told["rule"] == "portal.form" and "at most 10 files" in told["next_step"]
        assert set(site.room.blobs._known) == before

    def test_so_it_is_by_the_policys_own_number_one_beyond_it(self, site):
        answer = site.workspace("dara").post(f"{API}/requests", **multipart(self.NAMES[:7]))
        assert answer.status_code == 422 and answer.json()["rule"] == "request.max-files", answer.text
