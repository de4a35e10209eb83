"""The configuration on JupyterHub's own classes: every name must be one that it knows."""

import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.proxy import ConfigurableHTTPProxy, Proxy
from jupyterhub.spawner import Spawner
from traitlets.config import Config

from readingroom.errors import SettingsError
from readingroom.hub import configure as configuration
from readingroom.hub.authenticator import RecordsAuthenticator
from readingroom.hub.configure import configure
from readingroom.hub.proxy import UnixProxy
from readingroom.hub.spawners import SPAWNERS, WorkspaceSpawner
from readingroom.settings import Settings

KEYS = ("hub-cookie-secret", "proxy-token", "portal-token", "worker-token")


@pytest.fixture
def settings(tmp_path):
    settings = Settings(state_dir=tmp_path)
    settings.keys_dir.mkdir(mode=0o700)
    for name in KEYS:
        (settings.keys_dir / name).write_text(secrets.token_hex(32) + "\n")
        (settings.keys_dir / name).chmod(0o600)
    return settings


@pytest.fixture
def config(settings):
    config = Config()
    configure(config, settings, records=object())
    return config


def role(config, name):
    return next(role for role in config.JupyterHub.load_roles if role["name"] == name)


def test_every_option_is_one_that_jupyterhub_knows(config):
    classes = [
        JupyterHub,
        Proxy,
        ConfigurableHTTPProxy,
        UnixProxy,
        RecordsAuthenticator,
        Spawner,
        *SPAWNERS.values(),
        *WorkspaceSpawner.__mro__,
        *RecordsAuthenticator.__mro__,
    ]
    known = {cls.__name__: cls for cls in classes}
    for section, options in config.items():
        names = known[section].class_trait_names(config=True)
        assert set(options) <= set(names), section


def test_configuring_twice_changes_nothing(config, settings):
    again = Config(config)
    configure(again, settings, records=config.RecordsAuthenticator.records)
    for section in config:
        if section not in ("WorkspaceSpawner",):
            assert again[section] == config[section]


def test_the_only_public_address_is_the_proxys(config, settings):
    assert config.JupyterHub.bind_url == f"http://127.0.0.1:{settings.port}"
    assert config.JupyterHub.public_url == f"{settings.public_url}/"
    assert config.JupyterHub.hub_bind_url.startswith("http+unix://")
    assert config.ConfigurableHTTPProxy.api_url.startswith("http://127.0.0.1:")


def test_people_cannot_mint_tokens_start_servers_or_share(config):
    scopes = role(config, "user")["scopes"]
    assert not any(
        scope.startswith(("self", "tokens", "servers", "start", "delete", "shares", "admin", "inherit"))
        for scope in scopes
    )
    assert all("!" in scope for scope in scopes)


def test_a_workspaces_token_reaches_its_own_server_and_no_service(config):
    assert config.Spawner.server_token_scopes == ["users:activity!user", "access:servers!server"]
    assert role(config, "server")["scopes"] == config.Spawner.server_token_scopes


def test_the_worker_can_start_whoever_waited_and_close_but_do_nothing_else(config):
    assert set(role(config, "worker")["scopes"]) == {"read:users", "read:servers", "start:servers", "delete:servers"}


def test_no_one_administers_through_the_hub(config):
    assert config.Authenticator.admin_users == set()
    assert not any(service.get("admin") for service in config.JupyterHub.services)
    assert "admin" not in {role["name"] for role in config.JupyterHub.load_roles}


def test_files_in_a_home_folder_do_not_configure_its_server(config):
    assert config.Spawner.disable_user_config is True


def test_workspaces_outlive_the_hubs_process(config):
    assert config.JupyterHub.cleanup_servers is False


def test_node_is_there(config):
    assert Path(config.ConfigurableHTTPProxy.command[0]).is_file()


@pytest.mark.parametrize("name", KEYS)
def test_a_missing_key_stops_the_start_and_names_itself(settings, name):
    (settings.keys_dir / name).unlink()
    with pytest.raises(SettingsError, match=name):
        configure(Config(), settings, records=object())


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_others_can_read_stops_the_start(settings, name):
    (settings.keys_dir / name).chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        configure(Config(), settings, records=object())


def test_the_page_of_configuration_only_passes_settings_on():
    page = (configuration.REPOSITORY / "jupyterhub_config.py").read_text()
    assert len(page.splitlines()) < 15


def test_over_tls_every_cookie_is_for_tls_only(settings, config):
    assert "xsrf_cookie_kwargs" not in config.JupyterHub.tornado_settings
    secure = Config()
    configure(secure, replace(settings, public_url="https://readingroom.example.org"), records=object())
    assert secure.JupyterHub.tornado_settings["xsrf_cookie_kwargs"] == {"secure": True}
    assert secure.JupyterHub.cookie_host_prefix_enabled
