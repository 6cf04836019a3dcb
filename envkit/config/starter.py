"""The first `envkit.yaml` of a project, as `envkit init` writes it."""

from __future__ import annotations

from envkit.catalog import DEFAULT_RELEASE
from envkit.config.fields import environment_name

SCHEMA_FILE = "envkit.schema.json"

_STARTER = """\
# yaml-language-server: $schema={schema}
# For completion in your editor: envkit schema > {schema}
# Every key may be left out; what is commented out shows how it is written.

# name: "{name}"    # left out: the folder's name, with a suffix when that is taken
tensorflow: "{release}"     # in quotes: a bare 2.10 is the number 2.1
base: auto              # TensorFlow's own image where it can be had, else Debian packages and Python wheels
gpu: auto               # auto, on, off, a count, or GPU numbers such as [0, 1]

# apt: [graphviz]
# python: ["pandas==1.4.*"]         # or {{requirements: requirements.txt}}

# workspace: .                      # the folder that becomes /workspace
# mounts:
#   - {{source: /data, target: /data, read_only: true}}
# volumes:
#   cache: /home/dev/.cache

# env:
#   TF_CPP_MIN_LOG_LEVEL: "1"     # in quotes: every value is a text
# secrets:
#   WANDB_API_KEY: {{file: ~/.wandb}} # inside, WANDB_API_KEY_FILE names a copy

# jupyter: {{port: 8888}}             # left out: 8888, or the next free one; socket: true goes without
# ssh: {{keys: ["~/.ssh/id_ed25519.pub"], publish: false}}
# tensorboard: {{logdir: logs}}

# limits: {{cpus: 4, memory: 16g, shm: 1g, pids: 4096}}
# build: {{proxy: auto, ca: auto}}    # auto: what your own environment uses
# network: {{pool: 10.183.0.0/16}}    # the environments' own small networks; mode: none goes without
"""


def starter(name: str) -> str:
    """Return a commented config for an environment of that name; `load` accepts it.

    Raises:
        ValueError: It is no environment name.
    """
    return _STARTER.format(schema=SCHEMA_FILE, name=environment_name(name), release=DEFAULT_RELEASE)
