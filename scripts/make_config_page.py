"""Write docs/config.md from the JSON Schema of envkit.yaml: `python scripts/make_config_page.py`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envkit import config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Shape = Mapping[str, Any]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "config.md"
SCHEMA = config.schema()
NULL = {"type": "null"}
PLAIN = re.compile(r"(?!(?:true|false|null)$)[a-z~./][A-Za-z0-9_./~-]*|[0-9]+[mg]", re.ASCII)

HEAD = """\
# envkit.yaml

Every key, made from the JSON Schema that `envkit schema` prints, by `scripts/make_config_page.py`.

- No file is a valid config, and so is an empty one. `envkit init` writes one with comments.
- The file is found from any folder below it. Paths in it are relative to it, and `~` is your home.
  A config file that is a link is refused.
- Without a file, a folder whose environment you brought up is found from below it too; the nearest of both counts.
- Unknown keys are refused with the nearest known one. Mistakes are told as `envkit.yaml:12 ssh.port: …`: all mistakes
  of form at once, and once there are none, all that show on this host at once, such as a path that is not there.
- YAML is read by the rules of YAML 1.2: `on`, `yes` and `22:22` stay text, and a bare `2.10` is the number 2.1, so
  versions stand in quotes. A key without a value means as much as no key.
- What a key leaves open (port, processors, memory, proxy inside, base) is chosen at the first `up` and stays. A changed
  key, or `envkit up --refresh`, chooses anew.
- `envkit up --name`, `--gpu`, `--no-gpu` and `--gpus` set `name` and `gpu` for that call.
- *Asks first*: an `up` that adds such a value to what you agreed to before shows it and asks; without a terminal it
  refuses with exit code 2 unless `--yes` is given.
"""

# What a schema has no place for, by dotted key.
NOTES = {
    "name": "A name that another project of yours has is refused; a folder's name that is taken gets a suffix instead.",
    "tensorflow": "Every release of [the catalogue](catalog.md) can be built, and what is not in it is refused with "
    "the nearest. `up` says so where envkit's own tests do not build that release.",
    "base": "`debian` is assembled from Debian packages and Python wheels; `official` is TensorFlow's own image, with "
    "[its known faults](official.md) mended; `auto` takes `official` where it is here or can be pulled, else `debian`, "
    "says which and why, and stays with it. Any other image of Debian 11 or Ubuntu 20.04 and later may be named: it is "
    "[looked into](bases.md) before anything is built, and refused with the reason where no workspace can stand on it "
    "(*asks first*).",
    "gpu": "`auto` takes one where the driver and a road of the engine for it (a CDI device, `--gpus` or the nvidia "
    "runtime) are there at the first `up`, and keeps to what it found. `on`, `true`, a count and a list insist: where "
    "none can be used, `up` ends with exit code 5, names the layer that failed and creates nothing. A workspace with a "
    "GPU is built with TensorFlow for GPUs, CUDA and cuDNN as Python packages; any other with TensorFlow for the CPU.",
    "apt": "From the Debian or Ubuntu release of the base. Options of apt are refused.",
    "python": "By name, extras, versions and markers; addresses, options and references to other files are refused. "
    "They are installed under the bounds that keep TensorFlow importable, and the build ends by importing it. A "
    "requirements file lies in the project.",
    "workspace": "Its owner is who everything inside runs as. Refused are `/`, your home folder, folders of the "
    "system, and folders that hold credentials. A folder outside the project: *asks first*.",
    "mounts": "Links are followed first. Refused are folders of the system, sockets of container engines, your home "
    "folder, and folders that hold credentials, such as `~/.ssh`; so is what lies in the workspace, or in a mount that "
    "may be written, because it could be turned into a link from inside, and a mount that may be written and contains "
    "the workspace. A target below `/workspace` or another mount's target needs its folder there. A source outside "
    "the project: *asks first*; so does one that the container of another environment could turn into a link, and one "
    "that could do so with what the other mounts.",
    "volumes": "`envkit down --volumes` removes them. The name `home` is envkit's own.",
    "env": "Whoever may use the engine can read them, so a name that promises a secret is refused; so is a name "
    "that envkit sets itself or that is obeyed before your code runs, such as `PATH` or `LD_PRELOAD`, and so are "
    "those of pip and uv, of proxies and of trusted certificates: `build` has keys for them, and they ask first.",
    "secrets": "The file's content is copied to a file of mode 0600, which is mounted read-only. A file that lies in "
    "the workspace, or in a mount that may be written, is refused. *Asks first*.",
    "jupyter.socket": "It is then reached through SSH: `envkit open` forwards a port of 127.0.0.1 to it for as long as "
    "it runs, and `envkit ssh -N -L 8888:/run/envkit/jupyter.sock` does by hand. Not together with `port`.",
    "jupyter.port": "A port that is taken is refused with who holds it, if the key is set. A port that was picked "
    "stays.",
    "ssh.publish": "`envkit ssh` and the entry of `envkit ssh-config` then use that port, and so can other programs, "
    "by whoever has a key and is not in the group `docker`. *Asks first*.",
    "ssh.port": "A port that is taken is refused with who holds it, if the key is set. A port that was picked stays.",
    "ssh.agent": "What runs inside can then use your keys for as long as you are logged in, and `up` says so each "
    "time. *Asks first*.",
    "ssh.kex": "`pq-only` turns away clients that know no post-quantum key exchange, such as OpenSSH before 8.5.",
    "ssh.keys": "One key a file, without options: Ed25519, ECDSA, or RSA of 3072 bits and more. The key that envkit "
    "makes for itself is always among them. If set: *asks first*.",
    "limits": "`up` says what it capped.",
    "limits.memory": "That is four fifths of it.",
    "build.builder": "Both make [the same image](builds.md); `up` says which it was. Where buildx is asked for and is "
    "not there, nothing is done.",
    "build.netrc": "Needs buildx. The steps that install from the index alone are lent what it holds for that host, "
    "and [no record keeps it](builds.md#a-private-package-index). *Asks first*.",
    "build.proxy": "Your own is set inside as well, unless it carries credentials. An address serves the build alone: "
    "*asks first*.",
    "build.ca": "They join Debian's bundle, and never replace it. A file: *asks first*.",
    "build.index": "*Asks first*.",
    "build.mirror": "*Asks first*.",
    "build.python_mirror": "It holds the archives of python-build-standalone by the paths that uv asks for, each of "
    "which uv checks with a hash of its own. *Asks first*.",
    "network.mode": "`none` needs `jupyter: {socket: true}`, and nothing can be downloaded from inside.",
    "network": "Each environment takes a /29 of the pool that neither the engine's networks nor the host's routes use. "
    "Another pool makes network and container anew, unless the network lies in it too.",
}


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_key(key, shape) for key, shape in SCHEMA["properties"].items())


def _key(key: str, shape: Shape) -> str:
    section = _section(shape)
    description = shape.get("description") or (section or {}).get("description", "")
    parts = [f"\n## `{key}`\n", _sentences(description, key)]
    if section is None:
        parts.append(f"- It is {_kind(shape)}.\n{_default(shape)}{_examples(key, shape)}")
        parts += [_table(_resolve_ref(member)["properties"], key) for member in _members(shape)]
    else:
        parts.append(_examples(key, shape).removeprefix("- "))
        parts.append(_table(section["properties"], key))
    return "\n".join(part for part in parts if part)


def _table(properties: Mapping[str, Shape], section: str) -> str:
    rows = (
        f"| `{key}` | {_escape_cell(_kind(shape))} | {_shown_default(shape)} | "
        f"{_escape_cell(_sentences(shape.get('description', ''), f'{section}.{key}', end=''))} |\n"
        for key, shape in properties.items()
    )
    return "| key | value | default | about |\n|---|---|---|---|\n" + "".join(rows)


def _sentences(description: str, key: str, end: str = "\n") -> str:
    return " ".join(filter(None, (description, NOTES.get(key, "")))) + end


def _kind(shape: Shape) -> str:
    """Say in words what a value may be; a key without a value is allowed everywhere and left out here."""
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
            return f"a list; each item is {_kind(shape['items'])}"
        case "object":
            ((pattern, value),) = shape["patternProperties"].items()
            return f"a mapping of names {_pattern_text(pattern)} to {_kind(value)}"
        case "string":
            return f"a text {_pattern_text(shape['pattern'])}" if "pattern" in shape else "a text"
        case "boolean":
            return "true or false"
        case _:
            return " ".join(filter(None, ("a whole number" if kind == "integer" else "a number", _range(shape))))


def _pattern_text(pattern: str) -> str:
    return f"like `{pattern.removeprefix('^').removesuffix('$')}`"


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
    return f"- Written: {', '.join(lines)}\n" if lines else ""


def _section(shape: Shape) -> Shape | None:
    """Return the mapping of fixed keys that a key holds, or None where it holds something else."""
    options = [option for option in shape.get("anyOf", ()) if option != NULL]
    return _resolve_ref(options[0]) if len(options) == 1 and "$ref" in options[0] else None


def _members(shape: Shape) -> Iterator[Shape]:
    """Yield the mapping of fixed keys that each item of a list or mapping is."""
    values = [shape.get("items", {}), *shape.get("patternProperties", {}).values()]
    yield from (value for value in values if "$ref" in value)


def _resolve_ref(shape: Shape) -> Shape:
    definition: Shape = SCHEMA["$defs"][shape["$ref"].rsplit("/", 1)[-1]]
    return definition


def to_yaml(value: Any) -> str:
    """Write a value in YAML's flow form, with quotes where they are needed."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {to_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(to_yaml(item) for item in value) + "]"
    return value if isinstance(value, str) and PLAIN.fullmatch(value) else json.dumps(value)


def _escape_cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
