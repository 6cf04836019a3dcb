"""A real browser: `envkit open` logs it in, a notebook runs TensorFlow, and the token shows nowhere."""

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

from tests.functional.account import Ran
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.functional.account import User
    from tests.functional.conftest import SharedEnvironment
    from tests.functional.jupyter import Jupyter
    from tests.functional.workspaces import Envkit

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
# Stands for the user's browser: takes the address, as `webbrowser` hands it over, to the test's Chromium.
HAND_OVER = """#!/bin/sh
stat --format '%a %U' "${{1#file://}}" > {place}/mode
printf '%s' "$1" > {place}/part && mv {place}/part {place}/address
"""
CELL = "import tensorflow as tf; tf.linalg.matmul([[1., 2.], [3., 4.]], [[1.], [10.]]).numpy().tolist()"
NOTEBOOK = {
    "cells": [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": CELL}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "TensorFlow", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 4,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What `envkit open` did.

    Attributes:
        ran: The command, ended.
        address: What the browser was given.
        mode: Mode and owner of the file behind it, at that moment.
        page: The page the browser arrived at.
        arguments: Arguments of every process, while the browser was on its way.
    """

    ran: Ran
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
    # Chromium's own sandbox does not work for root; the pages here are ours.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def opened(
    browser: Browser,
    user: User,
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
) -> Iterator[Opened]:
    place = user.folder(user.home / "handed-over")
    script = place / "browser"
    script.write_text(HAND_OVER.format(place=place))
    user.own(script, 0o755)
    argv: list[str | Path] = [run_envkit.program, "open", "--project", shared_env.project]
    process = user.start(argv, env={"BROWSER": str(script)})
    address = place / "address"
    wait_until(lambda: address.exists() or process.poll() is not None, "the browser got an address")
    assert address.exists(), process.communicate()
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address.read_text(), wait_until="commit")
    arguments = all_arguments()
    out, err = process.communicate(timeout=60)
    ran = Ran(tuple(str(word) for word in argv), process.returncode, out, err)
    yield Opened(ran, address.read_text(), (place / "mode").read_text(), page, arguments)
    page.close()


def all_arguments() -> str:
    """Return the arguments of every process of this host that may be seen."""
    said = ""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            said += path.read_bytes().replace(b"\0", b" ").decode(errors="replace") + "\n"
    return said


@pytest.mark.proves("`envkit open` logs the browser in through a file that only you can read", "real")
def test_the_browser_is_logged_in(opened: Opened, shared_env: SharedEnvironment) -> None:
    assert opened.ran.code == 0, str(opened.ran)
    assert "is open in your browser" in opened.ran.out
    expect(opened.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=PATIENCE_MS)
    assert opened.page.title().endswith("JupyterLab")


def test_the_file_was_private_and_is_gone(opened: Opened, user: User) -> None:
    assert opened.address.startswith(f"file://{user.home}/")
    assert opened.mode.split() == ["600", user.name]
    assert not opened.file.exists()


@pytest.mark.proves("the token is in no argument of any process", "real")
def test_no_argument_of_a_process_held_the_token(opened: Opened, jupyter: Jupyter) -> None:
    assert "envkit" in opened.arguments
    assert jupyter.token not in opened.arguments
    assert jupyter.token not in opened.address


def test_the_address_bar_does_not_show_the_token(opened: Opened, jupyter: Jupyter) -> None:
    expect(opened.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=PATIENCE_MS)
    assert opened.page.url.startswith(f"http://127.0.0.1:{jupyter.port}/lab")
    assert "token" not in opened.page.url


def test_a_reload_needs_no_token(opened: Opened) -> None:
    opened.page.reload()
    expect(opened.page.locator("#jp-main-dock-panel")).to_be_visible(timeout=PATIENCE_MS)
    assert "/login" not in opened.page.url


def test_another_browser_is_asked_for_the_token(browser: Browser, opened: Opened) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    page.goto(opened.page.url)
    expect(page.locator("#password_input")).to_be_visible(timeout=PATIENCE_MS)
    stranger.close()


@pytest.mark.proves("a notebook in the browser runs TensorFlow", "real")
def test_a_notebook_runs_a_tensorflow_cell(
    opened: Opened,
    jupyter: Jupyter,
    shared_env: SharedEnvironment,
    user: User,
) -> None:
    page, saved = opened.page, shared_env.project / "cell.ipynb"
    saved.write_text(json.dumps(NOTEBOOK))
    user.own(saved, 0o644)
    try:
        page.goto(f"http://127.0.0.1:{jupyter.port}/lab/tree/{saved.name}")
        # A cell that is run before its kernel is connected is marked as run, and is not.
        expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=PATIENCE_MS)
        page.locator(".jp-Notebook .jp-Cell .cm-content").click()
        page.keyboard.press("Shift+Enter")
        output = page.locator(".jp-OutputArea-executeResult .jp-OutputArea-output")
        expect(output).to_have_text("[[21.0], [43.0]]", timeout=PATIENCE_MS)
        page.keyboard.press("Control+s")
        wait_until(lambda: "43.0" in saved.read_text(), "the notebook is saved")
        assert (saved.stat().st_uid, saved.stat().st_gid) == (user.uid, user.gid)
    finally:
        for session in jupyter.api("GET", "/api/sessions").json():
            jupyter.api("DELETE", f"/api/sessions/{session['id']}")
        saved.unlink(missing_ok=True)
        shutil.rmtree(shared_env.project / ".ipynb_checkpoints", ignore_errors=True)


def test_the_launcher_offers_tensorflow(opened: Opened, jupyter: Jupyter) -> None:
    opened.page.goto(f"http://127.0.0.1:{jupyter.port}/lab?reset")
    card = opened.page.locator(".jp-LauncherCard[title^='TensorFlow 2.9.0']").first
    expect(card).to_be_visible(timeout=PATIENCE_MS)


def test_without_a_browser_the_other_way_is_named_and_no_file_stays(
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
    user: User,
    jupyter: Jupyter,
) -> None:
    done = run_envkit(["open", "--project", shared_env.project], env={"BROWSER": "/bin/false"})
    assert done.code == 2
    assert "no browser can be started here" in done.err
    assert f"ssh -L {jupyter.port}:127.0.0.1:{jupyter.port}" in done.err
    assert jupyter.token not in done.out + done.err
    assert list(user.home.rglob("open*.html")) == []


@pytest.mark.usefixtures("opened")
def test_a_page_that_is_open_already_is_not_taken_for_the_browser_that_was_sent(
    run_envkit: Envkit,
    shared_env: SharedEnvironment,
    user: User,
    jupyter: Jupyter,
) -> None:
    given = {"BROWSER": "/bin/true", "ENVKIT_OPEN_TIMEOUT_S": "2"}
    with jupyter.kernel() as kernel:
        asked = "import time\nfor number in range(40): print(number, flush=True); time.sleep(.1)"
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(kernel.run, asked)
            done = run_envkit(["open", "--project", shared_env.project], env=given)
            assert running.result().endswith("39\n")
    assert (done.code, "the browser did not log in" in done.out) == (1, True)
    assert "waiting for the browser to log in, at most 2 s" in done.err
    assert list(user.home.rglob("open*.html")) == []
