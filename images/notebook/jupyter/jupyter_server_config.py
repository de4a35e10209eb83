"""Jupyter inside a workspace: tidiness and friction, never a control.

Everything in the container is the researcher's to change while it runs, so nothing here is counted on: what holds
is the container's confinement, its read-only mounts and the door. This only removes the obvious wrong turnings.
"""

import ctypes
import os
import shutil
from contextlib import suppress
from pathlib import Path

from jupyter_server._tz import utcnow
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

c = get_config()  # noqa: F821

# Kernels share this server's uid; undumpable, its memory and environment are closed to them (PR_SET_DUMPABLE).
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)

UNWANTED = {"nbconvert", "view", "files", "shutdown", "security"}  # download and conversion routes
ServerApp.default_services = tuple(name for name in ServerApp.default_services if name not in UNWANTED)

c.ServerApp.allow_unauthenticated_access = False
terminals = os.environ.get("READINGROOM_TERMINALS") == "yes"  # by policy; the door refuses them otherwise
c.ServerApp.terminals_enabled = terminals
c.ServerApp.quit_button = False  # "Shut Down" is refused here; a workspace is closed in the portal
c.ServerApp.jpserver_extensions = {
    "jupyterlab": True,
    "readingroom_lab.server": True,
    "jupyter_lsp": False,
    "jupyter_server_terminals": terminals,
    "notebook": False,
    "notebook_shim": False,
}
c.ServerApp.root_dir = str(Path.home())
c.ContentsManager.files_handler_class = "tornado.web.ErrorHandler"
c.ContentsManager.files_handler_params = {"status_code": 403}
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# A kernel is listed a moment before Jupyter notes when it was last active, and the list failed at that.
ServerKernelManager._last_activity_default = lambda kernel: utcnow()
c.KernelSpecManager.allowed_kernelspecs = {"python3", "ir"}
c.FileContentsManager.always_delete_dir = True
c.FileContentsManager.delete_to_trash = False

welcome, own = Path("/opt/readingroom/welcome.ipynb"), Path.home() / "welcome.ipynb"
if welcome.exists() and not own.exists() and not own.is_symlink():
    with suppress(OSError):  # a home that is full must open, or it could never be tidied
        shutil.copyfile(welcome, own)
