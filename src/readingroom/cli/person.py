"""`readingroom person`: look after accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from readingroom.bootstrap import build
from readingroom.core.people import PersonStatus
from readingroom.services import accounts
from readingroom.settings import load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
BY = "command line"
Username = Annotated[str, typer.Argument(help="Who.")]


@app.command("reset-password")
def reset_password(username: Username) -> None:
    """Give someone a new password, shown once, and lift a lock after too many wrong ones."""
    password = accounts.generate_password()
    accounts.reset_password(build(load_settings()), username, password, by=BY)
    print(f"{username} signs in with: {password}")


@app.command()
def suspend(
    username: Username,
    reason: Annotated[str, typer.Option(help="Goes on the audit log.", prompt=True)],
) -> None:
    """Suspend someone: signed out at once, open workspaces closed within a minute."""
    accounts.set_status(build(load_settings()), username, PersonStatus.SUSPENDED, by=BY, reason=reason)
    print(f"{username} is suspended.")


@app.command()
def reinstate(
    username: Username,
    reason: Annotated[str, typer.Option(help="Goes on the audit log.", prompt=True)],
) -> None:
    """Lift a suspension."""
    accounts.set_status(build(load_settings()), username, PersonStatus.ACTIVE, by=BY, reason=reason)
    print(f"{username} is active.")
