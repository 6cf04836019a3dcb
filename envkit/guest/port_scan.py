"""What another container does to a workspace: knock at its ports. Nothing is sent."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

CONNECT_S = 2.0  # for a port that lets nobody know whether it is there
RETRY_S = 0.7  # until what was reached is knocked at again
TRIES_MAX = 3
ARP_COMPLETE = 0x2  # the kernel's flag of a machine on the wire that answered
RECVERR_OPTIONS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}  # *_RECVERR


def scan_ports(targets):
    """Return which addresses with ports opened, which were reached and closed, and whether anybody answered at all.

    What was reached only once stands in a list of its own, open or closed.
    """
    results = {"opened": [], "refused": [], "once": []}
    threads = [threading.Thread(target=probe_port, args=(target, results), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TRIES_MAX * (CONNECT_S + RETRY_S))
    return {
        "tried": len(targets),
        "alive": has_arp_entry(),
        **{name: sorted(addresses) for name, addresses in results.items()},
    }


def probe_port(target, results):
    """Knock at `address:port`; add it to the list of what came of it, which takes being reached twice in three times.

    Docker 20.10 takes its rule between networks away and puts it back whenever a network is made: each time all
    networks are open to each other for some 30 ms.
    """
    outcomes, tries = [try_connect(target)], 1
    while len(outcomes) == 1 and outcomes[0] and tries < TRIES_MAX:
        time.sleep(RETRY_S)
        outcome, tries = try_connect(target), tries + 1
        outcomes += [outcome] if outcome else []
    if outcomes[-1]:
        results[outcomes[-1] if len(outcomes) > 1 else "once"].append(target)


def try_connect(target):
    """Open a connection to `address:port` and close it again; return how it was reached, or an empty text."""
    address, _, port = target.rpartition(":")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection, suppress(OSError):
        connection.settimeout(CONNECT_S)
        connection.setsockopt(*RECVERR_OPTIONS[family], 1)
        try:
            connection.connect((address, int(port)))
        except ConnectionRefusedError:
            return "" if is_firewall_refusal(connection) else "refused"
        return "opened"
    return ""


def is_firewall_refusal(connection):
    """Return whether a firewall refused, which says so by a message of its own, and not the machine knocked at."""
    connection.settimeout(0)
    try:
        return bool(connection.recvmsg(512, 512, socket.MSG_ERRQUEUE)[1])
    except OSError:
        return False


def has_arp_entry(table="/proc/net/arp"):
    """Return whether a machine on this network has told its address: without one nothing can be reached, or shown."""
    if not Path(table).is_file():
        return False
    rows = [line.split() for line in Path(table).read_text("ascii").splitlines()[1:]]
    return any(len(row) > 2 and int(row[2], 16) & ARP_COMPLETE for row in rows)
