"""`readingroom check`: the disclosure checks on files, without an installation. One module per command."""

from __future__ import annotations

import typer

from readingroom.cli.check import acro, contributions, model, table, tables_together

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("acro")(acro.check_acro)
app.command("export-sacro")(acro.export_sacro)
app.command("contributions")(contributions.check_contributions)
app.command("model")(model.check_model)
app.command("table")(table.check_table)
app.command("published")(tables_together.check_published)
app.command("protect")(tables_together.check_protect)
