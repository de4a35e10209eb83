"""The doctor sees what is wrong, says how to mend it, and changes nothing."""

import socket

import pytest

from readingroom.errors import Unavailable
from readingroom.ops import doctor, down, install, up
from readingroom.ops.doctor import Level
from readingroom.ops.progress import Progress
from readingroom.settings import REPOSITORY, Settings


@pytest.fixture
def settings(tmp_path, unused_port):
    return Settings(state_dir=tmp_path / "state", port=unused_port, policies_dir=REPOSITORY / "src")


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(probe.getsockname()[1], 65000)


def named(checks, name):
    return [check for check in checks if check.name == name]


def test_everything_that_is_not_ok_has_a_fix(settings):
    for check in doctor.diagnose(settings):
        assert check.message
        assert check.level is Level.OK or check.fix, check


def test_looking_changes_nothing(settings):
    doctor.diagnose(settings)
    assert not settings.state_dir.exists()
    assert not settings.run_dir.exists()


def test_a_port_in_use_is_a_failure_that_names_it(settings):
    with socket.create_server(("127.0.0.1", settings.port)):
        (check,) = named(doctor.diagnose(settings), "port")
    assert check.level is Level.FAILURE
    assert str(settings.port) in check.message
    assert "settings.toml" in check.fix


def test_an_unreachable_engine_is_a_failure_with_a_next_step(settings, tmp_path):
    absent = Settings(state_dir=settings.state_dir, port=settings.port, engine_url=f"unix://{tmp_path}/none.sock")
    (check,) = named(doctor.diagnose(absent), "engine")
    assert check.level is Level.FAILURE
    assert check.fix


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o700])
def test_a_key_that_others_can_read_or_run_is_a_failure(settings, mode):
    install.create_state(settings)
    install.create_keys(settings)
    (settings.keys_dir / "vault.key").chmod(mode)
    (check,) = named(doctor.diagnose(settings), "keys")
    assert check.level is Level.FAILURE
    assert check.fix.startswith("chmod 0600")


def test_a_key_that_is_a_link_is_a_failure(settings):
    install.create_state(settings)
    install.create_keys(settings)
    key = settings.keys_dir / "vault.key"
    key.rename(settings.state_dir / "elsewhere")
    key.symlink_to(settings.state_dir / "elsewhere")
    (check,) = named(doctor.diagnose(settings), "keys")
    assert check.level is Level.FAILURE


def test_good_keys_are_ok(settings):
    install.create_state(settings)
    install.create_keys(settings)
    (check,) = named(doctor.diagnose(settings), "keys")
    assert check.level is Level.OK


def test_a_state_directory_below_a_file_is_a_failure(tmp_path, settings):
    (tmp_path / "file").write_text("")
    wrong = Settings(state_dir=tmp_path / "file" / "state", port=settings.port)
    (check,) = named(doctor.diagnose(wrong), "state directory")
    assert check.level is Level.FAILURE


def test_a_missing_image_is_a_failure_except_before_a_start_that_makes_it(settings):
    absent = Settings(state_dir=settings.state_dir, port=settings.port, door_image="readingroom/none:absent")
    name = "image readingroom/none:absent"
    assert named(doctor.diagnose(absent), name)[0].level is Level.FAILURE
    assert named(doctor.diagnose(absent, before_start=True), name)[0].level is Level.WARNING


def test_a_feature_that_cannot_be_read_is_a_warning_never_ok(tmp_path):
    check = doctor.machine.feature("thing", tmp_path / "absent", lambda text: True, level=Level.FAILURE, fix="look")
    assert check.level is Level.WARNING
    assert "Can't tell" in check.message


def test_little_room_is_a_failure_and_unknown_room_a_warning(tmp_path):
    assert doctor.machine.space("disk", tmp_path, 2**62, 2**63).level is Level.FAILURE
    assert doctor.machine.space("disk", tmp_path, 0, 2**62).level is Level.WARNING
    assert doctor.machine.space("disk", tmp_path / "absent", 0, 0).level is Level.WARNING


@pytest.mark.parametrize(("address", "public_url", "level"), [
    ("0.0.0.0", "", Level.WARNING), ("192.0.2.7", "http://readingroom.localhost:8000", Level.WARNING),
    ("::", "", Level.WARNING), ("127.0.0.1", "", Level.OK), ("::1", "", Level.OK), ("localhost", "", Level.OK),
    ("0.0.0.0", "https://rooms.example.org", Level.OK),
])
def test_an_address_for_others_with_the_demos_name_is_a_warning(settings, address, public_url, level):
    given = Settings(state_dir=settings.state_dir, port=settings.port, address=address, public_url=public_url)
    [check] = doctor.addresses.public_name(given)
    assert check.level is level
    assert level is Level.OK or (address in check.message and "public_url" in check.fix)


def test_a_start_on_a_machine_that_is_not_ready_makes_nothing(settings):
    taken = socket.create_server(("127.0.0.1", settings.port))
    with taken, pytest.raises(Unavailable, match="not ready") as raised:
        up.check(settings, Progress())
    assert raised.value.exit_code != 0
    assert not settings.state_dir.exists()


def test_cleaning_refuses_a_directory_that_is_not_an_installation(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Exception, match="nothing was removed"):
        down.clean_demo(Settings(state_dir=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_state_directory_that_holds_something_else_is_a_failure(tmp_path, settings):
    (tmp_path / "thesis.txt").write_text("years of work")
    (check,) = named(doctor.diagnose(Settings(state_dir=tmp_path, port=settings.port)), "state directory")
    assert check.level is Level.FAILURE
