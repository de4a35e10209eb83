"""Without the rights to provide something, the exact command is said (promise P10)."""

from readingroom.ops.packages import ask_for


def test_what_to_install_is_said_word_for_word():
    error = ask_for(["docker.io", "iptables"], "Running workspaces")
    assert error.next_step == "As root: apt-get install --no-install-recommends docker.io iptables"
    assert "Running workspaces" in error.message
    assert error.exit_code != 0
