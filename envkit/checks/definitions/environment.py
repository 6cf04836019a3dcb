"""Checks of an environment and its servers."""

from __future__ import annotations

from envkit.checks.definitions import Check

ENVIRONMENT = (
    Check(
        "environment/drift",
        "The environment matches its config",
        "warning",
        "container",
        "envkit plans an `envkit up` without executing it. Every step of that plan is a difference.",
        "envkit.yaml, a file that it names, or the container was changed since the last `up`",
        "envkit up",
    ),
    Check(
        "environment/memory",
        "The workspace has enough memory",
        "warning",
        "container",
        "envkit reads how many programs the kernel killed because the workspace reached limits.memory since its start. "
        "Without such a program there is no finding.",
        "a program needs more memory than limits.memory allows",
        "raise limits.memory in envkit.yaml, then envkit up; or use less memory, such as a smaller batch",
    ),
)

SERVICES = (
    Check(
        "ssh/login",
        "The workspace's owner can log in with SSH",
        "error",
        "container",
        "envkit logs in with its own key through the engine, like the host entry that it writes.",
        hint="envkit logs",
    ),
    Check(
        "tensorboard/route",
        "TensorBoard answers behind Jupyter's login",
        "warning",
        "container",
        "envkit requests TensorBoard's address with the workspace's token, and waits while the container makes "
        "progress. TensorBoard starts with the first request, so a slow one is a warning.",
        "TensorBoard is still starting, or it cannot start",
        "envkit probe checks again; envkit logs shows the output",
    ),
)
