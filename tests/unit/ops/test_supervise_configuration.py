"""What the supervisor is told about each program."""

import configparser
from pathlib import Path

from readingroom.ops.supervise import Program, configuration, programs
from readingroom.settings import Settings

SETTINGS = Settings(state_dir=Path("/srv/a%b"))


def parsed(wanted=None):
    parser = configparser.RawConfigParser()
    parser.read_string(configuration(SETTINGS, wanted or programs(SETTINGS)))
    return parser


def test_all_five_programs_are_restarted_whenever_they_end():
    sections = [name for name in parsed().sections() if name.startswith("program:")]
    assert sections == ["program:engine", "program:door", "program:hub", "program:portal", "program:worker"]
    assert all(parsed()[name]["autorestart"] == "true" for name in sections)


def test_the_hub_is_given_the_minute_that_it_may_need_to_leave():
    assert parsed().getint("program:hub", "stopwaitsecs") > 60


def test_logs_are_bounded():
    for name in parsed().sections():
        if name.startswith("program:"):
            assert parsed()[name]["stdout_logfile_maxbytes"] == "10MB"
            assert parsed().getint(name, "stdout_logfile_backups") <= 5


def test_a_path_with_a_percent_sign_is_not_expanded():
    assert "/srv/a%%b" in configuration(SETTINGS, programs(SETTINGS))


def test_the_control_socket_is_for_its_owner_only():
    assert parsed()["unix_http_server"]["chmod"] == "0600"


def test_words_of_a_command_stay_apart():
    command = parsed([Program("x", ("/bin/sh", "-c", "sleep 1"), 1)])["program:x"]["command"]
    assert command.endswith('"/bin/sh" "-c" "sleep 1"')
