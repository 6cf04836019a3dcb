"""The keys of each section, with rules, defaults, and descriptions for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    Tag,
    WithJsonSchema,
    model_validator,
)

from envkit.config import env_vars, fields, limits, packages, paths, urls
from envkit.model import plan


class Section(BaseModel):
    """A section of the config: strict, without type conversion, and immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_null_keys(cls, value: Any) -> Any:
        # A key without a value, such as `apt:` with all items commented out, is equivalent to no key.
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if item is not None or key not in cls.model_fields}


def shape(pattern: str) -> dict[str, Any]:
    """Build the schema of a pattern. Validation uses the function of the rule, which also gives a hint."""
    return {"pattern": f"^{pattern}$"}


def _size_schema(too_small_pattern: str) -> dict[str, Any]:
    """Build the schema of a size. A schema cannot compare numbers in strings, so a pattern excludes sizes too small."""
    return {"type": "string", **shape(limits.SIZE), "not": {"type": "string", **shape(f"({too_small_pattern})[mM]")}}


Text = Annotated[str, AfterValidator(fields.plain_text)]
HostPath = Annotated[str, AfterValidator(paths.host_path)]
Target = Annotated[str, AfterValidator(paths.target), Field(json_schema_extra=shape("/.+"))]
Port = Annotated[int, AfterValidator(fields.port), Field(json_schema_extra={"minimum": 1024, "maximum": 65535})]
Memory = Annotated[
    str, PlainValidator(limits.memory), WithJsonSchema(_size_schema(r"[1-9][0-9]?|[1-4][0-9]{2}|50[0-9]|51[01]"))
]
SharedMemory = Annotated[
    str, PlainValidator(limits.shared_memory), WithJsonSchema(_size_schema(r"[1-9]|[1-5][0-9]|6[0-3]"))
]
Processors = Annotated[
    float,
    AfterValidator(limits.processors),
    Field(json_schema_extra={"minimum": limits.PROCESSOR_MINIMUM, "maximum": limits.PROCESSOR_LIMIT}),
]
Processes = Annotated[
    int,
    AfterValidator(limits.processes),
    Field(json_schema_extra={"minimum": limits.PROCESS_MINIMUM, "maximum": limits.PROCESS_LIMIT}),
]
Url = Annotated[str, AfterValidator(urls.url), Field(json_schema_extra=shape("https?://[^@?#]+"))]
Mirror = Annotated[str, AfterValidator(urls.mirror), Field(json_schema_extra=shape("https?://[^@?#/]+/[^@?#]+"))]
AptPackage = Annotated[str, AfterValidator(packages.apt_package), Field(json_schema_extra=shape(packages.APT_PACKAGE))]
Requirement = Annotated[str, AfterValidator(packages.requirement)]
VolumeName = Annotated[str, AfterValidator(fields.volume_name), Field(json_schema_extra=shape(fields.VOLUME_NAME))]
VariableShape = Field(json_schema_extra=shape(env_vars.VARIABLE_NAME))
PublicVariable = Annotated[str, AfterValidator(env_vars.public_variable), VariableShape]
Variable = Annotated[str, AfterValidator(env_vars.secret_name), VariableShape]
EnvValue = Annotated[str, AfterValidator(env_vars.variable_value)]
KeyFile = Annotated[str, AfterValidator(paths.public_key_file)]
KeyFiles = Annotated[
    tuple[KeyFile, ...],
    Strict(strict=False),
    AfterValidator(paths.key_files),
    Field(json_schema_extra={"minItems": 1}),
]
NetworkMode = Annotated[
    str, PlainValidator(fields.network_mode), WithJsonSchema({"enum": ["bridge", "none"], "type": "string"})
]
KeyExchanges = Annotated[
    str, PlainValidator(fields.key_exchanges), WithJsonSchema({"enum": ["default", "pq-only"], "type": "string"})
]
Builder = Annotated[
    plan.Builder,
    PlainValidator(fields.builder),
    WithJsonSchema({"enum": ["auto", "buildx", "classic"], "type": "string"}),
]
Gpu = Annotated[
    fields.Gpu,
    PlainValidator(fields.gpu),
    PlainSerializer(lambda value: value, return_type=Any),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["auto", "on", "off"]},
                {"type": "boolean"},
                {"type": "integer", "minimum": 1, "maximum": fields.GPU_LIMIT},
                {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "exclusiveMaximum": fields.GPU_LIMIT},
                    "minItems": 1,
                    "uniqueItems": True,
                },
            ]
        }
    ),
]


class Mount(Section):
    """A file or folder of the host that is mounted into the workspace."""

    source: HostPath = Field(description="Path on the host: absolute, with `~`, or relative to this file.")
    target: Target = Field(description="Absolute path in the container.")
    read_only: bool = Field(default=False, description="Mount read-only.")


class SecretFile(Section):
    """The file of a secret on the host. The workspace receives it as a file, never as a variable."""

    file: HostPath = Field(description="Path of a file on the host that contains only the secret.")


class Requirements(Section):
    """A requirements file of the project."""

    requirements: HostPath = Field(
        description="Path of the requirements file, relative to this file.", examples=["requirements.txt"]
    )


class Jupyter(Section):
    """JupyterLab on a loopback port of the host, or on a socket in the container."""

    socket: bool = Field(
        default=False, description="Listen on a socket in the container instead of a port.", examples=[True]
    )
    port: Port | None = Field(
        default=None, description="Port on 127.0.0.1. Default: 8888 or the next free port.", examples=[8888]
    )


class Ssh(Section):
    """The SSH server. `envkit ssh` needs no published port."""

    publish: bool = Field(default=False, description="Publish SSH on a port of 127.0.0.1.", examples=[True])
    port: Port | None = Field(
        default=None, description="Published port. Default: 2222 or the next free port.", examples=[2222]
    )
    agent: bool = Field(default=False, description="Forward your SSH agent.", examples=[False])
    kex: KeyExchanges = Field(
        default="default",
        description="SSH key exchanges: default (post-quantum preferred, classical for old clients), or pq-only.",
        examples=["pq-only"],
    )
    keys: KeyFiles | None = Field(
        default=None,
        description="Files of public keys that may log in. Default: your keys, or a key that envkit generates.",
        examples=[["~/.ssh/id_ed25519.pub"]],
    )


class Tensorboard(Section):
    """TensorBoard, behind JupyterLab's login."""

    logdir: Annotated[str, AfterValidator(paths.workspace_path)] = Field(
        default="logs", description="Log folder, relative to the workspace.", examples=["logs"]
    )


class Limits(Section):
    """Resource limits of the workspace, capped to the resources of the host."""

    cpus: Processors | None = Field(default=None, description="CPU count. Default: all CPUs.", examples=[4])
    memory: Memory | None = Field(
        default=None, description="Memory, 512m or more. Default: most of the host's memory.", examples=["16g"]
    )
    shm: SharedMemory = Field(
        default="1g", description="Shared memory, used by data loaders, 64m or more.", examples=["1g"]
    )
    pids: Processes = Field(default=4096, description="Maximum number of processes and threads.", examples=[4096])

    @property
    def memory_mib(self) -> int | None:
        """Memory in MiB, or None if the config does not limit it."""
        return limits.mebibytes(self.memory) if self.memory else None

    @property
    def shm_mib(self) -> int:
        """Shared memory in MiB."""
        return limits.mebibytes(self.shm)


class Build(Section):
    """The image build and its package sources."""

    builder: Builder = Field(
        default="auto",
        description="Builder: auto (buildx if it is installed, else classic), buildx, or classic.",
        examples=["buildx"],
    )
    proxy: Annotated[str, AfterValidator(urls.proxy)] = Field(
        default="auto", description="Proxy: auto (from your environment variables), off, or a URL.", examples=["auto"]
    )
    ca: Annotated[str, AfterValidator(paths.certificates)] = Field(
        default="auto",
        description="Additional CA certificates: auto (those this host trusts), off, or a PEM file.",
        examples=["auto"],
    )
    index: Url | None = Field(
        default=None,
        description="URL of a Python package index that replaces the default.",
        examples=["https://packages.example.com/simple"],
    )
    netrc: HostPath | None = Field(
        default=None, description="Path of a netrc file on the host with the login for `index`.", examples=["~/.netrc"]
    )
    mirror: Mirror | None = Field(
        default=None,
        description="URL of a Debian mirror that replaces the default.",
        examples=["https://mirror.example.com/debian"],
    )
    python_mirror: Url | None = Field(
        default=None,
        description="URL that uv downloads a Python from if the base image has no suitable one.",
        examples=["https://mirror.example.com/python-build-standalone"],
    )


class Network(Section):
    """The network of the workspace."""

    mode: NetworkMode = Field(
        default="bridge", description="Network mode: bridge, or none for loopback only.", examples=["none"]
    )
    pool: Annotated[str, AfterValidator(urls.pool)] = Field(
        default="10.183.0.0/16",
        description="Private IPv4 range for the networks of environments, /24 or larger, unused on this host.",
        examples=["10.183.0.0/16"],
    )


def _python_tag(value: Any) -> str:
    return "file" if isinstance(value, dict | Requirements) else "list"


Python = Annotated[
    Annotated[tuple[Requirement, ...], Strict(strict=False), Tag("list")] | Annotated[Requirements, Tag("file")],
    Discriminator(_python_tag),
]
Packages = Annotated[tuple[AptPackage, ...], Strict(strict=False)]
Mounts = Annotated[tuple[Mount, ...], Strict(strict=False)]
Volumes = Mapping[VolumeName, Target]
Env = Mapping[PublicVariable, EnvValue]
Secrets = Mapping[Variable, SecretFile]
