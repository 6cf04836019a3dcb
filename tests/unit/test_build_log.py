"""Build output becomes progress; a failed build has a cause, the lines around it, a code and a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envkit.backends.docker.build_log import (
    DEFAULT_HINT,
    STEP_DESCRIPTIONS,
    BuildLog,
    describe_instruction,
    find_rule,
    proxy_credentials,
)
from envkit.errors import BuildFailed
from tests.conftest import ROOT

if TYPE_CHECKING:
    from envkit.model.report import Progress

STEP = 'Step 9/34 : RUN ["install-apt", "ca-certificates"]\n'
FAILED = {"error": "The command 'install-apt ca-certificates' returned a non-zero code: 100"}


def failure(*output: str, error: dict[str, str] = FAILED) -> BuildFailed:
    log = BuildLog(lambda _: None, {})
    for text in output:
        log.feed({"stream": text})
    with pytest.raises(BuildFailed) as failed:
        log.feed(error)
    return failed.value


def build_progress(*output: str, redactions: dict[str, str] | None = None) -> list[Progress]:
    events: list[Progress] = []
    log = BuildLog(events.append, redactions or {})
    for text in output:
        log.feed({"stream": text})
    return events


def test_partial_events_are_joined_to_lines_without_colors() -> None:
    events = build_progress(
        *("Step 1/2 : RUN make", "\n", "\x1b[91mE", ": no", "thing\x1b[0m\n", "via http://ada:secret@proxy:3128\n"),
        redactions={"http://ada:secret@proxy:3128": "(proxy)"},
    )
    assert [(progress.text, progress.verbose, progress.step) for progress in events] == [
        ("RUN make", False, (1, 2)),
        ("E: nothing", True, None),
        ("via (proxy)", True, None),
    ]


def test_cached_and_instant_steps_are_verbose_and_ids_omitted() -> None:
    lines = (
        "Step 1/5 : FROM base",
        " ---> 0123456789ab",
        "Step 2/5 : RUN make",
        " ---> Using cache",
        " ---> ba9876543210",
        "Step 3/5 : COPY a b",
        " ---> cb9876543210",
        'Step 4/5 : RUN ["/opt/envkit/build/install-apt", "tree"]',
        " ---> Running in beb1b1831489",
        "Removing intermediate container beb1b1831489",
        "Step 5/5 : USER 65534:65534",
        " ---> Running in ceb1b1831489",
        "Successfully built 0123456789ab",
        "Successfully tagged e:1",
    )
    events = build_progress(*(f"{line}\n" for line in lines))
    assert [(progress.text, progress.verbose) for progress in events] == [
        ("starting from base", False),
        ("RUN make", True),
        ("COPY a b", True),
        ("installing system packages", False),
        ("USER 65534:65534", True),
    ]


def test_the_error_of_a_packages_own_script_is_the_cause() -> None:
    cause = "update-alternatives: error: error creating symbolic link '/usr/share/man/man1/java.1.gz.dpkg-tmp'"
    script = ("Setting up openjdk-17-jre-headless (17.0) ...\n", f"{cause}\n")
    end = ("dpkg: error processing package openjdk-17-jre-headless (--configure):\n", "returned error exit status 2\n")
    later = (
        *(f"dpkg: dependency problems {number}\n" for number in range(20)),
        "E: Sub-process /usr/bin/dpkg returned\n",
    )
    error = failure(STEP, *script, *end, *later)
    assert (error.code, error.message.splitlines()[0].endswith(cause)) == ("apt-package-failed", True)
    full = failure(STEP, end[0], "cannot copy extracted data: No space left on device\n", later[-1])
    assert full.code == "disk-full"


def test_failures_of_compilers_and_components_have_a_rule() -> None:
    for line, code in [
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", "compiler-missing"),
        ("unable to execute 'gcc': No such file or directory", "compiler-missing"),
        ("ffi.c:15:10: fatal error: ffi.h: No such file or directory", "header-missing"),
    ]:
        assert failure(STEP, f"{line}\n").code == code, line
    lines = ("E: Unable to locate package rar\n", "envkit: rar is in the component non-free, and only main is used\n")
    assert failure(STEP, *lines).code == "apt-component-unsupported"


def test_instructions_have_a_short_description() -> None:
    install_python = 'RUN ["/opt/envkit/build/install-python", "python3.9", '
    cases = {
        f'{install_python}"/opt/jupyter", "x", "--requirement", "y"]': "installing JupyterLab",
        f'{install_python}"/opt/tensorflow", "x", "tensorflow==2.9.0", "ipykernel", "pip"]': "installing TensorFlow",
        f'{install_python}"/opt/tensorflow", "x", "tensorflow[and-cuda]==2.16", "pip"]': "installing TensorFlow",
        f'{install_python}"/opt/tensorflow", "x", "numpy<2", "ipykernel", "pip"]': "installing the Jupyter kernel",
        f'{install_python}"/opt/tensorflow", "-", "nvidia-cublas-cu11==11.11.3.6"]': "installing CUDA libraries",
        f'{install_python}"/opt/tensorflow", "x", "--requirement", "/etc/envkit/requirements.txt"]': (
            "installing your Python packages"
        ),
        f'{install_python}"/opt/tensorflow"]': "installing Python packages",
        'RUN --mount=type=secret,id=netrc ["/opt/envkit/build/install-uv"]': "installing uv",
        'RUN ["/opt/envkit/build/install-apt", "--upgrade", "--", "curl"]': "updating and installing system packages",
        'RUN ["/opt/envkit/build/install-apt", "--borrow", "3.9", "bullseye", "--"]': "installing Python",
        'RUN ["/opt/envkit/build/install-apt", "--borrow", "3.9", "bullseye", "--", "curl"]': (
            "installing system packages"
        ),
        'RUN ["/opt/envkit/build/create-venv", "/opt/jupyter", "3.9", "x"]': (
            "creating the Python environment of JupyterLab"
        ),
        'RUN ["/opt/envkit/build/create-venv", "/opt/tensorflow", "3.9", "x"]': (
            "creating the Python environment of TensorFlow"
        ),
        'RUN ["/opt/envkit/build/unknown"]': 'RUN ["/opt/envkit/build/unknown"]',
        "RUN make": "RUN make",
        "FROM envkit-base:bookworm": "starting from envkit-base:bookworm",
        "COPY a b": "",
        "USER 65534:65534": "",
        'ENV PATH="/bin"': "",
    }
    for instruction, description in cases.items():
        assert describe_instruction(instruction) == description, instruction


def test_every_build_script_of_the_templates_is_described() -> None:
    scripts = {path.name for path in ROOT.glob("templates/*/build/*") if path.suffix != ".py"}
    assert scripts - {"link-duplicates"} == STEP_DESCRIPTIONS.keys()  # other scripts run it


def test_credentials_of_a_proxy_are_redacted() -> None:
    cases: list[tuple[dict[str, str], str, str]] = [
        ({"https_proxy": "http://ada:pw@proxy:3128"}, "via http://ada:pw@proxy:3128/", "via (proxy)/"),
        ({"https_proxy": "http://ada:pw@proxy:3128"}, "Basic ada:pw, at proxy:3128", "Basic (proxy), at proxy:3128"),
        ({"https_proxy": "ada:p@w@proxy:3128"}, "ada:p@w for proxy", "(proxy) for proxy"),
        ({"https_proxy": "http://ada:pw@proxy/a@b"}, "is it ada:pw?", "is it (proxy)?"),
        ({"https_proxy": "http://a@proxy:3128"}, "a http://a@proxy:3128", "a (proxy)"),
        *(
            ({"https_proxy": https_proxy, "no_proxy": no_proxy}, output, output)
            for https_proxy, no_proxy, output in (
                ("http://proxy:3128", "*", "a * b via http://proxy:3128"),
                ("http://:@proxy:3128", "x@y", "a: x@y"),
            )
        ),
    ]
    for proxies, output, expected in cases:
        events = build_progress(f"{output}\n", redactions=dict.fromkeys(proxy_credentials(proxies), "(proxy)"))
        assert [progress.text for progress in events] == [expected], (proxies, output)


def test_a_build_without_an_image_fails() -> None:
    log = BuildLog(lambda _: None, {})
    log.feed({"stream": STEP})
    with pytest.raises(BuildFailed, match="without an image") as failed:
        log.end()
    assert failed.value.code == "build-failed"
    log.feed({"aux": {"ID": "sha256:0123"}})
    log.end()


def test_an_unknown_failure_shows_the_last_lines_of_the_step() -> None:
    failed = failure("of another step\n", STEP, *(f"line {number}\n" for number in range(100)), "the very last")
    assert failed.code == "build-failed"
    assert failed.message.startswith("building the image failed: a step exited with code 100\n")
    assert "line 99\n    the very last" in failed.message
    assert "line 50" not in failed.message
    assert failed.detail == 'step 9 of 34, RUN ["install-apt", "ca-certificates"]'
    assert "of another step" not in failure("of another step\n", STEP).message


def test_a_known_cause_is_the_message_with_later_lines() -> None:
    noise = (" ---> Using cache\n", " ---> 0123456789ab\n")
    apt_failure = failure(
        *noise,
        STEP,
        " ---> Running in beb1b1831489\n",
        "Reading package lists...\n",
        "E: Unable to locate package graphvizz\n",
        " ---> x\n",
    )
    assert apt_failure.message == "building the image failed: Unable to locate package graphvizz"
    uv_failure = failure(
        STEP,
        "Using Python 3.9\n",
        "  \u00d7 No solution found when resolving dependencies:\n",
        "  ╰─▶ Because you require protobuf>=4 and protobuf<3.20\n",
    )
    assert uv_failure.message.splitlines() == [
        "building the image failed: No solution found when resolving dependencies:",
        "      ╰─▶ Because you require protobuf>=4 and protobuf<3.20",
    ]


def test_an_error_line_is_the_cause_if_no_rule_matches() -> None:
    message = failure(STEP, "reading\n", "E: Sub-process dpkg returned an error code (1)\n").message
    assert message.splitlines() == [
        "building the image failed: Sub-process dpkg returned an error code (1)",
        "    reading",
    ]


def test_output_of_a_step_decides_code_and_hint() -> None:
    ssl_error = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    cases = [
        (
            "WARNING: Retrying after connection broken: [Errno 111] Connection refused",
            "server-unreachable",
            "build.index",
        ),
        (
            "Err:1 http://127.0.0.1:9/debian bookworm InRelease  Could not connect to 127.0.0.1:9",
            "server-unreachable",
            "build.mirror",
        ),
        ("error: Failed to fetch: invalid peer certificate: UnknownIssuer", "certificate-untrusted", "build.ca"),
        (ssl_error, "certificate-untrusted", "build.ca"),
        ("Err:1 http://deb Temporary failure resolving 'deb'", "name-resolution-failed", "build.proxy"),
        ("E: Unable to locate package grapviz", "apt-package-not-found", "under apt:"),
        ("  x No solution found when resolving dependencies:", "packages-incompatible", "from python:"),
        ("tar: write error: No space left on device", "disk-full", "envkit prune"),
        ("envkit: cannot download Python 3.9 from x", "python-download-failed", "build.python_mirror"),
    ]
    for line, code, hint in cases:
        failed = failure(STEP, f"{line}\n", "E: something after it\n")
        assert (failed.code, hint in failed.hint) == (code, True), line


def test_the_first_cause_decides_the_code() -> None:
    lines = ("W: Could not connect to 127.0.0.1:9\n", *("E: Unable to locate package curl\n",) * 50)
    assert failure(STEP, *lines).code == "server-unreachable"


def test_output_of_earlier_steps_does_not_decide_the_code() -> None:
    failed = failure(STEP, "W: Connection timed out\n", "Step 10/34 : RUN x\n", "no\n")
    assert (failed.code, failed.hint) == ("build-failed", DEFAULT_HINT)


def test_the_name_of_a_package_is_not_a_cause() -> None:
    assert failure(STEP, "Unpacking ca-certificates\n").code == "build-failed"
    assert find_rule("Setting up ca-certificates (20230311) ... Updating certificates in /etc/ssl/certs") is None


def test_an_error_of_the_engine_itself_decides_the_code() -> None:
    error = {"error": "write /var/lib/docker/tmp/x: no space left on device"}
    assert failure(STEP, error=error).code == "disk-full"
