"""Running `readingroom check` as a person does; a fault is raised, so that tests see which it is."""

from __future__ import annotations

from click.testing import Result
from typer.testing import CliRunner

from readingroom.cli.app import app


def check(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
