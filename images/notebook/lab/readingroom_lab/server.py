"""Two addresses of the workspace's own server, for our part of JupyterLab.

`readingroom/standing` passes on how the workspace stands, as the portal says (its token stays in here), and
`readingroom/dictionary` is what the mounted data say of themselves.
"""

import asyncio
import json
from contextlib import closing
from http.client import HTTPException
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from readingroom_lab.door import Door

DATA = Path("/data")
SECONDS = 20


def standing() -> dict[str, object]:
    """Raises HTTPError 503 while the Reading Room does not answer."""
    try:
        with closing(Door(SECONDS)) as door:
            answer = door.get("/workspace/standing")
            told = json.loads(answer.read())
    except (OSError, HTTPException, ValueError, KeyError) as error:
        raise HTTPError(503, "The Reading Room does not answer.") from error
    if answer.status != 200:
        raise HTTPError(503, str(told.get("message", "The Reading Room gave no answer.")))
    return told


def dictionary() -> list[dict[str, object]]:
    """Each mounted dataset, by title. One that can't be read is left out: its data can't be either."""
    found = []
    for path in DATA.glob("*/dataset.json"):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda dataset: dataset["title"])


class _Told(APIHandler):
    auth_resource = "contents"
    ask = staticmethod(standing)

    @authenticated
    @authorized
    async def get(self) -> None:
        self.finish(json.dumps(await asyncio.to_thread(self.ask)))


class _Dictionary(_Told):
    ask = staticmethod(dictionary)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "readingroom_lab.server"}]


def _load_jupyter_server_extension(server) -> None:
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(".*$", [
        (url_path_join(base, "readingroom", "standing"), _Told),
        (url_path_join(base, "readingroom", "dictionary"), _Dictionary),
    ])
