"""What buildx prints of a build -> the same news and the same failures as those of the engine's own builder."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from envkit.engines.gone import went_away
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envkit.engines.build_log import BuildLog

STEP = re.compile(r"\[(?:\S+ )?([0-9]+)/([0-9]+)\] (.*)", re.ASCII | re.DOTALL)
EXPORT = "exporting to image"
ERROR = re.compile(r"(?:ERROR|error): (?:failed to solve: )?(.*)")
# How the connection to an engine ends that is gone, in gRPC's words and in those of Docker's client.
GONE = re.compile(r"code = Unavailable|Cannot connect to the Docker daemon|failed to (?:list workers|receive status)")


class BuildKitLog:
    """Hears the lines that buildx prints: JSON, each document over one line or several, and a few of plain text."""

    def __init__(self, log: BuildLog) -> None:
        self._log = log
        self._document: list[str] = []
        self._begun: set[str] = set()
        self._rest: dict[str, str] = {}
        self._error = ""

    def hear(self, line: str) -> None:
        """Take one line."""
        if not self._document and not line.startswith("{"):
            self._text(line)
            return
        self._document.append(line)
        if line.startswith("}") or (len(self._document) == 1 and line.endswith("}")):
            document, self._document = "\n".join(self._document), []
            self._take(document)

    def end(self, code: int) -> None:
        """Take the end of the program.

        Raises:
            BuildFailed: It ended with an error.
            EngineUnavailable: It did, because the engine was gone.
        """
        if not code:
            return
        if GONE.search(self._error):
            raise went_away("building the image", "buildx lost its connection")
        raise self._log.failed(self._error or f"buildx ended with code {code}")

    def _text(self, line: str) -> None:
        # Printed last, and after what a step said of it; before it stand excerpts of the Dockerfile.
        if found := ERROR.fullmatch(line):
            self._error = self._error or found[1]

    def _take(self, document: str) -> None:
        try:
            said = json.loads(document)
        except ValueError:
            return
        for vertex in said.get("vertexes") or ():
            self._vertex(vertex)
        for printed in said.get("logs") or ():
            self._printed(printed)

    def _vertex(self, vertex: Mapping[str, Any]) -> None:
        digest, step = str(vertex.get("digest")), STEP.fullmatch(str(vertex.get("name")))
        over = bool(vertex.get("completed"))
        if vertex.get("started") and digest not in self._begun:
            self._begun.add(digest)
            if step:
                self._log.begin(int(step[1]), int(step[2]), step[3].replace("docker.io/library/", "", 1))
            elif vertex.get("name") == EXPORT:
                self._log.tell(Progress("build", "keeping the image"))
        if not step or digest not in self._begun:
            return
        if over:
            self._log.printed(self._rest.pop(digest, ""))
        self._log.told(cached=bool(vertex.get("cached")))
        if vertex.get("error"):
            self._error = str(vertex["error"])

    def _printed(self, printed: Mapping[str, Any]) -> None:
        vertex = str(printed.get("vertex"))
        try:
            text = base64.b64decode(str(printed.get("data"))).decode(errors="replace")
        except binascii.Error:
            return
        *lines, self._rest[vertex] = (self._rest.get(vertex, "") + text).split("\n")
        for line in lines:
            self._log.printed(line)
