"""What a build prints -> news, and when a step fails: why, in one line, what it printed about it, and the mend."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from envkit.errors import BuildFailed
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINES_MAX = 10
# The engine's builder paints what a step prints on stderr.
COLOUR = re.compile(r"\x1b\[[0-9;]*m", re.ASCII)
STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.ASCII)
CACHED = "---> Using cache"
# What the builder says of its own doings: ids of layers and of containers that are gone.
NOISE = re.compile(r" *--->.*|Removing intermediate container .*|Successfully (built|tagged) .*", re.ASCII)
# As the engine's builder says it, and as BuildKit does.
EXIT_CODE = re.compile(r"(?:returned a non-zero code|exit code): (\d+)", re.ASCII)
# By this a program says that it gives up, where no rule below knows the cause.
ERROR_LINE = re.compile(r"E: .+|(?:ERROR|[Ee]rror|[Ff]atal|envkit): .+|\u00d7 .+")
ERROR_PREFIX = re.compile(r"^(?:E: |W: |ERROR: |[Ee]rror: |[Ff]atal: |envkit: | *\u00d7 )")
BUILD_STEP = re.compile(r'RUN (?:--mount=\S+ )?\["/opt/envkit/build/([a-z-]+)"(.*)')
STEP_DESCRIPTIONS = {
    "update-image": "mending the base image",
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
HINTS = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (
            "envkit: no Python .* came from",
            "check build.python_mirror, which has to hold what uv asks for; or write base: debian, which needs none",
        ),
        (
            "[Nn]o space left on device",
            "free disk space where the engine keeps its images (envkit prune), then repeat the command",
        ),
        (
            "Temporary failure (in name resolution|resolving)|Could not resolve|dns error|Name or service not known",
            "the build could not look up a name: check the network, or set build.proxy in envkit.yaml",
        ),
        (
            "CERTIFICATE_VERIFY_FAILED|certificate verif|invalid peer certificate|UnknownIssuer|SSL certificate problem",
            "the build does not trust the network's certificate: name your CA file as build.ca in envkit.yaml",
        ),
        (
            "Connection refused|ould not connect|Unable to connect|is unreachable|onnection timed out|No route to host",
            "the build could not reach a server: check the network, and build.index, build.mirror and build.proxy",
        ),
        (
            "No solution found|unsatisfiable",
            "take the package out of python: in envkit.yaml, or ask for a version that TensorFlow can live with",
        ),
        ("Unable to locate package|has no installation candidate", "correct the name under apt: in envkit.yaml"),
    )
)
# How pip and uv say it: the first asks nobody for a name, and gives up with a traceback.
UNAUTHORIZED = re.compile(r"User for \S+: |401 Unauthorized")
LOGIN_REQUIRED = "the package index asks for a login, and got none that it takes"
LOGIN_HINT = "name a netrc file with the login as build.netrc in envkit.yaml, or correct what that file holds for it"
DEFAULT_HINT = "the lines above say what failed; --verbose shows all that the build printed"


class BuildLog:
    """Hears the events of a build; they come in pieces that end with a line or do not.

    Another builder's events are told to it by `begin_step`, `flush_step`, `add_line` and `build_error`.

    Args:
        on_progress: Gets the news.
        redactions: What must not be shown, each with what is shown in its place; longer ones first.
    """

    def __init__(self, on_progress: Callable[[Progress], None], redactions: Mapping[str, str]) -> None:
        self._on_progress, self._redactions = on_progress, redactions
        self._rest = ""
        self._step: Progress | None = None
        self._step_pending = False
        self._last_lines: list[str] = []
        self._cause = ""
        self._hint = ""
        self._has_image = False

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take one event.

        Raises:
            BuildFailed: It says that the build failed.
        """
        if "error" in event:
            self._parse_line(self._rest)
            raise self.build_error(str(event["error"]))
        self._has_image = self._has_image or "ID" in (event.get("aux") or {})
        *lines, self._rest = (self._rest + str(event.get("stream", ""))).split("\n")
        for line in lines:
            self._parse_line(line)

    def end(self) -> None:
        """Take the end of the stream.

        Raises:
            BuildFailed: No image came before it: the engine was stopped.
        """
        if not self._has_image:
            raise self.build_error("the engine ended it without an image")

    def begin_step(self, number: int, count: int, instruction: str) -> None:
        """Take the beginning of a step; it is told with what follows, when it shows whether it is cached."""
        self.flush_step()
        self._step, self._step_pending = (
            Progress("build", self._clean(describe_instruction(instruction)), step=(number, count)),
            True,
        )
        self._last_lines, self._cause, self._hint = [], "", ""

    def flush_step(self, *, cached: bool = False) -> None:
        """Tell the step that began; one that is cached is over at once: only who wants every line hears of it."""
        if self._step is not None and self._step_pending:
            self._on_progress(replace(self._step, verbose=cached))
        self._step_pending = False

    def report(self, progress: Progress) -> None:
        """Tell what is no step."""
        self.flush_step()
        self._on_progress(progress)

    def add_line(self, line: str) -> None:
        """Take a line that a step printed."""
        if text := self._clean(line):
            self.flush_step()
            self._record_line(text)
            self._on_progress(Progress("build", text[:200], verbose=True))

    def build_error(self, error: str) -> BuildFailed:
        """Return the error of a build that failed, of what its last step printed and what its builder says."""
        self.flush_step()
        error = self._clean(error).strip()
        cause = ERROR_PREFIX.sub("", self._cause).strip() or self._failure_cause(error)
        lines = "".join(f"\n    {line[:300]}" for line in self._last_lines if line != self._cause)
        # The engine repeats the command in its error, so that is asked only for what no step can print.
        return BuildFailed(
            f"building the image failed: {cause[:300]}{lines}",
            detail=self._step_label(),
            hint=self._hint or _engine_hint(error) or DEFAULT_HINT,
        )

    def _clean(self, line: str) -> str:
        text = COLOUR.sub("", line).rstrip()
        for secret, replacement in self._redactions.items():
            text = text.replace(secret, replacement)
        return text

    def _parse_line(self, line: str) -> None:
        text = self._clean(line)
        if not text:
            return
        if step := STEP.fullmatch(text):
            self.begin_step(int(step[1]), int(step[2]), step[3])
            return
        self.flush_step(cached=text.strip() == CACHED)
        if not NOISE.fullmatch(text):
            self.add_line(text)

    def _record_line(self, text: str) -> None:
        if self._hint == LOGIN_HINT:
            return
        if UNAUTHORIZED.search(text):
            self._hint, self._cause, self._last_lines = LOGIN_HINT, LOGIN_REQUIRED, [text]
            return
        hint = find_hint(text)
        if hint and not self._hint:
            # What follows the first cause, follows from it; what stood before it is of no use.
            self._hint, self._cause, self._last_lines = hint, text, []
        elif not self._hint and ERROR_LINE.fullmatch(text.strip()):
            self._cause = text
        if not self._hint:
            self._last_lines = [*self._last_lines[1 - LINES_MAX :], text]
        elif len(self._last_lines) < LINES_MAX:
            self._last_lines.append(text)

    def _failure_cause(self, error: str) -> str:
        code = EXIT_CODE.search(error)
        return f"a step ended with code {code[1]}" if code and self._step else error

    def _step_label(self) -> str:
        if self._step is None or self._step.step is None:
            return ""
        number, count = self._step.step
        return f"step {number} of {count}, {self._step.text}"


def describe_instruction(instruction: str) -> str:
    """Say what an instruction of a Dockerfile does: in words, where it is a step of our own."""
    match = BUILD_STEP.match(instruction)
    if match is None or match[1] not in STEP_DESCRIPTIONS:
        return "copying files" if instruction.startswith("COPY ") else instruction[:100]
    if match[1] == "install-python":
        return "installing JupyterLab" if '"/opt/jupyter"' in match[2] else STEP_DESCRIPTIONS[match[1]]
    return STEP_DESCRIPTIONS[match[1]]


def proxy_credentials(proxies: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of the proxies must not be shown: addresses with credentials, and those by themselves."""
    credentials = []
    for name, address in proxies.items():
        server = re.split("[/?#]", address.split("://", 1)[-1], maxsplit=1)[0]
        login, separator, _ = server.rpartition("@")
        if not separator or name == "no_proxy":
            continue
        credentials.append(address)
        if ":" in login.strip(":"):
            credentials.append(login)
    return tuple(sorted(credentials, key=len, reverse=True))


def find_hint(line: str) -> str:
    """Return what mends the failure that a line of a build's output tells of, or an empty text."""
    return next((hint for pattern, hint in HINTS if pattern.search(line)), "")


def _engine_hint(error: str) -> str:
    return "" if EXIT_CODE.search(error) else find_hint(error)
