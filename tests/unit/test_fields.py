"""Rules of single values: accepted and refused values of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from envkit.config import display, env_vars, fields, limits, packages, paths, urls
from envkit.config.invalid_value import InvalidValueError
from tests.support.hostile_values import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

# Accepted values by rule.
ACCEPTED: dict[Callable[[Any], object], list[Any]] = {
    fields.environment_name: ["a", "vision", "9_lives-2", "a" * 41],
    fields.release: ["2.9", "2.9.0", "2.15.0.post1", "3.14.15"],
    fields.base: [
        "official",
        "debian",
        "auto",
        "ubuntu:22.04",
        "tensorflow/tensorflow:2.9.0-gpu-jupyter",
        "registry.example.com:5000/a/b__c/d-e.f:v1_2",
        "localhost/x",
        "registry:5000/x",
        "debian@sha256:" + "0" * 64,
        "debian:bookworm@sha256:" + "f" * 64,
    ],
    fields.port: [1024, 8888, 65535],
    fields.key_exchanges: ["default", "pq-only"],
    fields.network_mode: ["bridge", "none"],
    limits.size: ["1m", "512m", "16g", "16G", "512M"],
    limits.memory: ["512m", "1g", "600M"],
    limits.shared_memory: ["64m", "1G"],
    limits.processors: [1, 4, 0.5, 0.01, 4096],
    limits.processes: [64, 4096, 4_194_304],
    paths.key_files: [("a.pub",)],
    urls.url: [
        "https://packages.example.com/simple",
        "http://10.0.0.1:3128",
        "https://a.b/c%20d/~e+f/",
        "https://h:65535/",
        "http://[fd00::1]:8080/x",
    ],
    urls.mirror: ["https://mirror.example.com/debian", "http://[fd00::1]:8080/debian/"],
    urls.proxy: ["auto", "off", "http://proxy.example.com:3128"],
    urls.pool: ["10.183.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "172.31.255.0/24", "192.168.0.0/16"],
    fields.volume_name: ["cache", "c", "a_b-c9", "home2"],
    env_vars.variable: ["A", "_x", "TF_CPP_MIN_LOG_LEVEL", "PYTHONPATH", "path_x", "A" * 128],
    env_vars.secret_name: ["WANDB_API_KEY", "A"],
    env_vars.public_variable: [
        "TOKENIZERS_PARALLELISM",
        "MAX_TOKENS",
        "DB_PASSWORD_FILE",
        "KEYBOARD",
        "PRIVATE",
        "SECRETARY",
        "PIPELINE_X",
        "PROXY",
    ],
    env_vars.variable_value: ["", "1", "a b\tc", "$HOME ${X} 'q' \"d\" \\", "ä💡", "x" * 32 * 1024],
    packages.apt_package: [
        "graphviz",
        "g++",
        "libc6-dev",
        "python3.9",
        "graphviz=2.42.2-7+deb12u1",
        "0ad",
        "xz-utils=1:2~3",
    ],
    packages.requirement: [
        "pandas",
        "pandas==1.4.*",
        "a[b,c]>=1,<2",
        'x; python_version < "3.10"',
        "x ~= 1.0",
        "X.y-z_1",
        "x===1.0+cpu",
    ],
    paths.host_path: [".", "~", "~/a b", "../x", "/data", "C:\\x", "a:b,c", "ä"],
    paths.target: [
        "/data",
        "/data/a b",
        "/mnt/x:y,z",
        "/home/dev/.cache",
        "/home/other",
        "/workspace/data",
        "/tmp/x",
        "/srv",
        "/opt/tools",
        "/library",
        "/data/..x",
    ],
    paths.workspace_path: ["logs", "a/b", "...", "a b", "."],
    paths.public_key_file: ["~/.ssh/id_ed25519.pub", "keys/team", "my_key.pub"],
    paths.certificates: ["auto", "off", "/etc/ssl/company.pem", "ca.crt"],
}

REFUSED: dict[Callable[[Any], object], list[Any]] = {
    fields.environment_name: ["", "A", "-a", "_a", "a" * 42, "a.b", "a/b", "../../x", "a\n", "ä", "naïve", "a b"],
    fields.release: [
        "",
        "2",
        "2.9.0rc1",
        "v2.9",
        "latest",
        "2.9.0\n",
        "2.9.0-gpu",
        "\u0662.9",
        "2..9",
        "2.9.0.1",
        "1234.5",
    ],
    fields.base: [
        "",
        "Debian",
        "a b",
        "x:",
        "x@sha256:0",
        "-x",
        "x/../y",
        "https://h/x",
        "a" * 256,
        "x:" + "t" * 129,
        "$x",
        "scratch\nRUN id",
        "0" * 64,
        "Foo/bar",
        "x@md5:" + "0" * 64,
        "a//b",
        "x AS y",
    ],
    fields.port: [-1, 0, 80, 1023, 65536, 10**12],
    fields.key_exchanges: ["", "pq", "PQ-only", "default\n", "curve25519-sha256", None, True, 1, ["default"]],
    fields.network_mode: ["", "host", "None", None, False, "container:x", "bridge\n"],
    limits.size: [
        16,
        1.5,
        None,
        True,
        [],
        "16",
        "g",
        "0g",
        "1.5g",
        "16 g",
        "16gb",
        "16t",
        "-1g",
        "1g\n",
        "999999999g",
        "\u0661g",
    ],
    limits.memory: ["511m", "6m", "1m", "16", 16, None],
    limits.shared_memory: ["63m", "1M", "g"],
    limits.processors: [0, -1, 0.009, 1e-10, 4097, float("nan"), float("inf")],
    limits.processes: [-1, 0, 63, 4_194_305],
    paths.key_files: [()],
    urls.url: [
        "",
        "packages.example.com",
        "ftp://x/",
        "https://",
        "https://x:0/",
        "https://x:65536/",
        "https://x/?a=b",
        "https://x/#a",
        "https://x /",
        "https://x/\n--extra",
        "https://x/$(id)",
        "file:///etc/passwd",
        "https://-x/",
        "https://user@x/",
        "https://user:pw@x/",
        "http://x\\@y/",
        "https://" + "a" * 1100,
        "HTTPS://x/",
    ],
    urls.mirror: ["", "https://mirror.example.com", "https://mirror.example.com//", "https://u:p@h/debian"],
    urls.proxy: ["", "on", "proxy:3128", "socks5://x:1", "http://u:p@proxy:3128"],
    urls.pool: [
        "",
        "10.183.0.0",
        "10.183.0.1/16",
        "10.183.0.0/25",
        "10.0.0.0/7",
        "8.8.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "192.168.0.0/15",
        "100.128.0.0/16",
        "fd00::/64",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/08\n",
        "010.0.0.0/8",
        "0.0.0.0/0",
        "300.0.0.0/8",
        "10.0.0.0/99",
    ],
    fields.volume_name: ["", "home", "A", "a.b", "-a", "a" * 32, "a:/etc", "a\n"],
    env_vars.variable: [
        "",
        "1A",
        "A-B",
        "A B",
        "A=B",
        "A\n",
        "Ä",
        "A" * 129,
        "PATH",
        "Path",
        "HOME",
        "USER",
        "LD_PRELOAD",
        "ld_library_path",
        "LD_AUDIT",
        "BASH_ENV",
        "ENV",
        "IFS",
        "VIRTUAL_ENV",
        "PYTHONHOME",
        "JUPYTER_TOKEN",
        "JUPYTER_CONFIG_DIR",
        "ENVKIT_X",
        "PIP_CONSTRAINT",
        "UV_CONSTRAINT",
        "TRAITLETS_X",
        "GLIBC_TUNABLES",
        "PIP_INDEX_URL",
        "PIP_CONFIG_FILE",
        "PIP_TRUSTED_HOST",
        "pip_cert",
        "UV_INDEX_URL",
        "UV_NO_PROGRESS",
        "https_proxy",
        "HTTP_PROXY",
        "No_Proxy",
        "ALL_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ],
    env_vars.secret_name: ["", "A-B", "PATH", "SSL_CERT", "PIP_CONFIG", "A" * 124],
    env_vars.public_variable: [
        "WANDB_API_KEY",
        "APIKEY",
        "my_token",
        "GITHUB_TOKEN",
        "TOKEN",
        "DB_PASSWORD",
        "PGPASSWORD",
        "MYSQL_PASSWD",
        "AWS_SECRET_ACCESS_KEY",
        "CLIENT_SECRET",
        "SSH_PRIVATE_KEY",
        "TOKEN_X",
        "PATH",
    ],
    env_vars.variable_value: [
        "a\nb",
        "a\0b",
        "a\x1b[31m",
        "a\rb",
        "\u202e",
        "\ud800",
        "x" * (32 * 1024 + 1),
        "ä" * 20_000,
    ],
    packages.apt_package: [
        "",
        "x",
        "-o",
        "-oAPT::Update::Pre-Invoke::=touch /pwned",
        "bash-",
        "./x.deb",
        "/x.deb",
        "a b",
        "a;b",
        "x=",
        "graphviz/bullseye",
        "libc6:i386",
        "Graphviz",
        "a\n",
        "a*",
        "ab=1 2",
        "ab=$(id)",
        "a" * 201,
        "^ab",
        "ä",
    ],
    packages.requirement: [
        "",
        " ",
        "-r /etc/passwd",
        "--index-url=https://x/",
        "-e .",
        "x @ https://evil/x.tgz",
        "x @ file:///x",
        "git+https://evil/x",
        "https://evil/x.whl",
        "./x.whl",
        "x\ny",
        "x \\\n",
        "x --hash=sha256:0",
        "x==1 # c",
        "x; os_name == '${HOME}'",
        "x; os_name == '`id`'",
        "x; os_name == 'a #b'",
        "x; os_name == 'a&b'",
        "x===a/b",
        "ä",
        "x" * 501,
        "x=1",
        "x y",
        "x\t",
        "x\0",
    ],
    paths.host_path: ["", "a\nb", "a\0b", "\x1b]0;x\x07", "a\tb", "x" * 4097, "a\u202eb", "a\udcffb"],
    paths.target: [
        "",
        "/",
        "data",
        "~/x",
        "./x",
        "/data/",
        "//data",
        "/a//b",
        "/a/./b",
        "/a/../etc",
        "/data/..",
        "/etc",
        "/etc/x",
        "/proc/self",
        "/sys",
        "/dev/shm",
        "/run/secrets",
        "/usr/local",
        "/bin",
        "/sbin/x",
        "/lib",
        "/lib64/x",
        "/libx32",
        "/opt",
        "/opt/jupyter",
        "/opt/jupyter/x",
        "/opt/tensorflow",
        "/var/tmp",
        "/boot",
        "/root",
        "/tmp",
        "/workspace",
        "/home",
        "/home/dev",
        "/a\nb",
        "/a\0",
        "/x\ud800",
    ],
    paths.workspace_path: ["", "/logs", "..", "a/../b", "../x", "~/logs", "-x", "a\nb"],
    paths.public_key_file: [
        "",
        "~/.ssh/id_ed25519",
        "id_rsa",
        "x.pem",
        "ssh-ed25519 AAAAC3Nz x",
        "ecdsa-sha2-nistp256 AAAA",
        "sk-ssh-ed25519@openssh.com AAAA",
        "a\nb",
    ],
    paths.certificates: ["", "a\nb", "a\0"],
}


def apply_rule(rule: Callable[[Any], object], value: Any) -> tuple[object, str]:
    """Apply a rule; return the accepted value and an empty message, or None and the message."""
    try:
        return rule(value), ""
    except InvalidValueError as error:
        return None, str(error)


def test_accepted_values_are_unchanged() -> None:
    for rule, values in ACCEPTED.items():
        for value in values:
            assert rule(value) == value, (rule, value)


def test_refused_values_have_a_short_printable_message() -> None:
    for rule, values in REFUSED.items():
        for value in values:
            _, message = apply_rule(rule, value)
            assert message, (rule, value)
            assert not display.UNPRINTABLE.search(message), (rule, value)
            assert len(message) < 400, (rule, value)


# Rules of strings that do not normalize them.
STRING_RULES = ACCEPTED.keys() - {
    fields.port,
    limits.processors,
    limits.processes,
    paths.key_files,
    paths.workspace_path,
}


def test_a_hostile_string_is_refused_or_unchanged() -> None:
    for rule in STRING_RULES:
        for value in HOSTILE:
            accepted, message = apply_rule(rule, value)
            assert accepted in (None, value), (rule, value)
            assert accepted is None or not display.UNPRINTABLE.search(value), (rule, value)
            assert not display.UNPRINTABLE.search(message), (rule, value)


def test_every_rule_has_accepted_and_refused_values() -> None:
    assert ACCEPTED.keys() == REFUSED.keys()


def test_valid_gpu_selections() -> None:
    cases: tuple[tuple[Any, object], ...] = (
        (True, "on"),
        (False, "off"),
        ("auto", "auto"),
        ("on", "on"),
        ("off", "off"),
        (1, 1),
        (8, 8),
        ([0], (0,)),
        ([1, 0], (1, 0)),
        ((0, 3), (0, 3)),
    )
    for written, expected in cases:
        assert fields.gpu(written) == expected, written
        assert type(fields.gpu(written)) is type(expected), written


def test_invalid_gpu_selections() -> None:
    values: tuple[Any, ...] = (None, "", "yes", "2", "ON", 0, -1, 129, 1.0, {"a": 1})
    lists: tuple[Any, ...] = ([], [0, 0], [-1], [True], ["0"], [0.0], [[0]], [128])
    for written in (*values, *lists):
        _, message = apply_rule(fields.gpu, written)
        assert "GPU" in message, written


def test_sizes_convert_to_mebibytes() -> None:
    for size, mib in (("1m", 1), ("512m", 512), ("512M", 512), ("1g", 1024), ("16G", 16384)):
        assert limits.mebibytes(size) == mib, size


def test_a_log_folder_is_normalized() -> None:
    for written, expected in (("logs/", "logs"), ("./logs", "logs"), ("a//b/./c", "a/b/c")):
        assert paths.workspace_path(written) == expected, written


def test_spaces_around_a_requirement_are_removed() -> None:
    assert packages.requirement("  pandas ") == "pandas"


def test_credentials_of_a_url_are_never_shown() -> None:
    for rule in (urls.url, urls.proxy, fields.base, packages.requirement, packages.apt_package):
        _, message = apply_rule(rule, "https://user:hunter2@example.com/simple")
        assert message, rule
        assert "hunter2" not in message, rule


def test_credentials_are_removed_before_a_text_is_shortened() -> None:
    assert "hunter2" not in display.display_text("https://hunter2" + "x" * 500 + "@example.com")


def test_a_requirements_file_gives_requirements_and_errors() -> None:
    text = "\ufeff# top\npandas==1.4.*  # why\n\n-r other.txt\r\n  scikit-learn\nx @ https://evil/x.tgz\nnumpy \\\n"
    lines, errors = packages.requirement_lines(text)
    assert lines == ("pandas==1.4.*", "scikit-learn", "numpy")
    assert [number for number, _ in errors] == [4, 6]
    assert "pip option" in errors[0][1]


def test_hashes_and_continued_lines_of_a_lock_are_read() -> None:
    first, second = f"sha256:{'0a' * 32}", f"sha512:{'1b' * 64}"
    text = "--require-hashes\nabsl-py==1.4.0 ; python_version >= '3' \\\n"
    text += f"    --hash={first} \\\r\n    --hash={second}\n    # via x\n"
    lines, errors = packages.requirement_lines(f"{text}six==1.16 \\\n  --hash=md5:00\npandas\n")
    assert lines == (f"absl-py==1.4.0 ; python_version >= '3' --hash={first} --hash={second}", "pandas")
    assert [number for number, _ in errors] == [6]
    assert packages.split_hashes(lines[0]) == ("absl-py==1.4.0 ; python_version >= '3'", (first, second))


def test_index_options_of_a_lock_name_the_key() -> None:
    for option in ("-i https://index.example.com/simple", "--extra-index-url https://index.example.com"):
        ((_, message),) = packages.requirement_lines(option)[1]
        assert "build.index" in message, option


def test_a_comment_after_a_requirement_needs_a_space() -> None:
    assert packages.requirement_lines("pandas#x")[0] == ()


@given(st.text())
def test_any_requirements_file_gives_printable_requirements(text: str) -> None:
    lines, _ = packages.requirement_lines(text)
    assert all(display.UNPRINTABLE.search(line) is None and not line.startswith("-") for line in lines)


@given(st.text())
def test_displayed_text_is_short_and_printable(text: str) -> None:
    assert not display.UNPRINTABLE.search(display.display_text(text))
    assert len(display.quote(text)) <= display.DISPLAY_LENGTH_MAX + 3


def test_key_paths_round_trip() -> None:
    key_paths: tuple[display.KeyPath, ...] = ((), ("a",), ("apt", 2), ("mounts", 0, "target"), ("env", "A_B"))
    for path in key_paths:
        assert display.parse_key_path(display.format_key_path(path)) == path
