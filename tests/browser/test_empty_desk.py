"""The airlock's pages when there is nothing on them yet: each says what it is for."""

from __future__ import annotations

import pytest

from tests.browser.site import Site, look_at_both_widths, serve
from tests.integration.web.world import World

EMPTY = [("imran", "/turnaround"), ("imran", "/training"), ("noor", "/incoming"), ("mercer", "/sign-offs"),
         ("imran", "/queue"), ("robin", "/training/scores"), ("noor", "/releases"), ("noor", "/requests")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with serve(World(tmp_path_factory.mktemp("empty") / "state")) as made:
        yield made


@pytest.mark.parametrize(("who", "path"), EMPTY)
def test_an_empty_page_says_what_it_is_for(site: Site, who, path):
    with site.browser(who) as page:
        look_at_both_widths(site, page, path, f"empty-{who}-{path}")
        assert len(page.locator("main").inner_text().split()) > 12
