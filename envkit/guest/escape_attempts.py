"""Attempt what a hostile notebook or package would: escape from the container, or tamper with its files.

Even a successful attempt changes nothing. Most only test whether a file is writable, or a capability is held. A file
system is mounted in a separate namespace, which ends with the attempt; a device node is created in a temporary folder,
which is removed.
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

ATTEMPT_S = 3
SYS_TIME = 25  # the kernel's number of the capability that sets the clock
# Programs that each attempt needs, and a shell script that succeeds if the attempt would.
ESCAPES = {
    "change the kernel's settings": ((), "test -w /proc/sys/kernel/core_pattern"),
    "read the kernel's memory": (("head", "wc"), 'test "$(head -c 1 /proc/kcore | wc -c)" -gt 0'),
    "create a control group": ((), "test -w /sys/fs/cgroup || test -w /sys/fs/cgroup/memory"),
    "mount a file system": (("unshare", "mount"), "unshare -m mount -t tmpfs none /tmp"),
    "become root in a user namespace": (("unshare",), "unshare -Ur true"),
    "enter the host's mounts": (("nsenter",), "nsenter -t 1 -m true"),
    "create a disk's device node": (
        ("mktemp", "mknod", "rm"),
        'made=$(mktemp -d) || exit 126; mknod "$made/disk" b 8 0; code=$?; rm -rf "$made"; exit "$code"',
    ),
    "find a disk": (
        (),
        'for disk in /dev/sd* /dev/vd* /dev/nvme* /dev/mapper/control; do test -e "$disk" && exit 0; done; exit 1',
    ),
    "find an engine's socket": (
        (),
        "test -S /var/run/docker.sock || test -S /run/docker.sock || test -S /run/containerd/containerd.sock",
    ),
    "see the host's processes": (
        ("grep",),
        "grep -qxE 'dockerd|systemd|containerd' /proc/[0-9]*/comm",
    ),
    # If su or sudo is not installed, the attempt fails.
    "become root by su": ((), "command -v su >/dev/null || exit 1; su -c true"),
    "become root by sudo": ((), "command -v sudo >/dev/null || exit 1; sudo -n true"),
    "read the passwords": ((), "test -r /etc/shadow"),
    "set the clock": (
        ("sed",),
        f"test $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> {SYS_TIME} & 1)) = 1",
    ),
}
TAMPERING = {
    name: ((), f"test -w {path}")
    for name, path in (
        ("write to /usr", "/usr"),
        ("write to /etc", "/etc"),
        ("write to /opt", "/opt"),
        ("change the server's settings", "/etc/envkit/jupyter_server_config.py"),
        ("change sshd's settings", "/etc/envkit/sshd_config"),
        ("change the list of keys", "/run/secrets/envkit/authorized_keys"),
        ("change the token", "/run/secrets/envkit/token"),
        ("change the list of users", "/etc/passwd"),
    )
}
MISSING, TIMED_OUT = 126, 124
# Names of variables that hold secrets: envkit.yaml rejects variables with the same words.
GUARDED_WORD = (
    r"(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:_|$)|(?:^|_)(?:PASS|PAT)$|_PWD$"
)


def run_attempts(attempts):
    """Run attempts, and return which succeeded, which lack a program, and which did not finish in time."""
    results = {"attempts": 0, "succeeded": [], "missing": [], "unfinished": []}
    for name, (programs, script) in attempts.items():
        code = run(script) if all(shutil.which(program) for program in programs) else MISSING
        outcome = {0: "succeeded", MISSING: "missing", 127: "missing", TIMED_OUT: "unfinished"}.get(code)
        results["attempts"] += 1
        if outcome:
            results[outcome].append(name)
    return results


def run(script, limit_s=ATTEMPT_S):
    """Run a shell script and return its exit code; on a timeout its children are killed, too."""
    with subprocess.Popen(
        ["/bin/sh", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    ) as process:
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return TIMED_OUT


def is_secret_name(name):
    """Return whether a variable's name suggests a secret. `..._FILE` holds only the path of one."""
    return bool(re.search(GUARDED_WORD, name.upper())) and not name.upper().endswith("_FILE")


def variable_names():
    """Return the names of all non-empty variables of all readable processes."""
    names = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            entries = path.read_bytes().split(b"\0")
        except OSError:
            continue
        variables = (entry.decode("utf-8", "replace").partition("=") for entry in entries)
        names |= {name for name, _, value in variables if value}
    return names
