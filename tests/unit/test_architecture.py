"""Dependencies point inward: the imports are read, and a wrong arrow fails."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "readingroom"
ALLOWED = {
    "core": {"core", "errors"},
    "ports": {"core", "errors"},
    "services": {"services", "core", "ports", "errors", "demo", "settings", "durable"},
    "db": {"db", "core", "ports", "errors", "settings"},
    "storage": {"storage", "core", "ports", "errors", "settings", "durable"},
    "demo": {"demo", "core", "errors"},
    "sdk": {"sdk", "core", "errors"},
    "web": {"web", "services", "core", "ports", "errors", "settings", "bootstrap", "hub"},
    "hub": {"hub", "services", "core", "ports", "errors", "settings", "bootstrap", "installed", "durable"},
    "installed": {"errors", "settings"},
    "smtp": {"core", "errors", "settings"},
    "settings": {"errors"},
    "durable": set(),
    "errors": set(),
}
MODULES = sorted(
    path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0].removesuffix(".py") in ALLOWED)


def rooms_imported(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "readingroom" else [
                node.module]
        for name in names:
            head, _, rest = name.partition(".")
            if head == "readingroom":
                rooms.add(rest.split(".")[0])
    return rooms


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_from_rooms_that_it_may_know(path):
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert rooms_imported(path) - {""} <= ALLOWED[room]


CORE = sorted((SOURCE / "core").rglob("*.py"))


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_core_reads_no_clock_disk_network_or_chance(path):
    forbidden = {"os", "socket", "subprocess", "random", "secrets", "time", "httpx", "sqlalchemy", "duckdb", "requests",
                 "tempfile", "shutil"}
    imported = {alias.name.split(".")[0] for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module.split(".")[0] for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.ImportFrom) and node.module}
    if path.parent.name == "tabulation":
        forbidden = forbidden - {"duckdb"}  # in memory, shut to files and networks: docs/adr/0014
    assert not imported & forbidden
