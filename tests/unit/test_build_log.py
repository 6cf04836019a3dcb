"""What a build prints becomes news, and a failure with its last lines and the hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker.build_log import DEFAULT_HINT, BuildLog, describe_instruction, find_hint, proxy_credentials
from envkit.errors import BuildFailed

if TYPE_CHECKING:
    from envkit.model.report import Progress

STEP = 'Step 9/34 : RUN ["install-apt", "ca-certificates"]\n'
FAILED = {"error": "The command 'install-apt ca-certificates' returned a non-zero code: 100"}


def failure(*streamed: str, error: dict[str, str] = FAILED) -> BuildFailed:
    log = BuildLog(lambda _: None, {})
    for text in streamed:
        log.feed({"stream": text})
    with pytest.raises(BuildFailed) as failed:
        log.feed(error)
    return failed.value


def test_pieces_become_lines_without_paint() -> None:
    news: list[Progress] = []
    log = BuildLog(news.append, {"http://ada:secret@proxy:3128": "(proxy)"})
    pieces = ("Step 1/2 : FROM base", "\n", "\x1b[91mE", ": no", "thing\x1b[0m\n", "via http://ada:secret@proxy:3128\n")
    for piece in pieces:
        log.feed({"stream": piece})
    assert [(one.text, one.verbose, one.step) for one in news] == [
        ("FROM base", False, (1, 2)),
        ("E: nothing", True, None),
        ("via (proxy)", True, None),
    ]


def test_a_cached_step_is_a_detail_and_the_builders_own_noise_is_nothing() -> None:
    news: list[Progress] = []
    log = BuildLog(news.append, {})
    for text in (
        "Step 1/3 : FROM base",
        " ---> 0123456789ab",
        "Step 2/3 : RUN make",
        " ---> Using cache",
        " ---> ba9876543210",
        'Step 3/3 : RUN ["/opt/envkit/build/install-apt", "tree"]',
        " ---> Running in beb1b1831489",
        "Removing intermediate container beb1b1831489",
        "Successfully built 0123456789ab",
        "Successfully tagged e:1",
    ):
        log.feed({"stream": f"{text}\n"})
    assert [(one.text, one.verbose) for one in news] == [
        ("FROM base", False),
        ("RUN make", True),
        ("installing system packages", False),
    ]


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ('RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/jupyter", "x"]', "installing JupyterLab"),
        ('RUN ["/opt/envkit/build/install-python", "python3.9", "/opt/tensorflow"]', "installing Python packages"),
        ('RUN ["/opt/envkit/build/unheard-of"]', 'RUN ["/opt/envkit/build/unheard-of"]'),
        ("COPY a b", "copying files"),
        ("USER nobody", "USER nobody"),
    ],
)
def test_an_instruction_is_told_in_words(instruction: str, words: str) -> None:
    assert describe_instruction(instruction) == words


@pytest.mark.parametrize(
    ("proxies", "printed", "shown"),
    [
        ({"https_proxy": "http://ada:pw@proxy:3128"}, "via http://ada:pw@proxy:3128/", "via (proxy)/"),
        ({"https_proxy": "http://ada:pw@proxy:3128"}, "Basic ada:pw, at proxy:3128", "Basic (proxy), at proxy:3128"),
        ({"https_proxy": "ada:p@w@proxy:3128"}, "ada:p@w for proxy", "(proxy) for proxy"),
        ({"https_proxy": "http://ada:pw@proxy/a@b"}, "is it ada:pw?", "is it (proxy)?"),
        ({"https_proxy": "http://a@proxy:3128"}, "a http://a@proxy:3128", "a (proxy)"),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "*"}, "a * b via http://proxy:3128", None),
        ({"https_proxy": "http://:@proxy:3128", "no_proxy": "x@y"}, "a: x@y", None),
    ],
)
def test_of_a_proxy_what_could_be_its_password_alone_is_hidden(
    proxies: dict[str, str], printed: str, shown: str | None
) -> None:
    news: list[Progress] = []
    BuildLog(news.append, dict.fromkeys(proxy_credentials(proxies), "(proxy)")).feed({"stream": f"{printed}\n"})
    assert [one.text for one in news] == [shown or printed]


def test_a_build_that_ends_without_an_image_failed() -> None:
    log = BuildLog(lambda _: None, {})
    log.feed({"stream": STEP})
    with pytest.raises(BuildFailed, match="without an image"):
        log.end()
    log.feed({"aux": {"ID": "sha256:0123"}})
    log.end()


def test_a_failure_without_a_known_cause_shows_the_last_lines_of_its_step() -> None:
    failed = failure("of another step\n", STEP, *(f"line {number}\n" for number in range(100)), "the very last")
    assert failed.message.startswith("building the image failed: a step ended with code 100\n")
    assert "line 99\n    the very last" in failed.message
    assert "line 50" not in failed.message
    assert failed.detail == 'step 9 of 34, RUN ["install-apt", "ca-certificates"]'
    assert "of another step" not in failure("of another step\n", STEP).message


def test_a_known_cause_is_the_headline_and_what_follows_it_the_details() -> None:
    noise = (" ---> Using cache\n", " ---> 0123456789ab\n")
    apt = failure(
        *noise,
        STEP,
        " ---> Running in beb1b1831489\n",
        "Reading package lists...\n",
        "E: Unable to locate package graphvizz\n",
        " ---> x\n",
    )
    assert apt.message == "building the image failed: Unable to locate package graphvizz"
    python = failure(
        STEP,
        "Using Python 3.9\n",
        "  \u00d7 No solution found when resolving dependencies:\n",
        "  ╰─▶ Because you require protobuf>=4 and protobuf<3.20\n",
    )
    assert python.message.splitlines() == [
        "building the image failed: No solution found when resolving dependencies:",
        "      ╰─▶ Because you require protobuf>=4 and protobuf<3.20",
    ]


def test_a_program_that_gives_up_names_the_cause_where_no_rule_does() -> None:
    message = failure(STEP, "reading\n", "E: Sub-process dpkg returned an error code (1)\n").message
    assert message.splitlines() == [
        "building the image failed: Sub-process dpkg returned an error code (1)",
        "    reading",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("WARNING: Retrying after connection broken: [Errno 111] Connection refused", "build.index"),
        ("Err:1 http://127.0.0.1:9/debian bookworm InRelease  Could not connect to 127.0.0.1:9", "build.mirror"),
        ("error: Failed to fetch: invalid peer certificate: UnknownIssuer", "build.ca"),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
            "build.ca",
        ),
        ("Err:1 http://deb Temporary failure resolving 'deb'", "look up a name"),
        ("E: Unable to locate package grapviz", "under apt:"),
        ("  x No solution found when resolving dependencies:", "out of python:"),
        ("tar: write error: No space left on device", "free disk space"),
    ],
)
def test_what_a_step_prints_decides_the_hint(line: str, says: str) -> None:
    assert says in str(failure(STEP, f"{line}\n", "E: something after it\n").hint)


def test_the_first_cause_decides_and_not_what_follows_from_it() -> None:
    lines = ("W: Could not connect to 127.0.0.1:9\n", *("E: Unable to locate package curl\n",) * 50)
    assert "could not reach a server" in failure(STEP, *lines).hint


def test_what_an_earlier_step_stumbled_over_does_not_count() -> None:
    assert failure(STEP, "W: Connection timed out\n", "Step 10/34 : RUN x\n", "no\n").hint == DEFAULT_HINT


def test_the_name_of_a_package_is_no_cause() -> None:
    assert failure(STEP, "Unpacking ca-certificates\n").hint == DEFAULT_HINT
    assert find_hint("Setting up ca-certificates (20230311) ... Updating certificates in /etc/ssl/certs") == ""


def test_what_the_engine_itself_says_counts_where_no_step_spoke() -> None:
    error = {"error": "write /var/lib/docker/tmp/x: no space left on device"}
    assert "free disk space" in failure(STEP, error=error).hint
