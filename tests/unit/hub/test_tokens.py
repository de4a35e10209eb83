import pytest

from readingroom.errors import PermissionDenied
from readingroom.hub.tokens import PORTAL_SCOPE, person_of, project_of

WORKSPACE = {
    "name": "alice",
    "kind": "user",
    "admin": False,
    "scopes": [
        "access:servers!server=alice/reoffending",
        "read:users:activity!user=alice",
        "read:users:groups!user=alice",
        "read:users:name!user=alice",
        "users:activity!user=alice",
    ],
}
BROWSER = {"name": "alice", "kind": "user", "scopes": [PORTAL_SCOPE, "read:users:name!user=alice"]}


def test_a_workspaces_token_names_its_person_and_project():
    assert project_of(WORKSPACE) == ("alice", "reoffending")


def test_a_browsers_token_names_its_person():
    assert person_of(BROWSER) == "alice"


def test_neither_token_opens_the_others_door():
    with pytest.raises(PermissionDenied):
        project_of(BROWSER)
    with pytest.raises(PermissionDenied):
        person_of(WORKSPACE)


@pytest.mark.parametrize(
    "more",
    [
        "access:servers!server=alice/other",
        "access:servers!server=bob/reoffending",
        "access:servers!user=alice",
        "access:servers",
        PORTAL_SCOPE,
        "servers!user=alice",
        "tokens!user=alice",
        "list:users",
        "admin:users",
        "read:users!user=alice",
        "users:activity",
        "inherit",
        "something:new",
    ],
)
def test_a_token_that_may_more_than_a_workspace_is_not_one(more):
    with pytest.raises(PermissionDenied):
        project_of({**WORKSPACE, "scopes": [*WORKSPACE["scopes"], more]})


@pytest.mark.parametrize("server", ["alice/", "alice", "/reoffending", "bob/reoffending", "alice/a/b", ""])
def test_the_server_must_be_a_named_one_of_the_same_person(server):
    with pytest.raises(PermissionDenied):
        project_of({**WORKSPACE, "scopes": [f"access:servers!server={server}"]})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "service"},
        {"kind": None},
        {"name": ""},
        {"name": None},
        {"scopes": None},
        {"scopes": [1]},
        {"scopes": "access:servers!server=alice/reoffending"},
        {"scopes": []},
    ],
)
def test_a_model_of_another_shape_is_refused(change):
    with pytest.raises(PermissionDenied):
        project_of({**WORKSPACE, **change})
    with pytest.raises(PermissionDenied):
        person_of({**BROWSER, **change})
    with pytest.raises(PermissionDenied):
        project_of({})
