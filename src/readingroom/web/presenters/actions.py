"""Buttons: allowed, or disabled with the reason that the guard gave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """`refused` is why not, in a sentence; empty means allowed. A link opens a page, anything else is a change."""

    key: str
    text: str
    href: str
    refused: str = ""
    is_link: bool = False
    classes: str = ""


SECONDARY = "govuk-button--secondary"
WARNING = "govuk-button--warning"
