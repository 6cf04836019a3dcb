"""Text -> Config: the one way in, with every problem at once."""

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
from envkit.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM_LIMIT = 50


class Config(model.Section):
    """A workspace as its `envkit.yaml` describes it. Every key may be left out."""

    name: Annotated[str, AfterValidator(fields.environment_name)] | None = Field(
        default=None,
        description="Name of the environment. Left out: the folder's.",
        examples=["vision"],
        json_schema_extra=model.shape(fields.ENVIRONMENT_NAME),
    )
    tensorflow: Annotated[str, AfterValidator(fields.release), AfterValidator(fields.known_release)] = Field(
        default=DEFAULT_RELEASE,
        description='TensorFlow release, in quotes: a bare 2.10 is the number 2.1. "2.9" means its first release.',
        examples=[DEFAULT_RELEASE],
        json_schema_extra=model.shape(fields.RELEASE),
    )
    base: Annotated[str, AfterValidator(fields.base)] = Field(
        default="auto",
        description="What the image is built on: auto, official, debian, or an image reference.",
        examples=["debian"],
    )
    gpu: model.Gpu = Field(
        default="auto",
        description="auto (where there is one), on, off, a count, or a list of GPU numbers.",
        examples=["auto", "on", 2, [0, 1]],
    )
    apt: model.Packages = Field(default=(), description="Debian packages to add.", examples=[["graphviz"]])
    python: model.Python = Field(
        default=(),
        description="Python packages to add to TensorFlow's environment: a list, or a requirements file.",
        examples=[["pandas==1.4.*"], {"requirements": "requirements.txt"}],
    )
    workspace: model.HostPath = Field(
        default=".", description="Folder that becomes /workspace, relative to this file.", examples=["."]
    )
    mounts: model.Mounts = Field(
        default=(),
        description="Further files and folders of the host.",
        examples=[[{"source": "/data", "target": "/data", "read_only": True}]],
    )
    volumes: model.Volumes = Field(
        default_factory=dict,
        description="Named volumes that outlive the container, each with its full path inside.",
        examples=[{"cache": "/home/dev/.cache"}],
    )
    env: model.Env = Field(
        default_factory=dict,
        description="Environment variables, values in quotes. No secrets: those go under `secrets`.",
        examples=[{"TF_CPP_MIN_LOG_LEVEL": "1"}],
    )
    secrets: model.Secrets = Field(
        default_factory=dict,
        description="Secrets by name, each from a file of the host; the variable NAME_FILE says where it is inside.",
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
        """Keep where the values were written."""
        if isinstance(context, Origin):
            self._origin = context

    def problem(self, key: str, message: str) -> Problem:
        """Make a problem of a dotted key: it names the flag that set the key, or file and line."""
        return self._origin.problem(parse_key_path(key), message)

    def with_flags(self, **changes: Any) -> Config:
        """Return the config with some keys set by flags of the same name. None stands for a flag not given.

        Raises:
            ConfigError: A flag's value is none for its key; names the flag.
        """
        overrides = {key: value for key, value in changes.items() if value is not None}
        if not overrides:
            return self
        origin = replace(self._origin, flags=self._origin.flags | overrides.keys())
        return _validate({**self.model_dump(exclude_unset=True), **overrides}, origin, ())


def load(text: str | None, file: str = "envkit.yaml") -> Config:
    """Read a config.

    Args:
        text: The file's text; empty or None is a valid config.
        file: Path of the file as the user would name it.

    Raises:
        ConfigError: Every problem of the text, with file, line and key.
    """
    node, problems = read(text or "", file)
    value = {} if node.value is None else node.value
    if not isinstance(value, dict):
        message = f'expected keys such as tensorflow: "{DEFAULT_RELEASE}", got {describe(value)}'
        raise ConfigError([Problem(file, 1, "", message)])
    return _validate(value, Origin(file, node), problems)


def parse_gpus(text: str) -> int | list[int]:
    """Read the value of `--gpus`: a count such as `2`, or GPU numbers such as `0,1`; `0,` is number 0 alone.

    Raises:
        ConfigError: It is neither.
    """
    numbers = [number.strip(" ") for number in text.removesuffix(",").split(",")]
    if not all(number.isascii() and number.isdigit() and len(number) < 5 for number in numbers):
        message = f"{quote(text)} is neither a count such as 2 nor a list of GPU numbers such as 0,1"
        raise ConfigError([Problem(COMMAND_LINE, 0, "--gpus", message)])
    return [int(number) for number in numbers] if "," in text else int(numbers[0])


def _validate(value: Mapping[str, Any], origin: Origin, yaml_problems: tuple[Problem, ...]) -> Config:
    problems = [*yaml_problems, *(origin.problem(path, message) for path, message in find_conflicts(value))]
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
    """Keep as many problems as a person reads, and say how many more there are."""
    visible = sorted(problems)[:PROBLEM_LIMIT]
    if count > len(visible):
        message = f"{count - len(visible)} more problems than are shown here; mend these first"
        visible.append(Problem(visible[-1].file, visible[-1].line, "", message))
    return visible
