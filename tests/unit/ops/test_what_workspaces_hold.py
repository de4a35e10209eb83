"""The part of the package that goes into workspaces is whole: whatever it imports of ours is there too."""

from __future__ import annotations

import ast

from readingroom.ops.images import stage_notebook


def test_what_goes_into_workspaces_imports_nothing_of_ours_that_stays_behind(tmp_path):
    stage_notebook(tmp_path)
    root = tmp_path / "sdk"
    lacking = {
        (str(path.relative_to(root)), module)
        for path in root.rglob("*.py")
        for module in imported(ast.parse(path.read_text()))
        if module.split(".")[0] == "readingroom"
        and not any((root / name).exists() for name in (module.replace(".", "/") + ".py", module.replace(".", "/")))
    }
    assert lacking == set()


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports, functions' own imports included."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
