"""The build context over an image that somebody else made: what it takes from Debian's, what it has of its own."""

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
from tests.unit.plans import image_plan

if TYPE_CHECKING:
    from pathlib import Path

    from envkit.model.image import ImagePlan

BULLSEYE = ImageContents("Debian GNU/Linux 11", "bullseye", "apt-get", "glibc", "2.31")
FOCAL = ImageContents("Ubuntu 20.04", "focal", "apt-get", "glibc", "2.31", "3.8.10", "/usr/bin/python3.8", "2.9.0")
MIRROR = "https://mirror.example.com/pythons"


def over(inside: ImageContents, *, managed: str = "", **changes: Any) -> ImagePlan:
    system = catalog.system(inside.codename)
    assert system is not None
    release = catalog.release("2.9.0")
    layout = base_layout.choose_layout(inside, system, release, python_mirror=managed)
    assert isinstance(layout, Layout)
    given = {"base": Base("image", "team/image:1", "sha256:i", "engine"), "suite": system, "release": release}
    return image_plan(**{**given, "layout": layout, **changes})


def context(plan: ImagePlan) -> dict[str, str]:
    return {one.path: one.text for one in build_context.render(plan)}


def commands(plan: ImagePlan) -> list[list[str]]:
    """Return the words of every RUN, by the first of which they are known."""
    joined = re.sub(r"\\\n", " ", build_context.strip_comments(context(plan)["Dockerfile"]))
    return [json.loads(line.removeprefix("RUN ")) for line in joined.splitlines() if line.startswith("RUN ")]


def command(plan: ImagePlan, script: str) -> list[str]:
    return next((words[1:] for words in commands(plan) if words[0].endswith(f"/{script}")), [])


def test_a_debian_without_a_layout_has_none_of_this() -> None:
    plain = context(image_plan())
    assert not {"build/update-image", "build/settle-layer", "etc/jupyter_config.py"} & set(plain)
    assert "RequiredRSASize" in plain["etc/sshd_config"]


@pytest.mark.parametrize("inside", [BULLSEYE, FOCAL])
def test_every_file_that_is_copied_is_in_the_context(inside: ImageContents) -> None:
    made = context(over(inside, ca="-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n", python=("six",)))
    copied = [words.split()[1:-1] for words in made["Dockerfile"].splitlines() if words.startswith("COPY ")]
    assert {path for paths in copied for path in paths} <= set(made)


def test_the_images_own_user_program_and_signal_do_not_count() -> None:
    lines = build_context.strip_comments(context(over(BULLSEYE))["Dockerfile"]).splitlines()
    assert lines[:2] == ["FROM team/image:1", "USER 0:0"]
    assert [line for line in lines if line.startswith(("USER", "ENTRYPOINT", "STOPSIGNAL"))][1:] == [
        "USER 65534:65534",
        "STOPSIGNAL SIGTERM",
        'ENTRYPOINT ["/opt/envkit/entrypoint"]',
    ]
    assert commands(over(BULLSEYE))[0] == ["/opt/envkit/build/update-image"]


def test_the_tensorflow_of_the_image_is_used_with_its_constraints() -> None:
    plan = over(FOCAL)
    laid = next(words for words in commands(plan) if words[1:2] == ["/opt/tensorflow"])
    assert laid[2:] == ["3.8", "/usr/bin/python3.8", "--system-site-packages"]
    installed = next(words for words in commands(plan) if words[1:3] == ["python3.8", "/opt/tensorflow"])
    assert "protobuf>=3.19.6,<3.20" in installed
    assert not [word for word in installed if word.startswith("tensorflow")]
    assert command(plan, "settle-layer") == ["3.8", "/usr/bin/python3.8", "true"]


def test_a_tensorflow_that_is_not_there_is_installed() -> None:
    plan = over(BULLSEYE)
    assert any("tensorflow-cpu==2.9.0" in words for words in commands(plan))
    assert command(plan, "settle-layer") == ["3.9", "/usr/bin/python3.9", "false"]


@pytest.mark.parametrize(
    ("managed", "fetched", "mitigated"),
    [
        ("", [], True),
        ("default", ["3.12"], False),
        (MIRROR, ["3.12", MIRROR], False),
    ],
)
def test_a_server_on_an_old_python_is_mitigated_where_no_newer_one_can_be_had(
    managed: str, fetched: list[str], mitigated: bool
) -> None:
    plan = over(BULLSEYE, managed=managed)
    assert command(plan, "fetch-python") == fetched
    assert ("etc/jupyter_config.py" in context(plan)) == mitigated
    assert ("COPY etc/jupyter_config.py" in context(plan)["Dockerfile"]) == mitigated
    assert ("COPY python/jupyter-3.9.txt" in context(plan)["Dockerfile"]) == mitigated


@pytest.mark.parametrize("version", base_layout.LOCKED_PYTHONS)
def test_the_server_has_the_same_parts_on_every_python(root: Path, version: str) -> None:
    lock = (root / f"templates/image/python/jupyter-{version}.txt").read_text()
    for part in ("jupyterlab", "jupyter-server-proxy", "jupyterlab-widgets", "jedi==0.19"):
        assert re.search(rf"^{re.escape(part)}[=.]", lock, re.MULTILINE), part


@pytest.mark.parametrize("version", base_layout.LOCKED_PYTHONS)
def test_each_old_python_has_a_lock_with_hashes(version: str) -> None:
    lock = context(over(replace(BULLSEYE, codename={"3.8": "focal", "3.10": "jammy"}.get(version, "bullseye"))))
    text = lock[f"python/jupyter-{version}.txt"]
    pinned = re.findall(r"^([a-z0-9-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert {"jupyter-server", "jupyterlab", "jupyter-server-proxy"} <= set(pinned)
    assert not {"rfc3987-syntax", "isoduration"} & set(pinned)


def test_an_old_sshd_gets_no_setting_that_it_lacks() -> None:
    old = context(over(BULLSEYE))["etc/sshd_config"]
    assert "RequiredRSASize" not in old
    assert "PubkeyAcceptedKeyTypes ssh-ed25519" in old
    assert "PubkeyAcceptedAlgorithms" not in old


def test_a_system_past_its_end_gets_its_packages_where_they_were_moved() -> None:
    assert "archive.debian.org" not in context(over(BULLSEYE))["apt/debian.sources"]
    lunar = replace(BULLSEYE, codename="lunar", python="3.10.1", python_path="/usr/local/bin/python3.10")
    assert command(over(lunar), "update-image") == ["http://old-releases.ubuntu.com/ubuntu"]
    assert command(over(FOCAL), "update-image") == []
    assert "apt/debian.sources" not in context(over(FOCAL))


def test_no_gpu_is_taken_by_the_wish_of_the_image() -> None:
    assert 'ENV NVIDIA_VISIBLE_DEVICES="void" \\' in context(over(FOCAL))["Dockerfile"]


@pytest.mark.parametrize("ref", ["team/image:1\nRUN id", "team/image AS x", "$BASE", "--platform=x team/image", "Team"])
def test_a_reference_that_is_none_reaches_no_dockerfile(ref: str) -> None:
    with pytest.raises(UnsafeValueError):
        build_context.render(over(BULLSEYE, base=Base("image", ref, "", "engine")))


@pytest.mark.parametrize("ref", ["team/image:V1.0_x", "my_team/image", "Registry.example.com:5000/team/image:1"])
def test_a_reference_with_capitals_where_they_may_be_is_kept(ref: str) -> None:
    made = context(over(BULLSEYE, base=Base("image", ref, "", "engine")))
    assert f"\nFROM {ref}\n" in made["Dockerfile"]


def test_a_mirror_that_is_none_reaches_no_dockerfile() -> None:
    with pytest.raises(UnsafeValueError):
        build_context.render(over(BULLSEYE, managed="https://mirror.example.com/\nRUN id"))
