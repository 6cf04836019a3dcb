"""Parse and validate `envkit.yaml`; report all problems in one error."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError

from envkit.catalog import DEFAULT_RELEASE
from envkit.config import fields, model
from envkit.config.cross_field import find_conflicts
from envkit.config.display import describe, parse_key_path, quote
from envkit.config.error_messages import explain_errors
from envkit.config.origin import COMMAND_LINE, Origin
from envkit.config.yaml_reader import read
from envkit.errors import ConfigError
from envkit.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM_LIMIT = 50


class Config(model.Section):
    """The description of a workspace in `envkit.yaml`. All keys are optional."""

    name: Annotated[str, AfterValidator(fields.environment_name)] | None = Field(
        default=None,
        description="Name of the environment. Default: the name of the folder.",
        examples=["vision"],
        json_schema_extra=model.shape(fields.ENVIRONMENT_NAME),
    )
    tensorflow: Annotated[str, AfterValidator(fields.release), AfterValidator(fields.known_release)] = Field(
        default=DEFAULT_RELEASE,
        description='TensorFlow release, in quotes, because YAML reads 2.10 as the number 2.1. "2.9" means "2.9.0".',
        examples=[DEFAULT_RELEASE],
        json_schema_extra=model.shape(fields.RELEASE),
    )
    base: Annotated[str, AfterValidator(fields.base)] = Field(
        default="auto",
        description="Base image: auto, official, debian, nvidia (NVIDIA's last container), or an image reference.",
        examples=["debian"],
    )
    gpu: model.Gpu = Field(
        default="auto",
        description="GPUs: auto (if the host has one), on, off, a count, or a list of GPU numbers.",
        examples=["auto", "on", 2, [0, 1]],
    )
    apt: model.Packages = Field(default=(), description="Debian packages to install.", examples=[["graphviz"]])
    python: model.Python = Field(
        default=(),
        description="Python packages to install beside TensorFlow: a list, or a requirements file.",
        examples=[["pandas==1.4.*"], {"requirements": "requirements.txt"}],
    )
    workspace: model.HostPath = Field(
        default=".", description="Folder to mount at /workspace, relative to this file.", examples=["."]
    )
    mounts: model.Mounts = Field(
        default=(),
        description="Additional files and folders of the host to mount.",
        examples=[[{"source": "/data", "target": "/data", "read_only": True}]],
    )
    volumes: model.Volumes = Field(
        default_factory=dict,
        description="Named volumes that outlive the container, each with an absolute path in the container.",
        examples=[{"cache": "/home/dev/.cache"}],
    )
    env: model.Env = Field(
        default_factory=dict,
        description="Environment variables, with values in quotes. Use `secrets` for secrets.",
        examples=[{"TF_CPP_MIN_LOG_LEVEL": "1"}],
    )
    secrets: model.Secrets = Field(
        default_factory=dict,
        description="Secrets by name, each from a file of the host. NAME_FILE is set to its path in the container.",
        examples=[{"WANDB_API_KEY": {"file": "~/.wandb"}}],
    )
    jupyter: model.Jupyter = Field(default=model.Jupyter(), examples=[{"port": 8888}])
    ssh: model.Ssh = Field(default=model.Ssh(), examples=[{"keys": ["~/.ssh/id_ed25519.pub"]}])
    tensorboard: model.Tensorboard = Field(default=model.Tensorboard(), examples=[{"logdir": "logs"}])
    limits: model.Limits = Field(default=model.Limits(), examples=[{"cpus": 4, "memory": "16g"}])
    build: model.Build = Field(default=model.Build(), examples=[{"proxy": "auto", "ca": "auto"}])
    network: model.Network = Field(default=model.Network(), examples=[{"pool": "10.183.0.0/16"}])

    _origin: Origin = PrivateAttr(default=Origin())

    def model_post_init(self, context: Any, /) -> None:
        """Store the origin of the values."""
        if isinstance(context, Origin):
            self._origin = context

    def problem(self, key: str, message: str, *, code: str = "invalid-value") -> Problem:
        """Build a problem of a dotted key. It names the flag that set the key, or the file and line."""
        return self._origin.problem(parse_key_path(key), message, code=code)

    def with_flags(self, **changes: Any) -> Config:
        """Return the config with the values of flags. The name of a flag is its key; None means that it is not set.

        Raises:
            ConfigError: A flag's value is not valid for its key; names the flag.
        """
        overrides = {key: value for key, value in changes.items() if value is not None}
        if not overrides:
            return self
        origin = replace(self._origin, flags=self._origin.flags | overrides.keys())
        return _validate({**self.model_dump(exclude_unset=True), **overrides}, origin, ())


def load(text: str | None, file: str = "envkit.yaml") -> Config:
    """Parse and validate a config.

    Args:
        text: Text of the file; empty or None is a valid config.
        file: Path of the file as the user would name it.

    Raises:
        ConfigError: The text has problems; lists all of them with file, line and key.
    """
    node, problems = read(text or "", file)
    value = {} if node.value is None else node.value
    if not isinstance(value, dict):
        message = f'expected keys such as tensorflow: "{DEFAULT_RELEASE}", got {describe(value)}'
        raise ConfigError([Problem(file, 1, "", message, "invalid-type")])
    return _validate(value, Origin(file, node), problems)


def parse_gpus(text: str) -> int | list[int]:
    """Parse the value of `--gpus`: a count such as `2`, or GPU numbers such as `0,1`; `0,` is only GPU 0.

    Raises:
        ConfigError: The value is neither.
    """
    numbers = [number.strip(" ") for number in text.removesuffix(",").split(",")]
    if not all(number.isascii() and number.isdigit() and len(number) < 5 for number in numbers):
        message = f"invalid GPU selection {quote(text)}; use a count such as 2, or GPU numbers such as 0,1"
        raise ConfigError([Problem(COMMAND_LINE, 0, "--gpus", message, "invalid-value")])
    return [int(number) for number in numbers] if "," in text else int(numbers[0])


def _validate(value: Mapping[str, Any], origin: Origin, yaml_problems: tuple[Problem, ...]) -> Config:
    conflicts = (origin.problem(path, message, code="conflicting-keys") for path, message in find_conflicts(value))
    problems = [*yaml_problems, *conflicts]
    count = len(problems)
    try:
        config = Config.model_validate(value, context=origin)
    except ValidationError as error:
        count += error.error_count()
        problems += islice(explain_errors(error, value, origin, Config), PROBLEM_LIMIT)
    if problems:
        raise ConfigError(_limit_problems(problems, count))
    return config


def _limit_problems(problems: list[Problem], count: int) -> list[Problem]:
    """Keep the first problems, and add the count of the others."""
    visible = sorted(problems)[:PROBLEM_LIMIT]
    if count > len(visible):
        message = f"{count - len(visible)} more problems are not shown; fix these first"
        visible.append(Problem(visible[-1].file, visible[-1].line, "", message, "too-many-problems"))
    return visible
