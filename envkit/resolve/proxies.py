"""Choose the proxies of the build and of the workspace."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envkit.config import Config
    from envkit.model.facts import Facts

EXCEPTIONS = "no_proxy"


def build_proxies(config: Config, own: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy settings of the build: the caller's, the config's, or none.

    Args:
        config: The project's config.
        own: The caller's proxy settings by their lower-case names.
    """
    return reachable(own) if config.build.proxy == "auto" else host_proxies(config, own)


def host_proxies(config: Config, own: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy settings of programs that build on the host itself, which reach its loopback too."""
    proxy = config.build.proxy
    if proxy == "off":
        return {}
    if proxy == "auto":
        return dict(own)
    return {"http_proxy": proxy, "https_proxy": proxy, **{name: own[name] for name in own if name == EXCEPTIONS}}


def run_proxies(own: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy settings of the workspace.

    A proxy with credentials would expose them in the environment; it is used only for the build.
    """
    proxies = {name: url for name, url in reachable(own).items() if not has_credentials(url)}
    if proxies:
        exceptions = filter(None, [proxies.get(EXCEPTIONS, ""), "localhost", "127.0.0.1"])
        proxies[EXCEPTIONS] = ",".join(exceptions)
    return proxies


def notes(config: Config, facts: Facts) -> Iterator[str]:
    """Yield a note on each of the caller's proxies that no container reaches."""
    own = facts.network.proxies
    addresses = {url for name, url in own.items() if name != EXCEPTIONS and is_on_loopback(url)}
    for address in sorted(addresses if config.build.proxy == "auto" else ()):
        server = urlsplit(address if "//" in address else f"//{address}").netloc.rpartition("@")[2]
        yield (
            f"the proxy {server} of your environment listens on this host's loopback, which containers cannot reach, "
            "so neither the build nor the workspace uses it; let it listen on the engine's bridge too (docker network "
            "inspect bridge shows the gateway), and set build.proxy and env: to that address"
        )


def reachable(own: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies that a container can reach, which are not on the host's loopback."""
    proxies = {name: url for name, url in own.items() if name != EXCEPTIONS and not is_on_loopback(url)}
    exceptions = {name: value for name, value in own.items() if name == EXCEPTIONS}
    had_proxies = own.keys() - {EXCEPTIONS}
    return proxies | exceptions if proxies or not had_proxies else {}


def is_on_loopback(url: str) -> bool:
    """Check whether a proxy listens on the loopback of the host that names it."""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def has_credentials(url: str) -> bool:
    """Check whether a URL contains a user or a password."""
    try:
        return "@" in urlsplit(url if "//" in url else f"//{url}").netloc
    except ValueError:
        return True
