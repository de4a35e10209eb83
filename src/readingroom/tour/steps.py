"""The journey, step by step. Each step acts as a person would and returns, in a sentence, what it proved."""

from __future__ import annotations

from collections.abc import Callable

from readingroom.tour.desk import (
    brought_in,
    checked_and_frozen,
    conflict,
    recall,
    release,
    returned_round,
    two_checkers,
)
from readingroom.tour.entrance import see_projects, sign_in
from readingroom.tour.governance import amendment, apply, expiry_and_renewal, two_custodians, withdrawal
from readingroom.tour.journey import Journey
from readingroom.tour.proof import prove_log, public_register
from readingroom.tour.workspace import (
    granted_only,
    open_workspace,
    private_answers,
    private_release,
    welcome_notebook,
)

STEPS: tuple[tuple[str, Callable[[Journey], str]], ...] = (
    ("People sign in once", sign_in),
    ("A researcher sees their projects, and why one cannot be opened", see_projects),
    ("A researcher applies for two departments’ data", apply),
    ("Two custodians grant it, each on their own part", two_custodians),
    ("An amendment asks only whom it touches", amendment),
    ("A workspace opens, walled in", open_workspace),
    ("Only what was granted is there", granted_only),
    ("The welcome notebook runs from top to bottom", welcome_notebook),
    ("Private answers are paid from a budget that ends", private_answers),
    ("A private answer leaves at once, where policy lets it", private_release),
    ("The request is frozen and checked", checked_and_frozen),
    ("Whoever is too near may not check it", conflict),
    ("Two checkers decide, blind to each other", two_checkers),
    ("The release can be verified by anyone", release),
    ("A request is returned, changed, and judged again", returned_round),
    ("A release is taken back", recall),
    ("Code comes in by the same desk", brought_in),
    ("A grant ends by itself, and is renewed", expiry_and_renewal),
    ("A withdrawn grant closes the workspace", withdrawal),
    ("Anyone can read the register", public_register),
    ("The log proves all of it", prove_log),
)
