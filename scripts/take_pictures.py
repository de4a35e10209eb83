"""Take every picture of the portal's pages anew: `docs/images/pages`, `docs/reference/pages.md`, those of the README.

Run it after changing how pages look: `.venv/bin/python -m scripts.take_pictures`. The pages are those that the browser
tests look at, each in each of its states, on an installation made for them; a page added there is pictured here.
JupyterLab and the Hub's pages are pictured by the journey: READINGROOM_PICTURES=docs/images pytest
tests/browser/test_journey.py.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from readingroom.settings import REPOSITORY
from tests.browser.populated import pages, populate
from tests.browser.site import WIDTHS, Site, serve
from tests.integration.web.world import PEOPLE, World

IMAGES, GALLERY = REPOSITORY / "docs" / "images", REPOSITORY / "docs" / "reference" / "pages.md"
FOLDER = IMAGES / "pages"
LONGEST = 1800  # of a long page the beginning says enough
COLOURS = 96
SECTIONS = {
    "Researchers": ("ada", "bilal", "dara", "chloe", "noor", "kim", "invited"),
    "Output checkers": ("imran", "tomas", "freya"),
    "Data custodians": ("mercer", "okafor"),
    "Programme owners": ("olive",),
    "Administrators": ("robin",),
    "Anyone who is signed in": ("nobody",),
}
ON_A_PHONE = frozenset({
    ("ada", "/projects"), ("ada", "/requests/<waiting>"), ("tomas", "/requests/<waiting>/review"),
    ("okafor", "/grants/3"), ("bilal", "/releases/<released>"), ("noor", "/projects/<draft>/application"),
    ("imran", "/queue"), ("ada", "/private-answers/<answer>")})
README = {
    ("ada", "/projects"): "projects", ("okafor", "/grants/3"): "grant",
    ("tomas", "/requests/<waiting>/review"): "review", ("imran", "/requests/<together>/review"): "review-together",
    ("ada", "/private-answers/<answer>"): "private-answer", ("bilal", "/requests/<released>"): "release"}


class Named(dict):
    """Stands for the numbers of what was made, so that a page's name says which it is and stays the same."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


@dataclass(frozen=True)
class Pictured:
    """One page as one person sees it; `phone` is its file at phone width, if there is one."""

    person: str
    title: str
    file: str
    phone: str = ""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with tempfile.TemporaryDirectory() as parent:
        world = World(Path(parent) / "state")
        numbers = populate(world)
        with serve(world) as site:
            found = list(take(site, numbers))
    GALLERY.write_text(gallery(found))


def take(site: Site, numbers: dict[str, object]) -> Iterator[Pictured]:
    for (person, path), (_, named) in zip(pages(numbers), pages(Named()), strict=True):
        if "?statistic=" in named:
            continue  # one form of thirteen much alike; the tests look at each
        with site.browser(person) as page:
            site.open(page, path)
            page.wait_for_timeout(150)
            name = "-".join(re.findall(r"[a-z0-9]+", f"{person} {named}"))
            title = page.title().split(" – ")[0].split(" - ")[0].removesuffix(": Reading Room").strip()
            keep(page, FOLDER / f"{name}.webp")
            if (person, named) in README:
                picture(page, full=False).save(IMAGES / f"{README[person, named]}.png", optimize=True)
            phone = ""
            if (person, named) in ON_A_PHONE:
                page.set_viewport_size(dict(zip(("width", "height"), WIDTHS["phone"], strict=True)))
                phone = f"{name}-phone.webp"
                keep(page, FOLDER / phone)
            page.faults.clear()  # what a workspace's frame would load is not running here
            yield Pictured(person, title, f"{name}.webp", phone)


def picture(page: Page, *, full: bool = True) -> Image.Image:
    shot = Image.open(io.BytesIO(page.screenshot(full_page=full))).convert("RGB")
    return shot.crop((0, 0, shot.width, min(shot.height, LONGEST))).quantize(COLOURS, dither=Image.Dither.NONE)


def keep(page: Page, file: Path) -> None:
    picture(page).convert("RGB").save(file, lossless=True, quality=50, method=2)


def gallery(found: list[Pictured]) -> str:
    names = {username: shown for username, shown, _ in PEOPLE} | {"invited": "Nia New"}
    lines = ["# Pages", "", "<!-- Written by scripts/take_pictures.py. Run that after changing how pages look. -->", "",
             "Every page of the portal in each of its states, as the browser tests look at them, some on a phone too.",
             "People, projects and figures are made up.", "", "![Signing in](../images/sign-in.png)", ""]
    for section, people in SECTIONS.items():
        lines += [f"## {section}", ""]
        for one in found:
            if one.person in people:
                lines += [f"### {one.title}", "", f"Seen by {names[one.person]}.", "",
                          f"![{one.title}, seen by {names[one.person]}](../images/pages/{one.file})", ""]
                if one.phone:
                    lines += [f"![The same on a phone](../images/pages/{one.phone})", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
