"""JupyterLab serves whoever is let in: a kernel with TensorFlow, files, widgets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.jupyter import Jupyter, Session


def test_the_names_of_loopback_are_served(jupyter: Jupyter) -> None:
    for host in (f"localhost:{jupyter.port}", f"127.0.0.1:{jupyter.port}"):
        assert jupyter.ask("GET", "/api/status", {**jupyter.authorized, "Host": host}).status == 200


def test_files_of_the_workspace_can_be_downloaded(jupyter: Jupyter, session: Session) -> None:
    # A server too strict about where requests come from refuses every download.
    jupyter.api("PUT", "/api/contents/download.txt", {"type": "file", "format": "text", "content": "here"})
    try:
        referer = {"Referer": f"http://127.0.0.1:{jupyter.port}/lab"}
        assert jupyter.ask("GET", "/files/download.txt?download=1", session.headers | referer).body == b"here"
    finally:
        jupyter.api("DELETE", "/api/contents/download.txt")


@pytest.mark.proves("JupyterLab has one kernel, the one with TensorFlow", "real")
def test_the_kernel_is_tensorflows(jupyter: Jupyter) -> None:
    assert set(jupyter.api("GET", "/api/kernelspecs").json()["kernelspecs"]) == {"python3"}
    with jupyter.kernel() as kernel:
        assert "2.9.0" in kernel.run("from importlib.metadata import version; print(version('tensorflow-cpu'))")


def test_widgets_of_notebooks_can_be_shown(jupyter: Jupyter, session: Session) -> None:
    page = jupyter.ask("GET", "/lab", session.headers)
    config = json.loads(re.findall(rb'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page.body, re.DOTALL)[0])
    (manager,) = [one for one in config["federated_extensions"] if one["name"] == "@jupyter-widgets/jupyterlab-manager"]
    script = f"/lab/extensions/{manager['name']}/{manager['load']}"
    assert jupyter.ask("GET", script, session.headers).status == 200
