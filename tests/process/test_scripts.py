"""The other scripts behind `make`, on a pretended machine."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.process.pretended import Machine, pretend, redirect


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return pretend(tmp_path, root)


# scripts/packages.sh


def test_an_ordinary_user_installs_through_sudo_with_the_proxy_of_the_caller(machine: Machine) -> None:
    machine.command("id", 'case "$1" in -un) echo ada;; *) echo 1000;; esac')
    machine.command("sudo")
    machine.run("scripts/packages.sh", "the tests", "rsync", https_proxy="http://proxy:3128")
    _, update, install = machine.calls()
    assert update.startswith("sudo env https_proxy=http://proxy:3128 env DEBIAN_FRONTEND=noninteractive apt")
    assert install.endswith("install --yes --no-install-recommends rsync")


def test_a_user_without_sudo_is_told_what_root_should_run(machine: Machine) -> None:
    machine.command("id", 'case "$1" in -un) echo ada;; *) echo 1000;; esac')
    redirect(machine.checkout / "scripts/say.sh", {"command -v sudo": "command -v no-sudo-here"})
    done = machine.run("scripts/packages.sh", "the tests", "rsync")
    assert (done.returncode, machine.calls()) == (3, [])
    assert "there is no sudo" in done.stderr


def test_only_missing_packages_are_installed(machine: Machine) -> None:
    machine.command("dpkg-query", 'case "$*" in *git) exit 1;; *) printf installed;; esac')
    done = machine.run("scripts/packages.sh", "the tests", "git", "rsync")
    assert done.returncode == 0
    assert machine.calls()[-1].endswith("--no-install-recommends git")


def test_packages_that_are_there_need_no_apt(machine: Machine) -> None:
    machine.command("dpkg-query", "printf installed")
    assert machine.run("scripts/packages.sh", "the tests", "git", "rsync").returncode == 0
    assert machine.calls() == []


def test_a_package_that_cannot_be_installed_ends_with_3(machine: Machine) -> None:
    machine.command("apt-get", 'case "$*" in *install*) echo "E: no such package" >&2; exit 100;; esac')
    done = machine.run("scripts/packages.sh", "the tests", "rsync")
    assert done.returncode == 3
    assert "E: no such package" in done.stderr
    assert "apt-get could not install rsync" in done.stderr


# scripts/venv.sh


@pytest.fixture
def python(machine: Machine) -> str:
    """Return a stand-in interpreter whose `-m venv` makes an environment with itself in it."""
    machine.command(
        "snake",
        f"""
        case "$*" in
          *'-m venv'*) mkdir -p .venv/bin; ln -sf {machine.commands}/snake .venv/bin/python;;
          *pip*--version*) [ -e .venv/bin/python ];;
          --version) echo Python 3.11.0;;
        esac""",
    )
    (machine.checkout / "pyproject.toml").write_text("[project]\n")
    return str(machine.commands / "snake")


def installs(machine: Machine) -> list[str]:
    """Return what pip was asked to install."""
    return [call.split("check ")[1] for call in machine.calls() if "pip install" in call]


@pytest.mark.proves("`make up` makes a virtual environment with envkit in it", "stand-in")
def test_the_environment_is_made_once(machine: Machine, python: str) -> None:
    for _ in range(2):
        assert machine.run("scripts/venv.sh", ENVKIT_PYTHON=python).returncode == 0
    assert installs(machine) == ["--editable ."]


def test_a_changed_pyproject_is_installed_anew_in_the_same_environment(machine: Machine, python: str) -> None:
    machine.run("scripts/venv.sh", ENVKIT_PYTHON=python)
    (machine.checkout / "pyproject.toml").write_text("[project]\nversion = '2'\n")
    machine.run("scripts/venv.sh", ENVKIT_PYTHON=python)
    assert installs(machine) == ["--editable ."] * 2
    assert sum("-m venv" in call for call in machine.calls()) == 1


def test_a_checkout_that_was_moved_gets_a_new_environment(machine: Machine, python: str) -> None:
    machine.run("scripts/venv.sh", ENVKIT_PYTHON=python)
    machine.checkout.rename(machine.top / "moved")
    moved = Machine(machine.top, machine.top / "moved", machine.commands)
    assert moved.run("scripts/venv.sh", ENVKIT_PYTHON=python).returncode == 0
    assert sum("-m venv --clear" in call for call in machine.calls()) == 2


def test_development_adds_its_group_with_a_pip_that_knows_groups(machine: Machine, python: str) -> None:
    machine.run("scripts/venv.sh", "--dev", ENVKIT_PYTHON=python)
    assert installs(machine) == ["--upgrade pip>=25.1", "--editable . --group dev"]


def test_an_install_that_failed_is_tried_again(machine: Machine, python: str) -> None:
    snake = Path(python)
    whole = snake.read_text()
    snake.write_text(whole + 'case "$*" in *editable*) exit 1;; esac\n')
    assert machine.run("scripts/venv.sh", ENVKIT_PYTHON=python).returncode == 3
    snake.write_text(whole)
    assert machine.run("scripts/venv.sh", ENVKIT_PYTHON=python).returncode == 0
    assert len(installs(machine)) == 2


def test_an_unsuitable_interpreter_is_named(machine: Machine) -> None:
    done = machine.run("scripts/venv.sh", ENVKIT_PYTHON="/bin/false")
    assert done.returncode == 3
    assert "ENVKIT_PYTHON=/bin/false is no Python 3.10 or later" in done.stderr


# scripts/quickstart.sh


@pytest.fixture
def envkit(machine: Machine) -> Machine:
    """Return a machine with a stand-in for envkit."""
    machine.command("envkit")
    (machine.checkout / ".venv/bin").mkdir(parents=True)
    (machine.checkout / ".venv/bin/envkit").symlink_to(machine.commands / "envkit")
    return machine


@pytest.mark.proves("`make up` starts a copy of the example", "stand-in")
@pytest.mark.parametrize(
    ("env", "folder"),
    [({}, "{home}/envkit-quickstart"), ({"ENVKIT_QUICKSTART": "/nowhere/mine"}, "/nowhere/mine")],
)
def test_a_user_gets_the_quickstart_in_the_home(envkit: Machine, env: dict[str, str], folder: str) -> None:
    envkit.command("id", "echo 1000")
    folder = folder.format(home=envkit.top / "home")
    assert envkit.run("scripts/quickstart.sh", "up", **env).returncode == 0
    init, up = envkit.calls()
    assert init == f"envkit init --from examples/quickstart {folder}"
    assert up == f"envkit up --project {folder}"


PASSWD = r"printf 'root:x:0:\nada:x:1007:\nbo:x:1003:\nnobody:x:65534:\n'"


@pytest.mark.proves("`make up` as root makes the example for an ordinary user", "stand-in")
@pytest.mark.parametrize(
    ("env", "passwd", "owner"),
    [({"SUDO_UID": "4242"}, PASSWD, 4242), ({}, PASSWD, 1003), ({"SUDO_UID": "0"}, "echo root:x:0:", 1000)],
    ids=["who called sudo", "the first account", "no account"],
)
def test_root_makes_the_quickstart_for_a_user(
    envkit: Machine,
    env: dict[str, str],
    passwd: str,
    owner: int,
) -> None:
    redirect(envkit.checkout / "scripts/quickstart.sh", {"/srv": str(envkit.top)})
    envkit.command("getent", passwd)
    assert envkit.run("scripts/quickstart.sh", "up", **env).returncode == 0
    folder = envkit.top / "envkit-quickstart"
    init, up = envkit.calls()
    assert init == f"envkit init --from examples/quickstart --owner {owner} {folder}"
    assert up == f"envkit up --project {folder}"


def test_what_make_up_prints_last_can_be_pasted_anywhere(envkit: Machine) -> None:
    envkit.command("id", "echo 1000")
    envkit.command("envkit", 'if [ "$1" = init ]; then echo "next: envkit up"; else echo up; fi')
    folder = envkit.top / "my example"
    done = envkit.run("scripts/quickstart.sh", "up", ENVKIT_QUICKSTART=str(folder))
    assert "next:" not in done.stdout
    up, about, *lines = done.stdout.splitlines()
    assert (up, about) == ("up", "To go on, from any folder:")
    program = f"{envkit.checkout}/.venv/bin/envkit"
    assert [shlex.split(line)[:2] for line in lines] == [[program, verb] for verb in ("open", "shell", "down")]
    assert all(shlex.split(line)[2:4] == ["--project", str(folder)] for line in lines)


def test_a_quickstart_that_does_not_come_up_ends_with_its_code(envkit: Machine) -> None:
    envkit.command("envkit", "exit 5")
    done = envkit.run("scripts/quickstart.sh", "up", ENVKIT_QUICKSTART=str(envkit.top))
    assert (done.returncode, done.stdout) == (5, "")


def test_a_quickstart_that_is_there_is_only_started(envkit: Machine) -> None:
    envkit.run("scripts/quickstart.sh", "up", ENVKIT_QUICKSTART=str(envkit.top))
    assert envkit.calls() == [f"envkit up --project {envkit.top}"]


def test_the_quickstart_goes_down_where_it_came_up(envkit: Machine) -> None:
    envkit.run("scripts/quickstart.sh", "down", ENVKIT_QUICKSTART=str(envkit.top))
    assert envkit.calls() == [f"envkit down --project {envkit.top}"]


def test_down_without_a_quickstart_has_nothing_to_do(envkit: Machine) -> None:
    done = envkit.run("scripts/quickstart.sh", "down", ENVKIT_QUICKSTART="/nowhere/mine")
    assert (done.returncode, envkit.calls()) == (0, [])


# scripts/tools.sh


def test_a_compose_of_version_2_is_used_as_it_is(machine: Machine) -> None:
    for name in ("git", "ssh", "rsync", "chromium"):
        machine.command(name)
    machine.command("docker-compose", "echo 2.26.1-4")
    plugin = machine.checkout / ".cache/tools/docker/cli-plugins/docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    assert machine.run("scripts/tools.sh").returncode == 0
    tool = machine.checkout / ".cache/tools/bin/docker-compose"
    assert tool.resolve() == machine.commands / "docker-compose"
    assert not any(call.startswith("apt-get") for call in machine.calls())


# scripts/other_engines.sh


def test_engines_that_are_there_are_not_fetched_again(machine: Machine) -> None:
    machine.command("runc")
    for suite in ("trixie", "bookworm", "podman5"):
        (machine.checkout / ".cache/engines" / suite).mkdir(parents=True)
        (machine.checkout / ".cache/engines" / suite / "complete").touch()
    assert machine.run("scripts/other_engines.sh").returncode == 0
    assert machine.calls() == []


def test_an_engine_that_was_fetched_by_half_is_fetched_anew(machine: Machine) -> None:
    machine.command("runc")
    machine.command("dpkg")
    machine.command("apt-get", 'case "$*" in *download*docker.io*) touch docker.deb;; *download*) exit 100;; esac')
    done = [machine.run("scripts/other_engines.sh").returncode for _ in range(2)]
    downloads = [call.split("download ")[1].split()[0] for call in machine.calls() if " download " in call]
    assert (done, downloads) == ([100, 100], ["docker.io", "podman", "podman"])


# Makefile and .ci/run


def test_make_explains_every_target_people_use(root: Path) -> None:
    make = ["make", "--no-print-directory", "-C", str(root)]
    shown = subprocess.run(make, capture_output=True, text=True, check=True).stdout
    targets = {line.split()[1] for line in shown.splitlines()}
    assert targets == {
        "help",
        "up",
        "down",
        "test",
        "test-images",
        "test-gpu-image",
        "unit",
        "lint",
        "bench",
        "bench-migrate",
        "wheel",
        "dockerfiles",
        "docs",
        "clean",
    }


@pytest.mark.parametrize(
    ("code", "summary"),
    [(0, "===== 7 passed in 2.00s ====="), (2, "===== 1 failed, 6 passed in 62.01s (0:01:02) =====")],
)
def test_the_last_line_of_ci_is_the_summary(machine: Machine, root: Path, code: int, summary: str) -> None:
    shutil.copytree(root / ".ci", machine.checkout / ".ci")
    trailer = "make: *** [Makefile:26: test] Error 1" if code else ""
    machine.command("make", f"echo '{summary}'\n[ -z '{trailer}' ] || echo '{trailer}' >&2\nexit {code}")
    done = machine.run("bash", ".ci/run")
    assert done.returncode == code
    assert done.stdout.splitlines()[-1] == summary
    assert machine.calls() == ["make test"]
