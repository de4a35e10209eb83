"""What the door costs: the same kernel through the same proxy, with the door in between and without."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
import uuid
from urllib.parse import urlsplit

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from benchmarks.result import Result
from benchmarks.workspaces import close, open_workspace
from readingroom.hub import sockets
from readingroom.hub.configure import read_key
from readingroom.hub.names import sockets_dir
from readingroom.hub.proxy import unix_url
from readingroom.settings import Settings
from readingroom.tour.journey import PROJECT
from readingroom.tour.kernel import Kernel
from readingroom.tour.visitor import LOOPBACK, Visitor

ROUNDS = 60
MEGABYTE = "from IPython.display import display; display({'text/plain': 'x' * 1_000_000}, raw=True)"


def cost(settings: Settings, passwords: dict[str, str]) -> list[Result]:
    """Medians of `ROUNDS` turns each; the Hub's proxy leads a second host straight to the workspace's socket."""
    ada = Visitor(settings.public_url, "ada", passwords["ada"])
    ada.sign_in()
    open_workspace(ada)
    kernel = Kernel(ada, PROJECT)
    kernel.start()
    host = f"plain.{settings.public_host}"
    _lead_straight(settings, host)
    results = asyncio.run(_measure(ada, kernel, host))
    close(ada)
    ada.close()
    return results


def _lead_straight(settings: Settings, host: str) -> None:
    target = unix_url(sockets_dir(settings, "ada", PROJECT) / sockets.NAME)
    token = read_key(settings.keys_dir, "proxy-token")
    httpx.post(f"http://{LOOPBACK}:{settings.proxy_api_port}/api/routes/{host}/user/ada/{PROJECT}",
               json={"target": target}, headers={"Authorization": f"token {token}"}).raise_for_status()


async def _measure(ada: Visitor, kernel: Kernel, host: str) -> list[Result]:
    """By turns, so that what else the machine does falls on both alike."""
    asked = ada.http.build_request("GET", kernel.channels)
    address, cookie = str(asked.url.copy_with(scheme="ws", host=LOOPBACK)), asked.headers.get("cookie", "")
    lines = [await websocket_connect(HTTPRequest(address, headers={"Host": name, "Cookie": cookie}),
                                     max_message_size=2**26)
             for name in (asked.headers["host"], f"{host}:{urlsplit(address).port}")]
    results = []
    for what, code, target in (("1 MB cell output", MEGABYTE, "at most 1.10x"),
                               ("kernel's answer to one line", "1", "at most 2 ms more")):
        taken: tuple[list[float], list[float]] = ([], [])
        for turn in range(ROUNDS + 5):
            for line, times in zip(lines, taken, strict=True):
                seconds = await _run(line, code)
                if turn >= 5:
                    times.append(seconds)
        ours, plain = (statistics.median(times) for times in taken)
        results.append(Result(f"{what} ({(ours - plain) * 1000:+.1f} ms)", ours, plain, "Hub's proxy alone", target))
    for line in lines:
        line.close()
    return results


async def _run(line: WebSocketClientConnection, code: str) -> float:
    """Seconds from sending a cell to the kernel being idle again."""
    number = uuid.uuid4().hex
    begun = time.perf_counter()
    await line.write_message(json.dumps({
        "channel": "shell", "parent_header": {}, "metadata": {}, "buffers": [],
        "header": {"msg_id": number, "msg_type": "execute_request", "username": "", "session": number,
                   "version": "5.3"},
        "content": {"code": code, "silent": False, "store_history": False, "user_expressions": {},
                    "allow_stdin": False, "stop_on_error": True}}))
    while True:
        raw = await line.read_message()
        if raw is None:
            raise ConnectionError("the websocket was closed")
        message = json.loads(raw)
        if (message["parent_header"].get("msg_id") == number and message["msg_type"] == "status"
                and message["content"]["execution_state"] == "idle"):
            return time.perf_counter() - begun
