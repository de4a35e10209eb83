"""The pages say what the code says: generated ones are up to date, and no link or promised test is missing."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from readingroom import sdk
from readingroom.core.policy import Policy
from readingroom.core.policy.dataset_files import parse_dataset

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "README.md", REPOSITORY / "DEVELOPERS.md"])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
MODULE_PATH = re.compile(r"`((?:src|tests|images|policies|scripts|benchmarks)/[\w./-]*\w/?)`")


COMMAND = re.compile(r"readingroom ((?:audit|check|dp|release|policy|person|project|images|packages) )?([a-z][a-z-]+)")
TARGET = re.compile(r"`?make ([a-z][a-z-]+)`?")


def load_generator():
    found = importlib.util.spec_from_file_location("generate_docs", REPOSITORY / "scripts" / "generate_docs.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


GENERATOR = load_generator()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-") for heading in headings}


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_a_generated_page_is_what_the_code_says_now(name):
    written = (REPOSITORY / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == GENERATOR.PAGES[name](), "run: python scripts/generate_docs.py"


def test_every_policy_field_says_what_it_means():
    assert not [name for name, field in Policy.model_fields.items() if not field.description]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    broken = []
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        place = (page.parent / target).resolve() if target else page
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            broken.append(f"{target}#{anchor}")
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_tests_that_a_page_names_exist(page):
    """A security claim that cites a test is worth nothing once the test is gone."""
    missing = []
    for path, name in TEST_NAME.findall(page.read_text(encoding="utf-8")):
        file = REPOSITORY / path
        if not file.exists():
            missing.append(path)
        elif name and name not in {node.name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                                   if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}:
            missing.append(f"{path}::{name}")
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_exist(page):
    named = MODULE_PATH.findall(page.read_text(encoding="utf-8"))
    assert not [path for path in named if not (REPOSITORY / path).exists()]


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(file.name[:4]) for file in sorted((REPOSITORY / "docs" / "adr").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_a_page_shows_exist(page):
    """Looks at code only: `readingroom up` in a sentence is code too, the name of the product is not."""
    text = page.read_text(encoding="utf-8")
    code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *re.findall(r"```sh\n(.*?)```", text, re.DOTALL)])
    shown = {f"{group}{name}" for group, name in COMMAND.findall(code)}
    assert shown <= commands()
    assert set(TARGET.findall(code)) <= make_targets()


def commands() -> set[str]:
    """Every command, as typed after `readingroom`; read from the source, since a group's module wires everything."""
    found = set()
    for file in (REPOSITORY / "src/readingroom/cli").glob("*.py"):
        group = "" if file.stem == "app" else f"{file.stem} "
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and getattr(mark.func, "attr", "") == "command":
                        named = [one.value for one in mark.args if isinstance(one, ast.Constant)]
                        found.add(group + (named[0] if named else node.name))
    for registered in re.findall(r'app\.command\("([a-z-]+)"\)',
                                 (REPOSITORY / "src/readingroom/cli/check/__init__.py").read_text(encoding="utf-8")):
        found.add(f"check {registered}")
    return found


def make_targets() -> set[str]:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_the_dataset_in_the_guide_can_be_registered():
    page = REPOSITORY / "docs" / "how-to" / "register-a-dataset.md"
    example = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    dataset, policy = parse_dataset(example[0], name_of(page))
    assert dataset.slug == "reading-habits"
    assert policy.denied_columns


def test_every_event_of_the_log_is_explained():
    page = (REPOSITORY / "docs" / "reference" / "audit-events.md").read_text(encoding="utf-8")
    assert recorded_actions() - set(re.findall(r"`([a-z]+\.[a-z-]+)`", page)) == set()


def recorded_actions() -> set[str]:
    """Actions that a service gives by name to `events.record` or to a helper that does."""
    found = set()
    for file in (REPOSITORY / "src/readingroom/services").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
                    "record", "_move", "_decide"}:
                found |= {one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                          and re.fullmatch(r"[a-z]+\.[a-z-]+", one.value)}
    assert "grant.agreed" in found, "the services record events in another way now: read them anew"
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_calls_of_the_sdk_exists(page):
    called = re.findall(r"\brr\.((?:private|dp)\.)?(\w+)\(", page.read_text(encoding="utf-8"))
    absent = {name for inner, name in called if not hasattr(sdk.dp if inner else sdk, name)}
    assert not absent
