"""What a build prints -> news, and when a step fails: why, in one line, what it printed about it, and the mend."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envkit.errors import BuildFailed
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINES_KEPT = 10
# The engine's builder paints what a step prints on stderr.
COLOUR = re.compile(r"\x1b\[[0-9;]*m", re.ASCII)
STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.ASCII)
CACHED = "---> Using cache"
# What the builder says of its own doings: ids of layers and of containers that are gone.
NOISE = re.compile(r" *--->.*|Removing intermediate container .*|Successfully (built|tagged) .*", re.ASCII)
# As the engine's builder says it, and as BuildKit does.
RETURNED = re.compile(r"(?:returned a non-zero code|exit code): (\d+)", re.ASCII)
# By this a program says that it gives up, where no rule below knows the cause.
GIVES_UP = re.compile(r"E: .+|(?:ERROR|[Ee]rror|[Ff]atal|envkit): .+|\u00d7 .+")
MARKS = re.compile(r"^(?:E: |W: |ERROR: |[Ee]rror: |[Ff]atal: |envkit: | *\u00d7 )")
WORK = re.compile(r'RUN (?:--mount=\S+ )?\["/opt/envkit/build/([a-z-]+)"(.*)')
WORDS = {
    "mend-image": "mending the base image",
    "install-apt": "installing system packages",
    "install-uv": "installing uv",
    "fetch-python": "fetching a Python",
    "lay-python": "laying a Python environment",
    "install-python": "installing Python packages",
    "furnish": "furnishing the workspace",
    "settle-layer": "settling what was installed",
}
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
# How pip and uv say it: the first asks nobody for a name, and gives up with a traceback.
UNAUTHORIZED = re.compile(r"User for \S+: |401 Unauthorized")
LOGIN = "the package index asks for a login, and got none that it takes"
LOGIN_MEND = "name a netrc file with the login as build.netrc in envkit.yaml, or correct what that file holds for it"
OTHERWISE = "the lines above say what failed; --verbose shows all that the build printed"


class BuildLog:
    """Hears the events of a build; they come in pieces that end with a line or do not.

    Another builder's events are told to it by `begin`, `told`, `printed` and `failed`.

    Args:
        say: Gets the news.
        hidden: What must not be shown, each with what is shown in its place; longer ones first.
    """

    def __init__(self, say: Callable[[Progress], None], hidden: Mapping[str, str]) -> None:
        self._say, self._hidden = say, hidden
        self._rest = ""
        self._step: Progress | None = None
        self._untold = False
        self._last: list[str] = []
        self._cause = ""
        self._mend = ""
        self._built = False

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take one event.

        Raises:
            BuildFailed: It says that the build failed.
        """
        if "error" in event:
            self._line(self._rest)
            raise self.failed(str(event["error"]))
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
            raise self.failed("the engine ended it without an image")

    def begin(self, number: int, count: int, instruction: str) -> None:
        """Take the beginning of a step; it is told with what follows, when it shows whether it is cached."""
        self.told()
        self._step, self._untold = Progress("build", self._clean(work(instruction)), step=(number, count)), True
        self._last, self._cause, self._mend = [], "", ""

    def told(self, *, cached: bool = False) -> None:
        """Tell the step that began; one that is cached is over at once: only who wants every line hears of it."""
        if self._step is not None and self._untold:
            self._say(replace(self._step, detail=cached))
        self._untold = False

    def tell(self, news: Progress) -> None:
        """Tell what is no step."""
        self.told()
        self._say(news)

    def printed(self, line: str) -> None:
        """Take a line that a step printed."""
        if text := self._clean(line):
            self.told()
            self._keep(text)
            self._say(Progress("build", text[:200], detail=True))

    def failed(self, error: str) -> BuildFailed:
        """Return the error of a build that failed, of what its last step printed and what its builder says."""
        self.told()
        error = self._clean(error).strip()
        cause = MARKS.sub("", self._cause).strip() or self._ended(error)
        lines = "".join(f"\n    {line[:300]}" for line in self._last if line != self._cause)
        # The engine repeats the command in its error, so that is asked only for what no step can print.
        return BuildFailed(
            f"building the image failed: {cause[:300]}{lines}", tried=self._doing(),
            mend=self._mend or _engines_own(error) or OTHERWISE,
        )

    def _clean(self, line: str) -> str:
        text = COLOUR.sub("", line).rstrip()
        for secret, shown in self._hidden.items():
            text = text.replace(secret, shown)
        return text

    def _line(self, line: str) -> None:
        text = self._clean(line)
        if not text:
            return
        if step := STEP.fullmatch(text):
            self.begin(int(step[1]), int(step[2]), step[3])
            return
        self.told(cached=text.strip() == CACHED)
        if not NOISE.fullmatch(text):
            self.printed(text)

    def _keep(self, text: str) -> None:
        if self._mend == LOGIN_MEND:
            return
        if UNAUTHORIZED.search(text):
            self._mend, self._cause, self._last = LOGIN_MEND, LOGIN, [text]
            return
        known = mend(text)
        if known and not self._mend:
            # What follows the first cause, follows from it; what stood before it is of no use.
            self._mend, self._cause, self._last = known, text, []
        elif not self._mend and GIVES_UP.fullmatch(text.strip()):
            self._cause = text
        if not self._mend:
            self._last = [*self._last[1 - LINES_KEPT :], text]
        elif len(self._last) < LINES_KEPT:
            self._last.append(text)

    def _ended(self, error: str) -> str:
        code = RETURNED.search(error)
        return f"a step ended with code {code[1]}" if code and self._step else error

    def _doing(self) -> str:
        if self._step is None or self._step.step is None:
            return ""
        number, count = self._step.step
        return f"step {number} of {count}, {self._step.text}"


def work(instruction: str) -> str:
    """Say what an instruction of a Dockerfile does: in words, where it is a step of our own."""
    ours = WORK.match(instruction)
    if ours is None or ours[1] not in WORDS:
        return "copying files" if instruction.startswith("COPY ") else instruction[:100]
    if ours[1] == "install-python":
        return "installing JupyterLab" if '"/opt/jupyter"' in ours[2] else WORDS[ours[1]]
    return WORDS[ours[1]]


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
    return "" if RETURNED.search(error) else mend(error)
