"""Nothing to reach, resolve or connect to."""

import itertools
import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor

from readingroom.hub.probe.looking import everything, succeeded
from readingroom.hub.probe.tables import BRIDGED, ENGINES, HOST_ADDRESSES, HOST_PORTS, OUR_SOCKETS, OUTSIDE


def only_loopback():
    with open("/proc/net/dev") as file:
        found = [line.split(":")[0].strip() for line in file if ":" in line]
    return found == ["lo"] or (BRIDGED and sorted(found) == ["eth0", "lo"]), found


def no_route():
    with open("/proc/net/route") as file:
        routes = file.read().splitlines()[1:]
    with open("/proc/net/ipv6_route") as file:
        routes += [line for line in file if line.split()[-1] != "lo"]
    return not routes, routes


def nothing_outside_is_reached():
    places = [*OUTSIDE, *((host, port) for host in (*HOST_ADDRESSES, *_on_the_link()) for port in HOST_PORTS)]
    with ThreadPoolExecutor(32) as pool:
        found = [name for names in pool.map(_reached, places) for name in names]
    return not found, found


def _reached(place):
    """A connection; a datagram that leaves where nothing leads out, or is answered where an interface takes all."""
    host, port = place

    def datagram():
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect((host, 53 if place in OUTSIDE else port))
            one.send(b"x")
            if BRIDGED:
                one.settimeout(2)
                one.recv(1)

    return succeeded((f"{host} {port}", lambda: socket.create_connection(place, 2)), (f"udp {host} {port}", datagram))


def _on_the_link():
    """The first addresses of every network that a route leads to: where a gateway or a neighbour would be."""
    with open("/proc/net/route") as file:
        rows = [line.split() for line in file.read().splitlines()[1:]]
    starts = [int.from_bytes(bytes.fromhex(row[1]), "little") for row in rows if row[1] != "00000000"]
    gateways = [int.from_bytes(bytes.fromhex(row[2]), "little") for row in rows if row[2] != "00000000"]
    found = {*gateways, *(start + more for start in starts for more in range(1, 7))}
    addresses = {socket.inet_ntoa(number.to_bytes(4, "big")) for number in found}
    return sorted(addresses - (_own_addresses() if addresses else set()))


def _own_addresses():
    with open("/proc/net/fib_trie") as file:
        lines = file.read().splitlines()
    return {before.split()[-1] for before, line in itertools.pairwise(lines) if "/32 host LOCAL" in line}


def no_name_resolves():
    names = ("example.org", "localhost.localdomain.example", "host.docker.internal", "metadata.google.internal")
    found = succeeded(*((name, lambda name=name: socket.getaddrinfo(name, 80)) for name in names))
    return not found, found


def no_socket_but_ours():
    found = [path for path, mode in everything() if stat.S_ISSOCK(mode) and path not in OUR_SOCKETS]
    found += [path for path in ENGINES if os.path.lexists(path)]

    def abstract(name):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect("\0" + name)

    with open("/proc/net/unix") as file:
        listed = [line.split()[-1] for line in file if line.split()[-1].startswith("@")]
    found += succeeded(*((f"abstract {name}", lambda name=name: abstract(name[1:])) for name in listed))
    return not found, found
