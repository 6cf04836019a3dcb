"""Each input of a plan moves exactly one digest; what is not an input moves none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from envkit import digest, naming
from envkit.model.artifact import Artifact
from envkit.model.facts import Account
from envkit.model.image import Base
from envkit.model.network import Network, Port
from envkit.model.plan import FilesPlan, Plan, Secret
from envkit.model.run import Limits, Mount
from envkit.render import build_context
from tests.unit.plans import image_plan
from tests.unit.worlds import NAME, OWNER, PROJECT, run_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from envkit.model.plan import Digests

KEYS = Artifact("mount/authorized_keys", "k\n", 0o600)
PLAN = Plan(NAME, PROJECT, OWNER, image_plan(), run_plan(), FilesPlan((KEYS,)))


def digests(plan: Plan) -> Digests:
    return digest.compute(plan, build_context.render(plan.image), build_context.strip_comments)


def moved(changed: Plan) -> set[str]:
    before, after = digests(PLAN), digests(changed)
    return {name for name in ("image", "run", "files") if getattr(before, name) != getattr(after, name)}


def image_(**changes: object) -> Plan:
    return replace(PLAN, image=replace(PLAN.image, **changes))  # type: ignore[arg-type]


def run(**changes: object) -> Plan:
    return replace(PLAN, run=replace(PLAN.run, **changes))  # type: ignore[arg-type]


def files(**changes: object) -> Plan:
    return replace(PLAN, files=replace(PLAN.files, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (lambda: image_(apt=("graphviz",)), {"image"}),
        (lambda: image_(python=("pandas",)), {"image"}),
        (lambda: image_(index="https://packages.example.com/simple"), {"image"}),
        (lambda: image_(private_index=True), {"image"}),
        (lambda: image_(mirror="http://mirror.example.com/debian"), {"image"}),
        (lambda: image_(ca="-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"), {"image"}),
        (lambda: image_(base=Base("debian", PLAN.image.base.ref, "sha256:another", "mmdebstrap")), {"image"}),
        (lambda: run(user=Account(4242, 4242)), {"run"}),
        (lambda: run(env={"A": "1"}), {"run"}),
        (lambda: run(mounts=(*PLAN.run.mounts, Mount("bind", "/data", "/data"))), {"run"}),
        (lambda: run(limits=Limits(1.0, 512, 64, 512)), {"run"}),
        (lambda: replace(PLAN, logdir="/workspace/runs"), {"run"}),
        (lambda: run(cap_drop=()), {"run"}),
        (lambda: run(read_only=False), {"run"}),
        (lambda: run(ports=(Port(8888, 8888, "0.0.0.0"),)), {"run"}),
        (lambda: files(artifacts=(Artifact("mount/authorized_keys", "other\n", 0o600),)), {"files"}),
        (lambda: files(secrets=(Secret("WANDB", "~/.wandb", "0" * 64),)), {"files"}),
        (lambda: run(ports=(Port(9999, 8888),)), set()),
        (lambda: run(network=Network(naming.container(OWNER, NAME), "10.183.9.0/29")), set()),
        (lambda: replace(PLAN, notes=("capped",)), set()),
        (lambda: replace(PLAN, builder="classic"), set()),
        (lambda: replace(PLAN, netrc="/home/ada/.netrc"), set()),
        (lambda: replace(PLAN, build_proxies={"http_proxy": "http://proxy.example.com:3128"}), set()),
    ],
)
def test_each_input_moves_one_digest(changed: Callable[[], Plan], expected: set[str]) -> None:
    assert moved(changed()) == expected


def test_a_comment_in_the_dockerfile_moves_none() -> None:
    context = build_context.render(PLAN.image)
    commented = tuple(
        replace(one, text="# another remark\n" + one.text) if one.path == "Dockerfile" else one for one in context
    )
    assert digest.compute(PLAN, commented, build_context.strip_comments) == digests(PLAN)


def test_the_order_of_keys_and_files_moves_none() -> None:
    one, other = run(env={"A": "1", "B": "2"}), run(env={"B": "2", "A": "1"})
    assert digests(one) == digests(other)
    context = build_context.render(PLAN.image)
    assert digest.compute(PLAN, context[::-1], build_context.strip_comments) == digests(PLAN)


def test_equal_plans_share_one_image() -> None:
    elsewhere = replace(PLAN, name="other", project="/home/bob/other", owner=1001)
    assert digest.image_ref(PLAN, digests(PLAN)) == digest.image_ref(elsewhere, digests(elsewhere))
