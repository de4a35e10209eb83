"""`readingroom check`: the disclosure checks on files, without an installation. One module per command."""

from __future__ import annotations

import typer

from readingroom.cli.check import model, table

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("model")(model.check_model)
app.command("table")(table.check_table)
