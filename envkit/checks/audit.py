"""Whether an environment withstood its attacks, and holds what its hardening promises."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from envkit.checks import container
from envkit.checks import observations as look
from envkit.checks.attacks import ATTACKS
from envkit.checks.table import TABLE, finding
from envkit.model.report import Verdict
from envkit.plain import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from envkit.checks.attacks import Attack
    from envkit.model.report import Finding, Observation

TOKEN_CHARACTERS = 43  # 256 bits
NOBODY = "0" * 16
REDIRECT = 302
LOGIN_PAGE = ("/login?next=", "/hub/login?next=")
INSIDE = (
    "audit/capabilities", "audit/escapes", "audit/tampering", "audit/rights", "audit/ssh-algorithms", "audit/secrets",
)
SHOWN = 3  # of the attacks that succeeded, in words
# Attack over SSH -> the check it belongs to.
SSH = {
    "password": "audit/ssh-password", "none": "audit/ssh-password", "root": "audit/ssh-users",
    "unknown user": "audit/ssh-users", "unknown key": "audit/ssh-keys",
    "forward to another machine": "audit/ssh-forwarding", "forward back": "audit/ssh-forwarding",
    "agent": "audit/ssh-agent", "display": "audit/ssh-forwarding",
}


# What OpenSSH of today calls strong, and ssh-audit finds no fault with; curve25519 alone is not safe from what
# quantum computers may do one day, and stays for clients that know nothing else.
ALGORITHMS: Mapping[str, frozenset[str]] = {
    "kexalgorithms": frozenset({
        "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
        "curve25519-sha256@libssh.org",
    }),
    "ciphers": frozenset({
        "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr",
    }),
    "macs": frozenset({
        "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com",
    }),
    "hostkeyalgorithms": frozenset({"ssh-ed25519"}),
}


def check(observations: Sequence[Observation], inspected: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Judge every attack and every setting.

    Args:
        observations: What came of the attacks, from outside and from inside.
        inspected: What the engine says of the container.
    """
    return (
        *_settings(inspected), *_http(observations), *_ssh(observations), *_inside(observations),
        *_traces(observations),
    )


def _held(check: str, faults: Sequence[str], well: str) -> Finding:
    """Return a finding: what went wrong, or how it is well."""
    if not faults:
        return finding(check, well, status=Verdict.PASSED, cause="", mend="")
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    said = "; ".join(line(one) for one in faults[:SHOWN]) + more
    return finding(check, said, data={"faults": list(faults)})


def _skipped(check: str, why: str) -> Finding:
    return finding(check, why, status=Verdict.SKIPPED, cause="", mend="")


def _settings(inspected: Mapping[str, Any]) -> Iterator[Finding]:
    for check, judge in container.CHECKS.items():
        yield _held(check, list(judge(dict(inspected))), TABLE[check].title)


def _http(observations: Sequence[Observation]) -> Iterator[Finding]:
    answers = [one.data for one in observations if one.what == "audit.http"]
    checks = dict.fromkeys(one.check for one in ATTACKS)
    if not answers:
        for check in (*checks, "audit/http-guesses", "audit/http-cookie"):
            yield _skipped(check, "JupyterLab answers at no port of this host")
        return
    faults: dict[str, list[str]] = defaultdict(list)
    silent = [one for one in answers if one.get("status") == 0]
    for attack, seen in zip(ATTACKS, answers, strict=False):
        faults[attack.check] += _answered(attack, seen)
    for check in checks:
        if len(silent) == len(answers):
            yield _skipped(check, "JupyterLab does not answer")
        else:
            yield _held(check, faults[check], TABLE[check].title)
    yield _guesses(look.data(observations, "audit.guesses"))
    yield _cookie(look.data(observations, "audit.cookie"))


def _answered(attack: Attack, seen: Mapping[str, Any]) -> Iterator[str]:
    status, said, leads_to = seen.get("status"), look.text(seen, "attack"), look.text(seen, "location")
    if seen.get("leaked") is True:
        yield f"{said} shows a file of the system"
    elif status not in attack.good:
        yield f"{said} is answered with {status}"
    elif status == REDIRECT and not leads_to.startswith(LOGIN_PAGE) and leads_to != attack.path.rstrip("/"):
        yield f"{said} leads to {leads_to}"
    if look.text(seen, "allows") and attack.check == "audit/http-origin":
        yield f"{said} allows {look.text(seen, 'allows')}"
    if attack.has[0] and attack.has[1] not in look.text(seen, "header"):
        yield f"{said} sends no {attack.has[1]}"


def _guesses(seen: Mapping[str, Any]) -> Finding:
    characters, different, let_in = seen.get("characters"), seen.get("different"), seen.get("let_in")
    faults = [f"{let_in} of {seen.get('tried')} made-up tokens let in"] if let_in else []
    if not isinstance(characters, int) or characters < TOKEN_CHARACTERS:
        faults.append(f"the token has {characters} characters and can be guessed")
    elif not isinstance(different, int) or different < TOKEN_CHARACTERS // 4:
        faults.append("the token repeats few characters and can be guessed")
    return _held("audit/http-guesses", faults, f"{seen.get('tried')} made-up tokens were refused")


def _cookie(seen: Mapping[str, Any]) -> Finding:
    flags = seen.get("flags") or []
    missing = [one for one in ("HttpOnly", "SameSite=Strict") if one not in flags]
    faults = [f"the login cookie lacks {one}" for one in missing]
    return _held("audit/http-cookie", faults, TABLE["audit/http-cookie"].title)


def _ssh(observations: Sequence[Observation]) -> Iterator[Finding]:
    tried = [one.data for one in observations if one.what == "audit.ssh"]
    why = next((look.text(one, "skipped") for one in tried if look.text(one, "skipped")), "")
    faults: dict[str, list[str]] = defaultdict(list)
    for one in tried:
        name = look.text(one, "attack")
        if one.get("code") == 0:
            faults[SSH.get(name, "")].append(f"{name}: let in")
        if SSH.get(name) == "audit/ssh-password" and look.text(one, "offers") not in {"", "publickey"}:
            faults["audit/ssh-password"].append(f"it offers {look.text(one, 'offers')}")
    for check in dict.fromkeys(SSH.values()):
        if why or not tried:
            yield _skipped(check, why or "the SSH server was not attacked")
        else:
            yield _held(check, faults[check], TABLE[check].title)


def _algorithms(observations: Sequence[Observation]) -> Finding:
    settings = look.table(look.data(observations, "audit.sshd"), "settings")
    if not settings:
        return _skipped("audit/ssh-algorithms", "the SSH server does not tell its settings")
    faults = []
    for name, known in ALGORITHMS.items():
        weak = [one for one in look.text(settings, name).split(",") if one not in known]
        faults += [f"{name} allows {line(one) or 'everything'}" for one in weak]
    return _held("audit/ssh-algorithms", faults, TABLE["audit/ssh-algorithms"].title)


def _inside(observations: Sequence[Observation]) -> Iterator[Finding]:
    identity = look.data(observations, "audit.identity")
    if not identity:
        for check in INSIDE:
            yield _skipped(check, "nothing could be tried inside")
        return
    yield _held("audit/capabilities", list(_powers(identity)), TABLE["audit/capabilities"].title)
    for what, check in (("audit.escapes", "audit/escapes"), ("audit.tampering", "audit/tampering")):
        seen = look.data(observations, what)
        succeeded = [str(one) for one in seen.get("succeeded") or ()]
        missing = len(seen.get("missing") or ())
        well = f"{seen.get('tried')} attempts failed" + (f", {missing} for want of a program" if missing else "")
        yield _held(check, [f"it could {one}" for one in succeeded], well)
    rights = look.data(observations, "audit.rights")
    if rights.get("checked") is not True:
        yield _skipped("audit/rights", "there is no find to look with")
    else:
        yield _held("audit/rights", [str(one) for one in rights.get("files") or ()], TABLE["audit/rights"].title)
    yield _algorithms(observations)
    yield _held("audit/secrets", list(_secrets(observations)), TABLE["audit/secrets"].title)


def _powers(identity: Mapping[str, Any]) -> Iterator[str]:
    status = look.table(identity, "status")
    if identity.get("uid") == 0:
        yield "programs run as root"
    for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"):
        if look.text(status, name) not in {"", NOBODY}:
            yield f"{name} is {look.text(status, name)}"
    if look.text(status, "NoNewPrivs") != "1":
        yield "programs may gain privileges"
    if look.text(status, "Seccomp") != "2":
        yield "system calls are not filtered"


def _secrets(observations: Sequence[Observation]) -> Iterator[str]:
    for name in look.data(observations, "audit.variables").get("names") or ():
        yield f"the variable {name} holds a value"
    seen = look.data(observations, "audit.secrets")
    for path in seen.get("open") or ():
        yield f"{path} can be read by everybody"
    if seen.get("shown") is True:
        yield "a process shows the token in its arguments"


def _traces(observations: Sequence[Observation]) -> Iterator[Finding]:
    seen = look.last(observations, "audit.traces")
    if seen is None:
        yield _skipped("audit/traces", "there is no token to look for")
        return
    faults = [f"the token stands in {one}" for one in seen.data.get("places") or ()]
    yield _held("audit/traces", faults, TABLE["audit/traces"].title)
