"""What a notice can say: identifiers, in words, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from readingroom.core import mail
from readingroom.core.notices import FACTS, GIVE_UP_AFTER, KINDS, Notice, facts_of, next_try, words_of
from readingroom.errors import InvalidInput
from readingroom.web.addresses import page

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
EXAMPLES = {"project": "returns", "dataset": "courts", "person": "ada", "grant": 7, "request": 12, "incident": 3,
            "until": date(2026, 12, 1), "rule": "walls.drift"}


def example(kind: str) -> dict[str, object]:
    return {name: EXAMPLES[name] for name in KINDS[kind].facts}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_said_in_words_with_a_page(kind):
    words = words_of(kind, facts_of(kind, example(kind)))
    assert words.subject and words.text.endswith(".") and words.page.startswith("/")
    assert "{" not in words.subject + words.text + page(words.page)
    assert len(words.subject) < 70, "a subject that mail programs cut off"


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_of_a_kind_has_a_shape(kind):
    assert KINDS[kind].facts <= set(FACTS)


@pytest.mark.parametrize(("name", "content"), [
    ("project", "Returning defendants"), ("request", "12\nBcc: x@example.org"), ("person", "<b>"), ("grant", "0"),
    ("rule", "free text"), ("until", "soon"), ("dataset", "é")])
def test_content_has_no_shape(name, content):
    kind = next(kind for kind in KINDS if name in KINDS[kind].facts or name == "until")
    with pytest.raises(ValueError, match=r"identifier|takes"):
        facts_of(kind, {**example(kind), name: content})


def test_a_fact_too_few_or_too_many_is_a_mistake():
    with pytest.raises(ValueError, match="takes"):
        facts_of("request.approved", {"request": 1})
    with pytest.raises(ValueError, match="takes"):
        facts_of("request.approved", {"request": 1, "project": "returns", "title": "x"})


def test_a_kind_of_another_version_is_said_to_be_one():
    assert "another version" in words_of("request.eaten", {"request": "1"}).text


class TestTryingAgain:
    def test_waits_double_up_to_six_hours(self):
        waits = [next_try(tries, AT, AT) - AT for tries in (1, 2, 3, 20)]
        assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), timedelta(hours=6)]

    def test_given_up_three_days_after_the_notice(self):
        assert next_try(9, AT + GIVE_UP_AFTER, AT) is None

    def test_it_ends_whatever_the_server_does(self):
        at, tries = AT, 0
        while at is not None:
            tries += 1
            assert tries < 100
            at = next_try(tries, at, AT)


class TestAddresses:
    @pytest.mark.parametrize("given", ["ada@example.org", " ada.marsh+tre@leeds.ac.uk ", "a@localhost", "o'neil@x.ie"])
    def test_addresses(self, given):
        assert mail.check_address(given) == given.strip()

    @pytest.mark.parametrize("given", [
        "ada", "@example.org", "ada@", "a b@example.org", "ada@example.org, eve@example.org", "ada@exam\nple.org",
        "ada@example.org\r\nBcc: eve@example.org", "<ada@example.org>", ".ada@example.org", "ada@-x.org",
        "a" * 65 + "@x.org", "ada@" + "x" * 260, "ada@éx.org", '"a b"@x.org', "ada@[127.0.0.1]"])
    def test_what_is_none(self, given):
        with pytest.raises(InvalidInput) as refused:
            mail.check_address(given)
        assert refused.value.next_step


def test_an_email_holds_a_link_and_identifiers():
    notice = Notice(9, "ada", "request.returned", {"request": "12", "project": "returns"}, AT, None)
    made = mail.message(notice, to="a@x.org", sender="rr@y.org", portal="https://rr.example/services/portal",
                        host="rr.example", instance="0a")
    assert made.subject == "[Reading Room] Request 12 was returned for changes"
    assert "https://rr.example/services/portal/requests/12\n" in made.text
    assert made.id == "<notice-9.0a@rr.example>"
