"""The part of the package that goes into workspaces is whole, and no more than that part needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from readingroom.ops.closure import closure
from readingroom.ops.images import hash_of, stage_notebook

# In an interpreter of its own, that finds our package in the context only.
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path = [sys.argv[1], *(place for place in sys.path if not place.endswith("/src"))]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in str(finder).lower()]
import readingroom
for found in pkgutil.walk_packages(readingroom.__path__, "readingroom."):
    importlib.import_module(found.name)
ours = [module for name, module in sys.modules.items() if name.split(".")[0] == "readingroom"]
print(*(module.__file__ for module in ours), sep="\\n")
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    made = tmp_path_factory.mktemp("context")
    stage_notebook(made)
    return made


def test_all_of_it_is_imported_with_nothing_else_of_ours_there(context):
    files = subprocess.run([sys.executable, "-I", "-B", "-c", IMPORT_ALL, str(context / "sdk")], capture_output=True,
                           text=True, check=True).stdout.splitlines()
    assert {Path(name).relative_to(context / "sdk") for name in files} == {
        path.relative_to(context / "sdk") for path in (context / "sdk").rglob("*.py")}


@pytest.mark.parametrize("name", ["core/audit.py", "core/grants.py", "core/simulation.py", "core/application_form.py",
                                  "core/permissions.py", "services", "hub", "db", "storage", "web", "ops", "worker.py"])
def test_what_guards_researchers_stays_behind(context, name):
    assert not (context / "sdk/readingroom" / name).exists()


@pytest.mark.parametrize("name", ["core/disclosure/check.py", "core/inspection/inspect.py", "errors.py"])
def test_what_the_sdk_checks_with_is_there(context, name):
    assert (context / "sdk/readingroom" / name).is_file()


def test_the_same_code_gives_the_same_context(context, tmp_path):
    stage_notebook(tmp_path)
    assert hash_of(tmp_path) == hash_of(context)


def test_imports_are_followed_wherever_they_stand(tmp_path):
    package = tmp_path / "ours"
    for name, text in {
        "__init__": "", "part/__init__": "from ours.core import named\n", "part/inner": "import ours.core.whole as w\n",
        "core/__init__": "", "core/named": "def later():\n    from ours.core.deep.late import thing\n",
        "core/whole": "import os, json\nfrom importlib import import_module\nimport_module('ours.core.lazy')\n",
        "core/lazy": "import ours.part.inner\n", "core/deep/__init__": "from ours.core.deep.sibling import *\n",
        "core/deep/late": "thing = 1\n", "core/deep/sibling": "", "core/never": "", "other": "import ours.core.never\n",
    }.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    left_out = {path.relative_to(tmp_path) for path in package.rglob("*.py")} - set(closure(package, "part"))
    assert {str(path) for path in left_out} == {"ours/core/never.py", "ours/other.py"}
