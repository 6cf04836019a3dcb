"""Where things may come from, and network ranges; each function works as those in `fields`."""

from __future__ import annotations

import ipaddress
import re

from envkit.config.display import quote

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
_HOST = rf"(?:{LABEL}(?:\.{LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])"
_PORT = r":(?P<port>[0-9]{1,5})"
_URL = rf"https?://{_HOST}(?:{_PORT})?(?:/[A-Za-z0-9._~+:%=,/-]*)?"

_PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_CIDR = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}"


def url(value: str, hint: str = "use an address that needs none") -> str:
    """Accept an http or https address without user, password, query or fragment."""
    if re.match(r"[A-Za-z]+://[^/]*@", value):
        raise ValueError(f"{quote(value)} carries credentials, which do not belong in a config file; {hint}")
    match = re.fullmatch(_URL, value) if len(value) <= 1024 else None
    if match and 0 < int(match["port"] or 80) <= 65535:
        return value
    raise ValueError(f"{quote(value)} is no address; write one such as https://packages.example.com/simple")


def mirror(value: str) -> str:
    """Accept the address of a Debian mirror's main archive; its security archive is looked for beside that."""
    if re.fullmatch(r"https?://[^/]*/*", url(value)):
        raise ValueError(f"{quote(value)} names no archive; write one such as https://mirror.example.com/debian")
    return value


def proxy(value: str) -> str:
    """Accept auto, off, or the address of a proxy."""
    hint = "write auto, and set HTTPS_PROXY in your own environment"
    return value if value in {"auto", "off"} else url(value, hint)


def pool(value: str) -> str:
    """Accept a private IPv4 range that holds at least one /24."""
    hint = 'write a private range of /24 or larger, such as "10.183.0.0/16"'
    try:
        network = ipaddress.IPv4Network(value) if re.fullmatch(_CIDR, value) else None
    except ValueError:
        network = None
    if network is None:
        raise ValueError(f"{quote(value)} is no IPv4 network; {hint}")
    if network.prefixlen > 24:
        raise ValueError(f"{value} is too small for the environments of a host; {hint}")
    if not any(network.subnet_of(ipaddress.IPv4Network(private_range)) for private_range in _PRIVATE_RANGES):
        raise ValueError(f"{value} is not private (10/8, 172.16/12 or 192.168/16); {hint}")
    return value
