"""The start of a Jupyter server inside an image."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from envkit.guest import jupyter_server as guest_module

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

jupyter_server: Any = guest_module  # guest programs have no types
SERVER = f"""\
#!{sys.executable}
import http.server, sys
port = next(int(word.partition("=")[2]) for word in sys.argv if word.startswith("--port="))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[0].rpartition(".")[2]) if self.path == "/api" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def start(folder: Path, name: str, text: str) -> Any:
    program = folder / name
    program.write_text(text)
    program.chmod(0o755)
    return jupyter_server.start_server([str(program)], str(folder))


def test_a_server_that_answers_works(tmp_path: Path) -> None:
    for status, works in ((200, True), (403, True), (500, False)):
        assert start(tmp_path, f"server.{status}", SERVER)["works"] is works, status


def test_a_server_that_exits_is_reported_with_its_output(tmp_path: Path) -> None:
    result = start(tmp_path, "jupyter", f"#!{sys.executable}\nimport jupyter_core_that_is_gone")
    assert result["works"] is False
    assert "jupyter_core_that_is_gone" in str(result["output"])


def test_an_image_without_jupyter_has_no_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jupyter_server, "SERVER", tmp_path / "missing")
    assert jupyter_server.inspect_jupyter() == {"path": "", "works": False, "output": ""}


def test_jupyter_without_a_server_prints_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "jupyter"
    program.write_text("#!/bin/sh\necho 1.0\n")
    program.chmod(0o755)
    monkeypatch.setattr(jupyter_server, "SERVER", program)
    assert jupyter_server.inspect_jupyter() == {"path": str(program), "works": True, "output": "1.0\n"}
