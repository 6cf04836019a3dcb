"""What users install: it works, it stays, and it cannot break TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functional.inside import Inside
from tests.functional.jupyter import jupyter_of
from tests.functional.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker
    from docker.models.containers import Container

    from tests.functional.conftest import SharedEnvironment
    from tests.functional.jupyter import Jupyter, Kernel
    from tests.functional.workspaces import Envkit

# Small, pure Python, without dependencies, and in no workspace from the start.
BY_KERNEL, BY_UV, BY_PIP = "iniconfig", "tabulate", "toolz"
REASON = "protobuf 4 stops the import"
IMPORTED = "import {0}; print({0}.__name__, 'is here')"


@pytest.fixture
def server(lively: Container, changing_env: SharedEnvironment, run_envkit: Envkit) -> Jupyter:
    return jupyter_of(changing_env.project, lively, run_envkit)


@pytest.fixture
def kernel(server: Jupyter) -> Iterator[Kernel]:
    with server.kernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def installed(changing_env: SharedEnvironment, run_envkit: Envkit, engine: docker.DockerClient) -> None:
    """Install three packages, each by another way."""
    container = engine.containers.get(str(changing_env.container.name))  # another test may have made it anew
    inside = Inside(container)
    for name in (BY_KERNEL, BY_UV, BY_PIP):
        assert "No module named" in inside("python", "-c", f"import {name}").err
    with jupyter_of(changing_env.project, container, run_envkit).kernel() as kernel:
        said = kernel.run(f"%pip install {BY_KERNEL}")
        assert f"Successfully installed {BY_KERNEL}" in said, said
        assert "restart the kernel" in said
        assert f"{BY_KERNEL} is here" in kernel.run(IMPORTED.format(BY_KERNEL))
    by_uv = inside("uv", "pip", "install", BY_UV)
    assert by_uv.code == 0, by_uv
    by_login = run_envkit(["ssh", "--project", changing_env.project, f"pip install {BY_PIP}"])
    assert by_login.code == 0, str(by_login)


@pytest.mark.usefixtures("installed")
@pytest.mark.proves("%pip install and uv pip install work in the running workspace", "real")
def test_what_was_installed_is_there_in_kernels_and_logins(
    kernel: Kernel,
    run_envkit: Envkit,
    changing_env: SharedEnvironment,
) -> None:
    for name in (BY_KERNEL, BY_UV, BY_PIP):
        code = IMPORTED.format(name)
        assert kernel.run(code) == f"{name} is here\n"
        assert run_envkit(["ssh", "--project", changing_env.project, f'python -c "{code}"']).out == f"{name} is here\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.proves("what you installed survives a restart of the container", "real")
def test_what_was_installed_survives_a_restart(server: Jupyter, lively: Container) -> None:
    lively.restart()
    wait_until(lambda: server.responds("/api"), "the restarted server answers")
    with server.kernel() as kernel:
        assert kernel.run(IMPORTED.format(BY_KERNEL)) == f"{BY_KERNEL} is here\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.proves("a new container keeps home, installed packages, token and host key", "real")
def test_what_was_installed_survives_a_new_container(
    server: Jupyter,
    lively: Container,
    changing_env: SharedEnvironment,
    run_envkit: Envkit,
    engine: docker.DockerClient,
) -> None:
    entry = run_envkit(["ssh-config", "--project", changing_env.project])
    for words in (["down"], ["up"]):
        done = run_envkit([*words, "--project", changing_env.project])
        assert done.code == 0, str(done)
    anew = engine.containers.get(str(lively.name))
    assert anew.id != lively.id
    after = jupyter_of(changing_env.project, anew, run_envkit)
    assert after.token == server.token
    with after.kernel() as kernel:
        assert kernel.run(IMPORTED.format(BY_UV)) == f"{BY_UV} is here\n"
    assert run_envkit(["ssh", "--project", changing_env.project, "true"]).code == 0  # the host key is pinned
    assert run_envkit(["ssh-config", "--project", changing_env.project]).out == entry.out


@pytest.mark.proves("a package that would break TensorFlow is refused, with the reason", "real")
@pytest.mark.parametrize("command", ["pip", "uv pip"])
def test_what_would_break_tensorflow_is_refused_with_the_reason(lively: Container, command: str) -> None:
    done = Inside(lively).sh(f"{command} install 'protobuf>=4'")
    assert done.code != 0
    assert REASON in done.err


@pytest.mark.parametrize("python", ["python", "python3", "python3.9"])
def test_no_python_of_the_workspace_installs_what_would_break_tensorflow(lively: Container, python: str) -> None:
    done = Inside(lively)(python, "-m", "pip", "install", "protobuf>=4")
    assert done.code != 0
    assert "(constraint)" in done.out + done.err


def test_a_cell_is_told_the_reason_too(kernel: Kernel) -> None:
    for magic in ("%pip", "%uv pip", "!pip"):
        assert REASON in kernel.run(f"{magic} install 'protobuf>=4'"), magic
    assert kernel.run("import google.protobuf; print(google.protobuf.__version__)").startswith("3.")


def test_a_package_that_is_nowhere_says_so(lively: Container) -> None:
    done = Inside(lively)("pip", "install", "--no-index", "envkit-has-no-such-package")
    assert done.code != 0
    assert "No matching distribution" in done.err


@pytest.mark.parametrize("environment", ["/opt/tensorflow", "/opt/jupyter"])
def test_the_versions_of_the_image_fit_together(inside: Inside, environment: str) -> None:
    done = inside("uv", "pip", "check", "--python", environment)
    assert (done.code, "All installed packages are compatible" in done.err) == (0, True), done


def test_pip_itself_finds_tensorflows_packages_in_order(inside: Inside) -> None:
    assert inside("/opt/tensorflow/bin/python", "-m", "pip", "check").out == "No broken requirements found.\n"


@pytest.mark.proves("no file of a wheel is altered", "real")
@pytest.mark.parametrize("environment", ["/opt/tensorflow/lib/python3.9", "/opt/jupyter/lib/python3.11"])
def test_every_file_is_what_its_wheel_brought(inside: Inside, environment: str) -> None:
    script = Path(__file__).with_name("integrity.py").read_text()
    done = inside("python3", "-c", script, f"{environment}/site-packages")
    *faults, last = done.out.splitlines()
    assert (done.code, faults) == (0, [])
    assert int(last.split()[0]) > 5000


def test_the_server_has_the_versions_that_close_known_holes(inside: Inside) -> None:
    listed = inside("uv", "pip", "freeze", "--python", "/opt/jupyter").out
    found = dict(line.split("==") for line in listed.splitlines() if "==" in line)
    assert version(found["jupyter-server"]) >= (2, 21)  # closes CVE-2026-44727 and CVE-2026-86049
    assert version(found["jupyter-server-proxy"]) >= (4, 2)
    assert version(found["tornado"]) >= (6, 5)


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
