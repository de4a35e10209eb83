"""Errors as a notebook shows them: what happened, by which rule, what next, and no stack."""

from __future__ import annotations

import pytest

from readingroom import errors


def test_a_notebook_shows_message_rule_and_next_step():
    refused = errors.InvalidInput("Nothing fits.", rule="table.empty", value="sex", next_step="Choose another column.")
    assert refused._render_traceback_() == [
        "InvalidInput: Nothing fits.", "Rule: table.empty", "Next step: Choose another column."]


def test_what_is_not_known_is_not_said():
    assert errors.NotFound("There is none.")._render_traceback_() == ["NotFound: There is none."]


@pytest.mark.parametrize("refused", [
    errors.AccessDenied("Not now.", reasons=["The training ended."], rule="access"),
    errors.PolicyError("Wrong.", faults=["The training ended."], rule="access"),
])
def test_every_reason_is_shown(refused):
    assert refused._render_traceback_()[1:] == ["  - The training ended.", "Rule: access"]
