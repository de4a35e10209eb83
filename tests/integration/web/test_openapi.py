"""The JSON API is what its OpenAPI document says: whatever is sent, only documented answers, none without a token.

Inputs are drawn from the document itself, some as it asks for them and some not; no client of ours is between.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.integration.web.world import API, BASE, World

METHODS = {"get", "post", "put", "delete", "patch"}
STRANGE = st.sampled_from(["", ".", "..%2f", "%00", "\u202e", "\U0001f512", "null", "-1", "0", "1e309", "x" * 300,
                           "' OR 1=1", "<script>", "NaN", "9" * 40])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | STRANGE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["query", "name", "reason", "ecosystem", "dataset", "table", "statistic", "rho", "rho_micro",
                         "by", "where", "queries", "budget", "values", "multiples"]) | st.text(max_size=5), inner,
        max_size=4), max_leaves=8)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("openapi") / "state")
    made.in_review()
    yield made
    made.close()


@pytest.fixture(scope="module")
def document(site):
    return site.workspace("ada").get(f"{API}/openapi.json").json()


def operations(document):
    return [(method, path, described) for path, methods in document["paths"].items()
            for method, described in methods.items() if method in METHODS]


def resolved(document, schema):
    """A schema that stands alone: with the document's components beside it."""
    return {**schema, "components": document["components"]}


def test_the_document_is_complete(document):
    assert document["openapi"].startswith("3.1")
    names = [described["operationId"] for _, _, described in operations(document)]
    assert len(names) == len(set(names)) > 20
    for method, path, described in operations(document):
        assert described["security"] == [{"workspaceToken": []}], (method, path)
        assert described["summary"] and described["description"], (method, path)
        assert {"401", "403", "404", "422"} <= set(described["responses"]), (method, path)
        declared = {given["name"] for given in described.get("parameters", ()) if given["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path)), (method, path)


def test_every_schema_in_it_is_one(document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_nothing_is_answered_without_a_workspaces_token(site, document):
    browser = site.client("ada")  # a signed-in person's cookie opens nothing here
    for method, path, _ in operations(document):
        address = re.sub(r"{\w+}", "1", path)
        for client in (site.stranger(), browser):
            assert client.request(method, address).status_code == 401, (method, path)


def test_a_token_is_for_its_own_project(site, document):
    """Numbers of another project's things are answered as if they did not exist."""
    assert site.workspace("ada").get(f"{API}/requests/1").status_code == 200
    for path in ("/requests/1", "/private/answers/1"):
        assert site.workspace("ada", "courts-and-schools").get(API + path).status_code in (403, 404), path


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_sent_is_answered_as_documented(site, document, data):
    """No operation breaks, each answer has a documented status, and each refusal names its rule in words."""
    method, path, described = data.draw(st.sampled_from(operations(document)), label="operation")
    address = re.sub(r"{\w+}", lambda _: data.draw(STRANGE | st.integers(-1, 10**10).map(str), label="path"), path)
    query = {given["name"]: data.draw(STRANGE | st.integers(-1, 10**10).map(str))
             for given in described.get("parameters", ()) if given["in"] == "query" and data.draw(st.booleans())}
    sent = described.get("requestBody", {}).get("content", {})
    body = {}
    if "application/json" in sent:
        body = {"content": json.dumps(data.draw(JSON, label="body")) if data.draw(st.integers(0, 9)) else "{",
                "headers": {"Content-Type": "application/json"}}
    elif "multipart/form-data" in sent:
        body = {"data": {"request": json.dumps(data.draw(JSON, label="request"))},
                "files": [("files", (data.draw(STRANGE, label="name") or "x", data.draw(st.binary(max_size=50))))]}
    answer = site.workspace("ada").request(method, address, params=query, **body)
    if not answer.request.url.path.startswith(f"{BASE}/api/"):
        return  # the address was one of another place, as `..` makes it
    matched = any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", known), answer.request.url.path) for known in
                  document["paths"])
    assert answer.status_code < 500 or answer.status_code == 503, (method, address, answer.text[:300])
    if matched:
        assert str(answer.status_code) in {*described["responses"], "307", "404", "405"}, (method, address)
    if answer.status_code >= 400 and "application/json" in answer.headers.get("content-type", ""):
        told = answer.json()
        assert {"error", "message"} <= set(told) or "detail" in told, told


def test_answers_have_the_form_that_the_document_gives(site, document):
    """Every operation that takes nothing: its answer by its schema, where it has one."""
    client = site.workspace("ada")
    checked = 0
    for method, path, described in operations(document):
        schema = described["responses"]["200"].get("content", {}).get("application/json", {}).get("schema") \
            if "200" in described["responses"] else None
        if method == "get" and "{" not in path and schema is not None:
            answer = client.get(path)
            if answer.status_code == 200:
                Draft202012Validator(resolved(document, schema)).validate(answer.json())
                checked += 1
    assert checked >= 5
