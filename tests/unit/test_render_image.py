"""The build context: what is in it, and what each value changes."""

from __future__ import annotations

import configparser
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit.model.image import Interpreter, Layout
from envkit.render import build_context
from envkit.render.jinja import render_template
from tests.unit.contexts import context, dockerfile
from tests.unit.plans import image_plan, release

if TYPE_CHECKING:
    from envkit.model.image import ImagePlan

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"

LAYOUT = Layout(
    Interpreter("3.9", "/usr/bin/python3.9", "apt"),
    Interpreter("3.12", "/usr/local/bin/python3.12", "managed"),
    has_release=False,
    lock="3.11",
)


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert build_context.render(image_plan()) == build_context.render(image_plan())


def test_the_context_stands_in_order_and_each_path_once() -> None:
    paths = [one.path for one in build_context.render(image_plan(ca=PEM.format("QUJD"), python=("six",)))]
    assert paths == sorted(set(paths))


def test_every_file_that_is_copied_is_in_the_context_and_the_other_way_round() -> None:
    plan = image_plan(ca=PEM.format("QUJD"), apt=("git",), python=("six",))
    copies = re.findall(r"^COPY (.+) \S+$", dockerfile(plan), re.MULTILINE)
    copied = {path for paths in copies for path in paths.split()}
    assert copied == set(context(plan)) - {"Dockerfile"}


def test_nothing_is_writable_by_others_and_what_is_started_is_executable() -> None:
    made = context(image_plan())
    assert all(one.mode & 0o022 == 0 for one in made.values())
    started = set(re.findall(r'"/opt/envkit/(build/[a-z-]+|entrypoint)"', dockerfile(image_plan())))
    assert {path for path, one in made.items() if one.mode & 0o111} == {
        *(path for path in started if path != "entrypoint"),
        "bin/entrypoint",
        "bin/guarded-install",
        "bin/keep-sshd",
        "bin/listens",
    }


def test_a_name_the_template_was_not_given_is_an_error() -> None:
    with pytest.raises(Exception, match="'release' is undefined"):
        render_template("debian/Dockerfile.j2", suite="bookworm")


def test_instructions_are_what_is_left_without_comments_and_blank_lines() -> None:
    assert build_context.strip_comments("# a\n\nFROM x\n  # b\nRUN y # c\n") == "FROM x\nRUN y # c\n"


def test_a_comment_changes_no_instruction() -> None:
    rendered = dockerfile(image_plan())
    assert build_context.strip_comments(rendered.replace("# ", "# so: ")) == build_context.strip_comments(rendered)


def test_the_first_line_directs_no_parser() -> None:
    first = dockerfile(image_plan()).splitlines()[0]
    assert re.fullmatch(r"# [A-Z][^=]*", first)


@pytest.mark.parametrize("told", ["syntax=", "--mount", "--chmod", "<<"])
def test_both_builders_read_it(told: str) -> None:
    assert told not in build_context.strip_comments(dockerfile(image_plan(apt=("git",), python=("six",))))


def test_the_image_starts_as_nobody_and_ends_with_the_entrypoint() -> None:
    lines = build_context.strip_comments(dockerfile(image_plan())).splitlines()
    assert "USER 65534:65534" in lines
    assert lines[-1] == 'ENTRYPOINT ["/opt/envkit/entrypoint"]'


def test_what_the_user_adds_comes_after_everything_that_takes_long() -> None:
    rendered = dockerfile(image_plan(apt=("graphviz",), python=("six",)))
    places = [rendered.index(one) for one in ("/opt/jupyter", "/opt/tensorflow", "graphviz", "requirements.txt /etc")]
    assert places == sorted(places)


def test_more_packages_change_only_the_last_layers() -> None:
    plain = build_context.strip_comments(dockerfile(image_plan())).splitlines()
    added = build_context.strip_comments(dockerfile(image_plan(python=("six",)))).splitlines()
    shared = next(at for at, (one, other) in enumerate(zip(plain, added, strict=False)) if one != other)
    assert plain[shared].startswith("ENV ")


def test_constraints_carry_each_bound_with_its_reason_and_tensorflow_itself() -> None:
    rendered = context(image_plan())["python/constraints.txt"].text
    assert "protobuf>=3.19.6,<3.20  # protobuf 4 stops the import" in rendered
    assert "\ntensorflow==2.9.0  # " in rendered
    assert "\ntensorflow-cpu==2.9.0  # " in rendered


def test_a_python_of_the_suite_itself_is_not_borrowed() -> None:
    native = release(python="3.11", python_suite="bookworm")
    made = context(image_plan(release=native))
    assert "apt/borrowed.pref" not in made
    assert "bullseye" not in made["apt/debian.sources"].text
    assert "--borrow" not in made["Dockerfile"].text


def test_only_the_borrowed_python_comes_from_the_older_release() -> None:
    pinned = context(image_plan())["apt/borrowed.pref"].text
    blocks = pinned.split("\n\n")
    assert "Package: *\nPin: release n=bullseye*\nPin-Priority: -1" in blocks[0]
    assert "Pin-Priority: 100" in blocks[1]
    assert "python3.9" in blocks[1]


def test_security_updates_come_in_whatever_the_base_brought() -> None:
    rendered = context(image_plan())["apt/debian.sources"].text
    assert "Suites: bookworm bookworm-updates\n" in rendered
    assert "Suites: bookworm-security\n" in rendered
    assert '"--upgrade"' in dockerfile(image_plan())


def test_a_mirror_serves_both_archives() -> None:
    rendered = context(image_plan(mirror="http://mirror.example/debian/"))["apt/debian.sources"].text
    assert set(re.findall(r"^URIs: (.*)$", rendered, re.MULTILINE)) == {
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    }


def test_an_index_is_asked_by_pip_and_uv_alike() -> None:
    made = context(image_plan(index="https://index.example/simple"))
    parsed = configparser.RawConfigParser()
    parsed.read_string(made["python/pip.conf"].text)
    assert parsed["global"]["index-url"] == "https://index.example/simple"
    assert 'url = "https://index.example/simple"\ndefault = true' in made["python/uv.toml"].text


def test_certificates_are_taken_once_each_and_nothing_else_with_them() -> None:
    first, second = PEM.format("QUJD"), PEM.format("REVG")
    key = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"
    made = context(image_plan(ca=f"# company\n{first}{key}{second}{first}"))
    assert made["ca/extra.pem"].text == first + second


def test_without_certificates_none_are_copied() -> None:
    assert "ca/" not in dockerfile(image_plan(ca="no certificate here"))


def test_the_kernel_runs_in_the_users_own_layer() -> None:
    spec = json.loads(context(image_plan())["share/kernel.json"].text)
    assert spec["argv"][0] == "/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9/bin/python"
    assert spec["display_name"] == "TensorFlow 2.9.0 (Python 3.9)"


def test_a_gpu_changes_the_package_of_tensorflow() -> None:
    assert '"tensorflow-cpu==2.9.0"' in dockerfile(image_plan())
    assert '"tensorflow==2.9.0"' in dockerfile(image_plan(gpu=True))


@pytest.mark.parametrize("path", ["python/jupyter-requirements.txt", "python/uv-requirements.txt"])
def test_what_envkit_itself_installs_is_pinned_with_hashes(path: str) -> None:
    rendered = re.sub(r"\\\n", "", context(image_plan())[path].text)
    lines = [line for line in rendered.splitlines() if line and not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+(\s+--hash=sha256:[0-9a-f]{64})+", line) for line in lines)


def test_the_slow_checkers_of_formats_are_left_out() -> None:
    rendered = context(image_plan())["python/jupyter-requirements.txt"].text
    assert not re.search(r"^(rfc3987-syntax|isoduration)==", rendered, re.MULTILINE)


def test_no_secret_and_no_setting_of_one_workspace_is_in_the_servers_config() -> None:
    one = context(image_plan())["etc/jupyter_server_config.py"].text
    other = context(image_plan(apt=("git",), python=("six",), index="https://index.example/simple"))
    assert other["etc/jupyter_server_config.py"].text == one
    compile(one, "jupyter_server_config.py", "exec")


def private(plan: ImagePlan) -> tuple[str, str]:
    """Return a Dockerfile as it is, and for an index that asks for a login."""
    return dockerfile(plan), dockerfile(replace(plan, private_index=True))


@pytest.mark.parametrize(
    "plan",
    [
        image_plan(python=("six",), apt=("git",)),
        image_plan(gpu=True),
        image_plan(python=("six",), layout=LAYOUT),
        image_plan(layout=replace(LAYOUT, has_release=True)),
    ],
)
def test_for_a_login_the_steps_that_install_from_the_index_alone_are_others(plan: ImagePlan) -> None:
    plain, lent = private(plan)
    assert "--mount" not in plain
    mount = "--mount=type=secret,id=netrc,target=/root/.netrc,required=true "
    steps = [line for line in lent.splitlines() if line.startswith("RUN ")]
    assert [mount in line for line in steps] == ["/install-uv" in line or "/install-python" in line for line in steps]
    assert sum(mount in line for line in steps) >= 3
    assert build_context.strip_comments(lent).replace(mount, "").replace('ARG NETRC="/root/.netrc"\n', "") == (
        build_context.strip_comments(plain)
    )


@pytest.mark.parametrize(
    ("index", "trusted"),
    [
        ("http://packages.example.com:8080/simple", "packages.example.com:8080"),
        ("http://[::1]/simple", "[::1]"),
        ("https://packages.example.com/simple", None),
        ("", None),
    ],
)
def test_an_index_without_tls_is_trusted_by_pip_where_it_was_named(index: str, trusted: str | None) -> None:
    parsed = configparser.ConfigParser()
    parsed.read_string(context(image_plan(index=index))["python/pip.conf"].text)
    assert parsed.get("global", "trusted-host", fallback=None) == trusted
