"""The whole journey in a real browser, on real containers: every role does what it is there for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter

import pytest
from playwright.sync_api import expect

from readingroom.settings import STATE_VARIABLE
from readingroom.tour.visitor import wait_until
from tests.browser.people import Hall, Person
from tests.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.docker]

PROJECT = "/projects/returning-defendants"
TITLE = "Defendants by region and sex"


def command(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The `readingroom` command against the installation."""
    return subprocess.run([sys.executable, "-m", "readingroom", *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, STATE_VARIABLE: str(installation.settings.state_dir)}, check=False)


def test_a_wrong_password_is_said_plainly(people: Hall) -> None:
    visitor = people.stranger("bilal")
    visitor.sign_in("not the password")
    assert "Invalid username or password" in visitor.look()
    assert "Ask the administrator" in visitor.text()
    visitor.close()


def test_the_hubs_own_pages_lead_back_to_the_portal(people: Hall) -> None:
    """What people meet who type an address or keep an old tab: our words, our look, nothing that is refused anyway."""
    chloe = people.person("chloe")
    for path, status, words in (
        ("/hub/home", 200, "You are signed in"),
        ("/hub/token", 200, "No tokens are given here"),
        ("/hub/nothing", 404, "There is no such page"),
        ("/hub/spawn/chloe/plea-timing", 403, "You cannot do this here"),
        ("/hub/user/chloe/plea-timing/lab", 424, "Your workspace is closed"),
    ):
        assert chloe.open(path) == status
        assert words in chloe.look(), path
        chloe.follow("Go to your projects")
        assert "Your projects" in chloe.text()


def test_each_form_gets_its_own_answer(installation: Installation) -> None:
    """The proxy once lost the answer of one form in eight: the portal had done it, the person read 503."""
    tomas = installation.visitor("tomas")
    answers = Counter(tomas.http.post("/services/portal/sign-out", data={"x": "y" * 200}).status_code
                      for _ in range(150))
    tomas.close()
    assert set(answers) == {403}, answers


def test_an_agreed_grant_opens_the_project(people: Hall) -> None:
    """A custodian agrees in the inbox; then its researchers can open a workspace that was refused before."""
    chloe, okafor = people.person("chloe"), people.person("okafor")
    chloe.open("/projects/courts-and-schools")
    assert "waiting for its custodian" in chloe.look()
    okafor.open("/grants")
    assert "Across two departments" in okafor.look()
    okafor.follow(re.compile("Across two departments"))
    assert "What a yes opens" in okafor.look("grant")
    okafor.page.get_by_role("textbox", name="Reason").fill("It fits our areas of research interest.")
    okafor.press("Agree")
    okafor.look()
    chloe.open("/projects/courts-and-schools")
    assert "Active" in chloe.look() and "Why it cannot be opened" not in chloe.text()
    workspace_of(chloe, "/projects/courts-and-schools")
    chloe.open("/projects/courts-and-schools/workspace/close")
    chloe.look()
    chloe.press(re.compile("Close"))


def test_the_whole_journey(people: Hall, installation: Installation) -> None:
    """From sign-in to a verified release, a withdrawn grant and a log that proves it all."""
    sees_projects(people)
    ada = people.person("ada")
    workspace_of(ada, PROJECT)
    number = runs_the_welcome_notebook(ada)
    asks_privately(bilal := people.person("bilal"))
    reads_own_request(ada, number)
    for inside in (ada, bilal):
        assert inside.open(f"/requests/{number}/review") in (403, 404)
        inside.look()
    two_checkers_approve(people, number)
    takes_the_release_away(ada, installation, number)
    a_custodian_withdraws(people)
    the_log_holds(people, installation, number)
    assert people.faults() == {}


def sees_projects(people: Hall) -> None:
    stranger = people.stranger("ada")
    stranger.open("/")
    assert "Approved researchers work here" in stranger.look("sign-in")
    stranger.close()
    ada = people.person("ada")
    ada.open("/projects")
    assert "Returning defendants" in ada.look("projects")
    chloe = people.person("chloe")
    chloe.open("/projects")
    assert "ended on" in chloe.look()
    assert chloe.open(PROJECT) == 404


def workspace_of(person: Person, project: str) -> None:
    """From the project's page, over the page that follows the opening, to JupyterLab in its frame."""
    person.open(project)
    person.look()
    person.press("Open workspace")
    person.lab().locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)


def runs_the_welcome_notebook(ada: Person) -> int:
    """Opened by itself; run from the menu; plots and the request's number are on the screen. Returns that number."""
    lab = ada.lab()
    expect(lab.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel").first).to_have_text("welcome.ipynb")
    lab.get_by_text(re.compile(r"^Python 3.* \| Idle$")).wait_for(timeout=60_000)
    code = saved_cells(ada)  # all of them: the page holds only those in view
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    last = lab.locator(".jp-CodeCell").filter(has_text=f"[{len(code)}]:")
    last.locator(".jp-OutputArea-output").wait_for(timeout=120_000)
    assert lab.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0
    found = re.match(r"(\d+) \w+", last.locator(".jp-OutputArea-output").inner_text())
    assert found, last.inner_text()
    saves(ada)
    notebook = saved_cells(ada)
    assert all(cell["execution_count"] for cell in notebook)
    kinds = Counter(kind for cell in notebook for output in cell["outputs"] for kind in output.get("data", {}))
    assert kinds["image/png"] >= 2 and kinds["text/html"] >= 8, kinds
    assert not [output for cell in notebook for output in cell["outputs"] if output["output_type"] == "error"]
    shows_a_plot(ada)
    assert lab.locator(".jp-Dialog, .jp-toastContainer .Toastify__toast").count() == 0
    return int(found[1])


def saves(ada: Person) -> None:
    """Until it is saved. Nothing reads meanwhile: Jupyter takes half a notebook for broken, and undoes the save."""
    with ada.page.expect_response(
        lambda answer: answer.request.method == "PUT" and "/api/contents/welcome.ipynb" in answer.url
    ) as saving:
        ada.page.keyboard.press("Control+s")
    assert saving.value.status == 200, saving.value.text()


def saved_cells(ada: Person) -> list[dict]:
    """The code cells of the notebook as it is saved in the workspace."""
    contents = ada.lab().evaluate("""async () => {
        const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
        const answer = await fetch("/user/ada/returning-defendants/api/contents/welcome.ipynb",
                                   {headers: {"X-XSRFToken": token}});
        return await answer.json();
    }""")
    assert "content" in contents, contents
    return [cell for cell in contents["content"]["cells"] if cell["cell_type"] == "code"]


def shows_a_plot(ada: Person) -> None:
    """Scroll back up to the first plot, as a reader does, until it is seen. (Cells out of view stay hidden.)"""
    lab = ada.lab()
    panel, plots = lab.locator(".jp-WindowedPanel-outer").first, lab.locator(".jp-RenderedImage img:visible")
    panel.evaluate("panel => panel.scrollTop = 0")

    def drawn() -> bool:
        if plots.evaluate_all("""images => {
                const seen = images.find(image => image.naturalWidth > 200);
                seen?.scrollIntoView({block: "center"});  // at once: a moment later it may be out of the page again
                return Boolean(seen); }"""):
            return True
        panel.evaluate("""panel => panel.scrollTop =
            panel.scrollTop + panel.clientHeight < panel.scrollHeight - 1 ? panel.scrollTop + 250 : 0""")
        return False

    wait_until(drawn, "a plot to be drawn", seconds=60)
    ada.page.wait_for_timeout(400)
    ada.picture("workspace")


def asks_privately(bilal: Person) -> None:
    """The price first, then the answer, and the same question again for nothing."""
    bilal.open(f"{PROJECT}/private")
    bilal.look()
    for title, button in (("Check before you pay", re.compile("^Pay .* and ask$")),
                          ("You have this answer already", "See it again, free")):
        bilal.open(f"{PROJECT}/private")
        bilal.page.get_by_label("Groups: column 1").select_option(index=1)
        bilal.press("See the price first")
        assert title in bilal.look()
        bilal.press(button)
        bilal.page.get_by_text("How to read it").wait_for(timeout=60_000)
        bilal.look("private-answer")


def reads_own_request(ada: Person, number: int) -> None:
    ada.open("/requests")
    assert TITLE in ada.look()
    ada.follow(re.compile(TITLE))
    ada.page.get_by_text("defendants-by-region.csv").first.wait_for()
    wait_until(lambda: ada.open(f"/requests/{number}") and "Not checked yet" not in ada.text(), "the automatic checks",
               seconds=60)
    assert "sha256" in ada.look("request")


def two_checkers_approve(people: Hall, number: int) -> None:
    freya, imran = people.person("freya"), people.person("imran")
    wait_until(lambda: freya.open("/queue") and f"{number}. {TITLE}" in freya.text(), "the queue", seconds=60)
    freya.look("queue")
    imran.open(f"/requests/{number}/review")
    before = imran.look()
    freya.follow(re.compile(TITLE))
    review = freya.page
    assert "North East" in review.locator(".rr-output table").first.inner_text()
    assert review.locator(".rr-finding, .rr-verdict").count() > 0
    decide(freya, "Every cell rests on far more than ten people.", picture="review")
    imran.open(f"/requests/{number}/review")
    assert imran.look() == before, "imran's page tells that freya has answered"
    decide(imran, "Agreed: the counts are large and rounded.")


def decide(checker: Person, why: str, picture: str = "") -> None:
    """Approve each file in turn, by keyboard, as the page offers."""
    page = checker.page
    files = page.locator(".rr-sheet").count()
    checker.look(picture)
    for place in range(files):
        sheet = page.locator(".rr-sheet:visible").first
        sheet.get_by_label("Approve").check()
        sheet.get_by_label("Comment to the researcher").fill(why)
        if place + 1 < files:
            page.locator(".rr-files a").nth(place + 1).click()
    page.locator("#submit-review").click()
    page.wait_for_load_state()
    assert "is recorded" in checker.look()


def takes_the_release_away(ada: Person, installation: Installation, number: int) -> None:
    wait_until(lambda: ada.open(f"/requests/{number}") and "Your release is ready" in ada.text(), "the release",
               seconds=60)
    ada.look("release")
    with ada.page.expect_download() as coming:
        ada.page.get_by_role("button", name=re.compile("^Download")).click()
    file = installation.settings.state_dir / coming.value.suggested_filename
    coming.value.save_as(file)
    verified = command(installation, "release", "verify", str(file))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def a_custodian_withdraws(people: Hall) -> None:
    """Ada's open JupyterLab ends within a minute, and she reads why in the portal."""
    ada, mercer = people.person("ada"), people.person("mercer")
    ada.open(f"{PROJECT}/workspace")
    ada.lab().locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    mercer.open("/grants")
    mercer.look()
    mercer.page.get_by_role("row").filter(has_text="Returning defendants").get_by_role("link").first.click()
    mercer.look()
    mercer.press(re.compile("Withdraw"))
    mercer.page.get_by_label("Why?").fill("The agreement with the department has ended.")
    assert "Ada Marsh" in mercer.look("withdraw")
    mercer.press("Withdraw it now")
    begun = time.monotonic()
    mercer.look()
    assert ada.faults == []  # from here on her JupyterLab may complain: it is gone
    ada.page.get_by_role("heading", name="Your workspace is closed").wait_for(timeout=60_000)
    assert time.monotonic() - begun < 60
    assert "The agreement with the department has ended." in ada.look("lab-closed")
    ada.open("/user/ada/returning-defendants/lab")  # an old address leads to the same page
    assert "Your workspace is closed" in ada.look()
    ada.open(PROJECT)
    assert "The agreement with the department has ended." in ada.look("closed")
    assert ada.page.get_by_role("button", name="Open workspace").is_disabled()


def the_log_holds(people: Hall, installation: Installation, number: int) -> None:
    robin = people.person("robin")
    wait_until(lambda: json.loads(command(installation, "audit", "verify", "--json").stdout)["checkpoints"],
               "a signed checkpoint", seconds=30)
    robin.open("/health")
    robin.look()
    robin.open("/audit")
    assert "✓" in robin.look("audit")
    story = json.loads(command(installation, "audit", "show", "--request", str(number), "--json").stdout)
    actions = {event["action"] for event in story}
    assert {"request.submitted", "file.checked", "request.reviewed", "release.made", "release.downloaded"} <= actions
