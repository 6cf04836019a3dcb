"""The build context: its files, and the effect of each value of the plan."""

from __future__ import annotations

import configparser
import json
import re
from dataclasses import replace

import pytest

from envkit.model.image import Interpreter, Layout
from envkit.render import build_context
from envkit.render.jinja import render_template
from tests.support.build_contexts import context, dockerfile
from tests.support.plan_samples import image_plan, release

PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"

LAYOUT = Layout(
    Interpreter("3.9", "/usr/bin/python3.9", "apt"),
    Interpreter("3.12", "/usr/local/bin/python3.12", "managed"),
    has_release=False,
    lock="3.11",
)


def test_equal_plans_give_equal_bytes() -> None:
    assert build_context.render(image_plan()) == build_context.render(image_plan())


def test_paths_are_sorted_and_unique() -> None:
    paths = [artifact.path for artifact in build_context.render(image_plan(ca=PEM.format("QUJD"), python=("six",)))]
    assert paths == sorted(set(paths))


def test_the_dockerfile_copies_exactly_the_context() -> None:
    for mirror in ("", "http://mirror.example/debian"):
        plan = image_plan(ca=PEM.format("QUJD"), apt=("git",), python=("six",), mirror=mirror)
        copies = re.findall(r"^COPY (.+) \S+$", dockerfile(plan), re.MULTILINE)
        copied = {path for paths in copies for path in paths.split()}
        assert copied == set(context(plan)) - {"Dockerfile"}, mirror


def test_only_programs_are_executable_and_no_file_is_writable() -> None:
    files = context(image_plan())
    assert all(artifact.mode & 0o022 == 0 for artifact in files.values())
    scripts = set(re.findall(r'"/opt/envkit/(build/[a-z-]+|entrypoint)"', dockerfile(image_plan())))
    assert {path for path, artifact in files.items() if artifact.mode & 0o111} == {
        *(path for path in scripts if path != "entrypoint"),
        "bin/check-port",
        "bin/entrypoint",
        "bin/pip-wrapper",
        "bin/run-sshd",
        "build/link-duplicates",
    }


def test_a_missing_template_value_is_an_error() -> None:
    with pytest.raises(Exception, match="'release' is undefined"):
        render_template("debian/Dockerfile.j2", suite="bookworm")


def test_comments_and_blank_lines_are_stripped() -> None:
    assert build_context.strip_comments("# a\n\nFROM x\n  # b\nRUN y # c\n") == "FROM x\nRUN y # c\n"


def test_comments_do_not_change_instructions() -> None:
    rendered = dockerfile(image_plan())
    assert build_context.strip_comments(rendered.replace("# ", "# so: ")) == build_context.strip_comments(rendered)


def test_the_first_line_is_not_a_parser_directive() -> None:
    first = dockerfile(image_plan()).splitlines()[0]
    assert re.fullmatch(r"# [A-Z][^=]*", first)


def test_the_dockerfile_needs_no_buildkit_syntax() -> None:
    rendered = build_context.strip_comments(dockerfile(image_plan(apt=("git",), python=("six",))))
    for syntax in ("syntax=", "--mount", "--chmod", "<<"):
        assert syntax not in rendered, syntax


def test_the_image_runs_the_entrypoint_unprivileged() -> None:
    lines = build_context.strip_comments(dockerfile(image_plan())).splitlines()
    assert "USER 65534:65534" in lines
    assert lines[-1] == 'ENTRYPOINT ["/opt/envkit/entrypoint"]'


def test_user_packages_come_after_slow_layers() -> None:
    rendered = dockerfile(image_plan(apt=("graphviz",), python=("six",)))
    fragments = ("/opt/jupyter", "/opt/tensorflow", "graphviz", "requirements.txt /etc")
    offsets = [rendered.index(fragment) for fragment in fragments]
    assert offsets == sorted(offsets)


def test_python_packages_change_only_the_last_layers() -> None:
    plain = build_context.strip_comments(dockerfile(image_plan())).splitlines()
    extended = build_context.strip_comments(dockerfile(image_plan(python=("six",)))).splitlines()
    first_difference = next(old for old, new in zip(plain, extended, strict=False) if old != new)
    assert first_difference.startswith("ENV ")


def test_constraints_have_reasons_and_pin_tensorflow() -> None:
    rendered = context(image_plan())["python/constraints.txt"].text
    assert "protobuf>=3.19.6,<3.20  # protobuf 4 stops the import" in rendered
    assert "\ntensorflow==2.9.0  # " in rendered
    assert "\ntensorflow-cpu==2.9.0  # " in rendered


def test_a_python_of_the_suite_is_not_borrowed() -> None:
    native = release(python="3.11", python_suite="bookworm")
    files = context(image_plan(release=native))
    assert "apt/borrowed.pref" not in files
    assert "bullseye" not in files["Dockerfile"].text
    assert "--borrow" not in files["Dockerfile"].text


def test_only_python_is_borrowed_from_the_older_suite() -> None:
    pinned = context(image_plan())["apt/borrowed.pref"].text
    blocks = pinned.split("\n\n")
    assert "Package: *\nPin: release n=bullseye*\nPin-Priority: -1" in blocks[0]
    assert "Pin-Priority: 100" in blocks[1]
    assert "python3.9" in blocks[1]


def test_security_updates_are_installed_on_every_base() -> None:
    rendered = context(image_plan(mirror="http://mirror.example/debian"))["apt/debian.sources"].text
    assert "Suites: bookworm bookworm-updates\n" in rendered
    assert "Suites: bookworm-security\n" in rendered
    for plan in (image_plan(), image_plan(mirror="http://mirror.example/debian")):
        assert '"--upgrade"' in dockerfile(plan)


def test_without_a_mirror_the_bases_own_is_kept() -> None:
    files = context(image_plan())
    assert not {"apt/debian.sources", "apt/borrowed.sources"} & set(files)
    assert 'apt-sources", "bookworm"]' in files["Dockerfile"].text
    assert 'apt-sources", "--add", "bullseye"]' in files["Dockerfile"].text


def test_a_mirror_replaces_both_archives() -> None:
    rendered = context(image_plan(mirror="http://mirror.example/debian/"))["apt/debian.sources"].text
    assert set(re.findall(r"^URIs: (.*)$", rendered, re.MULTILINE)) == {
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    }


def test_pip_and_uv_use_the_same_index() -> None:
    files = context(image_plan(index="https://index.example/simple"))
    parser = configparser.RawConfigParser()
    parser.read_string(files["python/pip.conf"].text)
    assert parser["global"]["index-url"] == "https://index.example/simple"
    assert 'url = "https://index.example/simple"\ndefault = true' in files["python/uv.toml"].text


def test_only_certificates_are_extracted_each_once() -> None:
    first, second = PEM.format("QUJD"), PEM.format("REVG")
    key = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n"
    files = context(image_plan(ca=f"# company\n{first}{key}{second}{first}"))
    assert files["ca/extra.pem"].text == first + second


def test_no_certificates_are_copied_without_any() -> None:
    assert "ca/" not in dockerfile(image_plan(ca="no certificate here"))


def test_the_kernel_runs_in_the_users_environment() -> None:
    spec = json.loads(context(image_plan())["share/kernel.json"].text)
    assert spec["argv"][0] == "/home/dev/.local/share/envkit/tensorflow-2.9.0-py3.9/bin/python"
    assert spec["display_name"] == "TensorFlow 2.9.0 (Python 3.9)"


def test_a_gpu_plan_installs_the_gpu_package() -> None:
    assert '"tensorflow-cpu==2.9.0"' in dockerfile(image_plan())
    assert '"tensorflow==2.9.0"' in dockerfile(image_plan(gpu=True))


def test_packages_of_envkit_are_pinned_with_hashes() -> None:
    files = context(image_plan())
    for path in ("python/jupyter-requirements.txt", "python/uv-requirements.txt"):
        joined = re.sub(r"\\\n", "", files[path].text)
        lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
        assert lines, path
        for line in lines:
            assert re.fullmatch(r"[a-z0-9-]+==\S+(\s+--hash=sha256:[0-9a-f]{64})+", line), (path, line)


def test_slow_format_checkers_are_not_installed() -> None:
    rendered = context(image_plan())["python/jupyter-requirements.txt"].text
    assert not re.search(r"^(rfc3987-syntax|isoduration)==", rendered, re.MULTILINE)


def test_the_server_config_is_the_same_in_every_image() -> None:
    path = "etc/jupyter_server_config.py"
    plain = context(image_plan())[path].text
    extended = context(image_plan(apt=("git",), python=("six",), index="https://index.example/simple"))[path].text
    assert extended == plain
    compile(plain, "jupyter_server_config.py", "exec")


def test_an_index_login_is_mounted_only_for_its_steps() -> None:
    mount = "--mount=type=secret,id=netrc,target=/root/.netrc,required=true "
    for plan in (
        image_plan(python=("six",), apt=("git",)),
        image_plan(gpu=True),
        image_plan(python=("six",), layout=LAYOUT),
        image_plan(layout=replace(LAYOUT, has_release=True)),
    ):
        public, private = dockerfile(plan), dockerfile(replace(plan, private_index=True))
        assert "--mount" not in public
        steps = [line for line in private.splitlines() if line.startswith("RUN ")]
        for step in steps:
            assert (mount in step) == ("/install-uv" in step or "/install-python" in step), step
        assert sum(mount in step for step in steps) >= 3
        without_login = (
            build_context.strip_comments(private).replace(mount, "").replace('ARG NETRC="/root/.netrc"\n', "")
        )
        assert without_login == build_context.strip_comments(public)


def test_pip_trusts_an_index_without_tls() -> None:
    cases: tuple[tuple[str, str | None], ...] = (
        ("http://packages.example.com:8080/simple", "packages.example.com:8080"),
        ("http://[::1]/simple", "[::1]"),
        ("https://packages.example.com/simple", None),
        ("", None),
    )
    for index, trusted_host in cases:
        parser = configparser.ConfigParser()
        parser.read_string(context(image_plan(index=index))["python/pip.conf"].text)
        assert parser.get("global", "trusted-host", fallback=None) == trusted_host, index
