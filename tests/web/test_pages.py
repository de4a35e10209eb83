"""Every page in its states, for those who may see it."""

from __future__ import annotations

import pytest

from readingroom.core.requests import Decision


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_front_page_leads_everyone_to_their_own_home(world):
    homes = {"ada": "/projects", "mercer": "/grants", "imran": "/queue", "robin": "/health"}
    for name, home in homes.items():
        answer = world.client(name).see("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/services/portal" + home)


def test_someone_without_a_role_is_told_so(world):
    assert "have no role yet" in text_of(world.client("nobody").see("/"))
