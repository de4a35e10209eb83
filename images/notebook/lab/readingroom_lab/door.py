"""The way out of a workspace: the door's socket, with the workspace's own token."""

import http.client
import os
import socket

API = "/services/portal/api/v1"


class Door(http.client.HTTPConnection):
    """A connection to the door."""

    def __init__(self, timeout: float = 120) -> None:
        super().__init__("door", timeout=timeout)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.environ["READINGROOM_DOOR"])

    def get(self, path: str) -> http.client.HTTPResponse:
        """The portal's answer to a GET below its JSON API. OSError or HTTPException if there is none."""
        self.request("GET", API + path, headers={"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}"})
        return self.getresponse()
