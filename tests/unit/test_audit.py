"""What came of the attacks, judged: one thing weakened is one finding, and exactly that one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envkit.checks import audit, container, withstood
from envkit.checks import observations as look
from envkit.checks.attacks import ATTACKS, LOGINS, OWNER
from envkit.checks.table import TABLE
from envkit.cli import texts
from envkit.commands.audit import Audited
from envkit.model.report import Finding, Observation, Site, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envkit.checks.attacks import Login

NONE = "0" * 16
# As the engine says of an environment: what the settings are judged by.
LOCKED: dict[str, Any] = {
    "Config": {
        "User": "1000:1000", "Env": ["PATH=/bin", "WANDB_FILE=/run/secrets/x"], "Healthcheck": {"Test": ["CMD"]},
    },
    "HostConfig": {
        "PortBindings": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}]}, "PublishAllPorts": False,
        "Privileged": False, "CapDrop": ["ALL"], "CapAdd": None, "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": True,
        "MaskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"],
        "ReadonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"],
        "PidMode": "", "IpcMode": "private", "UTSMode": "", "NetworkMode": "envkit-1000-a", "UsernsMode": "",
        "CgroupnsMode": "private", "Devices": [], "DeviceRequests": None, "DeviceCgroupRules": None,
        "VolumesFrom": None, "Links": None, "GroupAdd": None, "ExtraHosts": [],
        "Tmpfs": {"/tmp": "rw,exec,nosuid,nodev,size=1g"}, "Memory": 1 << 30, "PidsLimit": 4096, "NanoCpus": 10**9,
        "LogConfig": {"Config": {"max-size": "10m", "max-file": "3"}}, "RestartPolicy": {"Name": "on-failure"},
        "Ulimits": [{"Name": "core", "Hard": 0, "Soft": 0}],
    },
    "NetworkSettings": {"Networks": {"envkit-1000-a": {}}},
    "Mounts": [
        {"Type": "bind", "Source": "/home/a/p", "Destination": "/workspace", "RW": True, "Propagation": "rprivate"},
        {"Type": "bind", "Source": "/x/token", "Destination": "/run/secrets/envkit", "RW": False, "Propagation": ""},
    ],
}
QUANTUM = "curve25519-sha256: does not provide protection against post-quantum attacks"
SSHD = {
    "kexalgorithms": "sntrup761x25519-sha512@openssh.com,curve25519-sha256", "ciphers": "aes256-gcm@openssh.com",
    "macs": "hmac-sha2-512-etm@openssh.com", "hostkeyalgorithms": "ssh-ed25519",
}
INSIDE: dict[str, dict[str, Any]] = {
    "audit.control": {"owner": 200, "browser": 200},
    "audit.guesses": {"tried": 100, "refused": 100, "let_in": 0, "characters": 43, "different": 30},
    "audit.cookie": {"cookies": [{"name": "username-1", "flags": ["HttpOnly", "SameSite=Strict"]}]},
    "audit.identity": {"uid": 1000, "status": {
        "CapPrm": NONE, "CapEff": NONE, "CapBnd": NONE, "CapInh": NONE, "CapAmb": NONE, "NoNewPrivs": "1",
        "Seccomp": "2",
    }},
    "audit.escapes": {"tried": 14, "succeeded": [], "missing": [], "unfinished": []},
    "audit.tampering": {"tried": 8, "succeeded": [], "missing": [], "unfinished": []},
    "audit.rights": {"checked": True, "files": []},
    "audit.variables": {"names": []},
    "audit.secrets": {"checked": True, "open": [], "shown": False},
    "audit.sshd": {"settings": SSHD},
    "audit.socket": {"there": True, "mode": 0o600, "folder": 0o700, "owned": True},
    "audit.packages": {
        "python": "3.11", "codename": "bookworm", "openssh": "1:9.2p1-2+deb12u10",
        "versions": {
            "jupyter-server": ["2.21.1"], "jupyter-server-proxy": ["4.6.0"], "jupyterlab": ["4.6.6"],
            "tornado": ["6.6.1"], "nbconvert": ["7.17.2"],
        },
    },
    "audit.image": {"made": "2026-11-01T08:00:44.097544024Z", "today": "2026-11-23"},
    "audit.ssh_audit": {"count": 9, "fail": [], "warn": [QUANTUM]},
    "audit.neighbour": {"network": "bridge", "tried": 3, "opened": [], "alive": True, "ended": True},
    "audit.traces": {"places": [], "unread": []},
}


def answers(check: str = "", **wrong: object) -> list[Observation]:
    """Return what a locked-down server answers, and to the first attack of one check something else."""
    found, given = [], False
    for attack in ATTACKS:
        data: dict[str, Any] = {
            "check": attack.check, "attack": f"{attack.method} {attack.path} as {attack.who}",
            "status": min(attack.good), "location": "/login?next=%2F", "allows": "", "leaked": False,
            "header": attack.has[1],
        }
        if attack.check == check and not given:
            given = True
            data |= wrong
        found.append(Observation("audit.http", data))
    return found


def logins(attack: str = "", **other: object) -> list[Observation]:
    """Return what came of every login: as it should, but of one attack, or of `all`, something else."""
    found = [Observation("audit.ssh", {"attack": OWNER.name, "code": 0, "refused": True})]
    for one in LOGINS:
        data = {"attack": one.name, "code": one.code, "offers": "publickey", "refused": True, "reached": False}
        found.append(Observation("audit.ssh", {**data, **(other if attack in {one.name, "all"} else {})}))
    return found


def failed(
    http: list[Observation] | None = None, ssh: list[Observation] | None = None,
    inspected: dict[str, Any] | None = None, inside: dict[str, dict[str, Any]] | None = None,
) -> set[str]:
    """Return the checks that do not pass."""
    seen = [*(answers() if http is None else http), *(logins() if ssh is None else ssh)]
    given = inside or {}
    seen += [Observation(what, {**data, **given.get(what.removeprefix("audit."), {})}) for what, data in INSIDE.items()]
    found = audit.check(seen, inspected or LOCKED)
    assert {one.check for one in found} == {check for check in TABLE if check.startswith("audit/")}
    return {one.check.removeprefix("audit/") for one in found if one.status is not Verdict.PASSED}


def test_an_environment_that_withstands_passes_every_check() -> None:
    assert failed() == set()


@pytest.mark.parametrize("check", dict.fromkeys(one.check for one in ATTACKS))
def test_an_attack_on_jupyterlab_that_succeeds_is_one_finding(check: str) -> None:
    assert failed(answers(check, status=500 if check in {"audit/traversal", "audit/frames"} else 101)) == {check[6:]}


@pytest.mark.parametrize(("check", "wrong"), [
    ("audit/http-anonymous", {"status": 302, "location": "//evil.example"}),
    ("audit/http-origin", {"allows": "*"}), ("audit/traversal", {"leaked": True}), ("audit/frames", {"header": ""}),
])
def test_an_answer_is_judged_by_more_than_its_status(check: str, wrong: dict[str, object]) -> None:
    assert failed(answers(check, **wrong)) == {check[6:]}


@pytest.mark.parametrize("attack", LOGINS, ids=lambda one: one.name)
def test_a_login_that_succeeds_is_one_finding(attack: Login) -> None:
    assert failed(ssh=logins(attack.name, code=0)) == {attack.check[6:]}


def test_another_way_to_log_in_that_is_offered_is_a_finding_too() -> None:
    assert failed(ssh=logins("all", offers="publickey,password")) == {"ssh-password"}


def test_a_server_that_tries_to_forward_fails_though_nobody_was_reached() -> None:
    seen = logins("forward to another machine", refused=False, reached=True, said="connect failed")
    assert verdicts(seen)["audit/ssh-forwarding"] is Verdict.FAILED


@pytest.mark.parametrize("attack", LOGINS, ids=lambda one: one.name)
@pytest.mark.parametrize("nothing", [{"code": None, "refused": False}, {"refused": False, "said": "unreachable"}])
def test_a_login_that_was_not_refused_in_so_many_words_is_unknown(attack: Login, nothing: dict[str, object]) -> None:
    found = verdicts(logins(attack.name, **nothing))
    assert {check for check, verdict in found.items() if verdict is Verdict.UNKNOWN} == {attack.check}


@pytest.mark.parametrize("code", [255, None, 1])
def test_attacks_on_an_ssh_server_that_does_not_let_in_its_owner_show_nothing(code: int | None) -> None:
    dead = [Observation("audit.ssh", {"attack": OWNER.name, "code": code, "said": "Connection refused"})]
    refusing = [*dead, *logins()[1:]]
    for seen in (dead, refusing):
        assert {verdicts(seen)[one.check] for one in LOGINS} == {Verdict.UNKNOWN}


def test_without_an_agent_to_forward_that_check_alone_is_skipped() -> None:
    found = verdicts(logins("agent", code=None, refused=False, skipped="there is no ssh-agent"))
    assert {check for check, verdict in found.items() if verdict is not Verdict.PASSED} == {"audit/ssh-agent"}
    assert found["audit/ssh-agent"] is Verdict.SKIPPED


def verdicts(seen: Sequence[Observation]) -> dict[str, Verdict]:
    """Return how the checks on SSH came out."""
    return {one.check: one.status for one in audit.check(seen, LOCKED) if one.check in {one.check for one in LOGINS}}


# What is weakened, at which place of what the engine says, and the check that notices.
SETTINGS: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "a port for everybody": (("HostConfig", "PortBindings"), {"8888/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
    "another port": (("HostConfig", "PortBindings"), {"6006/tcp": [{"HostIp": "127.0.0.1"}]}, "ports"),
    "privileged": (("HostConfig", "Privileged"), True, "privileges"),
    "a capability": (("HostConfig", "CapAdd"), ["NET_RAW"], "privileges"),
    "new privileges": (("HostConfig", "SecurityOpt"), [], "privileges"),
    "no seccomp": (
        ("HostConfig", "SecurityOpt"), ["no-new-privileges:true", "seccomp=unconfined"], "privileges",
    ),
    "a root that can be written": (("HostConfig", "ReadonlyRootfs"), False, "kernel"),
    "the host's processes": (("HostConfig", "PidMode"), "host", "namespaces"),
    "a device": (("HostConfig", "Devices"), [{"PathOnHost": "/dev/sda"}], "namespaces"),
    "the shared network": (("HostConfig", "NetworkMode"), "bridge", "network"),
    "the engine's socket": (
        ("Mounts",), [{"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/s", "RW": True,
                       "Propagation": ""}], "mounts",
    ),
    "a system folder": (
        ("Mounts",), [{"Type": "bind", "Source": "/etc", "Destination": "/host", "RW": False, "Propagation": ""}],
        "mounts",
    ),
    "a mount that follows the host's": (
        ("Mounts",), [{"Type": "bind", "Source": "/d", "Destination": "/data", "RW": False, "Propagation": "rslave"}],
        "mounts",
    ),
    "endless memory": (("HostConfig", "Memory"), 0, "limits"),
    "endless restarts": (("HostConfig", "RestartPolicy"), {"Name": "always"}, "limits"),
    "scratch without a size": (("HostConfig", "Tmpfs"), {"/tmp": "exec"}, "temporary"),
    "root": (("Config", "User"), "", "identity"),
    "a token as a variable": (("Config", "Env"), ["JUPYTER_TOKEN=x"], "environment"),
    "SSH for everybody": (("HostConfig", "PortBindings"), {"2222/tcp": [{"HostIp": "0.0.0.0"}]}, "ports"),
    "another device": (("HostConfig", "DeviceRequests"), [{"Driver": "cdi", "DeviceIDs": ["a.com/disk=0"]}],
                       "namespaces"),
    "more than GPUs": (("HostConfig", "DeviceRequests"), [{"Driver": "", "Capabilities": [["gpu", "tpm"]]}],
                       "namespaces"),
}
# What envkit.yaml may ask for, or an image bring.
ALLOWED: dict[str, tuple[tuple[str, str], Any]] = {
    "ssh.publish": (("HostConfig", "PortBindings"), {
        "8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8888"}],
        "2222/tcp": [{"HostIp": "127.0.0.1", "HostPort": "2222"}],
    }),
    "no port, with a socket": (("HostConfig", "PortBindings"), {"8888/tcp": None}),
    "all GPUs": (("HostConfig", "DeviceRequests"), [
        {"Driver": "", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu", "compute", "utility"]]},
    ]),
    "GPUs by CDI": (("HostConfig", "DeviceRequests"), [
        {"Driver": "cdi", "Count": 0, "DeviceIDs": ["nvidia.com/gpu=all"], "Capabilities": None},
    ]),
    "GPUs by a runtime": (("HostConfig", "Runtime"), "nvidia"),
    "variables that hold no secret": (("Config", "Env"), [
        "TOKENIZERS_PARALLELISM=false", "KEYRING_BACKEND=x", "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        "NO_VALUE", "WANDB_API_KEY_FILE=/run/secrets/x",
    ]),
}


@pytest.mark.parametrize("asked", ALLOWED)
def test_what_envkit_itself_configures_passes(asked: str) -> None:
    (part, key), value = ALLOWED[asked]
    assert failed(inspected={**LOCKED, part: {**LOCKED[part], key: value}}) == set()


def test_what_the_engine_does_not_say_is_unknown() -> None:
    assert failed(inspected={**LOCKED, "HostConfig": {}}) == {
        "ports", "privileges", "kernel", "namespaces", "network", "temporary", "limits",
    }


@pytest.mark.proves("an environment whose hardening is weakened fails its audit", "stand-in")
@pytest.mark.parametrize("weakened", SETTINGS)
def test_a_setting_that_is_weakened_is_one_finding(weakened: str) -> None:
    path, value, check = SETTINGS[weakened]
    inspected = {**LOCKED}
    if len(path) == 1:
        inspected[path[0]] = value
    else:
        inspected[path[0]] = {**LOCKED[path[0]], path[1]: value}
    assert failed(inspected=inspected) == {check}


@pytest.mark.parametrize(("look", "data", "check"), [
    ("guesses", {"let_in": 1}, "http-guesses"), ("guesses", {"characters": 6}, "http-guesses"),
    ("guesses", {"different": 2}, "http-guesses"),
    ("cookie", {"cookies": [{"name": "username-1", "flags": ["HttpOnly"]}]}, "http-cookie"),
    ("identity", {"uid": 0}, "capabilities"), ("identity", {"status": {"CapEff": "00000000a80425fb"}}, "capabilities"),
    ("escapes", {"succeeded": ["become root"]}, "escapes"),
    ("tampering", {"succeeded": ["write to /usr"]}, "tampering"),
    ("rights", {"files": ["/usr/bin/su"]}, "rights"), ("variables", {"names": ["API_KEY"]}, "secrets"),
    ("secrets", {"open": ["/run/secrets/envkit/token"]}, "secrets"), ("secrets", {"shown": True}, "secrets"),
    ("sshd", {"settings": {**SSHD, "kexalgorithms": "diffie-hellman-group14-sha1"}}, "ssh-algorithms"),
    ("traces", {"places": ["the container's log"]}, "traces"),
    ("socket", {"mode": 0o606}, "socket"), ("socket", {"mode": 0o660}, "socket"),
    ("socket", {"folder": 0o701}, "socket"), ("socket", {"owned": False}, "socket"),
    ("ssh_audit", {"fail": ["ecdh-sha2-nistp256: NIST"]}, "ssh-audit"),
    ("ssh_audit", {"warn": [QUANTUM, "hmac-sha1: SHA-1"]}, "ssh-audit"),
    ("neighbour", {"opened": ["172.17.0.2:8888"]}, "neighbours"),
    # Not tried, not to the end, or not told.
    ("guesses", {"tried": 1, "refused": 0}, "http-guesses"), ("guesses", {"refused": 99}, "http-guesses"),
    ("cookie", {"cookies": []}, "http-cookie"), ("identity", {"status": {}}, "capabilities"),
    ("identity", {"uid": None}, "capabilities"), ("escapes", {"tried": 13}, "escapes"),
    ("escapes", {"missing": ["mount a file system"]}, "escapes"),
    ("escapes", {"error": {"type": "OSError"}}, "escapes"),
    ("tampering", {"unfinished": ["write to /usr"]}, "tampering"), ("rights", {"checked": False}, "rights"),
    ("rights", {"error": {"type": "TimeoutExpired"}}, "rights"), ("sshd", {"error": {}}, "ssh-algorithms"),
    ("sshd", {"settings": {}}, "ssh-algorithms"), ("secrets", {"checked": False}, "secrets"),
    ("secrets", {"error": {}}, "secrets"), ("variables", {"error": {}}, "secrets"),
    ("traces", {"unread": ["the container's log"]}, "traces"),
    ("socket", {"there": False}, "socket"), ("socket", {"mode": None}, "socket"), ("socket", {"error": {}}, "socket"),
    ("ssh_audit", {"skipped": "there is no port"}, "ssh-audit"), ("ssh_audit", {"why": "it hung"}, "ssh-audit"),
    ("ssh_audit", {"count": 0}, "ssh-audit"), ("neighbour", {"skipped": "refused"}, "neighbours"),
    ("neighbour", {"alive": False}, "neighbours"), ("neighbour", {"ended": False}, "neighbours"),
    ("neighbour", {"tried": 0}, "neighbours"), ("packages", {"error": {}}, "packages"),
    ("image", {"made": "0001-01-01T00:00:00Z"}, "image-age"), ("image", {"made": ""}, "image-age"),
])
def test_what_goes_wrong_inside_is_one_finding(look: str, data: dict[str, Any], check: str) -> None:
    assert failed(inside={look: data}) == {check}


def test_what_could_not_be_attacked_never_passes() -> None:
    found = [one for one in audit.check([], LOCKED) if one.check not in container.CHECKS]
    assert {one.status for one in found} == {Verdict.SKIPPED, Verdict.UNKNOWN}
    assert all(one.seen for one in found)


@pytest.mark.parametrize("ended", [{"by": "limit"}, {"by": "signal"}, {"by": "exit"}, {"by": ["?"]}])
def test_what_was_not_looked_at_before_the_end_is_unknown(ended: dict[str, Any]) -> None:
    seen = [Observation("audit.identity", INSIDE["audit.identity"]), Observation("ended", ended)]
    found = {one.check: one for one in audit.check(seen, LOCKED)}
    assert found["audit/capabilities"].status is Verdict.PASSED
    for check in ("escapes", "tampering", "rights", "ssh-algorithms", "secrets", "socket", "packages"):
        assert found[f"audit/{check}"].status is Verdict.UNKNOWN
        assert "before that" in found[f"audit/{check}"].seen


def test_a_jupyterlab_that_does_not_answer_passes_and_fails_nothing() -> None:
    seen = [Observation("audit.stopped", {"why": "JupyterLab does not answer"})]
    names = {*(one.check for one in ATTACKS), "audit/http-guesses", "audit/http-cookie"}
    found = [one for one in audit.check(seen, LOCKED) if one.check in names]
    assert {one.check for one in found} == names
    assert {(one.status, one.seen) for one in found} == {(Verdict.UNKNOWN, "JupyterLab does not answer")}


@pytest.mark.parametrize("check", dict.fromkeys(one.check for one in ATTACKS))
def test_an_attack_that_is_not_answered_is_unknown(check: str) -> None:
    assert failed(answers(check, status=0)) == {check[6:]}


def test_attacks_that_were_never_sent_are_unknown() -> None:
    sent = len(ATTACKS) - 1
    assert failed(answers()[:sent]) == {ATTACKS[-1].check[6:]}


@pytest.mark.parametrize("who", ["owner", "browser"])
def test_attacks_as_somebody_whom_the_server_does_not_know_show_nothing(who: str) -> None:
    expected = {one.check[6:] for one in ATTACKS if one.who == who}
    assert failed(inside={"control": {who: 403}}) == expected


HOSTILE: tuple[Any, ...] = (5, "text", None, True, [1, None, ["x"]], {"a": 1}, [[]], -1.5)


@pytest.mark.parametrize("what", [what for what in INSIDE if what != "audit.traces"])
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_whatever_a_container_says_is_judged(what: str, value: Any) -> None:
    for key in INSIDE[what]:
        assert audit.check([*answers(), *logins(), Observation(what, {key: value})], LOCKED)
    assert audit.check([Observation(what, {"error": value})], LOCKED)


def test_what_a_server_says_is_shown_in_plain_characters() -> None:
    seen = answers("audit/http-anonymous", status=302, location="//\x1b[2Jevil")
    found = next(one for one in audit.check(seen, LOCKED) if one.check == "audit/http-anonymous")
    assert "\x1b" not in found.seen + str(found.data["faults"])
    assert all("\x1b" not in one for one in found.data["faults"])


@pytest.mark.parametrize(("value", "expected"), [
    (["a", 1, None, "b", ["c"]], ("a", "b")), ("ab", ()), (5, ()), ({"a": "b"}, ()), (None, ()),
])
def test_only_texts_are_taken_from_a_list(value: object, expected: tuple[str, ...]) -> None:
    assert look.texts({"names": value}, "names") == expected


@pytest.mark.parametrize(
    ("listed", "told"), [(False, "vision withstood: 2 of 2 checks; --verbose lists them all"),
                         (True, "vision withstood: 2 of 2 checks")],
)
def test_who_sees_a_count_alone_is_told_how_to_see_the_checks(listed: bool, told: str) -> None:
    assert texts.audit(Audited("vision", "withstood: 2 of 2 checks", "2.9.0", Site()), listed=listed) == told


def test_what_could_not_be_tried_is_told_beside_what_withstood() -> None:
    passed, unknown, wrong, skipped = (
        Finding("audit/ports", status, "")
        for status in (Verdict.PASSED, Verdict.UNKNOWN, Verdict.FAILED, Verdict.SKIPPED)
    )
    assert withstood((passed, passed)) == "withstood: 2 of 2 checks"
    assert withstood((passed, unknown)) == "withstood: 1 of 2 checks; 1 could not be tried"
    assert withstood((passed, skipped, skipped)) == "withstood: 1 of 3 checks; 2 skipped"
    assert withstood((passed, unknown, wrong)) == "1 of 3 checks failed; 1 could not be tried"


def test_a_file_of_a_volume_of_the_engines_own_is_mounted_as_the_engine_insists() -> None:
    files = [
        {"Type": "bind", "Source": f"/var/lib/docker/volumes/x/_data/{name}", "Destination": f"/etc/{name}",
         "RW": False, "Propagation": "rslave"} for name in ("passwd", "group")
    ]
    assert list(container.mounts({**LOCKED, "Mounts": files})) == []
    assert list(container.mounts({**LOCKED, "Mounts": [{**files[0], "RW": True}]})) != []
    assert list(container.mounts({**LOCKED, "Mounts": [{**files[0], "Source": "/data/passwd"}]})) != []
