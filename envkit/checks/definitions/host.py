"""Rows of the table: the host, before anything runs on it."""

from __future__ import annotations

from envkit.checks.check import Check

HOST = (
    Check(
        "host/engine",
        "A container engine answers that envkit serves",
        "error",
        "host",
        "The engine is looked for where Docker's own client would: `DOCKER_HOST`, the Docker context, usual sockets.",
        "none is installed or started, or you may not use it",
        "sudo apt-get install docker.io, then sudo systemctl start docker",
    ),
    Check(
        "host/disk",
        "There is room for images",
        "error",
        "host",
        "A workspace takes about 2 GB, one for GPUs 6 GB, and as much again while it is built.",
        "images and volumes fill the disk on which the engine keeps them",
        "envkit prune removes what envkit made and nobody uses; docker system df shows the rest",
    ),
    Check(
        "host/memory",
        "There is memory for a notebook",
        "error",
        "host",
        "JupyterLab and a kernel with TensorFlow take about 1 GB before any data is loaded.",
        "other programs use it",
        "close what is not needed; or use a machine with more memory",
    ),
    Check(
        "host/programs",
        "The SSH client and rsync are here",
        "warning",
        "host",
        "`envkit ssh`, VS Code, `audit` and engines on other machines use the host's own programs.",
        "they are not installed",
        "sudo apt-get install openssh-client rsync",
    ),
    Check(
        "host/registry",
        "TensorFlow's official image can be pulled",
        "warning",
        "host",
        "Asked by the engine, with its own proxy, where `base:` is `official` or `auto`. Where it is "
        "`auto`, a workspace stands on Debian instead.",
        "no network, a proxy that the engine does not know, or a tag that is gone",
        "write base: debian in envkit.yaml, which needs no registry",
    ),
    Check(
        "host/mirror",
        "The Debian mirror answers",
        "warning",
        "host",
        "A first build installs Debian packages, through the caller's own proxy. A mirror that only a config names is "
        "not asked before that config's access was approved.",
        "no network, or a proxy or a mirror has to be named",
        "export https_proxy and http_proxy; or name a mirror of your own: build.mirror in envkit.yaml",
    ),
    Check(
        "host/index",
        "The package index answers",
        "warning",
        "host",
        "A first build installs Python packages, through the caller's own proxy and with the certificates this host "
        "trusts. Any status but a refusal counts as an answer, and no redirect is followed. An index that only a "
        "config names is not asked before that config's access was approved.",
        "no network, a proxy, or a certificate of the company's that this host does not trust",
        "export https_proxy, and SSL_CERT_FILE for a certificate; or name an index of your own: build.index in "
        "envkit.yaml",
    ),
    Check(
        "host/apt",
        "apt can read its lists of sources",
        "warning",
        "host",
        "Where it cannot, nothing can be installed: no driver, no container toolkit. Adding NVIDIA's repository twice, "
        "each time with another key, is enough for that. apt itself is asked, without the network.",
        "unknown: apt's own words are all there is",
        "sudo apt-get update shows all of it",
    ),
    Check(
        "host/clock",
        "The clock is right",
        "warning",
        "host",
        "Certificates and signed package lists are refused by a clock that is minutes off.",
        "nothing sets this clock",
        "sudo timedatectl set-ntp true",
    ),
    Check(
        "host/port",
        "JupyterLab's port is free",
        "warning",
        "host",
        "Where it is taken, `envkit up` picks another one; one that `jupyter.port` names has to be free, or held by "
        "the workspace itself.",
        "another program listens there",
        "envkit up picks another port",
    ),
    Check(
        "host/gpu",
        "The driver serves this TensorFlow release",
        "info",
        "host",
        "Told from the catalogue, before anything is pulled: the release's CUDA, the oldest driver for it, and how the "
        "engine passes a GPU.",
    ),
    Check(
        "host/state",
        "envkit's own folder is private",
        "error",
        "host",
        "Tokens and keys lie in it.",
        "somebody opened it to others",
        "chmod 700, on that folder",
    ),
)
