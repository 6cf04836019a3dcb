"""Parameter orders of Keras 1 that differ from those of tf.keras, for calls that pass arguments by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Optimizers of Keras 1 and of Keras 2 up to 2.2.
OPTIMIZERS: Mapping[str, tuple[str, ...]] = {
    "SGD": ("learning_rate", "momentum", "decay", "nesterov"),
    "RMSprop": ("learning_rate", "rho", "epsilon", "decay"),
    "Adagrad": ("learning_rate", "epsilon", "decay"),
    "Adadelta": ("learning_rate", "rho", "epsilon", "decay"),
    "Adam": ("learning_rate", "beta_1", "beta_2", "epsilon", "decay", "amsgrad"),
    "Adamax": ("learning_rate", "beta_1", "beta_2", "epsilon", "decay"),
    "Nadam": ("learning_rate", "beta_1", "beta_2", "epsilon", "schedule_decay"),
}
_REGULARIZERS = ("W_regularizer", "b_regularizer", "activity_regularizer", "W_constraint", "b_constraint", "bias")
_RECURRENT_REGULARIZERS = ("W_regularizer", "U_regularizer", "b_regularizer", "dropout_W", "dropout_U")
_CONVOLUTION = ("init", "activation", "weights", "border_mode")
# Layers of Keras 1, by their name in TensorFlow.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "Dense": ("units", "init", "activation", "weights", *_REGULARIZERS, "input_dim"),
    "LSTM": (
        "units",
        "init",
        "inner_init",
        "forget_bias_init",
        "activation",
        "inner_activation",
        *_RECURRENT_REGULARIZERS,
    ),
    "GRU": ("units", "init", "inner_init", "activation", "inner_activation", *_RECURRENT_REGULARIZERS),
    "SimpleRNN": ("units", "init", "inner_init", "activation", *_RECURRENT_REGULARIZERS),
    "BatchNormalization": ("epsilon", "mode", "axis", "momentum", "weights", "beta_init", "gamma_init"),
    "Embedding": ("input_dim", "output_dim", "init", "input_length", "W_regularizer", "activity_regularizer"),
    "Conv1D": ("filters", "kernel_size", *_CONVOLUTION, "subsample_length", *_REGULARIZERS),
    "Conv2D": ("filters", "kernel_size", *_CONVOLUTION, "subsample", "dim_ordering", *_REGULARIZERS),
    "Conv3D": ("filters", "kernel_size", *_CONVOLUTION, "subsample", "dim_ordering", *_REGULARIZERS),
}
# Initializers of Keras 1 by their strings.
INITIALIZERS = frozenset(
    {
        "uniform",
        "lecun_uniform",
        "normal",
        "identity",
        "orthogonal",
        "zero",
        "one",
        "glorot_normal",
        "glorot_uniform",
        "he_normal",
        "he_uniform",
    }
)
# Keywords that only Keras 1 has, in any call.
KERAS_1_KEYWORDS = frozenset(
    {
        "nb_epoch",
        "samples_per_epoch",
        "nb_val_samples",
        "val_samples",
        "border_mode",
        "W_regularizer",
        "b_regularizer",
        "W_constraint",
        "nb_filter",
        "nb_row",
        "subsample",
        "dim_ordering",
        "inner_activation",
        "nb_worker",
        "max_q_size",
        "dropout_W",
        "filter_length",
        "pool_length",
        "show_accuracy",
        "consume_less",
    }
)
