"""`readingroom person`: look after accounts."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from readingroom.bootstrap import build, mail
from readingroom.core.roles import Role
from readingroom.services import accounts, invitations, people, sign_in
from readingroom.services.accounts import COMMAND_LINE
from readingroom.services.invitations import Invitation
from readingroom.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
Username = Annotated[str, typer.Argument(help="Who.")]
Reason = Annotated[str, typer.Option(help="Goes on the audit log.", prompt=True)]


@app.command()
def invite(
    username: Username,
    name: Annotated[str, typer.Option(help="As on their identity document.", prompt=True)],
    organisation: Annotated[str, typer.Option(help="Whose undertaking they sign.", prompt=True)],
    role: Annotated[list[Role], typer.Option(help="What they will be; may be given more than once.")],
    reason: Reason,
    email: Annotated[str, typer.Option(help="For notices.")] = "",
) -> None:
    """Record somebody new, and print the link with which they set their password."""
    settings = load_settings()
    made = people.invite(build(settings), COMMAND_LINE, username, name, organisation, role, email=email, reason=reason)
    _hand_over(settings, made)


def _hand_over(settings: Settings, made: Invitation) -> None:
    """Mail the link where the installation sends mail; print it where it does not."""
    room = build(settings)
    if sent_to := invitations.deliver(room, mail(settings), made):
        print(f"The link was mailed to {sent_to}; it works once, until {made.expires_at:%-d %B %Y}.")
        return
    print(f"Give this link to {made.username}; it works once, until {made.expires_at:%-d %B %Y}:")
    print(invitations.address_of(room, made))


@app.command("reset-sign-in")
def reset_sign_in(username: Username, reason: Reason) -> None:
    """Help someone who lost their phone: signed out, and a link sets up password and second factor anew."""
    settings = load_settings()
    made = people.reset_sign_in(build(settings), COMMAND_LINE, username, reason=reason)
    _hand_over(settings, made)


@app.command()
def link(
    username: Username,
    subject: Annotated[str, typer.Argument(help="Who they are at the provider; empty takes the link away.")],
    reason: Reason,
) -> None:
    """Register an account of your organisation's sign-in to someone, who may then use it here."""
    people.link_provider(build(load_settings()), COMMAND_LINE, username, subject, reason=reason)
    print(f"{username} signs in with that account." if subject else f"{username} is linked to no account.")


@app.command()
def code(username: Username) -> None:
    """Print a code for one of the demo's accounts, for want of a phone. Real people's codes are on their phones."""
    room = build(load_settings())
    while isinstance(found := sign_in.demo_code(room, username), int):
        time.sleep(found + 1)
    print(found)


@app.command("reset-password")
def reset_password(username: Username) -> None:
    """Give someone a new password, shown once, and lift a lock after too many wrong ones."""
    password = accounts.generate_password()
    accounts.reset_password(build(load_settings()), username, password, by=COMMAND_LINE)
    print(f"{username} signs in with: {password}")


@app.command()
def suspend(username: Username, reason: Reason) -> None:
    """Suspend someone: signed out at once, open workspaces closed within a minute."""
    people.suspend(build(load_settings()), COMMAND_LINE, username, reason=reason)
    print(f"{username} is suspended.")


@app.command()
def bar(username: Username, reason: Reason) -> None:
    """Bar someone: as suspending, but it takes two acts to undo."""
    people.bar(build(load_settings()), COMMAND_LINE, username, reason=reason)
    print(f"{username} is barred.")


@app.command()
def reinstate(username: Username, reason: Reason) -> None:
    """Lift a suspension; of a bar it makes a suspension."""
    room = build(load_settings())
    people.reinstate(room, COMMAND_LINE, username, reason=reason)
    print(f"{username} is {accounts.person(room, username).standing.value}.")
