"""Verified outputs need as many approvals as the custodian of their data says, and nothing else does."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

import readingroom.sdk as rr
from readingroom.core.egress import Phase, phase
from readingroom.core.lifecycle import RequestStatus
from readingroom.core.policy import Policy
from readingroom.core.requests import Assurance, Decision, Vote
from readingroom.errors import InvalidTransition
from readingroom.sdk import _preflight
from readingroom.services import handover, receipts, releases, requests
from tests import recomputing_world as world
from tests.factories import CONTEXT, SITE, checked
from tests.recomputing_world import asked

ONE = Policy(verified_checkers=1)


@pytest.fixture(autouse=True)
def rules(monkeypatch, tmp_path):
    monkeypatch.setenv("READINGROOM_DATA", str(tmp_path / "mounted"))
    monkeypatch.setattr("readingroom.sdk._preflight.rules", lambda: _preflight.Rules(SITE, known=True))


def safe():
    """By region, one row for each case: nobody is in two, and no cell is small."""
    return rr.table(rr.load("courts", "cases"), "region", statistic="count")


def approve(workshop, request, checker):
    requests.review(workshop, checker, request.number,
                    [Vote(file.id, Decision.APPROVE, "Far above ten.") for file in request.files])
    with workshop.store.reading() as tx:
        return tx.requests.get(request.number)


def with_rules(workshop, **rules):
    """The same installation with other rules of the dataset from now on."""
    policies = workshop.policies
    dataset, policy = policies.datasets["courts"]
    changed = replace(policies, datasets={"courts": (dataset, policy.model_copy(update=rules))})
    return replace(workshop, policies=changed)


def test_one_approval_is_enough_where_the_custodian_says_so(tmp_path):
    workshop = world.make(tmp_path, rules=ONE)
    request = asked(workshop, safe())
    assert request.is_verified and request.approvals_needed == 1
    assert approve(workshop, request, "freya").status is RequestStatus.APPROVED
    with pytest.raises(InvalidTransition):
        approve(workshop, request, "imran")
    releases.make(workshop, request.number)
    with zipfile.ZipFile(io.BytesIO(handover.download(workshop, "ada", request.number)[1])) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        crate = archive.read("ro-crate-metadata.json").decode()
    assert (manifest["approvals_required"], manifest["approvals_rule"]) == (1, "verified_checkers")
    version = workshop.vault.versions("courts")[-1]
    file = manifest["files"][0]
    assert file["assurance"] == "verified" and len(file["approvals"]) == 1
    assert (file["recomputed"]["dataset"], file["recomputed"]["version"]) == ("courts", version)
    assert manifest["criteria"]["verified_checkers"]["value"] == 1
    assert f'"value": "{version}"' in crate and "was computed again from the data" in crate
    told = receipts.look(workshop, "mercer", 1).receipt.releases[0]
    assert (told.approvals, told.verified) == (1, 1)


@pytest.mark.parametrize(("site", "dataset"), [
    (None, None), (1, None), (2, 1), (1, 2), (None, 3)], ids=["silent", "only the site", "site asks for two",
                                                            "dataset asks for two", "more than others need"])
def test_else_as_many_as_any_other(tmp_path, site, dataset):
    rules = Policy() if dataset is None else Policy(verified_checkers=dataset)
    workshop = world.make(tmp_path, rules=rules, site=SITE.model_copy(update={"verified_checkers": site}))
    request = asked(workshop, safe())
    assert request.is_verified and request.approvals_needed == 2
    assert phase(approve(workshop, request, "freya")) is Phase.INDEPENDENT
    assert approve(workshop, request, "imran").status is RequestStatus.APPROVED


def test_the_strictest_file_decides(tmp_path):
    workshop = world.make(tmp_path, rules=ONE)
    frame = rr.load("courts", "cases")
    frame["old"] = frame["year"].fillna(0) < 2020
    request = asked(workshop, safe(), rr.table(frame, "old").save(tmp_path / "old.csv"))
    assert [file.assurance for file in request.files] == [Assurance.VERIFIED, Assurance.EVIDENCED]
    assert request.approvals_needed == 2


def test_what_a_rule_noticed_is_for_two(tmp_path):
    workshop = world.make(tmp_path, rules=ONE)
    small = rr.table(rr.load("courts", "cases"), "region", where="fine < 60")
    request = asked(workshop, small)
    assert request.files[0].assurance is Assurance.VERIFIED and not request.is_verified
    assert request.approvals_needed == 2


def test_a_custodian_who_takes_it_back_is_asked_again_before_anything_leaves(tmp_path):
    workshop = world.make(tmp_path, rules=ONE)
    request = asked(workshop, safe())
    assert approve(workshop, request, "freya").status is RequestStatus.APPROVED
    stricter = with_rules(workshop, verified_checkers=None)
    assert releases.make(stricter, request.number) is None
    with stricter.store.reading() as tx:
        reopened = tx.requests.get(request.number)
    assert reopened.status is RequestStatus.IN_REVIEW and reopened.approvals_needed == 2
    assert approve(stricter, request, "imran").status is RequestStatus.APPROVED
    assert releases.make(stricter, request.number) is not None


def test_looser_rules_are_for_later_requests(tmp_path):
    workshop = world.make(tmp_path)
    request = asked(workshop, safe())
    looser = with_rules(workshop, verified_checkers=1)
    assert phase(approve(looser, request, "freya")) is Phase.INDEPENDENT


def test_each_round_is_what_its_files_are(tmp_path):
    workshop = world.make(tmp_path, rules=ONE)
    request = asked(workshop, safe())
    requests.review(workshop, "freya", request.number, [
        Vote(request.files[0].id, Decision.CHANGE, "Please leave out London.")])
    requests.conclude(workshop, "freya", request.number, RequestStatus.RETURNED, "See the comment.")
    upload = world.Upload("by-region.csv", b"region,people\nLondon,400\nWales,310\n", CONTEXT)
    requests.resubmit(workshop, "ada", request.number, [upload])
    now = checked(workshop, request.number)
    assert (now.round, now.files[0].assurance, now.approvals_needed) == (2, Assurance.DECLARED, 2)
