"""Explain a request that failed at the caller's proxy: it is at fault, not the server behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from envkit.checks import observations as obs
from envkit.sanitize import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LOGIN_REQUIRED = 407
SCHEMES = frozenset({"http", "https"})
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: ([0-9]{3})", re.ASCII)
_UNKNOWN_HOST = re.compile(r"Errno -[0-9]+\]|Name or service not known|name resolution|nodename nor servname")
_TLS = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed")


class ProxyFault(NamedTuple):
    """Fault of a proxy.

    Attributes:
        detail: The proxy and what it did.
        cause: Why the request failed.
        hint: Change that helps.
    """

    detail: str
    cause: str
    hint: str


def find_fault(data: Mapping[str, Any]) -> ProxyFault | None:
    """Find out whether a request failed at its proxy; None if it used none, or got past it.

    Args:
        data: Observation of the request, perhaps a late one: `proxy` holds the variable, `proxy_address` its value
            without a login.
    """
    variable, address = (single_line(obs.text(data, key)) for key in ("proxy", "proxy_address"))
    status, output = obs.number(data.get("status")) or 0, obs.text(data, "output")
    tunnel = _TUNNEL_STATUS.search(output)
    if LOGIN_REQUIRED in {status, int(tunnel[1]) if tunnel else 0}:
        name = f"the proxy {address} ({variable})" if variable else "a proxy"
        hint = f"export {variable or 'https_proxy'}=http://USER:PASSWORD@PROXY:PORT, with the login in the address"
        return ProxyFault(f"{name} answers {LOGIN_REQUIRED}", "the proxy requires a login", hint)
    if not variable or status or _TLS.search(output):
        return None
    correct = f"correct {variable} (http://PROXY:PORT), or unset {variable} if no proxy is needed"
    if not is_valid(address):
        return ProxyFault(f"{variable} is {address!r}", "this is not the address of an HTTP proxy", correct)
    if tunnel:
        return ProxyFault(
            f"the proxy {address} ({variable}) answers {tunnel[1]}",
            "the proxy refuses the connection to this server, or cannot reach it",
            f"ask for access to this server, or add it to no_proxy if it is reachable without {variable}",
        )
    if _UNKNOWN_HOST.search(output):
        return ProxyFault(
            f"the proxy {address} ({variable}): {single_line(output)}", "its host name is unknown", correct
        )
    cause = "no program listens there" if "refused" in output else "the proxy, or the server behind it, does not answer"
    return ProxyFault(f"the proxy {address} ({variable}): {single_line(output) or 'no answer'}", cause, correct)


def is_valid(address: str) -> bool:
    """Return whether an address names a host and, if any, a port of an HTTP proxy."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        return parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
