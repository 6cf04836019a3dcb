"""What another container does to a workspace: knock at its ports. Nothing is sent."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

KNOCK_S = 2.0  # for a port that lets nobody know whether it is there
AGAIN_S = 0.7  # until what was reached is knocked at again
TIMES = 3
RESOLVED = 0x2  # the kernel's flag of a machine on the wire that answered
TELL_WHO_REFUSED = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}  # *_RECVERR


def look_ports(targets):
    """Return which addresses with ports opened, which were reached and closed, and whether anybody answered at all.

    What was reached only once stands in a list of its own, open or closed.
    """
    told = {"opened": [], "refused": [], "once": []}
    knocks = [threading.Thread(target=knock, args=(one, told), daemon=True) for one in targets]
    for one in knocks:
        one.start()
    for one in knocks:
        one.join(TIMES * (KNOCK_S + AGAIN_S))
    return {"tried": len(targets), "alive": alive(), **{name: sorted(found) for name, found in told.items()}}


def knock(target, told):
    """Knock at `address:port`; add it to the list of what came of it, which takes being reached twice in three times.

    Docker 20.10 takes its rule between networks away and puts it back whenever a network is made: each time all
    networks are open to each other for some 30 ms.
    """
    reached, times = [came_of(target)], 1
    while len(reached) == 1 and reached[0] and times < TIMES:
        time.sleep(AGAIN_S)
        came, times = came_of(target), times + 1
        reached += [came] if came else []
    if reached[-1]:
        told[reached[-1] if len(reached) > 1 else "once"].append(target)


def came_of(target):
    """Open a connection to `address:port` and close it again; return how it was reached, or an empty text."""
    address, _, port = target.rpartition(":")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door, suppress(OSError):
        door.settimeout(KNOCK_S)
        door.setsockopt(*TELL_WHO_REFUSED[family], 1)
        try:
            door.connect((address, int(port)))
        except ConnectionRefusedError:
            return "" if somebody_between(door) else "refused"
        return "opened"
    return ""


def somebody_between(door):
    """Return whether a firewall refused, which says so by a message of its own, and not the machine knocked at."""
    door.settimeout(0)
    try:
        return bool(door.recvmsg(512, 512, socket.MSG_ERRQUEUE)[1])
    except OSError:
        return False


def alive(table="/proc/net/arp"):
    """Return whether a machine on this network has told its address: without one nothing can be reached, or shown."""
    if not Path(table).is_file():
        return False
    rows = [line.split() for line in Path(table).read_text("ascii").splitlines()[1:]]
    return any(len(row) > 2 and int(row[2], 16) & RESOLVED for row in rows)
