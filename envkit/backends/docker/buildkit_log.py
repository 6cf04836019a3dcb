"""Parse the output of buildx into the same progress and errors as those of the engine's own builder."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from envkit.backends.connection_errors import connection_lost_error
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.backends.docker.build_log import BuildLog

STEP = re.compile(r"\[(?:\S+ )?([0-9]+)/([0-9]+)\] (.*)", re.ASCII | re.DOTALL)
EXPORT = "exporting to image"
ERROR = re.compile(r"(?:ERROR|error): (?:failed to solve: )?(.*)")
# Messages of gRPC and of Docker's client for a lost connection to the engine.
CONNECTION_LOST = re.compile(
    r"code = Unavailable|Cannot connect to the Docker daemon|failed to (?:list workers|receive status)"
)


class BuildKitLog:
    """Parser for buildx output: JSON documents of one or more lines, and some plain text."""

    def __init__(self, log: BuildLog) -> None:
        self._log = log
        self._document_lines: list[str] = []
        self._started: set[str] = set()
        self._rest: dict[str, str] = {}
        self._error = ""

    def feed(self, line: str) -> None:
        """Parse one line."""
        if not self._document_lines and not line.startswith("{"):
            self._parse_text(line)
            return
        self._document_lines.append(line)
        if line.startswith("}") or (len(self._document_lines) == 1 and line.endswith("}")):
            document, self._document_lines = "\n".join(self._document_lines), []
            self._parse_document(document)

    def end(self, code: int) -> None:
        """Check the exit code of buildx.

        Raises:
            BuildFailed: The build failed.
            EngineUnavailable: The connection to the engine was lost.
        """
        if not code:
            return
        if CONNECTION_LOST.search(self._error):
            raise connection_lost_error("building the image", "buildx lost its connection")
        raise self._log.build_error(self._error or f"buildx exited with code {code}")

    def _parse_text(self, line: str) -> None:
        # buildx prints the error last, after an excerpt of the Dockerfile; the error of a step takes precedence.
        if match := ERROR.fullmatch(line):
            self._error = self._error or match[1]

    def _parse_document(self, document: str) -> None:
        try:
            events = json.loads(document)
        except ValueError:
            return
        for vertex in events.get("vertexes") or ():
            self._handle_vertex(vertex)
        for entry in events.get("logs") or ():
            self._handle_log(entry)

    def _handle_vertex(self, vertex: Mapping[str, Any]) -> None:
        digest, step = str(vertex.get("digest")), STEP.fullmatch(str(vertex.get("name")))
        completed = bool(vertex.get("completed"))
        if vertex.get("started") and digest not in self._started:
            self._started.add(digest)
            if step:
                self._log.begin_step(int(step[1]), int(step[2]), step[3].replace("docker.io/library/", "", 1))
            elif vertex.get("name") == EXPORT:
                self._log.report(Progress("build", "exporting the image"))
        if not step or digest not in self._started:
            return
        if completed:
            self._log.add_line(self._rest.pop(digest, ""))
        self._log.flush_step(cached=bool(vertex.get("cached")))
        if vertex.get("error"):
            self._error = str(vertex["error"])

    def _handle_log(self, entry: Mapping[str, Any]) -> None:
        vertex = str(entry.get("vertex"))
        try:
            text = base64.b64decode(str(entry.get("data"))).decode(errors="replace")
        except binascii.Error:
            return
        *lines, self._rest[vertex] = (self._rest.get(vertex, "") + text).split("\n")
        for line in lines:
            self._log.add_line(line)
