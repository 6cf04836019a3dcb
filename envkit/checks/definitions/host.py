"""Checks of the host, before anything runs on it."""

from __future__ import annotations

from envkit.checks.definitions import Check

HOST = (
    Check(
        "host/engine",
        "A supported container engine answers",
        "error",
        "host",
        "envkit finds the engine as Docker's client does: `DOCKER_HOST`, the Docker context, usual sockets.",
        "no engine is installed or running, or you may not use it",
        "sudo apt-get install docker.io, then sudo systemctl start docker",
    ),
    Check(
        "host/disk",
        "There is disk space for images",
        "error",
        "host",
        "A workspace needs about 2 GB, with GPU support 6 GB, and the same again during a build.",
        "images and volumes fill the engine's disk",
        "envkit prune removes unused resources of envkit; docker system df shows the rest",
    ),
    Check(
        "host/memory",
        "There is memory for a notebook",
        "error",
        "host",
        "JupyterLab and a kernel with TensorFlow need about 1 GB before any data is loaded.",
        "other programs use it",
        "close other programs, or use a machine with more memory",
    ),
    Check(
        "host/distribution",
        "No unrelated package envkit is installed over this one",
        "warning",
        "host",
        "On the Python package index, the name `envkit` belongs to an unrelated project; this one is `tf-envkit`. Both "
        "install files into a package `envkit`.",
        "`pip install envkit` was run in the Python environment of envkit",
        "install envkit alone in a new environment: pipx install tf-envkit, or uv tool install tf-envkit",
    ),
    Check(
        "host/programs",
        "The SSH client and rsync are installed",
        "warning",
        "host",
        "`envkit ssh`, VS Code, `audit` and remote engines use programs of the host.",
        "they are not installed",
        "sudo apt-get install openssh-client rsync",
    ),
    Check(
        "host/registry",
        "TensorFlow's official image can be pulled",
        "warning",
        "host",
        "With `base: official` or `auto`, the engine asks the registry through its own proxy. With `auto`, envkit "
        "builds from Debian packages if the registry does not answer.",
        "no network, a proxy that the engine does not know, or a tag that no longer exists",
        "set base: debian in envkit.yaml, which needs no registry",
    ),
    Check(
        "host/mirror",
        "The Debian mirror answers",
        "warning",
        "host",
        "A first build installs Debian packages through the caller's proxy. envkit contacts a mirror that only a "
        "config names after that config's access has been approved.",
        "no network, or a proxy or mirror must be configured",
        "export https_proxy and http_proxy; or set build.mirror in envkit.yaml to your own mirror",
    ),
    Check(
        "host/index",
        "The package index answers",
        "warning",
        "host",
        "A first build installs Python packages through the caller's proxy and with this host's trusted certificates. "
        "Any status but a refusal counts as an answer; redirects are not followed. envkit contacts an index that only "
        "a config names after that config's access has been approved.",
        "no network, a proxy, or a company certificate that this host does not trust",
        "export https_proxy, and SSL_CERT_FILE for a certificate; or set build.index in envkit.yaml to your own index",
    ),
    Check(
        "host/apt",
        "apt can read its sources",
        "warning",
        "host",
        "Otherwise nothing can be installed: no driver, no container toolkit. Adding NVIDIA's repository twice with "
        "different keys is enough. envkit runs apt itself, without the network.",
        "unknown: apt reports nothing else",
        "sudo apt-get update shows the full message",
    ),
    Check(
        "host/clock",
        "The clock is right",
        "warning",
        "host",
        "Certificates and signed package lists are rejected if the clock is minutes off.",
        "nothing sets this clock",
        "sudo timedatectl set-ntp true",
    ),
    Check(
        "host/port",
        "JupyterLab's port is free",
        "warning",
        "host",
        "If the port is taken, `envkit up` picks another one. A port set by `jupyter.port` must be free or used by the "
        "workspace itself.",
        "another program listens on it",
        "envkit up picks another port",
    ),
    Check(
        "host/subnet",
        "A subnet for the workspace's network is free",
        "warning",
        "host",
        "envkit takes a part of a private range that neither a route of this host nor a network of the engine uses. If "
        "a VPN routes one range, it takes another; `network.pool` sets the range.",
        "routes of this host or networks of the engine take every private range",
        "set network.pool in envkit.yaml to a range that is not routed",
    ),
    Check(
        "host/gpu",
        "The driver supports this TensorFlow release",
        "info",
        "host",
        "Compares, before anything is pulled, the release's CUDA version, the oldest driver for it, and the engine's "
        "way to pass a GPU.",
    ),
    Check(
        "host/state",
        "envkit's state directory is private",
        "error",
        "host",
        "It holds tokens and keys.",
        "its mode or owner was changed",
        "chmod 700, on that directory",
    ),
)
