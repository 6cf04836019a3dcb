"""Looks from inside: what a hostile notebook or package could do here, and what stands open. Nothing is changed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from envkit.guest import attempts, served, supervising

LIMIT_S = 120.0
EACH_S = 10
FIND_S = 30
SSHD = ("kexalgorithms", "ciphers", "macs", "hostkeyalgorithms")


def look_at_everything(teller):
    """Take every look."""
    teller.look("audit.identity", look_identity)
    teller.look("audit.escapes", lambda: attempts.look_at(attempts.ESCAPES))
    teller.look("audit.tampering", lambda: attempts.look_at(attempts.TAMPERING))
    teller.look("audit.rights", look_rights)
    teller.look("audit.variables", look_variables)
    teller.look("audit.secrets", look_secrets)
    teller.look("audit.sshd", look_sshd)
    teller.look("audit.socket", served.look_socket)
    teller.look("audit.packages", served.look_packages)


def look_identity():
    """Return who this is, and what the kernel lets it do."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    kept = ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")
    return {"uid": os.getuid(), "status": {name: status.get(name, "") for name in kept}}


def look_rights():
    """Return files that give rights away: with SUID bits, or that everybody may write."""
    if shutil.which("find") is None:
        return {"checked": False, "files": []}
    found = subprocess.run(
        ["find", "/", "-xdev", "(", "-perm", "/6000", "-o", "-type", "f", "-perm", "-0002", ")", "!", "-type", "l",
         "-print"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, check=False,
        timeout=FIND_S,
    )
    return {"checked": True, "files": found.stdout.splitlines()[:20]}


def look_variables():
    """Return names of variables, here and of the other processes, that promise a secret and hold a value."""
    return {"names": sorted(name for name in attempts.variables() if attempts.looks_secret(name))}


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
