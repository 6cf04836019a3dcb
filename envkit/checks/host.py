"""Whether this host can make and run workspaces: engine, disk, memory, network, clock, programs."""

from __future__ import annotations

import re
from collections import defaultdict
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from envkit.checks import observations as look
from envkit.checks.table import finding
from envkit.model.report import Observation, Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.model.report import Finding

DISK_LEAST_MIB = 4 * 1024  # one CPU image and what building it needs
DISK_GOOD_MIB = 15 * 1024  # one for GPUs, and a second environment
MEMORY_LEAST_MIB = 1024
MEMORY_GOOD_MIB = 3 * 1024
CLOCK_S = 300.0  # what certificates and signed package lists put up with
# Of a finding's data: a command that mends it, word by word, and whether it changes nothing but what is the caller's.
FIX, SAFE = "fix", "safe"
# In apt's own words: it gives no other sign of which fault it is.
_SIGNED_TWICE = re.compile(
    r"Conflicting values set for option Signed-By regarding source [a-z+]+://([A-Za-z0-9.-]+)\S* .*", re.ASCII
)
NETRC = "name a login for it: build.netrc in envkit.yaml"
PROXY = "write the proxy's login into its address: export https_proxy=http://USER:PASSWORD@PROXY"
SPARE = "nothing needs mending, base: auto stands on Debian then"
STARTS = frozenset({"sudo systemctl start docker", "sudo systemctl restart docker"})
UNNAMED = "no address to ask is known: envkit.yaml names none, and no pip is installed beside envkit whose own to take"
NOTHING = Observation("", {"error": {"type": "error", "message": "it was not looked at"}})
# The packages that bring a program, and the command that installs them, by the system's family.
INSTALLERS = {
    "debian": "sudo apt-get install {}", "ubuntu": "sudo apt-get install {}", "fedora": "sudo dnf install {}",
    "rhel": "sudo dnf install {}", "arch": "sudo pacman -S {}", "suse": "sudo zypper install {}",
    "alpine": "sudo apk add {}",
}
PACKAGES = {
    "ssh": {"": "openssh-client", "fedora": "openssh-clients", "rhel": "openssh-clients", "arch": "openssh"},
    "rsync": {"": "rsync"},
}


def check(observations: Sequence[Observation]) -> tuple[Finding, ...]:
    """Judge every look at the host; what was not looked at is skipped, and says why."""
    return tuple(_all(defaultdict(lambda: NOTHING, {one.what: one for one in observations})))


def _all(seen: Mapping[str, Observation]) -> Iterator[Finding]:
    yield _engine(seen["host.engine"])
    yield _disk(seen["host.engine"])
    yield from _machine(seen["host.machine"])
    yield _network(seen["host.registry"], "host/registry", _registry(seen["host.registry"].data))
    for what, check in (("host.mirror", "host/mirror"), ("host.index", "host/index")):
        yield _served(seen[what], check)
    yield _failed(seen["host.apt"], "host/apt") or _apt(seen["host.apt"])
    yield _clock(seen["host.mirror"], seen["host.index"])
    for what, check, judge in (("host.port", "host/port", _port), ("host.state", "host/state", _state)):
        yield _failed(seen[what], check) or judge(seen[what])


def _passed(check: str, words: str, one: Observation) -> Finding:
    return finding(check, words, status=Verdict.PASSED, cause="", mend="", seconds=one.seconds)


def _skipped(check: str, why: str) -> Finding:
    return finding(check, why, status=Verdict.SKIPPED, cause="", mend="")


def _failed(one: Observation, check: str) -> Finding | None:
    """Return that nothing came of a look, or None."""
    if one.data.get("late"):
        return _skipped(check, "the look took too long")
    return _skipped(check, line(error)) if (error := look.error(one.data)) else None


def _engine(one: Observation) -> Finding:
    refused, unsupported = look.table(one.data, "refused"), look.table(one.data, "unsupported")
    if one.data.get("late") or look.error(one.data):
        return finding("host/engine", f"the engine did not answer in time {look.error(one.data)}".strip())
    if refused:
        mend = look.text(refused, "mend")
        fix = {FIX: mend.split()} if mend in STARTS else {}
        return finding(
            "host/engine", look.text(refused, "message"), cause=look.text(refused, "tried"), mend=mend, data=fix
        )
    if unsupported:
        return finding("host/engine", look.text(unsupported, "message"), cause="", mend=look.text(unsupported, "mend"))
    words = f"{look.text(one.data, 'endpoint')}: version {line(look.text(one.data, 'version'))}"
    words += f", API {line(look.text(one.data, 'api'))}, cgroups {line(look.text(one.data, 'cgroup'))}"
    return _passed("host/engine", words, one)


def _disk(one: Observation) -> Finding:
    free, root = look.number(one.data.get("free_mib")), look.text(one.data, "root")
    if free is None:
        return _skipped("host/disk", "where images lie is not known without an engine")
    words = f"{free / 1024:.1f} GiB are free for images in {line(root)}"
    if free >= DISK_GOOD_MIB:
        return _passed("host/disk", words, one)
    status = Verdict.FAILED if free < DISK_LEAST_MIB else Verdict.WARNED
    return finding("host/disk", words, status=status, seconds=one.seconds)


def _machine(one: Observation) -> Iterator[Finding]:
    if failed := _failed(one, "host/memory"):
        yield failed
        return
    memory = look.number(one.data.get("memory_mib"))
    if memory is not None:
        words = f"{memory / 1024:.1f} GiB of memory are available"
        if memory >= MEMORY_GOOD_MIB:
            yield _passed("host/memory", words, one)
        else:
            status = Verdict.FAILED if memory < MEMORY_LEAST_MIB else Verdict.WARNED
            yield finding("host/memory", words, status=status)
    else:
        yield _skipped("host/memory", "the kernel does not say how much memory is available")
    programs, systems = look.table(one.data, "programs"), look.texts(one.data, "systems")
    missing = [name for name in PACKAGES if programs.get(name) is False]
    if not missing:
        yield _passed("host/programs", "ssh and rsync are here", one)
    else:
        command = install(missing, systems)
        yield finding(
            "host/programs", f"there is no {' and no '.join(missing)}", mend=command, data={FIX: command.split()}
        )


def install(programs: Sequence[str], systems: Sequence[str]) -> str:
    """Return the command that installs programs on a system, by the first family it names that is known."""
    family = next((one for one in systems if one in INSTALLERS), "debian")
    packages = [PACKAGES[name].get(family, PACKAGES[name][""]) for name in programs]
    return INSTALLERS[family].format(" ".join(packages))


def _registry(data: Mapping[str, Any]) -> tuple[str, str, str]:
    why = look.text(data, "why")
    image = look.text(data, "image")
    if image and not why:
        return f"{image} can be pulled", "", ""
    mend = look.text(data, "mend")
    return "", f"{image}: {why}", f"{SPARE}; for TensorFlow's own image {mend}" if data.get("spare") else mend


def _served(one: Observation, check: str) -> Finding:
    """Judge whether a server answers: whoever says anything at all is there, and no matter of the network."""
    url, status = line(look.text(one.data, "url")), look.number(one.data.get("status")) or 0
    if status < 100 or one.data.get("late") or look.error(one.data) or look.text(one.data, "skipped"):
        return _network(one, check, ("", f"{url}: {line(look.text(one.data, 'said')) or 'does not answer'}", ""))
    cause, mend = _trouble(status, index=check == "host/index")
    if not cause:
        return _passed(check, f"{url} answers", one)
    return finding(check, f"{url}: answers {status:.0f}", status=Verdict.WARNED, cause=cause, mend=mend)


def _trouble(status: float, *, index: bool) -> tuple[str, str | None]:
    """Return what a server's status means to a build, or nothing, and the mend where it is not the check's own."""
    if status in {401, 403}:
        return "it asks for a login", NETRC if index else "name another mirror: build.mirror in envkit.yaml"
    if status == 407:
        return "the proxy asks for a login", PROXY
    if status >= 500:
        return "the server is in trouble", "try again later, or name another one in envkit.yaml"
    return ("it has no such release" if status == 404 and not index else "", None)


def _network(one: Observation, check: str, outcome: tuple[str, str, str]) -> Finding:
    good, wrong, mend = outcome
    if skipped := look.text(one.data, "skipped"):
        return _skipped(check, line(skipped))
    if one.data.get("late"):
        return finding(check, "there was no answer within a second and a half", status=Verdict.WARNED)
    if error := look.error(one.data):
        return _skipped(check, line(error))
    if not one.data:
        return _skipped(check, UNNAMED)
    if good:
        return _passed(check, good, one)
    return finding(check, wrong, status=Verdict.WARNED, mend=mend or None)


def _apt(one: Observation) -> Finding:
    if skipped := look.text(one.data, "skipped"):
        return _skipped("host/apt", line(skipped))
    if one.data.get("code") == 0:
        return _passed("host/apt", "apt can read its lists of sources", one)
    said = look.text(one.data, "said")
    if twice := _SIGNED_TWICE.search(said):
        return finding(
            "host/apt", line(twice[0]), cause=f"two lists name {twice[1]}, each with another key",
            mend=f"delete one of the files that this names: grep -rl {twice[1]} /etc/apt/sources.list.d",
        )
    words = next((one for one in said.splitlines() if one.startswith("E: ")), said)
    return finding("host/apt", f"apt-get ends with {one.data.get('code')}: {line(words)}")


def _clock(*answers: Observation) -> Finding:
    for one in answers:
        try:
            told = parsedate_to_datetime(look.text(one.data, "date")).timestamp()
            now = look.number(one.data.get("now"))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if now is None:
            continue
        off = now - told
        words = f"this clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}"
        if abs(off) <= CLOCK_S:
            return _passed("host/clock", words, one)
        return finding("host/clock", words, data={FIX: ["sudo", "timedatectl", "set-ntp", "true"]})
    return _skipped("host/clock", "no server told the time")


def _port(one: Observation) -> Finding:
    if skipped := look.text(one.data, "skipped"):
        return _skipped("host/port", line(skipped))
    port, holder = one.data.get("port"), one.data.get("holder")
    if holder is None:
        return _passed("host/port", f"port {port} of 127.0.0.1 is free", one)
    if one.data.get("ours") is True:
        return _passed("host/port", f"port {port} is this workspace's own", one)
    words = f"port {port} is taken{f' by {line(str(holder))}' if holder else ''}"
    if one.data.get("named") is not True:
        return finding("host/port", words)
    mend = "end what listens there, or name another port: jupyter.port in envkit.yaml"
    return finding("host/port", words, status=Verdict.FAILED, mend=mend)


def _state(one: Observation) -> Finding:
    folder, mode = look.text(one.data, "folder"), one.data.get("mode")
    if not isinstance(mode, int):
        return _passed("host/state", f"{line(folder)} will be made when it is needed", one)
    if mode & 0o077 or one.data.get("own") is not True:
        return finding(
            "host/state", f"{line(folder)} has mode {mode:o}", mend=f"chmod 700 {line(folder)}",
            data={FIX: ["chmod", "700", folder], SAFE: True},
        )
    return _passed("host/state", f"{line(folder)} is yours alone", one)
