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
from readingroom.tour.visitor import Visitor


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
        self._server = f"/user/{visitor.username}/{project}"
        self._headers: dict[str, str] = {}
        self._id = ""

    def start(self) -> None:
        self._visitor.get(f"{self._server}/lab")  # signs in to the workspace and sets its cookies
        token = next((cookie.value for cookie in self._visitor.http.cookies.jar
                      if cookie.name == "_xsrf" and cookie.path.startswith(self._server)), "")
        self._headers = {"X-XSRFToken": token or ""}
        answer = self._visitor.http.post(f"{self._server}/api/kernels", json={"name": "python3"},
                                         headers=self._headers)
        if answer.status_code != 201:
            raise Unavailable(f"No kernel was started: {answer.status_code} {answer.text[:300]}", rule="tour.kernel")
        self._id = answer.json()["id"]

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
        base = urlsplit(str(self._visitor.http.base_url))
        cookies = self._visitor.http.build_request("GET", f"{self._server}/api").headers.get("cookie", "")
        url = f"ws://{base.netloc}{self._server}/api/kernels/{self._id}/channels"
        socket = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookies, **self._headers}))
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
