"""The config as written: every key, its rule, its default, and the words that editors show for it."""

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
    """A part of the config: nothing in it is guessed, converted, or changed later."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_null_keys(cls, value: Any) -> Any:
        # `apt:` with all its items commented out is a key without a value, and means as much as no key.
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if item is not None or key not in cls.model_fields}


def shape(pattern: str) -> dict[str, Any]:
    """Give a pattern to the schema."""
    # For the schema alone: the rule itself is the function beside it, which also says the mend.
    return {"pattern": f"^{pattern}$"}


def _size_schema(too_small_pattern: str) -> dict[str, Any]:
    """Describe a size to the schema, which compares no numbers in texts, by the pattern of those that are too small."""
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
    """A file or folder of the host, shown inside the workspace."""

    source: HostPath = Field(description="Path on the host; `~` and paths relative to this file work.")
    target: Target = Field(description="Full path inside the container.")
    read_only: bool = Field(default=False, description="Whether the workspace may only read it.")


class SecretFile(Section):
    """Where a secret is kept on the host. Its content reaches the workspace as a file, never as a variable."""

    file: HostPath = Field(description="Path of the file on the host that holds the secret and nothing else.")


class Requirements(Section):
    """A requirements file in the project."""

    requirements: HostPath = Field(
        description="Path of a requirements file, relative to this file.", examples=["requirements.txt"]
    )


class Jupyter(Section):
    """JupyterLab on the host's loopback address, or on a socket inside."""

    socket: bool = Field(
        default=False, description="Whether it listens on a socket inside, and at no port at all.", examples=[True]
    )
    port: Port | None = Field(
        default=None, description="Port on 127.0.0.1. Left out: 8888, or the next free one.", examples=[8888]
    )


class Ssh(Section):
    """The SSH host. `envkit ssh` needs no published port."""

    publish: bool = Field(default=False, description="Whether it answers at a port of 127.0.0.1.", examples=[True])
    port: Port | None = Field(
        default=None, description="The published port. Left out: 2222, or the next free one.", examples=[2222]
    )
    agent: bool = Field(default=False, description="Whether your SSH agent is forwarded.", examples=[False])
    kex: KeyExchanges = Field(
        default="default",
        description="default (post-quantum key exchange first, the usual one for old clients), or pq-only.",
        examples=["pq-only"],
    )
    keys: KeyFiles | None = Field(
        default=None,
        description="Files of the public keys that may log in. Left out: yours, or one that envkit makes.",
        examples=[["~/.ssh/id_ed25519.pub"]],
    )


class Tensorboard(Section):
    """TensorBoard, behind JupyterLab's login."""

    logdir: Annotated[str, AfterValidator(paths.workspace_path)] = Field(
        default="logs", description="Folder with the logs, relative to the workspace.", examples=["logs"]
    )


class Limits(Section):
    """What the workspace may take from the host; capped to what the host has."""

    cpus: Processors | None = Field(default=None, description="Processors. Left out: all.", examples=[4])
    memory: Memory | None = Field(
        default=None, description="Memory, 512m or more. Left out: most of the host's.", examples=["16g"]
    )
    shm: SharedMemory = Field(
        default="1g", description="Shared memory, which data loaders use, 64m or more.", examples=["1g"]
    )
    pids: Processes = Field(default=4096, description="Processes and threads.", examples=[4096])

    @property
    def memory_mib(self) -> int | None:
        """Memory in MiB, or None where the config leaves it open."""
        return limits.mebibytes(self.memory) if self.memory else None

    @property
    def shm_mib(self) -> int:
        """Shared memory in MiB."""
        return limits.mebibytes(self.shm)


class Build(Section):
    """What builds the image, and how it reaches its packages."""

    builder: Builder = Field(
        default="auto",
        description="auto (buildx where it is installed, else classic), buildx, or the engine's classic builder.",
        examples=["buildx"],
    )
    proxy: Annotated[str, AfterValidator(urls.proxy)] = Field(
        default="auto", description="auto (your environment's), off, or an address.", examples=["auto"]
    )
    ca: Annotated[str, AfterValidator(paths.certificates)] = Field(
        default="auto",
        description="CA certificates added to the usual ones: auto (what this host trusts), off, or a PEM file.",
        examples=["auto"],
    )
    index: Url | None = Field(
        default=None,
        description="Address of a Python package index used instead of the default.",
        examples=["https://packages.example.com/simple"],
    )
    netrc: HostPath | None = Field(
        default=None, description="A netrc file of the host with the login for `index`.", examples=["~/.netrc"]
    )
    mirror: Mirror | None = Field(
        default=None,
        description="Address of a Debian mirror used instead of the default.",
        examples=["https://mirror.example.com/debian"],
    )
    python_mirror: Url | None = Field(
        default=None,
        description="Where uv gets a Python for an image that has none that serves, instead of its own place.",
        examples=["https://mirror.example.com/python-build-standalone"],
    )


class Network(Section):
    """The workspace's own small network."""

    mode: NetworkMode = Field(
        default="bridge", description="bridge, or none: nothing but the workspace's own loopback.", examples=["none"]
    )
    pool: Annotated[str, AfterValidator(urls.pool)] = Field(
        default="10.183.0.0/16",
        description="A private IPv4 range of /24 or larger that nothing else on this host uses.",
        examples=["10.183.0.0/16"],
    )


def _python_tag(value: Any) -> str:
    return "from a file" if isinstance(value, dict | Requirements) else "as a list"


Python = Annotated[
    Annotated[tuple[Requirement, ...], Strict(strict=False), Tag("as a list")]
    | Annotated[Requirements, Tag("from a file")],
    Discriminator(_python_tag),
]
Packages = Annotated[tuple[AptPackage, ...], Strict(strict=False)]
Mounts = Annotated[tuple[Mount, ...], Strict(strict=False)]
Volumes = Mapping[VolumeName, Target]
Env = Mapping[PublicVariable, EnvValue]
Secrets = Mapping[Variable, SecretFile]
