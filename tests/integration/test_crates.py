"""The crate of a release: opened by the library that others use, complete by the Five Safes profile, the same again."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest
from rocrate.rocrate import ROCrate

from readingroom.core.lifecycle import GrantStatus
from readingroom.core.policy import Layer, Policy
from readingroom.core.policy.criteria import FIELDS, criteria
from readingroom.core.requests import Decision, Vote
from readingroom.services import handover, releases, requests
from tests.factories import NOW, add_project, checked, make_workshop, upload


@pytest.fixture
def package(tmp_path):
    workshop = make_workshop(tmp_path / "room")
    grant, *_ = add_project(workshop, grants={"courts": GrantStatus.ACTIVE, "schools": GrantStatus.ACTIVE})
    with workshop.store.transaction() as tx:
        tx.grants.save(replace(grant, decided_by="mercer", decided_at=NOW))
    request = requests.submit(workshop, "ada", "returns", "By sex & age", "A paper",
                              (upload(), upload("note.txt", b"How it was made.\n")))
    checked(workshop, request.number)
    for checker in ("freya", "imran"):
        requests.review(workshop, checker, request.number,
                        [Vote(file.id, Decision.APPROVE, "Rounded and large.") for file in request.files])
    releases.make(workshop, request.number)
    return handover.download(workshop, "ada", request.number)[1]


@pytest.fixture
def crate(package, tmp_path):
    """Read by the library from the unpacked package, as an archive would."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(tmp_path / "unpacked")
    return ROCrate(tmp_path / "unpacked")


def ids(value):
    return {one.id for one in (value if isinstance(value, list) else [value])}


def test_the_library_opens_it_and_finds_the_files_with_their_bytes(crate, tmp_path):
    files = {entity.id: entity for entity in crate.data_entities}
    assert set(files) == {"files/table.csv", "files/note.txt"}
    for name, entity in files.items():
        assert int(entity["contentSize"]) == (tmp_path / "unpacked" / name).stat().st_size


def test_nothing_is_pointed_to_that_is_not_described(package):
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    known = {entity["@id"] for entity in graph}

    def pointed(value):
        if isinstance(value, list):
            return set().union(*map(pointed, value)) if value else set()
        return {value["@id"]} if isinstance(value, dict) else set()

    outside = {"https://w3id.org/ro/crate/1.3", "https://w3id.org/shp#SignOff", "https://w3id.org/shp#DisclosureCheck"}
    loose = {(entity["@id"], target) for entity in graph for value in entity.values()
             for target in pointed(value) - known - outside}
    assert not loose


class TestFiveSafesProfile:
    def test_people_and_project(self, crate):
        root = crate.root_dataset
        assert root["conformsTo"].id == "https://w3id.org/5s-crate/0.4" and root["conformsTo"].type == "Profile"
        author, project = root["author"], root["sourceOrganization"]
        assert (author.id, author["affiliation"]["name"]) == ("#person-ada", "Org")
        assert project.type == "Project" and ids(author["memberOf"]) == {project.id}
        assert root["publisher"].type == "Organization" and root["license"] and root["datePublished"]

    def test_every_assessment_is_mentioned_complete_and_has_agent_time_and_object(self, crate):
        mentioned = crate.root_dataset["mentions"]
        actions = [one for one in crate.contextual_entities if one.type == "AssessAction"]
        assert ids(actions) <= ids(mentioned)
        for action in actions:
            assert action["agent"] and action["endTime"] and "./" in ids(action["object"])
            assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
        kinds = {one.id: one.properties()["additionalType"]["@id"].rsplit("#", 1)[1] for one in actions}
        assert kinds == {"#sign-off-of-grant-1": "SignOff", "#automatic-check": "DisclosureCheck",
                         "#sign-off-freya": "DisclosureCheck", "#sign-off-imran": "DisclosureCheck"}

    def test_each_checker_signed_for_exactly_the_files_they_approved(self, crate):
        for checker in ("freya", "imran"):
            action = crate.get(f"#sign-off-{checker}")
            assert ids(action["object"]) == {"./", "files/table.csv", "files/note.txt"}
            assert action["agent"].id == f"#person-{checker}" and action["instrument"].id == "#disclosure-criteria"

    def test_the_outputs_point_to_data_versions_and_tools(self, crate):
        making = crate.get("#making")
        assert ids(making["result"]) == {"files/table.csv", "files/note.txt"}
        assert {one["name"]: one["version"] for one in making["object"]} == {"Courts": "v1", "Schools": "v1"}
        tools = {one["name"]: one["softwareVersion"] for one in making["instrument"]}
        assert {"readingroom", "duckdb", "pyarrow"} <= set(tools) and all(tools.values())

    def test_the_automatic_check_gives_each_files_verdict(self, crate):
        found = {one["name"]: one["value"] for one in crate.get("#automatic-check")["result"]}
        assert found == {"Verdict on table.csv": "review", "Verdict on note.txt": "review"}


class TestCriteria:
    def test_the_crate_holds_them_as_values_with_their_layer(self, crate):
        values = {one["propertyID"]: one for one in crate.get("#disclosure-criteria")["hasPart"]}
        assert values["threshold"]["value"] == 10 and values["threshold"]["measurementTechnique"] == "set by site"
        assert json.loads(values["dominance"]["value"]) == [[2, 90.0]]
        assert values["zeros_disclosive"]["value"] is True

    def test_the_manifest_holds_the_same(self, package):
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            found = json.loads(archive.read("manifest.json"))["criteria"]
        assert found["threshold"]["value"] == 10 and found["checkers_required"]["value"] == 2

    def test_the_strictest_layer_is_named(self):
        layers = (Layer("site", Policy(threshold=10, output_types=frozenset({"csv", "png"}))),
                  Layer("dataset courts", Policy(threshold=20, output_types=frozenset({"csv"}))))
        found = criteria(layers)
        assert (found["threshold"]["value"], found["threshold"]["set_by"]) == (20, ["dataset courts"])
        assert found["output_types"]["value"] == ["csv"]
        assert list(found) == ["threshold", "output_types"]

    def test_they_are_what_results_satisfy_and_nothing_of_access_or_machines(self):
        assert {"threshold", "p_percent", "max_table_rows", "checkers_required"} <= set(FIELDS)
        assert not {"dataset_budget_micro_rho", "purposes", "memory_bytes", "tier"} & set(FIELDS)
