"""`open` with a real browser: it is logged in, a notebook runs TensorFlow, and the token is never visible."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.support.account import CommandResult
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.functional.conftest import SharedEnvironment
    from tests.support.account import User
    from tests.support.jupyter_client import Jupyter
    from tests.support.workspaces import Envkit

pytestmark = pytest.mark.browser
TIMEOUT_MS = 60_000
# Replaces the user's browser: passes the address from `webbrowser` to the test's Chromium.
BROWSER_SCRIPT = """#!/bin/sh
stat --format '%a %U' "${{1#file://}}" > {folder}/mode
printf '%s' "$1" > {folder}/part && mv {folder}/part {folder}/address
"""
CELL = "import tensorflow as tf; tf.linalg.matmul([[1., 2.], [3., 4.]], [[1.], [10.]]).numpy().tolist()"
NOTEBOOK = {
    "cells": [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": CELL}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "TensorFlow", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 4,
}


@dataclass(frozen=True, slots=True)
class OpenedBrowser:
    """Result of `envkit open`.

    Attributes:
        result: Result of the command.
        address: Address that the browser received.
        mode: Mode and owner of the file behind the address at that time.
        page: Page that the browser loaded.
        arguments: Arguments of all processes while the browser loaded the page.
    """

    result: CommandResult
    address: str
    mode: str
    page: Page
    arguments: str = field(repr=False)

    @property
    def file(self) -> Path:
        """Return the file behind the address."""
        return Path(self.address.removeprefix("file://"))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Chromium's sandbox does not work for root; only pages of these tests are opened.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium_browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield chromium_browser
        chromium_browser.close()


@pytest.fixture(scope="module")
def opened(
    browser: Browser,
    user: User,
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
) -> Iterator[OpenedBrowser]:
    folder = user.folder(user.home / "browser")
    script = folder / "browser"
    script.write_text(BROWSER_SCRIPT.format(folder=folder))
    user.own(script, 0o755)
    argv: list[str | Path] = [run_envkit.program, "open", "--project", shared_env.project]
    process = user.start(argv, env={"BROWSER": str(script)})
    address = folder / "address"
    wait_until(lambda: address.exists() or process.poll() is not None, "the browser has an address")
    assert address.exists(), process.communicate()
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.goto(address.read_text(), wait_until="commit")
    arguments = all_arguments()
    out, err = process.communicate(timeout=60)
    result = CommandResult(tuple(str(word) for word in argv), process.returncode, out, err)
    yield OpenedBrowser(result, address.read_text(), (folder / "mode").read_text(), page, arguments)
    page.close()


def all_arguments() -> str:
    """Return the arguments of all visible processes of this host."""
    arguments = ""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has exited
            arguments += path.read_bytes().replace(b"\0", b" ").decode(errors="replace") + "\n"
    return arguments


@pytest.mark.proves("`envkit open` logs the browser in through a file that only you can read", "real")
def test_browser_is_logged_in(opened: OpenedBrowser, shared_env: SharedEnvironment) -> None:
    assert opened.result.code == 0, str(opened.result)
    assert "is open in your browser" in opened.result.out
    expect(opened.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=TIMEOUT_MS)
    assert opened.page.title().endswith("JupyterLab")


def test_token_page_was_private_and_is_removed(opened: OpenedBrowser, user: User) -> None:
    assert opened.address.startswith(f"file://{user.home}/")
    assert opened.mode.split() == ["600", user.name]
    assert not opened.file.exists()


@pytest.mark.proves("the token is in no argument of any process", "real")
def test_no_process_argument_contains_the_token(opened: OpenedBrowser, jupyter: Jupyter) -> None:
    assert "envkit" in opened.arguments
    assert jupyter.token not in opened.arguments
    assert jupyter.token not in opened.address


def test_address_bar_does_not_show_the_token(opened: OpenedBrowser, jupyter: Jupyter) -> None:
    expect(opened.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=TIMEOUT_MS)
    assert opened.page.url.startswith(f"http://127.0.0.1:{jupyter.port}/lab")
    assert "token" not in opened.page.url


def test_reload_needs_no_token(opened: OpenedBrowser) -> None:
    opened.page.reload()
    expect(opened.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=TIMEOUT_MS)
    assert "/login" not in opened.page.url


def test_another_browser_needs_the_token(browser: Browser, opened: OpenedBrowser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(opened.page.url)
    expect(page.locator("#password_input")).to_be_visible(timeout=TIMEOUT_MS)
    context.close()


@pytest.mark.proves("a notebook in the browser runs TensorFlow", "real")
def test_notebook_runs_a_tensorflow_cell(
    opened: OpenedBrowser,
    jupyter: Jupyter,
    shared_env: SharedEnvironment,
    user: User,
) -> None:
    page, notebook = opened.page, shared_env.project / "cell.ipynb"
    notebook.write_text(json.dumps(NOTEBOOK))
    user.own(notebook, 0o644)
    try:
        page.goto(f"http://127.0.0.1:{jupyter.port}/lab/tree/{notebook.name}")
        # A cell that is run before its kernel is connected never runs, although it is marked as run.
        expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=TIMEOUT_MS)
        page.locator(".jp-Notebook .jp-Cell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        output = page.locator(".jp-OutputArea-executeResult .jp-OutputArea-output")
        expect(output).to_have_text("[[21.0], [43.0]]", timeout=TIMEOUT_MS)
        page.keyboard.press("Control+s")
        wait_until(lambda: "43.0" in notebook.read_text(), "the notebook is saved")
        assert (notebook.stat().st_uid, notebook.stat().st_gid) == (user.uid, user.gid)
    finally:
        for session in jupyter.api("GET", "/api/sessions").json():
            jupyter.api("DELETE", f"/api/sessions/{session['id']}")
        notebook.unlink(missing_ok=True)
        shutil.rmtree(shared_env.project / ".ipynb_checkpoints", ignore_errors=True)


def test_launcher_offers_tensorflow(opened: OpenedBrowser, jupyter: Jupyter) -> None:
    opened.page.goto(f"http://127.0.0.1:{jupyter.port}/lab?reset")
    card = opened.page.locator(".jp-LauncherCard[title^='TensorFlow 2.9.0']").first
    expect(card).to_be_visible(timeout=TIMEOUT_MS)


def test_missing_browser_has_a_hint_and_leaves_no_page(
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
    user: User,
    jupyter: Jupyter,
) -> None:
    result = run_envkit(["open", "--project", shared_env.project], env={"BROWSER": "/bin/false"})
    assert result.code == 2
    assert "no browser can be started on this host" in result.err
    assert f"ssh -L {jupyter.port}:127.0.0.1:{jupyter.port}" in result.err
    assert jupyter.token not in result.out + result.err
    assert list(user.home.rglob("open*.html")) == []


@pytest.mark.usefixtures("opened")
def test_activity_of_an_open_page_is_not_a_login(
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
    user: User,
    jupyter: Jupyter,
) -> None:
    env = {"BROWSER": "/bin/true", "ENVKIT_OPEN_TIMEOUT_S": "2"}
    with jupyter.kernel() as kernel:
        code = "import time\nfor number in range(40): print(number, flush=True); time.sleep(.1)"
        with ThreadPoolExecutor(1) as pool:
            execution = pool.submit(kernel.run, code)
            result = run_envkit(["open", "--project", shared_env.project], env=env)
            assert execution.result().endswith("39\n")
    assert (result.code, "the browser did not log in" in result.out) == (1, True)
    assert "waiting for the browser to log in, at most 2 s" in result.err
    assert list(user.home.rglob("open*.html")) == []
