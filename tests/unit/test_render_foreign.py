"""The build context over a foreign base image."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from envkit import catalog
from envkit.model.engine_state import ImageContents
from envkit.model.image import Base, Layout
from envkit.render import build_context
from envkit.render.filters import UnsafeValueError
from envkit.resolve import base_layout
from tests.support.plan_samples import image_plan

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.image import ImagePlan

BULLSEYE = ImageContents("Debian GNU/Linux 11", "bullseye", "apt-get", "glibc", "2.31")
FOCAL = ImageContents("Ubuntu 20.04", "focal", "apt-get", "glibc", "2.31", "3.8.10", "/usr/bin/python3.8", "2.9.0")
PEM = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
MIRROR = "https://mirror.example.com/pythons"


def plan_over(contents: ImageContents, *, managed: str = "", **changes: Any) -> ImagePlan:
    system = catalog.system(contents.codename)
    assert system is not None
    release = catalog.release("2.9.0")
    layout = base_layout.choose_layout(contents, system, release, python_mirror=managed)
    assert isinstance(layout, Layout)
    values = {"base": Base("image", "team/image:1", "sha256:i", "engine"), "suite": system, "release": release}
    return image_plan(**{**values, "layout": layout, **changes})


def context(plan: ImagePlan) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in build_context.render(plan)}


def commands(plan: ImagePlan) -> list[list[str]]:
    """Return the words of every RUN instruction."""
    joined = re.sub(r"\\\n", " ", build_context.strip_comments(context(plan)["Dockerfile"]))
    return [json.loads(line.removeprefix("RUN ")) for line in joined.splitlines() if line.startswith("RUN ")]


def command(plan: ImagePlan, script: str) -> list[str]:
    return next((words[1:] for words in commands(plan) if words[0].endswith(f"/{script}")), [])


def test_the_debian_base_has_no_files_of_foreign_bases() -> None:
    plain = context(image_plan())
    assert not {"build/fix-base-image", "build/configure-user-venv", "etc/jupyter_config.py"} & set(plain)
    assert "RequiredRSASize" in plain["etc/sshd_config"]


def test_every_copied_file_is_in_the_context() -> None:
    for contents in (BULLSEYE, FOCAL):
        files = context(plan_over(contents, ca=PEM, python=("six",)))
        copies = [line.split()[1:-1] for line in files["Dockerfile"].splitlines() if line.startswith("COPY ")]
        assert {path for paths in copies for path in paths} - set(files) == set(), contents.codename


def test_user_program_and_signal_of_the_base_are_replaced() -> None:
    lines = build_context.strip_comments(context(plan_over(BULLSEYE))["Dockerfile"]).splitlines()
    assert lines[:2] == ["FROM team/image:1", "USER 0:0"]
    assert [line for line in lines if line.startswith(("USER", "ENTRYPOINT", "STOPSIGNAL"))][1:] == [
        "USER 65534:65534",
        "STOPSIGNAL SIGTERM",
        'ENTRYPOINT ["/opt/envkit/entrypoint"]',
    ]
    assert ["/opt/envkit/build/fix-base-image"] in commands(plan_over(BULLSEYE))


def test_programs_of_a_published_ssh_port_are_copied() -> None:
    for system in (BULLSEYE, FOCAL):
        copied = " ".join(
            re.findall(r"^COPY (.+) /opt/envkit/$", context(plan_over(system))["Dockerfile"], re.MULTILINE)
        )
        assert {"bin/run-sshd", "bin/check-port"} <= set(copied.split())


def test_the_tensorflow_of_the_base_is_used_with_constraints() -> None:
    plan = plan_over(FOCAL)
    created = next(words for words in commands(plan) if words[1:2] == ["/opt/tensorflow"])
    assert created[2:] == ["3.8", "/usr/bin/python3.8", "--system-site-packages"]
    installed = next(words for words in commands(plan) if words[1:3] == ["python3.8", "/opt/tensorflow"])
    assert "protobuf>=3.19.6,<3.21" in installed
    assert not [word for word in installed if word.startswith("tensorflow")]
    assert command(plan, "configure-user-venv") == ["3.8", "/usr/bin/python3.8", "true"]


def test_a_missing_tensorflow_is_installed() -> None:
    plan = plan_over(BULLSEYE)
    assert any("tensorflow-cpu==2.9.0" in words for words in commands(plan))
    assert command(plan, "configure-user-venv") == ["3.9", "/usr/bin/python3.9", "false"]


def test_a_server_on_an_old_python_is_mitigated() -> None:
    cases: tuple[tuple[str, list[str], bool], ...] = (
        ("", [], True),
        ("default", ["3.12"], False),
        (MIRROR, ["3.12", MIRROR], False),
    )
    for managed, arguments, mitigated in cases:
        plan = plan_over(BULLSEYE, managed=managed)
        files = context(plan)
        assert command(plan, "fetch-python") == arguments, managed
        assert ("etc/jupyter_config.py" in files) == mitigated, managed
        assert ("COPY etc/jupyter_config.py" in files["Dockerfile"]) == mitigated, managed
        assert ("COPY python/jupyter-3.9.txt" in files["Dockerfile"]) == mitigated, managed


def test_the_server_has_the_same_parts_on_every_python(root: Path) -> None:
    for version in base_layout.LOCKED_PYTHONS:
        lock = (root / f"templates/image/python/jupyter-{version}.txt").read_text()
        for package in ("jupyterlab", "jupyter-server-proxy", "jupyterlab-widgets", "jedi==0.19"):
            assert re.search(rf"^{re.escape(package)}[=.]", lock, re.MULTILINE), (version, package)


def test_each_old_python_has_a_lock_with_hashes() -> None:
    for version in base_layout.LOCKED_PYTHONS:
        codename = {"3.8": "focal", "3.10": "jammy"}.get(version, "bullseye")
        text = context(plan_over(replace(BULLSEYE, codename=codename)))[f"python/jupyter-{version}.txt"]
        pinned = set(re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE))
        assert {"jupyter-server", "jupyterlab", "jupyter-server-proxy"} <= pinned, version
        assert not {"rfc3987-syntax", "isoduration"} & pinned, version


def test_an_old_sshd_has_no_unsupported_settings() -> None:
    sshd_config = context(plan_over(BULLSEYE))["etc/sshd_config"]
    assert "RequiredRSASize" not in sshd_config
    assert "PubkeyAcceptedKeyTypes ssh-ed25519" in sshd_config
    assert "PubkeyAcceptedAlgorithms" not in sshd_config


def test_an_end_of_life_system_uses_the_archive() -> None:
    lunar = replace(BULLSEYE, codename="lunar", python="3.10.1", python_path="/usr/local/bin/python3.10")
    assert command(plan_over(lunar), "fix-base-image") == ["http://old-releases.ubuntu.com/ubuntu"]
    assert command(plan_over(FOCAL), "fix-base-image") == []
    assert "build/apt-sources" not in context(plan_over(FOCAL))


def test_a_gpu_request_of_the_base_is_overridden() -> None:
    assert 'ENV NVIDIA_VISIBLE_DEVICES="void" \\' in context(plan_over(FOCAL))["Dockerfile"]


def test_an_invalid_image_reference_is_refused() -> None:
    for ref in ("team/image:1\nRUN id", "team/image AS x", "$BASE", "--platform=x team/image", "Team"):
        with pytest.raises(UnsafeValueError):
            build_context.render(plan_over(BULLSEYE, base=Base("image", ref, "", "engine")))


def test_an_image_reference_with_capitals_is_unchanged() -> None:
    for ref in ("team/image:V1.0_x", "my_team/image", "Registry.example.com:5000/team/image:1"):
        files = context(plan_over(BULLSEYE, base=Base("image", ref, "", "engine")))
        assert f"\nFROM {ref}\n" in files["Dockerfile"], ref


def test_an_invalid_python_mirror_is_refused() -> None:
    with pytest.raises(UnsafeValueError):
        build_context.render(plan_over(BULLSEYE, managed="https://mirror.example.com/\nRUN id"))
