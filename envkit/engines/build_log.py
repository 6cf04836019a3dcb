"""What a build prints -> news, and when a step fails: its last lines and the mend."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envkit.errors import BuildFailed
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINES_KEPT = 25
# The engine's builder paints what a step prints on stderr.
COLOUR = re.compile(r"\x1b\[[0-9;]*m", re.ASCII)
STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.ASCII)
# Of the programs that run in a build, the first rule whose pattern they print decides. None of these is a
# word that stands in a command line, such as the name of a package.
MENDS = tuple((re.compile(pattern), mend) for pattern, mend in (
    ("envkit: no Python .* came from",
     "check build.python_mirror, which has to hold what uv asks for; or write base: debian, which needs none"),
    ("[Nn]o space left on device",
     "free disk space where the engine keeps its images (envkit prune), then repeat the command"),
    ("Temporary failure (in name resolution|resolving)|Could not resolve|dns error|Name or service not known",
     "the build could not look up a name: check the network, or set build.proxy in envkit.yaml"),
    ("CERTIFICATE_VERIFY_FAILED|certificate verif|invalid peer certificate|UnknownIssuer|SSL certificate problem",
     "the build does not trust the network's certificate: name your CA file as build.ca in envkit.yaml"),
    ("Connection refused|ould not connect|Unable to connect|is unreachable|onnection timed out|No route to host",
     "the build could not reach a server: check the network, and build.index, build.mirror and build.proxy"),
    ("No solution found|unsatisfiable",
     "take the package out of python: in envkit.yaml, or ask for a version that TensorFlow can live with"),
    ("Unable to locate package|has no installation candidate", "correct the name under apt: in envkit.yaml"),
))
OTHERWISE = "the last lines above say what failed; --verbose shows all of them"


class BuildLog:
    """Hears the events of a build; they come in pieces that end with a line or do not."""

    def __init__(self, say: Callable[[Progress], None], secrets: tuple[str, ...]) -> None:
        self._say, self._secrets = say, secrets
        self._rest = ""
        self._last: list[str] = []
        self._mend = ""
        self._built = False

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take one event.

        Raises:
            BuildFailed: It says that the build failed.
        """
        if "error" in event:
            self._line(self._rest)
            raise self._failed(str(event["error"]).strip())
        self._built = self._built or "ID" in (event.get("aux") or {})
        *lines, self._rest = (self._rest + str(event.get("stream", ""))).split("\n")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        """Take the end of the stream.

        Raises:
            BuildFailed: No image came before it: the engine was stopped.
        """
        if not self._built:
            raise self._failed("the engine ended it without an image")

    def _line(self, line: str) -> None:
        text = COLOUR.sub("", line).rstrip()
        for secret in self._secrets:
            text = text.replace(secret, "(proxy)")
        if not text:
            return
        step = STEP.fullmatch(text)
        if step:
            self._mend = ""
        else:
            self._mend = self._mend or mend(text)
        self._last = [*self._last[1 - LINES_KEPT :], text]
        shown = f"step {step[1]} of {step[2]}: {step[3][:100]}" if step else text[:200]
        self._say(Progress("build", shown, detail=step is None))

    def _failed(self, error: str) -> BuildFailed:
        lines = "".join(f"\n    {line[:300]}" for line in self._last)
        # The engine repeats the command in its error, so that is asked only for what no step can print.
        return BuildFailed(
            f"building the image failed: {error}{lines}", mend=self._mend or _engines_own(error) or OTHERWISE
        )


def credentials_in(proxies: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of the proxies must not be shown: addresses with credentials, and those by themselves."""
    found = []
    for name, address in proxies.items():
        server = re.split("[/?#]", address.split("://", 1)[-1], maxsplit=1)[0]
        login, at, _ = server.rpartition("@")
        if not at or name == "no_proxy":
            continue
        found.append(address)
        if ":" in login.strip(":"):
            found.append(login)
    return tuple(sorted(found, key=len, reverse=True))


def mend(line: str) -> str:
    """Return what mends the failure that a line of a build's output tells of, or an empty text."""
    return next((mend for pattern, mend in MENDS if pattern.search(line)), "")


def _engines_own(error: str) -> str:
    return mend(error) if "returned a non-zero code" not in error else ""
