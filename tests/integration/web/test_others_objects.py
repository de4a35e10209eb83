"""What belongs to others is answered like what does not exist: every address of the pages and of the API in turn.

The addresses are those that the application knows, so a new one is tried without anybody thinking of it; one with a
parameter that has no example here fails.
"""

from __future__ import annotations

import re

import pytest

from readingroom.core.lifecycle import ProjectStatus
from readingroom.web.addresses import API
from readingroom.web.api.document import OPERATIONS
from readingroom.web.app import PAGES
from tests.browser.populated import populate
from tests.integration.web.world import API as API_BASE
from tests.integration.web.world import World

PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
OPEN = {"/datasets/{slug}": "the catalogue is for everyone",
        **dict.fromkeys(("/datasets/{slug}/account", "/datasets/{slug}/account.csv"), "and says that it is there"),
         "/invitation/{token}": "the link is the secret",
        "/project/application/{section:path}": "the caller's own project, whatever is asked",
        "/project/versions/{number}": "the caller's own project, whatever is asked",
        **dict.fromkeys(("/packages/pip/simple/{name}/", "/packages/pip/files/{sha256}/{filename}",
                         "/packages/cran/src/contrib/{filename}"), "the caller's own project, tested in test_packages")}
# Whose business it is none of, by the beginning of the address; some of them hold the role that it takes elsewhere.
STRANGE = {
    "/projects/": ("noor", "okafor", "freya", "nobody"),
    "/applications/": ("noor", "okafor", "freya", "nobody"),
    "/requests/": ("noor", "okafor", "nobody"),
    "/releases/": ("noor", "okafor", "nobody"),
    "/private-answers/": ("noor", "okafor", "freya", "nobody"),
    "/grants/": ("noor", "okafor", "freya", "olive", "nobody"),
    "/datasets/": ("noor", "okafor", "freya", "nobody"),
    "/sign-offs/": ("noor", "mercer", "freya", "nobody"),
    "/training/": ("noor", "mercer", "tomas", "nobody"),
    "/people/": ("noor", "freya", "nobody"),
    "/packages/": ("noor", "mercer", "freya", "nobody"),
    "/notices/": ("noor", "mercer", "freya"),
}
ABSENT = {"slug": "nonesuch-project", "number": 977, "grant_id": 977, "answer_id": 977, "id": 977, "notice": 977_000,
          "username": "nonesuch"}

# The other parameters of an address, which stay as they are.
REST = {"dataset": "magistrates", "section": "aim", "version": 1, "file_id": 1, "place": 1, "form": "json",
        "action": "suspend", "username": "bilal", "number": 1}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("full"))
    numbers = populate(made)
    made.project("elsewhere", "Elsewhere", ProjectStatus.ACTIVE, 300, {"noor"})
    yield made, numbers
    made.close()


def existing(path: str, numbers: dict[str, object]) -> dict[str, object]:
    """An object for each parameter of the address: one that is there."""
    first = path.split("/")[1]
    request = {"releases": "released", "sign-offs": "to sign"}.get(first, "waiting")
    return {"slug": "magistrates" if first == "datasets" else "returning-defendants", "number": numbers[request],
            "grant_id": 1, "answer_id": numbers["answer"], "id": numbers["training"], "notice": 1, "username": "bilal"}


def filled(path: str, names: dict[str, object]) -> str:
    return PARAMETER.sub(lambda found: str(names[found[1]]), path)


def addresses(modules):
    return sorted({(method, route.path) for module in modules for route in module.router.routes
                   if PARAMETER.search(route.path) and not any(map(route.path.endswith, OPEN))
                   for method in route.methods})


@pytest.mark.parametrize(("method", "path"), addresses(PAGES))
def test_a_page_of_others_is_a_page_that_is_not_there(full, method, path):
    world, numbers = full
    name = PARAMETER.search(path)[1]
    there, absent = (filled(path, {**REST, name: one}) for one in (existing(path, numbers)[name], ABSENT[name]))
    strange = next(names for beginning, names in STRANGE.items() if path.startswith(beginning))
    for who in strange:
        browser = world.client(who)
        one, other = ((browser.see(address) if method == "GET" else browser.do(address, reason="Why"))
                      for address in (there, absent))
        assert one.status_code == other.status_code, (who, there, one.status_code, other.status_code)
        assert one.status_code in (403, 404, 422) or path.startswith("/notices/"), (who, there, one.status_code)
        assert one.text.replace(there, absent) == other.text, (who, there)
        assert {**one.headers, "content-length": ""} == {**other.headers, "content-length": ""}, (who, there)


@pytest.mark.parametrize(("method", "path"), addresses(OPERATIONS[API]))
def test_an_answer_of_the_api_about_others_is_one_about_nothing(full, method, path):
    """From a workspace of another project, and for what the token does not say."""
    world, numbers = full
    name = PARAMETER.search(path)[1]
    there, absent = (API_BASE + PARAMETER.sub(str(one), path) for one in (existing(path, numbers)[name], ABSENT[name]))
    noor = world.workspace("noor", "elsewhere")
    one, other = (noor.request(method, address, json=None if method == "GET" else {}) for address in (there, absent))
    assert one.status_code == other.status_code and one.text.replace(there, absent) == other.text, (there, one.text)
    assert one.status_code in (404, 422) or path.startswith("/notices/"), one.text
