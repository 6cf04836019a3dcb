"""Record the names of a TensorFlow release for `envkit/migrate/`.

    docker run -i --rm --network none --entrypoint /opt/tensorflow/bin/python IMAGE - < scripts/dev/record_api.py

The script runs on the release's own Python with the standard library and prints `envkit/migrate/api-<release>.json`:
all public names of TensorFlow by module (modules, classes, functions and values), and the parameters of callables
under `tf.keras`. It also contains those private modules of the package `keras` that old code uses, if they still exist.
`tf.compat` is omitted, except for `tf.compat.v1` itself and `tf.compat.v1.keras`: migrate avoids it where it can.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import os
import types
import warnings
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

# Folders of the modules that TensorFlow and Keras declare public; other reachable modules are implementation details.
PUBLIC_FOLDERS = {"_api", "api", "_tf_keras"}
PRIVATE = (
    "keras.applications.imagenet_utils",
    "keras.datasets.cifar",
    "keras.utils.conv_utils",
    "keras.utils.generic_utils",
    "keras.utils.layer_utils",
    "keras.utils.np_utils",
    "keras.utils.tf_utils",
)


def main() -> None:
    """Print the record, which is deterministic for a release."""
    import tensorflow as tf

    _print_record(build_record(tf))


def build_record(tf: Any) -> dict[str, Any]:
    """Build the record of a TensorFlow module."""
    modules: dict[str, dict[str, str]] = {}
    _walk(tf, "tensorflow", modules, set())
    compat = {"compat": "m"} | {name: kind for name, kind in modules["tensorflow"].items() if name != "compat"}
    modules["tensorflow"] = compat
    modules["tensorflow.compat"] = {"v1": "m", "v2": "m"}
    compat_v1 = tf.compat.v1
    modules["tensorflow.compat.v1"] = {
        name: _kind(compat_v1, name, with_parameters=False) for name in _public(compat_v1)
    }
    _walk(tf.compat.v1.keras, "tensorflow.compat.v1.keras", modules, set())
    modules |= {path: _private(path) for path in PRIVATE if _private(path)}
    return {"release": tf.__version__, "modules": {path: _group_by_kind(modules[path]) for path in sorted(modules)}}


def _walk(module: Any, path: str, modules: dict[str, dict[str, str]], ancestors: set[int]) -> None:
    """Collect the names of a module and its submodules; a module that contains itself is entered once."""
    names = modules[path] = {}
    for name in _public(module):
        value, child_path = getattr(module, name), f"{path}.{name}"
        if child_path == "tensorflow.compat":
            continue
        kind = _kind(module, name, with_parameters=".keras" in path and ".v1" not in path)
        if kind != "m":
            names[name] = kind
        elif PUBLIC_FOLDERS.intersection(value.__name__.split(".")) and id(value) not in ancestors:
            names[name] = kind
            _walk(value, child_path, modules, ancestors | {id(module)})


def _private(path: str) -> dict[str, str]:
    """Return the names that a private module itself defines; none if the module does not exist."""
    try:
        module = importlib.import_module(path)
    except ImportError:
        return {}
    own_names = [name for name in dir(module) if getattr(getattr(module, name), "__module__", "") == path]
    return {name: _kind(module, name, with_parameters=True) for name in sorted(own_names)}


def _public(module: Any) -> list[str]:
    return sorted(name for name in dir(module) if not name.startswith("_") or name == "__version__")


def _kind(module: Any, name: str, *, with_parameters: bool) -> str:
    """Encode `m`odule, `c`lass, `f`unction or `v`alue, with the parameters of a callable: `c(units,*,name,**rest)`."""
    value = getattr(module, name)
    if isinstance(value, types.ModuleType) or type(value).__name__ in {"KerasLazyLoader", "_KerasLazyLoader"}:
        return "m"
    letter = "c" if inspect.isclass(value) else "f" if callable(value) else "v"
    return letter + (_parameters(value) if with_parameters and letter != "v" else "")


def _parameters(value: Any) -> str:
    try:
        # For a class, inspect __init__: the metaclasses of Keras accept any argument.
        parameters = list(inspect.signature(value.__init__ if inspect.isclass(value) else value).parameters.values())
    except (TypeError, ValueError):
        return ""
    if inspect.isclass(value):
        parameters = parameters[1:]
    names, has_star = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not has_star:
            names.append("*")
        has_star = has_star or parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}
        names.append(
            {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "") + parameter.name
        )
    return "(" + ",".join(names) + ")"


def _group_by_kind(names: dict[str, str]) -> dict[str, list[str]]:
    """Invert name -> kind, which is smaller because many names share a kind."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(names[name], []).append(name)
    return {kind: groups[kind] for kind in sorted(groups)}


def _print_record(record: dict[str, Any]) -> None:
    modules = record["modules"].items()
    lines = [f" {json.dumps(path)}:{json.dumps(names, separators=(',', ':'))}" for path, names in modules]
    release = json.dumps(record["release"])
    print(f'{{"release":{release},"modules":{{\n' + ",\n".join(lines) + "\n}}")


if __name__ == "__main__":
    main()
