"""The build context: what is in it, what each value changes, and what no value can change."""

from __future__ import annotations

import configparser
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envkit.model.image import Base, Interpreter, Layout
from envkit.model.release import Bound
from envkit.render import image
from envkit.render.environment import text
from envkit.render.quote import Unsafe
from tests.unit.hostile import HOSTILE
from tests.unit.plans import image_plan, release, suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.artifact import Artifact
    from envkit.model.image import ImagePlan

WORDS = re.compile(r"^(?P<word>[A-Z]+) (?P<rest>.*)$")
PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"

LAYOUT = Layout(
    Interpreter("3.9", "/usr/bin/python3.9", "apt"), Interpreter("3.12", "/usr/local/bin/python3.12", "managed"),
    has_release=False, lock="3.11",
)


def context(plan: ImagePlan) -> dict[str, Artifact]:
    return {one.path: one for one in image.render(plan)}


def dockerfile(plan: ImagePlan) -> str:
    return context(plan)["Dockerfile"].text


def sequence(dockerfile: str) -> list[str]:
    """Return the instruction words in order, as the builder sees them: continued lines are one."""
    joined = re.sub(r"\\[ \t]*\n", " ", image.instructions(dockerfile))
    found = [WORDS.match(line) for line in joined.splitlines()]
    assert all(found), "each line is an instruction"
    return [one["word"] for one in found if one]


def users_command(plan: ImagePlan) -> list[str]:
    """Return the words of the instruction that installs what the user adds from Debian."""
    start = 'RUN ["/opt/envkit/build/install-apt", "--",'
    lines = [line for line in dockerfile(plan).splitlines() if line.startswith(start)]
    words: list[str] = json.loads(lines[-1].removeprefix("RUN "))
    return words


PLAIN = sequence(dockerfile(image_plan()))
WITH_APT = sequence(dockerfile(image_plan(apt=("git",))))
WITH_PYTHON = sequence(dockerfile(image_plan(python=("six",))))


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert image.render(image_plan()) == image.render(image_plan())


def test_the_context_stands_in_order_and_each_path_once() -> None:
    paths = [one.path for one in image.render(image_plan(ca=PEM.format("QUJD"), python=("six",)))]
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
        *(path for path in started if path != "entrypoint"), "bin/entrypoint", "bin/guarded-install",
        "bin/keep-sshd", "bin/listens",
    }


def test_a_name_the_template_was_not_given_is_an_error() -> None:
    with pytest.raises(Exception, match="'release' is undefined"):
        text("debian/Dockerfile.j2", suite="bookworm")


def test_instructions_are_what_is_left_without_comments_and_blank_lines() -> None:
    assert image.instructions("# a\n\nFROM x\n  # b\nRUN y # c\n") == "FROM x\nRUN y # c\n"


def test_a_comment_changes_no_instruction() -> None:
    rendered = dockerfile(image_plan())
    assert image.instructions(rendered.replace("# ", "# so: ")) == image.instructions(rendered)


def test_the_first_line_directs_no_parser() -> None:
    first = dockerfile(image_plan()).splitlines()[0]
    assert re.fullmatch(r"# [A-Z][^=]*", first)


@pytest.mark.parametrize("told", ["syntax=", "--mount", "--chmod", "<<"])
def test_both_builders_read_it(told: str) -> None:
    assert told not in image.instructions(dockerfile(image_plan(apt=("git",), python=("six",))))


def test_the_image_starts_as_nobody_and_ends_with_the_entrypoint() -> None:
    lines = image.instructions(dockerfile(image_plan())).splitlines()
    assert "USER 65534:65534" in lines
    assert lines[-1] == 'ENTRYPOINT ["/opt/envkit/entrypoint"]'


def test_what_the_user_adds_comes_after_everything_that_takes_long() -> None:
    rendered = dockerfile(image_plan(apt=("graphviz",), python=("six",)))
    places = [rendered.index(one) for one in ("/opt/jupyter", "/opt/tensorflow", "graphviz", "requirements.txt /etc")]
    assert places == sorted(places)


def test_more_packages_change_only_the_last_layers() -> None:
    plain = image.instructions(dockerfile(image_plan())).splitlines()
    added = image.instructions(dockerfile(image_plan(python=("six",)))).splitlines()
    shared = next(at for at, (one, other) in enumerate(zip(plain, added, strict=False)) if one != other)
    assert plain[shared].startswith("ENV ")


def test_a_hostile_debian_package_is_refused_or_stays_one_word() -> None:
    for value in HOSTILE:
        with suppress(Unsafe):
            assert users_command(image_plan(apt=(value,))) == ["/opt/envkit/build/install-apt", "--", value]
            assert re.fullmatch(r"[a-z0-9][a-z0-9+.=:~-]*[A-Za-z0-9+]", value)


def test_a_hostile_requirement_is_refused_or_stays_one_line() -> None:
    for value in HOSTILE:
        with suppress(Unsafe):
            made = context(image_plan(python=(value,)))
            assert made["python/requirements.txt"].text == f"{value}\n"
            assert re.fullmatch(r"[A-Za-z0-9].*", value)
            assert sequence(made["Dockerfile"].text) == WITH_PYTHON, value


@pytest.mark.proves("no value changes the sequence of the Dockerfile's instructions", "real")
@pytest.mark.parametrize("changes", [
    lambda value: {"base": Base("debian", value, "", "")},
    lambda value: {"index": value},
    lambda value: {"mirror": value},
    lambda value: {"suite": suite(kex=(value,))},
    lambda value: {"suite": suite(name=value)},
    lambda value: {"release": release(package_cpu=value)},
    lambda value: {"release": release(python=value)},
], ids=["base", "index", "mirror", "key exchange", "suite", "package", "Python"])
def test_a_hostile_base_index_mirror_or_key_exchange_changes_nothing_else(
    changes: Callable[[str], dict[str, Any]],
) -> None:
    for value in HOSTILE:
        with suppress(Unsafe):
            assert sequence(context(image_plan(**changes(value)))["Dockerfile"].text) == PLAIN, value


def test_a_hostile_reason_stays_a_comment() -> None:
    for value in HOSTILE:
        with suppress(Unsafe):
            made = context(image_plan(release=release(bounds=(Bound("protobuf", "<3.20", value),))))
            assert made["python/constraints.txt"].text.splitlines()[-1] == f"protobuf<3.20  # {value}"


@pytest.mark.proves("no value changes the sequence of the Dockerfile's instructions", "real")
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_package_ever_changes_the_sequence_of_instructions(apt: str, python: str) -> None:
    for plan, expected in ((image_plan(apt=(apt,)), WITH_APT), (image_plan(python=(python,)), WITH_PYTHON)):
        try:
            assert sequence(dockerfile(plan)) == expected
        except Unsafe:
            continue


@given(st.from_regex(r"[a-z0-9][a-z0-9+.-]{0,20}[a-z0-9+](=[0-9][A-Za-z0-9.+:~-]{0,10})?", fullmatch=True))
def test_every_valid_debian_package_arrives(package: str) -> None:
    plan = image_plan(apt=(package,))
    assert users_command(plan)[-1] == package
    assert sequence(dockerfile(plan)) == WITH_APT


@given(st.from_regex(r"[a-z][a-z0-9]{0,20}(==[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\.\*)?)?", fullmatch=True))
def test_every_valid_requirement_arrives(requirement: str) -> None:
    made = context(image_plan(python=(requirement,)))
    assert made["python/requirements.txt"].text == f"{requirement}\n"
    assert sequence(made["Dockerfile"].text) == WITH_PYTHON


def test_a_value_is_never_rendered_again() -> None:
    bounds = (Bound("six", "<2", "{{ 7 * 7 }} {% raw %}"),)
    made = context(image_plan(release=release(bounds=bounds)))
    assert "{{ 7 * 7 }} {% raw %}" in made["python/constraints.txt"].text


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
        "http://mirror.example/debian", "http://mirror.example/debian-security",
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


def test_sessions_over_ssh_get_what_the_image_gives() -> None:
    made = context(image_plan())
    sent = re.search(r"^SetEnv (.*)$", made["etc/sshd_config"].text, re.MULTILINE)
    env = re.search(r"^ENV ((?:.*\\\n)*.*)$", made["Dockerfile"].text, re.MULTILINE)
    assert sent
    assert env
    assert sent[1].split() == [one.replace('"', "") for one in env[1].replace("\\\n", "").split()]


def test_each_sshd_directive_stands_once_and_none_is_conditional() -> None:
    lines = context(image_plan())["etc/sshd_config"].text.splitlines()
    names = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert len(names) == len(set(names))
    assert {"Match", "Port", "ListenAddress", "AcceptEnv"}.isdisjoint(names)


def test_sshd_reads_first_what_the_config_changes_from_where_only_envkit_writes() -> None:
    lines = context(image_plan())["etc/sshd_config"].text.splitlines()
    directives = [line for line in lines if line and not line.startswith("#")]
    assert directives[0] == "Include /run/secrets/envkit/sshd_config"


@pytest.mark.parametrize(("openssh", "known"), [("8.4", False), ("9.2", False), ("9.8", True), ("10.0", True)])
def test_nobody_is_locked_out_for_what_others_do_through_the_same_address(openssh: str, known: bool) -> None:
    # An sshd that does not know the directive would not start.
    made = context(image_plan(suite=suite(openssh=openssh)))["etc/sshd_config"].text.splitlines()
    assert ("PerSourcePenalties no" in made) == known


@pytest.mark.parametrize("directive", [
    "PermitRootLogin no", "PasswordAuthentication no", "AuthenticationMethods publickey", "AllowUsers dev",
    "PermitUserEnvironment no", "PermitUserRC no", "AllowAgentForwarding no", "X11Forwarding no", "PermitTunnel no",
    "PermitListen none", "GatewayPorts no", "PermitOpen localhost:* 127.0.0.1:* [::1]:*", "StrictModes yes",
    "AuthorizedKeysFile /run/secrets/envkit/authorized_keys",
])  # fmt: skip
def test_sshd_lets_in_only_mounted_keys_and_forwards_only_to_itself(directive: str) -> None:
    assert directive in context(image_plan())["etc/sshd_config"].text.splitlines()


def test_key_exchanges_are_the_suites_own() -> None:
    made = context(image_plan(suite=suite(kex=("curve25519-sha256", "sntrup761x25519-sha512@openssh.com"))))
    assert "\nKexAlgorithms curve25519-sha256,sntrup761x25519-sha512@openssh.com\n" in made["etc/sshd_config"].text


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


@pytest.mark.parametrize("plan", [
    image_plan(python=("six",), apt=("git",)), image_plan(gpu=True), image_plan(python=("six",), layout=LAYOUT),
    image_plan(layout=replace(LAYOUT, has_release=True)),
])
def test_for_a_login_the_steps_that_install_from_the_index_alone_are_others(plan: ImagePlan) -> None:
    plain, lent = private(plan)
    assert "--mount" not in plain
    mount = "--mount=type=secret,id=netrc,target=/root/.netrc,required=true "
    steps = [line for line in lent.splitlines() if line.startswith("RUN ")]
    assert [mount in line for line in steps] == ["/install-uv" in line or "/install-python" in line for line in steps]
    assert sum(mount in line for line in steps) >= 3
    assert image.instructions(lent).replace(mount, "").replace('ARG NETRC="/root/.netrc"\n', "") == (
        image.instructions(plain)
    )


@pytest.mark.parametrize(("index", "trusted"), [
    ("http://packages.example.com:8080/simple", "packages.example.com:8080"), ("http://[::1]/simple", "[::1]"),
    ("https://packages.example.com/simple", None), ("", None),
])
def test_an_index_without_tls_is_trusted_by_pip_where_it_was_named(index: str, trusted: str | None) -> None:
    parsed = configparser.ConfigParser()
    parsed.read_string(context(image_plan(index=index))["python/pip.conf"].text)
    assert parsed.get("global", "trusted-host", fallback=None) == trusted
