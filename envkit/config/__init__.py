"""`envkit.yaml` -> Config: as written, validated, with the line of every key. Pure.

yaml_tree   text -> values that know their lines
fields, limits, addresses, variables, places, packages
                            what one value may be
model       the keys of each section
crossings   what two keys may not be together
explain     what went wrong, in words
config      Config and `load`
schema, starter     the JSON Schema for editors, the file `envkit init` writes
"""

from __future__ import annotations

from envkit.config.config import Config, load, parse_gpus
from envkit.config.limits import mebibytes
from envkit.config.model import (
    Build,
    Jupyter,
    Limits,
    Mount,
    Network,
    Requirements,
    SecretFile,
    Ssh,
    Tensorboard,
)
from envkit.config.packages import requirement, requirement_lines
from envkit.config.schema import schema
from envkit.config.starter import SCHEMA_FILE, starter

__all__ = [
    "SCHEMA_FILE",
    "Build",
    "Config",
    "Jupyter",
    "Limits",
    "Mount",
    "Network",
    "Requirements",
    "SecretFile",
    "Ssh",
    "Tensorboard",
    "load",
    "mebibytes",
    "parse_gpus",
    "requirement",
    "requirement_lines",
    "schema",
    "starter",
]
