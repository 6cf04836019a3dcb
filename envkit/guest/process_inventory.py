"""List the processes, mounts and listening sockets of a container, as the kernel reports them."""

import socket
import time
from contextlib import suppress
from pathlib import Path

COUNT_MAX = 200
TEXT_MAX = 400
LISTENING, UNCONNECTED = "0A", "07"
EPHEMERAL_PORT_MIN = 32768  # of the kernel's default range: clients use these for a moment
ANSWER_S = 1.0
PAUSE_S, START_S = 0.5, 10.0  # longer than the start of a program in a container takes; the limit on a busy machine
STARTING_COMMAND = "runc init"
STATUS_FIELDS = ("Uid", "Gid", "CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp", "TracerPid")


def list_processes(own_uid, proc=Path("/proc")):
    """Return the command line and the rights of each process of other users than this one's.

    A program that an engine starts in a container has root's rights for a moment, before they are dropped. So only
    what is the same in all of several lists counts.
    """
    processes, deadline = read_processes(own_uid, proc), time.monotonic() + START_S
    while True:
        time.sleep(PAUSE_S)
        current = read_processes(own_uid, proc)
        processes = [process for process in processes if process in current]
        is_starting = any(process["command"] == STARTING_COMMAND for process in processes)
        if not is_starting or time.monotonic() > deadline:
            return {"processes": processes[:COUNT_MAX]}


def read_processes(own_uid, proc):
    """Return the processes that exist now."""
    processes = []
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            command = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            lines = (folder / "status").read_text("utf-8", "replace").splitlines()
        except OSError:  # it has ended
            continue
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if own_uid in map(int, status.get("Uid", "").split()):
            continue
        text = " ".join(part.decode("utf-8", "replace") for part in command)
        fields = {name: status.get(name, "") for name in STATUS_FIELDS}
        processes.append(dict(fields, pid=int(folder.name), command=text[:TEXT_MAX]))
    return processes


def list_mounts(table=Path("/proc/1/mountinfo"), own_table=Path("/proc/self/mountinfo")):
    """Return source, target and options of each mount that processes of the container see."""
    try:
        text = table.read_text("utf-8", "replace")
    except OSError:
        text = own_table.read_text("utf-8", "replace")
    mounts = []
    for line in text.splitlines():
        fields, _, rest = line.partition(" - ")
        _, _, _, source, target, options = fields.split()[:6]
        mounts.append(
            {"source": unescape(source), "target": unescape(target), "options": options, "type": rest.split()[0]}
        )
    return {"mounts": mounts[:COUNT_MAX]}


def unescape(path):
    """Return a path of the kernel's table, in which white space and backslashes are octal numbers."""
    for character in " \t\n\\":
        path = path.replace("\\{:03o}".format(ord(character)), character)
    return path


def list_network(planned_ports, resolver=Path("/etc/resolv.conf"), hosts=Path("/etc/hosts")):
    """Return the listening sockets besides those of planned ports, the name servers and the host names."""
    listeners = [
        listener
        for name, states in (("tcp", LISTENING), ("tcp6", LISTENING), ("udp", UNCONNECTED), ("udp6", UNCONNECTED))
        for listener in read_listeners(Path("/proc/net") / name, states)
    ]
    return {
        "listeners": [
            dict(listener, says=ask(listener)) for listener in listeners if listener["port"] not in planned_ports
        ][:COUNT_MAX],
        "resolver": read_lines(resolver),
        "hosts": read_lines(hosts),
    }


def read_lines(path):
    """Return the lines of a small file, without comments."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.strip()[:TEXT_MAX] for line in lines if line.strip() and not line.lstrip().startswith("#")][:COUNT_MAX]


def read_listeners(table, state):
    """Yield protocol, address and port of the sockets that wait for any peer and are not on loopback."""
    if not table.is_file():
        return
    for line in table.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        address, port = parse_address(fields[1])
        is_client = state == UNCONNECTED and (port >= EPHEMERAL_PORT_MIN or int(fields[2].rpartition(":")[2], 16))
        if fields[3] == state and not is_client and not is_loopback(address):
            yield {"protocol": table.name, "address": address, "port": port}


def parse_address(text):
    """Return the address and port of an entry, in which each 32-bit word has the machine's byte order."""
    words, _, port = text.partition(":")
    data = b"".join(bytes.fromhex(words[start : start + 8])[::-1] for start in range(0, len(words), 8))
    family = socket.AF_INET if len(data) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, data), int(port, 16)


def is_loopback(address):
    """Return whether an address is reachable only from the container itself."""
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def ask(listener):
    """Return the first line that a server sends, and `TensorBoard` if it is one."""
    if not listener["protocol"].startswith("tcp"):
        return ""
    answer = b""
    with socket.socket() as connection, suppress(OSError):
        connection.settimeout(ANSWER_S)
        connection.connect(("127.0.0.1", listener["port"]))
        connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        while len(answer) < 16384:
            chunk = connection.recv(4096)
            if not chunk:
                break
            answer += chunk
    first_line = answer.split(b"\n", 1)[0].decode("utf-8", "replace").strip()[:80]
    return "TensorBoard" if b"TensorBoard" in answer else first_line
