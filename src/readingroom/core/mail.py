"""An e-mail of a notice: identifiers, a link, and nothing that a mail server should not see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from readingroom.core.notices import Notice, words_of
from readingroom.errors import InvalidInput

LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3, less its angle brackets
_ADDRESS = re.compile(
    r"(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
CLOSE = "Reading Room sends identifiers only, and never asks for a password by e-mail."


@dataclass(frozen=True)
class Message:
    """`id` is the same whenever the same notice is sent, so that a mail server can drop a second copy."""

    id: str
    to: str
    sender: str
    subject: str
    text: str
    at: datetime


def check_address(given: str) -> str:
    """The address, if it is one (RFC 5321's dot-string, a host name): no comments, quotes, spaces or lists."""
    wanted = given.strip()
    if len(wanted) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(wanted):
        raise InvalidInput(f"{wanted[:100]!r} is not an e-mail address.", rule="notices.address", value=wanted[:100],
                           next_step="Give one address, as in ada.marsh@example.org, or leave it empty for none.")
    return wanted


def invitation(*, username: str, link: str, until: date, to: str, sender: str, id: str, at: datetime) -> Message:
    """The e-mail with which somebody sets their first password. It names no project, no data and no inviter."""
    return Message(
        id=id, to=to, sender=sender, subject="[Reading Room] Set your password",
        text=f"The account {username} is ready for you. Set its password here, once, by {until:%-d %B %Y}:\n\n"
             f"{link}\n\nWhoever has this link can set the password: pass it on to nobody. If you did not expect it, "
             f"leave it alone.\n\n{CLOSE}\n", at=at)


def message(notice: Notice, *, to: str, sender: str, portal: str, host: str, instance: str) -> Message:
    """The e-mail of one notice. `portal` is the address of the portal, under which the notice's page is."""
    words = words_of(notice.kind, notice.facts)
    return Message(
        id=f"<notice-{notice.id}.{instance}@{host}>", to=to, sender=sender, subject=f"[Reading Room] {words.subject}",
        text=f"{words.text}\n\n{portal}{words.page}\n\n{CLOSE}\n", at=notice.at)
