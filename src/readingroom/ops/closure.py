"""What a part of our package needs of the rest: the files that its imports lead to, read and not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def closure(package: Path, part: str) -> tuple[Path, ...]:
    """The files of `package` that the modules of its `part` import, directly or not; themselves and packages included.

    In order of their names, relative to where the package is. Imports inside functions count, and `import_module` of a
    name that is written out; a name that is put together at run time can't be seen.
    """
    top = package.parent
    waiting = [_name(top, path) for path in (package / part).rglob("*.py")]
    found: dict[str, Path] = {}
    while waiting:
        name = waiting.pop()
        path = _file(top, name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [*_above(name), *_imported(ast.parse(path.read_text(encoding="utf-8")), package.name)]
    return tuple(sorted(path.relative_to(top) for path in found.values()))


def _name(top: Path, path: Path) -> str:
    return ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__")


def _file(top: Path, name: str) -> Path | None:
    """None for what is no module: a function or class that is imported from one."""
    path = top.joinpath(*name.split("."))
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)


def _above(name: str) -> Iterator[str]:
    """The packages that are imported before a module is."""
    while name := name.rpartition(".")[0]:
        yield name


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                told = [one.name for one in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                told = [module, *(f"{module}.{one.name}" for one in names)]
            case ast.Call(func=ast.Name(id="import_module"), args=[ast.Constant(value=str(name)), *_]):
                told = [name]
            case _:
                continue
        yield from (name for name in told if name.split(".")[0] == package)
