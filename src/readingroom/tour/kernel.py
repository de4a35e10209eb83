"""Runs code in a person's workspace the way JupyterLab does: through the proxy, over the kernel's websocket."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from readingroom.errors import Unavailable
from readingroom.tour.visitor import LOOPBACK, Visitor


@dataclass
class CellResult:
    """What one piece of code printed and displayed; `error` is empty when it ran to its end."""

    text: str = ""
    displayed: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""


class Kernel:
    """A running Python kernel in the workspace of `visitor` in `project`."""

    def __init__(self, visitor: Visitor, project: str) -> None:
        self._visitor = visitor
        self._project = project
        self._server = ""
        self._headers: dict[str, str] = {}
        self._id = ""

    def start(self) -> None:
        """What the portal's page of the workspace frames, opened: that signs in to it and sets its cookies."""
        page = self._visitor.open(f"/projects/{self._project}/workspace")
        if not page.frames:
            raise Unavailable(f"No workspace of {self._project} is open: {page.text[:300]}", rule="tour.workspace")
        self._server = page.frames[0].rstrip("/")
        self._visitor.get(f"{self._server}/lab")
        host = urlsplit(self._server).hostname
        token = next((cookie.value for cookie in self._visitor.http.cookies.jar
                      if cookie.name == "_xsrf" and cookie.domain == host), "")
        self._headers = {"X-XSRFToken": token or ""}
        answer = self._visitor.http.post(f"{self._server}/api/kernels", json={"name": "python3"},
                                         headers=self._headers)
        if answer.status_code != 201:
            raise Unavailable(f"No kernel was started: {answer.status_code} {answer.text[:300]}", rule="tour.kernel")
        self._id = answer.json()["id"]

    @property
    def channels(self) -> str:
        """The address of its websocket."""
        return f"{self._server}/api/kernels/{self._id}/channels"

    def contents(self, path: str) -> dict[str, Any]:
        """A notebook of the person's home, as Jupyter's contents service gives it."""
        answer = self._visitor.get(f"{self._server}/api/contents/{path}")
        if answer.status_code != 200:
            raise Unavailable(f"{path} could not be read: {answer.status_code} {answer.text[:300]}",
                              rule="tour.contents")
        found: dict[str, Any] = answer.json()
        return found

    def run(self, code: str, *, seconds: float = 120) -> CellResult:
        """Run one piece of code to its end. Unavailable when it takes longer than `seconds`."""
        try:
            return asyncio.run(asyncio.wait_for(self._run(code), seconds))
        except TimeoutError:
            raise Unavailable(f"The workspace did not finish within {seconds:.0f} s: {code[:80]}",
                              rule="tour.kernel") from None

    async def _run(self, code: str) -> CellResult:
        asked = self._visitor.http.build_request("GET", self.channels)
        headers = {"Host": asked.headers["host"], "Cookie": asked.headers.get("cookie", ""), **self._headers}
        url = str(asked.url.copy_with(scheme="ws", host=LOOPBACK))
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        try:
            return await _execute(socket, code)
        finally:
            socket.close()


async def _execute(socket: WebSocketClientConnection, code: str) -> CellResult:
    request = uuid.uuid4().hex
    await socket.write_message(json.dumps({
        "channel": "shell", "parent_header": {}, "metadata": {}, "buffers": [],
        "header": {"msg_id": request, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex,
                   "version": "5.3"},
        "content": {"code": code, "silent": False, "store_history": False, "user_expressions": {},
                    "allow_stdin": False, "stop_on_error": True}}))
    result, replied, idle = CellResult(), False, False
    while not (replied and idle):
        raw = await socket.read_message()
        if raw is None:
            raise Unavailable("The workspace closed the connection.", rule="tour.kernel")
        message = json.loads(raw)
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "stream":
            result.text += content["text"]
        elif kind in ("display_data", "execute_result"):
            result.displayed.append(content["data"])
        elif kind == "error":
            result.error = f"{content['ename']}: {content['evalue']}"
        replied |= kind == "execute_reply"
        idle |= kind == "status" and content["execution_state"] == "idle"
    return result
