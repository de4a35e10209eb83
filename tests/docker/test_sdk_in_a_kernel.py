"""What a researcher sees of the SDK in the image's own kernel: errors without a stack, a line that changes in place."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from readingroom.installed import NOTEBOOK, image_id
from readingroom.ops import images
from readingroom.ops.engine import client
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

pytestmark = pytest.mark.docker

RUN_CELLS = """
import json, sys
from jupyter_client.manager import start_new_kernel
manager, kernel = start_new_kernel(kernel_name="python3")
for code in json.loads(sys.argv[1]):
    kernel.execute_interactive(code, timeout=60, output_hook=lambda said: print(json.dumps(
        [said["msg_type"], said["content"].get("traceback") or said["content"].get("data", {}).get("text/plain")])))
manager.shutdown_kernel(now=True)
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = Settings(state_dir=tmp_path_factory.mktemp("images"))
    images.provide(made, Progress())
    return made


def shown(settings: Settings, *cells: str) -> list[list]:
    """Kind and text of all that the cells show."""
    with closing(client(settings)) as engine:
        said = engine.containers.run(
            image_id(settings, NOTEBOOK), ["-c", RUN_CELLS, json.dumps(cells)], entrypoint="/opt/venv/bin/python",
            remove=True, network_mode="none", read_only=True, tmpfs={"/tmp": ""}, labels={"readingroom.test": "sdk"},
            environment={"HOME": "/tmp"}, working_dir="/tmp", stderr=False)
    kinds = ("error", "stream", "execute_result", "display_data", "update_display_data")
    return [message for line in said.decode().splitlines() if (message := json.loads(line))[0] in kinds]


def test_an_error_is_a_message_a_rule_and_a_next_step(settings):
    (kind, lines), = shown(settings, "import readingroom.sdk as rr\nrr.workspace()")
    assert kind == "error" and len(lines) == 3
    assert [line.partition(":")[0] for line in lines] == ["Unavailable", "Rule", "Next step"]


def test_waiting_is_one_line_and_is_taken_back(settings):
    said = shown(settings, "from readingroom.sdk._line import Line\nline = Line()\nline.show('Costs 1.')\n"
                           "line.show('Costs 1. Waiting: 2 s.')\nline.settle()")
    assert said == [["display_data", "Costs 1."], ["update_display_data", "Costs 1. Waiting: 2 s."],
                    ["update_display_data", "Costs 1."]]


def test_what_takes_long_shows_how_far_it_is(settings):
    said = shown(settings, "import time\nfrom readingroom.sdk._progress import progress\nwith progress(2) as tell:\n"
                           "    tell(1, 'counting')\n    time.sleep(3.2)")
    kinds, words = zip(*said, strict=True)
    assert set(kinds[1:]) == {"update_display_data"} and kinds[0] == "display_data"
    assert words[0] == "▰▱ counting, 2 s" and words[-1] == "▰▰ done in 3 s"
