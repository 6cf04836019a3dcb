"""The other scripts behind `make`, on a fake machine."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.fake_machine import Machine, pretend, redirect


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return pretend(tmp_path, root)


# scripts/setup/packages.sh


def test_sudo_keeps_the_proxy_of_the_caller(machine: Machine) -> None:
    machine.command("id", 'case "$1" in -un) echo ada;; *) echo 1000;; esac')
    machine.command("sudo")
    machine.run("scripts/setup/packages.sh", "the tests", "rsync", https_proxy="http://proxy:3128")
    _, update, install = machine.calls()
    assert update.startswith("sudo env https_proxy=http://proxy:3128 env DEBIAN_FRONTEND=noninteractive apt")
    assert install.endswith("install --yes --no-install-recommends rsync")


def test_missing_sudo_is_reported(machine: Machine) -> None:
    machine.command("id", 'case "$1" in -un) echo ada;; *) echo 1000;; esac')
    redirect(machine.checkout / "scripts/lib/common.sh", {"command -v sudo": "command -v missing-sudo"})
    result = machine.run("scripts/setup/packages.sh", "the tests", "rsync")
    assert (result.returncode, machine.calls()) == (3, [])
    assert "sudo is not installed" in result.stderr


def test_only_missing_packages_are_installed(machine: Machine) -> None:
    machine.command("dpkg-query", 'case "$*" in *git) exit 1;; *) printf installed;; esac')
    result = machine.run("scripts/setup/packages.sh", "the tests", "git", "rsync")
    assert result.returncode == 0
    assert machine.calls()[-1].endswith("--no-install-recommends git")


def test_installed_packages_need_no_apt(machine: Machine) -> None:
    machine.command("dpkg-query", "printf installed")
    assert machine.run("scripts/setup/packages.sh", "the tests", "git", "rsync").returncode == 0
    assert machine.calls() == []


def test_failed_package_install_exits_with_3(machine: Machine) -> None:
    machine.command("apt-get", 'case "$*" in *install*) echo "E: no such package" >&2; exit 100;; esac')
    result = machine.run("scripts/setup/packages.sh", "the tests", "rsync")
    assert result.returncode == 3
    assert "E: no such package" in result.stderr
    assert "apt-get could not install rsync" in result.stderr


# scripts/setup/venv.sh

LOCKED = "--require-hashes -r requirements/{}.txt"
EDITABLE = "--no-deps --no-index --no-build-isolation --editable ."


@pytest.fixture
def python(machine: Machine) -> str:
    """Return a fake interpreter whose `-m venv` creates an environment that contains itself."""
    machine.command(
        "fake-python",
        f"""
        case "$*" in
          *'-m venv'*) mkdir -p .venv/bin; ln -sf {machine.commands}/fake-python .venv/bin/python;;
          *pip*--version*) [ -e .venv/bin/python ];;
          --version) echo Python 3.11.0;;
        esac""",
    )
    (machine.checkout / "pyproject.toml").write_text("[project]\n")
    (machine.checkout / "requirements").mkdir()
    for name in ("run", "dev"):
        (machine.checkout / f"requirements/{name}.txt").write_text("docker==7.1.0 --hash=sha256:00\n")
    return str(machine.commands / "fake-python")


def pip_installs(machine: Machine) -> list[str]:
    """Return the arguments of each `pip install`."""
    return [call.split("check ")[1] for call in machine.calls() if "pip install" in call]


@pytest.mark.proves("`make up` creates a virtual environment with envkit", "stand-in")
def test_venv_is_created_once(machine: Machine, python: str) -> None:
    for _ in range(2):
        assert machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python).returncode == 0
    assert pip_installs(machine) == [LOCKED.format("run"), EDITABLE]


def test_changed_project_or_lock_file_updates_the_same_venv(machine: Machine, python: str) -> None:
    machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python)
    for count, name in enumerate(("pyproject.toml", "requirements/run.txt"), 2):
        (machine.checkout / name).write_text("# changed\n")
        machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python)
        assert pip_installs(machine) == [LOCKED.format("run"), EDITABLE] * count, name
    assert sum("-m venv" in call for call in machine.calls()) == 1


def test_moved_checkout_gets_a_new_venv(machine: Machine, python: str) -> None:
    machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python)
    machine.checkout.rename(machine.top / "moved")
    moved = Machine(machine.top, machine.top / "moved", machine.commands)
    assert moved.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python).returncode == 0
    assert sum("-m venv --clear" in call for call in machine.calls()) == 2


def test_dev_installs_the_lock_file_of_development(machine: Machine, python: str) -> None:
    machine.run("scripts/setup/venv.sh", "--dev", ENVKIT_PYTHON=python)
    assert pip_installs(machine) == [LOCKED.format("dev"), EDITABLE]


def test_failed_install_is_retried_by_the_next_run(machine: Machine, python: str) -> None:
    script = Path(python)
    text = script.read_text()
    script.write_text(text + 'case "$*" in *editable*) exit 1;; esac\n')
    assert machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python).returncode == 3
    script.write_text(text)
    assert machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON=python).returncode == 0
    assert len(pip_installs(machine)) == 4


def test_unsuitable_interpreter_is_reported(machine: Machine) -> None:
    result = machine.run("scripts/setup/venv.sh", ENVKIT_PYTHON="/bin/false")
    assert result.returncode == 3
    assert "ENVKIT_PYTHON=/bin/false is not a Python 3.10 or later" in result.stderr


# scripts/setup/quickstart.sh


@pytest.fixture
def envkit(machine: Machine) -> Machine:
    """Return a machine with a fake envkit."""
    machine.command("envkit")
    (machine.checkout / ".venv/bin").mkdir(parents=True)
    (machine.checkout / ".venv/bin/envkit").symlink_to(machine.commands / "envkit")
    return machine


@pytest.mark.proves("`make up` starts a copy of the example", "stand-in")
def test_quickstart_of_a_user_is_in_the_home_folder(envkit: Machine) -> None:
    envkit.command("id", "echo 1000")
    cases: dict[str, dict[str, str]] = {
        f"{envkit.top}/home/envkit-quickstart": {},
        "/nowhere/mine": {"ENVKIT_QUICKSTART": "/nowhere/mine"},
    }
    for folder, env in cases.items():
        assert envkit.run("scripts/setup/quickstart.sh", "up", **env).returncode == 0, folder
        init, up = envkit.calls()[-2:]
        assert init == f"envkit init --from examples/quickstart {folder}"
        assert up == f"envkit up --project {folder}"


PASSWD = r"printf 'root:x:0:\nada:x:1007:\nbo:x:1003:\nnobody:x:65534:\n'"


@pytest.mark.proves("`make up` as root creates the example for an ordinary user", "stand-in")
def test_root_creates_the_quickstart_for_a_user(envkit: Machine) -> None:
    redirect(envkit.checkout / "scripts/setup/quickstart.sh", {"/srv": str(envkit.top)})
    folder = envkit.top / "envkit-quickstart"
    for case, env, passwd, owner in (
        ("the user who called sudo", {"SUDO_UID": "4242"}, PASSWD, 4242),
        ("the first account", {}, PASSWD, 1003),
        ("no account", {"SUDO_UID": "0"}, "echo root:x:0:", 1000),
    ):
        envkit.command("getent", passwd)
        assert envkit.run("scripts/setup/quickstart.sh", "up", **env).returncode == 0, case
        init, up = envkit.calls()[-2:]
        assert init == f"envkit init --from examples/quickstart --owner {owner} {folder}", case
        assert up == f"envkit up --project {folder}", case


def test_next_steps_run_from_any_folder(envkit: Machine) -> None:
    envkit.command("id", "echo 1000")
    envkit.command("envkit", 'if [ "$1" = init ]; then echo "next: envkit up"; else echo up; fi')
    folder = envkit.top / "my example"
    result = envkit.run("scripts/setup/quickstart.sh", "up", ENVKIT_QUICKSTART=str(folder))
    assert "next:" not in result.stdout
    up, heading, *lines = result.stdout.splitlines()
    assert (up, heading) == ("up", "Next steps, from any folder:")
    program = f"{envkit.checkout}/.venv/bin/envkit"
    assert [shlex.split(line)[:2] for line in lines] == [[program, verb] for verb in ("open", "shell", "down")]
    assert all(shlex.split(line)[2:4] == ["--project", str(folder)] for line in lines)


def test_quickstart_passes_the_exit_code_of_up_through(envkit: Machine) -> None:
    envkit.command("envkit", "exit 5")
    result = envkit.run("scripts/setup/quickstart.sh", "up", ENVKIT_QUICKSTART=str(envkit.top))
    assert (result.returncode, result.stdout) == (5, "")


def test_existing_quickstart_is_only_started(envkit: Machine) -> None:
    envkit.run("scripts/setup/quickstart.sh", "up", ENVKIT_QUICKSTART=str(envkit.top))
    assert envkit.calls() == [f"envkit up --project {envkit.top}"]


def test_down_stops_the_quickstart_in_the_same_folder(envkit: Machine) -> None:
    envkit.run("scripts/setup/quickstart.sh", "down", ENVKIT_QUICKSTART=str(envkit.top))
    assert envkit.calls() == [f"envkit down --project {envkit.top}"]


def test_down_without_a_quickstart_succeeds(envkit: Machine) -> None:
    result = envkit.run("scripts/setup/quickstart.sh", "down", ENVKIT_QUICKSTART="/nowhere/mine")
    assert (result.returncode, envkit.calls()) == (0, [])


# scripts/setup/tools.sh


def test_installed_compose_version_2_is_used(machine: Machine) -> None:
    for name in ("git", "ssh", "rsync", "chromium"):
        machine.command(name)
    machine.command("docker-compose", "echo 2.26.1-4")
    plugin = machine.checkout / ".cache/tools/docker/cli-plugins/docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    assert machine.run("scripts/setup/tools.sh").returncode == 0
    tool = machine.checkout / ".cache/tools/bin/docker-compose"
    assert tool.resolve() == machine.commands / "docker-compose"
    assert not any(call.startswith("apt-get") for call in machine.calls())


# scripts/dev/test_engines.sh


def test_downloaded_engines_are_reused(machine: Machine) -> None:
    machine.command("runc")
    for suite in ("trixie", "bookworm", "podman5"):
        (machine.checkout / ".cache/engines" / suite).mkdir(parents=True)
        (machine.checkout / ".cache/engines" / suite / "complete").touch()
    assert machine.run("scripts/dev/test_engines.sh").returncode == 0
    assert machine.calls() == []


def test_incomplete_engine_is_downloaded_again(machine: Machine) -> None:
    machine.command("runc")
    machine.command("dpkg")
    machine.command("apt-get", 'case "$*" in *download*docker.io*) touch docker.deb;; *download*) exit 100;; esac')
    codes = [machine.run("scripts/dev/test_engines.sh").returncode for _ in range(2)]
    downloads = [call.split("download ")[1].split()[0] for call in machine.calls() if " download " in call]
    assert (codes, downloads) == ([100, 100], ["docker.io", "podman", "podman"])


# Makefile and .ci/run


def test_make_help_lists_every_public_target(root: Path) -> None:
    make = ["make", "--no-print-directory", "-C", str(root)]
    output = subprocess.run(make, capture_output=True, text=True, check=True).stdout
    targets = {line.split()[1] for line in output.splitlines()}
    assert targets == {
        "help",
        "up",
        "down",
        "test",
        "test-images",
        "test-gpu-image",
        "unit",
        "lint",
        "lock-dependencies",
        "test-newest",
        "test-oldest",
        "test-pythons",
        "bench",
        "bench-migrate",
        "wheel",
        "dockerfiles",
        "docs",
        "docs-site",
        "clean",
    }


def test_last_line_of_ci_is_the_pytest_summary(machine: Machine, root: Path) -> None:
    shutil.copytree(root / ".ci", machine.checkout / ".ci")
    for code, summary in (
        (0, "===== 7 passed in 2.00s ====="),
        (2, "===== 1 failed, 6 passed in 62.01s (0:01:02) ====="),
    ):
        trailer = "make: *** [Makefile:26: test] Error 1" if code else ""
        machine.command("make", f"echo '{summary}'\n[ -z '{trailer}' ] || echo '{trailer}' >&2\nexit {code}")
        result = machine.run("bash", ".ci/run")
        assert result.returncode == code
        assert result.stdout.splitlines()[-1] == summary
    assert machine.calls() == ["make test"] * 2
