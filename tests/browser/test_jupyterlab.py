"""JupyterLab screen by screen, in its frame and through the door: what people do in it every day works there."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Locator, expect

from readingroom.hub.activity import DoorActivity
from tests.browser.people import Hall, Person

pytestmark = [pytest.mark.browser, pytest.mark.docker]
ANSWER_MS = 60_000  # on a busy machine


@pytest.fixture(scope="module")
def bilal(people: Hall) -> Person:
    bilal = people.person("bilal")
    bilal.page.set_default_timeout(ANSWER_MS)
    bilal.open("/projects/returning-defendants")
    bilal.press("Open workspace")
    bilal.lab().locator(".jp-Notebook .jp-Cell").first.wait_for()
    return bilal


class Notebook:
    """A new notebook, as typed into by hand."""

    def __init__(self, person: Person) -> None:
        self.page, self.lab = person.page, person.lab()
        choose(self.lab, "File", "New", "Notebook")
        self.lab.locator(".jp-Dialog button.jp-mod-accept").click()
        self.panel = self.lab.locator(".jp-NotebookPanel:visible")
        self.panel.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def type(self, text: str) -> Locator:
        """Into the last cell, empty so far; that cell."""
        cells = self.panel.locator(".jp-Cell")
        cell = cells.nth(cells.count() - 1)  # stays this one when others follow
        editor = cell.locator(".cm-content")
        editor.click()
        self.page.keyboard.insert_text(text)
        if not editor.inner_text().strip():  # a notebook that has only just opened may take the focus away once
            editor.click()
            self.page.keyboard.insert_text(text)
        expect(editor).not_to_have_text("")
        return cell

    def run(self, code: str) -> Locator:
        """What the cell shows, once there is something; another cell follows."""
        cell = self.type(code)
        self.page.keyboard.press("Shift+Enter")
        return cell.locator(".jp-OutputArea-output")


def choose(lab: Frame, *names: str) -> None:
    """From the menus, one level after the other; on the way, the mouse rests on what opens another."""
    for place, name in enumerate(names):
        label = re.compile(f"^{name}(…|\\.\\.\\.)?$")
        item = lab.locator(".lm-MenuBar-itemLabel:visible, .lm-Menu-itemLabel:visible").filter(has_text=label).last
        if 0 < place < len(names) - 1:
            item.hover()
        else:
            item.click()


@pytest.fixture(scope="module")
def notebook(bilal: Person) -> Notebook:
    return Notebook(bilal)


def test_a_kernel_answers_and_a_plot_is_drawn(notebook: Notebook) -> None:
    expect(notebook.run("print(6 * 7)")).to_have_text("42", timeout=ANSWER_MS)
    drawn = notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);").locator("img")
    drawn.wait_for()
    assert drawn.evaluate("image => image.naturalWidth") > 200


WIDGET = """
import ipywidgets
button, said = ipywidgets.Button(description="press"), ipywidgets.Label("no")
button.on_click(lambda _: setattr(said, "value", "pressed"))
ipywidgets.HBox([button, said])
""".strip()


def test_a_widget_is_shown_and_moves_the_kernel(notebook: Notebook) -> None:
    shown = notebook.run(WIDGET)
    shown.get_by_role("button", name="press").click()
    expect(shown.locator(".widget-label")).to_have_text("pressed", timeout=ANSWER_MS)


def test_names_are_completed(notebook: Notebook) -> None:
    notebook.type("plt.subplot")
    notebook.page.keyboard.press("Tab")
    notebook.lab.locator(".jp-Completer-item", has_text="subplot_mosaic").first.wait_for()
    notebook.page.keyboard.press("Escape")
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.insert_text("open('notes.md', 'w').write('# My notes');")
    notebook.page.keyboard.press("Shift+Enter")


def test_a_cell_is_added_and_typed_into_by_keys_alone(notebook: Notebook) -> None:
    """Each key is pressed once: where only the cells in view are in the page, the first Enter was lost."""
    notebook.page.keyboard.press("Escape")
    cells = notebook.panel.locator(".jp-Cell")
    before = cells.count()
    notebook.page.keyboard.press("b")
    expect(cells).to_have_count(before + 1)
    expect(notebook.panel.locator(".jp-Cell.jp-mod-active")).to_be_focused()
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.type("6 * 9")
    notebook.page.keyboard.press("Shift+Enter")
    expect(cells.filter(has_text="6 * 9").locator(".jp-OutputArea-output")).to_have_text("54", timeout=ANSWER_MS)


def test_text_is_rendered(notebook: Notebook) -> None:
    notebook.page.keyboard.press("Escape")
    notebook.page.keyboard.press("m")
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.insert_text("## A heading of mine")
    notebook.page.keyboard.press("Shift+Enter")
    expect(notebook.panel.locator(".jp-MarkdownOutput h2")).to_contain_text("A heading of mine", timeout=ANSWER_MS)


def test_a_notebook_is_searched(notebook: Notebook) -> None:
    choose(notebook.lab, "Edit", "Find")
    wanted, found = (notebook.lab.locator(f".jp-DocumentSearch-{part}") for part in ("input", "index-counter"))
    for text, counted in (("in no cell", "-/-"), ("a heading of mine", "1/1")):
        wanted.fill(text)
        expect(found).to_have_text(counted, timeout=ANSWER_MS)
    notebook.page.keyboard.press("Escape")


def test_it_is_named_and_saved_and_listed(notebook: Notebook) -> None:
    choose(notebook.lab, "File", "Save Notebook")
    dialog = notebook.lab.locator(".jp-Dialog")
    dialog.locator("input").first.fill("mine.ipynb")
    dialog.locator("button.jp-mod-accept").click()
    expect(notebook.lab.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", has_text="mine.ipynb")).to_be_visible()
    notebook.lab.locator(".jp-DirListing-item", has_text="mine.ipynb").wait_for()
    notebook.lab.locator(".jp-DirListing-item", has_text="welcome.ipynb").wait_for()


def test_the_status_bar_says_how_the_workspace_stands(notebook: Notebook) -> None:
    standing = notebook.lab.locator(".rr-standing")
    expect(standing).to_contain_text("Returning defendants · Standard tier · ", timeout=ANSWER_MS)
    expect(standing).to_contain_text(re.compile(r"[0-9.]+ [kM]B shown, alert at 300\.0 MB"), timeout=2 * ANSWER_MS)
    expect(standing).to_contain_text(re.compile(r"Data until .+Closes in "))


# Each item of the status bar: what it says, and where it begins and ends; and where the bar does.
ITEMS = """bar => [bar.getBoundingClientRect().right,
    [...bar.querySelectorAll(".jp-StatusBar-Item:not(.lm-mod-hidden)")]
    .map(item => [item.textContent, item.getBoundingClientRect().left, item.getBoundingClientRect().right])]"""


@pytest.mark.parametrize("width", [1280, 1000])
def test_nothing_in_the_status_bar_goes_past_its_edge(notebook: Notebook, bilal: Person, width: int) -> None:
    """Ours is the longest: it gives way first, and has all that it says in its title."""
    usual = bilal.page.viewport_size
    assert usual
    bar, standing = notebook.lab.locator("#jp-main-statusbar"), notebook.lab.locator(".rr-standing")
    expect(standing).to_contain_text("Closes in", timeout=ANSWER_MS)
    try:
        bilal.page.set_viewport_size({**usual, "width": width})
        bilal.page.wait_for_timeout(1000)
        edge, items = bar.evaluate(ITEMS)
        bilal.picture(f"status-bar-{width}")
        title = standing.get_attribute("title")
    finally:
        bilal.page.set_viewport_size(usual)
    assert edge <= width and title and title == standing.text_content()
    shown = [item for item in items if item[2] > item[1]]
    assert all(any(wanted in text for text, *_ in shown) for wanted in ("Mode: ", "Cell ", "mine.ipynb", title))
    ends = [0, *(end for *_, end in shown)]
    assert all(left >= before and end <= edge for (_, left, end), before in zip(shown, ends, strict=False)), items


def test_the_launcher_offers_what_is_needed_first_and_no_terminal(notebook: Notebook) -> None:
    lab = notebook.lab
    choose(lab, "File", "New Launcher")
    cards = lab.locator(".jp-Launcher:visible .jp-LauncherCard")
    cards.filter(has_text="Welcome notebook").wait_for()
    offered = {text.strip() for text in cards.all_inner_texts()}
    assert {"Welcome notebook", "Data dictionary", "Ask for a release"} <= offered
    assert not {"Terminal", "Ask for a release (R)"} & offered
    refused = lab.evaluate("""async () => {
        const base = JSON.parse(document.getElementById('jupyter-config-data').textContent).baseUrl;
        const answer = await fetch(base + 'api/terminals');
        return [answer.status, (await answer.json()).rule];
    }""")
    assert refused == [403, "door.terminals"]


def test_the_dictionary_has_what_was_granted_and_axe_objects_to_nothing(notebook: Notebook, bilal: Person) -> None:
    lab = notebook.lab
    lab.locator(".jp-Launcher:visible .jp-LauncherCard", has_text="Data dictionary").click()
    page = lab.locator(".rr-dictionary")
    expect(page.locator("caption").first).to_contain_text("One row per", timeout=ANSWER_MS)
    said = page.inner_text()
    assert "/data/magistrates-courts" in said and "person_id" in said and "school_name" not in said
    assert page.evaluate("page => page.scrollWidth <= page.clientWidth")
    bilal.picture("dictionary")
    for part in (".rr-dictionary", ".rr-standing"):
        found = Axe().run(lab, context=part).response["violations"]
        assert [one["id"] for one in found] == []


def test_a_request_is_begun_from_its_card(notebook: Notebook) -> None:
    lab = notebook.lab
    choose(lab, "File", "New Launcher")
    lab.locator(".jp-Launcher:visible .jp-LauncherCard", has_text="Ask for a release").click()
    begun = lab.locator(".jp-NotebookPanel:visible", has_text="rr.request_release(")
    begun.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    lab.locator(".jp-DirListing-item", has_text="Ask for a release").wait_for()
    notebook.lab.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", has_text="mine.ipynb").click()


def test_somebody_at_work_is_told_to_the_door_and_the_page_alone_is_not(notebook: Notebook, bilal: Person) -> None:
    activity = DoorActivity(bilal.installation.settings)
    notebook.page.wait_for_timeout(8000)  # what is under way is counted within five seconds
    activity.used()
    notebook.page.wait_for_timeout(40_000)  # in which JupyterLab looks for kernels, saves, and our status bar asks
    assert activity.used() == frozenset()
    notebook.page.wait_for_timeout(20_000)
    notebook.page.keyboard.press("Shift")
    notebook.page.wait_for_timeout(2000)
    assert activity.used() == {("bilal", "returning-defendants")}


def test_no_menu_offers_what_the_walls_refuse(notebook: Notebook) -> None:
    """Signing out and the list of projects are the portal's, around the frame."""
    choose(notebook.lab, "File")
    offered = notebook.lab.locator(".lm-Menu-itemLabel:visible").all_inner_texts()
    notebook.page.keyboard.press("Escape")
    assert "Save Notebook" in offered
    assert not {"Hub Control Panel", "Log Out", "Download", "Print…", "Open from URL…"} & set(offered)


def test_a_text_is_previewed(notebook: Notebook) -> None:
    notebook.lab.locator(".jp-DirListing-item", has_text="notes.md").click(button="right")
    choose(notebook.lab, "Open With", "Markdown Preview")
    expect(notebook.lab.locator(".jp-MarkdownViewer h1")).to_contain_text("My notes", timeout=ANSWER_MS)


def test_a_kernel_is_restarted(notebook: Notebook) -> None:
    notebook.lab.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", has_text="mine.ipynb").click()
    choose(notebook.lab, "Kernel", "Restart Kernel")
    notebook.lab.locator(".jp-Dialog button.jp-mod-accept").click()
    notebook.panel.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    expect(notebook.run("print('plt' in globals())")).to_have_text("False", timeout=ANSWER_MS)


# JupyterLab's own, with or without walls: its search attaches an editor to a cell that has got one meanwhile.
JUPYTERLABS_OWN = "CodeMirrorEditor already set."


def test_nothing_went_wrong_unseen(notebook: Notebook, bilal: Person) -> None:
    assert notebook.lab.locator(".jp-Dialog").count() == 0
    assert [fault for fault in bilal.faults if fault != JUPYTERLABS_OWN] == []
