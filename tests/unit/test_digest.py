"""Digests: each input changes exactly one of them; everything else changes none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import digest, naming
from envkit.model.artifact import Artifact
from envkit.model.facts import Account
from envkit.model.image import Base
from envkit.model.network import Network, Port
from envkit.model.plan import FilesPlan, Plan, Secret
from envkit.model.run import Hardening, Lifecycle, Limits, Mount
from envkit.render import build_context
from tests.support.engine_states import NAME, OWNER, run_plan
from tests.support.plan_samples import PROJECT, image_plan

if TYPE_CHECKING:
    from envkit.model.plan import Digests

KEYS = Artifact("mount/authorized_keys", "k\n", 0o600)
PLAN = Plan(NAME, PROJECT, OWNER, image_plan(), run_plan(), FilesPlan((KEYS,)))


def digests(plan: Plan) -> Digests:
    return digest.compute(plan, build_context.render(plan.image), build_context.strip_comments)


def changed_digests(changed: Plan) -> set[str]:
    before, after = digests(PLAN), digests(changed)
    return {name for name in ("image", "run", "files") if getattr(before, name) != getattr(after, name)}


def image(**changes: object) -> Plan:
    return replace(PLAN, image=replace(PLAN.image, **changes))  # type: ignore[arg-type]


def run(**changes: object) -> Plan:
    return replace(PLAN, run=replace(PLAN.run, **changes))  # type: ignore[arg-type]


def files(**changes: object) -> Plan:
    return replace(PLAN, files=replace(PLAN.files, **changes))  # type: ignore[arg-type]


def test_each_input_changes_exactly_one_digest() -> None:
    cases = [
        (image(apt=("graphviz",)), {"image"}),
        (image(python=("pandas",)), {"image"}),
        (image(index="https://packages.example.com/simple"), {"image"}),
        (image(private_index=True), {"image"}),
        (image(mirror="http://mirror.example.com/debian"), {"image"}),
        (image(ca="-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"), {"image"}),
        (image(base=Base("debian", PLAN.image.base.ref, "sha256:another", "mmdebstrap")), {"image"}),
        (run(user=Account(4242, 4242)), {"run"}),
        (run(env={"A": "1"}), {"run"}),
        (run(mounts=(*PLAN.run.mounts, Mount("bind", "/data", "/data"))), {"run"}),
        (run(limits=Limits(1.0, 512, 64, 512)), {"run"}),
        (replace(PLAN, logdir="/workspace/runs"), {"run"}),
        (run(hardening=Hardening(cap_drop=())), {"run"}),
        (run(hardening=Hardening(read_only=False)), {"run"}),
        (run(lifecycle=Lifecycle(restart_retries=1)), {"run"}),
        (run(ports=(Port(8888, 8888, "0.0.0.0"),)), {"run"}),
        (files(artifacts=(Artifact("mount/authorized_keys", "other\n", 0o600),)), {"files"}),
        (files(secrets=(Secret("WANDB", "~/.wandb", "0" * 64),)), {"files"}),
        (run(ports=(Port(9999, 8888),)), set()),
        (run(network=Network(naming.container(OWNER, NAME), "10.183.9.0/29")), set()),
        (replace(PLAN, notes=("capped",)), set()),
        (replace(PLAN, builder="classic"), set()),
        (replace(PLAN, netrc="/home/ada/.netrc"), set()),
        (replace(PLAN, build_proxies={"http_proxy": "http://proxy.example.com:3128"}), set()),
    ]
    for plan, expected in cases:
        assert changed_digests(plan) == expected, plan


def test_the_run_digest_is_stable_across_releases() -> None:
    # A new value recreates every container after an upgrade.
    assert digests(PLAN).run == "6220291d5a9f4cc3"


def test_a_dockerfile_comment_changes_no_digest() -> None:
    context = build_context.render(PLAN.image)
    commented = tuple(
        replace(artifact, text="# another comment\n" + artifact.text) if artifact.path == "Dockerfile" else artifact
        for artifact in context
    )
    assert digest.compute(PLAN, commented, build_context.strip_comments) == digests(PLAN)


def test_the_order_of_keys_and_files_changes_no_digest() -> None:
    plan, reordered = run(env={"A": "1", "B": "2"}), run(env={"B": "2", "A": "1"})
    assert digests(plan) == digests(reordered)
    context = build_context.render(PLAN.image)
    assert digest.compute(PLAN, context[::-1], build_context.strip_comments) == digests(PLAN)


def test_equal_plans_share_one_image() -> None:
    other_plan = replace(PLAN, name="other", project="/home/bob/other", owner=1001)
    assert digest.image_ref(PLAN, digests(PLAN)) == digest.image_ref(other_plan, digests(other_plan))
