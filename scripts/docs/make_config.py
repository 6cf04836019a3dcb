"""Render docs/reference/config.md from the JSON Schema of envkit.yaml."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from envkit import config
from scripts.docs import pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Shape = Mapping[str, Any]

SCHEMA = config.schema()
NULL = {"type": "null"}
PLAIN = re.compile(r"(?!(?:true|false|null)$)[a-z~./][A-Za-z0-9_./~-]*|[0-9]+[mg]", re.ASCII)

HEAD = """\
# envkit.yaml

All keys, generated from the JSON Schema that `envkit schema` prints, by `scripts/docs/make_config.py`.

- A project without the file, or with an empty one, is valid. `envkit init` writes a commented file.
- envkit finds the file from any folder below it. Paths in it are relative to it, and `~` is your home folder.
  A symbolic link is refused.
- Without the file, envkit also finds a folder with an existing environment from any folder below it. The nearest of
  both counts.
- An unknown key is an error that suggests the nearest known key. Errors have the form `envkit.yaml:12 ssh.port: …`.
  All syntax and value errors are reported at once; if there are none, all errors that depend on the host, such as a
  missing path.
- YAML 1.2 rules apply: `on`, `yes` and `22:22` are text, and an unquoted `2.10` is the number 2.1, so quote versions.
  A key without a value counts as unset.
- If port, CPUs, memory, proxy or base are not set, the first `up` chooses them and later runs keep them. To choose
  again, change the key or run `envkit up --refresh`.
- `envkit up --name`, `--gpu`, `--no-gpu` and `--gpus` override `name` and `gpu` for one call.
- *Needs approval*: an `up` that adds such a value to the approved ones shows it and asks. Without a terminal it exits
  with code 2 unless `--yes` is given.
"""

# Notes that do not fit into the schema, by dotted key.
NOTES = {
    "name": "A name that another project of yours uses is an error; a folder name that is taken gets a suffix instead.",
    "tensorflow": "Every release of [the catalog](catalog.md) can be built. Any other release is an error that "
    "suggests the nearest one. `up` prints a note if envkit's own tests do not build the release.",
    "base": "`debian` is assembled from Debian packages and Python wheels; `official` is TensorFlow's own image with "
    "[its known faults](official-images.md) fixed, `nvidia` NVIDIA's last container for [newer GPUs]"
    "(catalog.md#newer-gpus). `auto` uses `official` if the image exists or can be pulled, else "
    "`debian`; `up` reports the choice with the reason and keeps it. Any other image of Debian 11, Ubuntu 20.04 or "
    "later is possible: envkit [inspects it](../how-to/own-base-image.md) before it builds anything, and refuses it "
    "with the reason if it cannot hold a workspace (*needs approval*).",
    "gpu": "`auto` uses a GPU if the first `up` finds the driver and an engine interface for it (a CDI device, "
    "`--gpus` or the nvidia runtime), and keeps that choice. `on`, `true`, a count and a list require a GPU: if none "
    "is usable, `up` exits with code 5, names the failing layer and creates nothing. A workspace with a GPU is built "
    "with TensorFlow for GPUs, and CUDA and cuDNN as Python packages; any other with TensorFlow for the CPU.",
    "apt": "From the Debian or Ubuntu release of the base. Options of apt are refused.",
    "python": "By name, extras, versions and markers; URLs, options and references to other files are refused. They "
    "are installed within the bounds that keep TensorFlow importable; the build imports TensorFlow at the end. A "
    "requirements file must be in the project.",
    "workspace": "All container code runs as the owner of this folder. `/`, your home folder, system folders, and "
    "folders that contain credentials are refused. A folder outside the project *needs approval*.",
    "mounts": "Symbolic links are resolved first. System folders, sockets of container engines, your home folder, and "
    "folders that contain credentials, such as `~/.ssh`, are refused. A source in the workspace or in a writable mount "
    "is refused, because container code could replace it by a symbolic link; so is a writable mount that contains the "
    "workspace. A target below `/workspace` or below the target of another mount needs an existing folder there. A "
    "source *needs approval* if it is outside the project, or if the container of another environment could replace it "
    "by a symbolic link, also with the help of other mounts.",
    "volumes": "`envkit down --volumes` removes them. The name `home` is reserved.",
    "env": "All users of the engine can read the values, so names that suggest a secret are refused. Names that envkit "
    "sets, names that act before your code runs, such as `PATH` or `LD_PRELOAD`, and those of pip, uv, proxies and "
    "trusted certificates are refused too: use the keys of `build`, which need approval.",
    "secrets": "The content of the file is copied to a file of mode 0600, which is mounted read-only. A file in the "
    "workspace or in a writable mount is refused. *Needs approval*.",
    "jupyter.socket": "JupyterLab is then reached through SSH: `envkit open` forwards a port of 127.0.0.1 while it "
    "runs; `envkit ssh -N -L 8888:/run/envkit/jupyter.sock` does the same by hand. Not together with `port`.",
    "jupyter.port": "If the key is set and the port is taken, the error names the process that uses it. A chosen port "
    "is kept.",
    "ssh.publish": "`envkit ssh` and the entry of `envkit ssh-config` then use that port. Other programs can use it "
    "too, and users with a key who are not in the group `docker`. *Needs approval*.",
    "ssh.port": "If the key is set and the port is taken, the error names the process that uses it. A chosen port is "
    "kept.",
    "ssh.agent": "Container code can then use your keys while you are logged in; each `up` prints a note. *Needs "
    "approval*.",
    "ssh.kex": "`pq-only` rejects clients without a post-quantum key exchange, such as OpenSSH before 8.5.",
    "ssh.keys": "One key per file, without options: Ed25519, ECDSA, or RSA with 3072 bits or more. The key that envkit "
    "creates for itself is always included. *Needs approval* if set.",
    "limits": "`up` reports limits that it reduced.",
    "limits.memory": "The default is four fifths of it.",
    "build.builder": "Both build [the same image](builds.md); `up` reports which one it used. If buildx is required "
    "and not installed, nothing is built.",
    "build.netrc": "Needs buildx. Only the steps that install from the index can read the login for that host, and "
    "[no record contains it](builds.md#a-private-package-index). *Needs approval*.",
    "build.proxy": "Your own proxy is also set in the container, unless its URL contains credentials. An address "
    "applies to the build only and *needs approval*.",
    "build.ca": "They are added to Debian's bundle and never replace it. A file *needs approval*.",
    "build.index": "*Needs approval*.",
    "build.mirror": "*Needs approval*.",
    "build.python_mirror": "It must serve the archives of python-build-standalone under the paths that uv requests; uv "
    "checks each one against its built-in hash. *Needs approval*.",
    "network.mode": "`none` requires `jupyter: {socket: true}`; container code cannot download anything.",
    "network": "Each environment uses a /29 of the pool that overlaps neither the engine's networks nor the host's "
    "routes. Another pool recreates network and container, unless the network is also in the new pool.",
}


def page() -> str:
    """Render the page."""
    return HEAD + "".join(_key(key, shape) for key, shape in SCHEMA["properties"].items())


def _key(key: str, shape: Shape) -> str:
    section = _section(shape)
    description = shape.get("description") or (section or {}).get("description", "")
    parts = [f"\n## `{key}`\n", _sentences(description, key)]
    if section is None:
        parts.append(f"- Value: {_kind(shape)}.\n{_default(shape)}{_examples(key, shape)}")
        parts += [_table(_resolve_ref(member)["properties"], key) for member in _members(shape)]
    else:
        parts.append(_examples(key, shape).removeprefix("- "))
        parts.append(_table(section["properties"], key))
    return "\n".join(part for part in parts if part)


def _table(properties: Mapping[str, Shape], section: str) -> str:
    rows = (
        f"| `{key}` | {pages.cell(_kind(shape))} | {_shown_default(shape)} | "
        f"{pages.cell(_sentences(shape.get('description', ''), f'{section}.{key}', end=''))} |\n"
        for key, shape in properties.items()
    )
    return "| key | value | default | description |\n|---|---|---|---|\n" + "".join(rows)


def _sentences(description: str, key: str, end: str = "\n") -> str:
    return " ".join(filter(None, (description, NOTES.get(key, "")))) + end


def _kind(shape: Shape) -> str:
    """Describe the valid values; null is valid for every key and omitted."""
    options = [option for option in shape.get("anyOf") or shape.get("oneOf") or () if option != NULL]
    if options:
        return " or ".join(
            dict.fromkeys(_kind({**shape, "anyOf": None, "oneOf": None, **option}) for option in options)
        )
    if "$ref" in shape:
        return "a mapping with " + " and ".join(f"`{key}`" for key in _resolve_ref(shape)["properties"])
    if "enum" in shape:
        return " or ".join(f"`{value}`" for value in shape["enum"])
    return _simple(shape)


def _simple(shape: Shape) -> str:
    declared = shape["type"]
    kind = declared if isinstance(declared, str) else next(name for name in declared if name != "null")
    match kind:
        case "array":
            return f"a list of {_kind(shape['items'])}"
        case "object":
            ((pattern, value),) = shape["patternProperties"].items()
            return f"a mapping of names {_pattern_text(pattern)} to {_kind(value)}"
        case "string":
            return f"a string {_pattern_text(shape['pattern'])}" if "pattern" in shape else "a string"
        case "boolean":
            return "true or false"
        case _:
            return " ".join(filter(None, ("an integer" if kind == "integer" else "a number", _range(shape))))


def _pattern_text(pattern: str) -> str:
    return f"matching `{pattern.removeprefix('^').removesuffix('$')}`"


def _range(shape: Shape) -> str:
    lowest = f"from {shape['minimum']}" if "minimum" in shape else ""
    lowest = f"above {shape['exclusiveMinimum']}" if "exclusiveMinimum" in shape else lowest
    highest = f"to {shape['maximum']}" if "maximum" in shape else ""
    highest = f"to below {shape['exclusiveMaximum']}" if "exclusiveMaximum" in shape else highest
    return f"{lowest} {highest}".strip()


def _default(shape: Shape) -> str:
    default = _shown_default(shape)
    return f"- Default: {default}\n" if default else ""


def _shown_default(shape: Shape) -> str:
    return f"`{to_yaml(shape['default'])}`" if shape.get("default") not in (None, (), [], {}) else ""


def _examples(key: str, shape: Shape) -> str:
    lines = [f"`{key}: {to_yaml(example)}`" for example in shape.get("examples", ())]
    return f"- Examples: {', '.join(lines)}\n" if lines else ""


def _section(shape: Shape) -> Shape | None:
    """Return the mapping of fixed keys that is the value of a key, or None for other values."""
    options = [option for option in shape.get("anyOf", ()) if option != NULL]
    return _resolve_ref(options[0]) if len(options) == 1 and "$ref" in options[0] else None


def _members(shape: Shape) -> Iterator[Shape]:
    """Yield the mapping of fixed keys of each item of a list or mapping."""
    values = [shape.get("items", {}), *shape.get("patternProperties", {}).values()]
    yield from (value for value in values if "$ref" in value)


def _resolve_ref(shape: Shape) -> Shape:
    definition: Shape = SCHEMA["$defs"][shape["$ref"].rsplit("/", 1)[-1]]
    return definition


def to_yaml(value: Any) -> str:
    """Format a value in YAML flow style, with quotes if needed."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {to_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_yaml(item) for item in value) + "]"
    return value if isinstance(value, str) and PLAIN.fullmatch(value) else json.dumps(value)
