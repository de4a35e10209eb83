"""Our part of JupyterLab, without JupyterLab: a container as it loads them, that asks only where the door leads."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from readingroom.hub.configure import NODE
from readingroom.settings import REPOSITORY

EXTENSION = REPOSITORY / "images/notebook/lab/labextension"
SCRIPT = EXTENSION / "static/remoteEntry.js"
HARNESS = """
const fs = require("fs"), vm = require("vm");
const style = [];
const window = {}, document = {
  createElement: (tag) => ({ tag, append(...inside) { this.inside = inside; } }),
  head: { append: (one) => style.push(one.textContent) },
};
vm.runInNewContext(fs.readFileSync(process.argv[1], "utf8"), { window, document, console, setTimeout });
const container = window._JUPYTERLAB["@readingroom/lab"];
const shared = (exports) => ({ "1.0.0": { loaded: 1, get: async () => () => exports } });
container.init({
  "@jupyterlab/launcher": shared({ ILauncher: "ILauncher" }),
  "@jupyterlab/statusbar": shared({ IStatusBar: "IStatusBar" }),
  "@jupyterlab/apputils": shared({}), "@lumino/widgets": shared({}), "@jupyterlab/coreutils": shared({}),
  "@jupyterlab/ui-components": shared({ LabIcon: class { constructor(given) { this.given = given; } } }),
  "@jupyterlab/services": shared({ ServerConnection: { makeSettings: () => ({ baseUrl: "/" }) } }),
});
(async () => {
  const made = (await container.get("./extension"))();
  const other = await container.get("./other").then(() => "given", (error) => error.message);
  const plugins = made.default.map(({ id, requires, autoStart }) => ({ id, requires, autoStart }));
  console.log(JSON.stringify({ plugins, other, style: style.length }));
})();
"""


def test_it_is_a_module_federation_container_of_three_plugins():
    done = subprocess.run([NODE, "-e", HARNESS, SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    made = json.loads(done.stdout)
    assert made["plugins"] == [
        {"id": "@readingroom/lab:cards", "requires": ["ILauncher"], "autoStart": True},
        {"id": "@readingroom/lab:standing", "requires": ["IStatusBar"], "autoStart": True},
        {"id": "@readingroom/lab:here", "autoStart": True},
    ]
    assert made["style"] == 1 and made["other"] == "@readingroom/lab has no ./other"


def test_jupyterlab_is_told_where_it_is():
    build = json.loads((EXTENSION / "package.json").read_text())["jupyterlab"]["_build"]
    assert EXTENSION / build["load"] == SCRIPT and build["extension"] == "./extension"


def door_leads(request: str) -> bool:
    routes = [line.split()[0] for line in (REPOSITORY / "images/door/inwards.map").read_text().splitlines()
              if line and not line.startswith("#")]
    return any(re.search(route, request) for route in routes)


@pytest.mark.parametrize("request_", [
    "GET:/lab/extensions/@readingroom/lab/static/remoteEntry.js", "GET:/readingroom/standing",
    "GET:/readingroom/dictionary", "POST:/readingroom/here",
])
def test_the_door_leads_to_what_it_asks_for(request_):
    assert door_leads(request_)
    assert not door_leads(request_.replace("readingroom", "mine"))


def test_no_text_of_data_becomes_markup():
    script = SCRIPT.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script)
