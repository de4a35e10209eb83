"""Packages in portal and API: the mirror by token, asking, and the administrator's answer, each told to the other."""

from __future__ import annotations

import re

from readingroom.services import packages
from tests.integration.test_packages import source, wheel
from tests.integration.web.world import API, BASE

PROJECT = "returning-defendants"
PAGE = f"/projects/{PROJECT}/packages"


def test_pip_finds_name_file_hash_and_bytes_by_the_workspaces_token(world):
    name, content = wheel()
    (added,) = packages.add(world.room, PROJECT, [(name, content)], by="command line")
    ada = world.workspace("ada")
    assert 'href="rr-demo/"' in ada.get(f"{API}/packages/pip/simple/").text
    page = ada.get(f"{API}/packages/pip/simple/RR_Demo/").text
    assert f'href="../../files/{added.sha256}/{name}#sha256={added.sha256}"' in page
    assert 'data-requires-python="&gt;=3.9"' in page
    assert ada.get(f"{API}/packages/pip/files/{added.sha256}/{name}").content == content
    assert ada.get(f"{API}/packages/pip/files/{'0' * 64}/{name}").status_code == 404
    assert ada.get(f"{API}/packages/list").json()[0]["version"] == "1.0"


def test_r_finds_index_and_source(world):
    name, content = source()
    packages.add(world.room, PROJECT, [(name, content)], by="command line")
    ada = world.workspace("ada")
    assert "Package: rrdemo\nVersion: 1.0\n" in ada.get(f"{API}/packages/cran/src/contrib/PACKAGES").text
    assert ada.get(f"{API}/packages/cran/src/contrib/{name}").content == content
    assert ada.get(f"{API}/packages/cran/src/contrib/PACKAGES.rds").status_code == 404


def test_another_projects_token_finds_nothing_and_none_is_refused(world):
    (added,) = packages.add(world.room, PROJECT, [wheel()], by="command line")
    other = world.workspace("ada", "courts-and-schools")
    address = f"{API}/packages/pip/files/{added.sha256}/{added.filename}"
    assert "rr-demo" not in other.get(f"{API}/packages/pip/simple/").text
    assert other.get(f"{API}/packages/pip/simple/rr-demo/").status_code == 404
    assert other.get(address).status_code == 404
    assert world.stranger().get(address).status_code == 401
    assert world.client("ada").get(address).status_code == 401


def test_asking_refusing_and_adding_are_seen_on_both_sides(world):
    ada, robin = world.client("ada"), world.client("robin")
    assert ada.do(PAGE, name="keras", reason="Deep thoughts.", ecosystem="cran").status_code == 303
    assert ada.do(PAGE, name="rr-demo", reason="To read 42.", ecosystem="pip").status_code == 303
    assert world.workspace("bilal").get(f"{API}/packages/requests").json()[0]["reason"] == "To read 42."
    queue = robin.see("/packages").text
    assert f"readingroom packages add rr-demo==VERSION --project {PROJECT}" in queue
    keras = re.search(r'/packages/(\d+)/refuse"(?:(?!</form>).)*Refuse keras', queue, re.DOTALL)[1]
    assert robin.do(f"/packages/{keras}/refuse", reason="It downloads models.").status_code == 303
    packages.add(world.room, PROJECT, [wheel()], by="command line")
    seen = ada.see(PAGE).text
    assert "It downloads models." in seen and "It can be installed now." in seen and "rr_demo-1.0" in seen
    assert "Nobody is waiting" in robin.see("/packages").text


def test_a_name_that_cannot_be_one_is_told_and_what_was_typed_is_kept(world):
    answer = world.client("ada").do(PAGE, name="https://example.org", reason="Because <b>.", ecosystem="pip")
    assert answer.status_code == 422
    assert "no package" in answer.text and "Because &lt;b&gt;." in answer.text


def test_only_members_see_and_ask_and_only_administrators_answer(world):
    assert world.client("noor").get(f"{BASE}{PAGE}").status_code == 404
    assert world.client("noor").do(PAGE, name="x", reason="y").status_code == 404
    assert world.client("ada").get(f"{BASE}/packages").status_code == 403
    world.workspace("ada").post(f"{API}/packages/requests", json={"name": "x", "reason": "y"})
    assert world.client("ada").do("/packages/1/refuse", reason="no").status_code == 403
