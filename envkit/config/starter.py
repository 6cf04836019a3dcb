"""The initial `envkit.yaml` of a project, written by `envkit init`."""

from __future__ import annotations

from envkit.catalog import DEFAULT_RELEASE
from envkit.config.fields import environment_name

SCHEMA_FILE = "envkit.schema.json"

_STARTER = """\
# yaml-language-server: $schema={schema}
# For completion in your editor: envkit schema > {schema}
# All keys are optional; commented lines are examples.

# name: "{name}"    # default: the folder's name, with a suffix if that name is taken
tensorflow: "{release}"     # in quotes, because YAML reads 2.10 as the number 2.1
base: auto              # TensorFlow's official image if available, else Debian packages and Python wheels
gpu: auto               # auto, on, off, a count, or GPU numbers such as [0, 1]

# apt: [graphviz]
# python: ["pandas==1.4.*"]         # or {{requirements: requirements.txt}}

# workspace: .                      # the folder mounted at /workspace
# mounts:
#   - {{source: /data, target: /data, read_only: true}}
# volumes:
#   cache: /home/dev/.cache

# env:
#   TF_CPP_MIN_LOG_LEVEL: "1"     # in quotes: every value is a string
# secrets:
#   WANDB_API_KEY: {{file: ~/.wandb}} # in the container, WANDB_API_KEY_FILE is the path of a copy

# jupyter: {{port: 8888}}             # default: 8888 or the next free port; socket: true uses no port
# ssh: {{keys: ["~/.ssh/id_ed25519.pub"], publish: false}}
# tensorboard: {{logdir: logs}}

# limits: {{cpus: 4, memory: 16g, shm: 1g, pids: 4096}}
# build: {{proxy: auto, ca: auto}}    # auto: the settings of your shell and host
# network: {{pool: 10.183.0.0/16}}    # range for the networks of environments; mode: none disables the network
"""


def starter(name: str) -> str:
    """Build a commented config for an environment of this name; `load` accepts it.

    Raises:
        InvalidValueError: The name is not valid.
    """
    return _STARTER.format(schema=SCHEMA_FILE, name=environment_name(name), release=DEFAULT_RELEASE)
