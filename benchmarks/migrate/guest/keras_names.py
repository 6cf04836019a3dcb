"""Print all names of the package `keras` that a TensorFlow release includes, by module, as JSON.

    docker run -i --rm --network none --entrypoint /opt/tensorflow/bin/python IMAGE - < keras_names.py

The output is `benchmarks/migrate/keras-2.9.0.json`: the names available to `import keras` in unmigrated code.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

# Internal modules of Keras that user code does not import.
EXCLUDED = {"api", "tests", "integration_test", "distribute", "testing_infra", "benchmarks", "protobuf", "dtensor"}


def main() -> None:
    """Print one line per module."""
    import keras  # type: ignore[import-not-found]

    modules = [module.name for module in pkgutil.walk_packages(keras.__path__, "keras.", onerror=lambda _: None)]
    module_names = [
        name for name in ["keras", *modules] if not EXCLUDED.intersection(name.split(".")) and "_test" not in name
    ]
    rows = []
    for name in module_names:
        try:
            names = [
                attribute
                for attribute in dir(importlib.import_module(name))
                if attribute == "__version__" or attribute[:2] != "__"
            ]
        except ImportError:
            continue
        rows.append(f' "{name}": "{" ".join(sorted(names))}"')
    sys.stdout.write("{\n" + ",\n".join(sorted(rows)) + "\n}\n")


if __name__ == "__main__":
    main()
