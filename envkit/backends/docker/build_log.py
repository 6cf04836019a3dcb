"""Turn build output into progress; if a step fails, find the cause, the lines around it and a hint."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from envkit.errors import BuildFailed
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINES_MAX = 10
SCRIPT_LINES = 6  # lines before the failure of a Debian package
INSTRUCTION_MAX = 100  # characters
# The engine's builder colors the stderr of a step.
COLOUR = re.compile(r"\x1b\[[0-9;]*m", re.ASCII)
STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.ASCII)
CACHED = "---> Using cache"
# The builder's own messages: ids of layers and removed containers.
NOISE = re.compile(r" *--->.*|Removing intermediate container .*|Successfully (built|tagged) .*", re.ASCII)
# In messages of the engine's builder and of BuildKit.
EXIT_CODE = re.compile(r"(?:returned a non-zero code|exit code): (\d+)", re.ASCII)
# Error lines of programs, for failures without a rule below.
ERROR_LINE = re.compile(r"E: .+|(?:ERROR|[Ee]rror|[Ff]atal|envkit): .+|\u00d7 .+")
ERROR_PREFIX = re.compile(r"^(?:E: |W: |ERROR: |[Ee]rror: |[Ff]atal: |envkit: | *\u00d7 )")
BUILD_STEP = re.compile(r'RUN (?:--mount=\S+ )?\["/opt/envkit/build/([a-z-]+)"(.*)')
STEP_DESCRIPTIONS = {
    "apt-sources": "setting up Debian's package sources",
    "fix-base-image": "fixing known defects of the base image",
    "install-apt": "installing system packages",
    "install-uv": "installing uv",
    "fetch-python": "downloading Python",
    "create-venv": "creating a Python environment",
    "install-python": "installing Python packages",
    "link-cuda": "linking CUDA libraries",
    "prepare-workspace": "preparing the workspace",
    "configure-user-venv": "configuring the user's environment",
}
# By a pattern of the arguments; the first match decides.
SPECIFIC_DESCRIPTIONS = {
    "install-apt": (
        ('"--borrow".*"--"\\]', "installing Python"),
        ('"--upgrade"', "updating and installing system packages"),
    ),
    "create-venv": (
        ('"/opt/jupyter"', "creating the Python environment of JupyterLab"),
        ('"/opt/tensorflow"', "creating the Python environment of TensorFlow"),
    ),
    "install-python": (
        ('"/opt/jupyter"', "installing JupyterLab"),
        ('"/etc/envkit/requirements.txt"', "installing your Python packages"),
        ('"-", "nvidia-', "installing CUDA libraries"),
        ('"tensorflow', "installing TensorFlow"),
        ('"ipykernel"', "installing the Jupyter kernel"),
    ),
}


class FailureRule(NamedTuple):
    """Known cause of a failed build.

    Attributes:
        pattern: Pattern of a line that the failing program prints.
        code: Error code.
        hint: Command or change that helps.
    """

    pattern: re.Pattern[str]
    code: str
    hint: str


# The first rule that matches a line of output decides. No pattern may match a command line, such as a package name.
FAILURE_RULES = tuple(
    FailureRule(re.compile(pattern), code, hint)
    for pattern, code, hint in (
        (
            "envkit: cannot download Python ",
            "python-download-failed",
            "check build.python_mirror, which must have the Python that uv requests; or set base: debian",
        ),
        (
            "[Nn]o space left on device",
            "disk-full",
            "free disk space where the engine keeps its images (envkit prune), then repeat the command",
        ),
        (
            "Temporary failure (in name resolution|resolving)|Could not resolve|dns error|Name or service not known",
            "name-resolution-failed",
            "check the network; or set build.proxy, or build.mirror if the mirror of the base image is gone",
        ),
        (
            (
                "CERTIFICATE_VERIFY_FAILED|certificate verif|invalid peer certificate|UnknownIssuer"
                "|SSL certificate problem"
            ),
            "certificate-untrusted",
            "the build does not trust a server's certificate: set build.ca in envkit.yaml to your CA file",
        ),
        (
            "Connection refused|ould not connect|Unable to connect|is unreachable|onnection timed out|No route to host",
            "server-unreachable",
            "the build could not reach a server: check the network, and build.index, build.mirror and build.proxy",
        ),
        (
            "No solution found|unsatisfiable",
            "packages-incompatible",
            "remove the package from python: in envkit.yaml, or use a version that is compatible with TensorFlow",
        ),
        (
            "Unable to locate package|has no installation candidate",
            "apt-package-not-found",
            "correct the name under apt: in envkit.yaml",
        ),
        (
            (
                r"unable to execute '\S*(gcc|g\+\+|cc|c\+\+)'|command '\S*(gcc|g\+\+|cc|c\+\+)' failed: No such file"
                r"|Unknown compiler\(s\):|[Nn]o acceptable C compiler|No CMAKE_C(XX)?_COMPILER could be found"
            ),
            "compiler-missing",
            "a Python package without a wheel is compiled: add build-essential under apt: in envkit.yaml",
        ),
        (
            r"fatal error: \S+\.h(pp)?: No such file or directory",
            "header-missing",
            "add the package that contains this header (its name ends in -dev) under apt: in envkit.yaml",
        ),
    )
)
# The first rule may be followed by a line that explains it better, from install-apt itself.
COMPONENT_RULE = FailureRule(
    re.compile(r"envkit: \S+ is in the component [a-z-]+, "),
    "apt-component-unsupported",
    "remove the package from apt: in envkit.yaml, or set base: to an image that contains it",
)
# dpkg reports the failure of a package after the output of its script, and before messages that follow from it.
SCRIPT_RULE = FailureRule(
    re.compile(r"dpkg: error processing (package|archive) \S+ \(--\w+\):"),
    "apt-package-failed",
    "the package's own script failed: remove it from apt: in envkit.yaml, or add what the script misses",
)
# Error lines of programs that name themselves, such as `update-alternatives: error: ...`.
PROGRAM_ERROR = re.compile(r"[A-Za-z0-9_./+-]+: (?:fatal )?(?:error|ERROR|Error): .+", re.ASCII)
# Messages of pip and uv; pip fails with a traceback because it cannot prompt for a user name.
UNAUTHORIZED = re.compile(r"User for \S+: |401 Unauthorized")
LOGIN_REQUIRED = "the package index requires a login, and accepted none"
LOGIN_RULE = FailureRule(
    UNAUTHORIZED,
    "index-login-required",
    "set build.netrc in envkit.yaml to a netrc file with the login, or correct the login in that file",
)
DEFAULT_HINT = "read the lines above; --verbose shows the whole output of the build"


class BuildLog:
    """Parser for the events of a build; an event may hold part of a line.

    For output of another builder, call `begin_step`, `flush_step`, `add_line` and `build_error`.

    Args:
        on_progress: Callback for progress.
        redactions: Secrets, each with its replacement; longer ones first.
    """

    def __init__(self, on_progress: Callable[[Progress], None], redactions: Mapping[str, str]) -> None:
        self._on_progress, self._redactions = on_progress, redactions
        self._rest = ""
        self._step: Progress | None = None
        self._step_pending = False
        self._last_lines: list[str] = []
        self._cause = ""
        self._rule: FailureRule | None = None
        self._has_image = False

    def feed(self, event: Mapping[str, Any]) -> None:
        """Parse one event.

        Raises:
            BuildFailed: The event reports that the build failed.
        """
        if "error" in event:
            self._parse_line(self._rest)
            raise self.build_error(str(event["error"]))
        self._has_image = self._has_image or "ID" in (event.get("aux") or {})
        *lines, self._rest = (self._rest + str(event.get("stream", ""))).split("\n")
        for line in lines:
            self._parse_line(line)

    def end(self) -> None:
        """Check that the build produced an image.

        Raises:
            BuildFailed: There is no image, for example because the engine was stopped.
        """
        if not self._has_image:
            raise self.build_error("the engine ended the build without an image")

    def begin_step(self, number: int, count: int, instruction: str) -> None:
        """Begin a step; it is reported with the next event, which shows whether it is cached."""
        self.flush_step()
        description = describe_instruction(instruction)
        text = self._clean(description or instruction[:INSTRUCTION_MAX])
        self._step = Progress("build", text, step=(number, count), verbose=not description)
        self._step_pending = True
        self._last_lines, self._cause, self._rule = [], "", None

    def flush_step(self, *, cached: bool = False) -> None:
        """Report the current step; a cached one only in verbose output, because it takes no time."""
        if self._step is not None and self._step_pending:
            self._on_progress(replace(self._step, verbose=cached or self._step.verbose))
        self._step_pending = False

    def report(self, progress: Progress) -> None:
        """Report progress other than a step."""
        self.flush_step()
        self._on_progress(progress)

    def add_line(self, line: str) -> None:
        """Add a line of the output of a step."""
        if text := self._clean(line):
            self.flush_step()
            self._record_line(text)
            self._on_progress(Progress("build", text[:200], verbose=True))

    def build_error(self, error: str) -> BuildFailed:
        """Return the error for a failed build, from the output of its last step and the error of the builder."""
        self.flush_step()
        error = self._clean(error).strip()
        cause = ERROR_PREFIX.sub("", self._cause).strip() or self._failure_cause(error)
        lines = "".join(f"\n    {line[:300]}" for line in self._last_lines if line != self._cause)
        # The error of a failed step repeats its command, so only other errors are matched against the rules.
        rule = self._rule or (None if EXIT_CODE.search(error) else find_rule(error))
        return BuildFailed(
            f"building the image failed: {cause[:300]}{lines}",
            code=rule.code if rule else "build-failed",
            detail=self._step_label(),
            hint=rule.hint if rule else DEFAULT_HINT,
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
        if self._rule is LOGIN_RULE:
            return
        if UNAUTHORIZED.search(text):
            self._rule, self._cause, self._last_lines = LOGIN_RULE, LOGIN_REQUIRED, [text]
            return
        if COMPONENT_RULE.pattern.match(text):
            self._rule, self._cause, self._last_lines = COMPONENT_RULE, text, []
            return
        rule = find_rule(text)
        if rule and self._rule in {None, SCRIPT_RULE}:
            # Later errors follow from the first one, and earlier lines do not explain it.
            self._rule, self._cause, self._last_lines = rule, text, []
        elif not self._rule and SCRIPT_RULE.pattern.match(text):
            self._rule = SCRIPT_RULE
            self._cause = next(filter(PROGRAM_ERROR.fullmatch, reversed(self._last_lines)), text)
            self._last_lines = self._last_lines[-SCRIPT_LINES:]
        elif not self._rule and ERROR_LINE.fullmatch(text.strip()):
            self._cause = text
        if not self._rule:
            self._last_lines = [*self._last_lines[1 - LINES_MAX :], text]
        elif len(self._last_lines) < LINES_MAX:
            self._last_lines.append(text)

    def _failure_cause(self, error: str) -> str:
        code = EXIT_CODE.search(error)
        return f"a step exited with code {code[1]}" if code and self._step else error

    def _step_label(self) -> str:
        if self._step is None or self._step.step is None:
            return ""
        number, count = self._step.step
        return f"step {number} of {count}, {self._step.text}"


def describe_instruction(instruction: str) -> str:
    """Describe an instruction of a Dockerfile; empty for instant ones, such as COPY and ENV.

    Unknown programs of RUN are described by the instruction itself.
    """
    if instruction.startswith("FROM "):
        return f"starting from {instruction[5:]}"[:INSTRUCTION_MAX]
    if not instruction.startswith("RUN "):
        return ""
    match = BUILD_STEP.match(instruction)
    if match is None:
        return instruction[:INSTRUCTION_MAX]
    program, arguments = match[1], match[2]
    for argument, description in SPECIFIC_DESCRIPTIONS.get(program, ()):
        if re.search(argument, arguments):
            return description
    return STEP_DESCRIPTIONS.get(program, instruction[:INSTRUCTION_MAX])


def proxy_credentials(proxies: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets of proxies, longest first: addresses with credentials, and the credentials alone."""
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


def find_rule(line: str) -> FailureRule | None:
    """Find the rule for a line of build output."""
    return next((rule for rule in FAILURE_RULES if rule.pattern.search(line)), None)
