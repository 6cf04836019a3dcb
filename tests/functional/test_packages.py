"""Packages that users install: they work, persist, and cannot break TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.support.container_commands import Inside
from tests.support.jupyter_client import jupyter_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container

    from tests.functional.conftest import SharedEnvironment
    from tests.support.jupyter_client import Jupyter, Kernel
    from tests.support.workspaces import Envkit

# Small pure-Python packages without dependencies, which no workspace contains by default.
BY_KERNEL, BY_UV, BY_PIP = "iniconfig", "tabulate", "toolz"
REASON = "protobuf 4 stops the import"
IMPORT_CODE = "import {0}; print({0}.__name__, 'is here')"


@pytest.fixture
def server(converged_env: Container, changing_env: SharedEnvironment, run_envkit: Envkit) -> Jupyter:
    return jupyter_of(changing_env.project, converged_env, run_envkit)


@pytest.fixture
def kernel(server: Jupyter) -> Iterator[Kernel]:
    with server.kernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def installed(changing_env: SharedEnvironment, run_envkit: Envkit, engine: docker.DockerClient) -> None:
    """Install three packages, each with another command."""
    container = engine.containers.get(str(changing_env.container.name))  # another test may have recreated it
    inside = Inside(container)
    for name in (BY_KERNEL, BY_UV, BY_PIP):
        assert "No module named" in inside("python", "-c", f"import {name}").err
    with jupyter_of(changing_env.project, container, run_envkit).kernel() as kernel:
        output = kernel.run(f"%pip install {BY_KERNEL}")
        assert f"Successfully installed {BY_KERNEL}" in output, output
        assert "restart the kernel" in output
        assert f"{BY_KERNEL} is here" in kernel.run(IMPORT_CODE.format(BY_KERNEL))
    uv = inside("uv", "pip", "install", BY_UV)
    assert uv.code == 0, uv
    pip = run_envkit(["ssh", "--project", changing_env.project, f"pip install {BY_PIP}"])
    assert pip.code == 0, str(pip)


@pytest.mark.usefixtures("installed")
@pytest.mark.proves("%pip install and uv pip install work in the running workspace", "real")
def test_installed_packages_work_in_kernels_and_logins(
    kernel: Kernel,
    run_envkit: Envkit,
    changing_env: SharedEnvironment,
) -> None:
    for name in (BY_KERNEL, BY_UV, BY_PIP):
        code = IMPORT_CODE.format(name)
        assert kernel.run(code) == f"{name} is here\n"
        assert run_envkit(["ssh", "--project", changing_env.project, f'python -c "{code}"']).out == f"{name} is here\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.proves("installed packages survive a restart of the container", "real")
def test_installed_packages_survive_a_restart(server: Jupyter, converged_env: Container) -> None:
    converged_env.restart()
    wait_until(lambda: server.responds("/api"), "the restarted server answers")
    with server.kernel() as kernel:
        assert kernel.run(IMPORT_CODE.format(BY_KERNEL)) == f"{BY_KERNEL} is here\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.proves("a new container keeps home, installed packages, token and host key", "real")
def test_installed_packages_survive_a_new_container(
    server: Jupyter,
    converged_env: Container,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> None:
    entry = run_envkit(["ssh-config", "--project", changing_env.project])
    for verb in ("down", "up"):
        result = run_envkit([verb, "--project", changing_env.project])
        assert result.code == 0, str(result)
    new_container = engine.containers.get(str(converged_env.name))
    assert new_container.id != converged_env.id
    new_server = jupyter_of(changing_env.project, new_container, run_envkit)
    assert new_server.token == server.token
    with new_server.kernel() as kernel:
        assert kernel.run(IMPORT_CODE.format(BY_UV)) == f"{BY_UV} is here\n"
    assert run_envkit(["ssh", "--project", changing_env.project, "true"]).code == 0  # the host key is pinned
    assert run_envkit(["ssh-config", "--project", changing_env.project]).out == entry.out


@pytest.mark.proves("a package that would break TensorFlow is refused, with the reason", "real")
def test_breaking_package_is_refused_with_the_reason(converged_env: Container) -> None:
    for command in ("pip", "uv pip"):
        result = Inside(converged_env).sh(f"{command} install 'protobuf>=4'")
        assert (result.code != 0, REASON in result.err) == (True, True), (command, result)


def test_every_python_refuses_a_breaking_package(converged_env: Container) -> None:
    for python in ("python", "python3", "python3.9"):
        result = Inside(converged_env)(python, "-m", "pip", "install", "protobuf>=4")
        assert result.code != 0, python
        assert "(constraint)" in result.out + result.err, python


def test_notebook_cell_shows_the_reason(kernel: Kernel) -> None:
    for magic in ("%pip", "%uv pip", "!pip"):
        assert REASON in kernel.run(f"{magic} install 'protobuf>=4'"), magic
    assert kernel.run("import google.protobuf; print(google.protobuf.__version__)").startswith("3.")


def test_unknown_package_is_reported(converged_env: Container) -> None:
    result = Inside(converged_env)("pip", "install", "--no-index", "envkit-has-no-such-package")
    assert result.code != 0
    assert "No matching distribution" in result.err


def test_package_versions_of_the_image_are_compatible(inside: Inside) -> None:
    for environment in ("/opt/tensorflow", "/opt/jupyter"):
        result = inside("uv", "pip", "check", "--python", environment)
        assert (result.code, "All installed packages are compatible" in result.err) == (0, True), result


def test_pip_check_finds_no_broken_requirements(inside: Inside) -> None:
    assert inside("/opt/tensorflow/bin/python", "-m", "pip", "check").out == "No broken requirements found.\n"


@pytest.mark.proves("no file of an installed wheel is changed", "real")
def test_installed_files_match_their_wheels(inside: Inside) -> None:
    script = (ROOT / "tests/support/wheel_integrity.py").read_text()
    for environment in ("/opt/tensorflow/lib/python3.9", "/opt/jupyter/lib/python3.11"):
        result = inside("python3", "-c", script, f"{environment}/site-packages")
        *problems, summary = result.out.splitlines()
        assert (result.code, problems) == (0, []), environment
        assert int(summary.split()[0]) > 5000, environment


def test_server_has_no_known_vulnerable_versions(inside: Inside) -> None:
    freeze = inside("uv", "pip", "freeze", "--python", "/opt/jupyter").out
    versions = dict(line.split("==") for line in freeze.splitlines() if "==" in line)
    assert version(versions["jupyter-server"]) >= (2, 21)  # closes CVE-2026-44727 and CVE-2026-86049
    assert version(versions["jupyter-server-proxy"]) >= (4, 2)
    assert version(versions["tornado"]) >= (6, 5)


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
