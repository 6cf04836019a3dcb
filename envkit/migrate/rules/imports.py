"""Rows of the table: modules and names that stand somewhere else."""

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
        "Keras lives in TensorFlow: what was imported from `keras` is imported from `tensorflow.keras`.",
    ),
    Rule(
        "imports/private-copy",
        "mechanical",
        "from tensorflow.python.keras import layers",
        "from tensorflow.keras import layers",
        "`tensorflow.python.keras` and `tensorflow.contrib.keras` are stale copies, whose layers and optimizers do not "
        "go with those of `tensorflow.keras`.",
    ),
    Rule(
        "imports/added",
        "mechanical",
        "",
        "import tensorflow as tf",
        "A rewrite reaches a name that the file had no name for.",
    ),
    Rule(
        "imports/star",
        "review",
        "from keras.layers import *",
        "from tensorflow.keras.layers import *",
        "The star of standalone Keras brought this name along; that of `tensorflow.keras` does not.",
        "import it by name from where it belongs",
    ),
    Rule(
        "imports/layers-flat",
        "mechanical",
        "from keras.layers.core import Dense",
        "from tensorflow.keras.layers import Dense",
        "The modules below `keras.layers` are private: all layers stand in `tensorflow.keras.layers`.",
        moves={f"keras.layers.{module}": _LAYERS for module in _LAYER_MODULES},
    ),
    Rule(
        "imports/utils-flat",
        "mechanical",
        "from keras.utils import np_utils",
        "from tensorflow.keras import utils as np_utils",
        "The modules below `keras.utils` are private: their public functions stand in `tensorflow.keras.utils`.",
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
        "`keras.engine` is private: its public names stand in `tensorflow.keras` and `tensorflow.keras.layers`.",
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
        "It stands in `tensorflow.keras.utils`.",
        moves={"keras.utils.layer_utils.get_source_inputs": f"{_UTILS}.get_source_inputs"},
    ),
    Rule(
        "imports/objectives",
        "mechanical",
        "from keras import objectives",
        "from tensorflow.keras import losses as objectives",
        "Objectives are called losses since Keras 2.",
        moves={"keras.objectives": "tensorflow.keras.losses"},
    ),
    Rule(
        "imports/mobilenet-v2",
        "mechanical",
        "from keras.applications import mobilenetv2",
        "from tensorflow.keras.applications import mobilenet_v2 as mobilenetv2",
        "The module's name was given a line.",
        moves={"keras.applications.mobilenetv2": "tensorflow.keras.applications.mobilenet_v2"},
    ),
    Rule(
        "imports/backend-flat",
        "mechanical",
        "from keras.backend.tensorflow_backend import clear_session",
        "from tensorflow.keras.backend import clear_session",
        "The modules below `keras.backend` are private: its functions stand in `tensorflow.keras.backend`.",
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
        "Names that a module of Keras only happened to import are imported from where they belong.",
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
        "names/optimizers",
        "mechanical",
        "optimizers.adam()",
        "optimizers.Adam()",
        "The names of optimizers in small letters are gone.",
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
        "The short names of initializers are gone.",
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
        "It is written with a line.",
        moves={"keras.regularizers.l1l2": "tensorflow.keras.regularizers.l1_l2"},
    ),
    Rule(
        "names/constraints",
        "mechanical",
        "constraints.maxnorm(2)",
        "constraints.max_norm(2)",
        "The names of constraints are written with a line.",
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
        "Cosine proximity is called cosine similarity; its sign is as it was.",
        moves={
            "keras.losses.cosine_proximity": "tensorflow.keras.losses.cosine_similarity",
            "keras.losses.cosine": "tensorflow.keras.losses.cosine_similarity",
            "keras.metrics.cosine_proximity": "tensorflow.keras.losses.cosine_similarity",
        },
    ),
    Rule(
        "backend/tensorflow-functions",
        "mechanical",
        "K.logsumexp(x)",
        "tf.reduce_logsumexp(x)",
        "Functions that left the backend stand in TensorFlow itself.",
        moves={
            "keras.backend.logsumexp": "tensorflow.reduce_logsumexp",
            "keras.backend.identity": "tensorflow.identity",
            "keras.backend.slice": "tensorflow.slice",
        },
    ),
    Rule(
        "backend/name",
        "mechanical",
        "K._BACKEND",
        "K.backend()",
        "The backend tells its name by a function.",
    ),
)
