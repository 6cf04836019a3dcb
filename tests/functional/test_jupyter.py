"""JupyterLab for authorized clients: a TensorFlow kernel, files and widgets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.jupyter_client import Jupyter, Session


def test_loopback_host_names_are_served(jupyter: Jupyter) -> None:
    for host in (f"localhost:{jupyter.port}", f"127.0.0.1:{jupyter.port}"):
        assert jupyter.request("GET", "/api/status", {**jupyter.authorized, "Host": host}).status == 200


def test_workspace_files_can_be_downloaded(jupyter: Jupyter, session: Session) -> None:
    # A server with a too strict origin check refuses every download.
    jupyter.api("PUT", "/api/contents/download.txt", {"type": "file", "format": "text", "content": "here"})
    try:
        referer = {"Referer": f"http://127.0.0.1:{jupyter.port}/lab"}
        assert jupyter.request("GET", "/files/download.txt?download=1", session.headers | referer).body == b"here"
    finally:
        jupyter.api("DELETE", "/api/contents/download.txt")


@pytest.mark.proves("JupyterLab has one kernel, the one with TensorFlow", "real")
def test_only_kernel_is_the_tensorflow_kernel(jupyter: Jupyter) -> None:
    assert set(jupyter.api("GET", "/api/kernelspecs").json()["kernelspecs"]) == {"python3"}
    with jupyter.kernel() as kernel:
        assert "2.9.0" in kernel.run("from importlib.metadata import version; print(version('tensorflow-cpu'))")


def test_notebook_widgets_are_served(jupyter: Jupyter, session: Session) -> None:
    page = jupyter.request("GET", "/lab", session.headers)
    config = json.loads(re.findall(rb'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page.body, re.DOTALL)[0])
    (manager,) = [
        extension
        for extension in config["federated_extensions"]
        if extension["name"] == "@jupyter-widgets/jupyterlab-manager"
    ]
    script = f"/lab/extensions/{manager['name']}/{manager['load']}"
    assert jupyter.request("GET", script, session.headers).status == 200
