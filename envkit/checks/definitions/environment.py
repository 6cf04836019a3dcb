"""Rows of the table: an environment and what it serves."""

from __future__ import annotations

from envkit.checks.check import Check

ENVIRONMENT = (
    Check(
        "environment/drift",
        "The environment is what its config says",
        "warning",
        "container",
        "What an `envkit up` would do is worked out and not done. Whatever it would do is a difference.",
        "envkit.yaml, a file that it names, or the container was changed since the last `up`",
        "envkit up",
    ),
)

SERVICES = (
    Check(
        "ssh/login",
        "SSH lets the workspace's owner in",
        "error",
        "container",
        "envkit logs in with its own key, through the engine, as the host entry it writes does.",
        hint="envkit logs",
    ),
    Check(
        "tensorboard/route",
        "TensorBoard answers behind Jupyter's login",
        "error",
        "container",
        "The address of TensorBoard is asked with the token of the workspace.",
        hint="envkit logs",
    ),
)
