"""Every wall tried, each by itself, and told as one JSON list."""

import json
import os
import signal
import sys

from readingroom.hub.probe.files import data_cannot_be_changed, no_device_but_the_harmless, read_only_but_for_its_own
from readingroom.hub.probe.kernel import (
    calls_into_the_kernel,
    families_of_sockets,
    no_calls_of_another_architecture,
    no_disk_of_the_machine,
    no_new_namespaces,
    secrets_of_the_kernel,
    settings_of_the_kernel,
)
from readingroom.hub.probe.looking import everything
from readingroom.hub.probe.network import (
    no_name_resolves,
    no_route,
    no_socket_but_ours,
    nothing_outside_is_reached,
    only_loopback,
)
from readingroom.hub.probe.rights import (
    limits,
    no_favours,
    no_file_lends_rights,
    no_neighbours,
    no_rights,
    no_secret_but_its_own_token,
    temporary_space_runs_nothing,
)
from readingroom.hub.probe.tables import NOT_HERE

WALLS = {
    "only loopback": only_loopback, "no route": no_route, "nothing outside is reached": nothing_outside_is_reached,
    "no name resolves": no_name_resolves, "no socket but its own and the door": no_socket_but_ours,
    "families of sockets": families_of_sockets, "calls into the kernel": calls_into_the_kernel,
    "no new namespaces": no_new_namespaces, "no calls of another architecture": no_calls_of_another_architecture,
    "no rights": no_rights, "no file lends rights": no_file_lends_rights,
    "read-only but for its own": read_only_but_for_its_own, "data cannot be changed": data_cannot_be_changed,
    "no neighbours": no_neighbours, "no device but the harmless": no_device_but_the_harmless,
    "secrets of the kernel": secrets_of_the_kernel, "no disk of the machine": no_disk_of_the_machine,
    "settings of the kernel": settings_of_the_kernel,
    "limits": limits, "no favours": no_favours,
    "temporary space runs nothing": temporary_space_runs_nothing,
    "no secret but its own token": no_secret_but_its_own_token,
}


def alone(tried):
    """Run it in a child, so that one that dies, or leaves the process changed, is a finding and no more."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            held, seen = tried()
            shown = seen if isinstance(seen, str) else ", ".join(map(str, seen))
        except BaseException as error:
            held, shown = False, f"could not be told: {type(error).__name__}: {error}"
        os.write(writing, json.dumps([bool(held), shown[:500]]).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read()
    _, ended = os.waitpid(child, 0)
    return json.loads(said) if said else [False, f"it died ({os.waitstatus_to_exitcode(ended)})"]


def main():
    everything()  # looked for once: each wall's child has it
    findings = []
    for wall, tried in WALLS.items():
        if wall in NOT_HERE:
            continue
        try:
            held, seen = alone(tried)
        except Exception as error:
            held, seen = False, f"could not be told: {type(error).__name__}: {error}"
        findings.append({"wall": wall, "held": held, "seen": seen})
    print(json.dumps(findings), flush=True)


if __name__ == "__main__":
    main()
    if sys.argv[1:] == ["canary"]:
        signal.pause()  # until it has been looked at from outside as well
