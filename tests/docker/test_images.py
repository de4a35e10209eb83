"""What is in the images, and above all what is not. Promise P8: walls hold."""

import io
import json
import os
import re
import secrets
import ssl
import tarfile
from contextlib import closing, suppress
from pathlib import Path

import certifi
import pytest
from docker.errors import ImageNotFound

from readingroom import installed
from readingroom.errors import IntegrityError
from readingroom.installed import DISPLAY, DOOR, NOTEBOOK, image_id
from readingroom.ops import images, rootfs, sbom
from readingroom.ops.engine import client
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

pytestmark = pytest.mark.docker

SITE = "/opt/venv/lib/python3.11/site-packages"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = Settings(state_dir=tmp_path_factory.mktemp("images"))
    images.provide(made, Progress(), [DISPLAY])
    return made


@pytest.fixture(scope="module")
def engine(settings):
    with closing(client(settings)) as connection:
        yield connection


@pytest.fixture(params=[NOTEBOOK, DOOR, DISPLAY])
def image(request, settings):
    return image_id(settings, request.param)


def run(engine, image, *command, user=None):
    """What a command prints in a sealed container of this image."""
    return engine.containers.run(image, list(command[1:]), entrypoint=command[0], user=user, remove=True,
                                 network_mode="none", read_only=True, labels={"readingroom.test": "images"},
                                 tmpfs={"/tmp": ""}).decode()


def test_nothing_is_made_twice(settings):
    assert images.provide(settings, Progress(), [DISPLAY]) == ()
    assert all(state.present and state.current for state in images.states(settings, [DISPLAY]))


def test_nobody_is_root(engine, settings):
    assert run(engine, image_id(settings, NOTEBOOK), "id", "-u").strip() == "10001"
    assert run(engine, image_id(settings, DOOR), "id", "-u").strip() == "10002"
    assert run(engine, image_id(settings, DISPLAY), "id", "-u").strip() == "10003"


def test_no_file_changes_who_runs_it(engine, image):
    assert run(engine, image, "find", "/", "-xdev", "-perm", "/6000", "-type", "f", user="0") == ""


def test_the_researcher_can_change_nothing_outside_home_and_temporary_places(engine, settings):
    find = ("find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/home/researcher*' "
            "2>/dev/null || true")  # some places can't even be read
    found = run(engine, image_id(settings, NOTEBOOK), "sh", "-c", find)
    assert set(found.split()) <= {"/tmp", "/var/tmp", "/run/lock", "/dev/shm"}


def test_a_workspace_holds_the_sdk_and_what_it_imports_and_nothing_else_of_ours(engine, settings):
    found = run(engine, image_id(settings, NOTEBOOK), "ls", f"{SITE}/readingroom").split()
    assert sorted(set(found) - {"__pycache__"}) == ["__init__.py", "core", "errors.py", "sdk"]


def test_everything_a_workspace_holds_of_ours_can_be_imported_there(engine, settings):
    walk = ("import importlib, pkgutil, readingroom\n"
            "for found in pkgutil.walk_packages(readingroom.__path__, 'readingroom.'):\n"
            "    importlib.import_module(found.name)\n"
            "print('all')")
    assert run(engine, image_id(settings, NOTEBOOK), "/opt/venv/bin/python", "-c", walk).endswith("all\n")


def test_what_researchers_use_can_be_imported(engine, settings):
    wanted = ("import pandas, polars, duckdb, pyarrow.parquet, matplotlib.pyplot, seaborn, jupyterlab, "
              "lifelines, linearmodels, ipywidgets, highspy, sqlglot, ipykernel, statsmodels.api, "
              "statsmodels.formula.api, sklearn.linear_model, scipy.stats")
    run(engine, image_id(settings, NOTEBOOK), "env", "MPLCONFIGDIR=/tmp", "/opt/venv/bin/python", "-c", wanted)


def test_a_workspace_starts_the_notebook_server_under_tini(engine, settings):
    config = engine.images.get(image_id(settings, NOTEBOOK)).attrs["Config"]
    assert config["Entrypoint"] == ["tini", "--", "/opt/readingroom/start"]
    assert config["Cmd"] == ["jupyterhub-singleuser"]
    assert config["User"] == "10001:10001"


CONFIGURED = """
import json, pathlib
lab = pathlib.Path("/opt/venv/share/jupyter/lab")
text = "".join(file.read_text(errors="ignore") for file in (lab / "static").glob("*.js"))
locked = json.loads(pathlib.Path("/opt/venv/etc/jupyter/labconfig/page_config.json").read_text())
assert locked["disabledExtensions"] == locked["lockedExtensions"]
for name in locked["disabledExtensions"]:
    assert name in text, f"{name} is no part of this JupyterLab"
for plugin, values in json.loads((lab / "settings/overrides.json").read_text()).items():
    package, _, part = plugin.partition(":")
    known = json.loads((lab / "schemas" / package / f"{part}.json").read_text())["properties"]
    for name, value in values.items():
        kinds = {"boolean": bool, "number": int, "string": str, "object": dict}
        assert isinstance(value, kinds[known[name]["type"]]), name
        assert value in known[name].get("enum", [value]), name
print("all")
"""


def test_what_is_switched_off_or_preset_in_jupyterlab_exists_there(engine, settings):
    """A name that JupyterLab does not know would lock nothing, silently."""
    said = run(engine, image_id(settings, NOTEBOOK), "/opt/venv/bin/python", "-c", CONFIGURED)
    assert said == "all\n"


BEGINNING = """
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from traitlets.config import PyFileConfigLoader
PyFileConfigLoader("jupyter_server_config.py", "/opt/venv/etc/jupyter").load_config()
kernels = AsyncMappingKernelManager()
kernels._kernels["new"] = ServerKernelManager(kernel_name="python3")
[listed] = kernels.list_kernels()
print(listed["id"], listed["last_activity"][-1])
"""


def test_a_kernel_that_is_just_beginning_is_listed(engine, settings):
    """Jupyter's list of kernels failed in the moment between a kernel's start and its first activity."""
    said = run(engine, image_id(settings, NOTEBOOK), "/opt/venv/bin/python", "-c", BEGINNING)
    assert said == "new Z\n"


def test_a_display_has_no_tool_that_carries_anything(engine, settings):
    """Nothing but what paints: no clipboard manager, shell of the network, terminal, or settings of the screen."""
    for name in ("curl", "wget", "ssh", "nc", "xclip", "xsel", "xterm", "vncconfig", "tigervncconfig", "node", "gcc"):
        assert run(engine, image_id(settings, DISPLAY), "sh", "-c", f"command -v {name} || true") == "", name
    page = run(engine, image_id(settings, DISPLAY), "ls", "/opt/readingroom/page").split()
    assert sorted(page) == ["core", "index.html", "screen.css", "screen.js", "vendor"]


@pytest.mark.parametrize("family", ["notebook", "door", "display"])
def test_the_bill_of_materials_lists_what_is_there(settings, family):
    bill = json.loads(sbom.make(settings, family).read_text())
    purls = {one["purl"].partition("@")[0] for one in bill["components"]}
    assert bill["metadata"]["component"]["version"] == image_id(settings, family)
    assert {"notebook": {"pkg:deb/debian/tini", "pkg:pypi/pandas", "pkg:generic/readingroom"},
            "door": {"pkg:deb/debian/haproxy"},
            "display": {"pkg:deb/debian/chromium", "pkg:deb/debian/tigervnc-standalone-server"}}[family] <= purls
    assert sbom.make(settings, family).read_text() == json.dumps(bill, indent=1, sort_keys=True) + "\n"


def test_the_door_accepts_its_own_configuration(engine, settings):
    check = ("haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg", "-f", "/etc/haproxy/inwards.cfg")
    run(engine, image_id(settings, DOOR), "env", "RR_TICKET_KEY=eA==", *check)


def test_nothing_of_the_building_machine_is_in_any_layer(engine, image):
    needles = [re.escape(text.encode()) for text in secrets_of_this_machine()]
    pattern = re.compile(b"|".join(needles))
    tail = b""
    for chunk in engine.images.get(image).save(chunk_size=8 * 1024**2):
        window = tail + chunk
        assert not (found := pattern.search(window)), f"{image} holds {found.group()!r}"
        tail = window[-200:]


def secrets_of_this_machine():
    """Texts that only this machine's settings have: certificates, index and mirror addresses, proxies."""
    yield from certificates_of_this_machine()
    for name, value in os.environ.items():
        if re.search(r"(proxy|index_url|find_links)$", name, re.IGNORECASE) and len(value) > 4:
            yield value
    yield from (address for address in rootfs.mirrors()
                if address not in (rootfs.ARCHIVE, rootfs.SECURITY_ARCHIVE))
    yield "id=pip_index,src"  # a secret passed as text would show in the history


def certificates_of_this_machine():
    """A line from the middle of each certificate that this machine trusts and not everybody does."""
    public = Path(certifi.where()).read_text()
    public += "".join(path.read_text() for path in Path("/usr/share/ca-certificates").rglob("*.crt"))
    store = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    bodies = re.findall(r"-----BEGIN CERTIFICATE-----\n(.*?)\n-----END", store.read_text(), re.DOTALL)
    for body in bodies:
        line = body.split("\n")[len(body.split("\n")) // 2]
        if line not in public:
            yield line


def test_the_root_file_system_forgets_where_it_was_made(engine, settings):
    """Neither the name nor the resolver nor a package source of the machine that made it."""
    archive = io.BytesIO(b"".join(engine.images.get(images.base_image(settings)).save()))
    for name, content in files_of_all_layers(archive):
        assert not (name in ("etc/hostname", "etc/resolv.conf") and content), name
        assert not name.endswith(("pip.conf", "apt.conf.d/99mmdebstrap")), name
        if name == "etc/apt/sources.list":
            assert all(rootfs.ARCHIVE in line for line in content.decode().splitlines() if line), content


def files_of_all_layers(archive):
    with tarfile.open(fileobj=archive) as outer:
        for layer in outer:
            if layer.isfile() and (layer.name.endswith("layer.tar") or layer.name.startswith("blobs/")):
                stream = outer.extractfile(layer)
                with suppress(tarfile.ReadError), tarfile.open(fileobj=stream) as inner:  # or a manifest
                    for member in inner:
                        if member.isfile() and member.name.startswith(("./etc/", "etc/")):
                            yield member.name.removeprefix("./"), inner.extractfile(member).read()


def test_a_change_of_our_code_changes_the_inputs_and_byte_code_does_not(tmp_path):
    images.stage_notebook(tmp_path / "a")
    before = images.hash_of(tmp_path / "a")
    cache = tmp_path / "a/sdk/readingroom/core/__pycache__"
    assert not cache.exists()
    (tmp_path / "a/sdk/readingroom/errors.py").write_text("# changed")
    assert images.hash_of(tmp_path / "a") != before
    assert images.hash_of(tmp_path / "a", "another base") != images.hash_of(tmp_path / "a")


def test_a_missing_part_of_an_image_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "REPOSITORY", tmp_path)
    with pytest.raises(IntegrityError, match="Dockerfile"):
        images.stage_door(tmp_path / "context")


def test_two_versions_share_an_engine_and_neither_runs_the_others_image(engine, settings, tmp_path, monkeypatch):
    """The door of another checkout gets a tag of its own; ours keeps its id, and each gives up only its own."""
    other, stage, mark = Settings(state_dir=tmp_path / "other"), images.stage_door, f"# {secrets.token_hex(8)}\n"

    def changed(context):
        stage(context)
        with (context / "haproxy.cfg").open("a") as file:
            file.write(mark)

    images.keep(settings)
    ours = installed.images(settings)
    monkeypatch.setitem(images.FAMILIES, "door", images.Family("base", changed))
    images.provide(other, Progress())
    images.keep(other)
    theirs = installed.images(other)
    assert installed.images(settings) == ours
    assert theirs["door"].image_id != ours["door"].image_id and theirs["door"].name != ours["door"].name
    assert theirs["notebook"] == ours["notebook"]
    user = engine.containers.create(theirs["door"].image_id, network_mode="none", labels={"readingroom.test": "images"})
    try:
        monkeypatch.undo()
        images.provide(other, Progress())
        assert images.keep(other) == (), "a container still stands on it"
    finally:
        user.remove()
    assert theirs["door"].name in images.keep(other)
    with pytest.raises(ImageNotFound):
        engine.images.get(theirs["door"].image_id)
    images.release(other)
    assert {one.image_id for one in ours.values()} <= {one.id for one in engine.images.list()}
    images.release(settings)
