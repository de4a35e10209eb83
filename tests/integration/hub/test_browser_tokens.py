"""With each sign-in the oldest beyond the policy's number end; nobody else's, and no workspace's own token."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from readingroom.hub import browser_tokens


@pytest.fixture
def db():
    session = orm.new_session_factory("sqlite:///:memory:")()
    for name in ("ada", "bilal"):
        session.add(orm.User(name=name))
    session.add(orm.OAuthClient(identifier="portal"))
    session.commit()
    yield session
    browser_tokens.limit(lambda: None)
    session.close()


def sign_in(db, name, browser: str | None = "b1"):
    """None: a token that belongs to no browser."""
    user = orm.User.find(db, name)
    client = db.query(orm.OAuthClient).one()
    return orm.APIToken.new(user=user, session_id=browser, oauth_client=client, scopes=[])


def valid(db, *tokens):
    return [orm.APIToken.find(db, token) is not None for token in tokens]


def test_the_newest_stay(db):
    browser_tokens.limit(lambda: 2)
    tokens = [sign_in(db, "ada", f"b{number}") for number in range(4)]
    assert valid(db, *tokens) == [False, False, True, True]


def test_everybody_has_their_own_number_and_a_workspaces_token_is_no_sign_in(db):
    browser_tokens.limit(lambda: 1)
    server = sign_in(db, "ada", None)
    others = sign_in(db, "bilal")
    first, second = sign_in(db, "ada"), sign_in(db, "ada", "b2")
    assert valid(db, server, others, first, second) == [True, True, False, True]
    assert orm.User.find(db, "ada").api_tokens  # what the Hub lists of a person is read without those


def test_without_a_number_all_stay_and_a_changed_policy_holds_from_the_next(db):
    browser_tokens.limit(lambda: None)
    tokens = [sign_in(db, "ada") for _ in range(3)]
    assert all(valid(db, *tokens))
    browser_tokens.limit(lambda: 1)
    assert valid(db, *tokens, sign_in(db, "ada")) == [False, False, False, True]
