"""Workspaces on one machine's Docker engine, without any network.

What DockerSpawner would put together from its many options is not used: `create_object` sends exactly what
`containers.container_arguments` says, plus the environment that JupyterHub needs.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

from dockerspawner import DockerSpawner
from jupyterhub.spawner import SpawnException
from traitlets import Any as AnyTrait
from traitlets import Dict, Float, default

from readingroom import installed
from readingroom.core.policy import Tier
from readingroom.core.volumes import Volume
from readingroom.core.workspaces import beside_bytes
from readingroom.errors import AccessDenied, ReadingRoomError, Unavailable
from readingroom.hub import bridges, doorkeeper, doorlimits, sockets
from readingroom.hub.confinement import ContainerArguments
from readingroom.hub.containers import Plan, container_arguments
from readingroom.hub.display_runner import DisplayRunner
from readingroom.hub.engine import look_at
from readingroom.hub.host import look
from readingroom.hub.names import INSTANCE_LABEL, RESEARCHER, container_name, server_dir, shared_dir, workspace_key
from readingroom.hub.ownership import empty_through_engine, set_owner
from readingroom.hub.proxy import unix_url
from readingroom.ports import Held

POLL_SECONDS = 0.1
HOME_BYTES, PROJECT_BYTES = 5 * 1024**3, 10 * 1024**3  # where no layer of the policy says
DOOR_SECONDS = 20.0
LAST_SECONDS = 5
STARTS_AT_ONCE = 2 * (os.cpu_count() or 1)


class WorkspaceSpawner(DockerSpawner):
    """One person's workspace in one project: the named server is the project's slug."""

    settings = AnyTrait(help="readingroom.settings.Settings").tag(config=True)
    records = AnyTrait(help="A readingroom.hub.records.Records").tag(config=True)
    overrides = Dict(help="Further limits, by the names of containers.Limits; they only lower.").tag(
        config=True
    )
    extract_timeout = Float(120, help="Seconds to wait for an extract that is being made.").tag(config=True)
    socket_timeout = Float(120, help="Seconds to wait for the server's socket.").tag(config=True)

    # To start takes some seconds of a processor. More at once than these have would all be late, and some too late.
    _starts = asyncio.Semaphore(STARTS_AT_ONCE)

    _arguments: ContainerArguments | None = None
    _demanded: Mapping[str, Any] | None = None
    _researcher = RESEARCHER
    _opened = False
    _half_started = False
    _tier: Tier | None = None
    _closing_reason = "The workspace's server ended."

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._steps: list[str] = []

    # names

    @default("object_name")
    def _object_name_default(self) -> str:
        return container_name(self.settings, self.user.name, self.name)

    @property
    def _sockets_dir(self):
        return server_dir(self.settings, *self._who, self._tier)

    @property
    def _key(self) -> str:
        return workspace_key(self.settings, *self._who)

    @property
    def _display(self) -> DisplayRunner:
        """What stands beside a strict workspace."""
        return DisplayRunner(self.settings, self.client, *self._who, self._own)

    @property
    def _who(self) -> tuple[str, str]:
        return self.user.name, self.name

    # state that outlives the Hub's process

    def get_state(self) -> dict[str, Any]:
        state = super().get_state()
        if self._opened:
            state |= {"opened": True, "tier": self._tier and self._tier.value}
        return state

    def load_state(self, state: Mapping[str, Any]) -> None:
        super().load_state(state)
        self._opened = bool(state.get("opened"))
        self._half_started = not self._opened
        self._tier = Tier(state["tier"]) if state.get("tier") else None

    async def poll(self):
        """As DockerSpawner's; what a killed Hub was still starting was opened to nobody: it goes, as ended.

        So does a strict workspace whose display ended: nobody could see it.
        """
        if not self._half_started:
            status = await super().poll()
            dark = status is None and self._opened and self._tier is Tier.STRICT
            if not dark or await self._in_thread(self._display.runs):
                return status
            self._closing_reason = "The workspace's display ended; what is in its folders is kept."
        if await self.get_object():
            await self.docker("remove_container", self.object_id, force=True, v=True)
        return 1

    # start

    async def start(self) -> str:
        """Plan, contain, start, pin, record; then the URL of the server's socket.

        Every refusal is a SpawnException with status and reasons, and leaves nothing running: the Hub stops
        whatever a failed start has begun.
        """
        self.user_options = {}
        self._steps.clear()
        self._opened = self._half_started = False
        self._closing_reason = "The workspace's server ended."
        if not self.name:
            raise SpawnException(
                "A workspace belongs to a project. Open one from your projects page.",
                reason="unnamed",
                status_code=403,
            )
        try:
            return await self._in_time(self._start())
        except ReadingRoomError as error:
            await self._in_thread(self.records.gave_up, *self._who)
            raise self._refusal(error) from error

    async def _in_time(self, starting: Coroutine[Any, Any, str]) -> str:
        """Until shortly before the Hub stops waiting, because that does not stop the start."""
        try:
            async with asyncio.timeout(self.start_timeout - LAST_SECONDS):
                return await starting
        except TimeoutError as error:
            raise Unavailable("The workspace did not start in time.", rule="hub.start", value=self.start_timeout,
                              next_step="This machine is busy: try again in a few minutes.") from error

    async def _start(self) -> str:
        plan = await self._plan()
        self._tier = plan.policy.tier
        await self._in_thread(self.records.check_turn, *self._who, plan.policy.memory_bytes, beside_bytes(plan.policy))
        image_id = await self._in_thread(installed.image_id, self.settings, plan.image)
        host = await self._in_thread(look, self.client)
        self._researcher = host.researcher
        self._arguments = container_arguments(self.settings, plan, host, self.overrides, image_id=image_id)
        self.image = self._arguments.image
        self._sign_in_at_own_host()
        async with self._among_few():
            await self._start_server(plan)
        if self._tier is Tier.STRICT:
            self._step("Starting the display, through which you see it as pixels")
            beside = await self._in_thread(self._display.start, plan, host, self.server.base_url, self.api_token)
            self._demanded = {**(self._demanded or {}), "beside": beside}
        self._step("Comparing the container with what policy demands")
        await self._in_thread(self._record_opened)
        self._opened = True
        await self._in_thread(self._let_in)
        self._step("Opening the workspace")
        return unix_url(self._sockets_dir / sockets.NAME)

    @asynccontextmanager
    async def _among_few(self) -> AsyncIterator[None]:
        """Not more than the processors can start at once; the others come in the order of asking."""
        if self._starts.locked():
            self._step("Waiting while others start")
        async with self._starts:
            yield

    async def _start_server(self, plan: Plan) -> None:
        """The container, and JupyterLab in it up to its socket, which is pinned."""
        self._step("Preparing your home folder")
        with await self._in_thread(self._provide_folders, plan):
            await self._in_thread(self._clear_sockets)
            await self._in_thread(sockets.fresh_directory, self._sockets_dir)
            limits = doorlimits.of_policy(plan.policy)
            await self._in_thread(doorlimits.write, self.settings, self._key, limits)
            await self._in_thread(self._own, self._sockets_dir, self._researcher, sockets.PINNED_MODE)
            self._step("Starting the container")
            if self._arguments.bridge:
                await self._in_thread(bridges.provide, self.client, self.settings, self._key)
            await super().start()
        self._step("Starting JupyterLab")
        await self._wait_for_socket()
        await self._in_thread(self._own, self._sockets_dir, os.geteuid(), sockets.PINNED_MODE)
        await self._in_thread(sockets.check_pinned, self._sockets_dir, os.geteuid(), self._researcher)

    async def _plan(self) -> Plan:
        """The plan, waiting while an extract is being made. AccessDenied and a time-out go to the caller."""
        self._step("Checking access")
        deadline = time.monotonic() + self.extract_timeout
        while True:
            try:
                return await self._in_thread(self.records.plan, *self._who)
            except Unavailable as error:
                if time.monotonic() > deadline:
                    raise
                self._step(error.message)
            await asyncio.sleep(1)

    @property
    def _address(self) -> str:
        """Where the person's browser finds this workspace: a host of its own."""
        return f"{self.settings.workspace_origin(self._key)}{self.server.base_url}"

    def _sign_in_at_own_host(self) -> None:
        """The Hub sends signed-in people back there, and to no other address."""
        self.orm_spawner.oauth_client.redirect_uri = f"{self._address}oauth_callback"
        self.db.commit()

    def get_env(self) -> dict[str, str]:
        return {
            **super().get_env(),
            "JUPYTERHUB_HOST": self.settings.public_url,
            "JUPYTERHUB_PUBLIC_URL": self._address,
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{self._address}oauth_callback",
            "JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED": "False",  # its cookies are below its own path; the door sees to it
        }

    async def _wait_for_socket(self) -> None:
        socket, deadline = self._sockets_dir / sockets.NAME, time.monotonic() + self.socket_timeout
        for turn in count(1):
            if os.path.lexists(socket):
                return
            ended = turn % 10 == 0 and await self.poll() is not None  # the engine has more to do than to be asked this
            if ended or time.monotonic() > deadline:
                raise Unavailable(
                    "JupyterLab did not start in the container.",
                    rule="hub.start",
                    next_step="Try again; if it stays so, an administrator finds the reason in the "
                    "Hub's log.",
                )
            await asyncio.sleep(POLL_SECONDS)

    async def get_ip_and_port(self) -> tuple[str, int]:
        """There is no network, hence no address; `start` returns the socket's URL."""
        return "127.0.0.1", self.port

    async def create_object(self) -> dict[str, Any]:
        arguments = self._arguments
        if arguments is None:
            raise AssertionError("a container is created by start() only")
        environment = self.get_env()
        self._demanded = arguments.demanded(environment)
        return await self.docker(
            "create_container_from_config", arguments.configuration(environment), arguments.name
        )

    # stop

    async def stop(self, now: bool = False) -> None:
        self._closing_reason = "The workspace was stopped."
        await super().stop(now)

    async def run_post_stop_hook(self) -> None:
        """After every end, asked for or not: display and sockets go and the records learn of it."""
        await self._in_thread(self._clear_sockets)
        if self._opened:
            self._opened = False
            await self._in_thread(self.records.closed, *self._who, self._closing_reason)

    # what the waiting person sees

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """The steps as they happen; the Hub ends this once the server is ready or has failed."""
        told = 0
        while True:
            for step in self._steps[told:]:
                told += 1
                yield {"progress": min(90, 15 * told), "message": step}
            await asyncio.sleep(POLL_SECONDS)

    def _step(self, message: str) -> None:
        if not self._steps or self._steps[-1] != message:
            self._steps.append(message)

    # helpers

    def _provide_folders(self, plan: Plan) -> Held:
        """The home and the project's shared folder, each of its size; nothing unmounts them while this is held."""
        shared = shared_dir(self.settings, plan.project)
        held = self.records.provide(
            (Volume(plan.home, plan.policy.home_bytes or HOME_BYTES),
             Volume(shared, plan.policy.project_bytes or PROJECT_BYTES))
        )
        try:
            self._own(plan.home, self._researcher, 0o700)
            self._own(shared, self._researcher, 0o2770)
        except BaseException:
            held.__exit__()
            raise
        return held

    def _record_opened(self) -> None:
        """The demand, and the engine's own words: the records compare them before anybody is let in."""
        found = look_at(self.client, self.container_id)
        beside = [part["container"] for part in (self._demanded or {}).get("beside", ())]
        found["beside"] = {container: self.client.inspect_container(container) for container in beside}
        self.records.opened(*self._who, self.container_id, self._demanded, found)

    def _own(self, path, uid: int, mode: int) -> None:
        set_owner(path, uid, mode, **self._helper)

    def _let_in(self) -> None:
        """Open the door to this workspace; a door that is just being made again is waited for."""
        deadline = time.monotonic() + DOOR_SECONDS
        while True:
            try:
                return doorkeeper.reconcile(self.settings)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            time.sleep(POLL_SECONDS)

    def _clear_sockets(self) -> None:
        """The display and the directories of sockets go, and with them the way in through the door.

        A door that does not answer has nobody inside, and learns what is open when it is back.
        """
        self._display.remove()
        for directory in (*self._display.directories, server_dir(self.settings, *self._who, Tier.STANDARD)):
            self._remove_directory(directory)
        doorlimits.remove(self.settings, self._key)
        if self.settings.workspace_network == "bridge":
            bridges.remove(self.client, self.settings, self._key)
        with suppress(Unavailable):
            doorkeeper.reconcile(self.settings)

    def _remove_directory(self, directory: Path) -> None:
        """Remove a directory of sockets, also where its owner is still the container's and we are not root."""
        try:
            sockets.remove_directory(directory)
        except PermissionError:
            empty_through_engine(directory, **self._helper)
            sockets.remove_directory(directory)

    @property
    def _helper(self) -> dict[str, Any]:
        """Whose throw-away containers do what takes root."""
        return {
            "engine": self.client,
            "image": installed.image_id(self.settings, installed.NOTEBOOK),
            "label": {INSTANCE_LABEL: self.settings.instance, "readingroom.kind": "ownership"},
        }

    async def _in_thread(self, function, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(partial(function, *args, **kwargs))

    def _refusal(self, error: ReadingRoomError) -> SpawnException:
        """The error as the Hub shows it: all reasons of a denial, each with its way to a yes (P10)."""
        reasons = [str(error)]
        if isinstance(error, AccessDenied) and error.reasons:
            reasons = [
                f"{getattr(reason, 'message', reason)} {getattr(reason, 'next_step', '')}".strip()
                for reason in error.reasons
            ]
        return SpawnException(
            " ".join(reasons),
            reason=type(error).__name__,
            status_code=error.status_code,
            message_html="<ul>" + "".join(f"<li>{escape(reason)}</li>" for reason in reasons) + "</ul>",
        )
