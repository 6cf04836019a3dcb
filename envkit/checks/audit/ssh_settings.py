"""Compare the effective settings of the SSH server (`sshd -T`) with those that envkit rendered. Pure.

The same `sshd` reports both, so settings that envkit does not mention are compared, too: with the program's defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envkit.checks import observations as obs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLAN = "audit/plan"
# Setting, in lower case -> its checks.
CHECKS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "passwordauthentication",
            "kbdinteractiveauthentication",
            "challengeresponseauthentication",
            "authenticationmethods",
            "permitemptypasswords",
            "hostbasedauthentication",
            "gssapiauthentication",
            "kerberosauthentication",
            "usepam",
            "pubkeyauthentication",
        ),
        ("audit/ssh-password",),
    ),
    **dict.fromkeys(
        ("logingracetime", "maxauthtries", "maxstartups", "maxsessions", "persourcemaxstartups"),
        ("audit/ssh-password", "audit/ssh-users"),
    ),
    **dict.fromkeys(("allowusers", "denyusers", "allowgroups", "denygroups", "permitrootlogin"), ("audit/ssh-users",)),
    **dict.fromkeys(
        (
            "authorizedkeysfile",
            "authorizedkeyscommand",
            "authorizedkeyscommanduser",
            "authorizedprincipalsfile",
            "authorizedprincipalscommand",
            "authorizedprincipalscommanduser",
            "trustedusercakeys",
            "hostkey",
            "hostcertificate",
            "revokedkeys",
            "requiredrsasize",
            "strictmodes",
            "exposeauthinfo",
        ),
        ("audit/ssh-keys",),
    ),
    **dict.fromkeys(
        (
            "allowtcpforwarding",
            "allowstreamlocalforwarding",
            "permitopen",
            "permitlisten",
            "gatewayports",
            "x11forwarding",
            "x11uselocalhost",
            "permittunnel",
            "permituserenvironment",
            "permituserrc",
            "streamlocalbindunlink",
            "disableforwarding",
            "acceptenv",
            "setenv",
            "forcecommand",
            "subsystem",
            "chrootdirectory",
        ),
        ("audit/ssh-forwarding",),
    ),
    "allowagentforwarding": ("audit/ssh-agent",),
    **dict.fromkeys(
        (
            "kexalgorithms",
            "ciphers",
            "macs",
            "hostkeyalgorithms",
            "pubkeyacceptedalgorithms",
            "pubkeyacceptedkeytypes",
            "casignaturealgorithms",
        ),
        ("audit/ssh-algorithms",),
    ),
}
VALUE_LENGTH_MAX = 120


def unknown_reason(data: Mapping[str, Any]) -> str:
    """Return why the settings cannot be compared, or an empty string."""
    if obs.table(data, "effective") and not obs.table(data, "planned"):
        return "sshd does not report the planned settings"
    return ""


def find_differences(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the check and the fault of each setting that differs.

    Args:
        data: Settings by name: `effective`, and `planned`.
    """
    effective, planned = obs.table(data, "effective"), obs.table(data, "planned")
    if not effective or not planned:
        return
    for name in sorted({*effective, *planned}):
        value, expected = effective.get(name), planned.get(name)
        if value != expected:
            fault = f"sshd's {name} is {_show(value)}, planned {_show(expected)}"
            yield from ((check_id, fault) for check_id in CHECKS.get(name, (PLAN,)))


def _show(value: object) -> str:
    text = value if isinstance(value, str) else "not set"
    return text if len(text) <= VALUE_LENGTH_MAX else f"{text[:VALUE_LENGTH_MAX]}…"
