"""Connect to the ports of a workspace from another container, without sending data."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

CONNECT_S = 2.0  # for a port that does not respond
RETRY_S = 0.7  # before another connection to a port that responded
TRIES_MAX = 3
ARP_COMPLETE = 0x2  # the kernel's flag of a neighbor that answered
RECVERR_OPTIONS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}  # *_RECVERR


def scan_ports(targets):
    """Return the open and the closed targets, and whether any machine answered.

    Targets that responded only once are in a separate list, open or closed.
    """
    results = {"opened": [], "refused": [], "once": []}
    threads = [threading.Thread(target=probe_port, args=(target, results), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TRIES_MAX * (CONNECT_S + RETRY_S))
    return {
        "attempts": len(targets),
        "alive": has_arp_entry(),
        **{name: sorted(addresses) for name, addresses in results.items()},
    }


def probe_port(target, results):
    """Connect to `address:port`, and add it to the list of its result, which needs two responses in three tries.

    Docker 20.10 removes its rule between networks and restores it whenever a network is created: each time all
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
    """Connect to `address:port` and close the connection; return `opened`, `refused`, or empty without a response."""
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
    """Return whether a firewall refused the connection by an ICMP message, rather than the target itself."""
    connection.settimeout(0)
    try:
        return bool(connection.recvmsg(512, 512, socket.MSG_ERRQUEUE)[1])
    except OSError:
        return False


def has_arp_entry(table="/proc/net/arp"):
    """Return whether a machine on this network has answered ARP: otherwise a scan proves nothing."""
    if not Path(table).is_file():
        return False
    rows = [line.split() for line in Path(table).read_text("ascii").splitlines()[1:]]
    return any(len(row) > 2 and int(row[2], 16) & ARP_COMPLETE for row in rows)
