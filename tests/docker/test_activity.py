"""When a workspace was used, by the door: people count, what a container does by itself does not."""

from __future__ import annotations

import time

import pytest

from readingroom.hub.activity import DoorActivity
from tests.docker.hub_installation import HubInstallation

pytestmark = pytest.mark.docker
KEY = ("alice", "reoffending")
COUNTED_SECONDS = 6.0  # HAProxy adds to its counters every five seconds
BUSY = """
import threading, time, os, httpx
def shout():
    door = httpx.HTTPTransport(uds=os.environ["READINGROOM_DOOR"])
    with httpx.Client(transport=door, headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}) as hub:
        while True:
            print("busy " * 100, flush=True)
            hub.post("http://door/hub/api/users/alice/activity", json={"servers": {"reoffending": {
                "last_activity": "2099-01-01T00:00:00Z"}}, "last_activity": "2099-01-01T00:00:00Z"})
            time.sleep(0.2)
threading.Thread(target=shout, daemon=True).start()
print("started")
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    made = HubInstallation(tmp_path_factory.mktemp("hub"))
    try:
        made.browser("alice")  # the Hub knows whoever has signed in
        made.portal.start_workspace(*KEY)
        made.wait_for_state("running")
        yield made
    finally:
        made.close()


def test_a_kernel_that_prints_and_claims_activity_is_not_use_and_a_person_is(hub):
    activity = DoorActivity(hub.settings)
    alice = hub.browser("alice")
    assert alice.kernel(KEY[1]).run(BUSY) == "started\n"
    time.sleep(COUNTED_SECONDS)
    activity.used()
    time.sleep(2 * COUNTED_SECONDS)
    assert activity.used() == frozenset(), "what the container does by itself moves nothing"
    alice.kernel(KEY[1])
    assert activity.used() == {KEY}
