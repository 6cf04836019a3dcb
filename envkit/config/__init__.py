"""`envkit.yaml` -> Config: validated, with the line of every key. Pure.

yaml_reader         text -> values that know their lines
fields, limits, urls, env_vars, paths, packages
                    rules of single values
model               keys of each section
cross_field         rules between keys
error_messages      pydantic errors -> problems
config              Config and `load`
schema, starter     JSON Schema for editors, the file that `envkit init` writes
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
from envkit.config.packages import requirement, requirement_lines, split_hashes
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
    "split_hashes",
    "starter",
]
