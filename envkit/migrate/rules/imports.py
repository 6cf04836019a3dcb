"""Rules for modules and names that moved."""

from __future__ import annotations

from envkit.migrate.rules.rule import Rule

_LAYERS = "tensorflow.keras.layers"
_UTILS = "tensorflow.keras.utils"
_LAYER_MODULES = (
    "core",
    "convolutional",
    "pooling",
    "recurrent",
    "embeddings",
    "merge",
    "advanced_activations",
    "wrappers",
    "noise",
    "normalization",
    "convolutional_recurrent",
    "local",
)

IMPORTS = (
    Rule(
        "imports/keras",
        "mechanical",
        "import keras",
        "from tensorflow import keras",
        "Keras is part of TensorFlow: import from `tensorflow.keras` instead of `keras`.",
    ),
    Rule(
        "imports/private-copy",
        "mechanical",
        "from tensorflow.python.keras import layers",
        "from tensorflow.keras import layers",
        "`tensorflow.python.keras` and `tensorflow.contrib.keras` are stale copies. Their layers and optimizers are "
        "incompatible with those of `tensorflow.keras`.",
    ),
    Rule(
        "imports/added",
        "mechanical",
        "",
        "import tensorflow as tf",
        "A rewrite needs a module that the file did not import.",
    ),
    Rule(
        "imports/missing-name",
        "lint",
        "from keras.layers import Dense, Merge",
        "from tensorflow.keras.layers import Dense",
        "The release does not have this name. An unused one is no longer imported, and one that a single function or "
        "branch uses is imported there, so that it does not stop the rest of the file.",
        "nothing to do, unless other files import the name from this one",
    ),
    Rule(
        "imports/star",
        "review",
        "from keras.layers import *",
        "from tensorflow.keras.layers import *",
        "The star import from standalone Keras included this name; the one from `tensorflow.keras` does not.",
        "import the name explicitly from its module",
    ),
    Rule(
        "imports/layers-flat",
        "mechanical",
        "from keras.layers.core import Dense",
        "from tensorflow.keras.layers import Dense",
        "The modules below `keras.layers` are private: import all layers from `tensorflow.keras.layers`.",
        moves={f"keras.layers.{module}": _LAYERS for module in _LAYER_MODULES},
    ),
    Rule(
        "imports/utils-flat",
        "mechanical",
        "from keras.utils import np_utils",
        "from tensorflow.keras import utils as np_utils",
        "The modules below `keras.utils` are private: import their public functions from `tensorflow.keras.utils`.",
        moves={
            f"keras.utils.{module}": _UTILS
            for module in ("np_utils", "data_utils", "generic_utils", "vis_utils", "io_utils", "layer_utils")
        }
        | {
            "keras.utils.visualize_util": _UTILS,
            "keras.utils.visualize_util.plot": f"{_UTILS}.plot_model",
            "keras.utils.visualize_util.to_graph": f"{_UTILS}.model_to_dot",
            "keras.utils.vis_utils.plot": f"{_UTILS}.plot_model",
        },
    ),
    Rule(
        "imports/engine",
        "mechanical",
        "from keras.engine.topology import Layer, InputSpec",
        "from tensorflow.keras.layers import Layer, InputSpec",
        "`keras.engine` is private: its public names are in `tensorflow.keras` and `tensorflow.keras.layers`.",
        moves={"keras.layers.core.Layer": f"{_LAYERS}.Layer", "keras.models.Input": "tensorflow.keras.Input"}
        | {
            f"keras.{module}{name}": target
            for module in (
                "engine.topology",
                "engine.base_layer",
                "engine.training",
                "engine.network",
                "engine.input_layer",
                "engine.sequential",
                "engine",
            )
            for name, target in {
                "": _LAYERS,
                ".Model": "tensorflow.keras.Model",
                ".Sequential": "tensorflow.keras.Sequential",
                ".Input": "tensorflow.keras.Input",
                ".get_source_inputs": f"{_UTILS}.get_source_inputs",
                ".Network": "tensorflow.keras.Model",
                ".Container": "tensorflow.keras.Model",
            }.items()
        },
    ),
    Rule(
        "imports/source-inputs",
        "mechanical",
        "from keras.utils.layer_utils import get_source_inputs",
        "from tensorflow.keras.utils import get_source_inputs",
        "`get_source_inputs` is in `tensorflow.keras.utils`.",
        moves={"keras.utils.layer_utils.get_source_inputs": f"{_UTILS}.get_source_inputs"},
    ),
    Rule(
        "imports/objectives",
        "mechanical",
        "from keras import objectives",
        "from tensorflow.keras import losses as objectives",
        "Keras 2 renamed objectives to losses.",
        moves={"keras.objectives": "tensorflow.keras.losses"},
    ),
    Rule(
        "imports/mobilenet-v2",
        "mechanical",
        "from keras.applications import mobilenetv2",
        "from tensorflow.keras.applications import mobilenet_v2 as mobilenetv2",
        "The module was renamed from `mobilenetv2` to `mobilenet_v2`.",
        moves={"keras.applications.mobilenetv2": "tensorflow.keras.applications.mobilenet_v2"},
    ),
    Rule(
        "imports/backend-flat",
        "mechanical",
        "from keras.backend.tensorflow_backend import clear_session",
        "from tensorflow.keras.backend import clear_session",
        "The modules below `keras.backend` are private: their functions are in `tensorflow.keras.backend`.",
        moves={
            "keras.backend.common": "tensorflow.keras.backend",
            "keras.backend.tensorflow_backend": "tensorflow.keras.backend",
            "keras.backend.load_backend": "tensorflow.keras.backend",
            "keras.backend.tf": "tensorflow",
            "keras.backend.tensorflow_backend.tf": "tensorflow",
        },
    ),
    Rule(
        "imports/models",
        "mechanical",
        "from keras.models import Layer",
        "from tensorflow.keras.layers import Layer",
        "The module of Keras does not define this name but only imported it; import it from its own module.",
        moves={
            "keras.models.Layer": f"{_LAYERS}.Layer",
            "keras.models.Dense": f"{_LAYERS}.Dense",
            "keras.layers.K": "tensorflow.keras.backend",
            "keras.layers.Model": "tensorflow.keras.Model",
            "keras.layers.activations": "tensorflow.keras.activations",
            "keras.layers.initializers": "tensorflow.keras.initializers",
            "keras.layers.regularizers": "tensorflow.keras.regularizers",
            "keras.layers.constraints": "tensorflow.keras.constraints",
            "keras.layers.core.K": "tensorflow.keras.backend",
            "keras.models.optimizers": "tensorflow.keras.optimizers",
            "keras.models.layers": _LAYERS,
        },
    ),
)

NAMES = (
    Rule(
        "names/module-string",
        "mechanical",
        "mock.patch('keras.models.load_model')",
        "mock.patch('tensorflow.keras.models.load_model')",
        "The string names a module or an object of standalone Keras, which migrated code does not use.",
        hint="write its name in tensorflow.keras; for sys.modules and __import__, import the module instead",
    ),
    Rule(
        "names/attributes",
        "mechanical",
        "flow_from_directory('x').nb_sample",
        "flow_from_directory('x').samples",
        "Keras 2 renamed the attribute of generators and tokenizers: AttributeError.",
    ),
    Rule(
        "names/optimizers",
        "mechanical",
        "optimizers.adam()",
        "optimizers.Adam()",
        "The lower-case names of optimizers were removed.",
        moves={
            f"keras.optimizers.{name.lower()}": f"tensorflow.keras.optimizers.{name}"
            for name in ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam")
        },
    ),
    Rule(
        "names/initializers",
        "mechanical",
        "initializers.normal()",
        "initializers.RandomNormal()",
        "The short names of initializers were removed.",
        moves={
            f"keras.initializers.{old}": f"tensorflow.keras.initializers.{new}"
            for old, new in {
                "normal": "RandomNormal",
                "uniform": "RandomUniform",
                "zero": "Zeros",
                "one": "Ones",
            }.items()
        },
    ),
    Rule(
        "names/regularizers",
        "mechanical",
        "regularizers.l1l2()",
        "regularizers.l1_l2()",
        "`l1l2` was renamed to `l1_l2`.",
        moves={"keras.regularizers.l1l2": "tensorflow.keras.regularizers.l1_l2"},
    ),
    Rule(
        "names/constraints",
        "mechanical",
        "constraints.maxnorm(2)",
        "constraints.max_norm(2)",
        "The names of constraints have an underscore.",
        moves={
            f"keras.constraints.{old}": f"tensorflow.keras.constraints.{new}"
            for old, new in {"maxnorm": "max_norm", "nonneg": "non_neg", "unitnorm": "unit_norm"}.items()
        },
    ),
    Rule(
        "names/losses",
        "mechanical",
        "losses.cosine_proximity",
        "losses.cosine_similarity",
        "Cosine proximity was renamed to cosine similarity; its sign is the same.",
        moves={
            "keras.losses.cosine_proximity": "tensorflow.keras.losses.cosine_similarity",
            "keras.losses.cosine": "tensorflow.keras.losses.cosine_similarity",
            "keras.metrics.cosine_proximity": "tensorflow.keras.losses.cosine_similarity",
            "keras.objectives.cosine_proximity": "tensorflow.keras.losses.cosine_similarity",
        },
    ),
    Rule(
        "backend/tensorflow-functions",
        "mechanical",
        "K.logsumexp(x)",
        "tf.reduce_logsumexp(x)",
        "The function was removed from the backend; use the TensorFlow function.",
        moves={
            "keras.backend.logsumexp": "tensorflow.reduce_logsumexp",
            "keras.backend.identity": "tensorflow.identity",
            "keras.backend.slice": "tensorflow.slice",
            "keras.backend.is_tensor": "tensorflow.is_tensor",
        },
    ),
    Rule(
        "backend/name",
        "mechanical",
        "K._BACKEND",
        "K.backend()",
        "The function `backend()` returns the name of the backend.",
    ),
)
