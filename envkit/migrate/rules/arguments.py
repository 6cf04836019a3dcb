"""Rows of the table: arguments of calls that have another name, another shape or no place any more."""

from __future__ import annotations

from envkit.migrate.rules.rule import Rule

_LAYERS = ("keras.layers.",)

ARGUMENTS = (
    Rule(
        "arguments/layers", "mechanical", "Dense(output_dim=10, init='normal', W_regularizer=l2(0.1))",
        "Dense(units=10, kernel_initializer='normal', kernel_regularizer=l2(0.1))",
        "Keras 2 gave the arguments of layers new names; TensorFlow refuses the old ones.",
        hint="write the argument of the new layer",
        callables=_LAYERS,
        arguments={
            "output_dim": ("units",), "nb_filter": ("filters",), "filter_length": ("kernel_size",),
            "pool_length": ("pool_size",), "stride": ("strides",), "subsample": ("strides",),
            "subsample_length": ("strides",), "length": ("size",), "border_mode": ("padding",),
            "bias": ("use_bias",),
            "init": ("kernel_initializer", "embeddings_initializer", "alpha_initializer"),
            "inner_init": ("recurrent_initializer",), "inner_activation": ("recurrent_activation",),
            "gamma_init": ("gamma_initializer",), "beta_init": ("beta_initializer",),
            "W_regularizer": ("kernel_regularizer", "embeddings_regularizer"), "b_regularizer": ("bias_regularizer",),
            "U_regularizer": ("recurrent_regularizer",),
            "W_constraint": ("kernel_constraint", "embeddings_constraint"), "b_constraint": ("bias_constraint",),
            "U_constraint": ("recurrent_constraint",),
            "dropout_W": ("dropout",), "dropout_U": ("recurrent_dropout",), "p": ("rate",), "sigma": ("stddev",),
            "atrous_rate": ("dilation_rate",), "input_dtype": ("dtype",), "ratio": ("rate",),
        },
    ),
    Rule(
        "arguments/optimizers", "mechanical", "Adam(lr=0.001)", "Adam(learning_rate=0.001)",
        "`lr` is called `learning_rate`; the old name brings a warning, and newer releases refuse it.",
        callables=("keras.optimizers.",), arguments={"lr": ("learning_rate",)},
    ),
    Rule(
        "arguments/functions", "mechanical", "to_categorical(y, nb_classes=10)", "to_categorical(y, num_classes=10)",
        "Keras 2 gave the argument a new name.",
        callables=("keras.utils.", "keras.backend.", "keras.preprocessing.", "keras.datasets."),
        arguments={"nb_classes": ("num_classes",), "nb_words": ("num_words",), "std": ("stddev",)},
    ),
    Rule(
        "arguments/constraints", "mechanical", "maxnorm(m=2)", "max_norm(max_value=2)",
        "Keras 2 gave the argument a new name.", callables=("keras.constraints.",), arguments={"m": ("max_value",)},
    ),
    Rule(
        "arguments/initializers", "mechanical", "RandomNormal(scale=0.1)", "RandomNormal(stddev=0.1)",
        "Keras 2 gave the argument a new name.",
        callables=("keras.initializers.RandomNormal", "keras.initializers.TruncatedNormal", "keras.initializers.random_normal",
            "keras.initializers.normal"),
        arguments={"std": ("stddev",)},
    ),
    Rule(
        "arguments/regularizers", "mechanical", "l2(l=0.1)", "l2(l2=0.1)", "Keras 2 gave the argument a new name.",
        callables=("keras.regularizers.l1", "keras.regularizers.l2"), arguments={"l": ("l1", "l2")},
    ),
    Rule(
        "arguments/input-shape", "mechanical", "_obtain_input_shape(s, dim_ordering=d, include_top=True)",
        "_obtain_input_shape(s, data_format=d, require_flatten=True)", "The private function has other arguments now.",
        callables=("keras.applications.imagenet_utils.",), until="2.13.0",
        arguments={"dim_ordering": ("data_format",), "include_top": ("require_flatten",)},
    ),
    Rule(
        "arguments/model", "mechanical", "Model(input=x, output=y)", "Model(inputs=x, outputs=y)",
        "Keras 2 gave the arguments new names; TensorFlow refuses the old ones.",
        callables=("keras.models.Model", "keras.Model", "keras.engine.Model", "keras.engine.training.Model",
            "keras.engine.topology.Container", "keras.engine.topology.Model", "keras.layers.Model"),
        arguments={"input": ("inputs",), "output": ("outputs",)},
    ),
    Rule(
        "arguments/fit", "mechanical", "model.fit(x, y, nb_epoch=10)", "model.fit(x, y, epochs=10)",
        "Keras 2 gave the arguments of `fit` and its kin new names; TensorFlow refuses the old ones.",
        arguments={
            "nb_epoch": ("epochs",), "max_q_size": ("max_queue_size",), "nb_worker": ("workers",),
            "pickle_safe": ("use_multiprocessing",),
        },
    ),
    Rule(
        "arguments/samples", "review", "model.fit_generator(g, samples_per_epoch=len(x))",
        "model.fit(g, steps_per_epoch=len(x) // batch_size)",
        "Keras 2 counts batches where Keras 1 counted samples: the number has to be divided, not only renamed.",
        hint="samples_per_epoch=n -> steps_per_epoch=n // batch_size; nb_val_samples=n -> validation_steps=n // "
             "batch_size; val_samples=n -> steps=n // batch_size",
    ),
    Rule(
        "arguments/convolution-positional", "mechanical", "Convolution2D(64, 3, 3)", "Convolution2D(64, (3, 3))",
        "The third position is the strides now: TensorFlow takes the call without a word and computes something else.",
        hint="give the size of the kernel as one argument: kernel_size=(rows, columns)",
    ),
    Rule(
        "arguments/kernel-size", "mechanical", "Convolution2D(64, nb_row=3, nb_col=3)",
        "Convolution2D(64, kernel_size=(3, 3))", "The sides of a kernel are one argument.",
        hint="give the size of the kernel as one argument: kernel_size=(rows, columns)",
    ),
    Rule(
        "arguments/dim-ordering", "mechanical", "dim_ordering='th'", "data_format='channels_first'",
        "The order of dimensions is called data format, and its values have other names.",
        hint="'th' is 'channels_first', 'tf' is 'channels_last'",
    ),
    Rule(
        "arguments/batch-normalization-mode", "mechanical", "BatchNormalization(mode=0)", "BatchNormalization()",
        "Modes of batch normalization are gone: the one that is left is the old mode 0.",
        hint="mode 1 was layer normalization (LayerNormalization); mode 2 is BatchNormalization with training=True at "
             "the call",
    ),
    Rule(
        "arguments/dropped", "mechanical", "LSTM(10, consume_less='gpu')", "LSTM(10)",
        "The argument chose between ways to compute the same; TensorFlow chooses by itself.",
        callables=_LAYERS,
    ),
    Rule(
        "arguments/forget-bias", "mechanical", "LSTM(10, forget_bias_init='one')", "LSTM(10, unit_forget_bias=True)",
        "That the forget gate begins with ones is a switch, and on.",
        hint="unit_forget_bias=True begins with ones, False with bias_initializer",
    ),
    Rule(
        "arguments/unknown", "unresolved", "Dense(10, colour='red')", "",
        "What is called takes no argument of that name in the release aimed at.",
        "look up what it takes; an argument of an own subclass belongs to its __init__",
    ),
    Rule(
        "arguments/gone", "review", "model.fit(x, y, show_accuracy=True)", "model.fit(x, y)",
        "Only the first Keras has the argument: TypeError.",
        "leave it out; what show_accuracy asked for is metrics=['accuracy'] in compile",
    ),
    Rule(
        "arguments/keras-0", "review", "Dense(784, 128)", "Dense(128, input_dim=784)",
        "Two numbers are the sizes of input and output only in the first Keras.", "Dense(output, input_dim=input)",
    ),
    Rule(
        "layers/merge", "mechanical", "merge([a, b], mode='concat', concat_axis=1)", "concatenate([a, b], axis=1)",
        "`merge` became one function for each mode.",
        hint="concat: concatenate, sum: add, mul: multiply, ave: average, max: maximum, dot: dot; a function: "
             "Lambda(function)([a, b])",
    ),
    Rule(
        "layers/add-weight", "mechanical", "self.add_weight((3, 4), initializer='zero')",
        "self.add_weight(shape=(3, 4), initializer='zero')",
        "The first position of `add_weight` is the name now.",
        hint="give shape and initializer by name: add_weight(name='w', shape=…, initializer=…)",
    ),
    Rule(
        "layers/output-shape-for", "mechanical", "def get_output_shape_for(self, shape):",
        "def compute_output_shape(self, shape):", "The method of layers has another name.",
    ),
)

BACKEND = (
    Rule(
        "backend/image-dim-ordering", "mechanical", "K.image_dim_ordering() == 'th'",
        "K.image_data_format() == 'channels_first'",
        "The order of dimensions is called data format, and its values have other names.",
        hint="compare with 'channels_first' ('th') and 'channels_last' ('tf') wherever the value goes",
        moves={"keras.backend.image_dim_ordering": "tensorflow.keras.backend.image_data_format"},
    ),
    Rule(
        "backend/set-image-dim-ordering", "mechanical", "K.set_image_dim_ordering('tf')",
        "K.set_image_data_format('channels_last')",
        "The order of dimensions is called data format, and its values have other names.",
        hint="'th' is 'channels_first', 'tf' is 'channels_last'",
        moves={"keras.backend.set_image_dim_ordering": "tensorflow.keras.backend.set_image_data_format"},
    ),
    Rule(
        "backend/channels-first", "behaviour", "K.set_image_data_format('channels_first')",
        "K.set_image_data_format('channels_last')",
        "TensorFlow cannot convolve with the channels first on a CPU, and ends with UnimplementedError.",
        "run it on a GPU, or put the channels last in the data and in input_shape",
    ),
    Rule(
        "backend/keras-shape", "mechanical", "x._keras_shape", "K.int_shape(x)",
        "Tensors have no `_keras_shape` any more.",
        hint="K.int_shape(x) reads it; a layer tells it by compute_output_shape",
    ),
    Rule(
        "backend/arange", "mechanical", "K.arange(n)", "K.arange(0, n)",
        "With one symbolic argument, `K.arange` cannot be traced inside a layer.",
    ),
)
