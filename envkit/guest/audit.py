"""Attacks from inside, as a hostile notebook or package would make them: out of the container, or at what is kept.

Each is a line of shell. What it may do when it succeeds harms nothing: it touches a new file, mounts over its own
/tmp, or asks for something and throws the answer away.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from envkit.guest import supervising

LIMIT_S = 60.0
EACH_S = 10
ESCAPES = {
    "change the kernel's settings": "echo x > /proc/sys/kernel/core_pattern",
    "read the kernel's memory": "head -c 1 /proc/kcore | grep -q .",
    "make a control group": "mkdir /sys/fs/cgroup/envkit-audit || mkdir /sys/fs/cgroup/memory/envkit-audit",
    "mount a file system": "mount -t tmpfs none /tmp",
    "become root in a user namespace": "unshare -Ur true",
    "leave its mounts": "nsenter -t 1 -m true",
    "make a disk's device": "mknod /tmp/envkit-audit b 8 0",
    "find a disk": "ls /dev/sd* /dev/vd* /dev/nvme* /dev/mapper/control 2>/dev/null | grep .",
    "find an engine's socket": "ls /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock 2>/dev/null",
    "see the host's processes": "ps -e -o comm= | grep -E '^(dockerd|systemd|containerd)$'",
    "become root": "su -c true < /dev/null || sudo -n true",
    "read the passwords": "cat /etc/shadow",
    "set the clock": "date --set 2020-01-01",
}
TAMPERING = {
    "write to /usr": "touch /usr/envkit-audit", "write to /etc": "touch /etc/envkit-audit",
    "write to /opt": "touch /opt/envkit-audit",
    "change the server's settings": "test -w /etc/envkit/jupyter_server_config.py",
    "change sshd's settings": "test -w /etc/envkit/sshd_config",
    "change the list of keys": "test -w /run/secrets/envkit/authorized_keys",
    "change the token": "test -w /run/secrets/envkit/token",
    "change the list of users": "test -w /etc/passwd",
}
SSHD = ("kexalgorithms", "ciphers", "macs", "hostkeyalgorithms")
SECRET_NAME = re.compile("TOKEN|PASSW|SECRET|KEY|CREDENTIAL", re.IGNORECASE)


def look_at_everything(teller):
    """Take every look."""
    teller.look("audit.identity", look_identity)
    teller.look("audit.escapes", lambda: look_attempts(ESCAPES))
    teller.look("audit.tampering", lambda: look_attempts(TAMPERING))
    teller.look("audit.rights", look_rights)
    teller.look("audit.variables", look_variables)
    teller.look("audit.secrets", look_secrets)
    teller.look("audit.sshd", look_sshd)


def look_identity():
    """Return who this is, and what the kernel lets it do."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    kept = ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")
    return {"uid": os.getuid(), "status": {name: status.get(name, "") for name in kept}}


def look_attempts(attempts):
    """Return which attempts succeeded, and which could not be made for want of a program."""
    succeeded, missing = [], []
    for name, script in attempts.items():
        code = run(script)
        if code == 0:
            succeeded.append(name)
        elif code == 127:
            missing.append(name)
    return {"tried": len(attempts), "succeeded": succeeded, "missing": missing}


def run(script):
    """Run a line of shell and return its exit code."""
    try:
        return subprocess.run(
            ["/bin/sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=EACH_S, check=False, cwd="/",
        ).returncode
    except subprocess.TimeoutExpired:
        return 124


def look_rights():
    """Return files that give rights away: with SUID bits, or that everybody may write."""
    if shutil.which("find") is None:
        return {"checked": False, "files": []}
    found = subprocess.run(
        ["find", "/", "-xdev", "(", "-perm", "/6000", "-o", "-type", "f", "-perm", "-0002", ")", "!", "-type", "l",
         "-print"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, check=False,
        timeout=LIMIT_S,
    )
    return {"checked": True, "files": found.stdout.splitlines()[:20]}


def look_variables():
    """Return names of variables, here and of the other processes, that promise a secret and hold a value."""
    found = set()
    for one in Path("/proc").glob("[0-9]*/environ"):
        try:
            pairs = one.read_bytes().split(b"\0")
        except OSError:
            continue
        for pair in pairs:
            name, _, value = pair.decode("utf-8", "replace").partition("=")
            if value and SECRET_NAME.search(name) and not name.endswith("_FILE"):
                found.add(name)
    return {"names": sorted(found)}


def look_secrets():
    """Return files of the folder of secrets that others than their user may read, and processes that show the token."""
    folder, token = Path("/run/secrets/envkit"), ""
    if not folder.is_dir():
        return {"checked": False, "open": [], "shown": False}
    public = {"authorized_keys", "passwd", "group"}
    files = [path for path in folder.rglob("*") if path.is_file()]
    wide = [str(path) for path in files if path.stat().st_mode & 0o004 and path.name not in public]
    if (folder / "token").is_file():
        token = (folder / "token").read_text("ascii").strip()
    return {"checked": True, "open": [one for one in wide if secret(one)], "shown": bool(token) and shown(token)}


def look_sshd():
    """Return what the SSH server's settings mean, in its own words."""
    asked = ["/usr/sbin/sshd", "-T", "-f", "/etc/envkit/sshd_config", "-C", "user=dev,host=x,addr=127.0.0.1"]
    if not Path(asked[0]).exists() or not Path(asked[3]).exists():
        return {"settings": {}}
    done = subprocess.run(
        asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True,
        timeout=EACH_S, check=False,
    )
    pairs = (line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    return {"settings": {name: value for name, value in pairs if name in SSHD}}


def secret(path):
    """Return whether a file of that name holds something secret."""
    return bool(re.search("token|key|secret|passw", Path(path).name)) and not path.endswith(".pub")


def shown(token):
    """Return whether a process list holds a text."""
    lines = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(one.read_bytes())
        except OSError:
            continue
    return any(token.encode() in line for line in lines)


def stages():
    """Return what is looked at, within the seconds that were given."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (supervising.Stage(look_at_everything, limit_s),)


supervising.run(stages)
