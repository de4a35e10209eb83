"""What answers are made of: dictionaries with exactly the keys they name, so that the document tells the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

Kind = TypeVar("Kind", bound=type)
exactly: Callable[[Kind], Kind] = with_config(ConfigDict(extra="forbid"))
"""An answer with another key than its document names, or without one, is a fault of ours."""


@exactly
class Refusal(TypedDict):
    """The body of every refusal. `value` is what broke the rule, where one can say so."""

    error: str
    message: str
    rule: str | None
    value: str | None
    next_step: str | None
