"""Nothing to reach, resolve or connect to."""

import os
import socket
import stat

from readingroom.hub.probe.looking import everything, succeeded
from readingroom.hub.probe.tables import ENGINES, OUR_SOCKETS, OUTSIDE


def only_loopback():
    with open("/proc/net/dev") as file:
        found = [line.split(":")[0].strip() for line in file if ":" in line]
    return found == ["lo"], found


def no_route():
    with open("/proc/net/route") as file:
        routes = file.read().splitlines()[1:]
    with open("/proc/net/ipv6_route") as file:
        routes += [line for line in file if line.split()[-1] != "lo"]
    return not routes, routes


def nothing_outside_is_reached():
    found = succeeded(*((f"{host} {port}", lambda host=host, port=port: socket.create_connection((host, port), 2))
                        for host, port in OUTSIDE))

    def datagram(host):
        kind = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(kind, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", (host, 53))

    found += succeeded(*((f"udp {host}", lambda host=host: datagram(host)) for host, _ in OUTSIDE))
    return not found, found


def no_name_resolves():
    names = ("example.org", "localhost.localdomain.example", "host.docker.internal", "metadata.google.internal")
    found = succeeded(*((name, lambda name=name: socket.getaddrinfo(name, 80)) for name in names))
    return not found, found


def no_socket_but_ours():
    found = [path for path, state in everything() if stat.S_ISSOCK(state.st_mode) and path not in OUR_SOCKETS]
    found += [path for path in ENGINES if os.path.lexists(path)]

    def abstract(name):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect("\0" + name)

    with open("/proc/net/unix") as file:
        listed = [line.split()[-1] for line in file if line.split()[-1].startswith("@")]
    found += succeeded(*((f"abstract {name}", lambda name=name: abstract(name[1:])) for name in listed))
    return not found, found
