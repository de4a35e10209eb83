"""A workspace with R, with terminals, and soon closed when idle, as its people use it. Without: `test_jupyterlab`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Frame, expect
from rich.console import Console

from readingroom import installed
from readingroom.ops.up import up
from readingroom.settings import REPOSITORY, load_settings
from readingroom.tour.run import temporary_installation
from tests.browser.people import Hall, Person
from tests.browser.test_jupyterlab import ANSWER_MS, Notebook, choose
from tests.conftest import PEOPLE, Installation, remove_installation

pytestmark = [pytest.mark.browser, pytest.mark.docker]
PROJECT = "sentence-lengths"
IDLE_MINUTES = 3


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The site allows terminals and three minutes of idleness, no other layer objects; a project of the demo has R."""
    settings = temporary_installation(PEOPLE)
    policies = tmp_path_factory.mktemp("site") / "policies"
    shutil.copytree(REPOSITORY / "policies", policies)
    site = policies / "site.yaml"
    text = site.read_text().replace("terminals: false", "terminals: true ")
    site.write_text(text.replace("idle_minutes: 120", f"idle_minutes: {IDLE_MINUTES}"))
    file = settings.state_dir / "settings.toml"
    file.write_text(f"{file.read_text()}policies_dir = \"{policies}\"\n")
    settings = load_settings(settings.state_dir)
    started = up(settings, demo=True, console=Console(quiet=True))
    made = Installation(settings, {account.username: account.password for account in started.accounts})
    assert "notebook-r" in installed.images(settings)
    yield made
    remove_installation(made)


@pytest.fixture(scope="module")
def rhian(people: Hall) -> Person:
    rhian = people.person("rhian")
    rhian.page.set_default_timeout(ANSWER_MS)
    rhian.open(f"/projects/{PROJECT}")
    rhian.press("Open workspace")
    rhian.lab().locator(".jp-Notebook .jp-Cell").first.wait_for()
    return rhian


def launcher(lab: Frame) -> None:
    choose(lab, "File", "New Launcher")
    lab.locator(".jp-Launcher:visible .jp-LauncherCard", has_text="Welcome notebook").wait_for()


class RNotebook(Notebook):
    """A new notebook of R, from the launcher's card."""

    def __init__(self, person: Person) -> None:
        self.page, self.lab = person.page, person.lab()
        launcher(self.lab)
        cards = self.lab.locator(".jp-Launcher:visible .jp-LauncherCard")
        cards.filter(has=self.lab.get_by_text("R", exact=True)).first.click()
        self.panel = self.lab.locator(".jp-NotebookPanel:visible")
        self.lab.get_by_role("button", name="R | Idle").wait_for()  # a cell that is run before is passed over


@pytest.fixture(scope="module")
def notebook(rhian: Person) -> RNotebook:
    return RNotebook(rhian)


def test_r_answers(notebook: RNotebook) -> None:
    expect(notebook.run("cat(6 * 7)")).to_have_text("42", timeout=ANSWER_MS)


def test_r_draws(notebook: RNotebook) -> None:
    drawn = notebook.run("library(ggplot2)\nggplot(mtcars, aes(wt, mpg)) + geom_point()").locator("img, svg").first
    drawn.wait_for()
    assert drawn.bounding_box()["width"] > 200  # type: ignore[index]


def test_r_reads_the_granted_data_and_makes_a_table_that_is_checked(notebook: RNotebook) -> None:
    loaded = notebook.run('library(readingroom)\npeople <- load("magistrates-courts", "defendants")\n'
                          'cat(nrow(people) > 1000, is.factor(people$sex))')
    expect(loaded.last).to_have_text("TRUE TRUE", timeout=2 * ANSWER_MS)
    made = notebook.run('made <- people_table(people, rows = "sex", path = "sex.csv", totals = TRUE, round = 5)\n'
                        'cat(file.exists("sex.csv.evidence.json"), made$verdict)')
    expect(made.last).to_contain_text("TRUE", timeout=2 * ANSWER_MS)


def test_r_asks_for_a_release(notebook: RNotebook, rhian: Person) -> None:
    asked = notebook.run('print(request_release("Sex of defendants", "For the report", "sex.csv", context = "Distinct '
                         'defendants in magistrates\' courts by sex; counts rounded to 5, all cells over 10 people."))')
    expect(asked.last).to_contain_text(re.compile("[Rr]equest"), timeout=2 * ANSWER_MS)
    requests = rhian.installation.visitor("rhian").open("/requests").text
    assert "Sex of defendants" in requests


def test_the_cards_offer_a_request_in_either_language(rhian: Person) -> None:
    lab = rhian.lab()
    launcher(lab)
    cards = lab.locator(".jp-Launcher:visible .jp-LauncherCard")
    for name in ("Data dictionary", "Ask for a release", "Ask for a release (R)"):
        assert cards.filter(has_text=name).count() >= 1
    cards.filter(has_text="Ask for a release (R)").click()
    lab.locator(".jp-NotebookPanel:visible", has_text="request_release(title").wait_for()


def test_a_terminal_opens_and_runs_what_is_typed(rhian: Person) -> None:
    lab = rhian.lab()
    launcher(lab)
    lab.locator(".jp-Launcher:visible .jp-LauncherCard", has_text="Terminal").click()
    terminal = lab.locator(".jp-Terminal:visible")
    terminal.locator(".xterm-helper-textarea").wait_for(state="attached")
    terminal.click()
    rhian.page.keyboard.type("id -u > who; echo $((6 * 7)) >> who; nohup true; exit\n", delay=20)
    expect(lab.locator(".jp-DirListing-item", has_text="who")).to_be_visible(timeout=ANSWER_MS)
    lab.locator(".jp-DirListing-item").get_by_text("who", exact=True).dblclick()
    expect(lab.locator(".jp-FileEditor:visible .cm-content")).to_contain_text("10001", timeout=ANSWER_MS)
    expect(lab.locator(".jp-FileEditor:visible .cm-content")).to_contain_text("42")


def test_a_tab_left_open_is_warned_of_its_end_and_a_key_keeps_it(rhian: Person) -> None:
    """While it asks for kernels, saves and shows how it stands all the time."""
    lab, warning = rhian.lab(), rhian.page.locator(".rr-shell__warning")
    expect(warning).to_be_hidden()
    expect(warning).to_contain_text("This workspace closes at ", timeout=IDLE_MINUTES * 60_000)
    expect(warning).to_be_visible()
    rhian.look("idle")
    in_lab = lab.locator(".rr-standing--warning")
    expect(in_lab).to_contain_text("Closes in ", timeout=ANSWER_MS)
    expect(lab.get_by_text("This workspace closes at ").first).to_be_visible()
    rhian.page.keyboard.press("Shift")
    expect(warning).to_be_hidden(timeout=ANSWER_MS)
    expect(in_lab).to_have_count(0, timeout=ANSWER_MS)
    expect(lab.get_by_text("This workspace closes at ")).to_have_count(0, timeout=ANSWER_MS)


def test_nothing_went_wrong_unseen(people: Hall) -> None:
    assert people.faults() == {}
