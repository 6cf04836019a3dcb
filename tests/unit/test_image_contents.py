"""What a rendered build context puts into an image is read from its Dockerfile."""

from __future__ import annotations

import hashlib

from envkit.model.artifact import Artifact
from envkit.render import build_context, image_contents, sshd_settings
from tests.support.plan_samples import image_plan

CONTEXT = build_context.render(image_plan())


def test_every_copied_file_is_known_by_its_content() -> None:
    files = image_contents.copied_files(CONTEXT)
    texts = {artifact.path: artifact.text for artifact in CONTEXT}
    settings = texts["etc/jupyter_server_config.py"]
    assert files["/etc/envkit/jupyter_server_config.py"] == hashlib.sha256(settings.encode()).hexdigest()
    assert {"/opt/envkit/entrypoint", "/opt/envkit/serve.py", "/etc/envkit/sshd_config", "/etc/pip.conf"} <= set(files)
    copied = {artifact.path for artifact in CONTEXT} - {image_contents.DOCKERFILE}
    assert len(files) == len(copied)


def test_a_source_may_be_copied_under_another_name() -> None:
    context = (
        Artifact("Dockerfile", "FROM x\nCOPY a/b \\\n    c /etc/\nCOPY c /etc/d\n"),
        Artifact("a/b", ""),
        Artifact("c", ""),
    )
    assert list(image_contents.copied_files(context)) == ["/etc/b", "/etc/c", "/etc/d"]


def test_both_builders_record_the_instructions_of_the_dockerfile() -> None:
    dockerfile = 'FROM base\nARG NETRC=""\nCOPY a /b\nRUN ["/x", \\\n  "y"]\nENV A="b"\nUSER 1\nENTRYPOINT ["/e"]\n'
    expected = ("COPY", "RUN", "ENV", "USER", "ENTRYPOINT")
    histories = (
        ("/bin/sh -c #(nop) COPY file:1 in /b ", "/x y", "/bin/sh -c #(nop)  ENV A=b", "/bin/sh -c #(nop)  USER 1"),
        ("COPY a /b # buildkit", "RUN /x y # buildkit", "ENV A=b", "USER 1"),
    )
    assert image_contents.instructions(dockerfile) == expected
    for history in histories:
        steps = (*history, 'ENTRYPOINT ["/e"]', "LABEL x=y", "ARG NETRC")
        assert image_contents.history_keywords(steps) == expected, history


def test_changes_of_sshd_replace_their_include() -> None:
    settings = sshd_settings.merge("# c\nInclude /run/x\nUseDNS no\n", "AllowAgentForwarding yes\n")
    assert settings == "# c\nAllowAgentForwarding yes\nUseDNS no\n"
