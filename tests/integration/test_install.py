"""Directories and keys: made once, with the right modes, and never replaced."""

import os
import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from readingroom.errors import IntegrityError, Unavailable
from readingroom.hub import sockets
from readingroom.ops import install
from readingroom.settings import Settings


@pytest.fixture
def settings(tmp_path):
    made = Settings(state_dir=tmp_path / "state")
    install.create_state(made)
    return made


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_holds_secrets_or_data_is_for_its_owner_only(settings):
    private = (settings.keys_dir, settings.vault_dir, settings.db_dir, settings.blobs_dir, settings.logs_dir)
    for folder in private:
        assert mode(folder) == 0o700, folder


def test_a_state_directory_with_wrong_modes_is_put_right(settings):
    settings.keys_dir.chmod(0o755)
    install.create_state(settings)
    assert mode(settings.keys_dir) == 0o700


def test_every_key_is_made_with_mode_0600(settings):
    install.create_keys(settings)
    for name in install.KEY_FILES:
        assert mode(settings.keys_dir / name) == 0o600, name
    assert len((settings.keys_dir / "vault.key").read_bytes()) == 32
    assert len(bytes.fromhex((settings.keys_dir / "hub-cookie-secret").read_text())) == 32


def test_signing_keys_have_their_public_half_beside_them(settings):
    install.create_keys(settings)
    for name in install.SIGNING_KEYS:
        private = load_pem_private_key((settings.keys_dir / f"{name}.pem").read_bytes(), None)
        public = load_pem_public_key((settings.keys_dir / f"{name}.pub.pem").read_bytes())
        public.verify(private.sign(b"text"), b"text")


def test_running_again_changes_no_key(settings):
    install.create_keys(settings)
    before = {path.name: path.read_bytes() for path in settings.keys_dir.iterdir()}
    assert install.create_keys(settings) == ()
    assert before == {path.name: path.read_bytes() for path in settings.keys_dir.iterdir()}


def test_a_lost_vault_key_is_not_quietly_replaced(settings):
    install.create_keys(settings)
    (settings.vault_dir / "data").mkdir()
    (settings.keys_dir / "vault.key").unlink()
    with pytest.raises(IntegrityError, match="Restore the key"):
        install.create_keys(settings)
    assert not (settings.keys_dir / "vault.key").exists()


def test_a_state_directory_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="READINGROOM_STATE"):
        install.create_state(Settings(state_dir=tmp_path / "file" / "state"))


def test_socket_directories_can_be_passed_through_but_not_listed(settings):
    install.create_run(settings)
    try:
        for folder in (settings.run_dir, settings.hub_socket.parent, settings.portal_socket.parent,
                       settings.door_socket.parent):
            assert mode(folder) == 0o711, folder
        assert mode(settings.workspace_sockets_dir) == 0o710  # only the door goes to a workspace's socket
        if os.geteuid() == 0:
            assert settings.door_socket.parent.stat().st_uid == sockets.DOOR
            assert settings.workspace_sockets_dir.stat().st_gid == sockets.DOOR
    finally:
        for folder in (*settings.run_dir.iterdir(), settings.run_dir):
            folder.rmdir()
