"""Audit a container from inside: what a hostile notebook or package could do. Nothing is changed."""

import os
import re
import subprocess
import sys
from pathlib import Path

from envkit.guest import escape_attempts, server_info, supervisor

LIMIT_S = 120.0
COMMAND_S = 10
PROGRAM_FOLDERS = "/usr/sbin:/usr/bin:/sbin:/bin"  # root's; PATH starts with folders of the user
SSHD, SSHD_CONFIG = "/usr/sbin/sshd", "/etc/envkit/sshd_config"


def report_audit(reporter):
    """Run every inspection, with programs of the image only."""
    os.environ["PATH"] = PROGRAM_FOLDERS
    reporter.observe("audit.identity", inspect_identity)
    reporter.observe("audit.escapes", lambda: escape_attempts.run_attempts(escape_attempts.ESCAPES))
    reporter.observe("audit.tampering", lambda: escape_attempts.run_attempts(escape_attempts.TAMPERING))
    reporter.observe("audit.variables", inspect_variables)
    reporter.observe("audit.secrets", inspect_secrets)
    reporter.observe("audit.sshd", inspect_sshd)
    reporter.observe("audit.socket", server_info.inspect_socket)
    reporter.observe("audit.packages", server_info.inspect_server_packages)


def inspect_identity():
    """Return the user id and what the kernel permits."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    fields = ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")
    return {"uid": os.getuid(), "status": {name: status.get(name, "") for name in fields}}


def inspect_variables():
    """Return the names of non-empty variables of all processes that suggest a secret."""
    return {"names": sorted(name for name in escape_attempts.variable_names() if escape_attempts.is_secret_name(name))}


def inspect_secrets():
    """Return secret files that other users may read, and whether a process shows the token in its arguments."""
    folder, token = Path("/run/secrets/envkit"), ""
    if not folder.is_dir():
        return {"checked": False, "open": [], "shown": False}
    public = {"authorized_keys", "passwd", "group"}
    files = [path for path in folder.rglob("*") if path.is_file()]
    world_readable = [str(path) for path in files if path.stat().st_mode & 0o004 and path.name not in public]
    if (folder / "token").is_file():
        token = (folder / "token").read_text("ascii").strip()
    return {
        "checked": True,
        "open": [path for path in world_readable if is_secret_path(path)],
        "shown": bool(token) and is_in_cmdline(token),
    }


def inspect_sshd():
    """Return the SSH server's effective settings and those of the planned configuration, as sshd prints them."""
    planned_text = sys.argv[2] if len(sys.argv) > 2 else ""
    if not Path(SSHD).exists() or not Path(SSHD_CONFIG).exists():
        return {"effective": {}, "planned": {}}
    return {"effective": read_sshd_settings(SSHD_CONFIG), "planned": read_planned_settings(planned_text)}


def read_planned_settings(text):
    """Return the settings of a configuration that is in no file, where container code could change it."""
    if not text or not hasattr(os, "memfd_create"):
        return {}
    descriptor = os.memfd_create("sshd_config")
    try:
        os.write(descriptor, text.encode("utf-8"))
        return read_sshd_settings("/dev/stdin", descriptor)
    finally:
        os.close(descriptor)


def read_sshd_settings(path, stdin=subprocess.DEVNULL):
    """Return the effective settings of a configuration file; the values of a repeated one are joined by line breaks."""
    result = subprocess.run(
        [SSHD, "-T", "-f", path, "-C", "user=dev,host=x,addr=127.0.0.1"],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        universal_newlines=True,
        timeout=COMMAND_S,
        check=False,
    )
    settings = {}
    for name, _, value in (line.partition(" ") for line in result.stdout.splitlines()):
        settings[name] = settings[name] + "\n" + value if name in settings else value
    return settings


def is_secret_path(path):
    """Return whether a file's name suggests a secret."""
    return bool(re.search("token|key|secret|passw", Path(path).name)) and not path.endswith(".pub")


def is_in_cmdline(token):
    """Return whether the arguments of any process contain a text."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return any(token.encode() in line for line in lines)


def stages():
    """Return the stages, within the seconds of the first argument."""
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    return (supervisor.Stage(report_audit, limit_s),)


supervisor.run(stages)
