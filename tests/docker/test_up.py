"""Stopping and cleaning take away what is this installation's, and nothing of another's."""

import io
import shutil
from contextlib import closing

import pytest
from rich.console import Console

from readingroom import installed
from readingroom.errors import Unavailable
from readingroom.ops import door, down, images, install, up
from readingroom.ops.engine import client
from readingroom.ops.progress import Progress
from readingroom.settings import Settings

pytestmark = pytest.mark.docker


@pytest.fixture
def quiet():
    return Console(file=io.StringIO())


@pytest.fixture
def settings(tmp_path):
    made = Settings(state_dir=tmp_path / "state")
    images.provide(made, Progress())
    install.create_state(made)
    install.create_keys(made)
    install.create_run(made)
    yield made
    with closing(client(made)) as connection:
        down.remove_containers(made, connection)
    shutil.rmtree(made.run_dir, ignore_errors=True)


@pytest.fixture
def engine(settings):
    with closing(client(settings)) as connection:
        yield connection


def sleeper(engine, settings, instance):
    return engine.containers.run(images.base_image(settings), ["sleep", "300"], detach=True, network_mode="none",
                                 labels={"readingroom.instance": instance}, init=True)


def names(engine, instance):
    return engine.containers.list(all=True, filters={"label": f"readingroom.instance={instance}"})


def test_down_removes_this_installations_containers_and_no_others(settings, engine, quiet):
    sleeper(engine, settings, settings.instance)
    other = sleeper(engine, settings, "another")
    try:
        assert down.down(settings, quiet)
        assert names(engine, settings.instance) == []
        assert [found.id for found in names(engine, "another")] == [other.id]
        assert not settings.run_dir.exists()
        assert not down.down(settings, quiet)
    finally:
        other.remove(force=True)


def test_cleaning_removes_the_state_but_not_the_administrators_settings(settings, engine, quiet):
    (settings.state_dir / "settings.toml").write_text("port = 8123\n")
    sleeper(engine, settings, settings.instance)
    down.clean_demo(settings, quiet)
    assert [path.name for path in settings.state_dir.iterdir()] == ["settings.toml"]
    assert names(engine, settings.instance) == []
    down.clean_demo(settings, quiet)


def test_cleaning_keeps_images_that_another_installation_made(settings, engine, quiet):
    image_id = installed.image_id(settings, installed.NOTEBOOK)
    down.clean_demo(settings, quiet)
    assert engine.images.get(image_id)


def test_the_door_is_found_again_not_made_again(settings, engine):
    first = door.ensure(settings, engine)
    assert door.ensure(settings, engine).id == first.id
    first.kill()
    second = door.ensure(settings, engine)
    assert second.id != first.id
    door.remove(settings, engine)
    door.remove(settings, engine)


def test_the_door_sees_no_network_and_cannot_write_what_is_not_its_own(settings, engine):
    standing = door.ensure(settings, engine)
    code, devices = standing.exec_run(["cat", "/proc/net/dev"])
    assert code == 0
    assert [line.split(":")[0].strip() for line in devices.decode().splitlines()[2:]] == ["lo"]
    for place in ("/run/rr/hub/x", "/run/rr/portal/x", "/etc/x"):
        assert standing.exec_run(["touch", place])[0] != 0, place
    assert standing.exec_run(["touch", "/run/rr/door/x"])[0] == 0


def test_a_missing_image_is_named_with_what_to_do(settings, engine):
    absent = Settings(state_dir=settings.state_dir, door_image="readingroom/none:absent")
    with pytest.raises(Unavailable, match=r"missing.*make up"):
        door.ensure(absent, engine)


def test_passwords_are_shown_when_they_are_new_and_never_again():
    class Account:
        username, password, display_name, role = "ada", "secret-once", "Ada Marsh", "researcher"

    shown = io.StringIO()
    up.tell(up.Started("http://127.0.0.1:8000", (Account(),), False, 1.0), Console(file=shown, width=120))
    assert "secret-once" in shown.getvalue()
    shown = io.StringIO()
    up.tell(up.Started("http://127.0.0.1:8000", (), True, 1.0), Console(file=shown, width=120))
    assert "Password" not in shown.getvalue()
