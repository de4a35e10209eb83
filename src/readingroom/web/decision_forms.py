"""Reading what a custodian typed: conditions, and comments section by section."""

from __future__ import annotations

from datetime import date

from pydantic import ValidationError
from starlette.datastructures import FormData

from readingroom.core.application_form import SECTION_TITLES
from readingroom.core.decisions import Conditions
from readingroom.core.policy.model import Policy
from readingroom.core.tiers import Tier
from readingroom.errors import InvalidInput
from readingroom.web.portal import text_field
from readingroom.web.presenters.decisions import RULE_FIELDS

LONGEST_FILTER = 2000


def typed_conditions(form: FormData) -> dict[str, str]:
    """What was typed, to show it again."""
    return {name: value for name, value in form.items() if isinstance(value, str) and name != "csrf_token"}


def taken_out(form: FormData) -> frozenset[str]:
    return frozenset(value for value in form.getlist("without") if isinstance(value, str))


def conditions(form: FormData) -> Conditions:
    """The conditions of the form. InvalidInput, naming the field, for what is no number or no date."""
    narrower = {name.removeprefix("narrower-"): text_field(form, name, LONGEST_FILTER + 1)
                for name in form if name.startswith("narrower-")}
    if too_long := [table for table, text in narrower.items() if len(text) > LONGEST_FILTER]:
        raise InvalidInput(f"The filter of {too_long[0]} is too long.", rule="conditions.row-filter",
                           next_step="Shorten it.")
    return Conditions(without=taken_out(form), narrower=narrower, rules=_rules(form),
                      budget_micro_rho=_number(form, "budget_micro_rho", "privacy budget"), expires_on=_date(form),
                      words=text_field(form, "words", 4000))


def _rules(form: FormData) -> Policy:
    said: dict[str, object] = {name: number for name, label in RULE_FIELDS
                               if (number := _number(form, f"rule-{name}", label.lower())) is not None}
    if text_field(form, "rule-tier", 10):
        said["tier"] = Tier.STRICT
    try:
        return Policy.model_validate(said)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidInput(f"{str(fault['loc'][0]).replace('_', ' ')}: {fault['msg']}.", rule="conditions.rules",
                           next_step="Give a number that can be such a rule, or leave it empty.") from error


def _number(form: FormData, name: str, label: str) -> int | None:
    text = text_field(form, name, 20)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"“{text}” is not a whole number ({label}).", rule="conditions.number", value=text,
                           next_step="Give a whole number, or leave it empty.")
    return int(text)


def _date(form: FormData) -> date | None:
    day, month, year = (text_field(form, f"expires_on-{part}", 10) for part in ("day", "month", "year"))
    if not (day or month or year):
        return None
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"“{day} {month} {year}” is not a date.", rule="conditions.expires-on",
                           next_step="Give day, month and year, or leave all three empty.") from error


def comments(form: FormData) -> dict[str, str]:
    """What was said of each section."""
    return {key: text for key in SECTION_TITLES if (text := text_field(form, f"comment-{key}", 5000))}
